"""Run the experiment described in README.md; writes results.json and figure.svg beside it."""

from __future__ import annotations

import json
import math
import multiprocessing
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib import rc_context
from matplotlib.figure import Figure

from absence_risk.evaluation import Likert, Population, PrePost, Rate, ReliableChange, Selected
from absence_risk.stats.null_responders import absent_days

HERE = Path(__file__).parent
CONFIG = tomllib.loads((HERE / "config.toml").read_text(encoding="utf-8"))
FIRST = {"better": "better", "halved": "halved", "past_cut": "past the cut", "JT": "reliably impro"}


def days_of(world: dict[str, Any], n: int, rng: np.random.Generator) -> pd.DataFrame:
    """Draw two windows of n pupils to whom nothing is done."""
    p = rng.beta(CONFIG["beta"]["a"], CONFIG["beta"]["b"], n)
    out = {"pupil_key": np.arange(n)}
    for place, name in enumerate(("d0", "d1")):
        share = np.minimum(p * (world.get("season", 1.0) if place else 1.0), 0.999)
        if "within" in world:
            share = rng.beta(world["within"] * share, world["within"] * (1 - share))
        out[name] = rng.binomial(world["days"], share)
    return pd.DataFrame(out).assign(n0=world["days"], n1=world["days"])


def scores_of(n: int, rng: np.random.Generator) -> pd.DataFrame:
    """Draw two waves of a rounded questionnaire without any change of the true score."""
    scale = CONFIG["scale"]
    true = rng.normal(scale["mean"], scale["sd"], n)
    error = rng.normal(0, scale["item_error"], (2, scale["items"], n))
    waves = np.clip(np.round(true + error), 1, 5).mean(axis=1)
    return pd.DataFrame({"pupil_key": np.arange(n), "s0": waves[0], "s1": waves[1]})


def responds(x: Any, y: Any, rule: str, known: dict[str, float]) -> Any:
    """Whether each pair responds; x and y as gain-is-lower levels."""
    if rule == "better":
        return y < x - 1e-9
    if rule == "halved":
        return (y <= x / 2 + 1e-9) & (x > 0)
    if rule == "past_cut":
        return y < known["cut"] - 1e-9
    change = (x - y) / (known["sd"] * math.sqrt(2 * (1 - known["r"])))
    return change >= 1.96 - 1e-9


def moments(x: Any, y: Any, weight: Any) -> dict[str, float]:
    mean = float((weight * x).sum())
    variance = float((weight * (x - mean) ** 2).sum())
    mean_y = float((weight * y).sum())
    variance_y = float((weight * (y - mean_y) ** 2).sum())
    covariance = float((weight * (x - mean) * (y - mean_y)).sum())
    return {
        "mean": mean, "sd": math.sqrt(variance), "r": covariance / math.sqrt(variance * variance_y)
    }  # fmt: skip


def truth_of(world: dict[str, Any], rng: np.random.Generator) -> dict[str, Any]:
    """True shares among all selected, and the population's values."""
    cut = world["least"] / world["days"]
    if "season" not in world:
        a, b = CONFIG["beta"]["a"], CONFIG["beta"]["b"]
        joint = absent_days(
            (world["days"],) * 2, mean=a / (a + b), overdispersion=a + b, within=world.get("within")
        )
        share = np.arange(world["days"] + 1) / world["days"]
        x, y = np.meshgrid(share, share, indexing="ij")
        weight = joint
    else:
        drawn = days_of(world, CONFIG["truth_pupils"], rng)
        x, y = drawn["d0"].to_numpy() / world["days"], drawn["d1"].to_numpy() / world["days"]
        weight = np.full(len(x), 1 / len(x))
    return shares_among((x, y, weight), x >= cut - 1e-9, cut, tuple(FIRST))


def shares_among(
    pairs: tuple[Any, Any, Any], chosen: Any, cut: float, rules: Any
) -> dict[str, Any]:
    x, y, weight = pairs
    known = {**moments(x, y, weight), "cut": cut}
    mass = float(weight[chosen].sum())
    return {
        **known,
        "share": {
            rule: float(weight[chosen & responds(x, y, rule, known)].sum()) / mass for rule in rules
        },
    }


