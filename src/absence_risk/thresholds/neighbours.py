"""The slopes just below and just above the threshold: 15 to 20 % against 20 to 25 %."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import numpy as np

from absence_risk.result import Estimate
from absence_risk.stats.cr1 import cr1_covariance
from absence_risk.stats.sandwich import t_inference
from absence_risk.thresholds.candidates import Curve
from absence_risk.thresholds.slopes import PER
from absence_risk.thresholds.wording import per_cent

if TYPE_CHECKING:
    from absence_risk.thresholds.sample import Sample

__all__ = ["neighbour_slopes", "neighbour_words"]

_WIDTH = 0.05
_FEWEST = 10


def neighbour_slopes(
    sample: Sample, *, at: float, bound: float, conf_level: float
) -> tuple[Estimate, ...]:
    """Return the slopes 5 points below and above the threshold, their difference and equivalence.

    A line bent at the threshold and 5 points on each side is fitted, so neither slope borrows from
    farther away. Equivalence is two one-sided tests (Schuirmann 1987, J Pharmacokinet Biopharm
    15:657): the slopes count as equal where the interval of their difference at level
    2 conf_level − 1 lies within ± bound.

    Parameters
    ----------
    sample : Sample
        Complete rows.
    at : float
        Threshold, a share.
    bound : float
        Largest difference that counts as none, per 10 points of absence, above 0.
    conf_level : float
        Confidence level in (0.5, 1).

    Returns
    -------
    tuple of Estimate
        Slopes, difference and equivalence (p-value of the two one-sided tests); empty where fewer
        than 10 rows lie in or beyond one of the two ranges.
    """
    x = sample.x
    cuts = (at - _WIDTH, at, at + _WIDTH)
    ranges = (x < cuts[0], (x >= cuts[0]) & (x < at), (x >= at) & (x < cuts[2]), x >= cuts[2])
    counts = [int(inside.sum()) for inside in ranges]
    if min(counts) < _FEWEST or bound <= 0 or conf_level <= 0.5:
        return ()
    hinges = [np.maximum(x - cut, 0.0) for cut in cuts]
    curve = Curve(
        "neighbours",
        sample.within(np.column_stack([x, *hinges])),
        sample.within(sample.adjust),
        sample.within(sample.y[:, None])[:, 0],
        root=sample.root,
    )
    if curve.flat:
        return ()
    covariance = cr1_covariance(curve.influence, sample.codes, n_parameters=len(curve.coef))
    df = sample.n_clusters - 1

    def row(term: str, weights: list[float], n: int) -> Estimate:
        """Return one combination of the slopes, per 10 points."""
        wanted = np.zeros(len(curve.coef))
        wanted[1:5] = PER * np.array(weights)
        value, error = float(wanted @ curve.coef), float(np.sqrt(wanted @ covariance @ wanted))
        found = t_inference(value, error, df=df, conf_level=conf_level)
        return Estimate(
            term=term,
            estimate=value,
            std_error=error,
            conf_low=found.low,
            conf_high=found.high,
            statistic=found.statistic,
            p_value=found.p_value,
            n=n,
        )

    names = [f"{100 * a:g}–{per_cent(b)}" for a, b in itertools.pairwise(cuts)]
    below = row(f"slope {names[0]}", [1.0, 1.0, 0.0, 0.0], counts[1])
    above = row(f"slope {names[1]}", [1.0, 1.0, 1.0, 0.0], counts[2])
    apart = row(f"slope {names[1]} minus {names[0]}", [0.0, 0.0, 1.0, 0.0], counts[1] + counts[2])
    return below, above, apart, _equivalence(apart, bound, df, conf_level)


def _equivalence(apart: Estimate, bound: float, df: int, conf_level: float) -> Estimate:
    value, error = apart.estimate or 0.0, apart.std_error or 0.0
    inner = t_inference(value, error, df=df, conf_level=2 * conf_level - 1)
    sides = [
        t_inference(bound + sign * value, error, df=df, conf_level=conf_level) for sign in (1, -1)
    ]
    one_sided = [side.p_value / 2 if side.statistic > 0 else 1 - side.p_value / 2 for side in sides]
    return Estimate(
        term=f"their equivalence within ± {bound:.3g}",
        estimate=value,
        std_error=error,
        conf_low=inner.low,
        conf_high=inner.high,
        p_value=max(one_sided),
        n=apart.n,
    )


def neighbour_words(rows: tuple[Estimate, ...], *, bound: float, level: float) -> str:
    """Return what the slopes beside the threshold say.

    Parameters
    ----------
    rows : tuple of Estimate
        From :func:`neighbour_slopes`.
    bound : float
        Largest difference that counts as none.
    level : float
        Level of the tests.

    Returns
    -------
    str
        One sentence.
    """
    if not rows:
        return "Too few pupils lie within 5 points of the threshold to compare the slopes there."
    below, above, apart, equal = rows
    told = "whether they are equal stays open"
    if not apart.covers(0.0):
        told = "they differ"
    if equal.p_value is not None and equal.p_value <= level:
        told = f"they are equal within ± {bound:.3g} (p = {equal.p_value:.3f})"
    return (
        f"{below.term.capitalize()}: {below.estimate:+.3g}, {above.term}: {above.estimate:+.3g}; "
        f"difference {apart.estimate:+.3g} [{apart.conf_low:.3g}, {apart.conf_high:.3g}]: {told}."
    )
