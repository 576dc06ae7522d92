from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable


def simulate_panel(
    seed: int, *, n: int = 1_200, schools: int = 12, carry: float = 0.0, shared: float = 0.6
) -> pd.DataFrame:
    """Two halves of 90 days of 300 minutes.

    Valid and invalid absence share a propensity (correlation ``shared``) and a school component;
    ``carry`` is the log odds of invalid absence per 5 points of valid absence in the half before.
    With carry 0 the halves are exchangeable. (The half before the first one is drawn, not kept.)
    """
    rng = np.random.default_rng(seed)
    school = rng.integers(schools, size=n)
    trait = rng.normal(size=n)
    ill = -3.2 + 0.6 * trait + 0.2 * rng.normal(size=schools)[school]
    own = shared * trait + np.sqrt(1 - shared**2) * rng.normal(size=n)
    truant = -6.0 + 1.5 * own + 0.4 * rng.normal(size=schools)[school]
    days, minutes = 90, 300
    halves = []
    valid_share = None
    for _ in range(2):
        burst = np.exp(0.5 * rng.normal(size=n) - 0.125)
        valid = rng.binomial(days, np.clip(burst / (1 + np.exp(-ill)), 0, 0.95))
        pull = 0.0 if valid_share is None else carry * (valid_share - 0.05) / 0.05
        rate = 1 / (1 + np.exp(-(truant + pull + 0.8 * rng.normal(size=n))))
        invalid = rng.binomial(6 * (days - valid), rate)
        valid_share = valid / days
        halves.append((valid * minutes, invalid * (minutes // 6)))
    frames = [
        pd.DataFrame(
            {
                "pupil_key": np.arange(n) + 2**28,
                "school_key": school + 1,
                "grade": 4 + school % 3,
                "period": period,
                "n_days": days,
                "scheduled_min": days * minutes,
                "valid_min": valid,
                "invalid_min": invalid,
            }
        )
        for period, (valid, invalid) in zip((202508, 202601), halves, strict=True)
    ]
    return pd.concat(frames, ignore_index=True)


@pytest.fixture(scope="session")
def simulate() -> Callable[..., pd.DataFrame]:
    return simulate_panel
