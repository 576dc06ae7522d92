"""What each analysis would say for a given number of cases, municipalities and answers."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from absence_risk import check
from absence_risk.errors import DesignError
from absence_risk.evaluation.design_check import DesignCheck
from absence_risk.evaluation.design_sizes import case_sizes, in_proportion
from absence_risk.evaluation.design_studies import COMPARE_FROM, Design, simulate
from absence_risk.evaluation.design_words import assumptions_of, tables_of, words_of
from absence_risk.evaluation.design_world import DesignWorld

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    import numpy.typing as npt

__all__ = ["check_design"]

_FEWEST_CASES = 10


def check_design(
    *,
    n: int,
    clusters: int | Sequence[int],
    cut: float,
    missing: float = 0.0,
    registry: int = 2_000,
    waiting: int | None = None,
    effect: float = -0.03,
    wellbeing_effect: float = 0.3,
    delta: float = 0.0,
    cluster_share: float = 0.10,
    window: int = 60,
    population: tuple[float, float] = (0.8, 10.6),
    spells: float | None = 25.0,
    season: float = 0.0,
    replicates: int = 1_000,
    conf_level: float = 0.95,
    random_state: int = 0,
) -> DesignCheck:
    """Try every analysis on simulated studies of one design, before anyone collects data.

    In each study pupils are chosen for high absence in one window and followed in another of the
    same length; nothing is done for them, and municipalities differ in how their pupils fare.

    Parameters
    ----------
    n : int
        Number of cases, at least 10.
    clusters : int or sequence of int
        Number of municipalities, with cases in proportion to 1, 2, 3, …; or cases in each.
    cut : float
        Pupils are chosen at or above this share of absence, in (0, 1).
    missing : float
        Share of cases without follow-up of wellbeing, in [0, 1); 0 leaves wellbeing out. Absence
        comes from the register and is followed up in all.
    registry : int
        Number of untreated pupils in the register, of all levels of absence; 0 if there is none.
    waiting : int or None
        Number of pupils on a waiting list, chosen by the same rule in the same municipalities;
        None for as many as cases, 0 if there is none.
    effect : float
        Change of absence beyond what would have happened anyway, as a share of school time, for
        which power is given; below 0 is less absence.
    wellbeing_effect : float
        The same for wellbeing, in standard deviations of the scale.
    delta : float
        How those whose wellbeing is missing differ, in standard deviations, from others alike
        before.
    cluster_share : float
        Share of the variance of change that lies between municipalities, in [0, 1).
    window : int
        School days in each window.
    population : (float, float)
        Parameters of the Beta distribution of pupils' propensity to be absent; the default has
        mean 7 % and 25 % of pupils above 10 %.
    spells : float or None
        Clustering of absent days within a window (kappa of a beta-binomial distribution; smaller
        is more); None for independent days.
    season : float
        Log odds of absence at follow-up above those before.
    replicates : int
        Number of simulated studies.
    conf_level : float
        Confidence level in (0, 1); tests have level 1 − conf_level.
    random_state : int
        Seed.

    Returns
    -------
    DesignCheck
        Bias, coverage, type I error, power and smallest change found of each analysis.

    Raises
    ------
    DesignError
        If the design cannot be evaluated at all: one municipality, fewer than 10 cases, hardly
        anybody above the cut, too small a registry.
    ValueError
        If an argument is out of range.

    Examples
    --------
    >>> found = check_design(n=60, clusters=3, cut=0.15, missing=0.4, replicates=200)
    >>> naive = found.figure("paired t test, pupils independent", "type I error")
    >>> honest = found.figure("registry regression, CR2", "type I error")
    >>> naive.estimate > 0.8, honest.estimate < 0.12
    (True, True)
    """
    _check_figures(
        effect=effect,
        wellbeing_effect=wellbeing_effect,
        delta=delta,
        season=season,
        population=population,
        spells=spells,
    )
    sizes = _cases(n, clusters)
    world = DesignWorld(
        window=check.positive_int(window, "window"),
        cut=check.probability(cut, "cut"),
        a=population[0],
        b=population[1],
        kappa=spells,
        season=season,
    )
    design = Design(
        world=world,
        cases=sizes,
        others=_untreated(world, _whole(registry, "registry"), sizes),
        waiting=_waiting(n if waiting is None else _whole(waiting, "waiting"), sizes),
        cluster_share=_below_one(cluster_share, "cluster_share"),
        missing=_below_one(missing, "missing"),
        delta=delta,
    )
    count = check.positive_int(replicates, "replicates")
    if count < 100:
        raise ValueError(f"replicates must be at least 100 to mean anything, got {count}.")
    level = check.probability(conf_level, "conf_level")
    found = simulate(design, count, check.seed(random_state))
    tables = tables_of(found, effect=effect, wellbeing_effect=wellbeing_effect, conf_level=level)
    sentence, reasons = words_of(tables, n=n, clusters=len(sizes), effect=effect, conf_level=level)
    return DesignCheck(
        n=n,
        clusters=tuple(sizes.tolist()),
        replicates=count,
        tables=tables,
        sentence=sentence,
        reasons=reasons,
        assumptions=assumptions_of(design),
        conf_level=level,
        method="simulation of chosen pupils, untreated pupils and answers; estimators as in "
        "PrePost.change, computed for all studies at once",
    )


def _check_figures(
    *,
    effect: float,
    wellbeing_effect: float,
    delta: float,
    season: float,
    population: tuple[float, float],
    spells: float | None,
) -> None:
    named = {"wellbeing_effect": wellbeing_effect, "delta": delta, "season": season}
    for name, value in named.items():
        if not math.isfinite(value):
            raise ValueError(f"{name} must be a number, got {value}.")
    if not -1 <= effect <= 1 or effect == 0 or wellbeing_effect == 0:
        hint = f" Did you mean {effect / 100:g}?" if 1 < abs(effect) <= 100 else ""
        raise ValueError(
            f"effect must be a change of a share between -1 and 1 and not 0 (and wellbeing_effect "
            f"not 0), got {effect:g} and {wellbeing_effect:g}.{hint}"
        )
    if len(population) != 2 or not all(0 < value < math.inf for value in population):
        raise ValueError(f"population must be two numbers above 0, got {population!r}.")
    if spells is not None and not 0 < spells < math.inf:
        raise ValueError(f"spells must be above 0, or None for independent days, got {spells:g}.")


def _whole(value: int, name: str) -> int:
    return check.seed(value, name)


def _below_one(value: float, name: str) -> float:
    if check.proportion(value, name) == 1:
        raise ValueError(f"{name} must lie below 1, got 1.")
    return float(value)


def _cases(n: int, clusters: int | Sequence[int]) -> npt.NDArray[np.int64]:
    if check.positive_int(n, "n") < _FEWEST_CASES:
        raise DesignError(f"At least {_FEWEST_CASES} cases are needed, got n={n}.")
    return case_sizes(n, clusters)


def _untreated(
    world: DesignWorld, registry: int, sizes: npt.NDArray[np.int64]
) -> npt.NDArray[np.int64] | None:
    if registry == 0:
        return None
    alike = round(registry * world.share_above(COMPARE_FROM * world.cut))
    if alike < max(_FEWEST_CASES, len(sizes)):
        raise DesignError(
            f"Of {registry} untreated pupils about {alike} have half the absence of the cut or "
            "more: too few to say what would have happened. Give a larger registry, or 0."
        )
    return in_proportion(alike, sizes)


def _waiting(number: int, sizes: npt.NDArray[np.int64]) -> npt.NDArray[np.int64] | None:
    if number == 0:
        return None
    if number < max(_FEWEST_CASES, len(sizes)):
        raise DesignError(
            f"A waiting list of {number} is too short to compare with; it needs "
            f"{max(_FEWEST_CASES, len(sizes))} pupils, one in each municipality. Or give 0."
        )
    return in_proportion(number, sizes)
