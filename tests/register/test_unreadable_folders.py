from __future__ import annotations

import logging
import traceback

import pytest

from absence_risk.errors import SchemaError
from absence_risk.register.csv_lines import mixed_line_ends
from absence_risk.register.opening import read_register


def codes(error):
    return sorted(problem.code for problem in error.value.problems)


def test_folder_that_is_no_register_says_what_was_looked_for_and_found(tmp_path):
    (tmp_path / "holiday.jpg").write_bytes(b"x")
    (tmp_path / "elev_20080101-1234.csv").write_text("a\n1\n")
    with pytest.raises(SchemaError) as error:
        read_register(tmp_path)
    assert codes(error) == ["E001"]
    text = str(error.value)
    assert "holiday.jpg" in text
    assert "registers, pupils, schools, calendar" in text
    assert "1234" not in text


def test_missing_folder_and_file_instead_of_folder(tmp_path):
    with pytest.raises(SchemaError, match="does not exist"):
        read_register(tmp_path / "nowhere")
    (tmp_path / "register.zip").write_bytes(b"x")
    with pytest.raises(SchemaError, match="is a file"):
        read_register(tmp_path / "register.zip")


def test_every_missing_table_is_named(tables, write):
    folder = write({"registers": tables["registers"], "cases": tables["cases"]})
    with pytest.raises(SchemaError) as error:
        read_register(folder)
    assert codes(error) == ["E002"] * 3
    assert [p.table for p in error.value.problems] == ["pupils", "schools", "calendar"]
    with pytest.raises(SchemaError, match="E002"):
        read_register({"registers": tables["registers"]})


def test_two_files_for_one_table(tables, write):
    folder = write(tables)
    tables["pupils"].to_csv(folder / "pupils.csv", index=False)
    with pytest.raises(SchemaError, match=r"E003.*pupils\.parquet, pupils\.csv"):
        read_register(folder)


@pytest.mark.parametrize("table", ["registers", "pupils"])
def test_parquet_cut_short(tables, write, table):
    folder = write(tables)
    path = folder / f"{table}.parquet"
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(SchemaError) as error:
        read_register(folder)
    assert [(p.code, p.file) for p in error.value.problems] == [("E005", f"{table}.parquet")]


@pytest.mark.parametrize("ending", ["parquet", "csv"])
@pytest.mark.parametrize("table", ["registers", "calendar"])
def test_empty_files(tables, write, table, ending):
    folder = write(tables, ending)
    (folder / f"{table}.{ending}").write_bytes(b"")
    with pytest.raises(SchemaError, match="E004"):
        read_register(folder)


def test_damaged_pages_raise_without_quoting_the_engine(tables, write):
    folder = write(tables)
    path = folder / "registers.parquet"
    raw = bytearray(path.read_bytes())
    for i in range(100, len(raw) // 2, 7):
        raw[i] ^= 0xFF
    path.write_bytes(bytes(raw))
    with pytest.raises(SchemaError) as error:
        read_register(folder).panel()
    assert error.value.__cause__ is None
    assert error.value.__context__ is None


def test_text_that_only_looks_like_parquet(tables, write):
    folder = write(tables)
    (folder / "registers.parquet").write_text("pupil_key,date\n1,2\n")
    with pytest.raises(SchemaError, match="E005"):
        read_register(folder)


def test_header_that_names_a_column_twice(tables, write):
    folder = write(tables, "csv")
    path = folder / "pupils.csv"
    path.write_text(path.read_text().replace("grade", "pupil_key", 1))
    with pytest.raises(SchemaError, match="E102"):
        read_register(folder)


def test_a_header_whose_quote_never_ends_is_a_problem_not_a_crash(tables, write):
    folder = write(tables, "csv")
    path = folder / "pupils.csv"
    path.write_text('"' + path.read_text().rstrip() + "x" * 200_000 + "\n", encoding="utf-8")
    with pytest.raises(SchemaError) as error:
        read_register(folder).panel()
    assert any(problem.table == "pupils" for problem in error.value.problems)


def test_header_alone_is_an_empty_table(tables, write):
    folder = write(tables, "csv")
    path = folder / "registers.csv"
    path.write_text(path.read_text().splitlines()[0] + "\n")
    report = read_register(folder).validate()
    assert "E004" in {p.code for p in report.errors}


def test_panel_of_wrong_csv_values_raises_and_shows_none(tables, write, caplog):
    folder = write(tables, "csv")
    path = folder / "registers.csv"
    lines = path.read_text().splitlines()
    secret = "Kalle Anka 268435456"
    lines[5000 % len(lines)] = lines[5000 % len(lines)].replace(",50,", f",{secret},", 1)
    path.write_text("\n".join(lines) + "\n")
    with caplog.at_level(logging.DEBUG), pytest.raises(SchemaError, match="E100") as error:
        read_register(folder).panel()
    shown = "".join(traceback.format_exception(error.value)) + caplog.text
    assert "Kalle" not in shown
    (problem,) = [p for p in read_register(folder).validate().errors if p.code == "E103"]
    assert problem.line == 5000 % len(lines) + 1


def test_unknown_table_name_offers_the_nearest(tables):
    with pytest.raises(ValueError, match="Did you mean 'registers'"):
        read_register({"register": tables["registers"], **tables})


@pytest.mark.parametrize(("first", "last"), [("\n", "\r\n"), ("\r\n", "\n")])
@pytest.mark.parametrize("repeats", [1, 40])
def test_lines_that_end_in_two_ways_are_named(tables, write, first, last, repeats):
    folder = write(tables, "csv")
    path = folder / "registers.csv"
    head, *rows = path.read_text(encoding="utf-8").split()
    text = first.join([head, *(rows * repeats)]) + last + rows[0] + last
    path.write_bytes(text.encode())
    with pytest.raises(SchemaError, match="CR LF and others in LF") as error:
        read_register(folder)
    assert codes(error) == ["E005"]


def test_a_line_ending_cut_by_the_size_of_a_block_counts_once(tmp_path, monkeypatch):
    path = tmp_path / "x.csv"
    for text, want in (
        (b'a\r\n"b\nc"\r\n', False),  # breaks inside quotes are no line endings
        (b'a\n"b\r\n"\n', False),
        (b'a\n""\r\n', True),
        (b"a\r\nb\n", True),
        (b"", False),
    ):
        path.write_bytes(text)
        for size in range(1, 8):
            monkeypatch.setattr("absence_risk.register.csv_lines._BLOCK", size)
            assert mixed_line_ends(path) is want
