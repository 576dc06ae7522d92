"""An export goes in by its mapping: faults are found and counted, good rows kept, none lost."""

from __future__ import annotations

import csv
import gc
import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import absence_risk as ar
from absence_risk.errors import KeyFileError, SchemaError
from absence_risk.register.engine import Engine
from absence_risk.register.readers.foreign import import_export

N_PUPILS, N_LESSONS, MINUTES = 30, 3, 40
DAYS = [str(day) for day in np.busday_offset("2025-08-18", np.arange(20))]


def name(pupil):
    return f"E-{pupil:04d}"


def kinds(report, table=None):
    found = [p for p in report.problems if table in (None, p.table)]
    return [(p.code, p.column, p.n_rows, p.line) for p in found]


def rows_of(tmp_path):
    return pd.read_parquet(tmp_path / "register" / "registers.parquet")


def test_a_clean_export_becomes_a_register_without_a_problem(tmp_path, make_export, do_import):
    report = do_import(make_export())
    assert (report.problems, report.notes) == ((), ())
    assert all(one.adds_up and one.kept == one.rows for one in report.accounts)
    register = ar.read_register(tmp_path / "register")
    assert register.validate().ok
    rows = rows_of(tmp_path)
    assert len(rows) == N_PUPILS * len(DAYS) * N_LESSONS
    assert rows["valid_min"].sum() == 12 * 3 * MINUTES
    assert rows["scheduled_min"].unique().tolist() == [MINUTES]
    assert set(rows["reason_code"].dropna()) == {10}
    assert register.surveys["missing"].value_counts().to_dict() == {"refused": 4}


def test_private_tables_live_as_long_as_the_register(tmp_path, key, make_export):
    export = make_export()
    folder, layout = export.write(tmp_path / "export"), export.mapping(tmp_path)
    register = ar.read_register(folder, layout, key=key)
    home = register.rows.files[0].path.parent
    assert home.stat().st_mode & 0o077 == 0
    assert register.n_pupils == N_PUPILS
    del register
    gc.collect()
    assert not home.exists()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "latin-1", "utf-16"])
@pytest.mark.parametrize("form", ["%Y-%m-%d", "%d.%m.%Y"])
def test_every_encoding_and_form_gives_the_same_register(
    tmp_path, encoding, form, make_export, do_import
):
    report = do_import(make_export(form, encoding))
    assert not report.problems
    register = ar.read_register(tmp_path / "register")
    assert sorted(register.schools["school_key"]) == ["Höjden", "Ås skola"]
    assert register.panel()["valid_min"].sum() == 12 * 3 * MINUTES


def broken_export(export):
    """One export with every kind of fault; return it with what must be found."""
    rows = export.files["franvaro"]
    rows.insert(5, ["Summa", "", "", "9999,0", "", "", ""])
    rows.insert(9, export.absence(20, DAYS[0], 1, time="55,0"))
    rows.insert(10, export.absence(21, DAYS[0], 1, time="41"))
    rows.insert(11, rows[2][:])  # again
    rows.insert(12, export.absence(22, DAYS[0], 1, time="-5"))
    rows.insert(13, export.absence(22, DAYS[1], 1, time="4.5"))
    rows.insert(14, export.absence(22, DAYS[2], 1, time="all"))
    rows.insert(15, export.absence(22, DAYS[3], 1, why="Alfahanne"))
    rows.insert(16, export.absence(22, DAYS[4], 1, kind="Kanske"))
    rows.insert(17, export.absence(22, DAYS[5], 9))
    rows.insert(18, export.absence(22, "2025-12-25", 1))
    rows.insert(19, export.absence(999, DAYS[5], 1))
    rows.insert(20, export.absence(23, DAYS[6], 1, at="soon"))
    rows.insert(21, ["", *export.absence(23, DAYS[7], 1)[1:]])
    bad_date = export.absence(23, DAYS[8], 1)
    bad_date[1] = "2025-02-30"
    rows.insert(22, bad_date)
    rows.insert(23, [*export.absence(23, DAYS[9], 1), "x"])
    rows.insert(24, export.absence(24, DAYS[0], 2))  # pupil left before
    rows.insert(25, export.absence(25, DAYS[0], 3))  # cancelled
    rows.insert(26, export.absence(25, DAYS[1], 3))  # unreported
    export.files["elever"][25][5] = export.date("2025-08-01")  # E-0024 left
    export.files["elever"][25][4] = ""
    lessons = export.files["schema"]
    for line in lessons:
        if line[:3] == ["7B", export.date(DAYS[0]), "3"]:
            line[5] = "J"
        if line[:3] == ["7B", export.date(DAYS[1]), "3"]:
            line[6] = "N"
    return export


