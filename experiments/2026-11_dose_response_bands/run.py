"""Run one part of the experiment described in README.md, or draw its figure."""

from __future__ import annotations

import json
import math
import subprocess
import sys
import tomllib
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from matplotlib import rc_context
from matplotlib.figure import Figure
from scipy import special, stats

from absence_risk.thresholds import dose_response

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]
    Row = dict[str, Any]

HERE = Path(__file__).parent
CONFIG = tomllib.loads((HERE / "config.toml").read_text(encoding="utf-8"))
FAMILIES = ("gaussian", "binomial", "poisson")
STRUCTURES = ("rows", "schools")

SHAPES: dict[str, Callable[[Floats], Floats]] = {
    "line": lambda x: 2 * x,
    "decay": lambda x: -np.expm1(-8 * x),
    "bend": lambda x: 4 * np.maximum(x - 0.20, 0.0),
    "sigmoid": lambda x: np.asarray(special.expit((x - 0.18) / 0.06)),
    "steep": lambda x: np.asarray(special.expit((x - 0.20) / 0.015)),
}


def mean_of(eta: Floats, family: str) -> Floats:
    if family == "binomial":
        return np.asarray(special.expit(eta))
    return np.exp(eta) if family == "poisson" else eta


def link_of(mean: Floats, family: str) -> tuple[Floats, Floats]:
    """Return means on the scale of the link, and its derivative."""
    if family == "binomial":
        return np.asarray(special.logit(mean)), 1 / (mean * (1 - mean))
    return (np.log(mean), 1 / mean) if family == "poisson" else (mean, np.ones_like(mean))


def sample(
    rng: np.random.Generator, family: str, shape: str, structure: str, n: int
) -> pd.DataFrame:
    world, z = CONFIG[family], rng.normal(size=n)
    weight = np.arange(1, CONFIG["schools"] + 1)
    school = rng.choice(len(weight), n, p=weight / weight.sum())
    level = np.zeros(n)
    absent = np.full(len(weight), 0.1)
    if structure == "schools":
        level = world["school_sd"] * rng.normal(size=len(weight))[school]
        absent = rng.beta(8, 72, len(weight))
    x = rng.beta(10 * absent[school], 10 * (1 - absent[school]))
    eta = world["base"] + world["size"] * SHAPES[shape](x) + world["covariate"] * z + level
    if family == "gaussian":
        y = eta + world["noise"] * rng.normal(size=n)
    elif family == "binomial":
        y = (rng.random(n) < mean_of(eta, family)).astype(np.float64)
    else:
        y = rng.poisson(mean_of(eta, family)).astype(np.float64)
    return pd.DataFrame({"outcome": y, "absence": x, "prior": z, "school": school})


def truth(at: Floats, z: Floats, family: str, shape: str, structure: str) -> Floats:
    """Mean over the sample's covariates and over the law of the schools' levels."""
    world = CONFIG[family]
    nodes, weight = np.polynomial.hermite_e.hermegauss(7)
    spread = world["school_sd"] * (structure == "schools")
    own = world["covariate"] * z
    heights = world["base"] + world["size"] * SHAPES[shape](at)
    return np.array(
        [
            sum(
                w * mean_of(height + own + spread * node, family).mean()
                for node, w in zip(nodes, weight / weight.sum(), strict=True)
            )
            for height in heights
        ]
    )


def one_band(rng: np.random.Generator, cell: tuple[str, str, str, int]) -> tuple[float, float]:
    """Return the largest error in half-widths of the band, and pointwise coverage."""
    family, shape, structure, n = cell
    data = sample(rng, family, shape, structure, n)
    found = dose_response(
        data,
        outcome="outcome",
        exposure="absence",
        covariates=("prior",),
        cluster="school" if structure == "schools" else None,
        family=family,
        conf_level=CONFIG["conf_level"],
        draws=CONFIG["draws"],
        random_state=int(rng.integers(2**31)),
    )
    rows = found.table("dose_response").rows
    names = ("threshold", "estimate", "std_error", "conf_high")
    at, mean, error, high = (np.array([getattr(row, name) for row in rows]) for name in names)
    right = truth(at, data["prior"].to_numpy(), family, shape, structure)
    value, slope = link_of(mean, family)
    off = np.abs(link_of(right, family)[0] - value)
    half = link_of(high, family)[0] - value
    df = (data["school"].nunique() if structure == "schools" else n) - 1
    t = stats.t.ppf((1 + CONFIG["conf_level"]) / 2, df)
    return float((off / half).max()), float((off <= t * error * slope).mean())


