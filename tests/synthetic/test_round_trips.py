"""A simulated register, written in a foreign layout and read back, gives the same cube.

Exactly the same where the layout carries lessons and minutes; the same under the layout's own
definition where it is coarser. Which is which stands in ``CARRIES`` and in the tests below it.
"""

from __future__ import annotations

from itertools import product

import numpy as np
import pandas as pd
import pytest

from absence_risk.register.definition import DAY_RULES, AbsenceDefinition
from absence_risk.register.key_file import new_key_file
from absence_risk.register.opening import read_register
from absence_risk.register.pseudonym import Pseudonyms
from absence_risk.register.readers.foreign import import_export
from absence_risk.register.writers.layouts import write_layout
from absence_risk.register.writers.recorded import person_ids, recorded
from absence_risk.synthetic import simulate
from absence_risk.synthetic.records import frames

LAYOUTS = (
    "denmark",
    "denmark_legal",
    "dfe",
    "edfi",
    "plain",
    "ss12000",
    "wilma",
    "wilma_older",
)
SPANS = (("2025-08-18", "2025-09-30"), ("2026-01-08", "2026-02-06"))


@pytest.fixture(scope="module")
def tables():
    """Pupils who join, leave, come late and go unreported, in parts of two terms."""
    whole = {
        name: table.to_pandas()
        for name, table in frames(
            simulate("region", pupils=240, seed=6), detail="everything"
        ).items()
    }
    for name in ("registers", "calendar"):
        dates = pd.to_datetime(whole[name]["date"])
        kept = np.logical_or.reduce([dates.between(*span) for span in SPANS])
        whole[name] = whole[name].assign(date=dates)[kept].reset_index(drop=True)
    there = whole["registers"]["pupil_key"].unique()
    whole["pupils"] = whole["pupils"][whole["pupils"]["pupil_key"].isin(there)]
    whole["pupils"] = whole["pupils"].assign(
        entry=pd.to_datetime(whole["pupils"]["entry"]), exit=pd.to_datetime(whole["pupils"]["exit"])
    )
    return {name: whole[name] for name in ("registers", "pupils", "schools", "calendar")}


@pytest.fixture(scope="module")
def original(tables):
    return read_register(tables)


@pytest.fixture(scope="module")
def key(tmp_path_factory):
    return new_key_file(tmp_path_factory.mktemp("keys") / "project.key")


@pytest.fixture(scope="module")
def read_back(tables, key, tmp_path_factory):
    """Each layout's register after the round trip, and what the import said."""
    root = tmp_path_factory.mktemp("round")
    found = {}
    for layout in LAYOUTS:
        write_layout(tables, root / layout, layout)
        reader = "denmark" if layout == "denmark_legal" else layout
        report = import_export(root / layout, root / f"{layout}.read", layout=reader, key=key)
        found[layout] = (read_register(root / f"{layout}.read"), report)
    return found


def rows_of(cube, original, key):
    """Rows of a cube that was read back, in the order of the original pupils, on its days."""
    pupils = original.pupils["pupil_key"].sort_values().unique()
    made = Pseudonyms.from_file(key, project="absence-risk").keys(
        "register", list(person_ids(pupils))
    )
    at = cube.index(made)
    assert (at >= 0).all()
    assert np.array_equal(cube.calendar.dates, original.calendar.dates)
    return cube.scheduled[at], cube.valid[at], cube.invalid[at]


def assert_same(original, register, key, rule):
    want = original.cube(rule)
    found = rows_of(register.cube(rule), original, key)
    assert want.valid.sum() > 0
    assert want.invalid.sum() > 0
    for a, b in zip((want.scheduled, want.valid, want.invalid), found, strict=True):
        assert np.array_equal(a, b)


# Lessons and minutes. Where whole classes only can go unreported, the denominator "reported" and
# rules that need to know who was seen are not carried.
EVERY = [*product(DAY_RULES, ("offered", "reported"))]
CARRIES = {
    "ss12000": EVERY,
    "wilma": EVERY,
    "plain": [*product(("minutes_share", "any_lesson", "start_of_day"), ("offered",))],
    "wilma_older": [*product(("minutes_share", "any_lesson", "start_of_day"), ("offered",))],
    "denmark": [("start_of_day", "offered")],
    "denmark_legal": [("start_of_day", "offered")],
    "dfe": [*product(("start_of_day", "half_days"), ("offered", "reported"))],
}
CASES = [(layout, *case) for layout, cases in CARRIES.items() for case in cases]


@pytest.mark.parametrize("case", CASES, ids="-".join)
def test_the_cube_is_exactly_the_same(original, read_back, key, case):
    layout, day_rule, denominator = case
    rule = AbsenceDefinition(day_rule=day_rule, denominator=denominator)
    assert_same(original, read_back[layout][0], key, rule)


