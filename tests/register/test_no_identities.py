"""National identity numbers are refused, and no message ever shows a value."""

from __future__ import annotations

import pickle
import traceback

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from absence_risk.errors import SchemaError
from absence_risk.register.identity import hides_digits, looks_like_identity, names_identity
from absence_risk.register.opening import read_register

HETU_MARKS = "0123456789ABCDEFHJKLMNPRSTUVWXY"


def luhn(nine):
    total = sum(sum(divmod(int(d) * (2 - i % 2), 10)) for i, d in enumerate(nine))
    return str(-total % 10)


def swedish(rng, form):
    day = rng.integers(1, 29) + (60 if rng.random() < 0.2 else 0)
    nine = f"{rng.integers(5, 20):02d}{rng.integers(1, 13):02d}{day:02d}{rng.integers(0, 1000):03d}"
    ten = nine + luhn(nine)
    return {"short": ten, "dash": f"{ten[:6]}-{ten[6:]}", "long": f"20{ten}"}[form]


def danish(rng):
    return f"{rng.integers(1, 29):02d}{rng.integers(1, 13):02d}{rng.integers(0, 100):02d}-" + (
        f"{rng.integers(0, 10000):04d}"
    )


def finnish(rng):
    nine = f"{rng.integers(1, 29):02d}{rng.integers(1, 13):02d}{rng.integers(0, 100):02d}" + (
        f"{rng.integers(2, 900):03d}"
    )
    return f"{nine[:6]}A{nine[6:]}{HETU_MARKS[int(nine) % 31]}"


def norwegian(rng):
    first, second = (3, 7, 6, 1, 8, 9, 4, 5, 2), (5, 4, 3, 2, 7, 6, 5, 4, 3, 2)
    while True:
        nine = f"{rng.integers(1, 29):02d}{rng.integers(1, 13):02d}{rng.integers(0, 100):02d}" + (
            f"{rng.integers(0, 1000):03d}"
        )
        one = -sum(w * int(d) for w, d in zip(first, nine, strict=True)) % 11
        two = -sum(w * int(d) for w, d in zip(second, nine + str(one), strict=False)) % 11
        if one < 10 and two < 10:
            return nine + str(one) + str(two)


KINDS = {
    "swedish short": lambda rng: swedish(rng, "short"),
    "swedish dash": lambda rng: swedish(rng, "dash"),
    "swedish long": lambda rng: swedish(rng, "long"),
    "danish": danish,
    "finnish": finnish,
    "norwegian": norwegian,
}


@pytest.mark.parametrize("kind", KINDS)
def test_numbers_of_four_countries_are_recognised(kind):
    rng = np.random.default_rng(1)
    values = [KINDS[kind](rng) for _ in range(200)]
    assert looks_like_identity(values)
    if "dash" in kind or "long" in kind or kind in ("danish", "finnish"):
        assert all(looks_like_identity([value]) for value in values)


@pytest.mark.parametrize("kind", ["swedish short", "swedish long", "norwegian"])
def test_numbers_stored_as_integers_are_recognised(kind):
    rng = np.random.default_rng(2)
    assert looks_like_identity([int(KINDS[kind](rng)) for _ in range(200)])
    assert looks_like_identity([float(KINDS[kind](rng)) for _ in range(200)])


def test_pseudonyms_are_not_taken_for_identities():
    rng = np.random.default_rng(3)
    for _ in range(20):
        assert not looks_like_identity(rng.integers(2**28, 2**32, 500).tolist())
    assert not looks_like_identity(range(2**28, 2**28 + 5000))
    assert not looks_like_identity([f"{v:08x}" for v in rng.integers(2**28, 2**32, 500)])
    assert not looks_like_identity(["S01", "7A", "MA", "2025-11-03", "", "120"])


@pytest.mark.parametrize(
    "name", ["personnummer", "PersonNr", "civicNo", "CPR", "hetu", "fodselsnummer", "fødselsnummer"]
)
def test_column_names_that_give_it_away(name):
    assert names_identity(name)


@pytest.mark.parametrize("ending", ["parquet", "csv"])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("place", [("pupils", "class_key"), ("cases", "note"), ("registers", "x")])
def test_load_is_refused_without_showing_a_value(tables, write, kind, ending, place):
    table, column = place
    rng = np.random.default_rng(4)
    values = [KINDS[kind](rng) for _ in range(len(tables[table]))]
    tables[table][column] = values
    with pytest.raises(SchemaError) as error:
        read_register(write(tables, ending))
    assert [(p.code, p.table, p.column) for p in error.value.problems] == [("P901", table, column)]
    shown = "".join(traceback.format_exception(error.value)) + repr(error.value)
    assert not any(value in shown for value in values)
    assert pickle.loads(pickle.dumps(error.value)).problems == error.value.problems


def test_keys_that_are_national_numbers_are_refused(tables):
    rng = np.random.default_rng(5)
    keys = {k: int(swedish(rng, "long")) for k in tables["pupils"]["pupil_key"]}
    for name in ("registers", "pupils", "cases", "outcomes"):
        tables[name]["pupil_key"] = tables[name]["pupil_key"].map(keys)
    with pytest.raises(SchemaError) as error:
        read_register(tables)
    assert {p.code for p in error.value.problems} == {"P901"}


def test_birth_dates_are_refused(tables):
    tables["pupils"]["birth_date"] = pd.Timestamp("2012-03-04")
    with pytest.raises(SchemaError, match="P904"):
        read_register(tables)


def test_validation_finds_one_identity_deep_in_the_rows(tables, write):
    tables["registers"]["group_key"] = "7A"
    tables["registers"].loc[len(tables["registers"]) - 3, "group_key"] = "080101-1232"
    report = read_register(write(tables)).validate()
    (problem,) = report.errors
    assert (problem.code, problem.column) == ("P901", "group_key")
    assert "080101" not in str(report)


def test_no_message_of_a_thoroughly_broken_register_holds_a_key(tables, write):
    rows = tables["registers"]
    keys = {str(k) for k in [*rows["pupil_key"], *tables["cases"]["case_key"]]}
    plant = {"late_min": 60, "reason_code": 13, "present_min": 3}
    for position, (column, value) in enumerate(plant.items()):
        rows.loc[position * 50 : position * 50 + 1, column] = value
    tables["pupils"] = pd.concat([tables["pupils"][2:], tables["pupils"].iloc[[5]]])
    tables["cases"]["closure_reason"] = "Kalle"
    tables["surveys"]["response"] = 9.0
    tables["registers"] = pd.concat([rows, rows.iloc[:9]])
    report = read_register(write(tables, "csv")).validate()
    assert len(report.errors) >= 8
    text = str(report) + repr(report) + str(report.to_dict())
    assert not any(key in text for key in keys)
    assert "Kalle" not in text


@given(st.text(alphabet="0123456789-+A_x.", max_size=30))
def test_hidden_digits_leave_no_long_number(name):
    import re

    assert not re.search(r"\d{6}", hides_digits(name))
