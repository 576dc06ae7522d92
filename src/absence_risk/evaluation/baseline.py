"""Whether two groups were alike before: standardised differences and the classes of the WWC."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal

import numpy as np

from absence_risk.result import Estimate, Table

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]

__all__ = [
    "EquivalenceClass",
    "baseline_equivalence",
    "equivalence_class",
    "standardised_difference",
]

EquivalenceClass = Literal["satisfied", "adjust", "fails"]
_FINE, _LARGEST = 0.05, 0.25


def equivalence_class(difference: float) -> EquivalenceClass:
    """Return the class of a standardised difference before the start.

    At most 0.05 is satisfied, up to 0.25 needs statistical adjustment, more fails (What Works
    Clearinghouse, baseline equivalence, ies.ed.gov/ncee/wwc/Document/256).

    Parameters
    ----------
    difference : float
        Hedges' g, or Cox's index for a binary measure.

    Returns
    -------
    {"satisfied", "adjust", "fails"}
        The class.

    Examples
    --------
    >>> equivalence_class(0.05), equivalence_class(-0.2), equivalence_class(0.26)
    ('satisfied', 'adjust', 'fails')
    """
    size = abs(difference)
    if math.isnan(size) or size > _LARGEST:
        return "fails"
    return "satisfied" if size <= _FINE else "adjust"


def standardised_difference(
    x: Floats, treated: npt.NDArray[np.bool_], weights: Floats | None = None
) -> float:
    """Return Hedges' g of a measure between two groups, or Cox's index where it is binary.

    g = ω (m₁ − m₀)/s with the pooled SD s, and Cox's index ω (logit p₁ − logit p₀)/1.65, both
    with ω = 1 − 3/(4N − 9) (What Works Clearinghouse Procedures Handbook). Weights move means,
    never s, so that figures before and after weighting have the same scale.

    Parameters
    ----------
    x : numpy.ndarray of float64, shape (n,)
        The measure.
    treated : numpy.ndarray of bool, shape (n,)
        Who has the programme.
    weights : numpy.ndarray of float64, shape (n,), or None
        Weights of the rows.

    Returns
    -------
    float
        The difference; infinite where only one group varies in a binary measure, or the measure
        is constant within two groups that differ.

    Examples
    --------
    >>> x = np.array([1.0, 2.0, 3.0, 4.0])
    >>> round(standardised_difference(x, np.array([False, False, True, True])), 4)
    1.6162
    """
    w = np.ones(len(x)) if weights is None else weights
    n1, n0 = int(treated.sum()), int((~treated).sum())
    one, zero = (float(np.average(x[arm], weights=w[arm])) for arm in (treated, ~treated))
    if abs(one - zero) <= 1e-14 * max(1.0, abs(one)):
        return 0.0
    omega = 1 - 3 / (4 * (n1 + n0) - 9)
    if np.isin(x, (0.0, 1.0)).all():
        if min(one, zero) <= 0 or max(one, zero) >= 1:
            return math.copysign(math.inf, one - zero)
        odds = math.log(one / (1 - one)) - math.log(zero / (1 - zero))
        return omega * odds / 1.65
    squares = (n1 - 1) * x[treated].var(ddof=1) + (n0 - 1) * x[~treated].var(ddof=1)
    spread = math.sqrt(squares / (n1 + n0 - 2))
    if spread == 0:
        return math.copysign(math.inf, one - zero)
    return omega * (one - zero) / spread


def _arm(treated: npt.ArrayLike) -> npt.NDArray[np.bool_]:
    """Return who has the programme as true or false; numbers would be read as places."""
    arm = np.asarray(treated)
    if arm.ndim != 1 or not np.isin(arm, (0, 1)).all():
        raise ValueError("treated must be true or false (1 or 0) in every row.")
    if min((arm == 1).sum(), (arm == 0).sum()) < 2:
        raise ValueError("Each arm needs at least 2 rows to be compared.")
    return np.asarray(arm == 1)


def baseline_equivalence(
    measures: Floats,
    names: Sequence[str],
    treated: npt.NDArray[np.bool_],
    weights: Floats | None = None,
) -> Table:
    """Return the standardised difference of each measure with its class: the data of a Love plot.

    Parameters
    ----------
    measures : numpy.ndarray of float64, shape (n, k)
        Measures before the start.
    names : sequence of str
        Their names.
    treated : numpy.ndarray of bool, shape (n,)
        Who has the programme.
    weights : numpy.ndarray of float64, shape (n,), or None
        Weights of a matched or weighted comparison; without them only "before" is given.

    Returns
    -------
    Table
        Rows with term (measure), group ("before" or "after" weighting, and the class) and
        estimate; None where the difference has no limit.

    Raises
    ------
    ValueError
        If the shapes do not fit, ``treated`` is not true or false, or an arm has fewer than two
        rows.

    Examples
    --------
    >>> x = np.array([[1.0], [2.0], [3.0], [4.0]])
    >>> table = baseline_equivalence(x, ["age"], np.array([False, True, False, True]))
    >>> table.rows[0].group
    'before: fails'
    """
    measured, arm = np.asarray(measures, dtype=np.float64), _arm(treated)
    if measured.ndim != 2 or measured.shape != (len(arm), len(names)):
        raise ValueError(
            f"measures must be a table of {len(arm)} rows and {len(names)} columns, got shape "
            f"{measured.shape}."
        )
    rows = []
    stages = [("before", None)] + ([] if weights is None else [("after", weights)])
    for name, x in zip(names, measured.T, strict=True):
        for stage, w in stages:
            value = standardised_difference(x, arm, w)
            shown = value if math.isfinite(value) else None
            group = f"{stage}: {equivalence_class(value)}"
            rows.append(Estimate(term=name, group=group, estimate=shown, n=len(x)))
    return Table(
        name="baseline",
        title="Standardised difference before the start, programme minus comparison",
        rows=tuple(rows),
        note="Hedges' g, Cox's index for binary measures; at most 0.05 satisfied, up to 0.25 "
        "adjust, more fails (What Works Clearinghouse).",
    )
