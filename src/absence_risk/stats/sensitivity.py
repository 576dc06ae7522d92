"""How strong something unmeasured must be to explain a finding: E-value, Rosenbaum, robustness."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from scipy import special

from absence_risk import check

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]

__all__ = [
    "EValue",
    "RobustnessValue",
    "RosenbaumBounds",
    "e_value",
    "e_value_d",
    "robustness_value",
    "rosenbaum_bounds",
]

_LARGEST_GAMMA = 1e6


@dataclass(frozen=True, slots=True, kw_only=True)
class EValue:
    """Strength of confounding that would explain an association away, as a risk ratio.

    Parameters
    ----------
    point : float
        E-value of the estimate, at least 1.
    limit : float or None
        E-value of the confidence limit nearer to 1; 1 where the interval holds 1, None where no
        interval is known.
    """

    point: float
    limit: float | None = None


def e_value(rr: float, *, conf_low: float | None = None, conf_high: float | None = None) -> EValue:
    """Return the E-value of a risk ratio.

    A confounder must be associated with both group and outcome by a risk ratio of at least
    RR + √(RR(RR − 1)), beyond what was adjusted for, to explain the whole association; a ratio
    below 1 is inverted first (VanderWeele & Ding 2017, Ann Intern Med 167:268).

    Parameters
    ----------
    rr : float
        Risk ratio, above 0.
    conf_low, conf_high : float or None
        Its confidence limits; both or neither.

    Returns
    -------
    EValue
        For the estimate and for the nearer limit.

    Raises
    ------
    ValueError
        If a ratio is not above 0, only one limit is given, or they do not enclose the estimate.

    Examples
    --------
    >>> found = e_value(0.5, conf_low=0.3, conf_high=0.8)
    >>> round(found.point, 3), round(found.limit, 3)
    (3.414, 1.809)
    """
    if (conf_low is None) != (conf_high is None):
        raise ValueError("Give both confidence limits of the risk ratio or neither.")
    for value in (rr, conf_low, conf_high):
        if value is not None and not (math.isfinite(value) and value > 0):
            raise ValueError(f"A risk ratio and its limits must be above 0, got {value:g}.")
    if conf_low is None or conf_high is None:
        return EValue(point=_e(rr))
    if not conf_low <= rr <= conf_high:
        raise ValueError("The limits of the risk ratio must enclose it.")
    nearer = conf_low if rr > 1 else conf_high
    covers = conf_low <= 1 <= conf_high
    return EValue(point=_e(rr), limit=1.0 if covers else _e(nearer))


def _e(rr: float) -> float:
    ratio = max(rr, 1 / rr)
    return ratio + math.sqrt(ratio * (ratio - 1))


def e_value_d(d: float, std_error: float | None = None) -> EValue:
    """Return the E-value of a standardised mean difference, through its approximate risk ratio.

    RR ≈ exp(0.91 d) with limits exp(0.91 d ∓ 1.78 s_d) (VanderWeele & Ding 2017, Ann Intern Med
    167:268). The limits are those of a 95 % interval.

    Parameters
    ----------
    d : float
        Standardised mean difference.
    std_error : float or None
        Its standard error, at least 0.

    Returns
    -------
    EValue
        For the estimate and for the nearer limit.

    Raises
    ------
    ValueError
        If a value is not finite or the standard error is negative.

    Examples
    --------
    >>> round(e_value_d(-0.5, 0.1).point, 3)
    2.529
    """
    if not math.isfinite(d):
        raise ValueError(f"d must be finite, got {d}.")
    if std_error is None:
        return e_value(math.exp(0.91 * d))
    if not (math.isfinite(std_error) and std_error >= 0):
        raise ValueError(f"std_error must be at least 0, got {std_error}.")
    reach = 1.78 * std_error
    return e_value(
        math.exp(0.91 * d),
        conf_low=math.exp(0.91 * d - reach),
        conf_high=math.exp(0.91 * d + reach),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class RobustnessValue:
    """Share of residual variance a confounder must explain to overturn a coefficient.

    Parameters
    ----------
    estimate : float
        Partial R² with group and with outcome that brings the estimate to (1 − q) of itself.
    significance : float
        The same to bring the interval of the stated level to hold that value.
    partial_r2 : float
        Partial R² of the group with the outcome: a confounder that explains all of the outcome's
        residual variance needs this much of the group's.
    """

    estimate: float
    significance: float
    partial_r2: float


def robustness_value(
    t: float, df: float, *, q: float = 1.0, conf_level: float = 0.95
) -> RobustnessValue:
    """Return the robustness value of a regression coefficient.

    With f = q|t|/√df, RV = ½(√(f⁴ + 4f²) − f²); for significance f is lowered by
    t*(df − 1)/√(df − 1) and RV is 0 where nothing is left (Cinelli & Hazlett 2020, J R Stat Soc B
    82:39).

    Parameters
    ----------
    t : float
        Coefficient over its classical standard error.
    df : float
        Residual degrees of freedom, above 1.
    q : float
        Share of the estimate to be explained away, above 0.
    conf_level : float
        Level of the interval, in (0, 1).

    Returns
    -------
    RobustnessValue
        For the estimate, for its significance, and the partial R².

    Raises
    ------
    ValueError
        If a number is out of range.

    Examples
    --------
    >>> found = robustness_value(4.18445, 783)
    >>> round(found.estimate, 4), round(found.significance, 4), round(found.partial_r2, 4)
    (0.1388, 0.0763, 0.0219)
    """
    check.probability(conf_level, "conf_level")
    if not math.isfinite(t):
        raise ValueError(f"t must be finite, got {t}.")
    if not df > 1:
        raise ValueError(f"df must be above 1, got {df:g}.")
    if not q > 0:
        raise ValueError(f"q must be above 0, got {q:g}.")
    f = q * abs(t) / math.sqrt(df)
    critical = float(special.stdtrit(df - 1, 0.5 + conf_level / 2)) / math.sqrt(df - 1)
    return RobustnessValue(
        estimate=_rv(f), significance=_rv(f - critical), partial_r2=t * t / (t * t + df)
    )


def _rv(f: float) -> float:
    return 0.0 if f <= 0 else (math.sqrt(f**4 + 4 * f * f) - f * f) / 2


@dataclass(frozen=True, slots=True, kw_only=True)
class RosenbaumBounds:
    """Range of one-sided p-values at each strength of hidden bias.

    Parameters
    ----------
    gamma : tuple of float
        Largest odds ratio, within a pair, of being the treated one.
    p_low, p_high : tuple of float
        Smallest and largest p-value that such a bias allows.
    gamma_at_alpha : float
        Largest Γ at which the largest p-value stays at or below ``alpha``; 1 where even
        Γ = 1 does not reach it, infinite where none spoils it.
    alpha : float
        One-sided level.
    n : int
        Pairs whose difference is not zero.
    test : {"sign", "signed rank"}
        The test.
    """

    gamma: tuple[float, ...]
    p_low: tuple[float, ...]
    p_high: tuple[float, ...]
    gamma_at_alpha: float
    alpha: float
    n: int
    test: str


def rosenbaum_bounds(
    differences: npt.ArrayLike,
    *,
    test: Literal["sign", "signed rank"] = "signed rank",
    alternative: Literal["less", "greater"] = "less",
    gammas: Sequence[float] = (1.0, 1.5, 2.0, 3.0),
    alpha: float = 0.025,
) -> RosenbaumBounds:
    """Bound the p-value of matched pairs under hidden bias of odds Γ.

    Under a bias of at most Γ the chance that the treated pupil of a pair has the larger value lies
    between 1/(1 + Γ) and Γ/(1 + Γ). The sign test is bounded by two binomials, the signed-rank
    test by two normals with mean p Σr and variance p(1 − p) Σr² over the (mean) ranks r
    of |difference| (Rosenbaum 2002, Observational Studies). Zeros are left out.

    Parameters
    ----------
    differences : array-like of float, shape (n,)
        Treated minus comparison pupil of each matched pair.
    test : {"sign", "signed rank"}
        The test.
    alternative : {"less", "greater"}
        Direction of the claim: treated have lower or higher values.
    gammas : sequence of float
        Strengths of hidden bias, each at least 1.
    alpha : float
        One-sided level in (0, 1).

    Returns
    -------
    RosenbaumBounds
        Bounds and the largest tolerated Γ.

    Raises
    ------
    ValueError
        If an argument is out of range, or no difference is other than zero.

    Examples
    --------
    >>> found = rosenbaum_bounds([-3, -2, -2, -1, -4, -2, 1, -5], test="sign")
    >>> [round(p, 4) for p in found.p_high[:2]], round(found.gamma_at_alpha, 3)
    ([0.0352, 0.1064], 1.0)
    """
    check.choice(test, ("sign", "signed rank"), "test")
    check.choice(alternative, ("less", "greater"), "alternative")
    check.probability(alpha, "alpha")
    if not all(g >= 1 and math.isfinite(g) for g in gammas):
        raise ValueError("Each of gammas must be a finite number of at least 1.")
    values = np.asarray(differences, dtype=np.float64).ravel()
    if not np.isfinite(values).all():
        raise ValueError("differences must be finite; leave out pairs without both values.")
    values = values[values != 0] * (-1.0 if alternative == "less" else 1.0)
    if len(values) == 0:
        raise ValueError("No pair differs, so there is nothing to bound.")
    upper = _sign_p if test == "sign" else _rank_p
    return RosenbaumBounds(
        gamma=tuple(float(g) for g in gammas),
        p_low=tuple(upper(values, 1 / (1 + g)) for g in gammas),
        p_high=tuple(upper(values, g / (1 + g)) for g in gammas),
        gamma_at_alpha=_tolerated(lambda g: upper(values, g / (1 + g)) - alpha),
        alpha=alpha,
        n=len(values),
        test=test,
    )


def _sign_p(values: Floats, p: float) -> float:
    return float(special.bdtrc(int((values > 0).sum()) - 1, len(values), p))


def _rank_p(values: Floats, p: float) -> float:
    place, counts = np.unique(np.abs(values), return_inverse=True, return_counts=True)[1:]
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[place]  # tied values share their mean rank
    centred = ranks[values > 0].sum() - p * ranks.sum()
    return float(special.ndtr(-centred / math.sqrt(p * (1 - p) * (ranks**2).sum())))


def _tolerated(excess: Callable[[float], float]) -> float:
    """Return the Γ at which the excess of p over alpha becomes positive."""
    from scipy import optimize  # noqa: PLC0415 (importing the package must stay instant)

    if excess(1.0) > 0:
        return 1.0
    if excess(_LARGEST_GAMMA) <= 0:
        return math.inf
    return float(optimize.brentq(excess, 1.0, _LARGEST_GAMMA, xtol=1e-12, rtol=1e-14))
