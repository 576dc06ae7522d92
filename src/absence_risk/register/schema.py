"""The canonical tables, declared once: columns, types, allowed words, ranges and meaning.

Readers, validation, the data dictionary and writers all follow this one declaration.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from absence_risk import check
from absence_risk.register.fields import Field, TableSchema

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["CLOSURE_REASONS", "TABLES", "arrow_schema", "describe", "table"]


def _key(name: str, doc: str) -> Field:
    return Field(name=name, kind="uint32", doc=doc, required=True, nullable=False, identifier=True)


def _minutes(name: str, doc: str, *, required: bool = False, nullable: bool = True) -> Field:
    return Field(
        name=name,
        kind="int16",
        doc=doc,
        required=required,
        nullable=nullable,
        low=0,
        high=1440,
        unit="minutes",
    )


def _word(name: str, doc: str, *words: str, required: bool = False) -> Field:
    return Field(name=name, kind="text", doc=doc, words=words, required=required)


_SCHOOL = Field(
    name="school_key",
    kind="text",
    doc="School; key into schools.",
    required=True,
    nullable=False,
)

_REGISTERS = TableSchema(
    name="registers",
    required=True,
    doc="One lesson (or one whole day) of one pupil.",
    fields=(
        _key("pupil_key", "Pseudonymous pupil key into pupils."),
        Field(name="date", kind="date", doc="School day.", required=True, nullable=False),
        Field(
            name="slot",
            kind="uint8",
            doc="0 for a day record, 1 and up for lessons or half-days in the order of the day.",
            required=True,
            nullable=False,
            low=0,
            high=40,
        ),
        _minutes(
            "scheduled_min",
            "Minutes the pupil was to attend; cancelled lessons have no row or 0.",
            required=True,
            nullable=False,
        ),
        _minutes("valid_min", "Minutes of valid absence; empty if not reported.", required=True),
        _minutes(
            "invalid_min", "Minutes of invalid absence; empty if not reported.", required=True
        ),
        Field(
            name="is_reported",
            kind="bool",
            doc="Whether anybody reported attendance for this row.",
            required=True,
            nullable=False,
        ),
        _minutes("present_min", "Minutes present; empty if not reported."),
        _minutes("other_min", "Minutes elsewhere with the school's approval."),
        _minutes("late_min", "Minutes of late arrival; part of present_min."),
        Field(name="reason_code", kind="uint8", doc="Reason of absence; see the reason codes."),
        _word("validity", "Validity as recorded.", "valid", "invalid", "pending", "unknown"),
        _word(
            "documentation",
            "What the reason rests on.",
            "none",
            "guardian",
            "school_decision",
            "health_prof",
        ),
        _word("source", "Who recorded it.", "teacher", "guardian", "auto", "admin"),
        Field(name="subject_code", kind="text", doc="Subject."),
        Field(name="group_key", kind="text", doc="Teaching group."),
        Field(name="recorded_at", kind="timestamp", doc="When the row was recorded."),
        Field(
            name="superseded_at",
            kind="timestamp",
            doc="When a later version replaced the row; empty for the current version.",
        ),
    ),
)

_PUPILS = TableSchema(
    name="pupils",
    required=True,
    doc="One enrolment spell of one pupil at one school.",
    fields=(
        _key("pupil_key", "Pseudonymous pupil key."),
        _SCHOOL,
        Field(
            name="grade",
            kind="uint8",
            doc="School year; 0 is the preschool class.",
            required=True,
            nullable=False,
            low=0,
            high=13,
        ),
        Field(name="class_key", kind="text", doc="Class."),
        Field(name="sex", kind="text", doc="Sex as recorded."),
        Field(
            name="birth_year",
            kind="int16",
            doc="Year of birth; never a date.",
            low=1900,
            high=2100,
            unit="year",
        ),
        Field(name="school_type", kind="text", doc="School type of the enrolment."),
        Field(name="sen", kind="bool", doc="Whether the pupil gets special support."),
        Field(name="ses_band", kind="text", doc="Band of socio-economic status."),
        Field(name="entry", kind="date", doc="First day of the enrolment; empty if open."),
        Field(name="exit", kind="date", doc="Last day of the enrolment; empty if open."),
        Field(
            name="protected",
            kind="bool",
            doc="Protected identity: the pupil is excluded from every frame and only counted.",
        ),
    ),
)

_SCHOOLS = TableSchema(
    name="schools",
    required=True,
    doc="One school.",
    fields=(
        Field(name="school_key", kind="text", doc="School key.", required=True, nullable=False),
        Field(
            name="municipality_key",
            kind="text",
            doc="Municipality.",
            required=True,
            nullable=False,
        ),
        Field(name="country", kind="text", doc="Country."),
        Field(name="school_type", kind="text", doc="School type."),
        Field(name="size_band", kind="text", doc="Band of the number of pupils."),
        Field(name="ladder_id", kind="text", doc="Staircase in force."),
        Field(name="team_id", kind="text", doc="Attendance team."),
    ),
)

_CALENDAR = TableSchema(
    name="calendar",
    required=True,
    doc="One date at one school.",
    fields=(
        _SCHOOL,
        Field(name="date", kind="date", doc="Date.", required=True, nullable=False),
        Field(
            name="offered",
            kind="bool",
            doc="Whether the school offers teaching on the date.",
            required=True,
            nullable=False,
        ),
        Field(
            name="term",
            kind="text",
            doc="Name of the term, unique over the calendar.",
            required=True,
            nullable=False,
        ),
        Field(name="month_index", kind="int16", doc="Number of the school month."),
        Field(name="schoolday_index", kind="int16", doc="Number of the school day."),
    ),
)

CLOSURE_REASONS = (
    "no_longer_needed",
    "declined",
    "moved",
    "other_service",
    "admin_end",
    "other",
    "unknown",
)

_CASES = TableSchema(
    name="cases",
    doc="One case of an attendance team.",
    fields=(
        _key("case_key", "Pseudonymous case key."),
        _key("pupil_key", "Pupil of the case; key into pupils."),
        Field(name="detected", kind="date", doc="Absence noticed."),
        Field(name="referred", kind="date", doc="Referred to the team."),
        Field(name="accepted", kind="date", doc="Accepted by the team."),
        Field(name="started", kind="date", doc="Work started.", required=True),
        Field(name="closed", kind="date", doc="Closed; empty if open.", required=True),
        _word(
            "closure_reason",
            "Why closed; set exactly when closed.",
            *CLOSURE_REASONS,
            required=True,
        ),
        Field(name="booster_date", kind="date", doc="Follow-up after closing."),
        Field(name="consent_guardian", kind="bool", doc="Guardian agreed."),
        Field(name="consent_pupil", kind="bool", doc="Pupil agreed."),
        Field(name="stage_start", kind="uint8", doc="Attendance level at start.", low=1, high=6),
        Field(name="stage_end", kind="uint8", doc="Attendance level at end.", low=1, high=6),
    ),
)

_SURVEYS = TableSchema(
    name="surveys",
    doc="One answer to one item of one instrument.",
    fields=(
        _key("survey_key", "Pseudonym of the respondent, in a domain of its own."),
        Field(
            name="wave",
            kind="uint8",
            doc="0 before, 1 after.",
            required=True,
            nullable=False,
            low=0,
            high=1,
        ),
        Field(name="instrument_id", kind="text", doc="Instrument.", required=True, nullable=False),
        Field(name="item_id", kind="text", doc="Item.", required=True, nullable=False),
        Field(
            name="response",
            kind="float64",
            doc="Answer; empty exactly when missing is set.",
            required=True,
        ),
        _word(
            "missing", "Why there is no answer.", "not_asked", "refused", "no_answer", required=True
        ),
    ),
)

_OUTCOMES = TableSchema(
    name="outcomes",
    doc="One outcome of one pupil.",
    fields=(
        _key("pupil_key", "Pupil; key into pupils."),
        Field(
            name="kind",
            kind="text",
            doc="Which outcome.",
            words=("grade_points", "eligibility", "completion"),
            required=True,
            nullable=False,
        ),
        Field(
            name="value",
            kind="float64",
            doc="Value: points, or 0 and 1.",
            required=True,
            nullable=False,
        ),
        Field(name="date", kind="date", doc="When it was set.", required=True, nullable=False),
    ),
)

TABLES: dict[str, TableSchema] = {
    schema.name: schema
    for schema in (_REGISTERS, _PUPILS, _SCHOOLS, _CALENDAR, _CASES, _SURVEYS, _OUTCOMES)
}


def table(name: str) -> TableSchema:
    """Return the declaration of a canonical table.

    Parameters
    ----------
    name : {"registers", "pupils", "schools", "calendar", "cases", "surveys", "outcomes"}
        Table name.

    Returns
    -------
    TableSchema
        Its declaration.

    Raises
    ------
    ValueError
        If there is no such table.

    Examples
    --------
    >>> table("schools").required_names
    ('school_key', 'municipality_key')
    """
    return TABLES[check.choice(name, tuple(TABLES), "table")]


def arrow_schema(name: str) -> pa.Schema:
    """Return the arrow schema of a canonical table, for writers.

    Parameters
    ----------
    name : str
        Table name.

    Returns
    -------
    pyarrow.Schema
        All columns in canonical order.

    Raises
    ------
    ValueError
        If there is no such table.

    Examples
    --------
    >>> arrow_schema("registers").field("scheduled_min").type
    DataType(int16)
    """
    import pyarrow as pa  # noqa: PLC0415 (importing the schema must stay instant)

    types: dict[str, Any] = {
        "uint32": pa.uint32(),
        "uint8": pa.uint8(),
        "int16": pa.int16(),
        "float64": pa.float64(),
        "bool": pa.bool_(),
        "date": pa.date32(),
        "timestamp": pa.timestamp("s"),
        "text": pa.string(),
    }
    fields = table(name).fields
    return pa.schema([pa.field(f.name, types[f.kind], nullable=f.nullable) for f in fields])


def describe() -> str:
    """Return the data dictionary of all canonical tables and reason codes as Markdown.

    Returns
    -------
    str
        Text of ``docs/reference/data_dictionary.md``.

    Examples
    --------
    >>> describe().splitlines()[0]
    '# Data dictionary'
    """
    from absence_risk.register.reasons import REASONS  # noqa: PLC0415

    lines = [
        "# Data dictionary",
        "",
        "Generated from `absence_risk.register.schema`; do not edit by hand.",
        "A table is a file `<table>.parquet` or `<table>.csv` (utf-8, comma or semicolon).",
        "`registers` may be a folder of such files.",
    ]
    for schema in TABLES.values():
        need = "required" if schema.required else "optional"
        lines += ["", f"## {schema.name} ({need})", "", schema.doc, ""]
        lines += ["| column | type | needed | values | meaning |", "|---|---|---|---|---|"]
        lines += [_row(field) for field in schema.fields]
    lines += ["", "## Reason codes", "", "| code | label | group | absence |", "|---|---|---|---|"]
    lines += [
        f"| {r.code} | {r.label} | {r.group} | {'yes' if r.is_absence else 'no'} |"
        for r in REASONS.values()
    ]
    return "\n".join(lines) + "\n"


def _row(field: Field) -> str:
    need = "column" if field.required else "no"
    if field.required and not field.nullable:
        need = "every row"
    values = ", ".join(field.words)
    if field.low is not None:
        values = f"{field.low} to {field.high}"
    if field.unit:
        values = f"{values} {field.unit}".strip()
    return f"| {field.name} | {field.kind} | {need} | {values} | {field.doc} |"
