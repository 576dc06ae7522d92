from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from absence_risk.register.opening import read_register
from absence_risk.register.schema import TABLES
from absence_risk.synthetic import simulate, truth
from absence_risk.synthetic.records import frames
from absence_risk.synthetic.row_columns import Rows
from absence_risk.synthetic.versions import Changes, versions_of

DO = {
    "corrections.unexplained": 0.3,
    "corrections.invalid_first": 0.2,
    "corrections.mean_days": 3.0,
    "corrections.certificate": 0.3,
    "corrections.late_share": 0.08,
}
KEY = ["pupil_key", "date", "slot"]
FIGURES = [
    *("pupil_key", "date", "slot", "scheduled_min", "present_min", "valid_min", "invalid_min"),
    *("late_min", "is_reported", "reason_code", "validity"),
]


@pytest.fixture(scope="module")
def corrected():
    return simulate(pupils=250, seed=21, do=DO)


@pytest.fixture(scope="module", params=["lesson", "day"])
def rows(request, corrected):
    """All versions with all columns, by lesson or by day."""
    found = frames(corrected, request.param, "everything")["registers"].to_pandas()
    found["date"] = pd.to_datetime(found["date"])
    return request.param, found


def one(code, first=0, delay=0, late=0, *, missed=1, known=True, certificate=False):
    """The versions of one lesson on 2025-08-18, as (code, source, documentation, from, to)."""
    row = Rows(
        key=np.array([7], dtype=np.uint32),
        date=np.array([20318], dtype=np.int32),
        slot=np.array([2], dtype=np.uint8),
        lessons=np.array([1], dtype=np.uint8),
        missed=np.array([missed], dtype=np.uint8),
        known=np.array([known]),
        code=np.array([code], dtype=np.uint8),
        late=np.array([0], dtype=np.uint8),
    )
    changes = Changes(
        np.array([first], dtype=np.uint8),
        np.array([delay], dtype=np.int16),
        np.array([certificate]),
        np.array([late], dtype=np.uint8),
    )
    found = versions_of(row, changes, 50)
    times = [
        tuple(str(t.astype("datetime64[s]"))[5:16] if t else None for t in pair)
        for pair in zip(found.stamps.recorded, found.stamps.superseded, strict=True)
    ]
    return [
        (int(code) if known else None, int(source), int(paper), *held)
        for code, known, source, paper, held in zip(
            found.rows.code,
            found.rows.known,
            found.stamps.source,
            found.stamps.documentation,
            times,
            strict=True,
        )
    ]


TEACHER, GUARDIAN, AUTO, ADMIN = range(4)


@pytest.mark.parametrize(
    ("lesson", "versions"),
    [
        (one(0, missed=0), [(0, TEACHER, -1, "08-18T10:00", None)]),
        (one(10), [(10, GUARDIAN, 1, "08-18T07:30", None)]),
        (one(20), [(20, ADMIN, 2, "08-17T15:00", None)]),
        (one(70), [(70, TEACHER, 0, "08-18T10:00", None)]),
        (one(10, known=False), [(None, AUTO, -1, "08-18T09:10", None)]),
        # what a guardian reported does not wait for a teacher
        (one(50, late=3), [(50, GUARDIAN, 1, "08-18T07:30", None)]),
        (
            one(0, late=3, missed=0),
            [
                (None, AUTO, -1, "08-18T09:10", "08-21T16:00"),
                (0, TEACHER, -1, "08-21T16:00", None),
            ],
        ),
        (
            one(10, first=60, delay=4),
            [
                (60, TEACHER, 0, "08-18T10:00", "08-22T15:00"),
                (10, GUARDIAN, 1, "08-22T15:00", None),
            ],
        ),
        (
            one(10, first=70, delay=4, certificate=True),
            [(70, TEACHER, 0, "08-18T10:00", "08-22T15:00"), (10, ADMIN, 3, "08-22T15:00", None)],
        ),
        (
            one(70, first=60, delay=1),
            [(60, TEACHER, 0, "08-18T10:00", "08-19T15:00"), (70, ADMIN, 0, "08-19T15:00", None)],
        ),
        (
            one(50, first=60, delay=4, late=2),
            [
                (None, AUTO, -1, "08-18T09:10", "08-20T16:00"),
                (60, TEACHER, 0, "08-20T16:00", "08-22T15:00"),
                (50, GUARDIAN, 1, "08-22T15:00", None),
            ],
        ),
        # the explanation was there before the teacher's report
        (
            one(50, first=60, delay=2, late=2),
            [
                (None, AUTO, -1, "08-18T09:10", "08-20T15:00"),
                (50, GUARDIAN, 1, "08-20T15:00", None),
            ],
        ),
    ],
)
def test_versions_of_one_lesson(lesson, versions):
    assert lesson == versions


def test_one_current_row_and_it_is_the_final_state(rows):
    kind, found = rows
    assert set(found.columns) == set(TABLES["registers"].names)
    current = found[found["superseded_at"].isna()].reset_index(drop=True)
    assert not current.duplicated(KEY).any()
    plain = frames(simulate(pupils=250, seed=21), kind)["registers"].to_pandas()
    plain["date"] = pd.to_datetime(plain["date"])
    for name in FIGURES:
        left, right = current[name], plain[name]
        if name == "validity":
            left, right = left.astype(object), right.astype(object)
        pd.testing.assert_series_equal(left, right)


def test_versions_follow_each_other_without_a_gap(rows):
    _, found = rows
    same = found.duplicated(KEY, keep="last")
    np.testing.assert_array_equal(same, found["superseded_at"].notna())
    until, since = found["superseded_at"][same], found["recorded_at"].shift(-1)[same]
    pd.testing.assert_series_equal(until, since, check_names=False)
    assert (found["recorded_at"] < found["superseded_at"])[same].all()
    assert found.groupby(KEY).size().max() == 3


