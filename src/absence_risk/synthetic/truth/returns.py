"""Return to school, endings and relapse of the team's pupils, with the team and without."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from absence_risk.synthetic.cases import ENDINGS, NEVER
from absence_risk.synthetic.truth.value import Entry, mean
from absence_risk.synthetic.truth.windows import course

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import numpy.typing as npt

    from absence_risk.synthetic.truth.counterfactual import Reference
    from absence_risk.synthetic.truth.windows import Course

    Floats = npt.NDArray[np.float64]
    Measure = Callable[[Course], Floats]

__all__ = ["STARTED", "returns_simulated"]

STARTED = "pupils whose work with the team started"
_WEEKS = (12, 20)
_WITHIN, _WITHIN_DAYS = 12, 90
_RULE = (
    "back: absence below 10 % over 4 consecutive school weeks after the start week, dated in "
    "the last of them"
)
_NONE = "the same under do(team effect = 0)"


def returns_simulated(reference: Reference) -> Iterator[Entry]:
    """Yield what happens to started cases.

    Parameters
    ----------
    reference : Reference
        The world and its counterfactuals.

    Yields
    ------
    Entry
        Estimands of claim 3. Starts are the same with and without the team's effect, which comes
        after them.
    """
    rows = reference.team
    pair = reference.pair({"team.effect": 0.0})
    fact = course(reference.tally, rows)
    # without an effect there is nobody to simulate again: the same pupils, the same days
    none = course(pair.other, np.arange(rows.size)) if pair.rows.size else fact
    school = reference.tally.school[rows]
    last = reference.world.year.n_weeks
    for weeks in _WEEKS:
        enough = fact.start + weeks < last
        whom = f"{STARTED} at least {weeks} school weeks before the year's end"
        for name, formula, unit, measure in _measures(weeks):
            a, b = (measure(one)[enough] for one in (fact, none))
            own = school[enough]
            yield Entry(name, formula, whom, unit, "simulation", mean(a, own))
            shown = f"{formula.split(';')[0]} − {_NONE}"
            rest = formula.partition(";")[2]
            yield Entry(
                f"{name}_difference",
                shown + (";" + rest if rest else ""),
                whom,
                unit,
                "crn_paired",
                mean(a - b, own),
            )
    yield from _relapses(reference, fact, school)


def _measures(weeks: int) -> Iterator[tuple[str, str, str, Measure]]:
    """Yield id, formula, unit and measure of each course for one horizon."""

    def past_closing(one: Course) -> Floats:
        return np.asarray(one.back <= one.start + weeks, dtype=np.float64)

    def back_first(one: Course) -> Floats:
        return past_closing(one) * (one.back <= one.shut)

    def time_away(one: Course) -> Floats:
        return np.asarray(np.minimum(one.back - one.start, weeks), dtype=np.float64)

    yield (
        f"return.past_closing_week_{weeks}",
        f"P(back by week {weeks}); {_RULE}; moves and other endings do not compete",
        "share",
        past_closing,
    )
    yield (
        f"return.cif_week_{weeks}",
        f"P(back by week {weeks}, and not after the case has closed); {_RULE}; endings compete",
        "share of cases",
        back_first,
    )
    yield (
        f"return.rmst_week_{weeks}",
        f"E[min(weeks until back, {weeks})]; {_RULE}; restricted mean, endings do not compete",
        "school weeks",
        time_away,
    )
    for code, ending in enumerate(ENDINGS):
        if code:
            yield (
                f"closing.cif_{ending}_week_{weeks}",
                f"P(closed as {ending.replace('_', ' ')} by week {weeks}, before any return); "
                f"{_RULE}",
                "share of cases",
                _closes_as(code, weeks),
            )


def _closes_as(code: int, weeks: int) -> Measure:
    def measure(one: Course) -> Floats:
        soon = (one.shut <= one.start + weeks) & (one.shut < one.back)
        return np.asarray(soon & (one.ending == code), dtype=np.float64)

    return measure


def _relapses(reference: Reference, fact: Course, school: npt.NDArray[np.int64]) -> Iterator[Entry]:
    year = reference.world.year
    away = "P(absence of 20 % or more over 4 consecutive school weeks"
    seen = fact.back + _WITHIN < year.n_weeks
    yield Entry(
        "return.relapse_share",
        f"{away} within {_WITHIN} weeks after return)",
        f"{STARTED} and who were back at least {_WITHIN} school weeks before the year's end",
        "share",
        "simulation",
        mean((fact.again <= fact.back + _WITHIN)[seen], school[seen]),
    )
    ends = np.searchsorted(year.week, np.arange(year.n_weeks), side="right") - 1
    date = year.dates[ends].astype(np.int64)  # last school day of each week, as a day number
    day_back, day_again = (date[np.minimum(w, year.n_weeks - 1)] for w in (fact.back, fact.again))
    seen = (fact.back < NEVER) & (day_back + _WITHIN_DAYS <= date[-1])
    soon = (fact.again < NEVER) & (day_again <= day_back + _WITHIN_DAYS)
    yield Entry(
        f"return.relapse_{_WITHIN_DAYS}_days",
        f"{away} within {_WITHIN_DAYS} calendar days after return)",
        f"{STARTED} and who were back at least {_WITHIN_DAYS} days before the year's end",
        "share",
        "simulation",
        mean(soon[seen], school[seen]),
    )
