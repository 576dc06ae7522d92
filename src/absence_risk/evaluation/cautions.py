"""What to know before any number is read: one caution per threat that these data show."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import special

from absence_risk import check
from absence_risk.disclosure.cells import is_small
from absence_risk.evaluation.arms import selection_level
from absence_risk.evaluation.outcomes import Likert, in_words
from absence_risk.evaluation.pairs import REASONS
from absence_risk.evaluation.selection import overlap, precedes

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    from absence_risk.evaluation.outcomes import Outcome
    from absence_risk.evaluation.pairs import Paired
    from absence_risk.evaluation.prepost import PrePost

__all__ = ["Caution", "cautions"]

_FEW_CLUSTERS = 20
_MISSING_FROM = 0.05
_AT_THE_END = 0.15
"""Share at the best end of a scale from which it cannot show improvement (Terwee et al. 2007, J
Clin Epidemiol 60:34)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Caution:
    """One threat to the answer, and what to do about it.

    Parameters
    ----------
    code : str
        Short name: "one_cluster", "few_clusters", "no_registry", "no_selection",
        "selection_is_baseline", "overlap", "rule_not_met", "missing", "nobody_followed",
        "follow_up_first", "ceiling", "scale" or "unusable".
    outcome : str or None
        Name of the outcome it concerns.
    message : str
        What is the case.
    fix : str
        What to do.
    behind : int or None
        Where the message begins with a share of pupils: how many there are behind it, or who are
        not, whichever is less.
    """

    code: str
    outcome: str | None
    message: str
    fix: str
    behind: int | None = None

    def __str__(self) -> str:
        """Return message and remedy as text, without a share of fewer than five pupils."""
        return self.told()

    def told(self, minimum: int = 5) -> str:
        """Return message and remedy as text.

        Parameters
        ----------
        minimum : int
            Smallest number of pupils whose share is told.

        Returns
        -------
        str
            The text; "Few" or "Nearly all" in place of a share that rests on fewer pupils.

        Examples
        --------
        >>> Caution(code="missing", outcome="w", message="5 % of", fix="", behind=3).told()
        'Few of '
        """
        message = self.message
        if is_small(self.behind, minimum):
            share, rest = message.split(" % ", 1)
            message = f"{'Few' if float(share) < 50 else 'Nearly all'} {rest}"
        return f"{message} {self.fix}"


def cautions(study: PrePost, name: str | None = None) -> tuple[Caution, ...]:
    """Return what to know before any number is read.

    Parameters
    ----------
    study : PrePost
        The study.
    name : str or None
        Name of an outcome; all of them if None.

    Returns
    -------
    tuple of Caution
        About the design first, then about each outcome; empty where nothing is found.
    """
    if name is not None:
        check.choice(name, list(study.outcomes), "outcome")
    found = list(_clusters(study))
    for outcome in study.outcomes if name is None else (name,):
        try:
            pairs = study.pairs(outcome)
        except ValueError as error:
            fix = "It is left out; the other outcomes can still be evaluated."
            found.append(Caution(code="unusable", outcome=outcome, message=str(error), fix=fix))
            continue
        found += _benchmark(study, outcome)
        found += _selection(study, outcome, pairs)
        found += _follow_up(outcome, study.outcomes[outcome], pairs)
        found += _scale(outcome, study.outcomes[outcome], pairs)
    return tuple(found)


def _clusters(study: PrePost) -> Iterator[Caution]:
    if study.cluster is None:
        return
    n = int(study.used[study.cluster].nunique())
    by = study.cluster.removesuffix("_key")
    if n < 2:
        yield Caution(
            code="one_cluster",
            outcome=None,
            message=f"All cases lie in one {by}, so pupils are counted as independent.",
            fix=f"The figures describe this {by} and carry to no other; add a second one, or give "
            "a level below it as cluster.",
        )
    elif n < _FEW_CLUSTERS:
        wide = float(special.stdtrit(n - 1, 0.975))
        yield Caution(
            code="few_clusters",
            outcome=None,
            message=f"The cases lie in {n} groups by {by}: a 95 % interval reaches about "
            f"{wide:.1f} standard errors to either side, or more.",
            fix="The intervals allow for it (t with few degrees of freedom); plan more of them "
            "rather than more pupils.",
        )


def _benchmark(study: PrePost, name: str) -> Iterator[Caution]:
    columns = set(study.outcomes[name].columns())
    frame = study.registry
    if frame is not None and columns <= set(frame.columns):
        return
    yield Caution(
        code="no_registry",
        outcome=name,
        message=f"No untreated pupils have {name} in both windows, so nothing of these records "
        "says what would have happened with no programme.",
        fix="Give a registry over the same windows, a waiting list or a gap baseline; without one "
        "the change can be told, and nothing about what brought it.",
    )


