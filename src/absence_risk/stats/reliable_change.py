"""Reliable change of single pupils, by each of the named rules, and clinical cut-offs."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from absence_risk import check
from absence_risk.errors import DesignError

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = [
    "RULES",
    "LinearRule",
    "Norms",
    "clinical_cut_off",
    "linear_rule",
    "own_slopes",
    "rule_cut",
]

RULES = {
    "JT": "Jacobson & Truax 1991, J Consult Clin Psychol 59:12",
    "GLN": "Gulliksen, Lord & Novick, as in Hsu 1989, Behav Assess 11:459",
    "HLL": "Hsu, Linn & Lord, as in Hsu 1989, Behav Assess 11:459; SD before in the denominator",
    "EN": "Edwards & Nunnally, as in Speer 1992, J Consult Clin Psychol 60:402",
    "NK": "Nunnally & Kotsch 1983, Br J Clin Psychol 22:83",
    "HA": "Hageman & Arrindell 1999, Behav Res Ther 37:1169",
    "HLM": "slope of the pupil over its standard error, after Speer & Greenbaum 1995, "
    "J Consult Clin Psychol 63:1044",
}
_NEEDED = {
    "JT": (),
    "GLN": ("mean",),
    "HLL": ("mean", "mean_post"),
    "EN": ("mean",),
    "NK": ("mean", "reliability_post"),
    "HA": ("mean", "mean_post", "sd_post", "reliability_post", "correlation"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Norms:
    """What is known of a scale in the population the pupils come from, not in the selected.

    Parameters
    ----------
    sd : float
        Standard deviation at the first measure, above 0.
    reliability : float
        Reliability of the first measure, in (0, 1).
    mean : float or None
        Mean at the first measure.
    sd_post, reliability_post, mean_post : float or None
        The same at the second measure with no programme.
    correlation : float or None
        Correlation of the two measures with no programme; the root of the product of the
        reliabilities (a stable true score) where it is None and needed for a null rate.

    Raises
    ------
    ValueError
        If a standard deviation is not positive, a reliability not in (0, 1), or the correlation
        not in (-1, 1).
    """

    sd: float
    reliability: float
    mean: float | None = None
    sd_post: float | None = None
    reliability_post: float | None = None
    mean_post: float | None = None
    correlation: float | None = None

    def __post_init__(self) -> None:
        """Check every field."""
        for name in ("sd", "sd_post"):
            value = getattr(self, name)
            if value is not None and not (math.isfinite(value) and value > 0):
                raise ValueError(f"{name} must be above 0, got {value:g}.")
        for name in ("reliability", "reliability_post"):
            if getattr(self, name) is not None:
                check.probability(getattr(self, name), name)
        if self.correlation is not None and not -1 < self.correlation < 1:
            raise ValueError(f"correlation must lie between -1 and 1, got {self.correlation:g}.")

    @property
    def error_sd(self) -> float:
        """Standard error of measurement S_E = sd sqrt(1 - reliability)."""
        return self.sd * math.sqrt(1 - self.reliability)


@dataclass(frozen=True, slots=True, kw_only=True)
class LinearRule:
    """An index that is linear in the two measures: constant + before b + after a.

    Parameters
    ----------
    constant, before, after : float
        Coefficients; ``after`` is positive.
    """

    constant: float
    before: float
    after: float

    def index(
        self, before: npt.NDArray[np.float64], after: npt.NDArray[np.float64]
    ) -> npt.NDArray[np.float64]:
        """Return the index of each pupil; a rise of the scale gives a positive value.

        Parameters
        ----------
        before, after : numpy.ndarray of float, shape (n,)
            Measures.

        Returns
        -------
        numpy.ndarray of float, shape (n,)
            Index, missing where a measure is.

        Examples
        --------
        >>> rule = linear_rule("JT", Norms(sd=7.5, reliability=0.8))
        >>> rule.index(np.array([47.5]), np.array([32.5])).round(2).tolist()
        [-3.16]
        """
        return self.constant + self.before * before + self.after * after

    def after_at(self, index: float, before: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Return the measure after at which the index takes a value.

        Parameters
        ----------
        index : float
            Value of the index.
        before : numpy.ndarray of float, shape (n,)
            Measures before.

        Returns
        -------
        numpy.ndarray of float, shape (n,)
            Measures after.

        Examples
        --------
        >>> rule = LinearRule(constant=0.0, before=-2.0, after=2.0)
        >>> rule.after_at(1.96, np.array([1.0])).tolist()
        [1.98]
        """
        return np.asarray((index - self.constant - self.before * before) / self.after)


