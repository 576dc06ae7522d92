"""Warnings about what makes figures meaningless: each fires where planted, and only there."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from absence_risk.register.opening import read_register
from absence_risk.stats.level_shift import level_shift

FIRST_KEY = 2**28


def problems(tables, code):
    return [p for p in read_register(tables).validate().problems if p.code == code]


def year(*, schools=4, pupils=30, months=10, seed=1, valid_share=0.8, reported=0.95):
    """A school year of day records; ``valid_share`` is a number or an array school × month."""
    rng = np.random.default_rng(seed)
    days = np.arange("2025-08-01", "2026-08-01", dtype="datetime64[D]")
    days = days[(days.astype(np.int64) + 3) % 7 < 5]
    month = days.astype("datetime64[M]").astype(np.int64)
    month -= month[0]
    days, month = days[month < months], month[month < months]
    share = np.broadcast_to(valid_share, (schools, months))
    n = schools * pupils
    pupil, day = (a.ravel() for a in np.meshgrid(np.arange(n), np.arange(len(days)), indexing="ij"))
    school = pupil % schools
    is_reported = rng.random(len(pupil)) < np.broadcast_to(reported, schools)[school]
    absent = rng.random(len(pupil)) < 0.10
    is_valid = absent & (rng.random(len(pupil)) < share[school, month[day]])

    def minutes(mask):
        return pd.Series(np.where(mask, 300, 0)).where(is_reported).astype("Int16")

    names = np.array([f"S{i}" for i in range(schools)])
    return {
        "registers": pd.DataFrame(
            {
                "pupil_key": (FIRST_KEY + pupil).astype("u4"),
                "date": days[day].astype("datetime64[s]"),
                "slot": np.uint8(0),
                "scheduled_min": np.int16(300),
                "valid_min": minutes(is_valid),
                "invalid_min": minutes(absent & ~is_valid),
                "is_reported": is_reported,
            }
        ),
        "pupils": pd.DataFrame(
            {
                "pupil_key": FIRST_KEY + np.arange(n),
                "school_key": names[np.arange(n) % schools],
                "grade": 7,
            }
        ),
        "schools": pd.DataFrame({"school_key": names, "municipality_key": "M"}),
        "calendar": pd.DataFrame(
            {
                "school_key": np.repeat(names, len(days)),
                "date": np.tile(days, schools).astype("datetime64[s]"),
                "offered": True,
                "term": "T",
            }
        ),
    }


def test_a_steady_year_gives_no_such_warning():
    report = read_register(year()).validate()
    assert report.ok
    assert [p.code for p in report.warnings if p.code.startswith("W5")] == []


def jump(schools, at=5, before=0.9, after=0.6, of=None):
    share = np.full((schools, 10), before)
    rows = slice(None) if of is None else of
    share[rows, at:] = after
    return share


def test_a_jump_of_the_valid_share_in_all_schools_is_found_with_its_month():
    (problem,) = problems(year(valid_share=jump(4)), "W503")
    assert "the whole register, about 2026-01" in problem.message
    assert problem.n_rows == 4


def test_a_jump_in_one_school_is_found_beside_the_others():
    (problem,) = problems(year(schools=6, pupils=90, valid_share=jump(6, at=3, of=2)), "W503")
    assert "some schools, about 2025-11" in problem.message
    assert problem.n_rows == 1


def test_what_all_schools_share_in_winter_is_no_jump_of_one_school():
    season = 0.7 + 0.15 * np.sin(np.arange(10) * np.pi / 9)
    assert problems(year(schools=5, valid_share=np.tile(season, (5, 1))), "W503") == []


def test_false_alarms_of_the_jump_are_as_rare_as_stated():
    # Independent normal series, 10 values: the level 0.01 is an upper bound.
    rng = np.random.default_rng(3)
    shifts = [level_shift(rng.normal(size=10)) for _ in range(2000)]
    rate = np.mean([shift.p_bound < 0.05 for shift in shifts])
    # Bound: at most 0.05; Monte-Carlo error 0.005, three of them.
    assert rate < 0.05 + 0.015
    # And the bound is not empty: Bonferroni over 5 overlapping splits loses less than two thirds.
    assert rate > 0.05 / 3


def test_the_shift_is_that_of_a_two_sample_t_test():
    from scipy import stats

    rng = np.random.default_rng(4)
    values = rng.normal(size=11) + np.where(np.arange(11) >= 6, 2.0, 0.0)
    shift = level_shift(values)
    by_split = [stats.ttest_ind(values[:k], values[k:]) for k in range(3, 9)]
    best = int(np.argmax([abs(t.statistic) for t in by_split]))
    assert shift.position == best + 3
    assert shift.p_bound == pytest.approx(min(1, 6 * by_split[best].pvalue), rel=1e-9)
    assert shift.size == pytest.approx(values[best + 3 :].mean() - values[: best + 3].mean())


def test_short_and_constant_series_have_no_shift():
    assert level_shift(np.arange(5.0)) is None
    assert level_shift(np.full(9, 0.7)).p_bound == 1.0
    assert level_shift(np.repeat([0.2, 0.8], 4)).p_bound == 0.0


def test_automatic_validity_above_a_fifth(tables):
    rows = tables["registers"]
    valid = np.flatnonzero((rows["valid_min"] > 0).fillna(False))
    for share, fires in ((0.15, False), (0.25, True)):
        rows["source"] = "teacher"
        chosen = valid[: int(np.ceil(share * len(valid)))]
        rows.loc[chosen, "source"] = "auto"
        found = problems(tables, "W505")
        assert bool(found) == fires
    assert (found[0].n_rows, found[0].line) == (len(chosen), int(chosen[0]) + 1)


def test_a_school_where_every_lesson_is_reported():
    (problem,) = problems(year(reported=[1.0, 0.95, 1.0, 0.95]), "W506")
    assert problem.n_rows == 2
    assert "of 4." in problem.message
    # Few rows may all be reported by chance.
    assert problems(year(schools=1, pupils=3, reported=1.0), "W506") == []


def test_late_as_invalid_is_counted(tables):
    rows = tables["registers"]
    chosen = np.flatnonzero((rows["invalid_min"] > 0).fillna(False))[3:8]
    rows.loc[chosen, "reason_code"] = 80
    (problem,) = problems(tables, "W507")
    assert (problem.n_rows, problem.line) == (5, int(chosen[0]) + 1)


def test_offered_and_reported_denominators_in_one_register():
    tables = year(schools=3)
    rows = tables["registers"]
    school = (rows["pupil_key"] - FIRST_KEY) % 3
    # School 0 exports reported lessons only, and every fifth day of all is not reported.
    gone = (rows.index % 5 == 0) | ~rows["is_reported"]
    tables["registers"] = rows[~((school == 0) & gone)].reset_index(drop=True)
    (problem,) = problems(tables, "W508")
    assert problem.n_rows == 10
    # All alike: no mixture.
    tables["registers"] = rows[~gone].reset_index(drop=True)
    assert problems(tables, "W508") == []


def test_pupils_who_join_late_do_not_look_like_missing_rows():
    tables = year(schools=3, reported=[1.0, 0.95, 0.95])
    join = pd.Timestamp("2026-01-10")
    tables["pupils"]["entry"] = join
    rows = tables["registers"]
    tables["registers"] = rows[rows["date"] >= join].reset_index(drop=True)
    assert problems(tables, "W508") == []


@pytest.mark.parametrize("has_column", [True, False])
def test_replaced_rows_without_a_time_of_recording(tables, has_column):
    rows = tables["registers"]
    old = rows.iloc[[10, 11, 12]].assign(superseded_at=pd.Timestamp("2026-01-20"))
    tables["registers"] = pd.concat([rows, old], ignore_index=True)
    if has_column:
        recorded = pd.Series(pd.Timestamp("2025-11-03"), index=tables["registers"].index)
        recorded.iloc[-2:] = pd.NaT
        tables["registers"]["recorded_at"] = recorded
    (problem,) = problems(tables, "W509")
    n = 2 if has_column else 3
    assert (problem.n_rows, problem.line) == (n, len(rows) + 4 - n)


def test_old_unexplained_absence(tables):
    rows = tables["registers"]
    absent = (rows["invalid_min"] > 0).fillna(False)
    old = np.flatnonzero(absent & (rows["date"] < rows["date"].max() - pd.Timedelta(days=30)))[:4]
    new = np.flatnonzero(absent & (rows["date"] >= rows["date"].max() - pd.Timedelta(days=30)))[:2]
    rows.loc[new, "reason_code"] = 60
    assert problems(tables, "W510") == []
    rows.loc[old[:3], "reason_code"] = 60
    rows["validity"] = "invalid"
    rows.loc[old[3], "validity"] = "pending"
    (problem,) = problems(tables, "W510")
    assert (problem.n_rows, problem.line) == (4, int(old.min()) + 1)


def test_comers_and_goers(tables):
    pupils = tables["pupils"]
    pupils["entry"] = pd.Timestamp("2020-08-01")
    pupils["exit"] = pd.NaT
    assert problems(tables, "W511") == []
    pupils.loc[3, "entry"] = pd.Timestamp("2025-11-20")
    pupils.loc[[5, 6], "exit"] = pd.Timestamp("2026-01-15")
    pupils.loc[7, "exit"] = pd.Timestamp("2027-01-15")
    (problem,) = problems(tables, "W511")
    assert (problem.n_rows, problem.line) == (3, 4)


def test_cases_without_a_clean_time_before(tables):
    days = np.sort(tables["calendar"]["date"].unique())
    (problem,) = problems(tables, "W512")
    assert problem.n_rows == 3
    # 48 school days before the alarm month make a baseline.
    early = pd.Series(pd.date_range("2025-08-25", periods=48, freq="B"))
    more = pd.DataFrame({"school_key": "S1", "date": early, "offered": True, "term": "HT"})
    tables["calendar"] = pd.concat([tables["calendar"], more], ignore_index=True)
    assert early.max() < pd.Timestamp(days[0])
    tables["cases"].loc[0, "detected"] = pd.Timestamp("2025-12-05")
    tables["cases"][["referred", "started"]] = tables["cases"][["referred", "started"]].assign(
        referred=pd.Timestamp("2025-12-10"), started=pd.Timestamp("2025-12-12")
    )
    # Noticed in December: the alarm month is November, before which all 48 days lie.
    assert [p.n_rows for p in problems(tables, "W512")] == [1]


def test_absence_on_a_cancelled_lesson_is_that_rule_only(tables):
    rows = tables["registers"]
    chosen = np.flatnonzero((rows["invalid_min"] > 0).fillna(False))[2:6]
    rows.loc[chosen, ["scheduled_min", "present_min"]] = 0
    report = read_register(tables).validate()
    counts = {p.code: (p.n_rows, p.line) for p in report.errors}
    assert counts["E207"] == (4, int(chosen[0]) + 1)
    assert "E202" not in counts


def test_a_pupil_enrolled_at_two_schools_at_once(tables):
    pupils = tables["pupils"]
    second = pupils.iloc[[0]].assign(
        school_key="S2", entry=pd.Timestamp("2026-01-12"), exit=pd.Timestamp("2026-01-16")
    )
    tables["pupils"] = pd.concat([pupils, second], ignore_index=True)
    rows = tables["registers"]
    torn = (rows["pupil_key"] == FIRST_KEY) & rows["date"].between("2026-01-12", "2026-01-16")
    (problem,) = problems(tables, "E206")
    assert (problem.n_rows, problem.line) == (int(torn.sum()), int(np.flatnonzero(torn)[0]) + 1)
    # One school twice at once is an overlap of spells, no second school.
    tables["pupils"].loc[len(pupils), "school_key"] = "S1"
    assert problems(tables, "E206") == []
