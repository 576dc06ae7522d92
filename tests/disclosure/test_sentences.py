"""Sentences do not tell what the tables hide."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from absence_risk.disclosure import protect
from absence_risk.disclosure.sentences import tells
from absence_risk.result import Estimate, Table, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable

    from absence_risk.result import Result

HIDDEN = [Estimate(term="less absence", estimate=3 / 17, n=17, n_events=3)]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("18 % of the pupils had less absence", True),
        ("17.6% had less", True),
        ("17,6 per cent had less", True),
        ("a fall of 17.65 points", True),
        ("only 3 pupils had less", True),
        ("4 of the cases relapsed", True),
        ("47 % of the pupils had less absence", False),
        ("118 % more", False),
        ("after 3 weeks and 18 days", False),
        ("12 pupils had less", False),
        ("in 1 000 pupils", False),
        ("in 12 003 pupils", False),
    ],
)
def test_texts(text: str, told: bool) -> None:
    assert tells(text, HIDDEN, 5) is told


def test_the_answer_stays_and_the_sentence_goes(make_result: Callable[..., Result]) -> None:
    verdict = Verdict(
        answer="supported",
        sentence="18 % of the pupils had less absence.",
        reasons=("A kept reason.", "3 cases moved.", "18 % is little."),
    )
    shown = Estimate(term="halved", estimate=0.5, n=60, n_events=30)
    table = Table(name="responders", title="T", rows=(*HIDDEN, shown))
    kept = protect(make_result(table, verdict=verdict)).verdict
    assert kept.answer == "supported"
    assert kept.sentence.startswith("Not shown: the sentence names a number")
    assert kept.reasons == ("A kept reason.",)
