"""The texts of the page, one TOML file per language with the same keys."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from absence_risk.report.numbers import Numbers

__all__ = ["languages", "load_texts", "numbers_of"]

_FOLDER = Path(__file__).with_name("texts")


def languages() -> tuple[str, ...]:
    """Return the languages a page can be written in.

    Returns
    -------
    tuple of str
        Language codes in alphabetical order.

    Examples
    --------
    >>> "en" in languages()
    True
    """
    return tuple(sorted(path.stem for path in _FOLDER.glob("*.toml")))


def load_texts(lang: str) -> dict[str, Any]:
    """Return the texts of a language.

    Parameters
    ----------
    lang : str
        Language code.

    Returns
    -------
    dict
        Nested texts.

    Raises
    ------
    ValueError
        If there are no texts in that language.

    Examples
    --------
    >>> load_texts("en")["answers"]["undecidable"]
    'undecidable'
    """
    if lang not in languages():
        raise ValueError(f"lang must be one of {', '.join(languages())}, got {lang!r}.")
    return tomllib.loads((_FOLDER / f"{lang}.toml").read_text(encoding="utf-8"))


def numbers_of(texts: dict[str, Any]) -> Numbers:
    """Return how the language writes numbers.

    Parameters
    ----------
    texts : dict
        Texts of the language.

    Returns
    -------
    Numbers
        The way of writing.
    """
    return Numbers(**texts["numbers"])
