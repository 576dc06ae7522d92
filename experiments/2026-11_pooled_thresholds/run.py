"""Run the experiment described in README.md; writes results.json and figure.svg beside it."""

from __future__ import annotations

import json
import subprocess
import sys
import time
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.figure import Figure

from absence_risk.stats.bootstrap import cell_draws
from absence_risk.stats.shrinkage import partial_pool
from absence_risk.stats.threshold_metrics import bin_counts, threshold_metrics
from absence_risk.thresholds.local_thresholds import best_thresholds

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]

HERE = Path(__file__).parent
CONFIG = tomllib.loads((HERE / "config.toml").read_text(encoding="utf-8"))
WORLD, METHOD = CONFIG["world"], CONFIG["method"]
FIRST, LAST = METHOD["thresholds"]
GRID = np.arange(FIRST, LAST + 1) / 200
W = WORLD["exchange"]
NODES = (np.arange(20_000) + 0.5) / 20_000


def risk(share: Floats, best: Floats) -> Floats:
    """Return the risk of the event, which equals w/(1 + w) at the school's best threshold."""
    return np.asarray(1 / (1 + np.exp(-(np.log(W) + WORLD["slope"] * (share - best)))))


def worth(best: Floats) -> tuple[Floats, Floats]:
    """Return the true net benefit of acting at every node, shape (schools, nodes + 1)."""
    a, b = WORLD["share"]
    density = NODES ** (a - 1) * (1 - NODES) ** (b - 1)
    density /= density.sum()
    p = risk(NODES, best[:, None])
    gain = density * (p - W * (1 - p))
    above = np.cumsum(gain[:, ::-1], axis=1)[:, ::-1]
    return np.r_[NODES, 1.0], np.hstack([above, np.zeros((len(best), 1))])


def regret(best: Floats, acted: dict[str, Floats]) -> dict[str, float]:
    """Return the mean regret per 1,000 pupils of every method."""
    nodes, value = worth(best)
    top = value.max(axis=1)
    out = {}
    for name, at in acted.items():
        got = [np.interp(t, nodes, row) for t, row in zip(at, value, strict=True)]
        out[name] = float(1000 * (top - got).mean())
    return out


def replicate(rng: np.random.Generator, between: float, pupils: int) -> dict[str, float]:
    """Simulate schools, choose thresholds in three ways, and return regrets and coverage."""
    n = WORLD["schools"]
    best = np.clip(rng.normal(WORLD["centre"], between, n), 0.02, 0.45)
    share = rng.beta(*WORLD["share"], (n, pupils))
    event = rng.random((n, pupils)) < risk(share, best[:, None])
    counts = np.stack([bin_counts(x, y, GRID) for x, y in zip(share, event, strict=True)])
    pooled = float(
        best_thresholds(threshold_metrics(counts.sum(axis=0), exchange=W).net_benefit, GRID)
    )
    local = best_thresholds(threshold_metrics(counts, exchange=W).net_benefit, GRID)
    error = np.empty(n)
    for school in range(n):
        drawn = cell_draws(counts[school], METHOD["bootstrap"], rng)
        value = threshold_metrics(drawn, exchange=W).net_benefit
        error[school] = best_thresholds(value, GRID).std(ddof=1)
    mixed = partial_pool(local, error, mean=pooled)
    acted = {"pooled": np.full(n, pooled), "local": local, "mixture": mixed.estimate}
    hit = np.abs(mixed.estimate - best) <= 1.96 * mixed.std_error
    return {
        **regret(best, acted),
        "coverage": float(hit.mean()),
        "local evidence": float(mixed.share_local.mean()),
        "between": mixed.between,
    }


def ratio(rows: list[dict[str, float]]) -> tuple[float, float]:
    """Return mixture over the better of the two, with its jackknife standard error."""
    table = np.array([[row[name] for name in ("mixture", "pooled", "local")] for row in rows])

    def of(part: Floats) -> float:
        mixed, pooled, local = part.mean(axis=0)
        return float(mixed / min(pooled, local))

    left = np.array([of(np.delete(table, i, axis=0)) for i in range(len(table))])
    spread = (len(left) - 1) * ((left - left.mean()) ** 2).mean()
    return of(table), float(np.sqrt(spread))


