"""Change of absence and wellbeing of the team's pupils, and how much of it is the team's."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from absence_risk.synthetic.cases import NEVER
from absence_risk.synthetic.closed_forms.team import item_means
from absence_risk.synthetic.truth.returns import STARTED
from absence_risk.synthetic.truth.value import Entry, Value, exact, from_influence, mean, nothing
from absence_risk.synthetic.wellbeing import answer

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    from absence_risk.synthetic.scenario import Scenario
    from absence_risk.synthetic.truth.counterfactual import Pair, Reference
    from absence_risk.synthetic.truth.tally import Tally
    from absence_risk.synthetic.wellbeing import Answers

    Ints = npt.NDArray[np.int64]
    Floats = npt.NDArray[np.float64]

__all__ = ["absence_beyond", "wellbeing_known", "wellbeing_simulated"]

_FOLLOW = (40, 80)  # school days after the start, first and one past the last
_FOLLOW_LEAST = 20
_BASE, _BASE_LEAST = 40, 15  # school days before the alarm month
_NONE = "do(team effect = 0)"
_NO_GAIN = "do(team effect = 0, gain = 0)"
_DUE = f"{STARTED} and whose second survey was due"


def wellbeing_known(scenario: Scenario) -> Iterator[Entry]:
    """Yield what follows from the parameters of the questionnaire.

    Parameters
    ----------
    scenario : Scenario
        Section wellbeing is used.

    Yields
    ------
    Entry
        Estimands of claim 4.
    """
    plan = scenario.wellbeing
    for theta in (-2, -1, 0, 1, 2):
        yield Entry(
            f"wellbeing.score_at_theta_{theta}",
            f"E[mean of five answers 1 to 5 | latent wellbeing = {theta}], graded response",
            STARTED,
            "score points",
            "closed_form",
            exact(item_means(plan, np.array([float(theta)])).mean()),
        )
    yield Entry(
        "wellbeing.missing_before",
        "P(no answer at the first survey)",
        STARTED,
        "share",
        "closed_form",
        exact(plan.missing_before),
    )


def wellbeing_simulated(reference: Reference) -> Iterator[Entry]:
    """Yield what simulated pairs show.

    Parameters
    ----------
    reference : Reference
        The world and its counterfactuals.

    Yields
    ------
    Entry
        Estimands of claim 4.
    """
    yield from _absence(reference)
    yield from _latent(reference)
    yield from _scores(reference)


def _follow_up(tally: Tally, rows: Ints, start: Ints) -> Floats:
    """Return the absence share on school days 41 to 80 after the start, inside the year."""
    return _between(tally, rows, start + _FOLLOW[0], start + _FOLLOW[1])


def _between(tally: Tally, rows: Ints, first: Ints, end: Ints) -> Floats:
    """Return the absence share of each pupil on days of its own."""
    missed = tally.missed[rows].astype(np.int64)
    running = np.concatenate([np.zeros((len(rows), 1), np.int64), missed.cumsum(axis=1)], axis=1)
    last = running.shape[1] - 1
    low, high = np.clip(first, 0, last), np.clip(end, 0, last)
    at = np.arange(len(rows))
    days = np.maximum(high - low, 1)
    return np.asarray((running[at, high] - running[at, low]) / (days * tally.lessons[rows]))


def _pair_follow_up(reference: Reference, pair: Pair, rows: Ints) -> tuple[Floats, Floats]:
    """Return the follow-up share with the team's effect and without it."""
    start = reference.world.cases.started
    fact = _follow_up(reference.tally, rows, start[rows])
    if not pair.rows.size:
        return fact, fact
    at = np.searchsorted(pair.rows, rows)
    return fact, _follow_up(pair.other, at, start[rows])


def absence_beyond(reference: Reference) -> Value:
    """Return the paired difference of absence on school days 41 to 80 after the start.

    Parameters
    ----------
    reference : Reference
        The world and its counterfactuals.

    Returns
    -------
    Value
        Mean over started cases with at least 20 of these days inside the year.
    """
    rows = _followed(reference)
    pair = reference.pair({"team.effect": 0.0})
    fact, none = _pair_follow_up(reference, pair, rows)
    return mean(fact - none, reference.tally.school[rows])


def _followed(reference: Reference) -> Ints:
    start = reference.world.cases.started[reference.team]
    return reference.team[start + _FOLLOW[0] + _FOLLOW_LEAST <= len(reference.world.year)]


