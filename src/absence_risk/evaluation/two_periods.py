"""Difference-in-differences of two groups over two windows, from pupils or from four means."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from absence_risk import check
from absence_risk.evaluation.adjusted_change import held_back_by
from absence_risk.evaluation.baseline import baseline_equivalence
from absence_risk.evaluation.comparison_result import (
    NOT_SAME_RULE,
    Better,
    Reading,
    Words,
    comparison_result,
    t_row,
)
from absence_risk.evaluation.comparison_rows import arms_of, numbers_of
from absence_risk.result import Estimate, FlowStep, Table
from absence_risk.stats.did import contrast_arms

if TYPE_CHECKING:
    import pandas as pd

    from absence_risk.result import Result

__all__ = ["difference_in_differences", "difference_in_differences_of_means"]

_FORMULA = "(after − before) with the programme, minus (after − before) in the comparison group"
_PARALLEL = (
    "It takes it that both groups would have changed alike without the programme; two windows "
    "cannot show whether that holds."
)


def difference_in_differences(
    frame: pd.DataFrame,
    *,
    pre: str,
    post: str,
    treated: str,
    same_rule: bool,
    id: str = "pupil_key",  # noqa: A002 (the word of the call shape)
    cluster: str | None = None,
    better: Better = "lower",
    margin: float = 0.0,
    unit: str = "units of the outcome",
    definition: str = "outcome and windows as given by the user",
    conf_level: float = 0.95,
) -> Result:
    """Compare the change of two groups over the same two windows.

    The estimate is a difference of two mean changes with CR2 errors and Satterthwaite degrees of
    freedom. Against pupils not chosen by the same rule it does not repair regression to the mean:
    with nothing done, pupils referred in a bad month come out 13.8 to 17.3 points better than all
    others (measured, METHODS-evaluation 2.3), so False holds the verdict back.

    Parameters
    ----------
    frame : pandas.DataFrame
        One row per pupil of both groups; rows with a missing measure are counted and left out.
    pre, post, treated : str
        Columns of the outcome before and after, and of who has the programme.
    same_rule : bool
        Whether the comparison group was chosen by the same rule, over the same window.
    id : str
        Column of the pupil's key.
    cluster : str or None
        Column whose groups may depend within.
    better : {"lower", "higher"}
        Direction of improvement.
    margin : float
        Difference too small to matter, in units of the outcome.
    unit, definition : str
        Unit of the outcome, and outcome and windows in words.
    conf_level : float
        Confidence level, in (0, 1).

    Returns
    -------
    Result
        Tables "change", "arms" (means by arm and window) and "baseline".

    Raises
    ------
    DesignError
        If an arm has fewer than five complete pupils.
    ValueError
        If a column is missing or wrong, or a key stands twice.

    Examples
    --------
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"pupil_key": range(12), "treated": [1, 0] * 6,
    ...     "pre": [9, 9, 8, 8, 9, 9, 7, 7, 8, 8, 9, 9],
    ...     "post": [5, 8, 4, 8, 6, 8, 3, 6, 5, 7, 4, 9]})
    >>> found = difference_in_differences(frame, pre="pre", post="post", treated="treated",
    ...     same_rule=True, unit="days")
    >>> round(found.beyond.estimate, 3), found.verdict.answer
    (-3.167, 'supported')
    """
    reading = Reading(
        better=better, margin=margin, unit=unit, definition=definition, conf_level=conf_level
    )
    arms = arms_of(frame, id=id, treated=treated, measured=[pre, post], cluster=cluster)
    values = numbers_of(arms.frame, [pre, post])
    change, n_clusters = values[:, 1] - values[:, 0], int(arms.codes.max()) + 1
    sides = (arms.treated, ~arms.treated)
    counts = np.column_stack([np.bincount(arms.codes[s], minlength=n_clusters) for s in sides])
    sums = np.column_stack(
        [np.bincount(arms.codes[s], change[s], n_clusters) for s in sides]
    ).astype(np.float64)
    n1, n0 = arms.n_treated, len(change) - arms.n_treated
    found = [
        (term, contrast_arms(counts.astype(np.float64), sums, np.array(c)), n)
        for term, c, n in (
            ("observed", (1.0, 0.0), n1),
            ("expected from the comparison group", (0.0, 1.0), n0),
            ("difference", (1.0, -1.0), n1 + n0),
        )
    ]
    one, two, three = (
        t_row(term, x.estimate, x.std_error, x.df, conf_level, n=n, test=term == "difference")
        for term, x, n in found
    )
    means = tuple(
        Estimate(term=term, group=group, estimate=float(values[side, k].mean()), n=int(side.sum()))
        for group, side in (("programme", arms.treated), ("comparison", ~arms.treated))
        for k, term in enumerate(("before", "after"))
    )
    return comparison_result(
        _words(f"CR2 errors with Satterthwaite degrees of freedom, {arms.clustered}"),
        (one, two, three),
        reading,
        held_back=held_back_by(same_rule, arms, values[:, 0], pre),
        reasons=(*arms.notes, _PARALLEL),
        n=len(change),
        flow=arms.flow,
        tables=(
            Table(name="arms", title=f"Mean by arm and window, in {unit}", rows=means),
            baseline_equivalence(values[:, :1], [pre], arms.treated),
        ),
    )


def difference_in_differences_of_means(
    *,
    programme: tuple[float, float],
    comparison: tuple[float, float],
    n: tuple[int, int],
    same_rule: bool,
    std_errors: tuple[float, float] | None = None,
    better: Better = "lower",
    margin: float = 0.0,
    unit: str = "units of the outcome",
    definition: str = "as published",
    conf_level: float = 0.95,
) -> Result:
    """Compare the change of two groups from four published means.

    Parameters
    ----------
    programme, comparison : (float, float)
        Mean before and after in each group.
    n : (int, int)
        Pupils with the programme and in the comparison group.
    same_rule : bool
        Whether the comparison group was chosen by the same rule, over the same window.
    std_errors : (float, float) or None
        Standard error of the mean change in each group; without them there is no interval.
    better : {"lower", "higher"}
        Direction of improvement.
    margin : float
        Difference too small to matter.
    unit, definition : str
        Unit of the outcome, and outcome and windows in words.
    conf_level : float
        Confidence level, in (0, 1).

    Returns
    -------
    Result
        Tables "change" and "arms". With standard errors, a t interval with Welch's degrees of
        freedom, pupils taken as independent; without, the verdict is "undecidable".

    Raises
    ------
    ValueError
        If a number is out of range.

    Examples
    --------
    >>> found = difference_in_differences_of_means(
    ...     programme=(8.5, 4.9), comparison=(9.9, 8.9), n=(493, 445), same_rule=True, unit="days")
    >>> round(found.estimate.estimate, 6), round(found.beyond.estimate, 6), found.verdict.answer
    (-3.6, -2.6, 'undecidable')
    """
    reading = Reading(
        better=better, margin=margin, unit=unit, definition=definition, conf_level=conf_level
    )
    if min(n) < 2:
        raise ValueError(f"Each group needs at least 2 pupils, got {n[0]} and {n[1]}.")
    if not all(math.isfinite(x) for x in (*programme, *comparison)):
        raise ValueError("All four means must be known.")
    errors: tuple[float | None, float | None, float | None] = (None, None, None)
    freedom: tuple[float | None, float | None, float | None] = (None, None, None)
    if std_errors is not None:
        if not min(std_errors) > 0:
            raise ValueError("Standard errors must be above 0.")
        v1, v0 = (e**2 for e in std_errors)
        errors = (*std_errors, math.sqrt(v1 + v0))
        welch = (v1 + v0) ** 2 / (v1**2 / (n[0] - 1) + v0**2 / (n[1] - 1))
        freedom = (n[0] - 1, n[1] - 1, welch)
    changes = [after - before for before, after in (programme, comparison)]
    values = (changes[0], changes[1], changes[0] - changes[1])
    terms = ("observed", "expected from the comparison group", "difference")
    one, two, three = (
        t_row(terms[k], values[k], errors[k], freedom[k], conf_level, n=size, test=k == 2)
        for k, size in enumerate((*n, sum(n)))
    )
    means = tuple(
        Estimate(term=term, group=group, estimate=pair[k], n=size)
        for group, pair, size in (("programme", programme, n[0]), ("comparison", comparison, n[1]))
        for k, term in enumerate(("before", "after"))
    )
    gap = programme[0] - comparison[0]
    differ = f"The groups stood {abs(gap):.3g} {unit} apart before the start." if gap else ""
    how = "published means" + ("" if std_errors is None else ", Welch's t, pupils independent")
    return comparison_result(
        _words(how),
        (one, two, three),
        reading,
        held_back=() if check.flag(same_rule, "same_rule") else (NOT_SAME_RULE,),
        reasons=tuple(reason for reason in (differ, _PARALLEL) if reason),
        n=sum(n),
        flow=(
            FlowStep(step="with the programme", n=n[0]),
            FlowStep(step="in the comparison group", n=n[1]),
        ),
        tables=(Table(name="arms", title=f"Mean by arm and window, in {unit}", rows=means),),
    )


def _words(how: str) -> Words:
    return Words(
        id="evaluation.difference_in_differences",
        formula=_FORMULA,
        population="pupils with the programme and both measures known",
        benchmark_is="the change of the comparison group over the same two windows",
        against="the comparison group",
        method=f"difference of two mean changes; {how}",
    )
