"""Drafts of mappings: headers of four languages, what files look like, and what stays unsaid."""

from __future__ import annotations

import tomllib

import numpy as np
import pytest

from absence_risk.errors import SchemaError
from absence_risk.register.readers.foreign import import_export
from absence_risk.register.readers.mapping_file import parse_mapping
from absence_risk.register.readers.suggest import suggest_mapping

DAYS = [day.item() for day in np.busday_offset("2025-08-18", np.arange(15))]

LANGUAGES = {
    "sv": {
        "pupils": ["Elevnr", "Skolenhet", "Klass", "Årskurs", "Sekretessmarkering"],
        "lessons": ["Klass", "Datum", "Lektionsnr", "Längd (min)", "Inställd"],
        "absences": ["Elevnr", "Datum", "Lektionsnr", "Frånvaro (min)", "Frånvarotyp"],
        "words": ["Giltig frånvaro", "Ogiltig frånvaro", "Sen ankomst"],
        "yes": ("Ja", "Nej"),
        "form": ("%Y-%m-%d", "yyyy-mm-dd"),
        "file": ("cp1252", ";", ","),
    },
    "fi": {
        "pupils": ["Oppilasnumero", "Koulu", "Luokka", "Vuosiluokka", "Turvakielto"],
        "lessons": ["Luokka", "Päivämäärä", "Tunti", "Kesto (min)", "Peruttu"],
        "absences": ["Oppilasnumero", "Päivämäärä", "Tunti", "Poissaolo (min)", "Merkintä"],
        "words": ["Luvallinen", "Luvaton poissaolo", "Myöhässä"],
        "yes": ("Kyllä", "Ei"),
        "form": ("%d.%m.%Y", "dd.mm.yyyy"),
        "file": ("utf-8", ";", ","),
    },
    "da": {
        "pupils": ["Elev-id", "Institution", "Klasse", "Klassetrin", "Adressebeskyttelse"],
        "lessons": ["Klasse", "Dato", "Lektion", "Varighed (min)", "Aflyst"],
        "absences": ["Elev-id", "Dato", "Lektion", "Fravær (min)", "Fraværstype"],
        "words": ["Lovligt", "Ulovligt", "Forsinket"],
        "yes": ("Ja", "Nej"),
        "form": ("%d-%m-%Y", "dd-mm-yyyy"),
        "file": ("utf-8-sig", "\t", ","),
    },
    "en": {
        "pupils": ["Student ID", "School", "Class", "Year group", "Protected"],
        "lessons": ["Class", "Date", "Period", "Duration (min)", "Cancelled"],
        "absences": ["Student ID", "Date", "Period", "Absence (min)", "Mark"],
        "words": ["Authorised", "Unauthorised", "Late"],
        "yes": ("Yes", "No"),
        "form": ("%m/%d/%Y", "mm/dd/yyyy"),
        "file": ("utf-16", ",", "."),
    },
}


def write(folder, language, days=DAYS):
    words = LANGUAGES[language]
    encoding, sign, decimal = words["file"]
    yes, no = words["yes"]
    shown = [day.strftime(words["form"][0]) for day in days]
    tables = {"pupils": [words["pupils"]], "lessons": [words["lessons"]]}
    tables["absences"] = [words["absences"]]
    for pupil in range(40):
        row = [f"Z{pupil:04d}", f"School {pupil % 2}", f"{7 + pupil % 2}A", str(7 + pupil % 2)]
        tables["pupils"].append([*row, yes if pupil == 3 else no])
        for at, kind in enumerate(words["words"]):
            minutes = f"{40 if at < 2 else 5}{decimal}0"
            day = shown[(pupil + at) % len(shown)]
            tables["absences"].append([row[0], day, str(1 + at), minutes, kind])
    tables["absences"].append(["Z0001", shown[0], "2", f"7{decimal}5", "Said by mother"])
    for group in ("7A", "8A"):
        for day in shown:
            for lesson in (1, 2, 3, 4):
                cancelled = yes if (group, day, lesson) == ("7A", shown[-1], 4) else no
                tables["lessons"].append([group, day, str(lesson), "40", cancelled])
    folder.mkdir()
    for name, rows in tables.items():
        text = "".join(sign.join(row) + "\n" for row in rows)
        (folder / f"{name}.csv").write_bytes(text.encode(encoding))
    return folder


@pytest.mark.parametrize("language", LANGUAGES)
def test_headers_forms_and_words_of_four_languages(tmp_path, language, key):
    folder = write(tmp_path / "export", language)
    words = LANGUAGES[language]
    text = suggest_mapping(folder)
    draft = tomllib.loads(text)
    encoding, sign, decimal = words["file"]
    form = draft["format"]
    assert form["encoding"] == encoding.removesuffix("-sig")
    assert (form["delimiter"], form["decimal"], form["unit"]) == (sign, decimal, "minutes")
    assert form["date"] == words["form"][1]
    assert ([form["true"]], [form["false"]]) == ([[words["yes"][0]]], [[words["yes"][1]]])
    names = ["pupil_key", "school_key", "class_key", "grade", "protected"]
    assert [draft["pupils"][name] for name in names] == words["pupils"]
    names = ["class_key", "date", "slot", "scheduled_min", "cancelled"]
    assert [draft["timetable"][name] for name in names] == words["lessons"]
    names = ["pupil_key", "date", "slot", "absent_min"]
    assert [draft["registers"][name] for name in names] == words["absences"][:4]
    (code,) = draft["registers"]["codes"]
    counts = {word: axes["counts"] for word, axes in code["labels"].items()}
    assert counts == dict(zip(words["words"], ["valid", "invalid", "late"], strict=True))
    # What a person finishes here: nothing but the municipality, so the draft already imports.
    layout = tmp_path / "mapping.toml"
    layout.write_text(text, encoding="utf-8")
    found = import_export(folder, tmp_path / "register", layout=layout, key=key)
    (problem,) = found.problems
    assert (problem.code, problem.n_rows, problem.line) == ("E204", 1, 122)


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_identifier_and_no_word_that_stands_once_is_in_the_draft(tmp_path, language):
    text = suggest_mapping(write(tmp_path / "export", language))
    assert "Z00" not in text
    assert "mother" not in text
    assert "1 words" in text


def test_an_open_order_of_day_and_month_is_left_to_a_person(tmp_path, key):
    days = [day for day in DAYS if day.day <= 12]
    folder = write(tmp_path / "export", "en", days)
    text = suggest_mapping(folder)
    assert "date" not in tomllib.loads(text)["format"]
    assert "dd/mm/yyyy or mm/dd/yyyy fit all cells" in text
    layout = tmp_path / "mapping.toml"
    layout.write_text(text, encoding="utf-8")
    with pytest.raises(SchemaError, match="E110"):
        import_export(folder, tmp_path / "register", layout=layout, key=key)


def test_a_unit_that_nothing_tells_must_be_declared(tmp_path):
    folder = write(tmp_path / "export", "sv")
    for path in folder.iterdir():
        text = path.read_text(encoding="cp1252").replace(" (min)", "").replace("40", "1,5")
        path.write_text(text.replace("5,0", "0,1"), encoding="cp1252")
    with pytest.raises(SchemaError) as error:
        parse_mapping(suggest_mapping(folder))
    assert {problem.code for problem in error.value.problems} == {"E112"}


def test_a_folder_without_tables_says_so(tmp_path):
    (tmp_path / "readme.md").write_text("nothing", encoding="utf-8")
    with pytest.raises(SchemaError, match="E001"):
        suggest_mapping(tmp_path)
