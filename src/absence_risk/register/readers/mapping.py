"""A mapping: how the files of a foreign export become the canonical tables.

A layout is declared, not programmed. It is a TOML file with five kinds of entries; every entry
below is optional unless it says otherwise. `mapping_file.read_mapping` reads it and lists all
that is wrong with it at once; `conversion.convert` carries it out.

``[mapping]``
    ``name``; ``project`` (name under which pseudonyms are made, "absence-risk" if not given).
``[format]``
    How values are written, for all files; each may be given again under a file.
    ``delimiter`` (sniffed from the header if not given: semicolon, comma, tab), ``encoding``
    (utf-8, utf-8-sig, cp1252, latin-1, utf-16; utf-8 if not given), ``decimal`` ("." or ","; "."
    if not given), ``thousands``, ``date`` and ``datetime`` (forms such as "yyyy-mm-dd",
    "dd.mm.yyyy", "yyyy-mm-dd HH:MM"; ISO if not given), ``unit`` (minutes or hours; there is no
    default), ``true`` and ``false`` (lists of words), ``missing`` (words for an empty cell).
``[files.<name>]``
    One file, or several of one form: ``path`` (needed; relative to the export, ``*`` allowed;
    csv, txt or an Excel book, then with ``sheet``), ``skip`` (``{Column = ["Total"]}``: lines that
    are no records; ``"*"`` for any text, ``""`` for an empty cell), ``join``
    (``[{file = "lessons", on = {lessonId = "id"}}]``: columns of the other file are then
    known as ``lessons.<column>``; ``optional = true`` if a row may have no match;
    ``within = {time = ["begin", "end"]}`` for a row whose span holds this one's time).
    A file may hold JSON (``.json .jsonl .ndjson``): one object per line, an array, or pages with
    ``data``. Columns are then paths such as ``student.id``, and ``each = "enrolments"`` makes a
    row of every element of a list, whose values are ``enrolments.<path>``.
``[<table>]``, or ``[[<table>]]`` for a table that several files feed
    ``file`` names an entry of ``files``; all else are canonical columns (see the data dictionary),
    each with a **source**:

    - ``"Column"``, or ``["Column", "Column"]``: for text and identifiers all of them together,
      else the first that is not empty;
    - ``{column = "Column", codes = {J = true, N = false}, otherwise = false}``: words to values;
      a word that is not listed is a fault unless ``otherwise`` says what it means;
    - ``{column = ..., unit = "hours"}`` for minutes (``"minutes"``, ``"hours"``, or ``"share"`` of
      the scheduled ones); ``{column = "Start", until = "End"}`` for minutes between two times;
    - ``{column = ..., form = "dd.mm.yyyy"}``, ``{column = ..., part = "year"}`` (or ``"date"``)
      for dates in another form, or of which a part is wanted;
    - ``{column = ..., order = true}`` for a slot: lessons numbered by this value within the day;
    - ``{value = 50}`` for a constant.

Tables are ``registers pupils schools calendar cases surveys outcomes`` and these beside them:

``[timetable]``
    The lessons that were planned: ``date``, ``slot``, ``scheduled_min``, ``subject_code``,
    ``cancelled``, ``is_reported``, and at least one of ``class_key group_key school_key grade
    pupil_key``, by which pupils are put to lessons. Without ``file`` it is made from the calendar:
    ``slots = [1, 2, 3]`` (``[0]`` for day records) and a constant ``scheduled_min``.
``[[terms]]``
    ``name``, ``first``, ``last`` (dates). Without them a term is a half of a calendar year.

``[registers]`` has besides:

- ``rows = "absences"``: a row stands for an absence, and presence is what the timetable has and
  no row denies; ``rows = "marks"``: every reported lesson has a row, and a planned lesson without
  one was not reported; or ``rows = "all"`` (the default): every lesson has its row.
- ``absent_min``: minutes of absence whose kind ``codes`` tell. Without it a marked lesson is
  missed whole. ``cancelled``: the lesson leaves the denominator.
- ``codes``: a list of ``{column = "Typ", labels = {Giltig = {counts = "valid", reason = 10}},
  otherwise = {...}}``. The axes of a label are ``counts`` (valid, invalid, late, present,
  elsewhere, unreported, not_scheduled, ignore), ``reason``, ``validity``, ``documentation``,
  ``source``; the first column that tells an axis decides. ``not_scheduled`` leaves the
  denominator, ``ignore`` is no mark of attendance. ``table = "dfe"`` takes the labels of a code
  table that comes with the package (``denmark dfe edfi finland ss12000 reasons``), of one of its
  lists with ``vocabulary = "..."``, and only some axes with ``axes = ["reason"]``; ``labels``
  beside it go before it.
- ``several = "add"``: rows of one lesson that say different things (valid, invalid, late) are
  parts of it; without it the second contradicts the first.
- ``default_reason = {valid = 90, invalid = 70}``: reason where no label gives one.
- ``unreported_absence``: ``"quarantine"`` (the default) or ``"keep"`` an absence in a lesson that
  nobody reported; kept, it makes the lesson reported for this pupil.

``[surveys]`` in wide form has ``items = ["F1", "F2"]`` instead of ``item_id`` and ``response``;
``range = [1, 5]``; ``missing_words = {"99" = "refused"}``. ``[cases]`` may have
``checked = {mapped = "Kartläggning klar"}``, further dates, and ``order = ["referred", "started",
"mapped", "closed"]``: cases that break this order are counted and kept.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping as ReadOnly

__all__ = [
    "AXES",
    "COUNTS",
    "MINUTE_FIELDS",
    "PUPIL_LINKS",
    "CodeColumn",
    "FileSpec",
    "Format",
    "Join",
    "Mapping",
    "Part",
    "Source",
    "Term",
]

Scalar = str | int | float | bool

COUNTS = (
    "valid",
    "invalid",
    "late",
    "present",
    "elsewhere",
    "unreported",
    "not_scheduled",
    "ignore",
)
"""What a mark does to the minutes of its lesson."""

AXES = ("counts", "reason", "validity", "documentation", "source")
"""What a label of a code column can tell."""

PUPIL_LINKS = ("pupil_key", "class_key", "group_key", "school_key", "grade")
"""Columns by which a timetable finds its pupils."""

MINUTE_FIELDS = (
    "scheduled_min",
    "absent_min",
    "present_min",
    "valid_min",
    "invalid_min",
    "other_min",
    "late_min",
)
"""Columns that need a unit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """How values are written in a file.

    Parameters
    ----------
    delimiter : str or None
        Column separator; None to sniff it from the header.
    encoding : str
        Encoding of the text.
    decimal : {".", ","}
        Decimal sign.
    thousands : str
        Sign between thousands; empty for none.
    date, datetime : str
        Forms of dates, in ``yyyy mm dd HH MM SS``; "iso" for ISO 8601.
    unit : {"minutes", "hours"} or None
        Unit of minutes; None if not declared.
    true, false : tuple of str
        Words for yes and no, in lower case.
    missing : tuple of str
        Words that mean an empty cell.
    """

    delimiter: str | None = None
    encoding: str = "utf-8"
    decimal: str = "."
    thousands: str = ""
    date: str = "iso"
    datetime: str = "iso"
    unit: str | None = None
    true: tuple[str, ...] = ("true", "1", "yes", "y", "ja", "j", "kyllä", "k", "x")
    false: tuple[str, ...] = ("false", "0", "no", "n", "nej", "ei", "e")
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Join:
    """Another file whose columns are looked up.

    Parameters
    ----------
    file : str
        Name of the other entry of ``files``.
    on : mapping of str to str
        Column of the other file by column of this one.
    within : mapping of str to pair of str
        Columns of the other file with the first and last time (or date) between which the value
        of a column of this one must lie, by that column. Of several such rows one is taken.
    optional : bool
        Whether a row may have no match.
    """

    file: str
    on: ReadOnly[str, str]
    within: ReadOnly[str, tuple[str, str]] = field(default_factory=dict)
    optional: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class FileSpec:
    """One file of an export, or several of one form.

    Parameters
    ----------
    name : str
        Name in the mapping.
    path : str
        Path relative to the export, with ``*`` for several files.
    format : Format
        How its values are written.
    sheet : str or None
        Sheet of an Excel book; None for the first.
    skip : mapping of str to tuple of str
        Words by column that mark lines that are no records.
    joins : tuple of Join
        Files whose columns are looked up.
    each : str or None
        List inside the objects of a JSON file of which each element is a row.
    """

    name: str
    path: str
    format: Format = field(default_factory=Format)
    sheet: str | None = None
    skip: ReadOnly[str, tuple[str, ...]] = field(default_factory=dict)
    joins: tuple[Join, ...] = ()
    each: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where the values of one canonical column come from.

    Parameters
    ----------
    columns : tuple of str
        Columns of the file; empty for a constant.
    value : str, int, float, bool or None
        The constant.
    codes : mapping of str to scalar or None
        Values by word; None if words are taken as they are.
    otherwise : str, int, float, bool or None
        Value of a word that ``codes`` does not list; None to make it a fault.
    unit : {"minutes", "hours", "share"} or None
        Unit of minutes.
    form : str or None
        Form of a date, if not the file's.
    part : {"year", "date"} or None
        Part of a date that is wanted.
    until : str or None
        Column with the end of a time span that begins with the first column.
    order : bool
        Whether slots are numbered by the value.
    """

    columns: tuple[str, ...] = ()
    value: Scalar | None = None
    codes: ReadOnly[str, Scalar] | None = None
    otherwise: Scalar | None = None
    unit: str | None = None
    form: str | None = None
    part: str | None = None
    until: str | None = None
    order: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeColumn:
    """A column whose words tell what a mark means.

    Parameters
    ----------
    column : str
        Column of the file.
    labels : mapping of str to mapping
        Axes by word.
    otherwise : mapping or None
        Axes of a word that is not listed; None to make it a fault.
    """

    column: str
    labels: ReadOnly[str, ReadOnly[str, Scalar]]
    otherwise: ReadOnly[str, Scalar] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One file's share in one table.

    Parameters
    ----------
    table : str
        Canonical table, or "timetable".
    file : str or None
        Name of the file; None for what is made from constants.
    fields : mapping of str to Source
        Sources by canonical column.
    rows : {"all", "absences", "marks"}
        Whether every lesson has a row (registers), or only what is amiss, or every reported one.
    codes : tuple of CodeColumn
        What marks mean (registers).
    default_reason : mapping of str to int
        Reason where no label gives one, by kind of minutes (registers).
    unreported_absence : {"quarantine", "keep"}
        What to do with an absence in a lesson that nobody reported (registers).
    several : {"contradict", "add"}
        What two rows of a pupil and lesson do that say different things (registers).
    slots : tuple of int
        Slots of every day (timetable without a file).
    items : tuple of str
        Columns that are items (surveys in wide form).
    range : tuple of float or None
        Lowest and highest response (surveys).
    missing_words : mapping of str to str
        Reason why there is no answer, by word (surveys).
    checked : mapping of str to Source
        Further dates that only ``order`` uses (cases).
    order : tuple of str
        Dates that should follow one another (cases).
    """

    table: str
    file: str | None
    fields: ReadOnly[str, Source]
    rows: str = "all"
    codes: tuple[CodeColumn, ...] = ()
    default_reason: ReadOnly[str, int] = field(default_factory=dict)
    unreported_absence: str = "quarantine"
    several: str = "contradict"
    slots: tuple[int, ...] = ()
    items: tuple[str, ...] = ()
    range: tuple[float, float] | None = None
    missing_words: ReadOnly[str, str] = field(default_factory=dict)
    checked: ReadOnly[str, Source] = field(default_factory=dict)
    order: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """One term.

    Parameters
    ----------
    name : str
        Name, unique over the mapping.
    first, last : datetime.date
        First and last day.
    """

    name: str
    first: dt.date
    last: dt.date


@dataclass(frozen=True, slots=True, kw_only=True)
class Mapping:
    """How the files of a foreign export become the canonical tables.

    Parameters
    ----------
    name : str
        What the export is.
    project : str
        Name under which pseudonyms are made.
    files : mapping of str to FileSpec
        Files by name.
    parts : tuple of Part
        What feeds which table.
    terms : tuple of Term
        Terms; empty for halves of calendar years.
    """

    name: str
    project: str
    files: ReadOnly[str, FileSpec]
    parts: tuple[Part, ...]
    terms: tuple[Term, ...] = ()

    def of(self, table: str) -> tuple[Part, ...]:
        """Return the parts of a table.

        Parameters
        ----------
        table : str
            Canonical table, or "timetable".

        Returns
        -------
        tuple of Part
            In the order of the mapping.
        """
        return tuple(part for part in self.parts if part.table == table)
