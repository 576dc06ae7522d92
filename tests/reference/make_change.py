"""Write change.csv: 60 simulated cases and 700 untreated rows in 13 schools (seed 21)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd


def simulate(cases: int = 60, registry: int = 700, schools: int = 13) -> pd.DataFrame:
    rng = np.random.default_rng(21)
    n = cases + registry
    is_case = np.arange(n) < cases
    school = rng.integers(1, schools + 1, size=n)
    trait = rng.normal(0.3 * is_case, 1.0)
    shift = 0.2 * rng.normal(size=schools + 1)[school]

    def window(days: int, extra: float = 0.0) -> np.ndarray:
        share = 1 / (1 + np.exp(2.2 - 0.6 * trait - shift - extra - 0.5 * rng.normal(size=n)))
        return rng.binomial(days, share) / days

    total = np.maximum(window(20, 0.8), 0.10)
    return pd.DataFrame(
        {
            "pupil_key": np.arange(1, n + 1),
            "is_case": is_case.astype(int),
            "school_key": school,
            "cohort": rng.choice([202510, 202511, 202512], size=n),
            "before": window(40),
            "after": window(40),
            "alarm_total": total,
            "alarm_invalid": total * rng.beta(0.5, 1.5, size=n),
        }
    )


if __name__ == "__main__":
    simulate().to_csv(Path(__file__).with_name("change.csv"), index=False)
