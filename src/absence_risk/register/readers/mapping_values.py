"""Read the small entries of a mapping: formats, files, sources of columns."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from absence_risk import check
from absence_risk.errors import Problem
from absence_risk.register.readers.mapping import FileSpec, Format, Join, Scalar, Source
from absence_risk.register.readers.written import ENCODINGS, sql_form

if TYPE_CHECKING:
    from collections.abc import Mapping as ReadOnly
    from collections.abc import Sequence

__all__ = ["Entries", "read_files", "read_format", "read_source"]

_SOURCE_KEYS = (
    "column",
    "columns",
    "value",
    "codes",
    "otherwise",
    "unit",
    "form",
    "part",
    "until",
    "order",
)
_UNITS = ("minutes", "hours", "share")


@dataclass(slots=True)
class Entries:
    """Collects what is wrong with a mapping.

    Parameters
    ----------
    file : str
        Name of the mapping file in messages.
    problems : list of Problem
        What was found so far.
    """

    file: str
    problems: list[Problem] = field(default_factory=list)

    def wrong(self, where: str, message: str, fix: str, code: str = "E006") -> None:
        """Note a problem.

        Parameters
        ----------
        where : str
            Place in the mapping, such as ``pupils.grade``.
        message, fix : str
            What is wrong and what to do.
        code : str
            Code of the catalogue.
        """
        self.problems.append(
            Problem(
                code=code,
                table="mapping",
                file=self.file,
                column=where or None,
                message=message,
                fix=fix,
            )
        )

    def known(self, given: ReadOnly[str, Any], names: Sequence[str], where: str) -> None:
        """Note every key that is not one of the known names.

        Parameters
        ----------
        given : mapping
            A table of the mapping.
        names : sequence of str
            Known keys.
        where : str
            Place of the table.
        """
        for key in given:
            if key not in names:
                near = check.nearest(key, names)
                fix = f"Did you mean {near!r}?" if near else f"Known: {', '.join(names)}."
                self.wrong(f"{where}.{key}".lstrip("."), f"{key!r} is not known here.", fix)

    def table(self, given: ReadOnly[str, Any], key: str, where: str) -> dict[str, Any]:
        """Return a table of the mapping, empty if it is missing or no table.

        Parameters
        ----------
        given : mapping
            The table around it.
        key : str
            Its name.
        where : str
            Place of the table around it.

        Returns
        -------
        dict
            The table.
        """
        value = given.get(key, {})
        if isinstance(value, dict):
            return value
        self.wrong(f"{where}.{key}".lstrip("."), "This must be a table.", "Write { … } or [ … ].")
        return {}

    def words(self, value: Any, where: str) -> tuple[str, ...]:
        """Return a word or a list of words.

        Parameters
        ----------
        value : object
            What the mapping says.
        where : str
            Its place.

        Returns
        -------
        tuple of str
            The words; empty if it is something else.
        """
        many = value if isinstance(value, list) else [value]
        if all(isinstance(one, str) for one in many) and many:
            return tuple(many)
        self.wrong(where, "This must be text or a list of texts.", "Put it into quotes.")
        return ()

    def one_of(self, value: Any, allowed: Sequence[str], where: str) -> str | None:
        """Return a word of a closed list.

        Parameters
        ----------
        value : object
            What the mapping says.
        allowed : sequence of str
            The list.
        where : str
            Its place.

        Returns
        -------
        str or None
            The word; None if it is not one of the list.
        """
        if value in allowed:
            return str(value)
        self.wrong(where, f"Must be one of {', '.join(allowed)}.", "Choose one.")
        return None


def read_format(raw: dict[str, Any], base: Format, where: str, entries: Entries) -> Format:
    """Read how values are written.

    Parameters
    ----------
    raw : dict
        Table of the mapping; keys that are no format are left alone.
    base : Format
        What holds where the table is silent.
    where : str
        Its place.
    entries : Entries
        Collects problems.

    Returns
    -------
    Format
        The format.
    """
    if where == "format":
        entries.known(raw, Format.__slots__, where)
    found: dict[str, Any] = {}
    checks: dict[str, tuple[str, ...]] = {
        "encoding": tuple(ENCODINGS),
        "decimal": (".", ","),
        "delimiter": (";", ",", "\t", "|"),
        "thousands": ("", " ", ".", ",", "'"),
        "unit": ("minutes", "hours"),
    }
    for key, allowed in checks.items():
        if key in raw:
            value = (
                raw[key].lower() if key == "encoding" and isinstance(raw[key], str) else raw[key]
            )
            found[key] = entries.one_of(value, allowed, f"{where}.{key}") or getattr(base, key)
    for key in ("date", "datetime"):
        if key in raw:
            found[key] = _form(raw[key], f"{where}.{key}", entries) or "iso"
    for key in ("true", "false", "missing"):
        if key in raw:
            words = entries.words(raw[key], f"{where}.{key}")
            found[key] = words if key == "missing" else tuple(w.strip().lower() for w in words)
    result = replace(base, **found)
    if set(result.true) & set(result.false):
        entries.wrong(f"{where}.true", "A word means both yes and no.", "Leave it in one list.")
    if result.thousands and result.thousands == result.decimal:
        entries.wrong(f"{where}.thousands", "It is the decimal sign too.", "Choose one.")
    return result


def _form(value: Any, where: str, entries: Entries) -> str | None:
    if isinstance(value, str) and (value == "iso" or sql_form(value) is not None):
        return value
    entries.wrong(
        where,
        "This is no form of a date.",
        "Write it with yyyy mm dd HH MM SS, for example dd.mm.yyyy.",
    )
    return None


def read_files(raw: dict[str, Any], defaults: Format, entries: Entries) -> dict[str, FileSpec]:
    """Read the files of a mapping.

    Parameters
    ----------
    raw : dict
        Table ``files``.
    defaults : Format
        Format where a file is silent.
    entries : Entries
        Collects problems.

    Returns
    -------
    dict of str to FileSpec
        Files by name.
    """
    files = {}
    for name, one in raw.items():
        where = f"files.{name}"
        if not isinstance(one, dict) or not isinstance(one.get("path"), str):
            entries.wrong(where, "A file needs a path.", 'Write path = "name.csv".')
            continue
        entries.known(one, ("path", "sheet", "skip", "join", "each", *Format.__slots__), where)
        path = one["path"].replace("\\", "/")
        if path.startswith("/") or ".." in path.split("/") or ":" in path:
            entries.wrong(f"{where}.path", "The path leaves the export.", "Make it relative.")
        skip = {
            column: entries.words(words, f"{where}.skip.{column}")
            for column, words in entries.table(one, "skip", where).items()
        }
        files[name] = FileSpec(
            name=name,
            path=path,
            format=read_format(one, defaults, where, entries),
            sheet=one.get("sheet"),
            skip=skip,
            joins=_joins(one.get("join", []), where, entries, raw),
            each=None if "each" not in one else "".join(entries.words(one["each"], where)[:1]),
        )
    return files


def _joins(raw: Any, where: str, entries: Entries, files: ReadOnly[str, Any]) -> tuple[Join, ...]:
    joins = []
    for one in raw if isinstance(raw, list) else [raw]:
        on = one.get("on") if isinstance(one, dict) else None
        if not isinstance(on, dict) or not on or one.get("file") not in files:
            entries.wrong(
                f"{where}.join",
                "A join needs another file and the columns that match.",
                'Write {file = "lessons", on = {lessonId = "id"}}.',
            )
            continue
        entries.known(one, ("file", "on", "within", "optional"), f"{where}.join")
        joins.append(
            Join(
                file=one["file"],
                on={str(k): str(v) for k, v in on.items()},
                within=_within(entries.table(one, "within", where), f"{where}.join", entries),
                optional=one.get("optional", False) is True,
            )
        )
    return tuple(joins)


def _within(raw: dict[str, Any], where: str, entries: Entries) -> dict[str, tuple[str, str]]:
    found = {}
    for column, span in raw.items():
        words = entries.words(span, f"{where}.within.{column}")
        if len(words) == 2:
            found[column] = (words[0], words[1])
        else:
            entries.wrong(
                f"{where}.within",
                "A span has a begin and an end.",
                'Write {time = ["from", "to"]}.',
            )
    return found


def read_source(raw: Any, where: str, entries: Entries) -> Source | None:
    """Read where the values of a column come from.

    Parameters
    ----------
    raw : object
        What the mapping says.
    where : str
        Its place.
    entries : Entries
        Collects problems.

    Returns
    -------
    Source or None
        None if it cannot be understood.
    """
    if isinstance(raw, str | list):
        columns = entries.words(raw, where)
        return Source(columns=columns) if columns else None
    if not isinstance(raw, dict):
        entries.wrong(where, "This is no source.", 'Write "Column", or {value = …} for a constant.')
        return None
    entries.known(raw, _SOURCE_KEYS, where)
    columns = ()
    for key in ("column", "columns"):
        if key in raw:
            columns = entries.words(raw[key], f"{where}.{key}")
    if bool(columns) == ("value" in raw):
        entries.wrong(where, "A source is a column or a constant.", "Give exactly one of the two.")
        return None
    codes = raw.get("codes")
    if codes is not None and not _is_codes(codes):
        entries.wrong(f"{where}.codes", "Words must lead to values.", "Write {J = true}.")
        codes = None
    unit = raw.get("unit")
    form = raw.get("form")
    return Source(
        columns=columns,
        value=_scalar(raw.get("value"), f"{where}.value", entries),
        codes=codes,
        otherwise=_scalar(raw.get("otherwise"), f"{where}.otherwise", entries),
        unit=None if unit is None else entries.one_of(unit, _UNITS, f"{where}.unit"),
        form=None if form is None else _form(form, f"{where}.form", entries),
        part=None
        if "part" not in raw
        else entries.one_of(raw["part"], ("year", "date"), f"{where}.part"),
        until=raw.get("until"),
        order=bool(raw.get("order", False)),
    )


def _is_codes(codes: Any) -> bool:
    return isinstance(codes, dict) and all(isinstance(v, Scalar) for v in codes.values())


def _scalar(value: Any, where: str, entries: Entries) -> Scalar | None:
    if value is None or isinstance(value, Scalar):
        return value
    entries.wrong(where, "This must be text, a number, true or false.", "Put text into quotes.")
    return None
