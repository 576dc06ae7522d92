"""Recognise columns of free text, which tell of illness and families and belong in no table."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["looks_like_free_text", "names_free_text"]

_NAMES = re.compile(
    r"kommentar|anteckning|notering|fritext|beskrivning|fri_?tekst|bem.rkning|beskrivelse|merknad|"
    r"huomautus|lis.tieto|kuvaus|vapaa_?teksti|comment|(^|_|\b)notes?(_|\b|$)|remark|free_?text|"
    r"description",
    re.IGNORECASE,
)
# Assumptions: labels of a reason have up to six words and a table of them up to twenty rows; what
# people write is long, or seldom the same twice.
_LONG_TEXT = 200
_WORDS, _LEAST_DIFFERENT, _SHARE = 4, 20, 0.2
_SENTENCE = re.compile(rf"\w+(?:[^\w]+\w+){{{_WORDS - 1},}}")
_LETTER = re.compile(r"[^\W\d_]{2}")


def names_free_text(column: str) -> bool:
    """Return whether a column's name says that people write into it.

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
    >>> names_free_text("Kommentar"), names_free_text("reason_code")
    (True, False)
    """
    return _NAMES.search(column) is not None


def looks_like_free_text(values: Iterable[object]) -> bool:
    """Return whether values read like what people write.

    Parameters
    ----------
    values : iterable of object
        Different values of one column.

    Returns
    -------
    bool
        True where one text has a line break or over 200 characters, or where of at least 20
        different texts a fifth have four words or more.

    Examples
    --------
    >>> looks_like_free_text(["illness", "granted leave"])
    False
    """
    different, sentences = set(), 0
    for value in values:
        if not isinstance(value, str) or value in different or not _LETTER.search(value):
            continue
        different.add(value)
        if len(value) > _LONG_TEXT or "\n" in value.strip():
            return True
        sentences += _SENTENCE.search(value) is not None
    return len(different) >= _LEAST_DIFFERENT and sentences >= _SHARE * len(different)
