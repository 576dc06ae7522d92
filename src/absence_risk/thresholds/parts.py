"""Valid and invalid absence side by side: does harm go along with absence whatever the reason."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from absence_risk.errors import DesignError
from absence_risk.result import Estimate, Table
from absence_risk.stats.cr1 import cr1_covariance
from absence_risk.stats.sandwich import t_inference
from absence_risk.thresholds.candidates import Curve
from absence_risk.thresholds.slopes import PER

if TYPE_CHECKING:
    import numpy.typing as npt

    from absence_risk.thresholds.sample import Sample

    Floats = npt.NDArray[np.float64]

__all__ = ["parts_table", "parts_words"]


def parts_table(sample: Sample, parts: Floats, conf_level: float) -> Table:
    """Return the slopes of valid and invalid absence, their difference and their ratio.

    Both parts stand in one straight regression with the covariates. The ratio is the weight of
    invalid absence that the data prefer; its interval is Fieller's (1954, JRSS B 16:175), open
    where the slope of valid absence may be 0.

    Parameters
    ----------
    sample : Sample
        Complete rows.
    parts : numpy.ndarray, shape (n, 2)
        Shares of valid and invalid absence.
    conf_level : float
        Confidence level in (0, 1).

    Returns
    -------
    Table
        Four rows; slopes per 10 points of absence.

    Raises
    ------
    DesignError
        If one part hardly varies beside the other.
    """
    curve = Curve(
        "parts",
        sample.within(parts),
        sample.within(sample.adjust),
        sample.within(sample.y[:, None])[:, 0],
        root=sample.root,
    )
    if curve.flat:
        raise DesignError(
            "Valid and invalid absence cannot be told apart: one of them does not vary beside the "
            "other and the covariates. Leave out parts=."
        )
    covariance = cr1_covariance(curve.influence, sample.codes, n_parameters=len(curve.coef))
    slopes, spread = PER * curve.coef[1:3], PER**2 * covariance[1:3, 1:3]
    df = sample.n_clusters - 1
    rows = []
    for term, weights in (
        ("slope of valid absence", np.array([1.0, 0.0])),
        ("slope of invalid absence", np.array([0.0, 1.0])),
        ("invalid minus valid", np.array([-1.0, 1.0])),
    ):
        value, error = float(weights @ slopes), float(np.sqrt(weights @ spread @ weights))
        found = t_inference(value, error, df=df, conf_level=conf_level)
        rows.append(
            Estimate(
                term=term,
                estimate=value,
                std_error=error,
                conf_low=found.low,
                conf_high=found.high,
                statistic=found.statistic,
                p_value=found.p_value,
                n=sample.n,
            )
        )
    critical = t_inference(0.0, 1.0, df=df, conf_level=conf_level).high
    low, high = _fieller(slopes, spread, critical)
    rows.append(
        Estimate(
            term="weight of invalid absence (ratio of the slopes)",
            estimate=float(slopes[1] / slopes[0]),
            conf_low=low,
            conf_high=high,
            n=sample.n,
        )
    )
    return Table(
        name="parts",
        title="Change of the outcome per 10 points of valid and of invalid absence",
        rows=tuple(rows),
        note="Straight lines, both in one regression; cluster-robust (CR1) t intervals. The ratio "
        "has Fieller's interval, without ends where it is not bounded.",
    )


def _fieller(slopes: Floats, spread: Floats, critical: float) -> tuple[float | None, float | None]:
    """Return {r : (b − ra)² ≤ t²(V_b − 2rV_ab + r²V_a)} where it is bounded."""
    (a, b), square = slopes, critical**2
    lead = a * a - square * spread[0, 0]
    if lead <= 0:
        return None, None
    middle = a * b - square * spread[0, 1]
    last = b * b - square * spread[1, 1]
    half = np.sqrt(max(middle**2 - lead * last, 0.0))
    return float((middle - half) / lead), float((middle + half) / lead)


def parts_words(table: Table) -> str:
    """Return the slopes of the parts as a sentence.

    Parameters
    ----------
    table : Table
        From :func:`parts_table`.

    Returns
    -------
    str
        One sentence.
    """
    valid, invalid, apart = table.rows[:3]
    told = "differ" if not apart.covers(0.0) else "cannot be told apart"
    return (
        f"Per 10 points the change is {_words(valid)} with valid and {_words(invalid)} with "
        f"invalid absence; the two {told} (difference {_words(apart)})."
    )


def _words(row: Estimate) -> str:
    return f"{row.estimate:+.3g} [{row.conf_low:.3g}, {row.conf_high:.3g}]"
