"""Capacity, places, the area under the curve, and what a register cannot answer."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from absence_risk.errors import DesignError
from absence_risk.register.calendar import SchoolCalendar
from absence_risk.register.cube import Cube
from absence_risk.register.definition import AbsenceDefinition
from absence_risk.thresholds import LaterAbsence, calibrate_threshold

W, PUPILS, DAYS = 0.25, 600, 130  # 65 school days from September to November.
LATER = LaterAbsence(since="VT", at=0.20)


def cube(days: int = DAYS, terms: tuple[str, ...] = ("HT", "VT")) -> Cube:
    """School days of equal length; absence of a pupil is about as high in both halves."""
    rng = np.random.default_rng(5)
    dates = np.arange("2025-09-01", "2026-07-01", dtype="datetime64[D]")
    dates = dates[np.is_busday(dates)][:days]
    label = np.repeat(terms, -(-days // len(terms)))[:days]
    share = rng.beta(1.2, 8, PUPILS)[:, None]
    absent = (rng.random((PUPILS, days)) < share).astype(np.int16) * 300
    offered = np.full((PUPILS, days), 300, dtype=np.int16)
    key = np.arange(PUPILS, dtype=np.uint32)
    calendar = SchoolCalendar(dates, label.tolist())
    return Cube(key, calendar, offered, absent, 0 * absent, AbsenceDefinition())


@pytest.fixture(scope="module")
def data() -> Cube:
    return cube()


def run(data: Cube, **changes: Any) -> Any:
    arguments: dict[str, Any] = {
        "event": LATER,
        "objective": f"net_benefit({W})",
        "windows": ("month",),
        "numerators": ("total",),
        "replicates": 100,
    }
    return calibrate_threshold(data, **(arguments | changes))


def months(data: Cube) -> tuple[np.ndarray, np.ndarray]:
    """Shares per month of the autumn, and who is absent much in spring."""
    half = DAYS // 2
    label = data.calendar.month[:half]
    absent, offered = data.valid[:, :half], data.scheduled[:, :half]
    share = np.stack(
        [absent[:, label == m].sum(1) / offered[:, label == m].sum(1) for m in np.unique(label)], 1
    )
    return share, data.valid[:, half:].sum(1) / data.scheduled[:, half:].sum(1) >= 0.20


def test_area_equals_that_of_scikit_learn_and_has_an_interval(data: Cube) -> None:
    share, event = months(data)
    expected = roc_auc_score(event, np.floor(share.max(axis=1) * 200 + 1e-9))
    found = run(data)
    for name in ("chosen", "threshold_metrics"):
        row = found.tidy(name).set_index("term").loc["AUC of the share of absence"]
        assert row["estimate"] == pytest.approx(expected, abs=0.002)  # Below 1 % all is one bin.
        assert row["conf_low"] < row["estimate"] < row["conf_high"]
        assert 0.01 < row["conf_high"] - row["conf_low"] < 0.2


def test_capacity_counts_pupils_first_alarmed_and_every_pupil_once(data: Cube) -> None:
    share, _ = months(data)
    found = run(data, constraint="capacity(12)")
    rows = found.tidy("chosen").set_index("term")["estimate"]
    at = found.estimate.threshold
    reached = share >= at - 1e-12
    alarmed = reached.any(axis=1)
    assert rows["pupils first alarmed a month"] == pytest.approx(alarmed.sum() / share.shape[1])
    assert rows["pupils first alarmed a month"] <= 12
    lower = (share >= at - 0.02 - 1e-12).any(axis=1).sum() / share.shape[1]
    assert lower > 12 or at < 0.03
    per_month = np.bincount(reached[alarmed].argmax(axis=1))
    assert rows["pupils first alarmed in the fullest month"] == per_month.max()
    assert rows["alarms per 1,000 pupils and month"] == pytest.approx(1000 * reached.mean())
    assert reached.sum() > alarmed.sum()  # Or the two counts would be one.


def limited(share: np.ndarray, event: np.ndarray, at: float, places: float) -> tuple[float, float]:
    """Net benefit within places by rank (ties share) and first come, computed pupil by pupil."""
    bins = np.floor(share.max(axis=1) * 200 + 1e-9) / 200
    worth = np.where(event, 1.0, -W)
    gain, left = 0.0, places
    for level in np.unique(bins[bins >= at - 1e-12])[::-1]:
        here = bins == level
        gain += worth[here].sum() * min(1.0, left / here.sum())
        left = max(0.0, left - here.sum())
    flag = bins >= at - 1e-12
    first = worth[flag].sum() * min(1.0, places / flag.sum())
    return gain / len(event), first / len(event)


@pytest.mark.parametrize(
    "goal",
    [
        {"constraint": "capacity(12)"},
        {"objective": f"limited_net_benefit({W}, 12)"},
        {"objective": "cost(4, 1)", "constraint": ("capacity(12)", "min_sens(0.1)")},
    ],
)
def test_net_benefit_within_places_stands_wherever_a_capacity_is_given(
    data: Cube, goal: dict[str, Any]
) -> None:
    share, event = months(data)
    found = run(data, **goal)
    frame = found.tidy("threshold_metrics")
    places = 12 * share.shape[1]
    terms = {
        "net benefit within places, by rank": 0,
        "net benefit within places, first come": 1,
    }
    for term, which in terms.items():
        rows = frame[frame["term"] == term]
        assert len(rows) > 5
        for row in rows.itertuples():
            expected = limited(share, event, row.threshold, places)[which]
            assert row.estimate == pytest.approx(expected, abs=1e-9), (term, row.threshold)
    low = frame["threshold"].min()
    by_rank, first = (
        frame[(frame["term"] == term) & (frame["threshold"] == low)]["estimate"].iloc[0]
        for term in terms
    )
    assert by_rank > first  # Where places are short it matters who gets them.
    assert {"standardised net benefit", *terms} <= set(found.tidy("chosen")["term"])
    note = found.table("chosen").note
    assert f"more pupils are alarmed than the {places} who can be helped" in note
    assert "(by rank)" in note
    assert "(first come)" in note


def test_without_a_capacity_nothing_is_said_of_places(data: Cube) -> None:
    found = run(data)
    assert "places" not in found.table("chosen").note
    assert not any("places" in row.term for row in found.table("threshold_metrics").rows)
    assert "standardised net benefit" in set(found.tidy("chosen")["term"])


def test_those_left_out_compete_for_their_part_of_the_places() -> None:
    """40 registers: the mean optimism within places is what a choice loses on new pupils.

    With all places for the third of the pupils that is left out, the objective looks better
    outside than inside, and the optimism comes out negative.
    """
    rng = np.random.default_rng(7)
    said = []
    for _ in range(20):
        share = rng.beta(1.2, 8, 400)
        left = rng.random(400) < 1 / (1 + np.exp(3 - 12 * share))
        frame = pd.DataFrame({"pupil_key": range(400), "period": 1, "absence_rate": share})
        found = calibrate_threshold(
            frame.assign(left=left.astype(int)),
            event="left",
            objective=f"limited_net_benefit({W}, 30)",
            replicates=60,
        )
        rows = found.tidy("chosen").set_index("term")["estimate"]
        said.append(rows["optimism of the objective"])
    assert np.mean(said) > 2 * np.std(said) / np.sqrt(20)


def test_local_thresholds_keep_the_capacity_in_proportion(data: Cube) -> None:
    """A place that ignored it would choose about where net benefit alone is best."""
    about = pd.DataFrame({"pupil_key": data.pupil_key, "school_key": data.pupil_key % 3})
    tight, free = (
        run(data, pupils=about, by="school_key", constraint=limit) for limit in ("capacity(10)", ())
    )
    raw = [found.tidy("local_thresholds").query("term == 'raw'") for found in (tight, free)]
    assert raw[0]["estimate"].min() > raw[1]["estimate"].max()
    assert "a capacity in its proportion" in tight.table("local_thresholds").note
    assert "a capacity in its proportion" not in free.table("local_thresholds").note
    gap = (raw[0]["estimate"] - tight.estimate.threshold).abs().max()
    assert gap < 0.15


def test_a_cube_can_be_drawn_by_classes(data: Cube) -> None:
    about = pd.DataFrame({"pupil_key": data.pupil_key, "class_key": data.pupil_key // 25})
    by_class = run(data, pupils=about, cluster="class_key")
    assert "bootstrap of the whole choice over classes as wholes" in by_class.method
    assert by_class.estimate.threshold == run(data).estimate.threshold
    with pytest.raises(ValueError, match="lacks the column 'class_key'"):
        run(data, cluster="class_key")
    some = about.assign(class_key=about["class_key"].where(about["pupil_key"] > 3))
    with pytest.raises(ValueError, match="4 missing values; fill or drop"):
        run(data, pupils=some, cluster="class_key")


def test_an_event_before_the_first_school_day_is_refused(data: Cube) -> None:
    frame = pd.DataFrame({"pupil_key": data.pupil_key, "event": 0, "date": pd.NaT})
    frame.loc[:39, "event"] = 1
    frame.loc[:39, "date"] = pd.Timestamp("2025-11-03")
    assert run(data, event=frame).benchmark.n_events == 40
    frame.loc[:1, "date"] = pd.Timestamp("2025-08-20")
    frame.loc[2, "date"] = pd.Timestamp("2025-09-01")
    message = r"3 pupil\(s\) whose event does not come after 2025-09-01, the first school day"
    with pytest.raises(DesignError, match=message):
        run(data, event=frame)
    with pytest.raises(DesignError, match="Nothing lies before 2025-08-20"):
        run(data, event=LaterAbsence(since="2025-08-20"))


def test_an_event_in_the_first_period_of_a_panel_is_refused() -> None:
    panel = pd.DataFrame(
        {"pupil_key": np.repeat(range(50), 2), "period": [1, 2] * 50, "absence_rate": 0.1}
    )
    event = pd.DataFrame({"pupil_key": range(50), "event": [1] * 20 + [0] * 30, "period": 2})
    event.loc[:6, "period"] = 1
    with pytest.raises(DesignError, match=r"7 pupil\(s\).*after 1, the first period"):
        calibrate_threshold(panel, event=event, objective="youden")


def test_a_window_longer_than_the_register_is_refused_or_left_out_by_default() -> None:
    short = cube(50)  # Its first half is a term of its own.
    later = LaterAbsence(since=str(short.calendar.dates[30]), at=0.2)
    reason = "No whole window 'rolling 12 weeks' lies before the event, which begins after 30"
    with pytest.raises(DesignError, match=reason):
        run(short, event=later, windows=("rolling 12 weeks",))
    with pytest.raises(DesignError, match=reason):
        run(short, event=later, windows=("month", "rolling 12 weeks"))
    found = run(short, event=later, windows=None)
    tried = {row.term.split(", ")[1].split(":")[0] for row in found.table("choices").rows}
    assert tried == {"month", "rolling 4 weeks", "term"}
    with pytest.raises(ValueError, match="windows"):
        run(short, event=later, windows=("rolling 4 fortnights",))


def test_a_term_that_is_missing_is_named(data: Cube) -> None:
    with pytest.raises(ValueError, match=r"since must be a term \(HT, VT\) or a date.*'ST'"):
        run(data, event=LaterAbsence(since="ST"))
    one = cube(65, ("HT",))
    with pytest.raises(ValueError, match=r"since must be a term \(HT\)"):
        run(one, event=LATER)
    with pytest.raises(DesignError, match="No whole window 'term' lies before the event"):
        run(one, event=LaterAbsence(since="2025-11-03"), windows=("term",))


def told(n: int, *, compare: tuple[float, float] = (0.16, 0.24)) -> str:
    """The sentence on two thresholds in a register whose risk grows with absence."""
    rng = np.random.default_rng(n)
    share = rng.beta(1.2, 8, n)
    left = rng.random(n) < 1 / (1 + np.exp(3 - 9 * share))
    frame = pd.DataFrame({"pupil_key": range(n), "period": 1, "absence_rate": share})
    found = calibrate_threshold(
        frame.assign(left=left.astype(int)),
        event="left",
        objective=f"net_benefit({W})",
        compare=compare,
        replicates=200,
    )
    return next(text for text in found.verdict.reasons if "these data" in text)


def test_few_pupils_are_said_not_to_tell_16_from_24_per_cent() -> None:
    text = told(900)
    assert text.startswith("With 900 pupils these data cannot tell 16 % from 24 %; about ")
    needed = re.search(r"about ([\d,]+) would be needed", text)
    assert needed is not None
    assert int(needed[1].replace(",", "")) > 900


def test_many_pupils_are_not_said_to_be_too_few() -> None:
    text = told(60_000)
    assert text == "With 60,000 pupils these data tell 16 % from 24 %: 16 % serves better."
