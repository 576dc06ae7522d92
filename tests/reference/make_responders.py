"""Write responders.csv: 48 simulated pairs in 6 clusters, levels 1-5, three waves (seed 31)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd


def simulate(n: int = 48, clusters: int = 6) -> pd.DataFrame:
    rng = np.random.default_rng(31)
    cluster = rng.choice(clusters, size=n, p=[0.3, 0.25, 0.2, 0.12, 0.08, 0.05])
    trait = rng.normal(3.0, 0.6, size=n)
    before, after, later = (
        trait + shift + rng.normal(0, 0.4, size=n) for shift in (0.0, 0.25, 0.3)
    )
    return pd.DataFrame(
        {
            "cluster": cluster,
            "before": before.round(4),
            "after": after.round(4),
            "later": np.where(rng.random(n) < 0.2, np.nan, later).round(4),
            "level_before": np.clip(np.round(before), 1, 5).astype(int),
            "level_after": np.clip(np.round(after + 0.2), 1, 5).astype(int),
            "motivation": rng.normal(size=n).round(4),
        }
    )


if __name__ == "__main__":
    simulate().to_csv(Path(__file__).with_name("responders.csv"), index=False)
