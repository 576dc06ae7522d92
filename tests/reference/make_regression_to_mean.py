"""Write regression_to_mean.csv: days absent of 900 pupils in two windows, 60 chosen (seed 5)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd


def simulate(pupils: int = 900, cases: int = 60, schools: int = 9) -> pd.DataFrame:
    rng = np.random.default_rng(5)
    p = rng.beta(0.8, 10.6, size=pupils)
    school_days = rng.integers(50, 61, size=(pupils, 2))
    days = rng.binomial(school_days, p[:, None])
    high = np.flatnonzero(days[:, 0] >= 0.15 * school_days[:, 0])
    is_case = np.isin(np.arange(pupils), rng.permutation(high)[:cases])
    return pd.DataFrame(
        {
            "pupil_key": np.arange(1, pupils + 1),
            "is_case": is_case.astype(int),
            "school_key": rng.integers(1, schools + 1, size=pupils),
            "days_pre": days[:, 0],
            "n_pre": school_days[:, 0],
            "days_post": days[:, 1],
            "n_post": school_days[:, 1],
        }
    )


if __name__ == "__main__":
    simulate().to_csv(Path(__file__).with_name("regression_to_mean.csv"), index=False)
