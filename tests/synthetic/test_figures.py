"""Figures of official statistics, measured on a small world, against loops over its days."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from absence_risk.synthetic import simulate
from absence_risk.synthetic.days import ILLNESS, INVALID
from absence_risk.synthetic.figures import COUNTED, KINDS, Figure, measure


@pytest.fixture(scope="module")
def world():
    return simulate("england_2016", pupils=300, seed=4)


def parts(world, pupil, day, counted):
    """Which parts of a day count as absent, by the words of the statistic."""
    missed, lessons = int(world.days.missed[pupil, day]), int(world.pupils.lessons[pupil])
    if counted == "minutes":
        return [missed.bit_count() / lessons]
    afternoon = (lessons + 1) // 2
    first = [0] if counted == "start_of_day" else [0, afternoon]
    return [float(missed >> lesson & 1) for lesson in first]


def by_hand(world, figure, counted, code=None):
    """One row per pupil of the figure's grades and term: absent parts of each day."""
    rows = [k for k, grade in enumerate(world.pupils.grade) if grade in figure.grades]
    days = [d for d, term in enumerate(world.year.terms) if figure.term in ("", term)]
    return [
        [
            parts(world, k, d, counted)
            if code is None or world.days.reason[k, d] == code
            else [0.0] * (2 if counted == "sessions" else 1)
            for d in days
        ]
        for k in rows
    ]


def rates(table):
    return [sum(map(sum, row)) / (len(row) * len(row[0])) for row in table]


@pytest.mark.parametrize("counted", COUNTED)
def test_means_and_shares_of_pupils(world, counted):
    some = {"grades": (7, 8, 9), "term": "spring"}
    figures = (
        Figure(kind="mean", **some),
        Figure(kind="mean", reason="unlawful", **some),
        Figure(kind="share_above", at=0.05, **some),
        Figure(kind="share_from", at=0.05, **some),
        Figure(kind="share_up_to", at=0.02, **some),
        Figure(kind="reason_share", reason="sick", **some),
    )
    rate = np.array(rates(by_hand(world, figures[0], counted)))
    unlawful = rates(by_hand(world, figures[0], counted, INVALID))
    sick = rates(by_hand(world, figures[0], counted, ILLNESS))
    expected = [
        rate.mean(),
        np.mean(unlawful),
        (rate > 0.05 + 1e-9).mean(),
        (rate >= 0.05 - 1e-9).mean(),
        (rate <= 0.02 + 1e-9).mean(),
        np.sum(sick) / rate.sum(),
    ]
    np.testing.assert_allclose(measure(world, figures, counted), expected, rtol=1e-5)
    assert 0 < rate.mean() < 0.2


def test_spells_of_half_days(world):
    figures = (Figure(kind="spell_mean"), Figure(kind="spell_between", at=1, to=2))
    lengths = []
    for row in by_hand(world, figures[0], "sessions"):
        halves = list(itertools.chain.from_iterable(row))
        lengths += [len(list(run)) / 2 for absent, run in itertools.groupby(halves) if absent]
    short = np.mean([1 <= days <= 2 for days in lengths])
    np.testing.assert_allclose(measure(world, figures, "sessions"), [np.mean(lengths), short])
    assert min(lengths) == 0.5


def test_growth_weekdays_weeks_and_ratios(world):
    figures = (
        Figure(kind="growth"),
        Figure(kind="weekday_gap"),
        Figure(kind="weekly", at=0.25, reason="unlawful"),
        Figure(kind="mean", grades=(9,), over=(1,)),
    )
    daily = np.array(by_hand(world, figures[0], "start_of_day"))[:, :, 0]
    half = daily.shape[1] // 2
    dow = (world.year.dates.astype("datetime64[D]").astype(int) + 3) % 7
    unlawful = np.array(by_hand(world, figures[0], "start_of_day", INVALID))[:, :, 0] > 0
    weeks = [unlawful[:, world.year.week == w].any(axis=1) for w in range(world.year.n_weeks)]
    expected = [
        daily[:, half:].mean() - daily[:, :half].mean(),
        daily[:, dow == 4].mean() - daily[:, dow == 2].mean(),
        (np.mean(weeks, axis=0) >= 0.25 - 1e-9).mean(),
        daily[world.pupils.grade == 9].mean() / daily[world.pupils.grade == 1].mean(),
    ]
    np.testing.assert_allclose(measure(world, figures, "start_of_day"), expected, rtol=1e-5)


def test_every_kind_has_words_and_wrong_ones_are_named():
    assert len({Figure(kind=kind, at=0.1, to=0.2).label() for kind in KINDS}) == len(KINDS)
    with pytest.raises(ValueError, match="figure must be one of mean"):
        Figure(kind="average")
    with pytest.raises(ValueError, match="reason must be one of all"):
        Figure(kind="mean", reason="ill")


def test_nothing_counted_is_not_a_number(world):
    assert np.isnan(measure(world, (Figure(kind="mean", term="winter"),), "minutes"))[0]
