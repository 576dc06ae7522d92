"""How different those without follow-up would have to be for the answer to change."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from scipy import optimize

from absence_risk.errors import DesignError
from absence_risk.evaluation.imputed import MI, Completed, complete_follow_up
from absence_risk.evaluation.missing_analysis import analysis_of, pooling_rule
from absence_risk.evaluation.outcomes import Rate
from absence_risk.result import Estimate, Table
from absence_risk.stats.rubin import pool
from absence_risk.stats.sandwich import t_inference

if TYPE_CHECKING:
    import numpy.typing as npt

    from absence_risk.evaluation.change import SE
    from absence_risk.evaluation.missing_analysis import Analysis
    from absence_risk.evaluation.prepost import PrePost

__all__ = ["Tipping", "tipping_point"]

_POINTS = 41


@dataclass(frozen=True, slots=True, kw_only=True)
class Tipping:
    """At which delta the answer changes.

    Parameters
    ----------
    delta : float
        The delta at which the estimate is 0, in the unit of the outcome.
    covers_from, covers_to : float or None
        The interval covers 0 between these deltas; None where it still does, at that side, when
        every follow-up were at the far end of the scale.
    in_sd : float
        ``delta`` over the standard deviation of the baseline.
    in_days : float or None
        ``delta`` in school days a year, for rates with ``school_days``.
    share_missing : float
        Share of the cases that delta moves.
    curve : Table
        Estimate and interval over delta (column time).
    sentence : str
        What it means.
    """

    delta: float
    covers_from: float | None
    covers_to: float | None
    in_sd: float
    in_days: float | None
    share_missing: float
    curve: Table
    sentence: str


def tipping_point(
    study: PrePost,
    name: str,
    missing: MI | None = None,
    *,
    benchmark: str = "registry",
    se: SE = "cr2",
    school_days: int | None = None,
) -> Tipping:
    """Find how different those without follow-up would have to be for the answer to change.

    With share p imputed, estimate(delta) = estimate(0) + p delta, so the estimate is 0 at
    -estimate(0) / p. The same draws serve every delta. Between imputations the estimates keep their
    distances, and the variance within is a quadratic in delta, known from three points; the limits
    of the interval are set to 0 by root finding.

    Parameters
    ----------
    study : PrePost
        The study.
    name : str
        Name of the outcome.
    missing : MI or None
        How missing follow-ups are imputed; ``MI()`` if None. Its delta is not used.
    benchmark : {"registry", "waiting_list", "none"}
        What the change is compared with; "registry" is "none" where untreated pupils lack it.
    se : {"cr2", "independent"}
        Whether pupils of a cluster may depend on each other.
    school_days : int or None
        School days of a year, to give the delta of a rate in days.

    Returns
    -------
    Tipping
        The delta, the range in which the interval covers 0, and the curve.

    Raises
    ------
    DesignError
        If no follow-up is missing, or the data cannot answer.
    """
    by_pupil = se == "independent"
    done = complete_follow_up(study, name, missing or MI(), by_pupil=by_pupil)
    if not done.missing.any():
        raise DesignError(f"No follow-up of {name!r} is missing, so there is no delta to move.")
    analysis = analysis_of(study, name, done, benchmark=benchmark, by_pupil=by_pupil)
    outcome = study.outcomes[name]
    path = _Path.of(analysis, done, step=(outcome.high - outcome.low) / 2)
    span = outcome.high - outcome.low
    delta = -path.at(0.0)[0] / done.share_missing
    covers = [_root(path, study.conf_level, side, delta, span) for side in (1, -1)]
    found = sorted(v for v in covers if v is not None)
    in_sd = delta / float(done.cases.pre.std(ddof=1))
    days = school_days if isinstance(outcome, Rate) else None
    low, high = covers
    return Tipping(
        delta=delta,
        covers_from=low,
        covers_to=high,
        in_sd=in_sd,
        in_days=None if days is None else delta * days,
        share_missing=done.share_missing,
        curve=_curve(study, name, path, [delta, *found, 0.0], span),
        sentence=_sentence(outcome.unit, (low, high), float(done.cases.pre.std(ddof=1)), days),
    )


@dataclass(frozen=True, eq=False, kw_only=True)
class _Path:
    """Estimates per imputation and their variances as polynomials of delta."""

    estimates: npt.NDArray[np.float64]
    share: float
    variances: npt.NDArray[np.float64]
    df: float
    clustered: bool
    beyond: bool

    @classmethod
    def of(cls, analysis: Analysis, done: Completed, *, step: float) -> _Path:
        parts = [analysis.estimate(done.shifted(d)) for d in (-step, 0.0, step)]
        which = 0 if np.isnan(parts[1][0][0, 2]) else 2
        below, here, above = (part[1][:, which] for part in parts)
        quadratic = np.stack(
            [here, (above - below) / (2 * step), (above + below - 2 * here) / (2 * step**2)]
        )
        return cls(
            estimates=parts[1][0][:, which],
            share=done.share_missing,
            variances=quadratic,
            df=float(parts[1][2][which]),
            clustered=done.clustered,
            beyond=which == 2,
        )

    def at(self, delta: float) -> tuple[float, float, float]:
        """Return estimate, standard error and degrees of freedom."""
        one = pool(
            self.estimates + self.share * delta,
            np.maximum(np.array([1.0, delta, delta**2]) @ self.variances, 0.0),
            df_complete=self.df,
            rule=pooling_rule(clustered=self.clustered),
        )
        return float(one.estimate), float(one.std_error), float(one.df)

    def limits(self, delta: float, conf_level: float) -> tuple[float, float]:
        """Return the interval."""
        estimate, error, df = self.at(delta)
        test = t_inference(estimate, error, df=df, conf_level=conf_level)
        return test.low, test.high


def _root(path: _Path, conf_level: float, side: int, start: float, span: float) -> float | None:
    """Return the delta nearest to ``start`` at which one limit is 0, or None within the scale.

    At ``start`` the estimate is 0 and the interval covers it; side 1 looks below (upper limit 0),
    side -1 above (lower limit 0).
    """

    def limit(delta: float) -> float:
        return path.limits(delta, conf_level)[1 if side == 1 else 0]

    # Look outward in steps; far beyond the scale no delta is possible.
    grid = start - side * np.linspace(0.0, 2 * span, 161)
    for near, far in pairwise(grid):
        if limit(near) * limit(far) < 0:
            root = float(optimize.brentq(limit, near, far, xtol=1e-12))
            return root if abs(root) <= span else None
    return None


def _curve(study: PrePost, name: str, path: _Path, marks: list[float], span: float) -> Table:
    low, high = min(marks), max(marks)
    pad = 0.1 * max(high - low, 0.02 * span)
    rows = []
    for delta in np.unique(np.round([*np.linspace(low - pad, high + pad, _POINTS), 0.0], 12)):
        estimate, error, df = path.at(float(delta))
        test = t_inference(estimate, error, df=df, conf_level=study.conf_level)
        rows.append(
            Estimate(
                term="beyond the benchmark" if path.beyond else "change",
                time=float(delta),
                estimate=estimate,
                std_error=error,
                conf_low=test.low,
                conf_high=test.high,
            )
        )
    return Table(
        name="tipping_curve",
        title=f"Change of {name} over delta (column time), {study.outcomes[name].unit}",
        rows=tuple(rows),
        note="delta: how much imputed follow-ups are moved; 0 takes those who did not answer to be "
        "like those who did, given what is known before.",
    )


def _sentence(
    unit: str, covers: tuple[float | None, float | None], sd: float, days: int | None
) -> str:
    low, high = covers
    who = "pupils without follow-up"
    if (low is None or low <= 0) and (high is None or high >= 0):
        ends = " to ".join("the end of the scale" if v is None else f"{v:+.3g}" for v in covers)
        return (
            f"The interval covers 0 even if {who} are like those with one, and as long as they "
            f"differ by {ends} {unit}."
        )
    edge = low if low is not None and low > 0 else high
    assert edge is not None
    also = f", {edge * days:+.3g} school days a year" if days else ""
    return (
        f"The interval excludes 0 if {who} are like those with one; it covers 0 once they differ "
        f"from them by {edge:+.3g} {unit} ({edge / sd:+.2g} SD of the baseline{also})."
    )
