"""When a pupil counts as a responder: named rules that sort pairs into classes."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from absence_risk import check
from absence_risk.errors import DesignError
from absence_risk.stats.reliable_change import (
    RULES,
    Norms,
    clinical_cut_off,
    linear_rule,
    rule_cut,
)

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = ["SIMPLE_RULES", "Classes", "ReliableChange", "reliable_classes", "simple_classes"]

SIMPLE_RULES = ("better", "halved", "past_cut")
_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class ReliableChange:
    """Reliable change by a named rule, with values of the population and not of the selected.

    Parameters
    ----------
    rule : {"JT", "GLN", "HLL", "EN", "NK", "HA", "HLM"}
        Named rule, as in ``absence_risk.stats.reliable_change.RULES``.
    cut : float or None
        Cut on the index, above 0; 1.96, or 1.65 for HA, if None.
    sd, mean, reliability : float or None
        Of the population at the baseline. If None: the outcome's own ``population`` and
        ``reliability``, then those of the registry, if that holds all pupils.
    sd_post, mean_post, reliability_post, correlation : float or None
        Of the second measure with no programme; some rules need them.
    cut_off : {"a", "b", "c"} or None
        Clinical cut-off; who changed reliably and passed it is called recovered.
    clinical, functional : (float, float) or None
        Mean and SD of the clinical and the functional population.
    from_selected : bool
        Take the SD of the cases themselves where no other is known; a warning is given, since it
        can double the share that seems improved.
    waves : tuple of str
        For HLM: columns of the outcome in three or more waves.
    times : tuple of float
        For HLM: times of the waves.

    Raises
    ------
    DesignError
        If HLM has fewer than three waves.
    ValueError
        If the rule or the cut-off is unknown, or the cut is not above 0.

    Examples
    --------
    >>> ReliableChange("JT").index_cut
    1.96
    """

    rule: str
    _: KW_ONLY
    cut: float | None = None
    sd: float | None = None
    mean: float | None = None
    reliability: float | None = None
    sd_post: float | None = None
    mean_post: float | None = None
    reliability_post: float | None = None
    correlation: float | None = None
    cut_off: Literal["a", "b", "c"] | None = None
    clinical: tuple[float, float] | None = None
    functional: tuple[float, float] | None = None
    from_selected: bool = False
    waves: tuple[str, ...] = ()
    times: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        """Check rule, cut and waves."""
        check.choice(self.rule, RULES, "rule")
        if self.cut is not None and not self.cut > 0:
            raise ValueError(f"cut must be above 0, got {self.cut:g}.")
        if self.cut_off is not None:
            clinical_cut_off(self.cut_off, clinical=self.clinical, functional=self.functional)
        if self.rule != "HLM":
            return
        if self.cut_off is not None:
            raise ValueError("HLM sorts by the slope alone; leave cut_off out or use another rule.")
        if len(self.waves) != len(self.times) or len(set(self.times)) < 3:
            raise DesignError(
                "HLM needs at least 3 waves: give waves=(columns) and times=(when), equally many. "
                "With 2 waves use JT."
            )

    @property
    def index_cut(self) -> float:
        """Cut on the index."""
        return rule_cut(self.rule) if self.cut is None else self.cut


@dataclass(frozen=True, eq=False, kw_only=True)
class Classes:
    """Ordered classes of response, from the worst to the best.

    Parameters
    ----------
    labels : tuple of str
        Names from the worst to the best.
    breaks : numpy.ndarray of float, shape (n, len(labels) - 1)
        Ascending limits of each pupil's measure after, times the sign; a limit belongs to the
        class above it.
    sign : float
        1 where a higher measure is better, else -1.
    """

    labels: tuple[str, ...]
    breaks: npt.NDArray[np.float64]
    sign: float

    def sort(self, after: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
        """Return the class of each pupil.

        Parameters
        ----------
        after : numpy.ndarray of float, shape (n,) or (n, m)
            Measures after; with two dimensions m possible ones for each pupil.

        Returns
        -------
        numpy.ndarray of int, same shape
            Place in ``labels``.
        """
        limits = self.breaks if after.ndim == 1 else self.breaks[:, None, :]
        return np.asarray((self.sign * after[..., None] >= limits).sum(axis=-1), dtype=np.int64)


def simple_classes(
    rule: str, before: npt.NDArray[np.float64], *, sign: float, cut: float | None
) -> Classes:
    """Return the classes of a rule that needs no norms.

    Parameters
    ----------
    rule : {"better", "halved", "past_cut"}
        Any change for the better; at most half of the level before; past the cut of selection.
    before : numpy.ndarray of float, shape (n,)
        Measure before.
    sign : float
        1 where higher is better, else -1.
    cut : float or None
        Cut by which the cases were chosen, for "past_cut".

    Returns
    -------
    Classes
        Two or three classes.

    Raises
    ------
    DesignError
        If "past_cut" has no cut.
    ValueError
        If the rule is unknown, or "halved" is asked where higher is better.
    """
    check.choice(rule, SIMPLE_RULES, "rule")
    level = sign * before
    if rule == "better":
        breaks = np.column_stack([level - _ROUNDING, level + _ROUNDING])
        return Classes(labels=("worse", "the same", "better"), breaks=breaks, sign=sign)
    if rule == "halved":
        if sign > 0:
            raise ValueError("'halved' is for outcomes where lower is better; use 'better'.")
        half = np.where(before > 0, level / 2 - _ROUNDING, np.inf)
        return Classes(labels=("not halved", "halved"), breaks=half[:, None], sign=sign)
    if cut is None:
        raise DesignError(
            "'past_cut' needs the cut by which the cases were chosen on this very outcome: give "
            "selection=Selected(...)."
        )
    limit = np.full((len(before), 1), sign * cut + _ROUNDING)
    return Classes(labels=("not past the cut", "past the cut"), breaks=limit, sign=sign)


def reliable_classes(
    rule: ReliableChange, norms: Norms, before: npt.NDArray[np.float64], *, sign: float
) -> Classes:
    """Return the classes of reliable change.

    Parameters
    ----------
    rule : ReliableChange
        Any rule but HLM.
    norms : Norms
        Population values.
    before : numpy.ndarray of float, shape (n,)
        Measure before.
    sign : float
        1 where higher is better, else -1.

    Returns
    -------
    Classes
        Worse, unchanged, improved; with a clinical cut-off recovered as well.

    Raises
    ------
    DesignError
        If the rule cannot be used with these norms.
    """
    line = linear_rule(rule.rule, norms)
    ends = [sign * line.after_at(sign * cut, before) for cut in (-rule.index_cut, rule.index_cut)]
    breaks = [ends[0] + _ROUNDING, ends[1] - _ROUNDING]
    labels: tuple[str, ...] = ("reliably worse", "unchanged", "reliably improved")
    if rule.cut_off is not None:
        limit = sign * clinical_cut_off(
            rule.cut_off,
            clinical=rule.clinical,
            functional=rule.functional,
            higher_is_better=sign > 0,
        )
        passed = np.where(sign * before < limit, np.maximum(breaks[1], limit - _ROUNDING), np.inf)
        breaks.append(passed)
        labels = (*labels[:2], "reliably improved, not recovered", "recovered")
    return Classes(labels=labels, breaks=np.column_stack(breaks), sign=sign)
