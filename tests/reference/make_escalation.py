"""Write escalation.csv: 600 simulated pupils with an early and a later half (seed 20)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd


def simulate(n: int = 600, schools: int = 11) -> pd.DataFrame:
    rng = np.random.default_rng(20)
    school = np.sort(rng.integers(schools, size=n))
    trait = rng.normal(size=n)
    ill = 1 / (1 + np.exp(3.0 - 0.6 * trait - 0.2 * rng.normal(size=schools)[school]))
    truant = 1 / (1 + np.exp(5.0 - 1.2 * trait - 0.8 * rng.normal(size=n)))
    columns = {"pupil_key": np.arange(1, n + 1), "school_key": school + 1}
    columns["grade"] = rng.integers(7, 10, size=n)
    for name, days in (("early", 88), ("later", 90)):
        valid = rng.binomial(days, ill)
        columns[f"{name}_scheduled"] = np.full(n, 300 * days)
        columns[f"{name}_valid"] = 300 * valid
        columns[f"{name}_invalid"] = 50 * rng.binomial(6 * (days - valid), truant)
    return pd.DataFrame(columns)


if __name__ == "__main__":
    simulate().to_csv(Path(__file__).with_name("escalation.csv"), index=False)
