"""One written form for each identifier, so that all its spellings get the same pseudonym.

Spaces around an identifier and the case of its letters never count. National identity numbers
lose separators and gain a century where their date and checksum leave no doubt; everything else
stays as it is written:

- Swedish ten digits with a right Luhn checksum become twelve: born 1930 to 2029, or after a ``+``
  1830 to 1929 (assumption: nobody in a school's register without ``+`` was born before 1930;
  fixed, so that the form of a number never depends on the day the program runs);
- Swedish twelve digits with a right checksum, and Norwegian eleven with both, lose the separator;
- other ten digits that begin with a day and a month (Danish) lose the separator;
- Finnish numbers keep their century sign, which is a part of the number.

A number that lost its leading zero in a spreadsheet, or whose checksum is wrong, is left alone:
what it was cannot be known.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from absence_risk.register.national_numbers import (
    digit_table,
    is_danish,
    is_norwegian,
    is_swedish,
)

if TYPE_CHECKING:
    import numpy.typing as npt
    import pyarrow as pa

__all__ = ["written_forms"]

_BLANKS = " \t\r\n\v\f\u00a0\u2007\u202f\u200b\ufeff"
_GAP = "[-\u2010\u2011\u2012\u2013\u2212 ]?"
_TEN = f"^[0-9]{{6}}(?:{_GAP}|[+])[0-9]{{4}}$"
_ELEVEN = f"^[0-9]{{6}}{_GAP}[0-9]{{5}}$"
_TWELVE = f"^(?:18|19|20)[0-9]{{6}}(?:{_GAP}|[+])[0-9]{{4}}$"
_FIRST_YEAR = 30


def written_forms(texts: pa.Array) -> pa.Array:
    """Return each identifier in its one written form.

    Parameters
    ----------
    texts : pyarrow.Array of string
        Identifiers as recorded, none missing.

    Returns
    -------
    pyarrow.Array of string
        Identifiers whose spellings differ in blanks, case, separator or century only are equal.

    Examples
    --------
    >>> import pyarrow as pa
    >>> written_forms(pa.array([" ab-1 ", "AB-1"])).to_pylist()
    ['AB-1', 'AB-1']
    """
    import pyarrow.compute as pc  # noqa: PLC0415 (30 ms that only pseudonyms need)

    normal = pc.utf8_normalize(texts, form="NFC")
    plain = pc.utf8_upper(pc.utf8_trim(normal, characters=_BLANKS))
    for pattern, rewrite in ((_TEN, _ten), (_ELEVEN, _eleven), (_TWELVE, _twelve)):
        plain = _rewritten(plain, pattern, rewrite)
    return plain


def _rewritten(texts: pa.Array, pattern: str, rewrite: Any) -> pa.Array:
    """Apply a function to the texts that fit a pattern; it returns None for those to leave."""
    import pyarrow as pa  # noqa: PLC0415
    import pyarrow.compute as pc  # noqa: PLC0415

    fits = pc.match_substring_regex(texts, pattern)
    chosen = texts.filter(fits)
    if not len(chosen):
        return texts
    digits = pc.replace_substring_regex(chosen, "[^0-9]", "")
    better, known = rewrite(chosen, digits)
    return pc.replace_with_mask(texts, fits, pc.if_else(pa.array(known), better, chosen))


def _table(digits: pa.Array, width: int) -> npt.NDArray[np.int16]:
    return digit_table(digits.to_pylist(), width)


def _ten(texts: pa.Array, digits: pa.Array) -> tuple[pa.Array, npt.NDArray[np.bool_]]:
    import pyarrow as pa  # noqa: PLC0415
    import pyarrow.compute as pc  # noqa: PLC0415

    table = _table(digits, 10)
    swedish, danish = is_swedish(table), is_danish(table)
    plus = pc.match_substring(texts, "+").to_numpy(zero_copy_only=False)
    early = table[:, 0] * 10 + table[:, 1] >= _FIRST_YEAR
    century = 20 - early.astype(np.int16) - plus
    prefix = pa.array(np.where(swedish, century.astype(str), ""), pa.string())
    return pc.binary_join_element_wise(prefix, digits, ""), swedish | (danish & ~plus)


def _eleven(_texts: pa.Array, digits: pa.Array) -> tuple[pa.Array, npt.NDArray[np.bool_]]:
    return digits, is_norwegian(_table(digits, 11))


def _twelve(_texts: pa.Array, digits: pa.Array) -> tuple[pa.Array, npt.NDArray[np.bool_]]:
    return digits, is_swedish(_table(digits, 12)[:, 2:])
