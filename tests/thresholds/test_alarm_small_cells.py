"""An alarm with few wrong alarms stays useful, and no arithmetic on what is shown gives them."""

from __future__ import annotations

import dataclasses
import json
import re
from typing import Any

import numpy as np
import pandas as pd
import pytest

from absence_risk import disclosure
from absence_risk.errors import SmallCountWarning
from absence_risk.result import Estimate, Result, Table
from absence_risk.thresholds import calibrate_threshold
from absence_risk.thresholds.alarm_counts import leaves_open

pytestmark = pytest.mark.filterwarnings("ignore::absence_risk.errors.SmallCountWarning")
N, W, CAPACITY = 1500, 0.25, 20.0


def frame(*, wrong: int, missed: int = 60) -> pd.DataFrame:
    """Three months; 30 pupils far above all others, a few of whom have no event."""
    rng = np.random.default_rng(4)
    share = rng.beta(1.5, 30, (N, 3)).clip(0, 0.3)
    top = np.arange(N) < 30
    share[top, 1] = 0.42 + 0.001 * np.arange(30)
    left = np.zeros(N, dtype=int)
    left[:30] = 1
    left[:wrong] = 0
    left[30 + rng.choice(N - 30, missed, replace=False)] = 1
    return pd.DataFrame(
        {
            "pupil_key": np.repeat(np.arange(N), 3),
            "period": np.tile([202509, 202510, 202511], N),
            "absence_rate": share.ravel(),
            "left": np.repeat(left, 3),
        }
    )


def calibrated(*, wrong: int, missed: int = 60, **changes: Any) -> Result:
    arguments: dict[str, Any] = {
        "event": "left",
        "objective": f"net_benefit({W})",
        "constraint": f"capacity({CAPACITY})",
        "replicates": 200,
    }
    return calibrate_threshold(frame(wrong=wrong, missed=missed), **(arguments | changes))


def figures(right: int, alarmed: int, events: int) -> dict[str, float]:
    """Everything that follows from the four cells."""
    wrong, missed = alarmed - right, events - right
    spared = N - alarmed - missed
    net = (right - W * wrong) / N
    return {
        "right": right,
        "wrong": wrong,
        "missed": missed,
        "PPV": right / alarmed,
        "false discovery": wrong / alarmed,
        "sensitivity": right / events,
        "specificity": spared / (N - events),
        "NPV": spared / (N - alarmed),
        "Youden": right / events - wrong / (N - events),
        "net benefit": net,
        "per 1,000": 1000 * net,
        "standardised": net * N / events,
        "first come": net * min(1, 3 * CAPACITY / alarmed),
        "cost": (missed + W * wrong) / N,
        "gain": right / alarmed - events / N,
        "right per pupil": right / N,
        "wrong per pupil": wrong / N,
    }


FIELDS = ("estimate", "conf_low", "conf_high", "statistic", "p_value", "n", "n_events")


def values(rows: list[Estimate]) -> np.ndarray:
    found = (getattr(row, name) for row in rows for name in FIELDS)
    return np.unique([float(v) for v in found if v is not None and np.isfinite(v)])


def about(result: Result, at: float) -> list[Estimate]:
    """Rows on the chosen alarm, or on no threshold at all."""
    rows = [result.estimate, result.benchmark, result.beyond]
    for table in result.tables:
        if table.name not in {"threshold_draws", "frontier"}:
            rows += [
                row
                for row in table.rows
                if row.threshold in {None, at} or row.term == "chosen alarm"
            ]
    return rows


