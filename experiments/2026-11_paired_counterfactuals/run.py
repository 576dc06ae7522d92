"""Run the experiment described in README.md; writes results.json and figure.svg beside it."""

from __future__ import annotations

import dataclasses
import json
import math
import subprocess
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib import rc_context
from matplotlib.figure import Figure

import absence_risk as ar
from absence_risk.synthetic.cases import NEVER
from absence_risk.synthetic.truth.tally import Tally

if TYPE_CHECKING:
    import numpy.typing as npt

    from absence_risk.synthetic.world import World

HERE = Path(__file__).parent
CONFIG = tomllib.loads((HERE / "config.toml").read_text(encoding="utf-8"))


def reached(world: World, kind: str) -> npt.NDArray[np.bool_]:
    """Return whom an intervention can reach."""
    if kind == "team":
        return world.cases.started < NEVER
    if kind == "actions":
        return (world.taken.begins < NEVER).any(axis=(1, 2))
    return Tally(world).lost("valid", 0, len(world.year)) > 0


def differs(one: World, other: World) -> npt.NDArray[np.bool_]:
    """Return whose days differ in any lesson, reason, label, minute or level."""
    pairs = (
        (getattr(one.days, field.name), getattr(other.days, field.name))
        for field in dataclasses.fields(one.days)
    )
    return np.any([(a != b).any(axis=1) for a, b in pairs], axis=0)


def world(seed: int, do: dict[str, Any]) -> World:
    return ar.synthetic.simulate(CONFIG["preset"], pupils=CONFIG["pupils"], seed=seed, do=do)


def measure(plan: dict[str, Any]) -> dict[str, Any]:
    """Compare paired and unpaired errors for one intervention, some pupils at a time."""
    n, block, seed = CONFIG["pupils"], CONFIG["block"], CONFIG["random_state"]
    base, do = plan["base"], {**plan["base"], **plan["do"]}
    whole = (world(seed, base), world(seed, do), world(seed + 1, do))
    shares, touched, changed = ([] for _ in range(3))
    for start in range(0, n, block):
        rows = np.arange(start, min(start + block, n))
        fact, paired, apart = (one.part(rows) for one in whole)
        shares.append(np.stack([Tally(one).share() for one in (fact, paired, apart)]))
        touched.append(reached(fact, plan["reached"]))
        changed.append(differs(fact, paired))
    share = np.concatenate(shares, axis=1)
    touch, change = np.concatenate(touched), np.concatenate(changed)
    difference = share[0] - share[1]
    paired_se = difference.std(ddof=1) / math.sqrt(n)
    unpaired_se = math.sqrt((share[0].var(ddof=1) + share[2].var(ddof=1)) / n)
    return {
        "intervention": plan["name"],
        "pupils": n,
        "reached": int(touch.sum()),
        "changed": int(change.sum()),
        "unreached": int((~touch).sum()),
        "unreached_changed": int((change & ~touch).sum()),
        "effect": rounded(difference.mean()),
        "paired_se": rounded(paired_se),
        "effect_two_seeds": rounded(share[0].mean() - share[2].mean()),
        "unpaired_se": rounded(unpaired_se),
        "ratio": round(unpaired_se / paired_se, 2),
        "pupils_for_the_same_error": round((unpaired_se / paired_se) ** 2 * n),
        "has_bar": plan["bar"],
    }


def rounded(value: float) -> float:
    return float(f"{float(value):.4g}")


def draw(rows: list[dict[str, Any]]) -> None:
    with rc_context({"svg.hashsalt": "absence_risk", "font.size": 9}):
        figure = Figure(figsize=(7.5, 2.6), layout="constrained")
        ax = figure.subplots()
        for place, row in enumerate(rows):
            for shift, key, error, colour, label in (
                (-0.12, "effect", "paired_se", "#1f4e79", "paired worlds"),
                (0.12, "effect_two_seeds", "unpaired_se", "#b5541c", "two seeds"),
            ):
                ax.errorbar(
                    100 * row[key],
                    place + shift,
                    xerr=200 * row[error],
                    fmt="o",
                    ms=4,
                    color=colour,
                    label=label if place == 0 else None,
                )
        ax.axvline(0, color="0.5", lw=0.8, zorder=0)
        ax.set_yticks(range(len(rows)), [row["intervention"] for row in rows])
        ax.invert_yaxis()
        ax.set_xlabel("effect on the year's absence, points of school time, ± 2 standard errors")
        figure.legend(loc="outside lower center", ncols=2)
        figure.savefig(HERE / "figure.svg", metadata={"Date": None})


def revision() -> str:
    """Return the git revision of the code that ran, marked where it was changed."""
    call = ["git", "describe", "--always", "--dirty"]
    return subprocess.run(call, cwd=HERE, capture_output=True, text=True, check=True).stdout.strip()


def main() -> None:
    rows = [measure(plan) for plan in CONFIG["interventions"]]
    checks = []
    for row in rows:
        if row["has_bar"]:
            enough = row["ratio"] >= CONFIG["ratio_at_least"]
            still = row["unreached_changed"] <= CONFIG["changed_at_most"]
            for bar, met in (("ratio of errors", enough), ("unreached changed", still)):
                answer = "met" if met else "missed"
                checks.append({"bar": bar, "intervention": row["intervention"], "answer": answer})
    out = {
        "revision": revision(),
        "random_state": CONFIG["random_state"],
        "rows": rows,
        "checks": checks,
    }
    (HERE / "results.json").write_text(json.dumps(out, indent=1) + "\n", encoding="utf-8")
    draw(rows)
    for row in rows:
        print(f"{row['intervention']}: ratio {row['ratio']}, {row['unreached_changed']} changed")


if __name__ == "__main__":
    main()
