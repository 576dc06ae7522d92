"""From evidence to a verdict on "already 20 % marks where harm begins to grow faster"."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from absence_risk.result import Verdict
from absence_risk.thresholds.nulls import SMOOTH
from absence_risk.thresholds.wording import outcome_words, per_cent, set_words

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from absence_risk.result import Answer, Estimate
    from absence_risk.thresholds.nulls import Evidence
    from absence_risk.thresholds.slopes import Slopes

__all__ = ["Finding", "judge"]


@dataclass(frozen=True, eq=False)
class Finding:
    """Everything the verdict rests on.

    Parameters
    ----------
    outcome : str
        Name of the outcome.
    at : float
        Candidate threshold, a share.
    slopes : Slopes
        Slopes and the change at the threshold.
    evidence : Evidence
        Simulated tests.
    smooth_bic : float
        BIC of the better smooth shape minus BIC of the best kink.
    kink_set, step_set : numpy.ndarray, shape (parts, 2)
        Confidence sets of the kink and of the step, as shares.
    jump : float
        Size of the best step, in the outcome's unit.
    n : int
        Rows.
    limits : tuple of float
        Where a kink was searched, as shares.
    margin : float
        Share of the overall slope below which a slope change counts as none.
    level : float
        Level of the tests.
    """

    outcome: str
    at: float
    slopes: Slopes
    evidence: Evidence
    smooth_bic: float
    kink_set: npt.NDArray[np.float64]
    step_set: npt.NDArray[np.float64]
    jump: float
    n: int
    limits: tuple[float, float]
    margin: float
    level: float

    @property
    def name(self) -> str:
        """The outcome's name as words."""
        return outcome_words(self.outcome)

    @property
    def dose(self) -> bool:
        """Whether the outcome goes along with absence at all."""
        return not self.slopes.overall.covers(0.0)

    @property
    def beats_line(self) -> bool:
        """Whether a kink beats the straight line."""
        return self.evidence.kink_against["linear"].p_value <= self.level

    @property
    def beats_smooth(self) -> bool:
        """Whether a kink beats every smooth shape and none of them betrays it.

        Beside the tests against each smooth shape, no smooth shape may beat the kink where the
        kink is the truth (three looks share the level), and no step may fit better.
        """
        evidence = self.evidence
        tested = all(evidence.kink_against[name].p_value <= self.level for name in SMOOTH)
        betrayed = min(test.p_value for test in evidence.against_kink.values())
        return tested and betrayed > self.level / 3 and evidence.step_ahead <= 0

    @property
    def step(self) -> bool:
        """Whether there is a step: it beats the line and every smooth shape, and BIC agrees."""
        tests = self.evidence.step_against
        tested = all(tests[name].p_value <= self.level for name in ("linear", *SMOOTH))
        return tested and self.evidence.step_ahead > math.log(self.n)

    @property
    def kink(self) -> bool:
        """Whether there is a kink: neither straight nor smooth, and no step."""
        return self.beats_line and self.beats_smooth and not self.step

    @property
    def searched(self) -> bool:
        """Whether the search could have found a kink at the threshold."""
        return self.limits[0] <= self.at <= self.limits[1]

    @property
    def places(self) -> npt.NDArray[np.float64]:
        """The confidence set of the step where there is one, else of the kink."""
        return self.step_set if self.step else self.kink_set

    @property
    def in_gap(self) -> bool:
        """Whether the threshold lies between two parts of that set."""
        low, high = self.places[0, 0], self.places[-1, 1]
        return bool(low < self.at < high) and not self.in_set

    @property
    def in_set(self) -> bool:
        """Whether the threshold lies in the confidence set of the kink, or of the step."""
        return any(low <= self.at <= high for low, high in self.places)

    @property
    def faster(self) -> bool:
        """Whether the outcome changes faster beyond the threshold, in its overall direction."""
        change, overall = self.slopes.change.estimate, self.slopes.overall.estimate
        return change is not None and overall is not None and change * overall > 0

    def small(self, row: Estimate) -> bool:
        """Return whether an interval lies within the margin around 0.

        Parameters
        ----------
        row : Estimate
            A slope change.

        Returns
        -------
        bool
            True where it does.
        """
        bound = self.margin * abs(self.slopes.overall.estimate or 0.0)
        low, high = row.conf_low, row.conf_high
        return low is not None and high is not None and -bound <= low and high <= bound

    @property
    def straight(self) -> bool:
        """Whether the relation is straight: no kink, and no slope change worth the name."""
        return self.dose and not self.beats_line and self.small(self.slopes.change)

    @property
    def curved(self) -> bool:
        """Whether the relation is smooth: not straight, and smooth shapes beat the best kink."""
        against = self.evidence.spline_against_kink.p_value <= self.level and self.smooth_bic < 0
        broken = self.beats_smooth or self.step
        return self.dose and self.beats_line and not broken and against

    @property
    def shape(self) -> str:
        """The shape in words: the closed list of sub-verdicts."""
        if self.step:
            return f"step in {set_words(self.step_set)}"
        if self.kink:
            return f"kink in {set_words(self.kink_set)}"
        if not self.dose:
            return "no dose response"
        if self.straight:
            return "linear"
        return "smooth" if self.curved else "undecidable"


