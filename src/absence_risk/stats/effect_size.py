"""Standardised change of pairs: the named family of d, with intervals; there is no bare "d"."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from absence_risk import check

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = [
    "EFFECT_SIZES",
    "EffectSize",
    "hedges_factor",
    "noncentral_t_limits",
    "paired_effect_sizes",
]

EFFECT_SIZES = {
    "d_z": "mean change over the SD of the changes",
    "d_av": "mean change over the root of the mean of the two variances",
    "d_rm": "d_z times the root of 2 (1 - r), r the correlation of before and after",
    "d_b": "mean change over the SD before",
    "g_z": "d_z with Hedges' small-sample factor",
    "g_av": "d_av with Hedges' small-sample factor",
}
_SOURCES = {
    "d_z": "noncentral t inverted",
    "d_av": "Bonett 2008",
    "d_rm": "Borenstein 2009, eq. 12.21",
    "d_b": "Bonett 2008, SD before",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class EffectSize:
    """One named effect size.

    Parameters
    ----------
    name : str
        Key of ``EFFECT_SIZES``.
    estimate : float
        Value, in standard deviations as the name says.
    std_error : float or None
        Standard error; None where the interval does not rest on one.
    low, high : float or None
        Limits of the interval; None where it cannot be computed.
    method : str
        Where the interval comes from.
    """

    name: str
    estimate: float
    std_error: float | None
    low: float | None
    high: float | None
    method: str


def hedges_factor(df: float) -> float:
    """Return the factor that makes a standardised mean unbiased under normality.

    J = Gamma(df/2) / (sqrt(df/2) Gamma((df - 1)/2)) (Hedges 1981, J Educ Stat 6:107, eq. 6e); for
    pairs df = n - 1.

    Parameters
    ----------
    df : float
        Degrees of freedom of the standard deviation, above 1.

    Returns
    -------
    float
        Factor in (0, 1).

    Examples
    --------
    >>> round(hedges_factor(9), 6)
    0.913875
    """
    from scipy.special import gammaln  # noqa: PLC0415 (a slow import)

    return float(np.exp(gammaln(df / 2) - gammaln((df - 1) / 2)) / np.sqrt(df / 2))


def noncentral_t_limits(t: float, n: int, *, conf_level: float = 0.95) -> tuple[float, float]:
    """Return the limits of d_z that invert the noncentral t (Smithson 2003, ch. 4).

    Parameters
    ----------
    t : float
        Paired t statistic.
    n : int
        Number of pairs, at least 2.
    conf_level : float
        Confidence level, in (0, 1).

    Returns
    -------
    tuple of two float
        Limits.

    Examples
    --------
    >>> low, high = noncentral_t_limits(3.0, 10)
    >>> round(low, 3), round(high, 3)
    (0.176, 1.687)
    """
    from scipy import optimize, special  # noqa: PLC0415

    tail = (1 - conf_level) / 2
    # The limits of the noncentrality lie well within this reach of zero.
    reach = abs(t) * np.sqrt(special.chdtri(n - 1, min(tail, 1e-4) / 10) / (n - 1))
    reach += 1.0 - float(special.ndtri(min(tail, 1e-4) / 10))
    low, high = (
        optimize.brentq(lambda nc, p=p: _noncentral_t(t, n - 1, nc) - p, -reach, reach, xtol=1e-12)
        for p in (1 - tail, tail)
    )
    return float(low / np.sqrt(n)), float(high / np.sqrt(n))


def _noncentral_t(t: float, df: int, nc: float) -> float:
    """Return P(T <= t) as the mean of Phi(t S - nc) over S = sqrt(chi-square / df).

    Gauss-Legendre in panels, since scipy's own function gives out beyond t of about 10.
    """
    from scipy import special  # noqa: PLC0415

    if t == 0:
        return float(special.ndtr(-nc))
    reach = 12 / np.sqrt(df)
    low, high = max(0.0, 1 - reach), 1 + reach
    turn, width = nc / t, 9 / abs(t)
    ends = np.unique(np.clip([low, turn - width, turn, turn + width, 1.0, high], low, high))
    x, weight = np.polynomial.legendre.leggauss(80)
    half = np.diff(ends)[:, None] / 2
    s = ends[:-1, None] + half * (1 + x)
    log_density = (
        np.log(2) + df / 2 * np.log(df / 2) - special.gammaln(df / 2) - df * s**2 / 2
    ) + (df - 1) * np.log(s)
    return float((half * weight * np.exp(log_density) * special.ndtr(t * s - nc)).sum())


def paired_effect_sizes(
    before: npt.NDArray[np.float64],
    after: npt.NDArray[np.float64],
    *,
    conf_level: float = 0.95,
    interval: Literal["published", "bca"] = "published",
    n_resamples: int = 2_000,
    random_state: int = 0,
) -> tuple[EffectSize, ...]:
    """Standardise the mean change of pairs in each of the named ways.

    Parameters
    ----------
    before, after : numpy.ndarray of float, shape (n,)
        Complete pairs in the same order, n at least 3.
    conf_level : float
        Confidence level, in (0, 1).
    interval : {"published", "bca"}
        Published variance (noncentral t for d_z) or the bias-corrected and accelerated bootstrap
        of whole pairs (scipy).
    n_resamples : int
        Bootstrap draws.
    random_state : int
        Seed of the bootstrap.

    Returns
    -------
    tuple of EffectSize
        In the order of ``EFFECT_SIZES``; empty where before, after or change does not vary.

    Raises
    ------
    ValueError
        If the two differ in length, are fewer than 3, or hold a missing value.

    Notes
    -----
    With v1, v2 the variances, r the correlation, v_d the variance of the change, s2 = (v1 + v2)/2
    and m = n - 1: d_av has variance d^2 (v1^2 + v2^2 + 2 r^2 v1 v2) / (8 m s2^2) + v_d / (m s2),
    d_b has d^2 / (2 m) + v_d / (m v1) (Bonett 2008, Psychol Methods 13:99), d_rm has
    (1/n + d^2/(2 n)) 2 (1 - r) (Borenstein 2009 in Cooper, Hedges & Valentine, eq. 12.21), all
    with normal limits. A g is J times its d, and so are its limits.

    Examples
    --------
    >>> before = np.array([2.1, 3.0, 2.6, 3.4, 1.8])
    >>> after = np.array([2.6, 2.9, 3.5, 3.6, 2.9])
    >>> [(size.name, round(size.estimate, 2)) for size in paired_effect_sizes(before, after)[:2]]
    [('d_z', 1.06), ('d_av', 0.94)]
    """
    check.choice(interval, ("published", "bca"), "interval")
    check.probability(conf_level, "conf_level")
    if len(before) != len(after) or len(before) < 3:
        raise ValueError(
            f"pairs must be at least 3 and equally many, got {len(before)} and {len(after)}."
        )
    if not (np.isfinite(before).all() and np.isfinite(after).all()):
        raise ValueError("before and after must hold complete pairs; drop the incomplete ones.")
    if min(before.std(), after.std(), (after - before).std()) < 1e-12:
        return ()
    values = _family(before, after)
    if interval == "bca":
        return _bootstrapped(before, after, values, (conf_level, n_resamples, random_state))
    found = _published(before, after, values, conf_level)
    return tuple(found[name] for name in EFFECT_SIZES)


def _family(
    before: npt.NDArray[np.float64], after: npt.NDArray[np.float64], axis: int = -1
) -> dict[str, npt.NDArray[np.float64]]:
    """Return all sizes along an axis, so that scipy can resample them in one call."""
    change = after - before
    mean = change.mean(axis=axis)
    v1, v2, v_d = (x.var(axis=axis, ddof=1) for x in (before, after, change))
    d_z, d_av = mean / np.sqrt(v_d), mean / np.sqrt((v1 + v2) / 2)
    r = (v1 + v2 - v_d) / (2 * np.sqrt(v1 * v2))
    factor = hedges_factor(change.shape[axis] - 1)
    return {
        "d_z": d_z,
        "d_av": d_av,
        "d_rm": d_z * np.sqrt(np.maximum(2 * (1 - r), 0.0)),
        "d_b": mean / np.sqrt(v1),
        "g_z": factor * d_z,
        "g_av": factor * d_av,
    }


def _published(
    before: npt.NDArray[np.float64],
    after: npt.NDArray[np.float64],
    values: dict[str, npt.NDArray[np.float64]],
    conf_level: float,
) -> dict[str, EffectSize]:
    from scipy.special import ndtri  # noqa: PLC0415

    n, change = len(before), after - before
    m, z = n - 1, float(ndtri((1 + conf_level) / 2))
    v1, v2, v_d = (float(x.var(ddof=1)) for x in (before, after, change))
    r, s2 = (v1 + v2 - v_d) / (2 * np.sqrt(v1 * v2)), (v1 + v2) / 2
    d = {name: float(value) for name, value in values.items()}
    variance = {
        "d_av": d["d_av"] ** 2 * (v1**2 + v2**2 + 2 * r**2 * v1 * v2) / (8 * m * s2**2)
        + v_d / (m * s2),
        "d_rm": (1 / n + d["d_rm"] ** 2 / (2 * n)) * 2 * (1 - r),
        "d_b": d["d_b"] ** 2 / (2 * m) + v_d / (m * v1),
    }
    low, high = noncentral_t_limits(d["d_z"] * np.sqrt(n), n, conf_level=conf_level)
    out = {
        "d_z": EffectSize(
            name="d_z",
            estimate=d["d_z"],
            std_error=None,
            low=low,
            high=high,
            method=_SOURCES["d_z"],
        )
    }
    for name, value in variance.items():
        error = float(np.sqrt(value))
        out[name] = EffectSize(
            name=name,
            estimate=d[name],
            std_error=error,
            low=d[name] - z * error,
            high=d[name] + z * error,
            method=_SOURCES[name],
        )
    factor = hedges_factor(m)
    for name in ("z", "av"):
        out[f"g_{name}"] = _shrunken(out[f"d_{name}"], factor)
    return out


def _shrunken(size: EffectSize, factor: float) -> EffectSize:
    limits = [None if value is None else factor * value for value in (size.low, size.high)]
    return EffectSize(
        name="g" + size.name[1:],
        estimate=factor * size.estimate,
        std_error=None if size.std_error is None else factor * size.std_error,
        low=limits[0],
        high=limits[1],
        method=f"{size.method}, times J (Hedges 1981)",
    )


def _bootstrapped(
    before: npt.NDArray[np.float64],
    after: npt.NDArray[np.float64],
    values: dict[str, npt.NDArray[np.float64]],
    settings: tuple[float, int, int],
) -> tuple[EffectSize, ...]:
    from scipy import stats  # noqa: PLC0415

    conf_level, n_resamples, random_state = settings

    def sizes(x: npt.NDArray[np.float64], y: npt.NDArray[np.float64], axis: int = -1) -> object:
        return np.stack(list(_family(x, y, axis=axis).values()))

    found = stats.bootstrap(
        (before, after),
        sizes,
        paired=True,
        vectorized=True,
        n_resamples=n_resamples,
        confidence_level=conf_level,
        method="BCa",
        random_state=np.random.default_rng(random_state),
    )
    return tuple(
        EffectSize(
            name=name,
            estimate=float(values[name]),
            std_error=float(found.standard_error[place]),
            low=float(found.confidence_interval.low[place]),
            high=float(found.confidence_interval.high[place]),
            method=f"BCa bootstrap of pairs, {n_resamples} draws, seed {random_state}",
        )
        for place, name in enumerate(EFFECT_SIZES)
    )