def _selection(study: PrePost, name: str, pairs: Paired) -> Iterator[Caution]:
    rule, outcome = study.selection, study.outcomes[name]
    if rule is None:
        yield Caution(
            code="no_selection",
            outcome=name,
            message="It is not told how the cases were chosen.",
            fix="Give selection=Selected(...), so that the fall to be expected can be judged.",
        )
        return
    if overlap(rule.window, outcome.pre_window):
        yield Caution(
            code="overlap",
            outcome=name,
            message=f"The baseline of {name} overlaps the window in which pupils were chosen "
            f"({rule.describe()}), so that part of the change is regression to the mean.",
            fix="Use a baseline that ends three months before referral, or read only what is "
            "beyond a benchmark.",
        )
    if rule.outcome != name:
        return
    level = selection_level(rule, outcome, pairs.frame)
    both = ~np.isnan(level) & ~np.isnan(pairs.pre)
    if rule.measure is None or (both.any() and np.array_equal(level[both], pairs.pre[both])):
        yield Caution(
            code="selection_is_baseline",
            outcome=name,
            message=f"Pupils were chosen by the baseline of {name} itself: they would have less "
            "extreme values afterwards with no programme.",
            fix="Read only what is beyond a benchmark, never the change alone.",
        )
    known = ~np.isnan(level)
    missed = float((~rule.meets(level[known])).mean()) if known.any() else 0.0
    if missed > _MISSING_FROM:
        yield Caution(
            code="rule_not_met",
            outcome=name,
            message=f"{100 * missed:.0f} % of the cases do not meet the rule of selection "
            f"({rule.describe()}).",
            fix="They were referred for something else, which the benchmark does not know; "
            "evaluate them apart, or tell the rule that was used.",
            behind=_behind(~rule.meets(level[known])),
        )


def _follow_up(name: str, outcome: Outcome, pairs: Paired) -> Iterator[Caution]:
    if precedes(outcome.post_window, outcome.pre_window):
        yield Caution(
            code="follow_up_first",
            outcome=name,
            message=f"The follow-up window of {name} begins before its baseline window.",
            fix="Exchange pre and post, or correct the windows.",
        )
    early = int((pairs.reason == REASONS[0]).sum())
    if early:
        yield Caution(
            code="follow_up_first",
            outcome=name,
            message=f"The follow-up of {name} is dated before its baseline in {in_words(early)} "
            "rows; these are not used.",
            fix="Correct the dates, or exchange the two waves.",
        )
    started = ~np.isnan(pairs.pre)
    if not pairs.complete.any():
        yield Caution(
            code="nobody_followed",
            outcome=name,
            message=f"Nobody has both a baseline and a follow-up of {name}.",
            fix="The baseline can be described, and bounds() says what is possible all the same.",
        )
        return
    lost = float((~pairs.complete[started]).mean())
    if lost > _MISSING_FROM:
        yield Caution(
            code="missing",
            outcome=name,
            message=f"{100 * lost:.0f} % of the pupils with a baseline of {name} have no "
            "follow-up; those who answer need not be like those who do not.",
            fix="Read the change with missing answers imputed, the tipping point and the bounds "
            "beside it.",
            behind=_behind(~pairs.complete[started]),
        )


def _scale(name: str, outcome: Outcome, pairs: Paired) -> Iterator[Caution]:
    best = outcome.low if outcome.better == "lower" else outcome.high
    told = pairs.pre[~np.isnan(pairs.pre)]
    at_best = float((told == best).mean()) if len(told) else 0.0
    if at_best > _AT_THE_END:
        yield Caution(
            code="ceiling",
            outcome=name,
            message=f"{100 * at_best:.0f} % of the pupils had the best possible {name} at the "
            "baseline and cannot improve.",
            fix="Report them apart, or use a measure with room at that end.",
            behind=_behind(told == best),
        )
    if not isinstance(outcome, Likert):
        return
    instrument = outcome.instrument.lower().replace(" ", "").replace("-", "")
    if instrument == "kidscreen10" and outcome.language.lower() in ("da", "dk", "danish"):
        yield Caution(
            code="scale",
            outcome=name,
            message="The Danish KIDSCREEN-10 was taken off the Danish authority's list of "
            "instruments in February 2024.",
            fix="Use another instrument in the next round; SDQ and WHO-5 are in municipal use.",
        )


def _behind(holds: npt.NDArray[np.bool_]) -> int | None:
    """Return how many pupils a share tells of, or how few it leaves; None for all of them."""
    n, all_of_them = int(holds.sum()), len(holds)
    return min(n, all_of_them - n) or None
