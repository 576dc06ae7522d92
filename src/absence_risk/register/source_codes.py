"""What the codes and labels of national record formats mean, and which one to write back.

One file per layout in ``code_tables/``. Reason, validity and what counts are three things: a code
says what it says there, and nothing is read into it.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Literal

from absence_risk import check

__all__ = ["CODE_LAYOUTS", "SourceCode", "read_code", "source_codes", "write_code"]

CountsAs = Literal["present", "absent", "not_scheduled", "no_attendance"]
Validity = Literal["valid", "invalid", "pending", "unknown"]

CODE_LAYOUTS: tuple[str, ...] = ("denmark", "dfe", "edfi", "finland", "ss12000")

_TABLES = resources.files("absence_risk.register") / "code_tables"
_COUNTS_AS: tuple[CountsAs, ...] = ("present", "absent", "not_scheduled", "no_attendance")
_DASHES = str.maketrans("–—‐", "---")


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceCode:
    """One code or label of a layout.

    Parameters
    ----------
    vocabulary : str
        Which of the layout's lists it belongs to.
    code : str
        As the source writes it.
    meaning : str
        Meaning in words.
    counts_as : {"present", "absent", "not_scheduled", "no_attendance"}
        Whether the time is attended, missed, no scheduled time at all, or whether the code says
        nothing of attendance (homework, praise).
    reason : int or None
        Our reason code; None where the source gives none.
    validity : {"valid", "invalid", "pending", "unknown"} or None
        Validity the code itself states; None where it states none.
    unverified : bool
        Whether what is said here was not read in the layout's own specification.
    note : str
        What is not known.
    """

    vocabulary: str
    code: str
    meaning: str
    counts_as: CountsAs
    reason: int | None = None
    validity: Validity | None = None
    unverified: bool = False
    note: str = ""


@dataclass(frozen=True, slots=True)
class _Vocabulary:
    codes: tuple[SourceCode, ...]
    written: dict[tuple[str, int | None, str | None], str]
    otherwise: dict[str, str]


@cache
def _vocabularies(layout: str) -> dict[str, _Vocabulary]:
    check.choice(layout, CODE_LAYOUTS, "layout")
    raw = tomllib.loads((_TABLES / f"{layout}.toml").read_text(encoding="utf-8"))
    return {name: _vocabulary(name, given, raw) for name, given in raw["vocabulary"].items()}


def _vocabulary(name: str, given: dict[str, Any], raw: dict[str, Any]) -> _Vocabulary:
    codes = []
    written: dict[tuple[str, int | None, str | None], str] = {}
    for entry in given["codes"]:
        fields = dict(entry)
        is_written = fields.pop("write", False)
        code = SourceCode(vocabulary=name, **fields)
        codes.append(code)
        if is_written:
            written[code.counts_as, code.reason, code.validity] = code.code
    return _Vocabulary(tuple(codes), written, given.get("otherwise", raw["otherwise"]))


def source_codes(layout: str, vocabulary: str | None = None) -> tuple[SourceCode, ...]:
    """Return the codes of a layout.

    Parameters
    ----------
    layout : {"denmark", "dfe", "edfi", "finland", "ss12000"}
        The layout.
    vocabulary : str or None
        One of its lists; all of them if None.

    Returns
    -------
    tuple of SourceCode
        In the order of the table.

    Raises
    ------
    ValueError
        If there is no such layout or list.

    Examples
    --------
    >>> [code.code for code in source_codes("denmark", "local")]
    ['S', 'L', 'U', 'F']
    """
    lists = _vocabularies(layout)
    if vocabulary is not None:
        return lists[check.choice(vocabulary, tuple(lists), "vocabulary")].codes
    return tuple(code for one in lists.values() for code in one.codes)


def read_code(layout: str, code: str) -> SourceCode | None:
    """Return what a code of a layout means.

    Parameters
    ----------
    layout : {"denmark", "dfe", "edfi", "finland", "ss12000"}
        The layout.
    code : str
        The code as the source writes it; case, surrounding blanks and the kind of dash are free.

    Returns
    -------
    SourceCode or None
        None if the layout has no such code: a source's local words go into a mapping file.

    Raises
    ------
    ValueError
        If there is no such layout.

    Examples
    --------
    >>> found = read_code("dfe", "I")
    >>> found.reason, found.validity, found.counts_as
    (10, 'valid', 'absent')
    """
    return _by_word(layout).get(_plain(code))


@cache
def _by_word(layout: str) -> dict[str, SourceCode]:
    """Return codes by their plain form; the earlier of two alike stands."""
    found: dict[str, SourceCode] = {}
    for code in source_codes(layout):
        found.setdefault(_plain(code.code), code)
    return found


def _plain(code: str) -> str:
    return " ".join(code.translate(_DASHES).split()).casefold()


def write_code(
    layout: str,
    counts_as: str,
    *,
    reason: int | None = None,
    validity: str | None = None,
    vocabulary: str | None = None,
) -> str | None:
    """Return the code a layout has for a reason and validity.

    Where it has none, the code of the validity alone is returned: what is lost on the way is the
    reason, never whether the time was missed or accepted.

    Parameters
    ----------
    layout : {"denmark", "dfe", "edfi", "finland", "ss12000"}
        The layout.
    counts_as : {"present", "absent", "not_scheduled", "no_attendance"}
        Whether the time was attended, missed or not scheduled.
    reason : int or None
        Our reason code.
    validity : {"valid", "invalid", "pending", "unknown"} or None
        Validity; an absence without one is written as unknown.
    vocabulary : str or None
        Which of the layout's lists to write with; the first if None.

    Returns
    -------
    str or None
        None where the layout writes nothing for it, for example for presence in Denmark.

    Raises
    ------
    ValueError
        If a word is not allowed.

    Examples
    --------
    >>> write_code("denmark", "absent", reason=11, validity="valid")
    'L'
    """
    check.choice(counts_as, _COUNTS_AS, "counts_as")
    lists = _vocabularies(layout)
    words = lists[check.choice(vocabulary or next(iter(lists)), tuple(lists), "vocabulary")]
    stated = (validity or "unknown") if counts_as == "absent" else None
    for key in ((counts_as, reason, stated), (counts_as, reason, None)):
        if reason is not None and key in words.written:
            return words.written[key]
    if counts_as == "absent":
        return words.otherwise[stated or "unknown"]
    return words.written.get((counts_as, None, None)) or (
        words.otherwise.get("present") if counts_as == "present" else None
    )