def test_at_any_time_every_past_lesson_has_one_version(rows):
    _, found = rows
    moment = pd.Timestamp("2025-11-14 12:34:56")
    past = found[found["date"] < moment.normalize()]
    held = past[(past["recorded_at"] <= moment) & ~(past["superseded_at"] <= moment)]
    assert not held.duplicated(KEY).any()
    assert len(held) == len(past.drop_duplicates(KEY))
    final = past[past["superseded_at"].isna()]
    assert (~held["is_reported"]).sum() > (~final["is_reported"]).sum()
    assert (held["validity"] == "pending").sum() > 0 == (final["validity"] == "pending").sum()


def test_axes_of_a_record_agree(rows):
    kind, found = rows
    pending = found["reason_code"] == 60
    np.testing.assert_array_equal(pending, found["validity"] == "pending")
    assert (found.loc[pending, "invalid_min"] > 0).all()
    assert found.loc[pending, "superseded_at"].notna().all()
    silent = ~found["is_reported"]
    np.testing.assert_array_equal(found["source"] == "auto", silent)
    np.testing.assert_array_equal(found["other_min"].isna(), silent)
    absent = found["reason_code"].notna()
    np.testing.assert_array_equal(found["documentation"].notna(), absent)
    leave = found["reason_code"] == 20
    assert (found.loc[leave, "documentation"] == "school_decision").all()
    assert (found.loc[leave, "source"] == "admin").all()
    guardian = found["source"] == "guardian"
    assert (found.loc[guardian, "validity"] == "valid").all()
    assert (found["documentation"] == "health_prof").sum() > 0
    invalid = found["validity"] == "invalid"
    assert (found.loc[invalid, "documentation"] == "none").all()
    assert (
        found["subject_code"].isna().all() if kind == "day" else found["subject_code"].notna().all()
    )


def test_groups_and_subjects_are_those_of_the_class(corrected):
    found = frames(corrected, "lesson", "everything")["registers"].to_pandas()
    pupils = frames(corrected, "day")["pupils"].to_pandas().set_index("pupil_key")
    own = pupils.loc[found["pupil_key"]]
    assert (
        found["group_key"].to_numpy() == own["school_key"] + "-" + own["grade"].astype(str)
    ).all()
    weekday = pd.to_datetime(found["date"]).dt.weekday
    found["subject_code"] = found["subject_code"].astype(str)
    per_lesson = found.groupby([found["group_key"], weekday, found["slot"]], observed=True)
    one = per_lesson["subject_code"].agg(["min", "max"])
    assert (one["min"] == one["max"]).all()


@pytest.mark.parametrize("kind", ["lesson", "day"])
@pytest.mark.parametrize("file_format", ["parquet", "csv"])
def test_written_versions_read_as_the_final_state(
    tmp_path, monkeypatch, corrected, kind, file_format
):
    monkeypatch.setattr(truth, "truth_of", lambda world: {})
    corrected.write(tmp_path / "r", rows=kind, file_format=file_format, detail="everything")
    register = read_register(tmp_path / "r")
    plain = simulate(pupils=250, seed=21).as_register(kind)
    report = register.validate()
    assert report.ok, str(report)
    # what is noted of so few pupils is noted of the uncorrected world too
    noted = {problem.code for problem in plain.validate().problems}
    assert {problem.code for problem in report.problems} == noted
    expected = plain.cube()
    for cube in (register.cube(), corrected.as_register(kind).cube()):
        for part in ("pupil_key", "scheduled", "valid", "invalid"):
            np.testing.assert_array_equal(getattr(cube, part), getattr(expected, part))


def test_a_view_of_the_past_is_what_was_recorded_then(rows, corrected):
    kind, found = rows
    register = corrected.as_register(kind)
    view = register.as_of("2025-11-14").cube()
    moment = pd.Timestamp("2025-11-15")
    held = found[found["recorded_at"] < moment]
    held = held[~(held["superseded_at"] < moment)]
    days = held.groupby("date")[["valid_min", "invalid_min"]].sum()
    np.testing.assert_array_equal(view.valid.sum(axis=0), days["valid_min"])
    np.testing.assert_array_equal(view.invalid.sum(axis=0), days["invalid_min"])
    final = register.cube()
    last = slice(len(days) - 5, len(days))
    # some of the last week's absence is still unexplained, and of an old week nearly none
    share = [cube.invalid[:, last].sum() / cube.valid[:, last].sum() for cube in (view, final)]
    assert share[0] > share[1] + 0.1
    np.testing.assert_array_equal(view.valid[:, :20], final.valid[:, :20])


@pytest.mark.parametrize(
    ("do", "detail", "more"),
    [
        ({}, "figures", []),
        (DO, "figures", ["recorded_at", "superseded_at"]),
        ({}, "everything", None),
        ({"corrections.late_share": 0.1}, "figures", ["recorded_at", "superseded_at"]),
    ],
)
def test_columns_are_those_that_are_needed(do, detail, more):
    names = frames(simulate(pupils=20, seed=2, do=do), "lesson", detail)["registers"].column_names
    if more is None:
        assert set(names) == set(TABLES["registers"].names)
    else:
        assert names == [*FIGURES, *more]


def test_unknown_details_are_refused(corrected, tmp_path):
    with pytest.raises(ValueError, match="detail must be one of"):
        corrected.write(tmp_path / "x", detail="all")
    assert list(tmp_path.iterdir()) == []