def test_minutes_of_lateness_survive_in_the_swedish_export(original, read_back, key):
    assert_same(original, read_back["plain"][0], key, AbsenceDefinition(late_rule="late_minutes"))


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_row_is_kept_and_the_register_is_usable(read_back, layout):
    register, report = read_back[layout]
    assert report.n_quarantined == 0
    assert report.problems == ()
    checked = register.validate()
    assert checked.ok, str(checked)


def test_edfi_gives_the_hundredths_of_the_day(original, read_back, key):
    """Under its own definition: the share of the day in hundredths of a nominal day of 100."""
    want = original.cube()
    offered = want.scheduled > 0
    length = np.where(offered, want.scheduled, 1) / 100
    valid, invalid = np.round(want.valid / length), np.round(want.invalid / length)
    scheduled, got_valid, got_invalid = rows_of(read_back["edfi"][0].cube(), original, key)
    assert np.array_equal(scheduled, 100 * offered)
    assert np.array_equal(got_valid, valid)
    assert np.array_equal(got_invalid, np.minimum(invalid, 100 - valid))


@pytest.mark.parametrize("layout", ["plain", "ss12000", "wilma", "wilma_older"])
def test_reasons_of_lessons_survive(tables, read_back, key, layout):
    """By pupil, date and lesson; SS 12000 and the Swedish export as words of a local table."""
    rows = tables["registers"]
    rows = rows[rows["superseded_at"].isna()]
    absent = rows[rows["valid_min"].fillna(0) + rows["invalid_min"].fillna(0) > 0]
    made = Pseudonyms.from_file(key, project="absence-risk").keys(
        "register", list(person_ids(absent["pupil_key"]))
    )
    want = absent.assign(pupil_key=made)
    found = current(read_back[layout][0])
    both = want.merge(found, on=["pupil_key", "date", "slot"], how="left")
    assert len(both) == len(want) > 1000
    assert (both["reason_code_x"] == both["reason_code_y"]).all()
    stated = both["validity_x"].astype(str)
    if layout in ("plain", "ss12000"):
        stated = stated.replace("pending", "invalid")
    assert (stated == both["validity_y"].astype(str)).all()


@pytest.mark.parametrize("layout", ["denmark", "dfe", "wilma", "wilma_older"])
def test_lateness_survives_as_a_mark(tables, read_back, layout):
    rows = tables["registers"]
    rows = rows[rows["superseded_at"].isna()]
    if layout in ("denmark", "dfe"):
        rows = rows[rows["slot"] == 1]
    late = int((rows["late_min"].fillna(0) > 0).sum())
    found = current(read_back[layout][0])
    if layout == "dfe":
        found = found[found["slot"] == 1]
    assert late > 50
    assert int((found["reason_code"] == 80).sum()) == late


@pytest.mark.parametrize("day", ["2025-09-05", "2025-09-26", "2026-01-23"])
def test_what_was_known_on_a_day_survives_in_changed_marks(original, read_back, key, day):
    """Finnish marks keep both times; a lesson reported late has its later time only."""
    past = original.as_of(day)
    want, n_days = past.cube(), len(past.calendar)
    assert not np.array_equal(want.valid, original.cube().valid[:, :n_days])
    _, valid, invalid = rows_of(read_back["wilma"][0].as_of(day).cube(), past, key)
    assert np.array_equal(valid, want.valid)
    assert np.array_equal(invalid, want.invalid)


def test_cases_answers_and_grades_survive_in_the_swedish_export(key, tmp_path):
    world = simulate(pupils=600, seed=2)
    world.write(tmp_path / "out", layout="plain")
    import_export(tmp_path / "out", tmp_path / "in", layout="plain", key=key)
    before, after = world.register, read_register(tmp_path / "in")
    assert len(before.cases) >= 5
    for name in ("cases", "surveys", "outcomes"):
        columns = [c for c in LEFT[name] if c in getattr(before, name)]
        frames_of = (getattr(register, name)[columns] for register in (before, after))
        a, b = (
            frame.astype(object).where(frame.notna(), None).astype(str).sort_values(columns)
            for frame in frames_of
        )
        assert a.to_numpy().tolist() == b.to_numpy().tolist(), name
    assert after.validate().ok


LEFT = {
    "cases": ["detected", "referred", "accepted", "started", "closed", "closure_reason"],
    "surveys": ["wave", "instrument_id", "item_id", "response", "missing"],
    "outcomes": ["kind", "value", "date"],
}


def current(register):
    rows = recorded(register).rows
    return rows.rename(columns={"reason": "reason_code"})[
        ["pupil_key", "date", "slot", "reason_code", "validity"]
    ]


def test_no_identifier_of_a_file_is_left(read_back, tables):
    ids = set(person_ids(tables["pupils"]["pupil_key"]))
    for register, report in read_back.values():
        assert not ids & set(map(str, register.pupils["pupil_key"]))
        assert not any(one in str(report) for one in ids)
