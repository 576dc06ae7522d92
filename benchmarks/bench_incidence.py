"""Aalen–Johansen with standard errors on a million weekly rows, against named peers.

Run: python benchmarks/bench_incidence.py. CPU seconds (user + system), best of 5; peers that are
not installed are left out.
"""

from __future__ import annotations

import time
import warnings
from typing import TYPE_CHECKING

import numpy as np

from absence_risk.stats.incidence import aalen_johansen
from absence_risk.stats.weighted_incidence import (
    batched_incidence,
    bootstrap_weights,
    unit_counts,
)

if TYPE_CHECKING:
    from collections.abc import Callable


def cpu(task: Callable[[], object], repeats: int = 5) -> float:
    """Return the best CPU time of some runs."""
    best = float("inf")
    for _ in range(repeats):
        begin = time.process_time()
        task()
        best = min(best, time.process_time() - begin)
    return best


def weekly(n: int, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Return durations of 1–40 school weeks and endings 0–4."""
    rng = np.random.default_rng(seed)
    ended, stop = rng.geometric(0.07, n), rng.integers(5, 41, n)
    event = np.where(ended <= stop, rng.integers(1, 5, n), 0)
    return np.minimum(ended, stop), event


def statsmodels_peer(duration: np.ndarray, event: np.ndarray) -> Callable[[], object]:
    """Return the same task in statsmodels (standard errors included, no late entry)."""
    from statsmodels.duration.survfunc import CumIncidenceRight  # noqa: PLC0415

    weeks = duration.astype(float)
    return lambda: CumIncidenceRight(weeks, event)


def main() -> None:
    """Print one line per task."""
    duration, event = weekly(1_000_000)
    own = cpu(lambda: aalen_johansen(duration, event))
    print(f"AJ + SE, 1e6 weekly rows           absence_risk {own:.4f} s")
    peer = cpu(statsmodels_peer(duration, event))
    print(f"AJ + SE, 1e6 weekly rows           statsmodels  {peer:.4f} s  ratio {peer / own:.1f}")
    try:
        from lifelines import AalenJohansenFitter  # noqa: PLC0415
    except ImportError:
        print("lifelines is not installed")
    else:
        fitter = AalenJohansenFitter(seed=1)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            one = cpu(lambda: fitter.fit(duration, event, event_of_interest=1), 2)
        print(f"AJ + SE, one of 4 endings          lifelines    {one:.4f} s  ratio {one / own:.1f}")
    days = duration + np.random.default_rng(2).random(len(duration))
    some = slice(0, 100_000)
    cont = cpu(lambda: aalen_johansen(days[some], event[some]))
    print(f"AJ + SE, 1e5 continuous times      absence_risk {cont:.4f} s")
    small, kind = weekly(180, seed=3)

    def bootstrap() -> object:
        counts = unit_counts(np.arange(180), small, kind, n_units=180, n_weeks=40)
        return batched_incidence(bootstrap_weights(180, 2000, np.random.default_rng(4)), counts)

    print(f"2,000 bootstraps of n = 180         absence_risk {cpu(bootstrap):.4f} s")


if __name__ == "__main__":
    main()
