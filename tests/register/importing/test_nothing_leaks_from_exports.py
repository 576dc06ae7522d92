"""An export full of national identity numbers: none of them comes out, whatever is damaged."""

from __future__ import annotations

import json

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from absence_risk.cli import app
from absence_risk.errors import AbsenceRiskError
from absence_risk.register.key_file import new_key_file
from absence_risk.register.opening import read_register
from absence_risk.register.readers.foreign import import_export

N = 10_000
FILES = ("elever", "schema", "franvaro", "arenden", "enkat")


@pytest.fixture(scope="module")
def planted(leaks):
    return leaks.identifiers(N, seed=7)


@pytest.fixture(scope="module")
def scan(leaks, planted):
    return leaks.Scan(planted)


def identified(export, planted):
    """Give each pupil an identifier of some country instead of a number of the school."""
    for lines in export.files.values():
        for line in lines[1:]:
            if line[0].startswith("E-"):
                line[0] = planted[int(line[0][2:])]
    return export


def without_keys(frame):
    """Leave out pseudonyms: random numbers of ten digits look like a part of something at times."""
    names = ["pupil_key", "case_key", "survey_key", "pseudonym"]
    for name in frame.columns.intersection(names):
        numbers = pd.to_numeric(frame[name]).dropna()
        assert numbers.between(2**28, 2**32 - 1).all()
    return frame.drop(columns=names, errors="ignore")


def do_all(folder, mapping, key, out, direct_too):
    """Import, read what was written, validate: give everything that is shown or stored."""
    quarantine = out.with_suffix(".csv")
    try:
        report = import_export(folder, out, layout=mapping, key=key, quarantine=quarantine)
    finally:
        # What stays behind after an error counts too.
        if quarantine.exists():
            yield without_keys(pd.read_csv(quarantine, dtype=str)).to_csv()
        for path in out.parent.glob(f".{out.name}*"):
            yield f"left behind: {path.name}"
    yield report
    yield repr(report)
    yield json.dumps(report.to_dict())
    yield (out / "import.json").read_text(encoding="utf-8")
    for path in out.glob("*.parquet"):
        yield without_keys(pd.read_parquet(path)).to_csv()
    register = read_register(out)
    yield register.validate()
    if not direct_too:
        return
    direct = read_register(folder, mapping, key=key)
    yield direct
    yield direct.validate()


def expose(leaks, folder, mapping, key, out, *, direct_too=False):
    return leaks.Exposed(lambda: do_all(folder, mapping, key, out, direct_too))


def test_a_sound_export_with_identifiers_goes_in_without_them(  # noqa: PLR0917
    make_export, tmp_path, leaks, planted, scan, key
):
    export = identified(make_export(), planted)
    folder = export.write(tmp_path / "export")
    out = tmp_path / "register"
    shown = expose(leaks, folder, export.mapping(tmp_path), key, out, direct_too=True)
    assert shown.error is None, leaks.told(shown.error)
    assert scan.found(shown.text) == []
    raw = b"".join(path.read_bytes() for path in (tmp_path / "register").iterdir())
    assert not any(one.encode() in raw for one in planted[:30])


PLACES = [
    ("franvaro", "Elev", "{}"),
    ("franvaro", "Datum", "{}"),
    ("franvaro", "Lektion", "{}"),
    ("franvaro", "Tid", "{}"),
    ("franvaro", "Typ", "{}"),
    ("franvaro", "Orsak", "Kim Hemligsson {} sjuk"),
    ("franvaro", "Registrerad", "{}"),
    ("elever", "Elev", "{}"),
    ("elever", "Skola", "{}"),
    ("elever", "Klass", "x {}"),
    ("elever", "Årskurs", "{}"),
    ("elever", "Start", "{}"),
    ("elever", "Skyddad", "{}"),
    ("schema", "Ämne", "{}"),
    ("schema", "Minuter", "{}"),
    ("arenden", "Ansökan", "{}"),
    ("arenden", "Orsak", "Hemligsson: {}"),
    ("enkat", "Elev", "{}"),
    ("enkat", "Omgång", "{}"),
    ("enkat", "F1", "{} Hemligsson"),
]


@pytest.mark.parametrize(("file", "column", "form"), PLACES)
def test_identifiers_in_any_column(  # noqa: PLR0917
    make_export, tmp_path, leaks, planted, scan, key, file, column, form
):
    export = identified(make_export(), planted)
    lines = export.files[file]
    at = lines[0].index(column)
    sample = list(lines[1:])
    for number, one in enumerate(planted):
        line = list(sample[number % len(sample)])
        line[at] = form.format(one)
        lines.append(line)
    folder = export.write(tmp_path / "export")
    shown = expose(leaks, folder, export.mapping(tmp_path), key, tmp_path / "register")
    assert shown.error is None or isinstance(shown.error, AbsenceRiskError), repr(shown.error)
    assert scan.found(shown.text) == []


def test_identifiers_in_headers_and_names_of_files(  # noqa: PLR0917
    make_export, tmp_path, leaks, planted, scan, key
):
    for number, one in enumerate(planted[:12]):
        export = identified(make_export(), planted)
        lines = export.files[FILES[number % 5]]
        lines[0][-1 if number % 2 else 0] = f"{lines[0][0]} {one}" if number % 3 else one
        export.files[f"franvaro_{one}"] = export.files.pop("franvaro")[: None if number % 4 else 1]
        home = tmp_path / f"{number}"
        home.mkdir()
        folder = export.write(home / f"export {one}")
        (folder / f"mapping_{one}.toml").write_bytes(export.mapping(home).read_bytes())
        mapping = folder / f"mapping_{one}.toml"
        shown = expose(leaks, folder, mapping, key, home / "register")
        assert scan.found(shown.text) == []


