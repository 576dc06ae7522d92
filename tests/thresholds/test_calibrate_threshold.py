"""Local calibration: right choice, honest doubt, constraints kept, bad input refused."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from absence_risk import disclosure
from absence_risk.errors import DesignError, SmallCountWarning
from absence_risk.register.calendar import SchoolCalendar
from absence_risk.register.cube import Cube
from absence_risk.register.definition import AbsenceDefinition
from absence_risk.thresholds import LaterAbsence, Prior, calibrate_threshold

if TYPE_CHECKING:
    from absence_risk.result import Result

MONTHS = np.array([202508, 202509, 202510, 202511, 202512])
OFFERED = 6000


def panel(n: int, seed: int, *, cut: float | None = 0.15, schools: int = 6) -> pd.DataFrame:
    """Months of pupils; the event is common where the highest month reaches a cut, else rare."""
    rng = np.random.default_rng(seed)
    base = rng.beta(1.5, 20, n)
    rate = np.clip(base[:, None] + rng.beta(1.2, 25, (n, 5)) - 0.04, 0, 0.9)
    valid = np.round(0.7 * rate * OFFERED)
    invalid = np.round(0.3 * rate * OFFERED)
    highest = ((valid + invalid) / OFFERED).max(axis=1)
    risk = 0.15 if cut is None else np.where(highest >= cut, 0.5, 0.04)
    return pd.DataFrame(
        {
            "pupil_key": np.repeat(np.arange(n), 5),
            "period": np.tile(MONTHS, n),
            "school_key": np.repeat(rng.integers(0, schools, n), 5),
            "sex": np.repeat(np.where(rng.random(n) < 0.5, "f", "m"), 5),
            "scheduled_min": OFFERED,
            "valid_min": valid.ravel(),
            "invalid_min": invalid.ravel(),
            "left": np.repeat((rng.random(n) < risk).astype(int), 5),
        }
    )


def run(data: pd.DataFrame, **changes: object) -> Result:
    arguments: dict[str, object] = {
        "event": "left",
        "objective": "net_benefit(0.2)",
        "numerators": ("total",),
        "replicates": 200,
    }
    return calibrate_threshold(data, **(arguments | changes))  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def data() -> pd.DataFrame:
    return panel(2500, 1)


@pytest.fixture(scope="module")
def result(data: pd.DataFrame) -> Result:
    return run(data, cluster=None, by="school_key", groups=("sex",))


def plain(data: pd.DataFrame, at: float) -> dict[str, float]:
    """Figures of one threshold by pandas."""
    share = (data["valid_min"] + data["invalid_min"]) / data["scheduled_min"]
    flag = (share >= at).groupby(data["pupil_key"]).any()
    case = data.groupby("pupil_key")["left"].max() == 1
    tp, fp = (flag & case).sum(), (flag & ~case).sum()
    first = data[share >= at].groupby("pupil_key").head(1).set_index("pupil_key")["period"]
    lead = 5 - first[first.index.isin(case[case].index)].map({m: i for i, m in enumerate(MONTHS)})
    return {
        "sensitivity": tp / case.sum(),
        "PPV": tp / (tp + fp),
        "alarms per 1,000 pupils and month": 1000 * (share >= at).mean(),
        "mean lead time, periods": float(lead.mean()),
        "net benefit per pupil": (tp - 0.2 * fp) / len(case),
    }


def test_figures_equal_a_plain_computation(data: pd.DataFrame, result: Result) -> None:
    frame = result.tidy("threshold_metrics")
    shown = sorted(frame["threshold"].dropna().unique())
    assert len(shown) >= 8
    for at in shown[:: len(shown) // 6]:
        for term, value in plain(data, at).items():
            row = frame[(frame["term"] == term) & (frame["threshold"] == at)]
            assert row["estimate"].iloc[0] == pytest.approx(value, rel=1e-6), (term, at)


def test_chosen_threshold_has_the_highest_objective(data: pd.DataFrame, result: Result) -> None:
    best = max(np.arange(2, 61) / 200, key=lambda at: plain(data, at)["net benefit per pupil"])
    chosen = result.tidy("chosen").set_index("term")
    assert chosen.loc["threshold, share of absence", "estimate"] == pytest.approx(best)
    assert result.estimate.threshold == pytest.approx(best)


def test_true_cut_lies_in_the_interval_and_the_alarm_is_supported(result: Result) -> None:
    row = result.tidy("chosen").set_index("term").loc["threshold, share of absence"]
    assert row["conf_low"] <= 0.15 <= row["conf_high"]
    assert result.verdict.answer == "supported"
    assert result.benchmark.estimate == pytest.approx(
        result.benchmark.n_events / result.benchmark.n
    )


@pytest.mark.parametrize(
    "limit", ["capacity(60)", "min_sens(0.9)", "min_ppv(0.55)", "lead_time(4.2)"]
)
def test_constraint_is_kept(data: pd.DataFrame, limit: str) -> None:
    found = run(data, constraint=limit, replicates=50)
    rows = found.tidy("chosen").set_index("term")["estimate"]
    value = float(re.findall(r"[\d.]+", limit)[0])
    if limit.startswith("capacity"):
        assert 0.5 * value < rows["pupils first alarmed a month"] <= value
    else:
        names = {
            "min_sens": "sensitivity",
            "min_ppv": "PPV",
            "lead_time": "mean lead time, periods",
        }
        assert rows[names[limit.split("(", maxsplit=1)[0]]] >= value


def test_impossible_constraints_name_what_is_nearest(data: pd.DataFrame) -> None:
    with pytest.raises(DesignError, match=r"nearest to min_ppv\(0.99\) is min_ppv\(0\.\d+\) at"):
        run(data, constraint=("min_sens(0.95)", "min_ppv(0.99)"))
    with pytest.raises(DesignError, match=r"nearest to capacity\(0.1\) is capacity"):
        run(data, constraint="capacity(0.1)")


@pytest.mark.parametrize("objective", ["youden", "cost(10, 1)", "limited_net_benefit(0.2, 20)"])
def test_other_objectives_choose_their_own_best(data: pd.DataFrame, objective: str) -> None:
    found = run(data, objective=objective, replicates=50)
    choices = found.tidy("choices")
    metrics = found.tidy("threshold_metrics")
    term = {
        "y": "Youden's index",
        "c": "expected cost per pupil",
        "l": "net benefit within places, by rank",
    }
    values = metrics[metrics["term"] == term[objective[0]]]["estimate"]
    best = values.min() if objective.startswith("cost") else values.max()
    assert abs(choices["estimate"].iloc[0]) == pytest.approx(abs(best))


def test_few_pupils_cannot_tell_thresholds_and_say_how_many_could() -> None:
    found = run(panel(350, 3), compare=(0.13, 0.16))
    text = " ".join(found.verdict.reasons)
    assert "With 350 pupils these data cannot tell 13 % from 16 %" in text
    needed = found.tidy("sample_size").set_index("term")["estimate"]
    assert needed["pupils to tell 13.0 % from 16.0 %"] > 350


def test_no_relation_is_rarely_supported() -> None:
    """60 registers without a relation: at most 5 %, Monte-Carlo error 2.8 points."""
    found = [run(panel(400, 100 + k, cut=None), replicates=100) for k in range(60)]
    supported = np.mean([one.verdict.answer == "supported" for one in found])
    assert supported <= 0.05 + 2 * 0.028


def test_optimism_is_what_a_choice_loses_on_new_pupils() -> None:
    """40 registers of 300: mean optimism within 3 Monte-Carlo errors of the loss on new pupils."""
    big = panel(60_000, 999)
    share = (big["valid_min"] + big["invalid_min"]) / big["scheduled_min"]
    highest = share.groupby(big["pupil_key"]).max().to_numpy()
    case = big.groupby("pupil_key")["left"].max().to_numpy() == 1
    said, lost = [], []
    for k in range(40):
        found = run(panel(300, 300 + k), replicates=100)
        rows = found.tidy("chosen").set_index("term")["estimate"]
        flag = highest >= found.estimate.threshold
        true = (flag & case).mean() - 0.2 * (flag & ~case).mean()
        said.append(rows["optimism of the objective"])
        lost.append(rows["objective as it looks"] - true)
    error = np.hypot(np.std(said), np.std(lost)) / np.sqrt(40)
    assert abs(np.mean(said) - np.mean(lost)) < 3 * error
    assert np.mean(said) > 0


def test_same_seed_same_result(data: pd.DataFrame) -> None:
    assert run(data, replicates=30).to_dict() == run(data, replicates=30).to_dict()


def test_clusters_widen_the_doubt_when_schools_differ() -> None:
    rng = np.random.default_rng(8)
    frame = panel(2000, 8, schools=12)
    shift = rng.random(12) < 0.5
    odd = shift[frame["school_key"]] & (frame["pupil_key"] % 3 == 0)
    frame["left"] = np.where(odd, 1, frame["left"])
    by_pupil, by_school = run(frame), run(frame, cluster="school_key")
    width = [r.benchmark.conf_high - r.benchmark.conf_low for r in (by_pupil, by_school)]
    assert width[1] > 1.5 * width[0]


def test_places_get_pooled_thresholds_with_the_share_of_local_evidence(result: Result) -> None:
    rows = result.tidy("local_thresholds")
    raw, pooled = (rows[rows["term"] == t].set_index("group") for t in ("raw", "pooled"))
    share = pooled["statistic"]
    assert share.between(0, 1).all()
    centre = result.estimate.threshold
    expected = share * raw["estimate"] + (1 - share) * centre
    np.testing.assert_allclose(pooled["estimate"], expected, atol=1e-9)


def test_one_school_can_borrow_from_a_neighbour(data: pd.DataFrame) -> None:
    one = data[data["school_key"] == 1]
    with pytest.raises(DesignError, match="one value only"):
        run(one, by="school_key")
    with pytest.raises(DesignError, match="drawing clusters needs at least 2"):
        run(one, cluster="school_key")
    found = run(one, by="school_key", prior=Prior(threshold=0.30, between=0.0))
    rows = found.tidy("local_thresholds").set_index("term")
    assert rows.loc["pooled", "estimate"] == pytest.approx(0.30)
    assert rows.loc["pooled", "statistic"] == 0


def test_what_a_neighbour_found_can_be_taken_over(data: pd.DataFrame, result: Result) -> None:
    prior = Prior.of(result)
    assert prior.threshold == result.estimate.threshold
    rows = result.tidy("local_thresholds").set_index("term")["estimate"]
    assert prior.between == rows["standard deviation of a new place"]
    assert prior.between > 0
    one = run(data[data["school_key"] == 1], by="school_key", prior=prior, replicates=50)
    pooled = one.tidy("local_thresholds").set_index("term").loc["pooled"]
    raw = one.tidy("local_thresholds").set_index("term").loc["raw"]
    low, high = sorted((prior.threshold, raw["estimate"]))
    assert low <= pooled["estimate"] <= high
    with pytest.raises(ValueError, match="no local thresholds"):
        Prior.of(run(data, replicates=20))


def test_the_weight_behind_the_objective_is_said_to_be_an_assumption(result: Result) -> None:
    said = "one pupil found in time is worth 5 false alarms"
    assert said in " ".join(result.verdict.reasons)
    assert said in result.table("chosen").note
    assert "from a risk of 16.7 %" in result.table("threshold_metrics").note


def test_groups_are_compared_at_one_threshold(data: pd.DataFrame, result: Result) -> None:
    rows = result.tidy("groups")
    share = (data["valid_min"] + data["invalid_min"]) / data["scheduled_min"]
    flag = (share >= result.estimate.threshold).groupby(data["pupil_key"]).any()
    sex = data.groupby("pupil_key")["sex"].first()
    alarmed = rows[rows["term"] == "share of pupils alarmed by sex"]
    assert len(alarmed) == 2
    for row in alarmed.itertuples():
        mine = flag[sex == row.group.split(": ")[1]]
        assert (row.n, row.n_events) == (len(mine), mine.sum())
    band = result.tidy("group_differences")
    assert len(band) == 3
    assert ((band["conf_low"] < 0) & (band["conf_high"] > 0)).all()


def test_waiting_is_worth_less_than_knowing(result: Result) -> None:
    rows = result.tidy("value_of_waiting").set_index("term")["estimate"]
    more, truth = (
        rows["worth of one more term of data, per later term"],
        rows["worth of knowing the truth, per later term"],
    )
    assert 0 <= more <= truth < rows["worth of acting now, in the coming term"]


def test_result_may_be_protected(result: Result) -> None:
    safe = disclosure.protect(result, 5)
    assert safe.verdict.answer == result.verdict.answer
    for table in safe.tables:
        for row in table.rows:
            for count in (row.n, row.n_events):
                assert count is None or count == 0 or count >= 5


def test_an_alarm_of_few_pupils_is_not_published_by_a_back_door() -> None:
    """Where the alarmed with or without the event are few, no objective gives them away."""
    rng = np.random.default_rng(12)
    share = np.r_[rng.uniform(0, 0.1, 390), np.full(10, 0.4)]
    frame = pd.DataFrame({"pupil_key": np.arange(400), "period": 1, "absence_rate": share})
    frame["left"] = np.r_[np.zeros(380), np.ones(10), np.ones(7), np.zeros(3)].astype(int)
    found = run(frame, thresholds=(0.2, 0.3), compare=(0.2, 0.3), numerators=None)
    assert found.estimate.n - found.estimate.n_events < 5
    with pytest.warns(SmallCountWarning, match="choices"):
        safe = disclosure.protect(found, 5)
    assert safe.estimate.estimate is None
    work = ("alarms per", "pupils first alarmed")
    rows = [row for row in safe.table("chosen").rows if row.threshold]
    assert all(row.estimate is None for row in rows if not row.term.startswith(work))
    curve = safe.table("decision_curve").rows
    own = [row for row in curve if row.term not in {"everybody", "nobody"}]
    assert all(row.estimate is None for row in own)
    worth = safe.table("value_of_waiting").rows
    assert all(row.estimate is None for row in worth if "acting now" in row.term)


def cube() -> tuple[Cube, np.ndarray]:
    """Two terms of 60 school days; a third of the pupils is absent 30 % of both."""
    rng = np.random.default_rng(2)
    days = np.arange("2025-09-01", "2026-03-01", dtype="datetime64[D]")
    days = days[np.is_busday(days)][:120]
    calendar = SchoolCalendar(days, ["HT"] * 60 + ["VT"] * 60)
    ill = np.arange(600) % 3 == 0
    share = np.where(ill, 0.30, 0.04)[:, None]
    absent = (rng.random((600, 120)) < share).astype(np.int16) * 300
    offered = np.full((600, 120), 300, dtype=np.int16)
    return Cube(
        np.arange(600, dtype=np.uint32), calendar, offered, absent, 0 * absent, AbsenceDefinition()
    ), ill


def test_windows_of_a_cube_end_before_the_later_term() -> None:
    data, _ = cube()
    event = LaterAbsence(since="VT", at=0.20)
    found = calibrate_threshold(data, event=event, objective="youden", replicates=50)
    names = {row.term.split(", ")[1].split(":")[0] for row in found.table("choices").rows}
    assert names == {"month", "rolling 4 weeks", "rolling 12 weeks", "term"}
    later = data.valid[:, 60:].sum(axis=1) / (60 * 300) >= 0.20
    assert found.benchmark.n_events == later.sum()
    term = calibrate_threshold(
        data, event=event, objective="youden", windows=("term",), numerators=("valid",)
    )
    share = data.valid[:, :60].sum(axis=1) / (60 * 300)
    best = max(
        np.arange(2, 101) / 200,
        key=lambda at: (share >= at)[later].mean() - (share >= at)[~later].mean(),
    )
    assert term.estimate.threshold == pytest.approx(best)


def test_dated_event_counts_alarms_before_it_only() -> None:
    data, ill = cube()
    day = data.calendar.dates[30]
    frame = pd.DataFrame({"pupil_key": data.pupil_key, "event": ill.astype(int)})
    frame["date"] = pd.to_datetime(np.where(ill, day, np.datetime64("NaT", "D")))
    found = calibrate_threshold(
        data,
        event=frame,
        objective="youden",
        windows=("rolling 4 weeks",),
        numerators=("total",),
        thresholds=(0.15,),
        compare=(0.15, 0.15),
        replicates=50,
    )
    rows = found.tidy("chosen").set_index("term")
    ends = data.rolling("rolling 4 weeks").windows.stop
    share = data.rolling("rolling 4 weeks").rate(numerator="total")
    hit = ((share >= 0.15) & (ends <= 30))[ill].any(axis=1)
    assert rows.loc["sensitivity", "n_events"] == hit.sum()


BAD = [
    ({"thresholds": (20,)}, ValueError, r"thresholds must be a proportion.*got 20.*mean 0.2"),
    ({"compare": (16, 24)}, ValueError, "compare must be a proportion"),
    ({"thresholds": (0.1, 0.99)}, DesignError, "No pupil reaches 99 % of absence"),
    ({"objective": "netbenefit(0.1)"}, ValueError, "Did you mean 'net_benefit'"),
    ({"objective": "net_benefit"}, ValueError, r"net_benefit\(w\)"),
    ({"objective": "net_benefit(-1)"}, ValueError, "numbers above 0"),
    ({"objective": "net_benefit(x)"}, ValueError, "no number"),
    ({"objective": "lead_time"}, ValueError, "alarming everybody"),
    ({"constraint": "min_sens(80)"}, ValueError, r"got 80. Did you mean 0.8"),
    ({"constraint": "capacity()"}, ValueError, r"capacity\(k\)"),
    ({"cluster": "class_key"}, ValueError, "lacks the column 'class_key'"),
    ({"windows": ("month",)}, ValueError, "A panel has one window"),
    ({"event": "school_key"}, ValueError, "0 or 1"),
    ({"event": LaterAbsence(since=209901)}, DesignError, "not a period"),
    ({"event": LaterAbsence(since=202508)}, DesignError, "first period"),
]


@pytest.mark.parametrize(("changes", "error", "match"), BAD)
def test_bad_input_is_refused_with_the_reason(
    data: pd.DataFrame, changes: dict[str, object], error: type[Exception], match: str
) -> None:
    with pytest.raises(error, match=match):
        run(data, **changes)


def test_shares_in_per_cent_and_events_of_nobody_are_refused(data: pd.DataFrame) -> None:
    rate = data.assign(absence_rate=20.0).drop(columns=["valid_min", "invalid_min"])
    with pytest.raises(ValueError, match=r"absence_rate.*got 20. Did you mean 0.2"):
        run(rate)
    with pytest.raises(DesignError, match="None of the 2500 pupils"):
        run(data.assign(left=0))
    with pytest.raises(DesignError, match="All of the 2500 pupils"):
        run(data.assign(left=1))
    with pytest.raises(ValueError, match=r"(invalid|total) absence share"):
        run(data.assign(valid_min=9000))
