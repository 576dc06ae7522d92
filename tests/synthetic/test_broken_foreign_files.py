"""Files that are cut, damaged or hold unknown words: counted or refused, and nobody is named."""

from __future__ import annotations

import shutil
import traceback

import numpy as np
import pandas as pd
import pytest

from absence_risk.errors import AbsenceRiskError
from absence_risk.register.key_file import new_key_file
from absence_risk.register.readers.foreign import import_export
from absence_risk.register.readers.totals import read_totals
from absence_risk.register.writers.layouts import write_layout
from absence_risk.register.writers.recorded import person_ids
from absence_risk.synthetic import simulate
from absence_risk.synthetic.records import frames

LAYOUTS = ("denmark", "dfe", "edfi", "plain", "ss12000", "wilma")
MUTATIONS = 12


@pytest.fixture(scope="module")
def tables():
    whole = {k: t.to_pandas() for k, t in frames(simulate(pupils=12, seed=1)).items()}
    for name in ("registers", "calendar"):
        dates = pd.to_datetime(whole[name]["date"])
        kept = dates <= "2025-08-29"
        whole[name] = whole[name].assign(date=dates)[kept].reset_index(drop=True)
    for column in ("entry", "exit"):
        whole["pupils"][column] = pd.to_datetime(whole["pupils"][column])
    return {name: whole[name] for name in ("registers", "pupils", "schools", "calendar")}


@pytest.fixture(scope="module")
def root(tables, tmp_path_factory):
    root = tmp_path_factory.mktemp("broken")
    new_key_file(root / "project.key")
    for layout in (*LAYOUTS, "skolverket"):
        write_layout(tables, root / layout, layout)
    return root


def damage(content: bytes, rng: np.random.Generator) -> bytes:
    """Cut, flip, repeat, remove or recode."""
    at, kind = int(rng.integers(1, len(content))), int(rng.integers(6))
    if kind == 0:
        return content[:at]
    if kind == 1:
        return content[:at] + bytes(rng.integers(0, 256, 40, dtype=np.uint8)) + content[at:]
    if kind == 2:
        return content.decode("utf-8").encode("utf-16")
    if kind == 3:
        return content.decode("utf-8").encode("cp1252", errors="replace")
    lines = content.split(b"\n")
    some = int(rng.integers(len(lines)))
    if kind == 4:
        return b"\n".join([*lines[:some], *lines[some : some + 3], *lines[some:]])
    return b"\n".join([*lines[:some], *lines[some + 1 :]])


@pytest.mark.parametrize("layout", [*LAYOUTS, "skolverket", "ss12000 sums"])
def test_damaged_files_name_nobody_and_leave_nothing_half_written(root, tables, tmp_path, layout):
    ids = [*person_ids(tables["pupils"]["pupil_key"])]
    rng = np.random.default_rng(7)
    source = root / layout.split()[0]
    n_refused = n_counted = 0
    for number in range(MUTATIONS):
        folder, out = tmp_path / f"in{number}", tmp_path / f"out{number}"
        shutil.copytree(source, folder)
        files = sorted(path for path in folder.iterdir() if path.suffix in (".csv", ".jsonl"))
        path = files[int(rng.integers(len(files)))]
        path.write_bytes(damage(path.read_bytes(), rng))
        bad = tmp_path / f"bad{number}.csv"
        try:
            if layout in LAYOUTS:
                report = import_export(
                    folder, out, layout=layout, key=root / "project.key", quarantine=bad
                )
                said = str(report) + bad.read_text(encoding="utf-8")
                n_counted += bool(report.problems)
            else:
                totals = read_totals(folder, layout.split()[0], key=root / "project.key")
                said = " ".join(map(str, (totals, *totals.problems)))
                n_counted += bool(totals.problems)
        except AbsenceRiskError:
            said = traceback.format_exc()
            n_refused += 1
            assert not out.exists()
        assert not [one for one in ids if one in said or one[2:] in said]
    assert n_refused + n_counted > 0


WORDS = {
    "denmark": ("fravaer.csv", ";", 2),
    "dfe": ("sessions.csv", ",", 3),
    "wilma": ("merkinnat.csv", ";", 3),
}


@pytest.mark.parametrize("layout", WORDS)
def test_a_word_of_no_list_is_counted_with_its_line(root, tmp_path, layout):
    name, delimiter, column = WORDS[layout]
    folder = tmp_path / "in"
    shutil.copytree(root / layout, folder)
    lines = (folder / name).read_text(encoding="utf-8").splitlines()
    for at in (3, 8):
        cells = lines[at].split(delimiter)
        cells[column] = "word of our own"
        lines[at] = delimiter.join(cells)
    (folder / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
    report = import_export(folder, tmp_path / "out", layout=layout, key=root / "project.key")
    assert [(p.code, p.line, p.n_rows) for p in report.problems] == [("E204", 4, 2)]
    assert "word of our own" not in str(report)
