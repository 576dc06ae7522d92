"""Read the tables of a mapping: which columns feed which canonical columns, and by what rules."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from absence_risk.register.readers.code_labels import LABEL_TABLES, table_labels
from absence_risk.register.readers.mapping import (
    AXES,
    COUNTS,
    MINUTE_FIELDS,
    PUPIL_LINKS,
    CodeColumn,
    FileSpec,
    Part,
    Source,
)
from absence_risk.register.readers.mapping_values import Entries, read_source
from absence_risk.register.reasons import REASONS
from absence_risk.register.schema import TABLES

if TYPE_CHECKING:
    from collections.abc import Mapping as ReadOnly

__all__ = ["EXTRA_FIELDS", "fields_of", "read_part"]

EXTRA_FIELDS: dict[str, tuple[str, ...]] = {
    "timetable": (
        *PUPIL_LINKS,
        "date",
        "slot",
        "scheduled_min",
        "subject_code",
        "cancelled",
        "is_reported",
    ),
}
"""Columns of tables that only a mapping has."""

_MORE = {"registers": ("absent_min", "cancelled"), "pupils": ("group_key",)}
_RULES = {
    "registers": ("rows", "codes", "default_reason", "unreported_absence", "several"),
    "timetable": ("slots",),
    "surveys": ("items", "range", "missing_words"),
    "cases": ("checked", "order"),
}
_NEEDED = {
    "registers": ("pupil_key", "date", "slot"),
    "pupils": ("pupil_key", "school_key", "grade"),
    "schools": ("municipality_key",),
    "calendar": ("school_key", "date"),
    "cases": ("pupil_key", "started", "closed", "closure_reason"),
    "surveys": ("survey_key", "wave"),
    "outcomes": ("pupil_key", "kind", "value", "date"),
    "timetable": ("date", "slot", "scheduled_min"),
}


def fields_of(table: str) -> tuple[str, ...]:
    """Return the columns that a mapping may give for a table.

    Parameters
    ----------
    table : str
        Canonical table, or "timetable".

    Returns
    -------
    tuple of str
        Column names.

    Examples
    --------
    >>> "cancelled" in fields_of("timetable")
    True
    """
    if table in EXTRA_FIELDS:
        return EXTRA_FIELDS[table]
    return (*TABLES[table].names, *_MORE.get(table, ()))


def read_part(
    table: str, raw: Any, where: str, entries: Entries, files: ReadOnly[str, FileSpec]
) -> Part | None:
    """Read one file's share in one table.

    Parameters
    ----------
    table : str
        Canonical table, or "timetable".
    raw : object
        What the mapping says.
    where : str
        Its place.
    entries : Entries
        Collects problems.
    files : mapping of str to FileSpec
        Files of the mapping.

    Returns
    -------
    Part or None
        None if it is no table.
    """
    if not isinstance(raw, dict):
        entries.wrong(where, "This must be a table.", f"Write [{table}].")
        return None
    names, rules = fields_of(table), _RULES.get(table, ())
    entries.known(raw, ("file", *rules, *names), where)
    file = raw.get("file")
    if file is not None and file not in files:
        entries.wrong(
            f"{where}.file", f"{file!r} is no entry of files.", f"Add [files.{file}] with its path."
        )
    if file is None and table not in ("schools", "timetable"):
        entries.wrong(f"{where}.file", "No file is named.", 'Write file = "name".')
    fields = {}
    for name in names:
        if name in raw:
            source = read_source(raw[name], f"{where}.{name}", entries)
            if source is not None:
                fields[name] = source
    part = Part(
        table=table,
        file=file if file in files else None,
        fields=fields,
        rows=_choice(raw, "rows", ("all", "absences", "marks"), where, entries),
        codes=_codes(raw.get("codes", []), f"{where}.codes", entries),
        default_reason=_default_reason(entries.table(raw, "default_reason", where), where, entries),
        unreported_absence=_choice(
            raw, "unreported_absence", ("quarantine", "keep"), where, entries
        ),
        several=_choice(raw, "several", ("contradict", "add"), where, entries),
        slots=_slots(raw.get("slots", []), f"{where}.slots", entries),
        items=entries.words(raw["items"], f"{where}.items") if "items" in raw else (),
        range=_range(raw.get("range"), f"{where}.range", entries),
        missing_words={
            str(k): str(v) for k, v in entries.table(raw, "missing_words", where).items()
        },
        checked=_checked(entries.table(raw, "checked", where), f"{where}.checked", entries),
        order=entries.words(raw["order"], f"{where}.order") if "order" in raw else (),
    )
    _whole_part(part, raw, where, entries, files)
    return part


def _choice(
    raw: dict[str, Any], key: str, allowed: tuple[str, ...], where: str, entries: Entries
) -> str:
    if key not in raw:
        return allowed[0]
    return entries.one_of(raw[key], allowed, f"{where}.{key}") or allowed[0]


def _whole_part(
    part: Part,
    raw: dict[str, Any],
    where: str,
    entries: Entries,
    files: ReadOnly[str, FileSpec],
) -> None:
    needed = _NEEDED[part.table]
    if part.table == "timetable" and part.file is None:
        needed = ("scheduled_min",)
        if not part.slots:
            entries.wrong(f"{where}.slots", "No slots are given.", "Write slots = [1, 2, 3].")
    for name in needed:
        if name not in raw:
            entries.wrong(
                f"{where}.{name}", f"The table needs {name!r}.", "Add it with its column."
            )
    if part.table == "timetable" and part.file and not set(PUPIL_LINKS) & set(part.fields):
        entries.wrong(
            where,
            "Nothing says whose lessons these are.",
            f"Add one of {', '.join(PUPIL_LINKS)}.",
        )
    if part.table == "registers":
        _minutes_can_be_told(part, where, entries)
    if part.table == "surveys" and not part.items:
        for name in ("item_id", "response"):
            if name not in raw:
                entries.wrong(f"{where}.{name}", "Neither items nor item_id.", 'Add items = ["…"].')
    for name in part.order:
        if name not in part.fields and name not in part.checked:
            entries.wrong(f"{where}.order", f"{name!r} is no date of this table.", "Leave it out.")
    _units(part, where, entries, files)


def _minutes_can_be_told(part: Part, where: str, entries: Entries) -> None:
    direct = {"valid_min", "invalid_min", "present_min"} & set(part.fields)
    if not direct and not part.codes:
        entries.wrong(
            where,
            "Nothing says what is valid and what is invalid.",
            "Add valid_min and invalid_min, or codes with labels that say what they count as.",
        )
    if part.rows == "all" and "scheduled_min" not in part.fields:
        entries.wrong(
            f"{where}.scheduled_min",
            "Nothing says how many minutes were planned.",
            'Add scheduled_min, or rows = "absences" with a timetable.',
        )


def _units(part: Part, where: str, entries: Entries, files: ReadOnly[str, FileSpec]) -> None:
    """Every column of minutes says whether it holds minutes or hours (E112)."""
    declared = part.file is not None and files[part.file].format.unit is not None
    for name in MINUTE_FIELDS:
        source = part.fields.get(name)
        if source is None or not source.columns or source.until is not None:
            continue
        if source.unit is None and not declared:
            entries.wrong(
                f"{where}.{name}",
                "The unit of the minutes is not declared.",
                'Add unit = "minutes" or "hours" here or under [format].',
                code="E112",
            )


def _codes(raw: Any, where: str, entries: Entries) -> tuple[CodeColumn, ...]:
    found = []
    for number, one in enumerate(raw if isinstance(raw, list) else [raw]):
        place = f"{where}[{number + 1}]"
        labels = _labels(one, place, entries) if isinstance(one, dict) else None
        if not isinstance(labels, dict) or not isinstance(one.get("column"), str):
            entries.wrong(
                place,
                "Codes need a column and labels.",
                'Write {column = "…", labels = {…}}, or table = "dfe" instead of labels.',
            )
            continue
        known = ("column", "labels", "otherwise", "table", "vocabulary", "axes")
        entries.known(one, known, place)
        checked = {
            str(label): _axes(axes, f"{place}.{label}", entries) for label, axes in labels.items()
        }
        other = one.get("otherwise")
        found.append(
            CodeColumn(
                column=one["column"],
                labels=checked,
                otherwise=None if other is None else _axes(other, f"{place}.otherwise", entries),
            )
        )
    return tuple(found)


def _labels(one: dict[str, Any], where: str, entries: Entries) -> Any:
    """Return the labels, those of a code table first."""
    given = one.get("labels", {})
    if "table" not in one or not isinstance(given, dict):
        return one.get("labels")
    table = entries.one_of(one["table"], LABEL_TABLES, f"{where}.table")
    axes = entries.words(one["axes"], f"{where}.axes") if "axes" in one else None
    if table is None:
        return given
    try:
        return {**table_labels(table, one.get("vocabulary"), axes), **given}
    except ValueError:
        entries.wrong(f"{where}.vocabulary", "The table has no such list.", "Leave it out.")
        return given


def _axes(raw: Any, where: str, entries: Entries) -> dict[str, Any]:
    if not isinstance(raw, dict):
        entries.wrong(where, "A label leads to axes.", 'Write {counts = "valid", reason = 10}.')
        return {}
    entries.known(raw, AXES, where)
    schema = TABLES["registers"]
    for axis in AXES[2:]:
        if axis in raw:
            entries.one_of(raw[axis], schema.field(axis).words, f"{where}.{axis}")
    if "counts" in raw:
        entries.one_of(raw["counts"], COUNTS, f"{where}.counts")
    if "reason" in raw:
        _reason(raw["reason"], f"{where}.reason", entries)
    return raw


def _reason(value: Any, where: str, entries: Entries) -> None:
    if value not in REASONS:
        entries.wrong(where, "This is no reason code.", f"Known: {', '.join(map(str, REASONS))}.")


def _default_reason(raw: dict[str, Any], where: str, entries: Entries) -> dict[str, int]:
    place = f"{where}.default_reason"
    entries.known(raw, ("valid", "invalid", "late", "elsewhere"), place)
    for key, value in raw.items():
        _reason(value, f"{place}.{key}", entries)
    return raw


def _slots(raw: Any, where: str, entries: Entries) -> tuple[int, ...]:
    if isinstance(raw, list) and all(isinstance(s, int) and 0 <= s <= 40 for s in raw):
        if 0 in raw and len(raw) > 1:
            entries.wrong(where, "Day records and lessons never mix.", "Use [0] or [1, 2, …].")
        return tuple(raw)
    entries.wrong(where, "Slots are whole numbers from 0 to 40.", "Write slots = [1, 2, 3].")
    return ()


def _range(raw: Any, where: str, entries: Entries) -> tuple[float, float] | None:
    if raw is None:
        return None
    numbers = isinstance(raw, list) and all(isinstance(v, int | float) for v in raw)
    if numbers and len(raw) == 2 and raw[0] < raw[1]:
        return float(raw[0]), float(raw[1])
    entries.wrong(where, "A range is two ascending numbers.", "Write range = [1, 5].")
    return None


def _checked(raw: dict[str, Any], where: str, entries: Entries) -> dict[str, Source]:
    found = {}
    for name, one in raw.items():
        source = read_source(one, f"{where}.{name}", entries)
        if source is not None:
            found[name] = source
    return found