def rule_cut(rule: str) -> float:
    """Return the usual cut of a rule: 1.65 for HA, else 1.96.

    Parameters
    ----------
    rule : str
        Key of ``RULES``.

    Returns
    -------
    float
        Cut on the index.

    Examples
    --------
    >>> rule_cut("JT"), rule_cut("HA")
    (1.96, 1.65)
    """
    check.choice(rule, RULES, "rule")
    return 1.65 if rule == "HA" else 1.96


def linear_rule(rule: str, norms: Norms) -> LinearRule:
    """Return the coefficients of a named rule for two measures.

    With S_E = s1 sqrt(1 - r), x before and y after:
    JT (y - x)/(sqrt(2) S_E); GLN [(y - M1) - r (x - M1)]/(s1 sqrt(1 - r^2));
    HLL [(y - M2) - r (x - M1)]/(s1 sqrt(1 - r^2)); EN [y - (r (x - M1) + M1)]/S_E;
    NK [y - (r (x - M1) + M1)]/sqrt(r^2 s1^2 (1 - r) + s1^2 (1 - r2));
    HA [(y - x) r_dd + (M2 - M1)(1 - r_dd)]/(sqrt(r_dd) sqrt(2) S_E) with r_dd the reliability of
    the difference, (s1^2 r1 + s2^2 r2 - 2 s1 s2 c)/(s1^2 + s2^2 - 2 s1 s2 c). Sources in ``RULES``.

    Parameters
    ----------
    rule : str
        One of JT, GLN, HLL, EN, NK, HA.
    norms : Norms
        Population values; HLL and HA need the second measure's too.

    Returns
    -------
    LinearRule
        Coefficients.

    Raises
    ------
    ValueError
        If the rule is unknown or needs a population value that is not given.
    DesignError
        If the rule is HLM, which needs three measures, or the difference is not reliable at all.

    Examples
    --------
    >>> round(linear_rule("JT", Norms(sd=2.0, reliability=0.875)).after, 6)
    1.0
    """
    check.choice(rule, RULES, "rule")
    if rule == "HLM":
        raise DesignError(
            "HLM classifies by a pupil's slope and needs at least 3 measures; with 2 use JT."
        )
    lacking = [name for name in _NEEDED[rule] if getattr(norms, name) is None]
    if lacking:
        raise ValueError(f"Rule {rule} needs the population's {', '.join(lacking)}.")
    s, r, error = norms.sd, norms.reliability, norms.error_sd
    if rule == "JT":
        return LinearRule(constant=0.0, before=-1 / (2**0.5 * error), after=1 / (2**0.5 * error))
    if rule == "HA":
        return _hageman_arrindell(norms)
    mean = _known(norms.mean)
    target = _known(norms.mean_post) if rule == "HLL" else mean
    spread = {"GLN": s * math.sqrt(1 - r**2), "HLL": s * math.sqrt(1 - r**2), "EN": error}.get(rule)
    if spread is None:
        spread = s * math.sqrt(r**2 * (1 - r) + 1 - _known(norms.reliability_post))
    return LinearRule(constant=(r * mean - target) / spread, before=-r / spread, after=1 / spread)


def _hageman_arrindell(norms: Norms) -> LinearRule:
    s1, s2 = norms.sd, _known(norms.sd_post)
    shared = 2 * s1 * s2 * _known(norms.correlation)
    true = s1**2 * norms.reliability + s2**2 * _known(norms.reliability_post) - shared
    if true <= 0:
        raise DesignError(
            "The reliability of the difference is not positive, so HA cannot tell change from "
            "error: the correlation of before and after is as high as the reliabilities. Use JT."
        )
    ratio = true / (s1**2 + s2**2 - shared)
    scale = math.sqrt(2 * ratio) * norms.error_sd
    drift = (_known(norms.mean_post) - _known(norms.mean)) * (1 - ratio)
    return LinearRule(constant=drift / scale, before=-ratio / scale, after=ratio / scale)


