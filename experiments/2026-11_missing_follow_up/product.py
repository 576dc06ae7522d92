"""Run E3 through the product's own path, as README.md says; writes product.json beside it."""

from __future__ import annotations

import json
import math
import time
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from run import (
    CONFIG,
    HERE,
    TRUE,
    chosen_world,
    intercept_for,
    layout,
    revision,
    true_delta,
    untreated,
)

from absence_risk.errors import DesignError
from absence_risk.evaluation import MI, Likert, PrePost

if TYPE_CHECKING:
    import numpy.typing as npt

    Array = npt.NDArray[np.float64]

PRODUCT = CONFIG["product"]
WAYS = ("missing at random", "true delta", "complete cases")


def frame_of(x: Array, after: Array, towns: npt.NDArray[np.int64], first: int) -> pd.DataFrame:
    n = len(after)
    return pd.DataFrame(
        {
            "pupil_key": np.arange(first, first + n),
            "municipality_key": towns,
            "before": x[:, 0],
            "absence": x[:, 1],
            "after": after,
        }
    )


def study_of(rng: np.random.Generator, n: int, G: int, intercept: float) -> PrePost:
    """Chosen pupils, 40 % of whose follow-ups are missing, and the registry."""
    x, after, missing = (part[0] for part in chosen_world(rng, 1, n, intercept))
    xr, yr = (part[0] for part in untreated(rng, 1, CONFIG["registry"])[:2])
    own = rng.permutation(layout(n, G)) if G else np.zeros(n, dtype=np.int64)
    others = rng.permutation(layout(len(yr), G)) if G else np.zeros(len(yr), dtype=np.int64)
    town = math.sqrt(PRODUCT["variance"]) * rng.normal(size=max(G, 1)) * (G > 0)
    cases = frame_of(x, np.where(missing, np.nan, after + town[own]), own, 0)
    registry = frame_of(xr, yr + town[others], others, n)
    return PrePost(
        cases,
        outcomes={"wellbeing": Likert(pre="before", post="after", low=-20, high=20)},
        cluster="municipality_key" if G else None,
        registry=registry,
        match_on=("absence",),
    )


def one(rng: np.random.Generator, n: int, G: int, world: tuple[float, float]) -> list[Any]:
    """Estimate, standard error and limits of each way, in one data set."""
    intercept, delta = world
    study = study_of(rng, n, G, intercept)
    out = []
    for way in WAYS:
        seed, m = int(rng.integers(2**31)), CONFIG["imputations"]
        moved = delta if way == "true delta" else 0.0
        mi = MI(m=m, aux=("absence",), delta=moved, random_state=seed)
        how = None if way == "complete cases" else mi
        row = study.change("wellbeing", benchmark="registry", missing=how).beyond
        out.append((row.estimate, row.std_error, row.conf_low, row.conf_high))
    return out


def cell(seed: np.random.SeedSequence, n: int, G: int, seconds: float) -> list[dict[str, Any]]:
    rng = np.random.default_rng(seed)
    intercept = intercept_for(rng, CONFIG["missing_share"])
    x, after, missing = chosen_world(rng, 20, 10_000, intercept)
    delta = true_delta(x, after, missing, np.zeros(10_000, dtype=np.int64))
    started, found, refused = time.process_time(), [], 0
    while len(found) < PRODUCT["most"] and time.process_time() - started < seconds:
        try:
            found.append(one(rng, n, G, (intercept, delta)))
        except DesignError:  # fewer than ten were followed
            refused += 1
    values = np.array(found, dtype=float)
    rows = []
    for k, way in enumerate(WAYS):
        estimate, error, low, high = values[:, k].T
        covered = float(((low <= TRUE) & (high >= TRUE)).mean())
        sd = float(estimate.std(ddof=1))
        rows.append(
            {
                "n": n,
                "municipalities": G,
                "way": way,
                "replicates": len(found),
                "refused": refused,
                "delta": round(delta, 4),
                "bias": round(float(estimate.mean() - TRUE), 4),
                "bias_mc_se": round(sd / math.sqrt(len(found)), 4),
                "sd": round(sd, 4),
                "mean_se_over_sd": round(float(error.mean() / sd), 4),
                "rms_se_over_sd": round(float(np.sqrt((error**2).mean()) / sd), 4),
                "coverage": round(covered, 4),
                "coverage_mc_se": round(math.sqrt(covered * (1 - covered) / len(found)), 4),
                "median_half_width": round(float(np.median((high - low) / 2)), 4),
            }
        )
    return rows


def answer(row: dict[str, Any]) -> str:
    """Apply the rule to one cell at the true delta."""
    low, high = (row["coverage"] + k * row["coverage_mc_se"] for k in (-2, 2))
    if row["replicates"] >= 2_000:
        return "met" if 0.94 <= row["coverage"] <= 0.97 else "missed"
    if high < 0.94 or low > 0.97:
        return "missed"
    return "met" if low >= 0.94 and high <= 0.97 else "not decided"


def main() -> None:
    started_at = revision()
    places = [(n, G) for G in PRODUCT["clusters"] for n in PRODUCT["sizes"]]
    seeds = np.random.SeedSequence(PRODUCT["random_state"]).spawn(len(places))
    each = PRODUCT["seconds"] / len(places)
    rows = [
        row for (n, G), seed in zip(places, seeds, strict=True) for row in cell(seed, n, G, each)
    ]
    main_way = [row for row in rows if row["way"] == "true delta"]
    decision = {f"n = {r['n']}, {r['municipalities']} municipalities": answer(r) for r in main_way}
    out = {"revision": started_at, "decision": decision, "rows": rows}
    (HERE / "product.json").write_text(json.dumps(out, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(decision, indent=1))


if __name__ == "__main__":
    main()
