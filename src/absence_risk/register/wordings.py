"""Problems in Swedish, Danish and Finnish, and the page that lists every rule.

What is wrong and what to do about it stand in data files, one per language; file, line, column and
count are the problem's own. English problems have their own, more exact sentences.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

from absence_risk import check
from absence_risk.errors import Problem
from absence_risk.register.catalogue import RULES

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["LANGUAGES", "Wording", "problem_text", "rules_page", "wording"]

LANGUAGES = ("en", "sv", "da", "fi")
"""Languages of validation reports."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """The texts of one language.

    Parameters
    ----------
    words : mapping of str to str
        Words around the problems.
    what, fix : mapping of str to str
        What is wrong and what to do, by code.
    """

    words: Mapping[str, str]
    what: Mapping[str, str]
    fix: Mapping[str, str]


@cache
def wording(lang: str) -> Wording:
    """Read the texts of a language.

    Parameters
    ----------
    lang : {"en", "sv", "da", "fi"}
        Language.

    Returns
    -------
    Wording
        Its texts.

    Raises
    ------
    ValueError
        If there is no such language.

    Examples
    --------
    >>> wording("sv").what["E203"]
    'Minuter är negativa.'
    """
    check.choice(lang, LANGUAGES, "lang")
    file = resources.files("absence_risk.register") / "texts" / f"{lang}.toml"
    entries = tomllib.loads(file.read_text(encoding="utf-8"))
    words = entries.pop("words")
    what = {
        code: entry["what"] if "what" in entry else f"{RULES[code][:1].upper()}{RULES[code][1:]}."
        for code, entry in entries.items()
    }
    return Wording(words=words, what=what, fix={c: entry["fix"] for c, entry in entries.items()})


def problem_text(problem: Problem, lang: str) -> str:
    """Return a problem as one line in a language.

    Parameters
    ----------
    problem : Problem
        The problem.
    lang : {"en", "sv", "da", "fi"}
        Language.

    Returns
    -------
    str
        Code, place, what is wrong, what to do.

    Examples
    --------
    >>> broken = Problem(code="E203", table="registers", message="", fix="", n_rows=3, line=7)
    >>> problem_text(broken, "fi")
    'E203 registers:7 (3 riviä): Minuutit ovat negatiivisia. Korjaa vienti.'
    """
    if lang == "en":
        return str(problem)
    texts = wording(lang)
    place = problem.file or problem.table
    if problem.line is not None:
        place += f":{problem.line}"
    column = f", {texts.words['column']} {problem.column}" if problem.column else ""
    rows = ""
    if problem.n_rows is not None:
        rows = f" ({texts.words['rows'].format(count=problem.n_rows)})"
    what, fix = texts.what[problem.code], texts.fix[problem.code]
    return f"{problem.code} {place}{column}{rows}: {what} {fix}"


def rules_page() -> str:
    """Return the page that lists every rule, as Markdown.

    Returns
    -------
    str
        Text of ``docs/reference/validation_rules.md``.

    Examples
    --------
    >>> rules_page().splitlines()[0]
    '# Validation rules'
    """
    texts = wording("en")
    effects = {"error": "blocks", "warning": "warns", "privacy": "blocks, privacy"}
    lines = [
        "# Validation rules",
        "",
        "Generated from `absence_risk.register.catalogue`; do not edit by hand.",
        "`absence-risk validate` checks all of them at once and gives for each broken rule the "
        "file, the line, the column, the exact count and the remedy, never a value of an "
        "identifier. "
        "W501 to W508 count school-months or schools. "
        "`--lang sv`, `da` or `fi` gives the report in that language, `--json` for machines.",
        "",
        "| code | effect | what is wrong | what to do |",
        "|---|---|---|---|",
    ]
    for code in sorted(RULES, key=lambda code: ("PEW".index(code[0]), code)):
        severity = Problem(code=code, table="", message="", fix="").severity
        lines.append(f"| {code} | {effects[severity]} | {texts.what[code]} | {texts.fix[code]} |")
    return "\n".join(lines) + "\n"