EXPECTED = {
    ("E103", "Tid", 1, 15),
    ("E104", "Elev", 1, 22),
    ("E105", None, 1, 24),
    ("E110", "Registrerad", 1, 21),
    ("E110", "Datum", 1, 23),
    ("E112", "Tid", 1, 14),
    ("E201", "Lektion", 1, 12),
    ("E202", "Tid", 2, 10),
    ("E203", "Tid", 1, 13),
    ("E204", "Orsak", 1, 16),
    ("E204", "Typ", 1, 17),
    ("E205", "Lektion", 2, 18),
    ("E205", "Datum", 1, 25),
    ("E207", "Datum", 1, 26),
    ("E210", "is_reported", 1, 27),
    ("E301", "Elev", 1, 20),
}


def test_every_kind_of_fault_is_counted_with_its_first_line(tmp_path, make_export, do_import):
    report = do_import(broken_export(make_export()))
    assert set(kinds(report, "registers")) == EXPECTED
    (account,) = [one for one in report.accounts if one.table == "registers"]
    assert (account.rows, account.kept, account.quarantined, account.aside) == (55, 36, 18, 1)
    assert rows_of(tmp_path)["valid_min"].sum() == 12 * 3 * MINUTES
    assert ar.read_register(tmp_path / "register").validate().ok


def test_the_quarantine_names_every_bad_line_and_no_identifier(tmp_path, make_export, do_import):
    path = tmp_path / "bad.csv"
    report = do_import(broken_export(make_export()), quarantine=path)
    with path.open(encoding="utf-8") as file:
        lines = list(csv.DictReader(file))
    assert len(lines) == report.n_quarantined == 18
    assert {int(one["line"]) for one in lines} == set(range(10, 28))
    assert {one["file"] for one in lines} == {"franvaro.csv"}
    text = path.read_text(encoding="utf-8") + str(report) + str(report.to_dict())
    assert "E-0" not in text
    assert "Alfahanne" not in text
    keyed = [one for one in lines if one["pseudonym"]]
    assert len(keyed) == 16  # all but the empty identifier and the broken line
    known = set(pd.read_parquet(tmp_path / "register" / "pupils.parquet")["pupil_key"])
    strangers = {one["line"] for one in keyed if int(one["pseudonym"]) not in known}
    assert strangers == {"20"}


def test_protected_pupils_are_counted_and_nowhere(tmp_path, make_export, do_import):
    export = make_export()
    for pupil in (1, 2):
        export.files["elever"][pupil + 1][6] = "J"
    export.files["elever"][4][6] = "Sekretess"  # an unknown word protects
    report = do_import(export)
    counts = {one.table: one for one in report.accounts}
    assert [counts[t].protected for t in ("pupils", "registers", "cases", "surveys")] == [
        3,
        9,
        3,
        12,
    ]
    assert all(one.adds_up for one in report.accounts)
    (note,) = [p for p in report.notes if p.code == "W903"]
    assert note.n_rows is None
    assert "fewer than 5" in str(note)
    register = ar.read_register(tmp_path / "register")
    assert register.n_pupils == N_PUPILS - 3
    # The number read, less the number kept, would be the number of protected pupils.
    for text in (str(report), report.text("fi"), repr(report), json.dumps(report.to_dict())):
        assert f"{N_PUPILS}" not in re.findall(r"\d+", text), text
    manifest = json.loads((tmp_path / "register" / "import.json").read_text(encoding="utf-8"))
    hidden = [one for one in manifest["accounts"] if one["table"] != "timetable"]
    assert {(one["rows"], one["protected"]) for one in hidden} == {(None, None)}
    assert [one["kept"] for one in hidden if one["table"] == "pupils"] == [N_PUPILS - 3]
    assert len(register.surveys) == (4 - 3) * 4
    assert len(rows_of(tmp_path)) == (N_PUPILS - 3) * len(DAYS) * N_LESSONS


