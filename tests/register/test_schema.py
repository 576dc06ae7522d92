from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from absence_risk.register.reasons import NOT_ABSENCE, REASONS
from absence_risk.register.schema import TABLES, arrow_schema, describe, table

DICTIONARY = Path(__file__).parents[2] / "docs" / "reference" / "data_dictionary.md"


def test_data_dictionary_is_up_to_date():
    assert DICTIONARY.read_text(encoding="utf-8") == describe()


def test_dictionary_names_every_column():
    text = describe()
    for schema in TABLES.values():
        assert f"## {schema.name} " in text
        for field in schema.fields:
            assert f"| {field.name} | {field.kind} |" in text


def test_arrow_types_follow_the_declaration():
    schema = arrow_schema("registers")
    assert schema.names == list(table("registers").names)
    assert schema.field("pupil_key").type == pa.uint32()
    assert not schema.field("pupil_key").nullable
    assert schema.field("valid_min").nullable
    assert schema.field("date").type == pa.date32()


def test_arrow_schema_takes_written_rows(tables):
    frame = tables["registers"].assign(date=tables["registers"]["date"].dt.date)
    names = [n for n in arrow_schema("registers").names if n in frame.columns]
    schema = pa.schema([arrow_schema("registers").field(n) for n in names])
    assert pa.Table.from_pandas(frame[names], schema=schema).num_rows == len(frame)


def test_keys_are_identifiers_everywhere():
    for schema in TABLES.values():
        for field in schema.fields:
            is_key = field.name in ("pupil_key", "case_key", "survey_key")
            assert field.identifier == is_key


def test_reason_codes_are_thirteen_in_groups_of_ten():
    assert len(REASONS) == 13
    assert NOT_ABSENCE == (30, 31)
    by_tens = {}
    for code, reason in REASONS.items():
        by_tens.setdefault(code // 10, set()).add(reason.group)
    assert all(len(groups) == 1 for groups in by_tens.values())


def test_unknown_table_and_column():
    with pytest.raises(ValueError, match="Did you mean 'pupils'"):
        table("pupil")
    with pytest.raises(KeyError, match="grades"):
        table("pupils").field("grades")
