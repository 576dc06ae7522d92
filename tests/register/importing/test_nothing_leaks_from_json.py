"""JSON exports full of national identity numbers, in every value, sound and damaged."""

from __future__ import annotations

import json

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from absence_risk import synthetic
from absence_risk.errors import AbsenceRiskError
from absence_risk.register.key_file import new_key_file
from absence_risk.register.opening import read_register
from absence_risk.register.readers.foreign import import_export

FILES = ("students", "studentSchoolAssociations", "studentSchoolAttendanceEvents", "sessions")
KINDS = ("cut", "behead", "junk", "nul", "quote", "join", "double", "vast", "utf16", "mac", "plant")
OPS = st.lists(
    st.tuples(st.sampled_from(KINDS), st.floats(0, 1), st.binary(min_size=1, max_size=6)),
    min_size=1,
    max_size=3,
)


@pytest.fixture(scope="module")
def planted(leaks):
    return leaks.identifiers(10_000, seed=11)


@pytest.fixture(scope="module")
def scan(leaks, planted):
    return leaks.Scan(planted)


def values(node):
    """Yield the containers and places of all plain values of a JSON object."""
    pairs = node.items() if isinstance(node, dict) else enumerate(node)
    for place, value in list(pairs):
        if isinstance(value, dict | list):
            yield from values(value)
        else:
            yield node, place


@pytest.fixture(scope="module")
def export(planted, tmp_path_factory):
    """A small Ed-Fi export whose pupils are known by national identity numbers."""
    home = tmp_path_factory.mktemp("edfi")
    world = synthetic.simulate("municipality", pupils=12, seed=3)
    world.write(home / "export", rows="day", layout="edfi")
    ids: dict[str, str] = {}
    for name in FILES:
        path = home / "export" / f"{name}.jsonl"
        lines = []
        for line in path.read_text(encoding="utf-8").splitlines():
            node = json.loads(line)
            for holder, place in values(node):
                if place == "studentUniqueId":
                    holder[place] = ids.setdefault(holder[place], planted[len(ids)])
            lines.append(json.dumps(node))
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    assert len(ids) == 12
    for name in ("truth.json", "manifest.json", "scenario.toml"):
        (home / "export" / name).unlink()
    return home / "export", new_key_file(home / "project.key")


def do_all(folder, key, out):
    quarantine = out.with_suffix(".csv")
    try:
        report = import_export(folder, out, layout="edfi", key=key, quarantine=quarantine)
    finally:
        if quarantine.exists():
            yield pd.read_csv(quarantine, dtype=str).drop(columns="pseudonym").to_csv()
    yield report
    yield json.dumps(report.to_dict())
    for path in out.glob("*.parquet"):
        frame = pd.read_parquet(path)
        yield frame.drop(columns=[c for c in frame if c.endswith("_key") and c[:4] in ("pupi",)])
    yield read_register(out).validate()


def copied(folder, home, leaks, name=None, ops=(), planted=()):  # noqa: PLR0917
    home.mkdir(parents=True, exist_ok=True)
    for path in folder.glob("*.jsonl"):
        raw = path.read_bytes()
        if path.stem == name:
            for kind, share, junk in ops:
                at = int(share * len(raw))
                if kind == "plant":
                    raw = raw[:at] + planted[at % len(planted)].encode() + raw[at:]
                else:
                    raw = leaks.spoiled(raw, [(kind, share, junk)])
        (home / path.name).write_bytes(raw)
    return home


def test_a_sound_export_goes_in_without_identifiers(export, tmp_path, leaks, scan):
    folder, key = export
    shown = leaks.Exposed(lambda: do_all(folder, key, tmp_path / "register"))
    assert shown.error is None, leaks.told(shown.error)
    assert scan.found(shown.text) == []


@pytest.mark.parametrize("name", FILES)
def test_identifiers_in_every_value(export, tmp_path, leaks, planted, scan, name):  # noqa: PLR0917
    folder, key = export
    home = copied(folder, tmp_path / "export", leaks)
    path = home / f"{name}.jsonl"
    lines = path.read_text(encoding="utf-8").splitlines()
    first = json.loads(lines[0])
    for number in range(len(list(values(first)))):
        changed = []
        for at, line in enumerate(lines[:200]):
            node = json.loads(line)
            spots = list(values(node))
            holder, place = spots[number % len(spots)]
            holder[place] = planted[(at * 7 + number) % len(planted)]
            changed.append(json.dumps(node))
        path.write_text("\n".join(changed) + "\n", encoding="utf-8")
        out = tmp_path / f"register {number}"
        shown = leaks.Exposed(lambda out=out: do_all(home, key, out))
        assert shown.error is None or isinstance(shown.error, AbsenceRiskError), leaks.told(
            shown.error
        )
        assert scan.found(shown.text) == []


@settings(max_examples=15, deadline=None, derandomize=True)
@given(name=st.sampled_from(FILES), ops=OPS)
def test_damaged_files(export, tmp_path_factory, leaks, planted, scan, name, ops):  # noqa: PLR0917
    folder, key = export
    home = tmp_path_factory.mktemp("damaged")
    copied(folder, home / "export", leaks, name, ops, planted)
    shown = leaks.Exposed(lambda: do_all(home / "export", key, home / "register"))
    assert shown.error is None or isinstance(shown.error, AbsenceRiskError), leaks.told(shown.error)
    assert scan.found(shown.text) == []
