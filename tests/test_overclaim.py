"""No sentence claims an effect that the benchmark does not carry, and the guard is real.

The battery below is run on the guard and on mutants of it, one changed line each: every mutant
must fail the battery, so no line of the guard is there for nothing.
"""

from __future__ import annotations

import inspect
import types
from typing import Any

import pytest

from absence_risk import overclaim
from absence_risk.result import Estimate

COVERS = (
    (Estimate(term="x", conf_low=-0.2, conf_high=0.1), 0.0),
    (Estimate(term="x", conf_low=0.0, conf_high=0.1), 0.0),
    (Estimate(term="x", conf_low=-0.1, conf_high=0.0), 0.0),
    (Estimate(term="x", estimate=-0.2), 0.0),
    (Estimate(term="x", conf_low=0.8, conf_high=1.3), 1.0),
)
EXCLUDES = (
    (Estimate(term="x", conf_low=-0.2, conf_high=-0.1), 0.0),
    (Estimate(term="x", conf_low=0.1, conf_high=0.2), 0.0),
    (Estimate(term="x", conf_low=-0.1, conf_high=0.2), 1.0),
)
CLAIMS = (
    "The team had an effect.",
    "EFFECTS were seen.",
    "Åtgärderna hade effekt.",
    "Effekten var god.",
    "Åtgärdens verkan var god.",
    "Insatsen påverkade frånvaron.",
    "Indsatsen havde en virkning.",
    "Indsatsen påvirkede fraværet.",
    "Toimenpiteen vaikutus oli hyvä.",
    "Se vaikutti poissaoloihin.",
    "Toimenpiteen teho oli hyvä.",
)
SOBER = ("Absence fell.", "Frånvaron minskade.", "Fraværet faldt.", "Poissaolot vähenivät.")


def refuses(module: Any, sentence: str, beyond: Estimate, null: float, **answer: str) -> bool:
    try:
        return bool(module.guarded(sentence, beyond, null=null, **answer) != sentence)
    except ValueError:
        return True


def battery(module: Any) -> bool:
    """Say whether a guard does all it must."""
    wrong = [
        refuses(module, text, row, null) is not covered
        for rows, covered in ((COVERS, True), (EXCLUDES, False))
        for row, null in rows
        for text in CLAIMS
    ]
    wrong += [refuses(module, text, row, null) for row, null in COVERS for text in SOBER]
    wrong += [
        refuses(module, SOBER[0], row, null, answer="supported") is not covered
        for rows, covered in ((COVERS, True), (EXCLUDES, False))
        for row, null in rows
    ]
    wrong += [refuses(module, SOBER[0], row, null, answer="not supported") for row, null in COVERS]
    return not any(wrong)


def test_the_guard_passes() -> None:
    assert battery(overclaim)


MUTANTS = {
    "no refusal": ("if claims and beyond.covers(null):", "if False:"),
    "always refuses claims": ("if claims and beyond.covers(null):", "if claims:"),
    "refuses every covered sentence": (
        "if claims and beyond.covers(null):",
        "if beyond.covers(null):",
    ),
    "turned round": (
        "if claims and beyond.covers(null):",
        "if claims and not beyond.covers(null):",
    ),
    "null is forgotten": ("beyond.covers(null)", "beyond.covers(0.0)"),
    "words are not read": (
        'answer == "supported" or _EFF',
        'answer == "supported" or None and _EFF',
    ),
    "answer is not read": ('answer == "supported" or ', ""),
    "needs both": ('answer == "supported" or _EFF', 'answer == "supported" and _EFF'),
    "capitals pass": (", re.IGNORECASE", ""),
    "no English": ("effe[ck]t", "effekt"),
    "no Swedish": ("effe[ck]t", "effect"),
    "no Swedish noun": ("verkan|", ""),
    "no Swedish verb": ("påverk|", ""),
    "no Danish": ("virkning|", ""),
    "no Danish verb": ("påvirk|", ""),
    "no Finnish": ("|vaikut", ""),
    "no second Finnish word": ("|\\bteho", ""),
    "start only": ("_EFFECT_WORDS.search", "_EFFECT_WORDS.match"),
}


@pytest.mark.parametrize("mutant", MUTANTS)
def test_every_mutant_of_the_guard_is_caught(mutant: str) -> None:
    old, new = MUTANTS[mutant]
    source = inspect.getsource(overclaim)
    assert source.count(old) == 1, old
    module = types.ModuleType("mutant_of_overclaim")
    exec(compile(source.replace(old, new), "mutant", "exec"), vars(module))
    assert not battery(module)
