"""The texts of the page, one TOML file per language with the same keys."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from absence_risk.report.numbers import Numbers

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["for_evaluation", "languages", "load_texts", "numbers_of"]

_FOLDER = Path(__file__).with_name("texts")


def languages(page: str = "") -> tuple[str, ...]:
    """Return the languages a page can be written in.

    Parameters
    ----------
    page : {"", "board"}
        The study's report, or the board's page.

    Returns
    -------
    tuple of str
        Language codes in alphabetical order.

    Examples
    --------
    >>> "en" in languages()
    True
    """
    return tuple(sorted(path.stem for path in (_FOLDER / page).glob("*.toml")))


def load_texts(lang: str, page: str = "") -> dict[str, Any]:
    """Return the texts of a language.

    Parameters
    ----------
    lang : str
        Language code.
    page : {"", "board"}
        As in `languages`.

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
    known = languages(page)
    if lang not in known:
        raise ValueError(f"lang must be one of {', '.join(known)}, got {lang!r}.")
    return tomllib.loads((_FOLDER / page / f"{lang}.toml").read_text(encoding="utf-8"))


def for_evaluation(texts: dict[str, Any], outcomes: Iterable[str]) -> dict[str, Any]:
    """Return the texts of a page that is about an evaluation alone.

    Parameters
    ----------
    texts : dict
        Texts of the language.
    outcomes : iterable of str
        Names of the outcomes, each of which has a section.

    Returns
    -------
    dict
        The texts with another head, and a title for each outcome.

    Examples
    --------
    >>> for_evaluation(load_texts("en"), ["wellbeing 5"])["claims"]["wellbeing 5"]["title"]
    'Wellbeing 5'
    """
    page, known = texts["evaluation"]["page"], texts["claims"]
    sections = {}
    for name in outcomes:
        said = texts["evaluation"]["outcomes"].get(name, name)
        sections[name] = {
            "title": said[:1].upper() + said[1:],
            "claim": texts["evaluation"]["asked"].format(outcome=said),
            "limits": known["wellbeing"]["limits"],
        }
    return {**texts, **page, "claims": {**known, **sections}}


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