def _absence(reference: Reference) -> Iterator[Entry]:
    world, tally = reference.world, reference.tally
    yield Entry(
        "wellbeing.absence_change_beyond",
        "E[absence share on school days 41–80 after the start] − E[the same | do(team effect = 0)]",
        f"{STARTED} with at least 20 of these days inside the year",
        "share",
        "crn_paired",
        absence_beyond(reference),
    )
    alarm = world.year.month[world.cases.detected[reference.team]]
    first_of_month = np.searchsorted(world.year.month, alarm, side="left").astype(np.int64)
    after_month = np.searchsorted(world.year.month, alarm, side="right").astype(np.int64)
    followed = np.isin(reference.team, _followed(reference))
    use = followed & (np.minimum(first_of_month, _BASE) >= _BASE_LEAST)
    rows, first_of_month, after_month = reference.team[use], first_of_month[use], after_month[use]
    before = _between(tally, rows, first_of_month - _BASE, first_of_month)
    month = _between(tally, rows, first_of_month, after_month)
    pair = reference.pair({"team.effect": 0.0})
    whom = f"{STARTED}, with 15 school days before the alarm month and 20 of the follow-up"
    after = "E[absence share on school days 41–80 after the start"
    school = tally.school[rows]
    for suffix, do, share in zip(
        ("", "_no_team"), ("", f" | {_NONE}"), _pair_follow_up(reference, pair, rows), strict=True
    ):
        yield Entry(
            f"wellbeing.absence_change_naive{suffix}",
            f"{after} less that of the 40 days before the alarm month{do}]",
            whom,
            "share",
            "simulation",
            mean(share - before, school),
        )
        yield Entry(
            f"wellbeing.absence_change_from_alarm{suffix}",
            f"{after} less that of the alarm month{do}]: regression to the mean included",
            whom,
            "share",
            "simulation",
            mean(share - month, school),
        )
        yield Entry(
            f"wellbeing.share_less_absence{suffix}",
            "P(less absence on school days 41–80 after the start than in the 40 days before the "
            f"alarm month{do})",
            whom,
            "share",
            "simulation",
            mean(share < before, school),
        )


def _latent(reference: Reference) -> Iterator[Entry]:
    """Yield change of latent wellbeing, with the team and without."""
    found, none, school = _answers(reference)
    due = ~np.isnan(found.theta[:, 1])
    both = due & ~np.isnan(none.theta[:, 1])
    yield Entry(
        "wellbeing.theta_beyond",
        f"E[latent wellbeing at the second survey] − E[the same | {_NO_GAIN}]",
        f"{_DUE} in both worlds",
        "latent SD units",
        "crn_paired",
        mean((found.theta[:, 1] - none.theta[:, 1])[both], school[both]),
    )
    for suffix, do, one, use in (
        ("", "", found, due),
        ("_no_team", f" | {_NO_GAIN}", none, ~np.isnan(none.theta[:, 1])),
    ):
        yield Entry(
            f"wellbeing.theta_change{suffix}",
            f"E[latent wellbeing, second survey less first{do}]",
            _DUE,
            "latent SD units",
            "simulation",
            mean((one.theta[:, 1] - one.theta[:, 0])[use], school[use]),
        )


def _answers(reference: Reference) -> tuple[Answers, Answers, npt.NDArray[np.int64]]:
    """Return the surveys with and without the team's effect and gain, and the schools."""
    pair = reference.pair({"team.effect": 0.0, "wellbeing.team_gain": 0.0})
    found = answer(reference.world)
    none = answer(pair.other.world) if pair.rows.size else found
    return found, none, reference.tally.school[found.rows]


def _scores(reference: Reference) -> Iterator[Entry]:
    """Yield change of the score, with everyone's answers and with those that came in."""
    found, none, school = _answers(reference)
    due = found.day[:, 1] < NEVER
    answered = due & (found.missing < 0).all(axis=1)
    score = found.response.mean(axis=2)
    change = score[:, 1] - score[:, 0]
    yield Entry(
        "wellbeing.missing_follow_up",
        "share without an answer at the second survey",
        _DUE,
        "share",
        "simulation",
        mean(found.missing[due, 1] >= 0, school[due]),
    )
    whom = f"{_DUE}, answered or not"
    yield Entry(
        "wellbeing.score_change",
        "E[mean of five answers, second survey less first]",
        whom,
        "score points",
        "simulation",
        mean(change[due], school[due]),
    )
    without = none.response.mean(axis=2)
    due_without = none.day[:, 1] < NEVER
    yield Entry(
        "wellbeing.score_change_no_team",
        f"E[mean of five answers, second survey less first | {_NO_GAIN}]",
        whom,
        "score points",
        "simulation",
        mean((without[:, 1] - without[:, 0])[due_without], school[due_without]),
    )
    yield Entry(
        "wellbeing.score_change_answered",
        "E[mean of five answers, second survey less first | both answered]",
        f"{_DUE} and who answered both",
        "score points",
        "simulation",
        mean(change[answered], school[answered]),
    )
    yield Entry(
        "wellbeing.score_change_attrition",
        "E[change of score | both answered] − E[change of score]: what missing answers add",
        whom,
        "score points",
        "simulation",
        _selected_less_all(change[due], answered[due], school[due]),
    )


def _selected_less_all(
    values: Floats, selected: npt.NDArray[np.bool_], school: npt.NDArray[np.int64]
) -> Value:
    """Return the mean of the selected less the mean of all."""
    n = len(values)
    if selected.sum() < 2:
        return nothing(int(selected.sum()))
    whole, part = float(values.mean()), float(values[selected].mean())
    influence = selected * (values - part) / selected.sum() - (values - whole) / n
    return from_influence(part - whole, influence, n, school)
