"""Turn survey answers, wide or long, into one row per answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from absence_risk.register.readers.keyed import key_joins, key_sql
from absence_risk.register.readers.mapping import Source
from absence_risk.register.readers.settled import FIRST_LATE
from absence_risk.register.readers.staged import bits
from absence_risk.register.readers.written import Cell, Fault, value_sql
from absence_risk.register.row_files import quoted, sql_text
from absence_risk.register.schema import TABLES

if TYPE_CHECKING:
    from absence_risk.register.readers.mapping import Part
    from absence_risk.register.readers.staged import Desk, Staged

__all__ = ["answer_faults", "long_form"]

_RANGE = (1.0, 5.0)


def answer_faults(parts: list[Staged]) -> list[Fault]:
    """Return the kinds of faults of single answers.

    Parameters
    ----------
    parts : list of Staged
        Parts of the table.

    Returns
    -------
    list of Fault
        The range is that of the part; 1 to 5 where the mapping gives none.
    """
    ranges = {one.part.range or _RANGE for one in parts}
    shown = " or ".join(f"{low:g} to {high:g}" for low, high in sorted(ranges))
    return [
        Fault(
            code="E401",
            column="response",
            broken="outside",
            message=f"The response lies outside the range of its instrument ({shown}).",
            fix="Correct the value, or range in the mapping.",
        ),
        Fault(
            code="E103",
            column="response",
            broken="no_number",
            message="The response is no number.",
            fix="Say with missing_words which words mean that there is no answer.",
        ),
        Fault(
            code="E402",
            column="wave",
            broken="wave NOT BETWEEN 0 AND 1",
            message="The wave must be 0 (before) or 1 (after).",
            fix="Give codes for the words of the export.",
        ),
    ]


def long_form(desk: Desk, parts: list[Staged]) -> str:
    """Return SQL with one row per answer.

    Parameters
    ----------
    desk : Desk
        Connection, mapping, folders.
    parts : list of Staged
        Parts of the table.

    Returns
    -------
    str
        A query with the columns of surveys, ``part row key skip mask outside no_number``.
    """
    queries = []
    for number, one in enumerate(parts):
        part = one.part
        if part.items:
            items = [(sql_text(name), f"item {at}") for at, name in enumerate(part.items)]
        else:
            items = [("s.item_id", "response text")]
        queries += [_answers(desk, one, number, item, column) for item, column in items]
    return " UNION ALL ".join(queries)


def _answers(desk: Desk, one: Staged, number: int, item: str, column: str) -> str:
    part = one.part
    text = f"s.{quoted(column)}"
    form = desk.mapping.files[part.file or ""].format
    missing = _missing(part, text)
    value = value_sql(
        "float64",
        Cell(name=column, sql=text, later=text, value="response"),
        Source(columns=(column,)),
        form,
    )
    low, high = part.range or _RANGE
    response = f"CASE WHEN ({missing}) IS NULL THEN {value.sql} END"
    instrument = "s.instrument_id" if "instrument_id" in one.columns else "'survey'"
    return (
        f"SELECT {number} AS part, s.rowid AS row, s.skip, s.mask, "
        f"{key_sql(desk, 'survey_key')} AS key, {key_sql(desk, 'survey_key')} AS survey_key, "
        f"s.wave, {instrument} AS instrument_id, {item} AS item_id, {response} AS response, "
        f"{missing} AS missing, {response} NOT BETWEEN {low} AND {high} AS outside, "
        f"({missing}) IS NULL AND {bits(list(value.faults), FIRST_LATE)} <> 0 AS no_number, "
        "s.survey_key_text IN (SELECT id FROM hidden_respondents) AS hidden "
        f"FROM {one.name} s{key_joins(desk, one)}"
    )


def _missing(part: Part, text: str) -> str:
    words = part.missing_words
    allowed = TABLES["surveys"].field("missing").words
    whens = "".join(
        f"WHEN {text} = {sql_text(word)} THEN {sql_text(why)} "
        for word, why in words.items()
        if word and why in allowed
    )
    empty = words.get("", "no_answer")
    return f"CASE {whens}WHEN {text} IS NULL THEN {sql_text(empty)} END"
