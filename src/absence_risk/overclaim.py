"""No sentence speaks of an effect while the benchmark's interval covers none."""

from __future__ import annotations

import re
from typing import Protocol

__all__ = ["Bounded", "guarded"]

_EFFECT_WORDS = re.compile(r"effe[ck]t|verkan|påverk|virkning|påvirk|vaikut|\bteho", re.IGNORECASE)
"""What says "effect" in English, Swedish, Danish and Finnish, in all forms of the words."""

_MESSAGE = (
    "A verdict of {answer!r} with the sentence {sentence!r} claims more than the benchmark allows: "
    "the interval of the estimate beyond the benchmark covers {null:g}. Use 'undecidable' or "
    "'not supported' and a sentence without the word 'effect' in any language."
)


class Bounded(Protocol):
    """An estimate with an interval, as `absence_risk.result.Estimate`."""

    def covers(self, value: float) -> bool:
        """Return whether the interval contains a value; a missing limit does not exclude it.

        Parameters
        ----------
        value : float
            The value.

        Returns
        -------
        bool
            True where it does, or the interval is not known.
        """


def guarded(
    sentence: str, beyond: Bounded, *, null: float = 0.0, answer: str = "undecidable"
) -> str:
    """Return a sentence unless it claims more than the benchmark allows.

    Parameters
    ----------
    sentence : str
        The sentence, in English, Swedish, Danish or Finnish.
    beyond : Bounded
        What is beyond the benchmark, with its interval.
    null : float
        Its value where nothing is beyond the benchmark.
    answer : {"supported", "not supported", "undecidable"}
        The answer that goes with the sentence.

    Returns
    -------
    str
        The same sentence.

    Raises
    ------
    ValueError
        If the answer is "supported", or the sentence speaks of an effect, while the interval
        covers ``null`` or is not known.

    Examples
    --------
    >>> from absence_risk.result import Estimate
    >>> guarded("Absence fell.", Estimate(term="x", conf_low=-0.1, conf_high=0.1))
    'Absence fell.'
    """
    claims = answer == "supported" or _EFFECT_WORDS.search(sentence) is not None
    if claims and beyond.covers(null):
        raise ValueError(_MESSAGE.format(answer=answer, sentence=sentence, null=null))
    return sentence
