"""Every written form of a national number, keys that only look anonymous, and free text."""

from __future__ import annotations

import numpy as np
import pytest

from absence_risk.errors import SchemaError
from absence_risk.register.free_text import looks_like_free_text, names_free_text
from absence_risk.register.identity import (
    identity_problems,
    looks_like_birth_dates,
    looks_like_identity,
)
from absence_risk.register.opening import read_register


@pytest.mark.parametrize("country", ["swedish", "danish", "finnish", "norwegian"])
def test_columns_of_each_country_are_refused(leaks, country):
    rng = np.random.default_rng(1)
    made = [leaks.COUNTRIES[country](rng) for _ in range(300)]
    assert looks_like_identity(made)
    # Mixed into other values they still are the larger part.
    assert looks_like_identity([*made, *(f"K{i}" for i in range(300))])


@pytest.mark.parametrize("sign", "-YXWVUABCDEF+")
def test_every_century_sign_of_finland(leaks, sign):
    nine = "010299" + "123"
    number = f"010299{sign}123{leaks.HETU_MARKS[int(nine) % 31]}"
    assert looks_like_identity([number])
    assert looks_like_identity([number.lower()])
    wrong = leaks.HETU_MARKS[(int(nine) + 1) % 31]
    if not (sign in "-+" and wrong.isdigit()):
        assert not looks_like_identity([f"010299{sign}123{wrong}"])


def test_one_marked_number_inside_other_text_is_enough(leaks):
    rng = np.random.default_rng(2)
    for country in ("swedish", "danish", "finnish"):
        marked = [n for n in (leaks.COUNTRIES[country](rng) for _ in range(60)) if not n.isdigit()]
        for number in marked:
            assert looks_like_identity(["fine", f"see ({number}), ill", "fine too"])
    assert not looks_like_identity(["call 2025-11-03 08:15", "room 12-3456", "order 12345678901"])


def test_dates_with_a_hash_behind_them_are_dates_of_birth():
    fake = [f"20{y:02d}0{m}1{d}-{(y * m * d * 7919) % 65536:04x}" for y in range(8, 14)
            for m in range(1, 9) for d in range(3)]  # fmt: skip
    fake = [one for one in fake if not one.rpartition("-")[2].isdigit()]
    assert looks_like_birth_dates(fake)
    (problem,) = identity_problems("pupils", None, {"code": fake})
    assert problem.code == "P904"
    # Keys of lessons begin with dates of one school year.
    assert not looks_like_birth_dates(
        [f"2025{m:02d}1{d}MA{d}" for m in range(8, 13) for d in range(9)]
    )
    times = [f"20{y}0101T0800" for y in range(10, 25)]
    assert not looks_like_birth_dates(times)


@pytest.mark.parametrize(
    "name", ["Kommentar", "anteckningar", "Fritext", "bemærkninger", "lisätieto", "note", "Remarks"]
)
def test_names_of_free_text(name):
    assert names_free_text(name)
    assert not names_free_text("noted_by_key")


def test_free_text_by_its_values():
    said = [f"Mamma ringde {i} gånger om detta" for i in range(30)]
    assert looks_like_free_text(said)
    assert looks_like_free_text(["x" * 201])
    assert looks_like_free_text(["one line\nand another"])
    assert not looks_like_free_text(said[:19])
    labels = ["Terveydellisiin syihin liittyvä poissaolo", "Ennalta anottu vapaa", "TET"]
    assert not looks_like_free_text(labels * 50)
    assert not looks_like_free_text([f"7A grupp {i}" for i in range(200)])


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_free_text_blocks_the_load(tables, write, ending):
    tables["cases"]["anteckning"] = ["Kim trivs inte", None, "x"]
    with pytest.raises(SchemaError) as error:
        read_register(write(tables, ending))
    assert [(p.code, p.column) for p in error.value.problems] == [("P902", "anteckning")]
    assert "Kim" not in str(error.value)
