"""What is known of a pupil before any work of a team, as regressors."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd

__all__ = ["DESCRIBED", "regressors"]

DESCRIBED = (
    "an intercept for each alarm month, absence before (linear and squared), and all and invalid "
    "absence in the alarm month"
)


def regressors(
    cases: pd.DataFrame, registry: pd.DataFrame
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Make the regressors of cases and registry.

    Parameters
    ----------
    cases, registry : pandas.DataFrame
        Columns cohort, before, alarm_total, alarm_invalid; every cohort of the cases has rows in
        the registry.

    Returns
    -------
    tuple of two numpy.ndarray of float, shape (n, k)
        Regressors of the cases and of the registry.
    """
    cohorts = np.unique(registry["cohort"])
    centre = float(registry["before"].mean())
    both = []
    for frame in (cases, registry):
        own = (frame["cohort"].to_numpy()[:, None] == cohorts).astype(float)
        before = frame["before"].to_numpy() - centre
        alarm = frame[["alarm_total", "alarm_invalid"]].to_numpy()
        both.append(np.column_stack([own, before, before**2, alarm]))
    return both[0], both[1]
