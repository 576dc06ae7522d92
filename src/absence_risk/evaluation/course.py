"""Where the cases started, where they were to be expected, and where they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from absence_risk.result import Estimate, Table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from absence_risk.evaluation.outcomes import Outcome
    from absence_risk.evaluation.pairs import Paired

__all__ = ["course_table"]


def course_table(name: str, outcome: Outcome, cases: Paired, change: Sequence[Estimate]) -> Table:
    """Return the mean level before, that expected afterwards with no programme, and that after.

    Parameters
    ----------
    name : str
        Name of the outcome.
    outcome : Rate or Likert
        The outcome.
    cases : Paired
        The pairs behind ``change``.
    change : sequence of Estimate
        Observed, expected and beyond, as in the table "change".

    Returns
    -------
    Table
        "course": three levels in the unit of the outcome, or two where nothing is expected. The
        limits of the expected level are those of the expected change.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from absence_risk.evaluation import Rate
    >>> from absence_risk.evaluation.pairs import Paired
    >>> pairs = Paired(frame=pd.DataFrame(), pre=np.array([0.3, 0.5]), post=np.array([0.2, 0.4]),
    ...                reason=np.array(["", ""]))
    >>> change = [Estimate(term=t, estimate=e) for t, e in (("seen", -0.1), ("expected", -0.05))]
    >>> table = course_table("absence", Rate(pre="a", post="b"), pairs, change)
    >>> [round(row.estimate, 2) for row in table.rows]
    [0.4, 0.35, 0.3]
    """
    n, before = len(cases.pre), float(cases.pre.mean())
    rows = [Estimate(term="before", estimate=before, n=n)]
    expected = change[1]
    if expected.estimate is not None:
        rows.append(
            Estimate(
                term="expected afterwards with no programme (benchmark)",
                estimate=before + expected.estimate,
                conf_low=None if expected.conf_low is None else before + expected.conf_low,
                conf_high=None if expected.conf_high is None else before + expected.conf_high,
                n=n,
            )
        )
    rows.append(Estimate(term="after", estimate=float(cases.post.mean()), n=n))
    return Table(
        name="course",
        title=f"Mean {name} before and after, {outcome.unit}",
        rows=tuple(rows),
        note="Complete pairs. The limits of the expected level are those of the expected change.",
    )
