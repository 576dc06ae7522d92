"""Write cr2.csv: 140 simulated rows in 7 uneven clusters, with weights (seed 31)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

SIZES = (3, 8, 11, 17, 24, 31, 46)


def simulate() -> pd.DataFrame:
    rng = np.random.default_rng(31)
    cluster = np.repeat(np.arange(1, len(SIZES) + 1), SIZES)
    n = len(cluster)
    x1 = rng.normal(size=n) + 0.5 * cluster
    x2 = rng.binomial(1, 0.4, size=n)
    level = rng.normal(size=len(SIZES))[cluster - 1]  # a property of the cluster
    shift = rng.normal(scale=0.6, size=len(SIZES))[cluster - 1]
    y = 1 + 0.3 * x1 - 0.4 * x2 + shift + rng.normal(size=n) * (1 + 0.5 * x2)
    order = rng.permutation(n)
    frame = pd.DataFrame(
        {"y": y, "x1": x1, "x2": x2, "level": level, "cluster": cluster}, index=range(n)
    )
    frame["w"] = np.round(rng.uniform(0.2, 4, size=n), 3)
    return frame.iloc[order]


if __name__ == "__main__":
    simulate().to_csv(Path(__file__).with_name("cr2.csv"), index=False)
