"""How a parameter declares what it may be: numbers with bounds, whole numbers, words."""

from __future__ import annotations

import math
from dataclasses import field
from typing import Any

__all__ = ["ANY", "POSITIVE", "SHARE", "number", "whole", "word"]

ANY = (-50.0, 50.0)
SHARE = (0.0, 1.0)
POSITIVE = (0.0, math.inf)


def number(bounds: tuple[float, float], length: int | None = None) -> Any:
    """Declare a number, or a list of numbers, with its allowed range.

    Parameters
    ----------
    bounds : tuple of 2 float
        Least and largest value, both allowed.
    length : int or None
        Length of a list; None for one number.

    Returns
    -------
    dataclasses.Field
        Field of a section of parameters.
    """
    return field(metadata={"low": bounds[0], "high": bounds[1], "length": length})


def whole(low: int, high: int, length: int | None = None) -> Any:
    """Declare a whole number, or a list of them, with its allowed range.

    Parameters
    ----------
    low, high : int
        Least and largest value, both allowed.
    length : int or None
        Length of a list; None for one number.

    Returns
    -------
    dataclasses.Field
        Field of a section of parameters.
    """
    return field(metadata={"low": low, "high": high, "length": length, "whole": True})


def word(*words: str) -> Any:
    """Declare a word of a closed list; an empty list allows any.

    Parameters
    ----------
    *words : str
        Allowed words.

    Returns
    -------
    dataclasses.Field
        Field of a section of parameters.
    """
    return field(metadata={"words": words})