def test_the_command_line_shows_nothing(make_export, tmp_path, planted, scan, key):
    export = identified(make_export(), planted)
    for number, one in enumerate(planted[100:2000]):
        export.files["franvaro"].append([one, "2025-08-1x", one, "1,0", one, one, f"{number}"])
    folder, mapping = export.write(tmp_path / "export"), export.mapping(tmp_path)
    options = ["--layout", str(mapping), "--key", str(key)]
    out = ["--out", str(tmp_path / "register"), "--quarantine", str(tmp_path / "bad.csv")]
    for command in (
        ["import", str(folder), *options, *out],
        ["validate", str(folder), *options],
        ["validate", str(folder), *options, "--json"],
        ["validate", str(tmp_path / "register")],
        ["validate", str(folder), "--layout", str(mapping)],
    ):
        done = CliRunner().invoke(app, command)
        assert scan.found(done.output) == []
        if done.exception is not None:
            assert scan.found(repr(done.exception)) == []
    bad = pd.read_csv(tmp_path / "bad.csv", dtype=str)
    assert len(bad) >= 1900
    assert scan.found(without_keys(bad).to_csv()) == []


@pytest.fixture(scope="module")
def sound(planted, tmp_path_factory):
    """One export on disk, its mapping and a key, to be damaged in copies."""
    import importlib.util
    from pathlib import Path

    spec = importlib.util.spec_from_file_location("d", Path(__file__).parent / "conftest.py")
    made = importlib.util.module_from_spec(spec)
    import sys

    sys.modules["d"] = made
    spec.loader.exec_module(made)
    home = tmp_path_factory.mktemp("sound")
    export = identified(made.build_export(), planted)
    export.write(home / "export")
    return home / "export", export.mapping(home), new_key_file(home / "project.key")


KINDS = (
    "cut behead junk nul quote join double long vast delimiter utf16 latin bom mac".split()  # noqa: SIM905
)
OPS = st.lists(
    st.tuples(st.sampled_from(KINDS), st.floats(0, 1), st.binary(min_size=1, max_size=6)),
    min_size=1,
    max_size=4,
)


@settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(file=st.sampled_from(FILES), ops=OPS)
def test_damaged_exports(sound, tmp_path_factory, leaks, scan, file, ops):  # noqa: PLR0917
    folder, mapping, key = sound
    home = tmp_path_factory.mktemp("damaged")
    (home / "export").mkdir()
    for path in folder.glob("*.csv"):
        raw = path.read_bytes()
        (home / "export" / path.name).write_bytes(
            leaks.spoiled(raw, ops) if path.stem == file else raw
        )
    shown = expose(leaks, home / "export", mapping, key, home / "register")
    assert shown.error is None or isinstance(shown.error, AbsenceRiskError), leaks.told(shown.error)
    assert scan.found(shown.text) == []


@settings(max_examples=20, deadline=None, derandomize=True)
@given(share=st.floats(0, 1), junk=st.binary(max_size=5), cut=st.booleans())
def test_damaged_mappings(sound, tmp_path_factory, leaks, scan, planted, share, junk, cut):  # noqa: PLR0917
    folder, mapping, key = sound
    home = tmp_path_factory.mktemp("mapping")
    raw = mapping.read_bytes()
    at = int(share * len(raw))
    bad = raw[:at] + junk + planted[0].encode() + (b"" if cut else raw[at:])
    (home / "mapping.toml").write_bytes(bad)
    shown = expose(leaks, folder, home / "mapping.toml", key, home / "register")
    assert shown.error is None or isinstance(shown.error, AbsenceRiskError), leaks.told(shown.error)
    assert scan.found(shown.text) == []


def drafts(folder, home):
    """Draft a mapping, by the library and by the command."""
    from absence_risk.register.readers.suggest import suggest_mapping

    yield suggest_mapping(folder)
    done = CliRunner().invoke(app, ["validate", str(folder), "--suggest-mapping"])
    yield done.output.replace(str(home), "")
    if done.exception is not None:
        yield repr(done.exception)


@pytest.mark.parametrize(("file", "column", "form"), PLACES)
def test_drafts_of_mappings_hold_no_identifier(  # noqa: PLR0917
    make_export, tmp_path, leaks, planted, scan, file, column, form
):
    export = identified(make_export(), planted)
    lines = export.files[file]
    at = lines[0].index(column)
    # Few different ones, many times over: they look like the codes of a closed list.
    for number, line in enumerate(lines[1:]):
        line[at] = form.format(planted[number % 6])
    folder = export.write(tmp_path / "export")
    shown = leaks.Exposed(lambda: drafts(folder, tmp_path))
    assert shown.error is None or isinstance(shown.error, AbsenceRiskError), leaks.told(shown.error)
    assert scan.found(shown.text) == []


def test_drafts_from_headers_and_names_of_files_with_identifiers(
    make_export, tmp_path, leaks, planted, scan
):
    for number, one in enumerate(planted[:10]):
        export = identified(make_export(), planted)
        lines = export.files[FILES[number % 5]]
        lines[0][0] = one if number % 2 else f"{lines[0][0]} {one}"
        export.files[f"franvaro_{one}"] = export.files.pop("franvaro")
        folder = export.write(tmp_path / f"{number} {one}")
        shown = leaks.Exposed(lambda folder=folder: drafts(folder, tmp_path))
        assert scan.found(shown.text) == []
