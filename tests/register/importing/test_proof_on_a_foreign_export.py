"""The proof: an export that a program unrelated to the project made goes in and is studied.

The data stay where they are: the environment variable ABSENCE_RISK_SHARED names the folder that
holds ``data/se-export``, or they lie in ``../shared`` beside the repository. Without them these
tests say so and are skipped; test_import_of_exports.py walks the same path with an export of its
own.
"""

from __future__ import annotations

import csv
import json
import os
from importlib import resources
from pathlib import Path

import pytest

import absence_risk as ar
from absence_risk import report, study
from absence_risk.register.key_file import new_key_file
from absence_risk.register.readers.foreign import import_export
from absence_risk.register.readers.mapping_file import parse_mapping
from absence_risk.register.readers.suggest import suggest_mapping

ROOT = Path(__file__).parents[3]
PLACES = [os.environ.get("ABSENCE_RISK_SHARED"), ROOT.parent / "shared"]
EXPORTS = [Path(place) / "data" / "se-export" for place in PLACES if place]
EXPORT = next((place for place in EXPORTS if place.is_dir()), None)

pytestmark = pytest.mark.skipif(
    EXPORT is None,
    reason="the foreign export is not there; set ABSENCE_RISK_SHARED to the folder with data/",
)

# What a person decided at the lines that the draft marks with CHECK.
DECISIONS = (
    ('encoding = "cp1252"  # CHECK: or latin-1', 'encoding = "cp1252"'),
    ('name = "2025 autumn"', 'name = "HT 2025"'),
    ('name = "2026 spring"', 'name = "VT 2026"'),
    (
        'municipality_key = { value = "municipality" }  # CHECK: its name',
        'municipality_key = { value = "invented" }\ncountry = { value = "SE" }',
    ),
    ('"Frånvarande" = {}  # CHECK: reason = …', '"Frånvarande" = { reason = 70 }'),
    ('"Övrigt X9" = { reason = 90 }  # CHECK: what is it\n', ""),
    (
        'checked = { checked_1 = "Kartläggning klar" }  # CHECK: and add order = [...]',
        'checked = { mapped = "Kartläggning klar" }\n'
        'order = ["referred", "started", "mapped", "closed"]',
    ),
    (
        'instrument_id = { value = "survey" }  # CHECK: its name',
        'instrument_id = { value = "wellbeing" }',
    ),
)


@pytest.fixture(scope="module")
def imported(tmp_path_factory):
    home = tmp_path_factory.mktemp("proof")
    key = new_key_file(home / "project.key")
    found = import_export(
        EXPORT, home / "register", layout="se_export", key=key, quarantine=home / "bad.csv"
    )
    return home, found


def test_the_shipped_mapping_is_the_draft_with_a_persons_decisions():
    text = suggest_mapping(EXPORT)
    for draft, decided in DECISIONS:
        assert text.count(draft) == 1, draft
        text = text.replace(draft, decided)
    shipped = resources.files("absence_risk.register") / "layouts" / "se_export.toml"
    assert parse_mapping(text) == parse_mapping(shipped.read_text(encoding="utf-8"))


def test_faults_are_counted_by_kind_and_the_rest_is_kept(imported):
    _, found = imported
    kinds = {(p.code, p.file, p.column): (p.n_rows, p.line) for p in found.problems}
    # Counted beforehand with pandas, by hand, from the files alone.
    assert kinds == {
        ("E201", "franvaro.csv", "Lektion"): (37, 21920),
        ("E202", "franvaro.csv", "Frånvarominuter"): (23, 6981),
        ("E205", "franvaro.csv", "Lektion"): (11, 23612),
        ("E301", "franvaro.csv", "ElevId"): (7, 33154),
    }
    noted = {p.code: p.n_rows for p in found.notes}
    assert noted == {"W204": 19, "W302": 14, "W903": None}
    rows = {one.table: one for one in found.accounts}
    assert all(one.adds_up for one in found.accounts)
    absences = rows["registers"]
    assert (absences.rows, absences.kept, absences.quarantined) == (110_905, 110_738, 78)
    assert (absences.protected, absences.aside) == (88, 1)
    assert (rows["pupils"].kept, rows["pupils"].protected) == (1_898, 2)
    assert (rows["timetable"].kept, rows["timetable"].aside) == (84_591, 849)


def test_minutes_are_those_of_the_files_without_the_faults(imported):
    home, _ = imported
    register = ar.read_register(home / "register")
    with (home / "bad.csv").open(encoding="utf-8") as file:
        bad = {int(line["line"]) for line in csv.DictReader(file)}
    assert len(bad) == 78
    with (EXPORT / "elever.csv").open(encoding="cp1252") as file:
        hidden = {r["ElevId"] for r in csv.DictReader(file, delimiter=";") if r["Skyddad"] == "J"}
    valid = invalid = 0.0
    with (EXPORT / "franvaro.csv").open(encoding="cp1252") as file:
        for line, row in enumerate(csv.DictReader(file, delimiter=";"), start=2):
            if line in bad or row["ElevId"] in hidden or row["ElevId"] == "Summa":
                continue
            minutes = float(row["Frånvarominuter"].replace(",", "."))
            valid += minutes * (row["Typ"] == "Giltig")
            invalid += minutes * (row["Typ"] == "Ogiltig")
    panel = register.panel()
    assert panel["valid_min"].sum() == valid
    assert panel["invalid_min"].sum() == invalid


def test_nothing_that_leaves_holds_an_identifier(imported):
    home, found = imported
    with (EXPORT / "elever.csv").open(encoding="cp1252") as file:
        names = [row["ElevId"] for row in csv.DictReader(file, delimiter=";")]
    texts = str(found) + json.dumps(found.to_dict()) + (home / "bad.csv").read_text("utf-8")
    texts += suggest_mapping(EXPORT)
    raw = b"".join(path.read_bytes() for path in (home / "register").iterdir())
    assert not any(name in texts for name in names)
    assert not any(name.encode() in raw for name in names)


def test_the_study_runs_to_the_report(imported, tmp_path):
    home, _ = imported
    register = ar.read_register(home / "register")
    assert register.validate().ok
    answers = study.run(register, random_state=1)
    report.publish(answers, tmp_path / "study", register=register)
    assert (tmp_path / "study" / "report.html").stat().st_size > 50_000
    assert {"escalation", "return", "wellbeing"} <= set(answers.results)
    # The export has no grades, so nothing can be said of harm.
    assert "threshold" in answers.refused
