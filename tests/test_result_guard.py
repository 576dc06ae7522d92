"""Mutants of the guard: each way to weaken it is noticed by the cases below."""

from __future__ import annotations

import sys
import types
import unittest.mock
from pathlib import Path

import pytest

import absence_risk.overclaim as guard
import absence_risk.result as original

SOURCES = {
    "overclaim": Path(guard.__file__).read_text(encoding="utf-8"),
    "result": Path(original.__file__).read_text(encoding="utf-8"),
}
WORDS = ("effect", "EFFEKT", "verkan", "påverkar", "virkning", "påvirker", "vaikutus", "tehokas")

# Answer, sentence, interval beyond the benchmark, null, whether it must be refused.
CASES = [
    ("supported", "Absence fell.", (-0.2, -0.1), 0.0, False),
    ("supported", "Absence fell.", (-0.2, 0.1), 0.0, True),
    ("supported", "Absence fell.", (-0.2, 0.0), 0.0, True),
    ("supported", "Absence fell.", (0.0, 0.2), 0.0, True),
    ("supported", "Absence fell.", (None, -0.1), 0.0, False),
    ("supported", "Absence fell.", (None, 0.1), 0.0, True),
    ("supported", "Absence fell.", (0.1, None), 0.0, False),
    ("supported", "Absence fell.", (-0.1, None), 0.0, True),
    ("supported", "Absence fell.", (None, None), 0.0, True),
    ("supported", "Odds rose.", (1.1, 1.3), 1.0, False),
    ("supported", "Odds rose.", (0.9, 1.3), 1.0, True),
    ("undecidable", "Nobody can tell.", (-0.2, 0.1), 0.0, False),
    ("not supported", "It did not fall.", (-0.2, 0.1), 0.0, False),
    *(("undecidable", f"There is {word} here.", (-0.2, 0.1), 0.0, True) for word in WORDS),
    *(("not supported", f"There is {word} here.", (0.1, 0.2), 0.0, False) for word in WORDS),
]

MUTANTS = [
    ('answer == "supported" or _EFFECT', "_EFFECT"),
    ("or _EFFECT_WORDS.search(sentence) is not None", ""),
    ('"supported" or _EFFECT', '"supported" and _EFFECT'),
    ("if claims and beyond.covers(null)", "if claims or beyond.covers(null)"),
    ("if claims and beyond.covers(null)", "if claims"),
    ("if claims and beyond.covers(null)", "if beyond.covers(null)"),
    ("beyond.covers(null)", "beyond.covers(0.0)"),
    ("self.verdict.sentence, self.beyond,", "self.verdict.sentence, self.estimate,"),
    ("self.verdict.sentence, self.beyond,", "self.verdict.sentence, self.benchmark,"),
    ("null=self.null, answer", "answer"),
    (", answer=self.verdict.answer", ""),
    ("self.conf_low <= value", "self.conf_low < value"),
    ("value <= self.conf_high", "value < self.conf_high"),
    ("self.conf_low is None or", "self.conf_low is not None and"),
    ("self.conf_high is None or", "self.conf_high is not None and"),
    ("return below and above", "return below or above"),
    ("re.IGNORECASE", "0"),
    *(
        (pattern, "never")
        for pattern in ("effe[ck]t", "verkan|", "påverk", "virkning", "påvirk", "vaikut", "teho")
    ),
    ("effe[ck]t", "effect"),
]


def load(sources: dict[str, str], name: str) -> types.ModuleType:
    """Run the guard's source and then the result's, which imports that guard."""
    made = {}
    for part, source in sources.items():
        module = types.ModuleType(f"{name}_{part}")
        sys.modules[module.__name__] = made[part] = module
        try:
            with unittest.mock.patch.dict(
                sys.modules, {f"absence_risk.{k}": v for k, v in made.items()}
            ):
                exec(compile(source, module.__name__, "exec"), module.__dict__)
        finally:
            del sys.modules[module.__name__]
    return made["result"]


def refused(module: types.ModuleType) -> list[bool]:
    out = []
    for answer, sentence, (low, high), null, _ in CASES:
        row = module.Estimate(term="x", estimate=-0.1, conf_low=-5.0, conf_high=5.0)
        try:
            module.Result(
                estimand=module.Estimand(id="i", claim="c", formula="f", population="p", unit="u"),
                estimate=row,
                benchmark=module.Estimate(term="b", estimate=0.0, conf_low=-9.0, conf_high=-8.0),
                beyond=module.Estimate(term="y", estimate=-0.1, conf_low=low, conf_high=high),
                null=null,
                benchmark_is="b",
                definition="d",
                n=9,
                flow=(),
                tables=(),
                conf_level=0.95,
                method="m",
                verdict=module.Verdict(answer=answer, sentence=sentence),
            )
        except ValueError:
            out.append(True)
        else:
            out.append(False)
    return out


def test_the_guard_refuses_what_it_must_and_nothing_else() -> None:
    assert refused(original) == [case[-1] for case in CASES]
    assert refused(load(SOURCES, "unchanged")) == [case[-1] for case in CASES]


@pytest.mark.parametrize("place", range(len(MUTANTS)))
def test_every_weaker_guard_is_noticed(place: int) -> None:
    old, new = MUTANTS[place]
    changed = {part: source.replace(old, new) for part, source in SOURCES.items()}
    assert changed != SOURCES
    mutant = load(changed, f"mutant_{place}")
    assert refused(mutant) != [case[-1] for case in CASES]
