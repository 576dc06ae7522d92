"""Shares and outcome names as they stand in sentences."""

from __future__ import annotations

__all__ = ["outcome_words", "per_cent", "plural"]


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
