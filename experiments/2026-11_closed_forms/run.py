"""Run the experiment described in README.md; writes results.json and figure.svg beside it."""

from __future__ import annotations

import json
import math
import subprocess
import tomllib
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib import rc_context
from matplotlib.figure import Figure
from scipy.special import ndtri

import absence_risk as ar
from absence_risk.synthetic.agreement import SETTINGS, agreement

if TYPE_CHECKING:
    from collections.abc import Iterable

    from absence_risk.synthetic.agreement.comparison import Comparison

HERE = Path(__file__).parent
CONFIG = tomllib.loads((HERE / "config.toml").read_text(encoding="utf-8"))


def pooled(setting: str, name: str, worlds: Iterable[Comparison]) -> dict[str, Any]:
    """Pool one quantity over worlds: sums of differences over the root of sums of squares."""
    parts = list(worlds)
    n = sum(one.n for one in parts)
    expected, observed = (
        sum(getattr(one, side) * one.n for one in parts) / n for side in ("expected", "observed")
    )
    error = math.sqrt(sum((one.mc_se * one.n) ** 2 for one in parts)) / n
    return {
        "setting": setting,
        "id": name,
        "worlds": len(parts),
        "n": n,
        "expected": float(f"{expected:.6g}"),
        "observed": float(f"{observed:.6g}"),
        "mc_se": float(f"{error:.3g}"),
        "z": round((observed - expected) / error, 3),
    }


def rows() -> list[dict[str, Any]]:
    """Compare every closed form in every setting that has it."""
    out, seed = [], CONFIG["random_state"]
    for setting, do in SETTINGS.items():
        found: dict[str, list[Comparison]] = defaultdict(list)
        for _ in range(CONFIG["worlds"]):
            world = ar.synthetic.simulate(
                CONFIG["preset"],
                pupils=CONFIG["pupils"],
                seed=seed,
                do={**do, "size.pupils_per_school": CONFIG["pupils_per_school"]},
            )
            for one in agreement(world):
                found[one.id].append(one)
            seed += 1
        out += [pooled(setting, name, parts) for name, parts in found.items()]
    return out


def summary(name: str, part: list[dict[str, Any]]) -> dict[str, Any]:
    z = np.array([row["z"] for row in part])
    worst = part[int(np.abs(z).argmax())]
    return {
        "setting": name,
        "quantities": len(z),
        "rms_z": round(float(np.sqrt((z**2).mean())), 3),
        "max_abs_z": round(float(np.abs(z).max()), 3),
        "worst": worst["id"],
    }


def draw(found: list[dict[str, Any]]) -> None:
    z = np.sort([row["z"] for row in found])
    normal = ndtri((np.arange(len(z)) + 0.5) / len(z))
    with rc_context({"svg.hashsalt": "absence_risk", "font.size": 9}):
        figure = Figure(figsize=(8.5, 3.6), layout="constrained")
        left, right = figure.subplots(1, 2, width_ratios=[1, 1.6])
        left.plot([-4, 4], [-4, 4], color="0.7", lw=0.8)
        left.plot(normal, z, "o", ms=2.5, color="#1f4e79")
        left.set_xlabel("expected of independent normal numbers")
        left.set_ylabel("z")
        left.set_title(f"{len(z)} closed forms against simulation")
        names = list(SETTINGS)
        for place, name in enumerate(names):
            mine = [row["z"] for row in found if row["setting"] == name]
            right.plot(mine, [place] * len(mine), "|", ms=12, color="#1f4e79", alpha=0.5)
        right.set_yticks(range(len(names)), names)
        right.invert_yaxis()
        for edge in (-CONFIG["max_at_most"], CONFIG["max_at_most"]):
            right.axvline(edge, color="#b5541c", lw=0.8, ls="--")
        right.set_xlabel("z; dashed: the bar")
        figure.savefig(HERE / "figure.svg", metadata={"Date": None})


def revision() -> str:
    """Return the git revision of the code that ran, marked where it was changed."""
    call = ["git", "describe", "--always", "--dirty"]
    return subprocess.run(call, cwd=HERE, capture_output=True, text=True, check=True).stdout.strip()


def main() -> None:
    found = rows()
    whole = summary("all", found)
    settings = [summary(name, [r for r in found if r["setting"] == name]) for name in SETTINGS]
    checks = [
        {
            "bar": bar,
            "at_most": CONFIG[limit],
            "found": whole[measure],
            "answer": "met" if whole[measure] <= CONFIG[limit] else "missed",
        }
        for bar, measure, limit in (
            ("rms z", "rms_z", "rms_at_most"),
            ("max abs z", "max_abs_z", "max_at_most"),
        )
    ]
    out = {
        "revision": revision(),
        "random_state": CONFIG["random_state"],
        "summary": [whole, *settings],
        "checks": checks,
        "rows": found,
    }
    (HERE / "results.json").write_text(json.dumps(out, indent=1) + "\n", encoding="utf-8")
    draw(found)
    print(
        f"{whole['quantities']} closed forms: rms z {whole['rms_z']}, max |z| {whole['max_abs_z']}"
    )


if __name__ == "__main__":
    main()
