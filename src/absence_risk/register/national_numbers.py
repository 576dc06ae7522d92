"""The national identity numbers of Sweden, Denmark, Finland and Norway, checked many at once.

Sources: SKV 704 (personnummer, samordningsnummer: day + 60, Luhn checksum), the CPR office (date
and serial number; since 2007 numbers are given out without the checksum modulo 11, so it proves
nothing), the Digital and Population Data Services Agency (HETU: checksum modulo 31; century signs
``-YXWVU`` for the 1900s and ``ABCDEF`` for the 2000s, the new ones since 2023, ``+`` for the
1800s), the Norwegian Tax Administration (two checksums modulo 11; D numbers: first digit + 4).
From memory of these rules; FORMATS section 9 marks the details of HETU as unverified.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

__all__ = [
    "HETU_CENTURY_SIGNS",
    "HETU_CHECK_MARKS",
    "digit_table",
    "is_danish",
    "is_norwegian",
    "is_swedish",
]

HETU_CHECK_MARKS = "0123456789ABCDEFHJKLMNPRSTUVWXY"
"""Check characters of a Finnish number; its nine digits modulo 31 are the position."""

HETU_CENTURY_SIGNS = "+-YXWVUABCDEF"
"""Signs between date and serial number of a Finnish number."""

_DOUBLED = np.array([0, 2, 4, 6, 8, 1, 3, 5, 7, 9], np.int16)
_NORWEGIAN = ((3, 7, 6, 1, 8, 9, 4, 5, 2, 1, 0), (5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1))


def digit_table(texts: Sequence[str], width: int) -> npt.NDArray[np.int16]:
    """Return the digits of texts of one length as a table.

    Parameters
    ----------
    texts : sequence of str
        Texts of ``width`` ASCII digits each.
    width : int
        Number of digits.

    Returns
    -------
    numpy.ndarray of int16, shape (n, width)
        The digits.

    Examples
    --------
    >>> digit_table(["0123", "9999"], 4).tolist()
    [[0, 1, 2, 3], [9, 9, 9, 9]]
    """
    packed = np.array(texts, dtype=f"S{width}").reshape(-1)
    return packed.view(np.uint8).reshape(len(packed), width).astype(np.int16) - np.int16(ord("0"))


def is_swedish(digits: npt.NDArray[np.int16]) -> npt.NDArray[np.bool_]:
    """Return where ten digits are a personnummer or samordningsnummer without its century.

    Parameters
    ----------
    digits : numpy.ndarray of int16, shape (n, 10)
        Year, month, day (60 higher for a samordningsnummer), three digits and the checksum.

    Returns
    -------
    numpy.ndarray of bool, shape (n,)
        Whether month and day exist and the Luhn checksum is right.

    Examples
    --------
    >>> is_swedish(digit_table(["0000000000"], 10)).tolist()
    [False]
    """
    total = np.zeros(len(digits), np.int16)
    for at in range(0, 10, 2):
        total += _DOUBLED[digits[:, at]] + digits[:, at + 1]
    month, day = _two(digits, 2), _two(digits, 4)
    found = _is_date(day - 60 * (day > 60), month)
    found &= total % 10 == 0
    return found


def is_danish(digits: npt.NDArray[np.int16]) -> npt.NDArray[np.bool_]:
    """Return where ten digits can be a CPR number: they begin with a day and a month.

    Parameters
    ----------
    digits : numpy.ndarray of int16, shape (n, 10)
        Day, month, year, four digits of the serial number.

    Returns
    -------
    numpy.ndarray of bool, shape (n,)
        Whether day and month exist; there is no checksum to rely on.

    Examples
    --------
    >>> is_danish(digit_table(["3213000000"], 10)).tolist()
    [False]
    """
    return _is_date(_two(digits, 0), _two(digits, 2))


def is_norwegian(digits: npt.NDArray[np.int16]) -> npt.NDArray[np.bool_]:
    """Return where eleven digits are a fødselsnummer or D number.

    Parameters
    ----------
    digits : numpy.ndarray of int16, shape (n, 11)
        Day (40 higher for a D number), month, year, three digits and two checksums.

    Returns
    -------
    numpy.ndarray of bool, shape (n,)
        Whether day and month exist and both checksums are right.

    Examples
    --------
    >>> is_norwegian(digit_table(["00000000000"], 11)).tolist()
    [False]
    """
    day = _two(digits, 0)
    found = _is_date(day - 40 * (day > 40), _two(digits, 2))
    for weights in _NORWEGIAN:
        total = np.zeros(len(digits), np.int16)
        for at, weight in enumerate(weights):
            total += digits[:, at] * np.int16(weight)
        found &= total % 11 == 0
    return found


def _two(digits: npt.NDArray[np.int16], at: int) -> npt.NDArray[np.int16]:
    return digits[:, at] * 10 + digits[:, at + 1]


def _is_date(day: npt.NDArray[np.int16], month: npt.NDArray[np.int16]) -> npt.NDArray[np.bool_]:
    return (day >= 1) & (day <= 31) & (month >= 1) & (month <= 12)