def judge(found: Finding) -> Verdict:
    """Give the verdict, by the rule that :func:`harm_evidence` documents.

    Parameters
    ----------
    found : Finding
        The evidence.

    Returns
    -------
    Verdict
        Answer, sentence, reasons; the first reason holds the shape.
    """
    answer = _answer(found)
    return Verdict(answer=answer, sentence=_sentence(found, answer), reasons=_reasons(found))


def _answer(found: Finding) -> Answer:
    beyond = found.slopes.beyond
    if found.step and found.searched:
        if not found.in_set or found.jump * (found.slopes.overall.estimate or 0.0) <= 0:
            return "not supported"
        return "undecidable" if beyond.covers(0.0) else "supported"
    if found.kink and found.searched:
        if not found.in_set:
            return "not supported"
        if not beyond.covers(0.0) and found.dose:
            return "supported" if found.faster else "not supported"
        return "undecidable"
    plain = (found.straight or found.curved) and found.small(beyond)
    return "not supported" if plain and found.searched else "undecidable"


def _sentence(found: Finding, answer: Answer) -> str:
    at, name = per_cent(found.at), found.name
    if found.step and found.searched:
        return _step_sentence(found, answer)
    relation = f"The relation of {name} with absence"
    if answer == "supported":
        return (
            f"{relation} is steeper beyond {at} than below, and neither a straight line nor a "
            "smooth curve explains the bend."
        )
    if answer == "undecidable":
        if not found.dose and not found.kink and not found.step:
            return f"These data show no clear relation of {name} with absence, so no bend at {at}."
        return f"These data cannot tell whether the relation of {name} with absence bends at {at}."
    if found.kink:
        where = set_words(found.kink_set)
        near = f"bends near {at}, but is flatter beyond it, not steeper"
        return f"{relation} {near if found.in_set else f'bends at {where}, not at {at}'}."
    shape = "a straight line" if found.straight else "a smooth curve"
    below, above = (row.estimate or 0.0 for row in (found.slopes.below, found.slopes.above))
    return (
        f"Per 10 points of absence, mean {name} changes by {below:+.3g} below {at} and by "
        f"{above:+.3g} beyond it: {shape}, and nothing marks {at} as a place where it bends."
    )


def _step_sentence(found: Finding, answer: Answer) -> str:
    at = per_cent(found.at)
    where = f"at {at}" if found.in_set else f"at {set_words(found.step_set)}, not at {at}"
    against = ", but against the overall direction" if found.in_set else ""
    if answer != "not supported":
        against = "" if answer == "supported" else "; how the slope changes there stays open"
    return f"Mean {found.name} jumps by {found.jump:+.3g} {where}{against}."


def _reasons(found: Finding) -> tuple[str, ...]:
    slopes, tests = found.slopes, found.evidence.kink_against
    at = per_cent(found.at)
    smooth = max(tests[name].p_value for name in SMOOTH)
    reasons = [
        f"Shape: {found.shape}.",
        f"Change of {found.name} per 10 points of absence: {_words(slopes.below)} below {at}, "
        f"{_words(slopes.above)} above. {_not_safe(found)}",
        f"A kink against a straight line: p = {tests['linear'].p_value:.3f}; against the hardest "
        f"of the smooth curves: p = {smooth:.3f}; a spline against the best kink: "
        f"p = {found.evidence.spline_against_kink.p_value:.3f} (simulated nulls).",
    ]
    where = "lies" if found.in_set else "does not lie"
    if found.kink or found.step:
        kind = "steps" if found.step else "kinks"
        where = "lies in a gap of" if found.in_gap else f"{where} in"
        reasons.append(f"{at} {where} the set of {kind} the data allow.")
    if not found.searched:
        reasons.append(
            f"Too few pupils lie on one side of {at} to search for a kink there; it was searched "
            f"from {per_cent(found.limits[0], 1)} to {per_cent(found.limits[1], 1)}."
        )
    reasons.append("Differences between pupils who are absent more and less are not a consequence.")
    return tuple(reasons)


def _not_safe(found: Finding) -> str:
    at = per_cent(found.at)
    if not found.slopes.below.covers(0.0):
        return f"Harm is not absent below {at}: the slope there differs from 0."
    return f"Nothing shows that harm is absent below {at}: the interval of the slope there is wide."


def _words(row: Estimate) -> str:
    return f"{row.estimate:.3g} [{row.conf_low:.3g}, {row.conf_high:.3g}]"