def judged(value: float, error: float, bar: float | None) -> str:
    """Apply the decision rule."""
    if bar is None:
        return "no bar"
    if value <= bar:
        return "met"
    return "not settled" if value <= bar + 2 * error else "missed"


def cell(index: int, between: float, pupils: int) -> dict[str, Any]:
    """Return all figures of one cell."""
    rng = np.random.default_rng([CONFIG["random_state"], index])
    bar = 0.92 if between >= 0.02 else (1.05 if pupils >= 300 else None)
    much = between == 0 and bar is not None
    times = WORLD["more_replicates" if much else "replicates"]
    rows = [replicate(rng, between, pupils) for _ in range(times)]
    value, error = ratio(rows)
    means = {name: round(float(np.mean([row[name] for row in rows])), 4) for name in rows[0]}
    return {
        "between_points": 100 * between,
        "pupils": pupils,
        "replicates": times,
        **means,
        "ratio": round(value, 3),
        "ratio_se": round(error, 3),
        "bar": bar,
        "judged": judged(value, error, bar),
    }


def draw(cells: list[dict[str, Any]]) -> None:
    """Draw regret against the spread between schools, one panel per size of school."""
    figure = Figure(figsize=(9.0, 3.2), layout="constrained")
    axes = figure.subplots(1, len(WORLD["pupils"]), sharey=True)
    for ax, pupils in zip(axes, WORLD["pupils"], strict=True):
        mine = [row for row in cells if row["pupils"] == pupils]
        x = [row["between_points"] for row in mine]
        marks = {"pooled": "s--", "local": "^:", "mixture": "o-"}
        for name, mark in marks.items():
            ax.plot(x, [row[name] for row in mine], mark, label=name, markersize=4)
        ax.set_title(f"{pupils} pupils per school", fontsize=10)
        ax.set_xlabel("SD between schools, points")
    axes[0].set_ylabel("regret per 1,000 pupils")
    axes[0].set_ylim(bottom=0)
    axes[0].legend(frameon=False, fontsize=9)
    figure.savefig(HERE / "figure.svg", metadata={"Date": None})


def settle() -> dict[str, Any]:
    """Run the open cells again with more replicates: two sides only, met or missed."""
    plan, out = CONFIG["settling"], []
    for index, (between, pupils) in enumerate(plan["cells"]):
        rng = np.random.default_rng([plan["random_state"], index])
        rows = [replicate(rng, between, pupils) for _ in range(plan["replicates"])]
        value, error = ratio(rows)
        lost = np.array([row["mixture"] - row["pooled"] for row in rows])
        out.append(
            {
                "between_points": 100 * between,
                "pupils": pupils,
                "replicates": len(rows),
                **{k: round(float(np.mean([r[k] for r in rows])), 4) for k in rows[0]},
                "ratio": round(value, 4),
                "ratio_se": round(error, 4),
                "loss": round(float(lost.mean()), 5),
                "loss_se": round(float(lost.std(ddof=1) / np.sqrt(len(lost))), 5),
                "bar": 1.05,
                "judged": "met" if value <= 1.05 else "missed",
            }
        )
    return {"revision": revision(), "random_state": plan["random_state"], "cells": out}


def revision() -> str:
    """Return the revision of the code that ran."""
    call = ["git", "rev-parse", "HEAD"]
    return subprocess.run(call, cwd=HERE, capture_output=True, text=True, check=True).stdout.strip()


def main() -> None:
    """Run all cells and write; with the word "settle" only those that were left open."""
    begin = time.process_time()
    file = HERE / "results.json"
    if sys.argv[1:] == ["settle"]:
        result = json.loads(file.read_text(encoding="utf-8"))
    else:
        pairs = [(b, n) for b in WORLD["between"] for n in WORLD["pupils"]]
        cells = [cell(k, b, n) for k, (b, n) in enumerate(pairs)]
        result = {"revision": revision(), "random_state": CONFIG["random_state"], "cells": cells}
        draw(cells)
    result["settled"] = settle()
    file.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    for row in (*result["cells"], *result["settled"]["cells"]):
        print(row)
    print(f"{time.process_time() - begin:.0f} CPU s")


if __name__ == "__main__":
    import matplotlib as mpl

    mpl.rcParams["svg.hashsalt"] = "absence_risk"
    main()
