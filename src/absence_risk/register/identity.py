"""Recognise national identity numbers, so that they can be refused. Never shows a value."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from absence_risk.errors import Problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = [
    "hides_digits",
    "identity_problems",
    "looks_like_birth_date_name",
    "looks_like_identity",
    "names_identity",
]

_FIXES = {
    "P901": "Replace it by pseudonymous keys before the files leave the school administration.",
    "P904": "Give the year of birth (birth_year) or leave the column out.",
}

_NAMES = re.compile(
    r"person(al)?_?(num|nr|id\b)|civic|samordnings|\bcpr|hetu|henkil.?tunnus|f.dsels(nummer|nr)|"
    r"national_?id|\bssn\b|social_?security",
    re.IGNORECASE,
)
_BIRTH_NAMES = re.compile(
    r"birth_?(date|day)|date_?of_?birth|\bdob\b|f.dsels?(datum|dag|dato)|syntym.(aika|p.iv.)",
    re.IGNORECASE,
)

_HETU = re.compile(r"(\d{6})[-+A-FU-Ya-fu-y](\d{3})([0-9A-Ya-y])\Z")
_SEPARATED = re.compile(r"(?:\d{2})?(\d{6})[-+](\d{4})\Z")
_PLAIN = re.compile(r"\d{9,12}\Z")
_LONG_DIGITS = re.compile(r"\d{6,8}[-+A-Za-z]?\d{3}[0-9A-Za-z]\d?|\d{6,}")

_HETU_MARKS = "0123456789ABCDEFHJKLMNPRSTUVWXY"
_FODSELS_1 = (3, 7, 6, 1, 8, 9, 4, 5, 2, 1, 0)
_FODSELS_2 = (5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1)
# Of random ten-digit numbers 0.4 % pass date and checksum, of random birth-date-like Danish
# numbers 3.3 %; of real ones nearly all.
_SHARE_OF_PLAIN_TEXT, _LEAST_PLAIN_TEXT = 0.2, 3
_SHARE_OF_PLAIN_NUMBERS, _LEAST_PLAIN_NUMBERS = 0.5, 20


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


def looks_like_identity(values: Iterable[object]) -> bool:
    """Return whether values look like national identity numbers.

    One value with a separator or a century sign is enough, or one of 12 digits with a right
    checksum; of plain digits a fifth of all text values or half of all numbers must fit, because
    random keys hit the pattern now and then.

    Parameters
    ----------
    values : iterable of object
        Values of one column, text or whole numbers; None is skipped.

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
        text = f"{value:.0f}" if is_number else str(value).strip()
        n += 1
        numbers += is_number
        if _is_marked(text):
            return True
        plain += _is_plain(text)
    if numbers:
        return plain >= max(_LEAST_PLAIN_NUMBERS, _SHARE_OF_PLAIN_NUMBERS * n)
    return plain >= max(_LEAST_PLAIN_TEXT, _SHARE_OF_PLAIN_TEXT * n)


def identity_problems(
    table: str, file: str | None, columns: Mapping[str, Iterable[object]]
) -> list[Problem]:
    """Return a problem for each column that holds identities, by its name or by its values.

    Parameters
    ----------
    table : str
        Table name.
    file : str or None
        Name of the file in messages.
    columns : mapping of str to iterable of object
        Values by column; a column may be empty.

    Returns
    -------
    list of Problem
        Codes P901 and P904, without any value.

    Examples
    --------
    >>> identity_problems("pupils", None, {"cpr": []})[0].code
    'P901'
    """
    problems = []
    for name, values in columns.items():
        if names_identity(name) or looks_like_identity(values):
            code, message = "P901", "The column looks like a national identity number."
        elif looks_like_birth_date_name(name):
            code, message = "P904", "The column looks like a full date of birth."
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


def hides_digits(name: str) -> str:
    """Return a file name without long runs of digits, which could identify a person.

    Parameters
    ----------
    name : str
        File or column name.

    Returns
    -------
    str
        The name, with "…" in place of what looks like a number of a person.

    Examples
    --------
    >>> hides_digits("pupils_0000000000.csv"), hides_digits("school_year=2025-26/a1.parquet")
    ('pupils_….csv', 'school_year=2025-26/a1.parquet')
    """
    return _LONG_DIGITS.sub("…", name)


def _is_marked(text: str) -> bool:
    """Whether text has a separator or century sign, or 12 digits with a right checksum."""
    if match := _HETU.match(text):
        right = _HETU_MARKS[int(match[1] + match[2]) % 31] == match[3].upper()
        if right and _is_day_month(match[1][:2], match[1][2:4]):
            return True
    if match := _SEPARATED.match(text):
        digits = match[1]
        return _is_swedish_date(digits) or _is_day_month(digits[:2], digits[2:4])
    is_long = len(text) == 12 and text.isascii() and text.isdigit()
    return is_long and text[:2] in ("18", "19", "20") and _is_swedish(text[2:])


def _is_plain(text: str) -> bool:
    """Whether bare digits read as an identity number; integers have lost a leading zero."""
    if not text.isascii() or not _PLAIN.match(text) or len(text) == 12:
        return False
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
