"""Recognise national identity numbers, so that they can be refused. Never shows a value."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np

from absence_risk.errors import Problem, hides_digits
from absence_risk.register.free_text import looks_like_free_text, names_free_text
from absence_risk.register.national_numbers import HETU_CHECK_MARKS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

__all__ = [
    "hides_digits",
    "identity_problems",
    "looks_like_birth_date_name",
    "looks_like_birth_dates",
    "looks_like_identity",
    "names_identity",
]

_FIXES = {
    "P901": "Replace it by pseudonymous keys before the files leave the school administration.",
    "P902": "Leave the column out, or map its words to the reason codes before.",
    "P904": "Give the year of birth (birth_year) or leave the column out.",
}

_NAMES = re.compile(
    r"person(al)?_?(num|nr|id\b)|personbeteckning|identitetsn|civic|samordnings|cpr|hetu|"
    r"henkil.?tunnus|f.dsels(nummer|nr)|\b[pf]nr\b|national_?id|\bssn\b|social_?security",
    re.IGNORECASE,
)
_BIRTH_NAMES = re.compile(
    r"birth_?(date|day)|date_?of_?birth|\bdob\b|f.dsels?(datum|dag|dato)|syntym.(aika|p.iv.)",
    re.IGNORECASE,
)

_DASH = "[-\u2010\u2011\u2012\u2013\u2212]"
_HETU = re.compile(rf"(\d{{6}})(?:{_DASH}|[+A-FU-Ya-fu-y])(\d{{3}})([0-9A-Ya-y])\Z")
_SHORT = re.compile(rf"(\d{{6}})(?:{_DASH}|\+)(\d{{4}})\Z")
_LONG = re.compile(rf"(?:18|19|20)(\d{{6}})(?:{_DASH}|\+)?(\d{{4}})\Z")
_PLAIN = re.compile(r"\d{6} ?\d{3,5}\Z|\d{12}\Z")
# A number inside other text, not a part of a longer one.
_INSIDE = re.compile(
    rf"(?<![0-9A-Za-z])\d{{6}}(?:\d{{2}})?(?:{_DASH}|[+A-FU-Ya-fu-y])?\d{{3}}[0-9A-Ya-y](?![0-9A-Za-z])"
)
# A full date of birth with something behind it: "20000101-a3f9" hides nothing.
_DATED = re.compile(r"((?:19|20)\d{2})[-/.]?(\d{2})[-/.]?(\d{2})[-_+]?([0-9A-Za-z]{3,})\Z")
_CLOCK = re.compile(r"[T ]?\d{2}(\d{2}){0,2}Z?\Z", re.IGNORECASE)
_SIX_DIGITS = re.compile(r"\d{6}|\d{4}[-/.]\d{2}[-/.]\d{2}")

_FODSELS_1 = (3, 7, 6, 1, 8, 9, 4, 5, 2, 1, 0)
_FODSELS_2 = (5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1)
_LONGEST_NUMBER = 13
# Of random ten-digit numbers 0.4 % pass date and checksum, of random birth-date-like Danish
# numbers 3.3 %; of real ones nearly all.
_SHARE_OF_PLAIN_TEXT, _LEAST_PLAIN_TEXT = 0.2, 3
_SHARE_OF_PLAIN_NUMBERS, _LEAST_PLAIN_NUMBERS = 0.5, 20
# Dates of lessons lie in one or two years, dates of birth of pupils in many.
_SHARE_OF_DATED, _LEAST_DATED, _LEAST_YEARS = 0.5, 5, 3


def names_identity(column: str) -> bool:
    """Return whether a column's name says that it holds a national identity number.

    Parameters
    ----------
    column : str
        Column name.

    Returns
    -------
    bool
        True for names in use in Sweden, Denmark, Finland, Norway and English.

    Examples
    --------
    >>> names_identity("Personnummer"), names_identity("pupil_key")
    (True, False)
    """
    return _NAMES.search(column) is not None


def looks_like_birth_date_name(column: str) -> bool:
    """Return whether a column's name says that it holds a full date of birth.

    Parameters
    ----------
    column : str
        Column name.

    Returns
    -------
    bool
        True for such names; ``birth_year`` is not one.

    Examples
    --------
    >>> looks_like_birth_date_name("birth_date"), looks_like_birth_date_name("birth_year")
    (True, False)
    """
    return _BIRTH_NAMES.search(column) is not None


def looks_like_identity(values: Iterable[object], n_values: int | None = None) -> bool:
    """Return whether values look like national identity numbers.

    One value with a separator or a century sign is enough, also inside other text, or one of 12
    digits with a right checksum; of plain digits a fifth of all text values or half of all numbers
    must fit, because random keys hit the pattern now and then.

    Parameters
    ----------
    values : iterable of object
        Values of one column, text or whole numbers; None is skipped.
    n_values : int or None
        Number of different values of the column, where ``values`` are only those with six digits.

    Returns
    -------
    bool
        True if the column must be refused.

    Examples
    --------
    >>> looks_like_identity(["S01", "S02"])
    False
    """
    n, plain, numbers = 0, 0, 0
    for value in values:
        if value is None:
            continue
        is_number = isinstance(value, int | float | np.number)
        text = _digits_of(value) if is_number else str(value).strip()
        n += 1
        numbers += is_number
        if not _SIX_DIGITS.search(text):
            continue
        if _is_marked(text) or (len(text) > _LONGEST_NUMBER and _is_marked_inside(text)):
            return True
        plain += _is_plain(text)
    n = max(n, n_values or 0)
    if numbers:
        return plain >= max(_LEAST_PLAIN_NUMBERS, _SHARE_OF_PLAIN_NUMBERS * n)
    return plain >= max(_LEAST_PLAIN_TEXT, _SHARE_OF_PLAIN_TEXT * n)


def looks_like_birth_dates(values: Iterable[object], n_values: int | None = None) -> bool:
    """Return whether values begin with a full date of birth and go on with something else.

    Such keys (a date with a hash of the last digits, or a temporary number) are taken for
    anonymous and are not: date of birth, school and sex single out most pupils.

    Parameters
    ----------
    values : iterable of object
        Values of one column.
    n_values : int or None
        Number of different values of the column, where ``values`` are only those with six digits.

    Returns
    -------
    bool
        True where half of the text values, at least five, do so with dates of three years or more.

    Examples
    --------
    >>> looks_like_birth_dates(["20250818MA1", "20250819MA1"])
    False
    """
    years, dated, n = set(), 0, 0
    for value in values:
        if not isinstance(value, str):
            continue
        n += 1
        match = _DATED.match(value.strip())
        if match and _is_day_month(match[3], match[2]) and not _CLOCK.match(match[4]):
            dated += 1
            years.add(match[1])
    n = max(n, n_values or 0)
    return len(years) >= _LEAST_YEARS and dated >= max(_LEAST_DATED, _SHARE_OF_DATED * n)


def identity_problems(
    table: str,
    file: str | None,
    columns: Mapping[str, Sequence[object]],
    n_values: Mapping[str, int] | None = None,
) -> list[Problem]:
    """Return a problem for each column that must not be there, by its name or by its values.

    Parameters
    ----------
    table : str
        Table name.
    file : str or None
        Name of the file in messages.
    columns : mapping of str to sequence of object
        Values by column; a column may be empty.
    n_values : mapping of str to int or None
        Number of different values of columns of which only those with six digits are given.

    Returns
    -------
    list of Problem
        Codes P901 (national identity numbers), P902 (free text) and P904 (dates of birth),
        without any value.

    Examples
    --------
    >>> identity_problems("pupils", None, {"cpr": []})[0].code
    'P901'
    """
    problems = []
    for name, values in columns.items():
        n = None if n_values is None else n_values.get(name)
        if names_identity(name) or looks_like_identity(values, n):
            code, message = "P901", "The column looks like a national identity number."
        elif looks_like_birth_date_name(name) or looks_like_birth_dates(values, n):
            code, message = "P904", "The column looks like a full date of birth."
        elif names_free_text(name) or looks_like_free_text(values):
            code, message = "P902", "The column looks like free text, which tells of persons."
        else:
            continue
        problems.append(
            Problem(
                code=code,
                table=table,
                file=file,
                column=hides_digits(name),
                message=message,
                fix=_FIXES[code],
            )
        )
    return problems


def _digits_of(value: Any) -> str:
    return f"{value:.0f}" if isinstance(value, float | np.floating) else str(value)


def _is_marked(text: str) -> bool:
    """Whether text has a separator or century sign, or 12 digits with a right checksum."""
    if match := _HETU.match(text):
        right = HETU_CHECK_MARKS[int(match[1] + match[2]) % 31] == match[3].upper()
        if right and _is_day_month(match[1][:2], match[1][2:4]):
            return True
    if match := _SHORT.match(text):
        digits = match[1]
        return _is_swedish_date(digits) or _is_day_month(digits[:2], digits[2:4])
    match = _LONG.match(text)
    return match is not None and _is_swedish(match[1] + match[2])


def _is_marked_inside(text: str) -> bool:
    return any(_is_marked(match[0]) for match in _INSIDE.finditer(text))


def _is_plain(text: str) -> bool:
    """Whether bare digits read as an identity number; integers have lost a leading zero."""
    if not text.isascii() or not _PLAIN.match(text) or len(text) == 12:
        return False
    text = text.replace(" ", "")
    ten = text.zfill(10)
    if len(ten) == 10 and (_is_swedish(ten) or _is_day_month(ten[:2], ten[2:4])):
        return True
    eleven = text.zfill(11)
    return len(text) >= 10 and _is_norwegian(eleven)


def _is_swedish(ten: str) -> bool:
    return _is_swedish_date(ten) and _luhn(ten)


def _is_swedish_date(digits: str) -> bool:
    """Year, month, day; the day of a coordination number is 60 higher."""
    month, day = int(digits[2:4]), int(digits[4:6])
    return 1 <= month <= 12 and (1 <= day <= 31 or 61 <= day <= 91)


def _is_day_month(day: str, month: str) -> bool:
    return 1 <= int(day) <= 31 and 1 <= int(month) <= 12


def _luhn(digits: str) -> bool:
    doubled = (int(d) * (2 - i % 2) for i, d in enumerate(digits))
    return sum(d // 10 + d % 10 for d in doubled) % 10 == 0


def _is_norwegian(eleven: str) -> bool:
    """Day (40 higher for D numbers), month, year, two checksums modulo 11."""
    digits = [int(d) for d in eleven]
    day = f"{(digits[0] % 4)}{digits[1]}"
    first = sum(w * d for w, d in zip(_FODSELS_1, digits, strict=True)) % 11
    second = sum(w * d for w, d in zip(_FODSELS_2, digits, strict=True)) % 11
    return first == 0 and second == 0 and _is_day_month(day, eleven[2:4])