@pytest.mark.parametrize("first", [b"\n", b"\r\n"])
def test_files_whose_lines_end_in_two_ways_are_read(tmp_path, make_export, do_import, first):
    export = make_export()
    do_import(export)
    want = rows_of(tmp_path)
    other = b"\n" if first == b"\r\n" else b"\r\n"
    for path in (tmp_path / "export").glob("*.csv"):
        lines = path.read_bytes().replace(b"\r\n", b"\n").rstrip(b"\n").split(b"\n")
        half = len(lines) // 2
        path.write_bytes(first.join(lines[:half]) + first + other.join(lines[half:]) + other)
    found = import_export(
        tmp_path / "export",
        tmp_path / "again",
        layout=export.mapping(tmp_path),
        key=tmp_path / "project.key",
    )
    assert not found.problems
    got = pd.read_parquet(tmp_path / "again" / "registers.parquet")
    by = ["pupil_key", "date", "slot"]
    got, want = (rows.sort_values(by, ignore_index=True) for rows in (got, want))
    pd.testing.assert_frame_equal(got, want)


def test_a_later_correction_supersedes_and_both_are_kept(tmp_path, make_export, do_import):
    export = make_export()
    first = export.absence(25, DAYS[0], 2, kind="Ogiltig", why="", at="2025-08-18 10:00")
    later = export.absence(25, DAYS[0], 2, at="2025-08-19 07:00")
    export.add("franvaro", *later)
    export.add("franvaro", *first)
    report = do_import(export)
    assert not report.problems
    rows = rows_of(tmp_path)
    old = rows[rows["superseded_at"].notna()]
    assert old["invalid_min"].tolist() == [MINUTES]
    assert old["superseded_at"].tolist() == [pd.Timestamp("2025-08-19 07:00")]
    now = rows[rows["superseded_at"].isna()].merge(old[["pupil_key", "date", "slot"]])
    assert (now["valid_min"].tolist(), now["invalid_min"].tolist()) == ([MINUTES], [0])
    assert ar.read_register(tmp_path / "register").validate().ok


def test_rows_that_contradict_each_other_are_not_settled_by_guessing(make_export, do_import):
    export = make_export()
    export.add("franvaro", *export.absence(25, DAYS[0], 2))
    line = export.add("franvaro", *export.absence(25, DAYS[0], 2, kind="Ogiltig", why=""))
    report = do_import(export)
    assert kinds(report) == [("E201", "Lektion", 1, line)]
    assert "contradicts" in str(report.problems[0])


def test_unreported_lessons_are_empty_and_late_is_present(tmp_path, make_export, do_import):
    export = make_export()
    line = next(x for x in export.files["schema"] if x[:3] == ["7A", DAYS[0], "3"])
    line[6] = "N"
    export.add("franvaro", *export.absence(27, DAYS[1], 3, time="12,0", kind="Sen", why=""))
    do_import(export)
    rows = rows_of(tmp_path)
    silent = rows[~rows["is_reported"]]
    assert len(silent) == N_PUPILS // 3
    assert silent[["valid_min", "invalid_min", "present_min"]].isna().all(axis=None)
    late = rows[rows["late_min"] > 0]
    assert late[["late_min", "present_min", "reason_code"]].to_numpy().tolist() == [[12, 40, 80]]


