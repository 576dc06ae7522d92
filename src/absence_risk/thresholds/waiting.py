"""Is it worth waiting one more term for data, or is it better to act now."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from absence_risk.result import Estimate, Table
from absence_risk.stats.information_value import information_value
from absence_risk.thresholds.alarm_counts import carried, count_alarms
from absence_risk.thresholds.choice import LEAST_ALARMED, open_candidates

if TYPE_CHECKING:
    import numpy.typing as npt

    from absence_risk.thresholds.calibrated import Calibration

__all__ = ["waiting_table"]

_PER = 1000
_TERMS = "later terms until waiting pays for the term lost"


def waiting_table(found: Calibration) -> Table:
    """Return what perfect knowledge and one more term of data are worth against acting now.

    Parameters
    ----------
    found : Calibration
        The calibration.

    Returns
    -------
    Table
        Named ``value_of_waiting``, per 1,000 pupils and term in units of the objective (for net
        benefit: pupils with the event found in time). One more term is taken to bring as many
        pupils' records again.
    """
    goal, sample = found.goal, found.sample
    fine = open_candidates(found.cells, goal, sample.pupils_a_month, LEAST_ALARMED)
    draws = found.resampled.value[:, fine].astype(np.float64)
    note = (
        "Gaussian approximation of the value of further data (Jalal & Alarid-Escudero 2018) with "
        "bootstrap draws in the place of a prior; bounded by the value of perfect knowledge."
    )
    rows: list[Estimate] = []
    if goal.objective != "lead_time" and np.isfinite(draws).all(axis=0).any():
        value = information_value(draws, more=1.0)
        nothing = _without_alarm(found)
        now = value.now - nothing
        n, right = _behind(found, fine, draws)
        rows = [
            Estimate(
                term="worth of acting now, in the coming term",
                estimate=_PER * now,
                n=n,
                n_events=right,
            ),
            Estimate(
                term="worth of knowing the truth, per later term", estimate=_PER * value.perfect
            ),
            Estimate(
                term="worth of one more term of data, per later term", estimate=_PER * value.more
            ),
        ]
        if value.more > 0 and now > 0:
            terms = float(np.ceil(now / value.more))
            rows.append(Estimate(term=_TERMS, estimate=terms, n=n, n_events=right))
            note = (
                "Waiting a term without an alarm pays only if the better threshold is then used "
                "for at least as many terms as the last row says. Acting now does not stop the "
                f"data from coming, but it changes what they show. {note}"
            )
    return Table(
        name="value_of_waiting",
        title="What one more term of data is worth, per 1,000 pupils, number",
        rows=tuple(rows),
        note=note,
    )


def _behind(
    found: Calibration, fine: npt.NDArray[np.bool_], draws: npt.NDArray[np.float64]
) -> tuple[int, int]:
    """Return the counts of the alarm that is best now: from its worth they can be worked out."""
    mean = np.where(np.isfinite(draws).all(axis=0), draws.mean(axis=0), -np.inf)
    rule, at = np.argwhere(fine)[int(mean.argmax())]
    return carried(count_alarms(found.cells[rule]), int(at))


def _without_alarm(found: Calibration) -> float:
    """Return the objective where nobody is alarmed."""
    if found.goal.objective == "cost":
        return -found.goal.numbers[0] * float(found.sample.event.mean())
    return 0.0
