"""Sheets of Excel books go the way of every other file; books are made here, by hand."""

from __future__ import annotations

import datetime as dt
import zipfile
from xml.sax.saxutils import escape

import pandas as pd
import pytest

from absence_risk.errors import SchemaError
from absence_risk.register.readers.foreign import import_export
from absence_risk.register.readers.mapping_file import parse_mapping
from absence_risk.register.readers.suggest import suggest_mapping

NAMES = "http://schemas.openxmlformats.org"
DATE_STYLE = f"""<styleSheet xmlns="{NAMES}/spreadsheetml/2006/main">
<fonts count="1"><font/></fonts>
<fills count="1"><fill/></fills><borders count="1"><border/></borders>
<cellStyleXfs count="1"><xf/></cellStyleXfs><cellXfs count="2"><xf/><xf numFmtId="14"
applyNumberFormat="1"/></cellXfs></styleSheet>"""


def cell(value):
    if isinstance(value, dt.date):
        return f'<c s="1"><v>{(value - dt.date(1899, 12, 30)).days}</v></c>'
    if isinstance(value, int | float):
        return f"<c><v>{value}</v></c>"
    return f'<c t="inlineStr"><is><t>{escape(value)}</t></is></c>'


def write_book(path, sheets):
    """Write a minimal book: inline text, numbers, and dates as Excel keeps them."""
    main = f'xmlns="{NAMES}/spreadsheetml/2006/main"'
    listed = "".join(
        f'<sheet name="{name}" sheetId="{n}" r:id="rId{n}"/>' for n, name in enumerate(sheets, 1)
    )
    relation = f"{NAMES}/officeDocument/2006/relationships"
    links = "".join(
        f'<Relationship Id="rId{n}" Type="{relation}/worksheet" Target="worksheets/s{n}.xml"/>'
        for n in range(1, len(sheets) + 1)
    )
    links += f'<Relationship Id="rId99" Type="{relation}/styles" Target="styles.xml"/>'
    package = f'xmlns="{NAMES}/package/2006/relationships"'
    with zipfile.ZipFile(path, "w") as book:
        book.writestr(
            "[Content_Types].xml",
            f'<Types xmlns="{NAMES}/package/2006/content-types"><Default Extension="xml" '
            'ContentType="application/xml"/></Types>',
        )
        book.writestr(
            "_rels/.rels",
            f'<Relationships {package}><Relationship Id="rId1" Type="{relation}/officeDocument" '
            'Target="xl/workbook.xml"/></Relationships>',
        )
        book.writestr(
            "xl/workbook.xml",
            f'<workbook {main} xmlns:r="{relation}"><sheets>{listed}</sheets></workbook>',
        )
        book.writestr(
            "xl/_rels/workbook.xml.rels", f"<Relationships {package}>{links}</Relationships>"
        )
        book.writestr("xl/styles.xml", DATE_STYLE)
        for n, rows in enumerate(sheets.values(), 1):
            body = "".join(f"<row>{''.join(map(cell, row))}</row>" for row in rows)
            book.writestr(
                f"xl/worksheets/s{n}.xml",
                f"<worksheet {main}><sheetData>{body}</sheetData></worksheet>",
            )


def as_book(export, folder):
    """Write the absences as the second sheet of a book, with real dates and numbers."""
    header, *rows = export.files.pop("franvaro")
    folder = export.write(folder)
    typed = [
        [
            row[0],
            dt.date.fromisoformat(row[1]),
            int(row[2]),
            float(row[3].replace(",", ".")),
            *row[4:],
        ]
        for row in rows
    ]
    write_book(folder / "bok.xlsx", {"Om": [["Läs mig"]], "Frånvaro": [header, *typed]})
    return folder


def mapping(export, tmp_path, sheet="Frånvaro"):
    layout = export.mapping(tmp_path)
    text = layout.read_text(encoding="utf-8")
    text = text.replace('path = "franvaro*.csv"', f'path = "bok.xlsx"\nsheet = "{sheet}"')
    layout.write_text(text, encoding="utf-8")
    return layout


def test_a_sheet_gives_the_same_rows_as_a_text_file(tmp_path, make_export, do_import, key):
    do_import(make_export())
    expected = pd.read_parquet(tmp_path / "register" / "registers.parquet")
    export = make_export()
    export.files["franvaro"].insert(4, export.absence(20, "2025-08-18", 1, time="55,5"))
    folder = as_book(export, tmp_path / "books")
    report = import_export(folder, tmp_path / "again", layout=mapping(export, tmp_path), key=key)
    (problem,) = report.problems
    assert (problem.code, problem.file, problem.line) == ("E202", "bok.xlsx", 5)
    found = pd.read_parquet(tmp_path / "again" / "registers.parquet")
    order = ["pupil_key", "date", "slot"]
    pd.testing.assert_frame_equal(
        found.sort_values(order, ignore_index=True), expected.sort_values(order, ignore_index=True)
    )


def test_an_unknown_sheet_and_a_broken_book_are_told(tmp_path, make_export, key):
    export = make_export()
    folder = as_book(export, tmp_path / "books")
    layout = mapping(export, tmp_path, sheet="Blad9")
    with pytest.raises(SchemaError, match=r"E005.*has no sheet 'Blad9'"):
        import_export(folder, tmp_path / "register", layout=layout, key=key)
    (folder / "bok.xlsx").write_bytes(b"PK\x03\x04 cut E-0001")
    with pytest.raises(SchemaError, match="E005") as error:
        import_export(folder, tmp_path / "register", layout=layout, key=key)
    assert "E-0001" not in str(error.value)


def test_a_book_is_drafted_from_its_first_sheet(tmp_path):
    rows = [["Elev", "Skola", "Klass", "Årskurs"]]
    rows += [[f"E-{n}", "Ås", f"7{'AB'[n % 2]}", 7] for n in range(30)]
    (tmp_path / "x").mkdir()
    write_book(tmp_path / "x" / "elever.xlsx", {"Blad1": rows})
    text = suggest_mapping(tmp_path / "x")
    assert 'path = "elever.xlsx"' in text
    assert 'grade = "Årskurs"' in text
    with pytest.raises(SchemaError, match="registers is missing"):
        parse_mapping(text)