def test_an_absence_nobody_reported_can_be_kept(tmp_path, key, make_export):
    export = make_export()
    line = next(x for x in export.files["schema"] if x[:3] == ["7A", DAYS[0], "3"])
    line[6] = "N"
    export.add("franvaro", *export.absence(27, DAYS[0], 3))
    folder, layout = export.write(tmp_path / "export"), export.mapping(tmp_path)
    text = layout.read_text(encoding="utf-8")
    layout.write_text(
        text.replace('rows = "absences"', 'rows = "absences"\nunreported_absence = "keep"')
    )
    report = import_export(folder, tmp_path / "register", layout=layout, key=key)
    assert not report.problems
    rows = rows_of(tmp_path)
    assert (~rows["is_reported"]).sum() == N_PUPILS // 3 - 1


def test_several_files_feed_one_table_and_lines_are_of_their_file(tmp_path, make_export, do_import):
    export = make_export()
    header, *rest = export.files.pop("franvaro")
    rest.insert(30, export.absence(20, DAYS[0], 1, time="55,0"))
    export.files["franvaro_1"] = [header, *rest[:10]]
    export.files["franvaro_2"] = [header, *rest[10:]]
    report = do_import(export)
    (problem,) = report.problems
    assert (problem.code, problem.file, problem.line) == ("E202", "franvaro_2.csv", 22)
    assert rows_of(tmp_path)["valid_min"].sum() == 12 * 3 * MINUTES


def test_lines_are_right_behind_quoted_breaks_and_empty_lines(make_export, do_import):
    export = make_export()
    rows = export.files["franvaro"]
    rows[3][5] = '"Sjuk\r\ndom"'
    rows.insert(6, [""])
    rows.insert(9, export.absence(20, DAYS[0], 1, time="55,0"))
    report = do_import(export)
    assert ("E202", "Tid", 1, 11) in kinds(report)
    assert ("E204", "Orsak", 1, 4) in kinds(report)


def test_cases_and_answers_with_faults(make_export, do_import):
    export = make_export()
    cases, answers = export.files["arenden"], export.files["enkat"]
    cases[1][3] = "2025-08-22"  # closed before start, and no reason
    cases[2][3:] = ["2025-09-01", "Klart"]
    cases[3][3:] = ["2025-09-01", "Annat"]
    cases.append(cases[4][:])
    cases.append([name(900), "2025-08-20", "2025-08-27", "", ""])
    answers[1][2] = "7"
    answers[2][3] = "kanske"
    answers[3][1] = "mitt i"
    report = do_import(export)
    assert set(kinds(report, "cases")) == {
        ("E302", "Avslut", 1, 2),
        ("E303", "Orsak", 2, 2),
        ("E113", "Orsak", 1, 4),
        ("E305", "Elev", 1, 6),
        ("E301", "Elev", 1, 7),
    }
    assert set(kinds(report, "surveys")) == {
        ("E401", "response", 1, 2),
        ("E103", "response", 1, 3),
        ("E113", "Omgång", 2, 4),
    }


def test_pupils_listed_twice_overlapping_and_backwards(make_export, do_import):
    export = make_export()
    pupils = export.files["elever"]
    pupils.append(pupils[1][:])
    pupils.append([name(1), "Höjden", "8A", "8", "2025-09-01", "", "N"])
    pupils.append([name(800), "Höjden", "8A", "8", "2025-09-01", "2025-08-20", "N"])
    pupils.append([name(801), "Höjden", "8A", "åtta", "", "", "N"])
    report = do_import(export)
    assert set(kinds(report, "pupils")) == {
        ("E305", "Elev", 1, 32),
        ("E304", "Start", 1, 33),
        ("E302", "Slut", 1, 34),
        ("E103", "Årskurs", 1, 35),
    }


