"""A small export of an invented school system, and faults to put into it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pytest

from absence_risk.register.key_file import new_key_file
from absence_risk.register.readers.foreign import import_export

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

N_PUPILS = 30
N_LESSONS = 3
MINUTES = 40
CLASSES = ("7A", "7B", "8A")
SCHOOLS = ("Ås skola", "Ås skola", "Höjden")

MAPPING = """
[mapping]
name = "small"

[format]
encoding = "{encoding}"
delimiter = ";"
decimal = ","
date = "{date}"
datetime = "{date} HH:MM"
unit = "minutes"
true = ["J"]
false = ["N"]

[files.pupils]
path = "elever.csv"
[files.lessons]
path = "schema.csv"
[files.absences]
path = "franvaro*.csv"
skip = {{ Elev = ["Summa"] }}
[files.cases]
path = "arenden.csv"
[files.answers]
path = "enkat.csv"

[[terms]]
name = "HT"
first = 2025-08-18
last = 2025-12-19

[pupils]
file = "pupils"
pupil_key = "Elev"
school_key = "Skola"
class_key = "Klass"
grade = "Årskurs"
entry = "Start"
exit = "Slut"
protected = "Skyddad"

[schools]
municipality_key = {{ value = "ours" }}

[timetable]
file = "lessons"
class_key = "Klass"
date = "Datum"
slot = "Lektion"
scheduled_min = "Minuter"
subject_code = "Ämne"
cancelled = "Inställd"
is_reported = "Rapporterad"

[registers]
file = "absences"
rows = "absences"
pupil_key = "Elev"
date = "Datum"
slot = "Lektion"
absent_min = "Tid"
recorded_at = "Registrerad"
[[registers.codes]]
column = "Typ"
[registers.codes.labels]
"Giltig" = {{ counts = "valid" }}
"Ogiltig" = {{ counts = "invalid", reason = 70 }}
"Sen" = {{ counts = "late", reason = 80 }}
[[registers.codes]]
column = "Orsak"
[registers.codes.labels]
"Sjukdom" = {{ reason = 10 }}
"Läkare" = {{ reason = 11 }}

[cases]
file = "cases"
case_key = ["Elev", "Ansökan"]
pupil_key = "Elev"
referred = "Ansökan"
started = "Uppstart"
closed = "Avslut"
closure_reason = {{ column = "Orsak", codes = {{ "Klart" = "no_longer_needed" }} }}

[surveys]
file = "answers"
survey_key = "Elev"
wave = {{ column = "Omgång", codes = {{ "före" = 0, "efter" = 1 }} }}
items = ["F1", "F2"]
range = [1, 5]
missing_words = {{ "vet ej" = "refused" }}
"""


@dataclass
class Export:
    """Lines of each file, to be changed before they are written."""

    date_form: str = "%Y-%m-%d"
    encoding: str = "utf-8"
    files: dict[str, list[list[str]]] = field(default_factory=dict)

    def date(self, day: str) -> str:
        return np.datetime64(day).item().strftime(self.date_form)

    def add(self, name: str, *cells: str) -> int:
        """Append a line and return its number in the file."""
        self.files[name].append(list(cells))
        return len(self.files[name])

    def absence(self, pupil: int, day: str, lesson: int, **other: str) -> list[str]:
        cells = {
            "time": "40,0",
            "kind": "Giltig",
            "why": "Sjukdom",
            "at": f"{self.date(day)} 08:30",
        }
        cells.update(other)
        at = cells["at"]
        day = self.date(day)
        return [name(pupil), day, str(lesson), cells["time"], cells["kind"], cells["why"], at]

    def write(self, folder: Path) -> Path:
        folder.mkdir(parents=True, exist_ok=True)
        for file, lines in self.files.items():
            text = "".join(";".join(line) + "\r\n" for line in lines)
            (folder / f"{file}.csv").write_bytes(text.encode(self.encoding))
        return folder

    def mapping(self, folder: Path) -> Path:
        form = {"%Y-%m-%d": "yyyy-mm-dd", "%d.%m.%Y": "dd.mm.yyyy"}[self.date_form]
        path = folder / "mapping.toml"
        text = MAPPING.format(encoding=self.encoding, date=form)
        path.write_text(text, encoding="utf-8")
        return path


def name(pupil: int) -> str:
    return f"E-{pupil:04d}"


def school_days(n: int = 20) -> list[str]:
    days = np.arange("2025-08-18", "2025-12-01", dtype="datetime64[D]")
    weekdays = days[(days.astype(np.int64) + 3) % 7 < 5]
    return [str(day) for day in weekdays[:n]]


def build_export(date_form: str = "%Y-%m-%d", encoding: str = "utf-8") -> Export:
    """A clean export: 30 pupils, 3 classes, 20 days of 3 lessons."""
    export = Export(date_form=date_form, encoding=encoding)
    export.files = {
        "elever": [["Elev", "Skola", "Klass", "Årskurs", "Start", "Slut", "Skyddad"]],
        "schema": [["Klass", "Datum", "Lektion", "Minuter", "Ämne", "Inställd", "Rapporterad"]],
        "franvaro": [["Elev", "Datum", "Lektion", "Tid", "Typ", "Orsak", "Registrerad"]],
        "arenden": [["Elev", "Ansökan", "Uppstart", "Avslut", "Orsak"]],
        "enkat": [["Elev", "Omgång", "F1", "F2"]],
    }
    start = export.date("2025-08-18")
    for pupil in range(N_PUPILS):
        group = pupil % 3
        export.add(
            "elever", name(pupil), SCHOOLS[group], CLASSES[group], CLASSES[group][0], start, "", "N"
        )
    for group in CLASSES:
        for day in school_days():
            for lesson in range(1, N_LESSONS + 1):
                export.add("schema", group, export.date(day), str(lesson), "40", "Ma", "N", "J")
    for pupil in range(12):
        for day in school_days()[pupil : pupil + 3]:
            export.add("franvaro", *export.absence(pupil, day, 1 + pupil % 3))
    for pupil in range(4):
        day, later = export.date("2025-08-20"), export.date("2025-08-27")
        export.add("arenden", name(pupil), day, later, "", "")
        export.add("enkat", name(pupil), "före", "3", "4")
        export.add("enkat", name(pupil), "efter", "4", "vet ej")
    return export


@pytest.fixture
def make_export() -> Callable[..., Export]:
    return build_export


@pytest.fixture
def key(tmp_path: Path) -> Path:
    return new_key_file(tmp_path / "project.key")


@pytest.fixture
def do_import(tmp_path: Path, key: Path) -> Callable[..., object]:
    def run(export: Export, **more: object) -> object:
        folder = export.write(tmp_path / "export")
        options = {"layout": export.mapping(tmp_path), "key": key, **more}
        return import_export(folder, tmp_path / "register", **options)

    return run
