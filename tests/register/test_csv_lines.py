"""Lines are those an editor shows, whatever stands between the rows."""

from __future__ import annotations

import pytest

from absence_risk.register.opening import read_register

HEADER = "pupil_key,date,slot,scheduled_min,valid_min,invalid_min,is_reported,subject_code"
GOOD = "268435456,2025-11-{day:02d},1,60,0,0,true,{subject}"


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "pupils.csv").write_text("pupil_key,school_key,grade\n268435456,S,7\n")
    (tmp_path / "schools.csv").write_text("school_key,municipality_key\nS,M\n")
    days = "".join(f"S,2025-11-{day:02d},true,T\n" for day in range(1, 29))
    (tmp_path / "calendar.csv").write_text(f"school_key,date,offered,term\n{days}")
    return tmp_path


def check(folder, lines, newline="\n", end="\n"):
    text = newline.join([HEADER, *lines]) + end
    (folder / "registers.csv").write_bytes(text.encode())
    return {p.code: (p.line, p.n_rows) for p in read_register(folder).validate().errors}


def good(day, subject="MA"):
    return GOOD.format(day=day, subject=subject)


NEGATIVE = "268435456,2025-11-20,1,60,-5,0,true,MA"
TWICE = good(3)
SHORT = "268435456,2025-11-21,1"


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("ends", [False, True])
@pytest.mark.parametrize("direct", [True, False])
def test_plain_lines(folder, newline, ends, direct):
    misfit = good(22) if direct else "268435456,2025-11-22,1,x,0,0,true,MA"
    lines = [good(1), good(2), good(3), misfit, TWICE, SHORT, good(5), NEGATIVE]
    codes = check(folder, lines, newline, newline if ends else "")
    assert codes["E203"] == (9, 1)
    assert codes["E201"] == (6, 1)
    assert codes["E105"] == (7, 1)
    assert ("E103" in codes) != direct


def test_blank_lines_and_line_breaks_inside_values_count(folder):
    lines = [
        good(1, '"M\nA"'),  # lines 2 and 3
        "",  # 4
        good(2),  # 5
        SHORT,  # 6
        good(3, '"a\n\nb"'),  # 7 to 9
        TWICE,  # 10
        "",  # 11
        NEGATIVE,  # 12
        SHORT,  # 13
    ]
    codes = check(folder, lines)
    assert codes["E203"] == (12, 1)
    assert codes["E201"] == (10, 1)
    assert codes["E105"] == (6, 2)


def test_the_first_of_several_files_is_named(folder):
    rows = folder / "registers"
    rows.mkdir()
    (rows / "a.csv").write_text("\n".join([HEADER, good(1), good(2)]))
    (rows / "b.csv").write_text("\n".join([HEADER, good(5), NEGATIVE, NEGATIVE]))
    (problem,) = [p for p in read_register(folder).validate().errors if p.code == "E203"]
    assert (problem.file, problem.line, problem.n_rows) == ("registers/b.csv", 3, 2)


def test_decimals_in_whole_numbers_are_not_rounded_in_silence(folder):
    codes = check(folder, [good(1), good(2).replace("60", "60.5"), good(3).replace("60", "60.0")])
    assert codes["E103"] == (3, 1)