def _known(value: float | None) -> float:
    assert value is not None  # checked by linear_rule
    return value


def own_slopes(
    times: npt.NDArray[np.float64], values: npt.NDArray[np.float64]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return each pupil's own least-squares slope over its standard error, and the slopes.

    The residual variance is pooled over pupils, since three measures leave a pupil one degree of
    freedom. The slope is not shrunk to the group's: a pupil is held against no change at all.

    Parameters
    ----------
    times : numpy.ndarray of float, shape (w,)
        Times of the waves, at least three different ones.
    values : numpy.ndarray of float, shape (n, w)
        Measures; missing allowed. A pupil with fewer than two has no slope.

    Returns
    -------
    index, slope : numpy.ndarray of float, shape (n,)
        Slope over its standard error, and slope per unit of time; missing without two measures.

    Raises
    ------
    DesignError
        If there are fewer than three waves, or no pupil has three measures.

    Examples
    --------
    >>> index, slope = own_slopes(np.arange(3.0), np.array([[1.0, 2, 3.1], [2, 2.2, 1.9]]))
    >>> slope.round(3).tolist()
    [1.05, -0.05]
    """
    if len(np.unique(times)) < 3:
        raise DesignError("HLM needs at least 3 waves at different times; with 2 use JT.")
    seen = np.isfinite(values)
    count = seen.sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        centred = np.where(seen, times - (seen * times).sum(1, keepdims=True) / count[:, None], 0.0)
        spread = (centred**2).sum(axis=1)
        filled = np.where(seen, values, 0.0)
        level = filled.sum(axis=1) / count
        slope = np.where(count >= 2, (centred * filled).sum(axis=1) / spread, np.nan)
    fit = level[:, None] + slope[:, None] * centred
    squares = np.where(seen & (count >= 3)[:, None], values - fit, 0.0) ** 2
    df = int((count[count >= 3] - 2).sum())
    if df == 0:
        raise DesignError("No pupil has 3 measures, so a slope has no standard error; use JT.")
    with np.errstate(invalid="ignore", divide="ignore"):
        error = np.sqrt(squares.sum() / df / spread)
    return np.asarray(slope / error), slope


def clinical_cut_off(
    kind: Literal["a", "b", "c"],
    *,
    clinical: tuple[float, float] | None = None,
    functional: tuple[float, float] | None = None,
    higher_is_better: bool = True,
) -> float:
    """Return the point at which a pupil has left the clinical range.

    a: two SD from the clinical mean towards the functional side; b: within two functional SD of
    the functional mean; c: where both lie equally many own SD away, (s0 M1 + s1 M0)/(s0 + s1)
    (Jacobson & Truax 1991, J Consult Clin Psychol 59:12).

    Parameters
    ----------
    kind : {"a", "b", "c"}
        Which cut-off.
    clinical, functional : (float, float) or None
        Mean and SD of the clinical and of the functional population; a needs the first, b the
        second, c both.
    higher_is_better : bool
        Direction of the scale.

    Returns
    -------
    float
        Cut-off in scale points.

    Raises
    ------
    ValueError
        If the kind is unknown or a population it needs is not given.

    Examples
    --------
    >>> clinical_cut_off("c", clinical=(40.0, 7.5), functional=(60.0, 7.5))
    50.0
    """
    check.choice(kind, ("a", "b", "c"), "cut_off")
    sign = 1.0 if higher_is_better else -1.0
    if kind in ("a", "c") and clinical is None:
        raise ValueError(f"Cut-off {kind} needs mean and SD of the clinical population.")
    if kind in ("b", "c") and functional is None:
        raise ValueError(f"Cut-off {kind} needs mean and SD of the functional population.")
    if kind == "a" and clinical is not None:
        return clinical[0] + sign * 2 * clinical[1]
    if functional is None:
        raise ValueError(f"Cut-off {kind} needs mean and SD of the functional population.")
    if kind == "b" or clinical is None:
        return functional[0] - sign * 2 * functional[1]
    return (clinical[1] * functional[0] + functional[1] * clinical[0]) / (
        clinical[1] + functional[1]
    )
