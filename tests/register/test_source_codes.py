"""Every code that FORMATS.md lists maps, and maps back where a layout has a way back."""

from __future__ import annotations

import pytest

from absence_risk.register.reasons import NOT_ABSENCE, REASONS
from absence_risk.register.source_codes import (
    CODE_LAYOUTS,
    read_code,
    source_codes,
    write_code,
)

# Written from FORMATS.md sections 2 to 7, not from the tables: code, counts as, reason, validity.
DFE = [
    *[(c, "present", None, None) for c in "/\\"],
    ("L", "present", 80, None),
    *[(c, "present", 30, None) for c in "KVPBD"],
    ("W", "present", 31, None),
    ("I", "absent", 10, "valid"),
    ("M", "absent", 11, "valid"),
    ("R", "absent", 21, "valid"),
    *[(c, "absent", 20, "valid") for c in ("T", "S", "C", "C1", "C2", "J1", "H")],
    ("E", "absent", 40, "valid"),
    ("N", "absent", 60, "pending"),
    ("O", "absent", 70, "invalid"),
    ("G", "absent", 70, "invalid"),
    ("U", "absent", 80, "invalid"),
    *[
        (c, "not_scheduled", None, None)
        for c in ("X", "Y3", "Y4", "Q", "Y1", "Y2", "Y5", "Y6", "Y7", "Z", "#", "Y")
    ],
    ("J", "present", 30, None),
]
DENMARK = [
    ("S", "absent", 10, "valid"),
    ("L", "absent", 20, "valid"),
    ("U", "absent", 70, "invalid"),
    ("F", "present", 80, None),
    ("1", "absent", 10, "valid"),
    ("2", "absent", 20, "valid"),
    ("3", "absent", 70, "invalid"),
]
FINLAND = [
    ("Terveydellisiin syihin liittyvä poissaolo", "absent", 10, "valid"),
    ("Ennalta anottu vapaa", "absent", 20, "valid"),
    ("Selvittämätön poissaolo", "absent", 60, "pending"),
    ("Muu selvitetty poissaolo", "absent", 50, "valid"),
    ("Koulu selvittänyt", "absent", 90, "unknown"),
    ("Luvaton poissaolo (selvitetty)", "absent", 70, "invalid"),
    ("Opetus muualla", "present", 30, None),
    ("Koulun muussa toiminnassa", "present", 30, None),
    ("TET", "present", 31, None),
    ("Myöhässä alle 15 min", "present", 80, None),
    ("Myöhässä yli 15 min", "present", 80, None),
    ("Läsnä", "present", None, None),
    ("Poissaolo (Selvitä)", "absent", 60, "pending"),
    ("Luvallinen – Terveydellinen", "absent", 10, "valid"),
    ("Luvallinen – Koulun antamalla luvalla", "absent", 20, "valid"),
    ("Luvallinen – Muu syy", "absent", 50, "valid"),
    ("Luvaton poissaolo", "absent", 70, "invalid"),
    ("Muu koulun toiminta", "present", 30, None),
    ("Myöhästyminen", "present", 80, None),
    ("Lupa", "absent", 20, "valid"),
    ("Luokittelematon poissaolo", "absent", 60, "pending"),
]
SS12000 = [
    ("Beviljad ledighet", "absent", 20, "valid"),
    ("Anmäld frånvaro", "absent", 50, "valid"),
    ("attendanceMinutes", "present", None, None),
    ("validAbsenceMinutes", "absent", 90, "valid"),
    ("invalidAbsenceMinutes", "absent", 70, "invalid"),
    ("otherAttendanceMinutes", "present", None, None),
    ("cancelled", "not_scheduled", None, None),
    ("not participating", "not_scheduled", None, None),
]
EDFI = [
    ("Present", "present", None, None),
    ("In Attendance", "present", None, None),
    ("Excused Absence", "absent", 50, "valid"),
    ("Unexcused Absence", "absent", 70, "invalid"),
    ("Tardy", "present", 80, None),
    ("Early departure", "absent", 90, "unknown"),
    ("Partial", "absent", 90, "unknown"),
    ("ExcusedAbsence", "absent", 50, "valid"),
    ("UnexcusedAbsence", "absent", 70, "invalid"),
    ("EarlyDeparture", "absent", 90, "unknown"),
]
LISTED = {
    "dfe": DFE,
    "denmark": DENMARK,
    "finland": FINLAND,
    "ss12000": SS12000,
    "edfi": EDFI,
}
CASES = [(layout, *case) for layout, cases in LISTED.items() for case in cases]


