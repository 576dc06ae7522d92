"""The tables of a harm-evidence result: shapes compared, places of a break, slopes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from absence_risk.result import Estimate, Table
from absence_risk.thresholds.wording import per_cent, told_parts

if TYPE_CHECKING:
    import numpy.typing as npt

    from absence_risk.thresholds.candidates import Candidates
    from absence_risk.thresholds.nulls import Evidence
    from absence_risk.thresholds.sample import Sample
    from absence_risk.thresholds.slopes import Slopes

    Floats = npt.NDArray[np.float64]

__all__ = [
    "break_profile_table",
    "break_table",
    "candidates_table",
    "slopes_table",
]

_PROFILE = 161


def candidates_table(sample: Sample, fits: Candidates, evidence: Evidence) -> Table:
    """Return the difference in BIC of each shape from the best, with the simulated tests.

    Parameters
    ----------
    sample : Sample
        Complete rows.
    fits : Candidates
        The fitted shapes.
    evidence : Evidence
        Simulated tests.

    Returns
    -------
    Table
        One row per shape; ``group`` names the test of the row.
    """
    curves = fits.all
    best = min(curve.bic for curve in curves)
    tests = {name: ("kink against it", test) for name, test in evidence.kink_against.items()}
    tests["kink"] = ("spline against it", evidence.spline_against_kink)
    rows = []
    for curve in curves:
        group, test = tests.get(curve.name, (None, None))
        rows.append(
            Estimate(
                term=curve.name,
                group=group,
                estimate=curve.bic - best,
                statistic=test.statistic if test else None,
                p_value=test.p_value if test else None,
                n=sample.n,
            )
        )
    return Table(
        name="candidates",
        title="Shapes of the relation: difference in BIC from the best (0 is best)",
        rows=tuple(rows),
        note=(
            "BIC treats rows as independent; penalised spline and monotone curve count with their "
            "effective number of parameters. Statistic: fall of the residual sum of squares in "
            "units of the residual variance; p from outcomes simulated under the shape of the "
            "row, signs of residuals drawn per cluster."
        ),
    )


def break_table(sample: Sample, fits: Candidates, sets: tuple[Floats, Floats], at: float) -> Table:
    """Return where the best kink lies and which places the data allow.

    Parameters
    ----------
    sample : Sample
        Complete rows.
    fits : Candidates
        The fitted shapes.
    sets : tuple of numpy.ndarray, shape (parts, 2)
        Confidence sets of the kink and of the step, as shares.
    at : float
        Candidate threshold, a share.

    Returns
    -------
    Table
        The best kink with the range of its set, each part of it, then the same of the step.
    """
    low, high = fits.search.limits
    kink_set, step_set = sets
    whole = Estimate(
        term="kink",
        estimate=fits.location,
        conf_low=float(kink_set[0, 0]),
        conf_high=float(kink_set[-1, 1]),
        n=sample.n,
    )
    parts = [
        Estimate(term=f"set, part {k}", conf_low=float(a), conf_high=float(b), n=sample.n)
        for k, (a, b) in enumerate(kink_set, start=1)
    ]
    step = Estimate(
        term="step",
        estimate=fits.step_at,
        conf_low=float(step_set[0, 0]),
        conf_high=float(step_set[-1, 1]),
        n=sample.n,
    )
    # The ends are values of single pupils, so they are told to 0.1 points.
    step_parts = [
        Estimate(
            term=f"set of the step, part {k}", conf_low=float(a), conf_high=float(b), n=sample.n
        )
        for k, (a, b) in enumerate(told_parts(step_set), start=1)
    ]
    inside = any(a <= at <= b for a, b in kink_set)
    return Table(
        name="break_location",
        title="Place of the best kink and step and the places the data allow (share of absence)",
        rows=(whole, *parts, step, *step_parts),
        note=(
            f"Likelihood-ratio set with a wild-bootstrap critical value; it may have gaps. "
            f"Searched from {low:.3f} to {high:.3f}; a set that reaches an end is not bounded "
            f"there. The step: range of Hansen's set, then its parts to 0.1 points outwards, "
            f"joined where they meet. {per_cent(at)} is "
            f"{'inside' if inside else 'outside'} the set of the kink. A best kink "
            "exists for any data: it is a finding only where the verdict says kink."
        ),
    )


def break_profile_table(sample: Sample, fits: Candidates, critical: float) -> Table:
    """Return how badly a kink at each place fits beside the best one.

    Parameters
    ----------
    sample : Sample
        Complete rows.
    fits : Candidates
        The fitted shapes.
    critical : float
        Critical value of the likelihood ratio, from the wild bootstrap.

    Returns
    -------
    Table
        ``threshold`` is the place, ``estimate`` the likelihood ratio, ``conf_high`` the critical
        value.
    """
    low, high = fits.search.limits
    places = np.unique(np.clip(np.r_[np.linspace(low, high, _PROFILE), fits.location], low, high))
    gain = fits.search.gain_at(sample.y, places)[:, 0]
    best = fits.search.fit(sample.y)
    ratio = (best.gain[0] - gain) / best.ssr[0] * fits.search.df_resid
    rows = tuple(
        Estimate(
            term="likelihood ratio",
            threshold=float(place),
            estimate=max(float(value), 0.0),
            conf_high=critical,
            n=sample.n,
        )
        for place, value in zip(places, ratio, strict=True)
    )
    return Table(
        name="break_profile",
        title="How much worse a kink at each place fits than the best kink (likelihood ratio)",
        rows=rows,
        note="Places at or below the critical value (conf_high) are in the confidence set.",
    )


def slopes_table(slopes: Slopes, neighbours: tuple[Estimate, ...] = ()) -> Table:
    """Return the slopes side by side, then the change beside its benchmark.

    Parameters
    ----------
    slopes : Slopes
        The slopes.
    neighbours : tuple of Estimate
        Slopes within 5 points of the threshold, with their difference and equivalence.

    Returns
    -------
    Table
        Outcome units per 10 points of absence.
    """
    return Table(
        name="slopes",
        title="Change of the outcome per 10 points of absence",
        rows=(
            slopes.overall,
            slopes.below,
            slopes.above,
            slopes.change,
            slopes.benchmark,
            slopes.beyond,
            *neighbours,
        ),
        note=(
            "Slopes: cluster-robust (CR1) t intervals. Benchmark and what is beyond it: wild "
            "bootstrap under the smooth curve. Slopes within 5 points of the threshold: a line "
            "bent there and 5 points on each side; equivalence: two one-sided tests, interval at "
            "twice the level."
        ),
    )
