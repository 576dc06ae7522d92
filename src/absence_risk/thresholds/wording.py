"""Shares and outcome names as they stand in sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = ["outcome_words", "per_cent", "plural", "set_words", "told_parts"]

_MOST_PARTS = 3


def per_cent(share: float, digits: int = 0) -> str:
    """Return a share as per cent.

    Parameters
    ----------
    share : float
        Share in [0, 1].
    digits : int
        Decimals.

    Returns
    -------
    str
        For example ``"20 %"``.

    Examples
    --------
    >>> per_cent(0.2), per_cent(0.0015, 1)
    ('20 %', '0.1 %')
    """
    return f"{100 * share:.{digits}f} %"


def outcome_words(column: str) -> str:
    """Return the name of an outcome column as words.

    Parameters
    ----------
    column : str
        Column name.

    Returns
    -------
    str
        For example ``"grade points"``.

    Examples
    --------
    >>> outcome_words("grade_points")
    'grade points'
    """
    return column.replace("_", " ").strip()


def plural(column: str) -> str:
    """Return what a column of units names, in the plural.

    Parameters
    ----------
    column : str
        Column name, with or without ``_key``.

    Returns
    -------
    str
        For example ``"classes"``.

    Examples
    --------
    >>> plural("class_key"), plural("municipality_key"), plural("school_key")
    ('classes', 'municipalities', 'schools')
    """
    word = outcome_words(column.removesuffix("_key"))
    if word.endswith("y"):
        return f"{word[:-1]}ies"
    return f"{word}es" if word.endswith("s") else f"{word}s"


def told_parts(parts: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return the parts of a set of shares to 0.1 points outwards, joined where they then meet.

    Parameters
    ----------
    parts : numpy.ndarray, shape (parts, 2)
        Lower and upper ends, ascending.

    Returns
    -------
    numpy.ndarray, shape (fewer or as many, 2)
        Parts that hold the set.

    Examples
    --------
    >>> told_parts(np.array([[0.1011, 0.1015], [0.1018, 0.1042], [0.2, 0.2]])).tolist()
    [[0.101, 0.105], [0.2, 0.2]]
    """
    low = np.floor(1000 * parts[:, 0] + 1e-9) / 1000
    high = np.ceil(1000 * parts[:, 1] - 1e-9) / 1000
    new = np.flatnonzero(np.r_[True, low[1:] > high[:-1] + 1e-9])
    return np.column_stack([low[new], high[np.r_[new[1:] - 1, len(high) - 1]]])


def set_words(parts: npt.NDArray[np.float64]) -> str:
    """Return a set of shares in words: each part, or the range of more than three.

    Parameters
    ----------
    parts : numpy.ndarray, shape (parts, 2)
        Lower and upper ends, ascending.

    Returns
    -------
    str
        Parts in per cent.

    Examples
    --------
    >>> set_words(np.array([[0.1, 0.12], [0.2, 0.205]]))
    '[10.0 %, 12.0 %] or [20.0 %, 20.5 %]'
    >>> set_words(np.array([[0.1, 0.11], [0.12, 0.13], [0.14, 0.15], [0.2, 0.21]]))
    '[10.0 %, 21.0 %] in 4 pieces'
    """
    if len(parts) > _MOST_PARTS and len(parts := told_parts(parts)) > _MOST_PARTS:
        return f"{set_words(np.array([[parts[0, 0], parts[-1, 1]]]))} in {len(parts)} pieces"
    return " or ".join(f"[{per_cent(low, 1)}, {per_cent(high, 1)}]" for low, high in parts)