def with_error(hits: int, samples: int) -> Row:
    """Return a share with its Monte-Carlo standard error (of (hits + 1)/(samples + 2))."""
    q = (hits + 1) / (samples + 2)
    error = math.sqrt(q * (1 - q) / samples)
    low = CONFIG["conf_level"] - hits / samples
    answer = "holds" if low <= 0 else "not told apart" if low <= 2 * error else "below nominal"
    return {"simultaneous": round(hits / samples, 4), "mc_se": round(error, 4), "answer": answer}


def summary(draws: Floats, keys: Row) -> Row:
    largest, single = draws.T
    hits, count = int((largest <= 1).sum()), len(draws)
    return {
        **keys,
        "samples": count,
        **with_error(hits, count),
        "pointwise": round(float(single.mean()), 4),
        "pointwise_mc_se": round(float(single.std(ddof=1) / math.sqrt(count)), 4),
        "widen": round(float(np.quantile(largest, CONFIG["conf_level"])), 3),
    }


def run_family(family: str) -> Row:
    """Return the cells of one family, and the five shapes pooled."""
    cells, pooled = [], []
    for structure in STRUCTURES:
        for n, count in zip(CONFIG["n"], CONFIG["samples"][family], strict=True):
            keys, together = {"family": family, "structure": structure, "n": n}, []
            for k, shape in enumerate(CONFIG["shapes"]):
                place = [FAMILIES.index(family), STRUCTURES.index(structure), n, k]
                rng = np.random.default_rng([CONFIG["random_state"], *place])
                cell = (family, shape, structure, n)
                draws = np.array([one_band(rng, cell) for _ in range(count)])
                cells.append(summary(draws, {**keys, "shape": shape}))
                together.append(draws)
            pooled.append(summary(np.concatenate(together), {**keys, "shape": "all five"}))
    return {"cells": cells, "pooled": pooled}


def draw(parts: Row) -> None:
    with rc_context({"svg.hashsalt": "absence_risk", "font.size": 9}):
        figure = Figure(figsize=(10, 6), layout="constrained")
        axes = figure.subplots(2, 3, sharex=True, sharey=True)
        for j, family in enumerate(FAMILIES):
            for i, structure in enumerate(STRUCTURES):
                ax = axes[i, j]
                ax.axhline(100 * CONFIG["conf_level"], color="0.6", lw=1)
                for k, shape in enumerate([*CONFIG["shapes"], "all five"]):
                    kind = "pooled" if shape == "all five" else "cells"
                    mine = [
                        r
                        for r in parts[family][kind]
                        if r["structure"] == structure and r["shape"] == shape
                    ]
                    ax.errorbar(
                        [r["n"] * 1.06 ** (k - 2) for r in mine],
                        [100 * r["simultaneous"] for r in mine],
                        yerr=[200 * r["mc_se"] for r in mine],
                        fmt="k-o" if kind == "pooled" else "os^Dv"[k],
                        ms=4,
                        lw=1,
                        label=shape,
                    )
                title = "rows independent" if structure == "rows" else "30 uneven schools"
                ax.set(title=f"{family}, {title}", xscale="log", ylim=(50, 101))
                if j == 0:
                    ax.set_ylabel("bands that hold the whole curve (%)")
                if i == 1:
                    ax.set_xlabel("pupils")
        axes[0, 0].legend(frameon=False, fontsize=7, ncols=2)
        figure.suptitle("95 % band of dose_response; ± 2 Monte-Carlo errors")
        figure.savefig(HERE / "figure.svg", metadata={"Date": None})


def revision() -> str:
    """Return the git revision of the code that ran, marked where it was changed."""
    call = ["git", "describe", "--always", "--dirty"]
    return subprocess.run(call, cwd=HERE, capture_output=True, text=True, check=True).stdout.strip()


def main() -> None:
    path = HERE / "results.json"
    (what,) = sys.argv[1:]
    if what == "figure":
        draw(json.loads(path.read_text(encoding="utf-8")))
        return
    code, found = revision(), run_family(what)
    out: Row = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {"revision": {}}
    out["random_state"] = CONFIG["random_state"]
    out["revision"][what] = code
    out[what] = found
    path.write_text(json.dumps(out, indent=1) + "\n", encoding="utf-8")
    print(what, Counter(row["answer"] for row in found["cells"] + found["pooled"]))


if __name__ == "__main__":
    main()
