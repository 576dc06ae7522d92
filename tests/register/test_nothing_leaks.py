"""No message, log record, warning, error or output ever shows a part of an identifier."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from absence_risk.cli import app
from absence_risk.errors import AbsenceRiskError
from absence_risk.register.opening import read_register

N = 10_000


@pytest.fixture(scope="module")
def planted(leaks):
    return leaks.identifiers(N)


@pytest.fixture(scope="module")
def scan(leaks, planted):
    return leaks.Scan(planted)


def look(source):
    """Do what users do with a register, and give everything that is shown."""
    register = read_register(source)
    report = register.validate()
    yield register
    yield repr(register)
    yield report
    yield repr(report)
    yield json.dumps(report.to_dict(), default=repr)
    if report.ok:
        yield register.panel().columns


def test_the_scan_sees_every_form(leaks, planted, scan):
    assert len(planted) == N
    for identifier in planted[:200]:
        assert scan.found(f"line 3: {identifier!r} is wrong")
        assert scan.found(identifier.replace("-", " "))
        assert scan.found(f"{identifier[-10:]}")
    error = ValueError("outer")
    error.__context__ = KeyError(planted[0])
    error.__suppress_context__ = True
    assert scan.found(leaks.told(error))
    assert scan.found(f"Anna {leaks.SECRET} is ill")
    assert not scan.found("1,080,216 rows, line 1234567, 2025-11-03 08:00:00, key 4026531840")


def many(tables, planted):
    """A register with as many rows as there are identifiers."""
    rows = tables["registers"]
    times = -(-len(planted) // len(rows))
    tables["registers"] = pd.concat([rows] * times, ignore_index=True)[: len(planted)]
    pupils = tables["pupils"]
    times = -(-len(planted) // len(pupils))
    more = pd.concat([pupils] * times, ignore_index=True)[: len(planted)]
    more["pupil_key"] = np.arange(2**28, 2**28 + len(more))
    tables["pupils"] = more
    return tables


PLACES = [
    ("registers", "pupil_key", "{}"),
    ("registers", "date", "{}"),
    ("registers", "slot", "{}"),
    ("registers", "valid_min", "{}"),
    ("registers", "is_reported", "{}"),
    ("registers", "recorded_at", "{}"),
    ("registers", "validity", "{}"),
    ("registers", "subject_code", "{}"),
    ("registers", "group_key", "7A {} Hemligsson"),
    ("registers", "note", "Kim Hemligsson ({}) var sjuk hela veckan"),
    ("registers", "personnummer", "{}"),
    ("pupils", "pupil_key", "{}"),
    ("pupils", "school_key", "{}"),
    ("pupils", "class_key", "x{}"),
    ("pupils", "entry", "{}"),
    ("pupils", "birth_year", "{}"),
    ("pupils", "protected", "{}"),
    ("pupils", "comment", "Mor till {} Hemligsson ringde\ni dag"),
]


@pytest.mark.parametrize("ending", ["csv", "parquet", "frames"])
@pytest.mark.parametrize(("table", "column", "form"), PLACES)
def test_identifiers_in_any_column(  # noqa: PLR0917
    tables, write, leaks, planted, scan, table, column, form, ending
):
    tables = many(tables, planted)
    tables[table][column] = [form.format(one) for one in planted]
    source = tables if ending == "frames" else write(tables, ending)
    shown = leaks.Exposed(lambda: look(source))
    assert scan.found(shown.text) == []
    assert shown.error is None or isinstance(shown.error, AbsenceRiskError)
    # Something must be said: nothing of this is a usable register.
    assert shown.error is not None or "not usable" in shown.text


@pytest.mark.parametrize("table", ["registers", "pupils", "cases", "calendar"])
@pytest.mark.parametrize("ending", ["csv", "parquet", "frames"])
def test_identifiers_as_names_of_columns(  # noqa: PLR0917
    tables, write, leaks, planted, scan, table, ending
):
    frame = tables[table]
    needed = list(frame.columns)
    for position, one in enumerate(planted[:50]):
        frame[one] = position
    # A required column is missing, so that the nearest names are offered.
    tables[table] = frame.rename(columns={needed[0]: f"{needed[0]}_{planted[60]}"})
    source = tables if ending == "frames" else write(tables, ending)
    assert scan.found(leaks.Exposed(lambda: look(source)).text) == []


def test_identifiers_in_names_of_files_and_folders(tables, tmp_path, leaks, planted, scan):
    for number, one in enumerate(planted[:40]):
        folder = tmp_path / f"{number} {one}"
        folder.mkdir()
        for name in ("pupils", "schools", "calendar"):
            tables[name].to_csv(folder / f"{name}.csv", index=False)
        rows = folder / "registers"
        rows.mkdir()
        tables["registers"].assign(slot=99).head(20).to_csv(rows / f"elev_{one}.csv", index=False)
        (rows / f"{one}.parquet").write_bytes(b"PAR1 no")
        if number % 2:
            (rows / f"{one}.parquet").unlink()
        if number % 5 == 4:
            (folder / "pupils.csv").unlink()
        for path in (folder, folder / one, rows):
            assert scan.found(leaks.Exposed(lambda path=path: look(path)).text) == []
        if number % 3 == 0:  # The command line prints what `look` has seen already.
            done = CliRunner().invoke(app, ["validate", str(folder), "--json"])
            assert scan.found(done.output.replace(str(tmp_path), "")) == []


OPS = st.lists(
    st.tuples(
        st.sampled_from(
            (
                "cut", "behead", "junk", "nul", "quote", "join", "double", "long", "vast",
                "delimiter", "utf16", "latin", "bom", "mac",
            )
        ),
        st.floats(0, 1),
        st.binary(min_size=1, max_size=6),
    ),
    min_size=1,
    max_size=4,
)  # fmt: skip


@pytest.fixture(scope="module")
def small(leaks, planted, tmp_path_factory):
    """A CSV register full of identifiers, to be damaged."""
    import importlib.util
    from pathlib import Path

    spec = importlib.util.spec_from_file_location("c", Path(__file__).parent / "conftest.py")
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    tables = made.make_tables()
    # Past the rows that are looked at when a register is opened, so that validation meets them.
    rows = tables["registers"].astype(object)
    rows = pd.concat([rows] * 2, ignore_index=True).head(2400)
    rows["group_key"] = None
    for position, column in enumerate(("group_key", "slot", "date", "valid_min", "pupil_key")):
        start = 2200 + 40 * position
        rows.loc[start : start + 39, column] = planted[start : start + 40]
    rows.loc[2100:2120, "group_key"] = f"{leaks.SECRET} {planted[3]}"
    tables["registers"] = rows
    tables["pupils"]["class_key"] = planted[60:72]
    tables["cases"]["pupil_key"] = planted[72:75]
    folder = made.write_tables(tables, tmp_path_factory.mktemp("small"), "csv")
    clean = made.make_tables(2)
    clean["registers"] = clean["registers"].head(60)
    made.write_tables(clean, folder / "clean", "csv")
    return folder


@settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(file=st.sampled_from(["registers", "pupils", "cases", "calendar", "schools"]), ops=OPS)
def test_damaged_files(  # noqa: PLR0917
    small, tmp_path_factory, leaks, scan, file, ops
):
    folder = tmp_path_factory.mktemp("damaged")
    for path in small.glob("*.csv"):
        source = path if path.stem == file else small / "clean" / path.name
        (folder / path.name).write_bytes(source.read_bytes())
    target = folder / f"{file}.csv"
    target.write_bytes(leaks.spoiled(target.read_bytes(), ops))
    shown = leaks.Exposed(lambda: look(folder))
    assert scan.found(shown.text) == []
    assert shown.error is None or isinstance(shown.error, AbsenceRiskError), repr(shown.error)


@settings(max_examples=25, deadline=None, derandomize=True)
@given(junk=st.binary(max_size=400), name=st.sampled_from(["registers", "pupils", "schools"]))
@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_random_bytes_are_no_register(  # noqa: PLR0917
    small, tmp_path_factory, leaks, junk, name, ending
):
    folder = tmp_path_factory.mktemp("random")
    for path in (small / "clean").glob("*.csv"):
        if path.stem != name:
            (folder / path.name).write_bytes(path.read_bytes())
    (folder / f"{name}.{ending}").write_bytes(junk)
    shown = leaks.Exposed(lambda: look(folder))
    assert shown.error is None or isinstance(shown.error, AbsenceRiskError), repr(shown.error)
