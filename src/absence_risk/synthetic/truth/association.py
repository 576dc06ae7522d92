"""The naive association of early valid and later invalid absence, and what it is made of."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from absence_risk.synthetic.truth.value import Entry, Value, from_influence, nothing

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    from absence_risk.synthetic.truth.counterfactual import Reference
    from absence_risk.synthetic.truth.tally import Tally

    Floats = npt.NDArray[np.float64]

__all__ = ["association_simulated"]

_DAYS = 60  # first and last school days
_NAIVE = (
    "odds ratio of 5 % or more invalid absence in the last 60 school days, for 10 % or more valid "
    "absence in the first 60"
)


def association_simulated(reference: Reference) -> Iterator[Entry]:
    """Yield the association as it is seen, and without each thing that makes it.

    Parameters
    ----------
    reference : Reference
        The world and its counterfactuals.

    Yields
    ------
    Entry
        Naive odds ratios of later invalid absence, which are no effects.
    """
    worlds = {
        "naive_or": ("", {}),
        "naive_or_no_cause": (" under do(β_V = 0)", {"avoidance.beta_valid": 0.0}),
        "naive_or_no_drift": (" under do(label drift = 0)", {"label.drift_per_month": 0.0}),
        "naive_or_confounding_only": (
            " under do(β_V = 0, label drift = 0)",
            {"avoidance.beta_valid": 0.0, "label.drift_per_month": 0.0},
        ),
    }
    fact = _early_late(reference.tally)
    found: dict[str, tuple[float, Floats] | None] = {}
    for name, (under, do) in worlds.items():
        flags = reference.pair(do).both(_early_late, fact)[1]
        found[name] = _log_odds_ratio(flags)
        value, part = nothing(len(flags)), found[name]
        if part is not None:
            ratio = float(np.exp(part[0]))
            value = from_influence(ratio, ratio * part[1], len(flags), reference.tally.school)
        yield Entry(
            f"escalation.{name}", _NAIVE + under, "all pupils", "odds ratio", "simulation", value
        )
    yield Entry(
        "escalation.naive_share_due_to_drift",
        "1 − log OR | do(label drift = 0) / log OR, OR the naive odds ratio",
        "all pupils",
        "share of the log odds ratio",
        "crn_paired",
        _share_of_log(found["naive_or"], found["naive_or_no_drift"], reference.tally.school),
    )


def _early_late(tally: Tally) -> npt.NDArray[np.bool_]:
    """Return who has much early valid, and who much late invalid absence, shape (n, 2)."""
    days = len(tally.world.year)
    early = tally.share("valid", 0, min(_DAYS, days)) >= 0.10
    late = tally.share("invalid", max(days - _DAYS, 0), days) >= 0.05
    return np.stack([early, late], axis=1)


def _log_odds_ratio(flags: npt.NDArray[np.bool_]) -> tuple[float, Floats] | None:
    """Return the log odds ratio of two flags and each pupil's influence on it."""
    cell = 2 * flags[:, 0].astype(np.int64) + flags[:, 1]
    count = np.bincount(cell, minlength=4).astype(np.float64)
    if not count.all():
        return None
    sign = np.array([1.0, -1.0, -1.0, 1.0])
    return float(sign @ np.log(count)), (sign / count)[cell]


def _share_of_log(
    whole: tuple[float, Floats] | None,
    left: tuple[float, Floats] | None,
    school: npt.NDArray[np.int64],
) -> Value:
    """Return 1 − left/whole of two paired logs."""
    if whole is None or left is None or whole[0] == 0:
        return nothing(len(school))
    kept = left[0] / whole[0]
    influence = (kept * whole[1] - left[1]) / whole[0]
    return from_influence(1 - kept, influence, len(school), school)