def attack(result: Result, raw: Result) -> list[str]:
    """Find the count of right alarms by matching what is shown, and pairs of it, to all figures."""
    alarmed, right = raw.estimate.n, raw.estimate.n_events
    assert alarmed is not None
    assert right is not None
    events = raw.benchmark.n_events
    assert events is not None
    true = figures(right, alarmed, events)
    others = [figures(r, alarmed, events) for r in range(alarmed + 1) if r != right]
    own = values(about(result, raw.estimate.threshold or 0.0))
    odd = own[np.abs(own * 200 - np.round(own * 200)) > 1e-9]  # No thresholds.
    a, b = np.meshgrid(odd, odd)
    with np.errstate(over="ignore"):
        pairs = [(a + b).ravel(), (a - b).ravel(), (a * b).ravel()]
    everything = values([row for table in result.tables for row in table.rows])
    derived = np.concatenate([own, everything, *pairs])
    found = []
    for name, value in true.items():
        telling = all(abs(other[name] - value) > 1e-6 for other in others)
        near = np.abs(derived - value) <= 1e-9 * abs(value)
        if telling and near.any() and name not in {"right", "wrong", "missed"}:
            found.append(name)
    words = [result.verdict.sentence, *result.verdict.reasons, *(t.note for t in result.tables)]
    text = " ".join(words)
    for name in ("PPV", "sensitivity", "specificity"):
        if any(f"{100 * true[name]:.{d}f} %" in text for d in (1, 2)):
            found.append(f"{name} in words")
    cells = {round(true[name]) for name in ("right", "wrong", "missed")}
    chosen = [r for t in result.tables for r in t.rows if r.threshold == raw.estimate.threshold]
    chosen += [result.estimate, *result.table("choices").rows, *result.table("decision_curve").rows]
    if any({row.n, row.n_events} & cells for row in chosen):
        found.append("a cell itself")
    return found


def feasible(result: Result, raw: Result) -> set[int]:
    """Return the counts of wrong alarms that nested thresholds of the same rule allow."""
    alarmed, at = raw.estimate.n or 0, raw.estimate.threshold or 0.0
    low, high = [0, 0], [alarmed, alarmed]  # Right, wrong.
    for row in result.table("threshold_metrics").rows:
        if row.term != "PPV" or row.n is None or row.threshold is None:
            continue
        for k, count in enumerate((row.n_events or 0, row.n - (row.n_events or 0))):
            if row.threshold > at:
                low[k] = max(low[k], count)
            else:
                high[k] = min(high[k], count)
    return {
        wrong
        for wrong in range(alarmed + 1)
        if low[1] <= wrong <= high[1] and low[0] <= alarmed - wrong <= high[0]
    }


@pytest.fixture(scope="module", params=[1, 3])
def raw(request: pytest.FixtureRequest) -> Result:
    return calibrated(wrong=request.param)


def test_the_attack_finds_the_count_where_nothing_is_hidden(raw: Result) -> None:
    assert raw.estimate.n == 30
    assert 0 < 30 - (raw.estimate.n_events or 0) < 5
    assert {"PPV", "sensitivity", "net benefit", "a cell itself"} <= set(attack(raw, raw))


def test_no_arithmetic_on_what_is_shown_gives_the_count(raw: Result) -> None:
    safe = disclosure.protect(raw, 5)
    assert attack(safe, raw) == []
    assert {1, 2, 3, 4} <= feasible(safe, raw)


@pytest.mark.parametrize("term", ["objective as it looks", "sensitivity", "net benefit per pupil"])
def test_the_attack_finds_a_single_row_that_was_left(raw: Result, term: str) -> None:
    """The test above can fail: one forgotten row is enough."""
    safe = disclosure.protect(raw, 5)
    row = next(row for row in raw.table("chosen").rows if row.term == term)
    bare = dataclasses.replace(row, n=None, n_events=None)
    leak = Table(name="leak", title="", rows=(bare,))
    assert attack(dataclasses.replace(safe, tables=(*safe.tables, leak)), raw) != []


def test_the_old_table_of_choices_would_have_given_it(raw: Result) -> None:
    """It held the objective beside the pupils alarmed; the two give the right alarms."""
    old = next(row for row in raw.table("choices").rows if row.estimate is not None)
    alarmed, value = old.n, old.estimate
    assert alarmed is not None
    assert value is not None
    right = (value * N + W * alarmed) / (1 + W)
    assert right == pytest.approx(raw.estimate.n_events)
    safe = disclosure.protect(raw, 5)
    assert all(row.estimate is None for row in safe.table("choices").rows if row.term == old.term)


def test_waiting_does_not_bound_the_worth_of_acting() -> None:
    """Terms until waiting pays, times the worth of a term of data, is the worth of acting now."""
    raw = calibrated(wrong=3)
    safe = disclosure.protect(raw, 5)
    rows = {row.term: row.estimate for row in safe.table("value_of_waiting").rows}
    assert rows["worth of one more term of data, per later term"] is not None
    assert rows.get("later terms until waiting pays for the term lost") is None
    shown = {row.term: row.estimate for row in raw.table("value_of_waiting").rows}
    terms = shown["later terms until waiting pays for the term lost"]
    assert terms is not None
    assert not re.search(rf"\b{terms:,.0f} terms", safe.table("value_of_waiting").note)


