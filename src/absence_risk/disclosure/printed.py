"""Numbers of pupils in print that nest in one another, so that a small difference tells."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from absence_risk.result import Result

__all__ = ["NESTED_N", "printed"]

NESTED_N = frozenset(
    {
        "bounds",
        "change",
        "course",
        "effect_sizes",
        "follow_up",
        "missing",
        "moderator",
        "reliable_change",
        "responders",
        "responses",
        "wellbeing",
        "wellbeing_bounds",
        "wellbeing_effect_sizes",
        "wellbeing_missing",
    }
)
"""Tables whose rows count the same pupils, before, after and with both measurements."""


def printed(result: Result) -> set[int]:
    """Return the numbers of pupils of a result that nest in one another.

    Parameters
    ----------
    result : Result
        A protected result.

    Returns
    -------
    set of int
        Its n, those of its flow and of the tables in `NESTED_N`.
    """
    rows = (row for table in result.tables if table.name in NESTED_N for row in table.rows)
    counts = {result.n, *(step.n for step in result.flow), *(row.n for row in rows)}
    return {count for count in counts if count}