def truth_of_scale(rng: np.random.Generator) -> dict[str, Any]:
    drawn = scores_of(CONFIG["truth_pupils"] // 4, rng)
    x, y = -drawn["s0"].to_numpy(), -drawn["s1"].to_numpy()
    weight = np.full(len(x), 1 / len(x))
    cut = -CONFIG["scale"]["at_most"]
    found = shares_among((x, y, weight), x >= cut - 1e-9, cut, ("better", "past_cut", "JT"))
    return {**found, "mean": -found["mean"]}


def studies(
    world: dict[str, Any] | None, truth: dict[str, Any], rng: np.random.Generator
) -> dict[str, PrePost] | None:
    """One data set, seen with its registry and without."""
    population = {
        "population": Population(mean=truth["mean"], sd=truth["sd"]), "reliability": truth["r"]
    }  # fmt: skip
    if world is None:
        frame = scores_of(CONFIG["pupils"], rng)
        cut = CONFIG["scale"]["at_most"]
        outcome: Any = Likert(pre="s0", post="s1", low=1, high=5, **population)
        rule, chosen = Selected("y", at_most=cut), frame["s0"] <= cut + 1e-9
    else:
        frame = days_of(world, CONFIG["pupils"], rng)
        outcome = Rate(pre=("d0", "n0"), post=("d1", "n1"), **population)
        rule = Selected("y", at_least=world["least"] / world["days"])
        chosen = frame["d0"] >= world["least"]
    # Twenty schools of independent pupils: the jackknife over pupils gives the same, more slowly.
    frame["school_key"] = np.arange(len(frame)) % 20
    cases = frame[chosen].head(CONFIG["cases"])
    if len(cases) < CONFIG["cases"]:
        return None
    registry = frame.drop(cases.index)
    return {
        name: PrePost(
            cases, outcomes={"y": outcome}, cluster="school_key", selection=rule, registry=others
        )
        for name, others in (("registry", registry), ("model", None))
    }


def run_world(
    name: str, world: dict[str, Any] | None, truth: dict[str, Any], rng: np.random.Generator
) -> list[dict[str, Any]]:
    """Print the table for every replicate, method and rule, and compare with the truth."""
    printed: dict[tuple[str, str], list[tuple[float, bool]]] = {}
    used = 0
    while used < CONFIG["replicates"]:
        both = studies(world, truth, rng)
        if both is None:
            continue
        used += 1
        for method, study in both.items():
            for rule in truth["share"]:
                asked = ReliableChange("JT") if rule == "JT" else rule
                rows = study.responders("y", rule=asked).rows
                assert rows[0].term.startswith(FIRST[rule])
                printed.setdefault((method, rule), []).append(
                    (float(rows[1].estimate), rows[2].covers(0.0))
                )
    out = []
    for (method, rule), values in printed.items():
        rates, covered = np.array([v[0] for v in values]), np.mean([v[1] for v in values])
        error = float(rates.mean() - truth["share"][rule])
        out.append(
            {
                "world": name, "method": method, "rule": rule,
                "truth": round(100 * truth["share"][rule], 2),
                "printed": round(100 * float(rates.mean()), 2),
                "error": round(100 * error, 2),
                "mc_se": round(100 * float(rates.std(ddof=1) / math.sqrt(used)), 3),
                "sd_of_printed": round(100 * float(rates.std(ddof=1)), 2),
                "covers_none": round(100 * float(covered), 2),
                "within_1_point": bool(abs(error) <= 0.01),
            }
        )  # fmt: skip
    return out


def one_world(
    world: dict[str, Any] | None, seed: np.random.SeedSequence
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    rng = np.random.default_rng(seed)
    if world is None:
        return run_world("scale", None, truth_of_scale(rng), rng), []
    truth = truth_of(world, rng)
    table = [
        {
            "world": world["name"],
            "rule": rule,
            "notes": simulated,
            "exact": round(100 * truth["share"][rule], 2),
        }
        for rule, simulated in world.get("simulated", {}).items()
    ]
    return run_world(world["name"], world, truth, rng), table


def draw(rows: list[dict[str, Any]]) -> None:
    names = list(dict.fromkeys(r["world"] for r in rows))
    marks, colours = {"registry": "o", "model": "^"}, dict(zip(FIRST, "krbg", strict=True))
    with rc_context({"svg.hashsalt": "absence_risk", "font.size": 9}):
        figure = Figure(figsize=(8.5, 4.6), layout="constrained")
        ax = figure.subplots()
        ax.axvspan(-1, 1, color="0.92")
        ax.axvline(0, color="0.6", lw=0.8)
        for r in rows:
            y = names.index(r["world"]) + 0.12 * list(FIRST).index(r["rule"]) - 0.2
            y += 0.05 * (r["method"] == "model")
            ax.plot(r["error"], y, marks[r["method"]], color=colours[r["rule"]], ms=5)
        for method, mark in marks.items():
            ax.plot([], [], mark, color="0.4", label=f"null rate from {method}")
        for rule, colour in colours.items():
            ax.plot([], [], "s", color=colour, label=rule)
        ax.set_yticks(range(len(names)), names)
        ax.invert_yaxis()
        ax.set_xlabel("mean printed null rate minus true rate (percentage points)")
        ax.legend(frameon=False, fontsize=8)
        ax.set_title("Nothing was done: is the null rate right?")
        figure.savefig(HERE / "figure.svg", metadata={"Date": None})


def revision() -> str:
    """Return the git revision of the code that ran, marked where it was changed."""
    call = ["git", "describe", "--always", "--dirty"]
    return subprocess.run(call, cwd=HERE, capture_output=True, text=True, check=True).stdout.strip()


def main() -> None:
    started_at = revision()
    worlds = [*CONFIG["world"], None]
    seeds = np.random.SeedSequence(CONFIG["random_state"]).spawn(len(worlds))
    with multiprocessing.Pool(2) as pool:
        done = pool.starmap(one_world, zip(worlds, seeds, strict=True), chunksize=1)
    rows, table = ([row for part in done for row in part[k]] for k in (0, 1))
    out = {
        "revision": started_at,
        "random_state": CONFIG["random_state"],
        "replicates": CONFIG["replicates"],
        "table_2_1": table,
        "rows": rows,
    }
    (HERE / "results.json").write_text(json.dumps(out, indent=1) + "\n", encoding="utf-8")
    draw(rows)
    for method in ("registry", "model"):
        mine = [r for r in rows if r["method"] == method]
        met = sum(r["within_1_point"] for r in mine)
        print(f"{method}: {met} of {len(mine)} null rates within 1 point of the truth")


if __name__ == "__main__":
    main()