def test_what_was_chosen_stays_and_the_sentence_says_why_the_rest_goes(raw: Result) -> None:
    safe = disclosure.protect(raw, 5)
    assert safe.verdict.answer == "undecidable"
    assert "an alarm at 24.5 % of total absence, period serves best" in safe.verdict.sentence
    assert "fewer than 5 of the pupils alarmed were alarmed wrongly" in safe.verdict.sentence
    assert safe.estimate.threshold == raw.estimate.threshold
    assert (safe.estimate.n, safe.estimate.n_events, safe.estimate.estimate) == (30, None, None)
    assert safe.benchmark == raw.benchmark
    assert safe.beyond.estimate is None
    assert safe.beyond.p_value is None
    before, after = (
        {row.term: row for row in result.table("chosen").rows} for result in (raw, safe)
    )
    for term in (
        "threshold, share of absence",
        "pupils first alarmed a month",
        "alarms per 1,000 pupils and month",
        "AUC of the share of absence",
    ):
        assert after[term] == before[term]
    for term in ("PPV", "sensitivity", "net benefit per pupil", "objective as it looks"):
        assert after[term].estimate is None
    assert "p = " not in json.dumps(safe.to_dict())


def test_few_missed_events_hide_the_ppv_as_well() -> None:
    """With the events known, right alarms and missed events are one number."""
    raw = calibrated(wrong=9, missed=3, thresholds=(0.1, 0.2, 0.35), compare=(0.2, 0.35))
    assert (raw.benchmark.n_events or 0) - (raw.estimate.n_events or 0) in range(1, 5)
    safe = disclosure.protect(raw, 5)
    assert "fewer than 5 pupils with the event were not alarmed" in safe.verdict.sentence
    assert attack(safe, raw) == []


def test_few_thresholds_do_not_give_a_cell_away_by_the_area() -> None:
    """With one candidate the area is the mean of sensitivity and specificity."""
    raw = calibrated(wrong=2, thresholds=(0.35,), compare=(0.35, 0.35), constraint=())
    area = next(row for row in raw.table("chosen").rows if row.term.startswith("AUC"))
    true = figures(28, 30, raw.benchmark.n_events or 0)
    assert area.estimate == pytest.approx((true["sensitivity"] + true["specificity"]) / 2)
    safe = disclosure.protect(raw, 5)
    gone = [row for t in safe.tables for row in t.rows if row.term.startswith("AUC")]
    assert len(gone) == 2
    assert all(row.estimate is None for row in gone)
    assert attack(safe, raw) == []


def test_a_lower_threshold_does_not_narrow_what_is_hidden() -> None:
    """27 right alarms among 45 say that 3 of the 30 alarmed higher up are wrong, at least."""
    raw = calibrated(wrong=3)
    counts = {"tp": [27.0, 27.0], "flagged": [45.0, 30.0], "events": [87.0, 87.0]}
    counts |= {"tn": [1395.0, 1410.0], "spared": [1455.0, 1470.0]}
    assert leaves_open({k: np.array(v) for k, v in counts.items()}, 1).tolist() == [False, True]
    counts["tp"][0] = 30.0
    assert leaves_open({k: np.array(v) for k, v in counts.items()}, 1).tolist() == [True, True]
    shown = {row.threshold for row in raw.table("threshold_metrics").rows if row.term == "PPV"}
    assert shown.isdisjoint({0.2, 0.22})
    assert 0.1 in shown


def test_large_cells_are_left_alone() -> None:
    raw = calibrated(wrong=8, thresholds=(0.1, 0.2, 0.35), compare=(0.2, 0.35))
    safe = disclosure.protect(raw, 5)
    assert safe.estimate == raw.estimate
    assert safe.verdict.sentence == raw.verdict.sentence


def test_a_margin_that_is_small_itself_hides_everything() -> None:
    few = Estimate(term="PPV at 40 % of total absence, month", threshold=0.4, n=4, n_events=3)
    raw = dataclasses.replace(calibrated(wrong=1), estimate=few)
    with pytest.warns(SmallCountWarning):
        safe = disclosure.protect(raw, 5)
    assert safe.benchmark.estimate is None
    assert safe.verdict.sentence.startswith("Not shown")
    assert (safe.estimate.n, safe.beyond.n) == (None, None)
