"""Exports with real-looking identity numbers, damaged in every way: no output names anybody."""

from __future__ import annotations

import json
import traceback

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from absence_risk.errors import AbsenceRiskError
from absence_risk.register.key_file import new_key_file
from absence_risk.register.readers.foreign import import_export
from absence_risk.register.readers.suggest import suggest_mapping


def luhn(nine):
    total = sum(sum(divmod(int(d) * (2 - i % 2), 10)) for i, d in enumerate(nine))
    return str(-total % 10)


def swedish(number):
    nine = f"{8 + number % 9:02d}{1 + number % 12:02d}{1 + number % 28:02d}{number % 1000:03d}"
    return f"20{nine[:6]}-{nine[6:]}{luhn(nine)}"


def danish(number):
    return f"{1 + number % 28:02d}{1 + number % 12:02d}1{number % 10}-{1000 + number % 9000:04d}"


def finnish(number):
    nine = f"{1 + number % 28:02d}{1 + number % 12:02d}1{number % 10}{2 + number % 890:03d}"
    return f"{nine[:6]}A{nine[6:]}{'0123456789ABCDEFHJKLMNPRSTUVWXY'[int(nine) % 31]}"


def norwegian(number):
    first, second = (3, 7, 6, 1, 8, 9, 4, 5, 2), (5, 4, 3, 2, 7, 6, 5, 4, 3, 2)
    while True:
        nine = f"{1 + number % 28:02d}{1 + number % 12:02d}1{number % 10}{number % 1000:03d}"
        one = -sum(w * int(d) for w, d in zip(first, nine, strict=True)) % 11
        two = -sum(w * int(d) for w, d in zip(second, f"{nine}{one}", strict=False)) % 11
        if one < 10 and two < 10:
            return f"{nine}{one}{two}"
        number += 37


COUNTRIES = (swedish, danish, finnish, norwegian)


def with_numbers(export, country):
    """Put a national number in place of every name, and return all of them."""
    names = {}
    for lines in export.files.values():
        for line in lines[1:]:
            names.setdefault(line[0], country(len(names)))
            line[0] = names[line[0]] if line[0].startswith("E-") else line[0]
    return set(names.values())


def everything_said(folder, layout, home, key):
    """All text that an import gives: report, quarantine, tables, draft, or the error."""
    said = ""
    try:
        report = import_export(
            folder, home / "register", layout=layout, key=key, quarantine=home / "bad.csv"
        )
        said += str(report) + repr(report) + json.dumps(report.to_dict())
        said += (home / "register" / "import.json").read_text(encoding="utf-8")
    except AbsenceRiskError as error:
        said += "".join(traceback.format_exception(error)) + repr(error)
    try:
        said += suggest_mapping(folder)
    except AbsenceRiskError as error:
        said += "".join(traceback.format_exception(error))
    files = [p for p in home.rglob("*") if p.is_file() and folder not in p.parents and p != key]
    return said + "".join(p.read_bytes().decode("latin-1") for p in files)


def named(said, numbers):
    """Return the numbers that can be read in a text, with or without their separator."""
    plain = said.replace("-", "").replace("+", "")
    return [n for n in numbers if n in said or n.replace("-", "") in plain]


@pytest.mark.parametrize("country", COUNTRIES)
def test_numbers_in_their_own_column_become_keys(tmp_path, make_export, country):
    export = make_export()
    numbers = with_numbers(export, country)
    folder, layout = export.write(tmp_path / "in" / "export"), export.mapping(tmp_path / "in")
    home = tmp_path / "out"
    home.mkdir()
    said = everything_said(folder, layout, home, new_key_file(tmp_path / "project.key"))
    assert (home / "register" / "registers.parquet").exists()
    assert len(numbers) > 25
    assert not named(said, numbers)


@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    country=st.sampled_from(COUNTRIES),
    seed=st.integers(0, 2**32 - 1),
    damage=st.lists(
        st.sampled_from(["columns", "cut", "bytes", "encoding", "header", "quotes", "text"]),
        min_size=1,
        max_size=3,
    ),
)
def test_damage_of_any_kind_names_nobody(tmp_path_factory, make_export, country, seed, damage):
    rng = np.random.default_rng(seed)
    home = tmp_path_factory.mktemp("damaged")
    export = make_export()
    numbers = with_numbers(export, country)
    for file in export.files.values():
        for line in file[1:]:
            if "columns" in damage and rng.random() < 0.1:
                line.insert(int(rng.integers(0, len(line))), line.pop(0))
            if "text" in damage and rng.random() < 0.1:
                line[int(rng.integers(0, len(line)))] = f"said by {line[0]}"
            if "quotes" in damage and rng.random() < 0.02:
                line[0] = '"' + line[0]
        if "header" in damage and rng.random() < 0.3:
            file.pop(0)
    folder, layout = export.write(home / "in" / "export"), export.mapping(home / "in")
    for path in folder.iterdir():
        raw = bytearray(path.read_bytes())
        if "cut" in damage:
            raw = raw[: int(rng.integers(1, len(raw) + 1))]
        if "bytes" in damage:
            for at in rng.integers(0, len(raw), 6):
                raw[at] = int(rng.integers(0, 256))
        if "encoding" in damage and rng.random() < 0.5:
            raw = bytearray(raw.decode("utf-8", "replace").encode("utf-16"))
        path.write_bytes(bytes(raw))
    out = home / "out"
    out.mkdir()
    said = everything_said(folder, layout, out, new_key_file(home / "project.key"))
    assert not named(said, numbers)
