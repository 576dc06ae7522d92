"""What the steps of a staircase say about later absence, and how many alarms they cost."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from absence_risk import check
from absence_risk.errors import DesignError
from absence_risk.policy.replay import replay
from absence_risk.result import Estimate, Table
from absence_risk.stats.bootstrap import cluster_weights, percentile_interval
from absence_risk.stats.operating import (
    Share,
    count_cells,
    exact_interval,
    operating_shares,
)
from absence_risk.thresholds.wording import per_cent

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from absence_risk.policy.replay import Replay
    from absence_risk.policy.staircase import Staircase
    from absence_risk.register.cube import Cube
    from absence_risk.stats.operating import Numbers

__all__ = ["BENCHMARK_TERM", "operating_points"]

BENCHMARK_TERM = "PPV of an alarm without information"
_TERMS: tuple[tuple[Share, str], ...] = (
    ("sensitivity", "sensitivity"),
    ("specificity", "specificity"),
    ("ppv", "PPV"),
    ("flagged", "share of pupils flagged"),
)
_PER = 1000
_LEAK = (
    "event_in must lie wholly after alarms_in, or the alarm would see what it is to predict: "
    "{alarms} has school days on or after the first day of {event}."
)
_ONE_SCHOOL = (
    "The interval comes from drawing schools, so at least 2 schools are needed, got {n}. Pass a "
    "finer grouping, such as the class, as schools."
)
_NO_CONTRAST = (
    "{what} of the {n} pupils reach {at:g} of absence in {terms}, so nothing can be told about "
    "who does. Choose another event_at or a longer event_in."
)


@dataclass(frozen=True, eq=False)
class _Draws:
    """Schools as codes, and how often each bootstrap sample holds them."""

    codes: npt.NDArray[np.int64]
    weights: npt.NDArray[np.int64]
    conf_level: float

    @property
    def n_schools(self) -> int:
        return int(self.weights.shape[1])


def operating_points(
    cube: Cube,
    staircase: Staircase,
    *,
    schools: npt.ArrayLike,
    alarms_in: Sequence[str] = ("HT",),
    event_in: Sequence[str] = ("VT",),
    event_at: float = 0.20,
    min_days: int = 10,
    replicates: int = 1000,
    random_state: int = 0,
    conf_level: float = 0.95,
) -> tuple[Table, Table]:
    """Measure what reaching a step says about later absence, and the alarms it costs.

    A pupil is flagged at a step if any month of the earlier term reaches it. The event is total
    absence of at least ``event_at`` over the later term: nothing of the later term enters the
    alarm. Intervals are percentiles over bootstrap samples of whole schools.

    Parameters
    ----------
    cube : Cube
        Recorded absence.
    staircase : Staircase
        Monthly steps; its numerator decides which absence raises an alarm.
    schools : array-like, shape (n_pupils,)
        School of each row of the cube.
    alarms_in, event_in : sequence of str
        Terms of the calendar in which alarms are raised, and over which the event is measured.
    event_at : float
        Share of total absence that counts as the event, in (0, 1].
    min_days : int
        Months with fewer school days are left out: in a short month two sick days reach a step.
        0 keeps all months.
    replicates : int
        Number of bootstrap samples.
    random_state : int
        Seed.
    conf_level : float
        Confidence level in (0, 1).

    Returns
    -------
    operating_points : Table
        Per step the sensitivity, specificity, PPV (share of flagged pupils who have the event) and
        share of pupils flagged, with ``n`` the denominator and ``n_events`` the numerator; last the
        benchmark, the PPV of an alarm without information, which is the prevalence of the event.
    alarms : Table
        Per month of the whole year and per step the alarms per 1,000 pupils; ``n`` pupils and
        ``n_events`` alarms.

    Raises
    ------
    ValueError
        If a share is no share, a term is not in the calendar, the event overlaps the alarms, the
        staircase is not monthly, or ``schools`` does not fit the cube.
    DesignError
        If there are fewer than two schools, no month is long enough, or nobody or everybody has the
        event.

    Notes
    -----
    Where all samples agree (no alarm at all) or a share does not exist in more than 5 % of them,
    the exact binomial interval is given instead, because a bootstrap of zeros has no width.
    """
    check.proportion(event_at, "event_at")
    check.probability(conf_level, "conf_level")
    if (staircase.window, staircase.unit) != ("month", "percent"):
        raise ValueError(
            "the staircase must be monthly and count shares, got the window "
            f"{staircase.window!r} and the unit {staircase.unit!r}."
        )
    early = _term_days(cube, alarms_in, "alarms_in")
    late = _term_days(cube, event_in, "event_in")
    if early.nonzero()[0][-1] >= late.nonzero()[0][0]:
        raise ValueError(_LEAK.format(alarms=", ".join(alarms_in), event=", ".join(event_in)))
    rng = np.random.default_rng(check.seed(random_state))
    draws = _draw_schools(schools, cube, check.positive_int(replicates, "replicates"), rng)
    draws = dataclasses.replace(draws, conf_level=conf_level)
    played = replay(cube, staircase)
    usable = _months(cube, np.ones_like(early), min_days)
    note = _note(cube, staircase, min_days)
    points = _points(
        cube, played, draws, months=_months(cube, early, min_days), late=late, event_at=event_at
    )
    title = (
        f"What reaching a step in {', '.join(alarms_in)} says about absence of at least "
        f"{per_cent(event_at)} in {', '.join(event_in)} (shares)"
    )
    return (
        Table(name="operating_points", title=title, rows=points, note=_POINTS_NOTE + note),
        Table(
            name="alarms",
            title="Pupils who reach a step, per 1,000 pupils and month (time: yyyymm)",
            rows=_alarm_rows(cube, played, draws, usable),
            note=note,
        ),
    )


_POINTS_NOTE = (
    "PPV: share of flagged pupils who have the event. An alarm without information would be right "
    "as often as the event occurs. Pupils without school days in either term are not counted. "
)


def _note(cube: Cube, staircase: Staircase, min_days: int) -> str:
    definition = dataclasses.replace(
        cube.definition,
        numerator=staircase.numerator,
        window=staircase.window,
    )
    short = f" Months with fewer than {min_days} school days are left out." if min_days else ""
    return (
        f"Staircase {staircase.name}; {definition.describe()}; the event counts total absence. "
        f"Intervals: bootstrap of whole schools.{short}"
    )


def _term_days(cube: Cube, terms: Sequence[str], name: str) -> npt.NDArray[np.bool_]:
    """Return which school days lie in the terms."""
    labels = cube.calendar.labels("term")
    known = dict.fromkeys(str(term) for term in labels)
    wanted = [terms] if isinstance(terms, str) else list(terms)
    if not wanted:
        raise ValueError(f"{name} must name at least one term of {', '.join(known)}.")
    for term in wanted:
        check.choice(term, tuple(known), name)
    return np.isin(labels, wanted)


def _months(cube: Cube, days: npt.NDArray[np.bool_], min_days: int) -> npt.NDArray[np.bool_]:
    """Return which months lie wholly on the given days and have enough of them."""
    labels, inverse = np.unique(cube.calendar.month, return_inverse=True)
    total = np.bincount(inverse, minlength=len(labels))
    inside = np.bincount(inverse, weights=days, minlength=len(labels))
    usable = (inside == total) & (total >= min_days)
    if not usable.any():
        raise DesignError(
            f"No month has at least {min_days} school days within the terms; the longest has "
            f"{int(inside.max())}. Lower min_days or name more terms."
        )
    return np.asarray(usable)


def _draw_schools(
    schools: npt.ArrayLike, cube: Cube, replicates: int, rng: np.random.Generator
) -> _Draws:
    import pandas as pd  # noqa: PLC0415 (importing a claim must stay quick)

    column = pd.Series(schools)
    if len(column) != cube.n_pupils:
        raise ValueError(f"schools must name {cube.n_pupils} rows of the cube, got {len(column)}.")
    codes, names = pd.factorize(column, sort=True)
    if (codes < 0).any():
        raise ValueError("schools must not have missing values.")
    if len(names) < 2:
        raise DesignError(_ONE_SCHOOL.format(n=len(names)))
    weights = cluster_weights(len(names), replicates, rng)
    return _Draws(np.asarray(codes, dtype=np.int64), weights, 0.95)


def _points(
    cube: Cube,
    played: Replay,
    draws: _Draws,
    *,
    months: npt.NDArray[np.bool_],
    late: npt.NDArray[np.bool_],
    event_at: float,
) -> tuple[Estimate, ...]:
    scheduled = cube.scheduled[:, late].sum(axis=1, dtype=np.int64)
    absent = (cube.valid[:, late].sum(axis=1, dtype=np.int64)) + (
        cube.invalid[:, late].sum(axis=1, dtype=np.int64)
    )
    early = np.isin(cube.calendar.month, played.labels[months])
    followed = (scheduled > 0) & (cube.scheduled[:, early] > 0).any(axis=1)
    rate = absent[followed] / scheduled[followed]
    event = rate >= event_at
    if event.all() or not event.any():
        what = "None" if not event.any() else "All"
        terms = ", ".join(dict.fromkeys(str(t) for t in cube.calendar.labels("term")[late]))
        raise DesignError(_NO_CONTRAST.format(what=what, n=len(event), at=event_at, terms=terms))
    cells = count_cells(
        played.step[followed][:, months].max(axis=1),
        event,
        draws.codes[followed],
        n_steps=len(played.staircase.steps),
        n_clusters=draws.n_schools,
    )
    return _point_rows(cells, played, draws)


def _point_rows(
    cells: npt.NDArray[np.int64], played: Replay, draws: _Draws
) -> tuple[Estimate, ...]:
    resampled = (draws.weights @ cells.reshape(len(cells), -1)).reshape(-1, *cells.shape[1:])
    observed, simulated = operating_shares(cells.sum(axis=0)), operating_shares(resampled)
    rows = []
    for k, step in enumerate(played.staircase.steps):
        for share, term in _TERMS:
            pair = (observed[share][0][k], observed[share][1][k])
            sampled = (simulated[share][0][:, k], simulated[share][1][:, k])
            rows.append(_share_row(term, pair, sampled, draws, threshold=step.at))
    pair = (observed["prevalence"][0][0], observed["prevalence"][1][0])
    sampled = (simulated["prevalence"][0][:, 0], simulated["prevalence"][1][:, 0])
    return (*rows, _share_row(BENCHMARK_TERM, pair, sampled, draws))


def _share_row(
    term: str,
    observed: tuple[np.number, np.number],
    sampled: tuple[Numbers, Numbers],
    draws: _Draws,
    *,
    per: int = 1,
    threshold: float | None = None,
    time: float | None = None,
) -> Estimate:
    """Return a share with its bootstrap interval, or an exact one where there is no spread."""
    top, bottom = int(observed[0]), int(observed[1])
    if bottom == 0:
        return Estimate(term=term, time=time, threshold=threshold, n=0, n_events=0)
    shares = np.full(len(sampled[0]), np.nan)
    np.divide(sampled[0], sampled[1], out=shares, where=sampled[1] > 0)
    low, high = (float(limit) for limit in percentile_interval(shares, draws.conf_level))
    if not low < high:
        low, high = exact_interval(top, bottom, draws.conf_level)
    return Estimate(
        term=term,
        time=time,
        threshold=threshold,
        estimate=per * top / bottom,
        conf_low=per * low,
        conf_high=per * high,
        n=bottom,
        n_events=top,
    )


def _alarm_rows(
    cube: Cube, played: Replay, draws: _Draws, months: npt.NDArray[np.bool_]
) -> tuple[Estimate, ...]:
    present = cube.totals(played.staircase.window).scheduled > 0
    n = _by_school(present, draws)
    resampled_n = draws.weights @ n
    rows = []
    for k, step in enumerate(played.staircase.steps):
        alarms = _by_school(played.step > k, draws)
        resampled = draws.weights @ alarms
        for month in np.flatnonzero(months & (n.sum(axis=0) > 0)):
            rows.append(
                _share_row(
                    "alarms per 1,000 pupils",
                    (alarms[:, month].sum(), n[:, month].sum()),
                    (resampled[:, month], resampled_n[:, month]),
                    draws,
                    per=_PER,
                    threshold=step.at,
                    time=float(played.labels[month]),
                )
            )
    return tuple(rows)


def _by_school(flags: npt.NDArray[np.bool_], draws: _Draws) -> npt.NDArray[np.int64]:
    """Count flags per school, shape (schools, columns)."""
    order = np.argsort(draws.codes, kind="stable")
    starts = np.searchsorted(draws.codes[order], np.arange(draws.n_schools))
    return np.add.reduceat(flags[order], starts, axis=0, dtype=np.int64)