@pytest.mark.parametrize(("layout", "code", "counts_as", "reason", "validity"), CASES)
def test_every_listed_code_maps(layout, code, counts_as, reason, validity):
    found = read_code(layout, code)
    assert found is not None
    assert (found.counts_as, found.reason, found.validity) == (counts_as, reason, validity)


def test_the_list_of_england_is_whole():
    # FORMATS.md: 34 codes with / and \ apart and Z, # included, and three retired ones.
    assert len(DFE) == len({code for code, *_ in DFE}) == 34 + 3


@pytest.mark.parametrize("layout", CODE_LAYOUTS)
def test_no_code_beyond_the_listed_ones_but_local_words(layout):
    known = {code for code, *_ in LISTED[layout]}
    for code in source_codes(layout):
        assert code.code in known or (code.unverified and code.note == "local word")


@pytest.mark.parametrize("layout", CODE_LAYOUTS)
def test_what_is_written_for_a_code_reads_as_the_same(layout):
    for vocabulary in {code.vocabulary for code in source_codes(layout)} - {"other_marks"}:
        for code in source_codes(layout, vocabulary):
            # Retired codes are written as the codes in force; minutes carry the reason's word.
            back = write_code(
                layout,
                code.counts_as,
                reason=code.reason,
                validity=code.validity,
                vocabulary="register" if vocabulary == "retired" else vocabulary,
            )
            assert back is not None, code
            again = read_code(layout, back)
            assert again is not None
            assert (again.counts_as, again.reason, again.validity) == (
                code.counts_as,
                code.reason,
                code.validity,
            ), code


@pytest.mark.parametrize("layout", CODE_LAYOUTS)
def test_every_absence_has_a_code_that_keeps_its_validity(layout):
    kept = {
        "denmark": {"valid": "valid", "invalid": "invalid", "pending": "invalid"},
        "dfe": {"valid": "valid", "invalid": "invalid", "pending": "pending"},
        "finland": {"valid": "valid", "invalid": "invalid", "pending": "pending"},
        "ss12000": {"valid": "valid", "invalid": "invalid", "pending": "invalid"},
        "edfi": {"valid": "valid", "invalid": "invalid", "pending": "invalid"},
    }[layout]
    vocabulary = "minutes" if layout == "ss12000" else None
    for reason in [None, *(r for r in REASONS if r not in NOT_ABSENCE)]:
        for validity, expected in kept.items():
            code = write_code(
                layout, "absent", reason=reason, validity=validity, vocabulary=vocabulary
            )
            assert code is not None
            found = read_code(layout, code)
            assert found is not None
            assert (found.counts_as, found.validity) == ("absent", expected), (reason, validity)


def test_reasons_are_ours_and_only_not_absence_counts_as_present():
    for layout in CODE_LAYOUTS:
        for code in source_codes(layout):
            assert code.reason is None or code.reason in REASONS
            if code.reason in NOT_ABSENCE:
                assert code.counts_as == "present"
            if code.counts_as != "absent":
                assert code.validity is None
            if code.note:
                assert code.unverified


def test_what_formats_marks_unverified_is_marked():
    marked = {code.code for code in source_codes("dfe") if code.unverified}
    assert marked == {"D", "C1", "C2", "J1", "Q", "Y1", "Y2", "Y5", "Y6", "Y7", "Z", "#"}


def test_writing_of_labels_is_free_where_people_write_freely():
    assert read_code("finland", " luvallinen - terveydellinen ") == read_code(
        "finland", "Luvallinen – Terveydellinen"
    )
    assert read_code("dfe", "c1") == read_code("dfe", "C1")
    assert read_code("denmark", "sick") is None


def test_a_layout_without_a_mark_for_presence_writes_none():
    assert write_code("denmark", "present") is None
    assert write_code("finland", "present", vocabulary="older") is None
    assert write_code("finland", "present") == "Läsnä"
    with pytest.raises(ValueError, match="layout"):
        source_codes("norway")
    with pytest.raises(ValueError, match="vocabulary"):
        source_codes("dfe", "aula")
