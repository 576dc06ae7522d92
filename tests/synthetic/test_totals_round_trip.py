"""Totals by term or month give back the sums of the register they were written from."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from absence_risk.errors import DesignError, KeyFileError, SchemaError
from absence_risk.escalation import estimate_escalation
from absence_risk.register.definition import AbsenceDefinition
from absence_risk.register.key_file import new_key_file
from absence_risk.register.opening import read_register
from absence_risk.register.panel import PANEL_COLUMNS
from absence_risk.register.pseudonym import Pseudonyms
from absence_risk.register.readers.totals import read_totals
from absence_risk.register.writers.layouts import export_skolverket_term, write_layout
from absence_risk.register.writers.recorded import person_ids
from absence_risk.synthetic import simulate


@pytest.fixture(scope="module")
def register():
    return simulate("region", pupils=60, seed=8).register


@pytest.fixture(scope="module")
def key(tmp_path_factory):
    return new_key_file(tmp_path_factory.mktemp("keys") / "project.key")


@pytest.fixture(scope="module")
def folders(register, tmp_path_factory):
    root = tmp_path_factory.mktemp("totals")
    export_skolverket_term(register, root / "skolverket")
    write_layout(register, root / "ss12000", "ss12000")
    return root


def expected(register, key, period, definition=None):
    """The register's own panel, with the keys that its exported identifiers get."""
    panel = register.panel(period, definition or AbsenceDefinition())
    made = Pseudonyms.from_file(key, project="absence-risk").keys(
        "register", list(person_ids(panel["pupil_key"]))
    )
    return panel.assign(pupil_key=made)


def sums(panel):
    columns = ["scheduled_min", "valid_min", "invalid_min", "absent_min"]
    return panel.set_index(["pupil_key", "period"])[columns].sort_index().astype(np.int64)


def test_terms_of_the_proposed_register(register, folders, key):
    found = read_totals(folders / "skolverket", "skolverket", key=key)
    assert found.problems == ()
    panel = found.panel("term")
    assert tuple(panel.columns) == PANEL_COLUMNS
    want = expected(register, key, "term")
    # Terms of the register have its own names; those of the export are halves of years.
    want["period"] = want["period"].map({"HT": "2025-2", "VT": "2026-1"})
    pd.testing.assert_frame_equal(sums(panel), sums(want))
    year = found.panel("year")
    pd.testing.assert_frame_equal(sums(year), sums(expected(register, key, "year")))
    rate = year["absent_min"] / year["scheduled_min"]
    assert np.array_equal(year["absence_rate"], rate)


@pytest.mark.parametrize("denominator", ["offered", "reported"])
def test_months_of_aggregated_attendance(register, folders, key, denominator):
    rule = AbsenceDefinition(denominator=denominator)
    found = read_totals(folders / "ss12000", "ss12000", key=key)
    assert found.problems == ()
    assert found.finest == "month"
    panel = found.panel("month", rule)
    want = expected(register, key, "month", rule)
    pd.testing.assert_frame_equal(sums(panel), sums(want))
    both = panel.merge(want, on=["pupil_key", "period"])
    assert (both["grade_x"] == both["grade_y"]).all()
    assert np.allclose(both["absence_rate_x"], both["absence_rate_y"], rtol=1e-15)


def test_what_totals_cannot_carry_is_said_not_invented(folders, key):
    terms = read_totals(folders / "skolverket", "skolverket", key=key)
    assert any("days" in phrase for phrase in terms.cannot())
    assert any("reported" in phrase for phrase in terms.cannot())
    with pytest.raises(DesignError, match="not month"):
        terms.panel("month")
    with pytest.raises(DesignError, match="reported"):
        terms.panel("term", AbsenceDefinition(denominator="reported"))
    with pytest.raises(DesignError, match="rule"):
        terms.panel("term", AbsenceDefinition(day_rule="start_of_day"))
    with pytest.raises(DesignError, match="rule"):
        terms.panel("term", AbsenceDefinition(late_rule="late_minutes"))
    assert terms.panel("term")["n_days"].isna().all()


def test_an_estimator_that_needs_school_days_asks_for_the_halves(register, folders, key):
    months = read_totals(folders / "ss12000", "ss12000", key=key).panel("month")
    with pytest.raises(DesignError, match="early= and later="):
        estimate_escalation(months)


def test_a_layout_without_days_makes_no_register(folders, key):
    with pytest.raises(ValueError, match="read_totals"):
        read_register(folders / "skolverket", "skolverket", key=key)


def test_faults_of_rows_are_counted_with_their_lines(folders, key, tmp_path):
    source = folders / "skolverket" / "franvaro_termin.csv"
    lines = source.read_text(encoding="utf-8").splitlines()
    header, rows = lines[0].split(";"), [line.split(";") for line in lines[1:]]
    at = {name: header.index(name) for name in header}
    rows[2][at["giltig_tid_ht"]] = "viele"
    rows[3][at["ogiltig_tid_vt"]] = "-1,0"
    rows[4][at["giltig_tid_vt"]] = "99999,0"
    rows[5][at["elev_id"]] = ""
    rows.append(list(rows[10]))
    path = tmp_path / "totals.csv"
    path.write_text("\n".join(";".join(row) for row in [header, *rows]), encoding="utf-8")
    found = read_totals(path, "skolverket", key=key)
    whole = read_totals(folders / "skolverket", "skolverket", key=key)
    told = {(p.code, p.column): (p.line, p.n_rows) for p in found.problems}
    last = len(rows) + 1
    n_terms = int((whole.frame["pupil_key"] == whole.frame["pupil_key"]).sum())
    assert told["E103", "valid_min"] == (4, 1)
    assert told["E203", "invalid_min"] == (5, 1)
    assert told["E202", "scheduled_min"] == (6, 1)
    assert told["E104", "id"][0] == 7
    assert told["E305", "id"][0] == last
    n_lost = 3 + told["E104", "id"][1]
    assert len(found.frame) == n_terms - n_lost
    assert all("P-" not in str(problem) for problem in found.problems)


def test_protected_persons_are_counted_only(folders, key, tmp_path):
    for path in (folders / "ss12000").glob("*.jsonl"):
        objects = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        if path.stem == "persons":
            objects[0]["securityMarking"] = "Sekretessmarkering"
        (tmp_path / path.name).write_text(json.dumps({"data": objects}), encoding="utf-8")
    found = read_totals(tmp_path, "ss12000", key=key)
    whole = read_totals(folders / "ss12000", "ss12000", key=key)
    assert found.n_protected == 1
    assert found.n_pupils == whole.n_pupils - 1


def test_missing_columns_files_and_keys(folders, key, tmp_path):
    with pytest.raises(KeyFileError):
        read_totals(folders / "skolverket", "skolverket", key=None)
    with pytest.raises(SchemaError, match="E002"):
        read_totals(tmp_path, "ss12000", key=key)
    path = tmp_path / "totals.csv"
    path.write_text("elev_id;läsår\nP-1;2025/26\n", encoding="utf-8")
    with pytest.raises(SchemaError, match="erbjuden_tid_vt"):
        read_totals(path, "skolverket", key=key)