def test_all_that_is_missing_from_the_files_is_listed_at_once(tmp_path, make_export, do_import):
    export = make_export()
    export.files["franvaro"][0] = [
        "Elev",
        "Dag",
        "Lektion",
        "Minuter",
        "Typ",
        "Orsak",
        "Registrerad",
    ]
    with pytest.raises(SchemaError) as error:
        do_import(export)
    found = [(p.code, p.column, p.fix) for p in error.value.problems]
    assert [code for code, _, _ in found] == ["E101", "E101"]
    assert not (tmp_path / "register").exists()


def test_a_wrong_encoding_is_told_and_not_guessed(tmp_path, key, make_export):
    export = make_export(encoding="utf-8")
    folder, layout = export.write(tmp_path / "export"), export.mapping(tmp_path)
    text = layout.read_text(encoding="utf-8").replace('"utf-8"', '"cp1252"')
    layout.write_text(text, encoding="utf-8")
    with pytest.raises(SchemaError, match=r"E111.*is utf-8, not cp1252"):
        import_export(folder, tmp_path / "register", layout=layout, key=key)


def test_one_line_in_another_encoding_is_quarantined(tmp_path, key, make_export):
    export = make_export()
    folder, layout = export.write(tmp_path / "export"), export.mapping(tmp_path)
    path = folder / "franvaro.csv"
    lines = path.read_bytes().split(b"\r\n")
    lines[7] = lines[7].replace(b"Sjukdom", "Läkare".encode("cp1252"))
    path.write_bytes(b"\r\n".join(lines))
    report = import_export(folder, tmp_path / "register", layout=layout, key=key)
    assert kinds(report) == [("E111", None, 1, 8)]


def test_no_key_no_import(tmp_path, make_export, do_import):
    with pytest.raises(KeyFileError, match="new-key"):
        do_import(make_export(), key=None)
    assert not (tmp_path / "register").exists()


@pytest.mark.parametrize("threads", [1, 2])
def test_order_of_rows_does_not_depend_on_threads(threads, make_export, do_import):
    export = make_export()
    rows = export.files["franvaro"]
    good = [export.absence(25, DAYS[0], 2, time="0")] * 1
    for number in range(60_000):
        rows.append(export.absence(500 + number % 7, DAYS[number % 20], 1))
    rows[50_000] = export.absence(20, DAYS[0], 1, time="55,0")
    rows += good
    report = do_import(export, engine=Engine(threads=threads))
    assert ("E202", "Tid", 1, 50_001) in kinds(report)


def test_the_same_key_file_gives_the_same_keys(tmp_path, make_export, do_import):
    do_import(make_export())
    first = pd.read_parquet(tmp_path / "register" / "pupils.parquet")["pupil_key"]
    do_import(make_export(), force=True)
    again = pd.read_parquet(tmp_path / "register" / "pupils.parquet")["pupil_key"]
    assert set(first) == set(again)
    assert Path(tmp_path / "register" / "import.json").exists()


def test_identifiers_that_strayed_into_text_are_bad_rows(tmp_path, make_export, do_import):
    export = make_export()
    export.files["elever"][7][1] = name(20)  # a pupil's identifier for a school
    export.files["elever"][8][2] = "7A (010112-1236)"
    export.files["schema"][9][4] = f"Ma med {name(3)}"
    report = do_import(export)
    assert set(kinds(report)) >= {
        ("P901", "Skola", 1, 8),
        ("P901", "Klass", 1, 9),
        ("P901", "Ämne", 1, 10),
    }
    register = ar.read_register(tmp_path / "register")
    assert register.validate().ok
    assert register.n_pupils == N_PUPILS - 2


def test_short_identifiers_may_be_names_of_classes_too(make_export, do_import):
    export = make_export()
    for lines in export.files.values():
        for line in lines[1:]:
            line[0] = line[0].replace("E-00", "").replace("E-0", "")
    for line in export.files["elever"][1:]:
        line[1] = "12"
    assert not do_import(export).problems
