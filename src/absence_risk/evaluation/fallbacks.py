"""Benchmarks from a model of the population, for want of untreated pupils; each says so."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import special

from absence_risk.errors import DesignError
from absence_risk.evaluation.arms import cluster_codes, observed_pairs, selection_level
from absence_risk.evaluation.benchmarks import Against, difference
from absence_risk.evaluation.outcomes import Population
from absence_risk.evaluation.pairs import pair_outcome
from absence_risk.result import Estimate, Table
from absence_risk.stats.change import Expectation, mean_by_cluster
from absence_risk.stats.cr2 import fit_cr2
from absence_risk.stats.regression_to_mean import (
    beta_binomial_expected,
    fit_beta,
    insignificant_means,
    normal_regression,
    overdispersion_test,
)

if TYPE_CHECKING:
    import numpy.typing as npt

    from absence_risk.evaluation.pairs import Paired
    from absence_risk.evaluation.prepost import PrePost
    from absence_risk.evaluation.selection import Selected

__all__ = ["against_beta_binomial", "against_mee_chua", "against_normal"]

_FALLBACK = "A fallback, for want of untreated pupils over the same windows: "
_LEVEL = 0.05
_CHOSEN_BY_IT = (
    "The benchmark {benchmark!r} holds where pupils are chosen by the baseline of {name!r} itself. "
    "Here they are chosen by another measure: take benchmark='registry' or 'gap'."
)
_SPELLS = (
    "The two windows of the registry differ by more than independent days let them (p = {p:.2g}): "
    "absence comes in spells, or the season changed. A beta-binomial benchmark would then be "
    "further off than none. Take benchmark='registry'."
)


def against_normal(study: PrePost, name: str, *, by_pupil: bool) -> Against:
    """Take the regression to the mean of a normal population as the expected change.

    Parameters
    ----------
    study : PrePost
        The study, whose cases were chosen by the baseline.
    name : str
        Name of an outcome with reliability, and population or a registry of all levels.
    by_pupil : bool
        Whether pupils count as independent.

    Returns
    -------
    Against
        The benchmark; population figures are taken as known.

    Raises
    ------
    DesignError
        If pupils were chosen by something else, or the population is not known.
    """
    rule, cases = _chosen_by_baseline(study, name, "normal"), observed_pairs(study, name)
    population, reliability, origin = _population(study, name)
    back = normal_regression(
        rule.cut,
        mean=population.mean,
        between_sd=population.sd * reliability**0.5,
        within_sd=population.sd * (1 - reliability) ** 0.5,
        above=rule.at_least is not None,
    )
    rates = " Absence is skewed, and a normal model leaves part of the regression to the mean in."
    return Against(
        found=_shifted(study, cases, np.full(len(cases.pre), -back), by_pupil=by_pupil),
        benchmark_is=f"{_FALLBACK.lower()}regression to the mean of a normal population with mean "
        f"{population.mean:.4g}, SD {population.sd:.4g} and reliability {reliability:.3g} "
        f"({origin})",
        method="mean change less normal regression to the mean (Davis 1976, Am J Epidemiol "
        "104:493; Barnett et al. 2005, Int J Epidemiol 34:215), population figures taken as known",
        assumes=f"{_FALLBACK}levels and errors are normal, all above the cut are equally likely "
        "to be cases, and neither season nor age changes anything."
        + (rates if study.outcomes[name].unit == "share of school time" else ""),
    )


def against_beta_binomial(study: PrePost, name: str, *, by_pupil: bool) -> Against:
    """Take the expectation of a beta-binomial population, given days absent before.

    Parameters
    ----------
    study : PrePost
        The study, whose cases were chosen by the baseline, with a registry of all levels.
    name : str
        Name of a rate given as days and school days.
    by_pupil : bool
        Whether pupils count as independent.

    Returns
    -------
    Against
        The benchmark; the population is taken as known.

    Raises
    ------
    DesignError
        If there are no counts or no registry, or days are not independent.
    """
    _chosen_by_baseline(study, name, "beta_binomial")
    outcome, registry = study.outcomes[name], _all_levels(study, name)
    cases = observed_pairs(study, name)
    before = [outcome.counts(side.frame, "pre") for side in (registry, cases)]
    after = outcome.counts(registry.frame, "post")
    if before[0] is None or before[1] is None or after is None:
        raise DesignError(
            f"{name!r} must be given as days absent and school days in both windows, "
            "pre=('days', 'school_days'), for a beta-binomial benchmark."
        )
    test = overdispersion_test(
        np.column_stack([before[0][0], after[0]]), np.column_stack([before[0][1], after[1]])
    )
    if test.p_value < _LEVEL:
        raise DesignError(_SPELLS.format(p=test.p_value))
    everyone = [np.concatenate(both) for both in zip(*before, strict=True)]
    population = fit_beta(everyone[0], everyone[1])
    expected = beta_binomial_expected(*before[1], population) - cases.pre
    return Against(
        found=_shifted(study, cases, expected, by_pupil=by_pupil),
        benchmark_is=f"{_FALLBACK.lower()}what a Beta({population.a:.3g}, {population.b:.3g}) "
        "population would show in the next window, given days absent before",
        method="mean change less beta-binomial expectation (a + x)/(a + b + N), a and b by moments "
        f"of all pupils and taken as known; test of independent days: p = {test.p_value:.2g}",
        assumes=f"{_FALLBACK}days are independent and each pupil keeps one propensity. The test "
        "found nothing against it, which in a small registry says little.",
    )


def against_mee_chua(study: PrePost, name: str, *, by_pupil: bool) -> Against:
    """Ask at which population means the change would be significant.

    Parameters
    ----------
    study : PrePost
        The study.
    name : str
        Name of the outcome; its population gives the row "beyond", if it has one.
    by_pupil : bool
        Whether pupils count as independent.

    Returns
    -------
    Against
        The benchmark at the population mean where known, and the table "mee_chua".

    Raises
    ------
    DesignError
        If all cases had the same level before.
    """
    cases = observed_pairs(study, name)
    codes = cluster_codes(study, cases.frame, by_pupil=by_pupil)[0]
    population = study.outcomes[name].population
    centre = float(cases.pre.mean()) if population is None else population.mean
    if np.ptp(cases.pre) == 0:
        raise DesignError(f"All cases had the same {name} before, so no slope can be fitted.")
    X = np.column_stack([np.ones_like(cases.pre), cases.pre - centre])
    fit = fit_cr2(X, cases.post, codes)
    at = fit.contrast([1.0, 0.0])
    critical = float(special.stdtrit(at.df, 0.5 + study.conf_level / 2))
    # In terms of pre - centre the population mean is mu - centre, and so is the change tau.
    shifted = np.array([fit.coef[0] - centre, fit.coef[1]])
    gaps = insignificant_means(shifted, fit.covariance, critical)
    naive = mean_by_cluster(difference(cases), codes)
    unknown = (np.nan, np.nan, np.nan)
    beyond = unknown if population is None else (at.estimate - centre, at.std_error, at.df)
    expected = unknown if population is None else (naive[0] - beyond[0], np.nan, np.nan)
    return Against(
        found=Expectation.of(naive, expected, beyond),
        benchmark_is=f"{_FALLBACK.lower()}the line through before and after, read at the "
        "population mean" + (", which is not known" if population is None else f" {centre:.4g}"),
        method="after regressed on before less the population mean (Mee & Chua 1991, Am Stat "
        "45:39; Ostermann et al. 2008, BMC Med Res Methodol 8:52)",
        assumes=f"{_FALLBACK}the relation of before and after is a straight line down to the "
        "population mean, where there are hardly any cases, and the programme adds the same for "
        "everyone. The table says for which population means the change would not be significant.",
        tables=(_means_table(name, gaps, centre, n=len(cases.pre)),),
    )


def _means_table(
    name: str, gaps: tuple[tuple[float, float], ...], centre: float, *, n: int
) -> Table:
    rows = [
        Estimate(
            term="population means at which the change is not significant",
            conf_low=None if np.isinf(low) else low + centre,
            conf_high=None if np.isinf(high) else high + centre,
            n=n,
        )
        for low, high in gaps
    ]
    if not rows:
        rows = [Estimate(term="significant at every population mean", n=n)]
    return Table(
        name="mee_chua",
        title=f"Population means of {name} and the significance of the change",
        rows=tuple(rows),
        note="conf_low and conf_high are the ends of the range of population means; an empty end "
        "is unbounded.",
    )


def _shifted(
    study: PrePost, cases: Paired, expected: npt.NDArray[np.float64], *, by_pupil: bool
) -> Expectation:
    """Return observed, expected (taken as known) and beyond."""
    codes = cluster_codes(study, cases.frame, by_pupil=by_pupil)[0]
    change = difference(cases)
    return Expectation.of(
        mean_by_cluster(change, codes),
        (float(expected.mean()), np.nan, np.nan),
        mean_by_cluster(change - expected, codes),
    )


def _chosen_by_baseline(study: PrePost, name: str, benchmark: str) -> Selected:
    rule = study.selection
    if rule is None:
        raise DesignError(
            f"The benchmark {benchmark!r} needs the rule of selection: selection=Selected(...)."
        )
    if rule.outcome != name or rule.measure is not None:
        raise DesignError(_CHOSEN_BY_IT.format(benchmark=benchmark, name=name))
    return rule


def _all_levels(study: PrePost, name: str) -> Paired:
    """Return the complete pairs of a registry that holds pupils of all levels."""
    rule = study.selection
    if study.registry is None or not set(study.outcomes[name].columns()) <= set(
        study.registry.columns
    ):
        raise DesignError(
            f"Nothing tells the population of {name!r}. Give population= and reliability= of the "
            "outcome, or a registry of untreated pupils of all levels."
        )
    pairs = pair_outcome(study.registry, study.outcomes[name])
    pairs = pairs.only(pairs.complete)
    if rule is not None and len(pairs.pre):
        level = selection_level(rule, study.outcomes[name], pairs.frame)
        above = rule.at_least is not None
        mild = (level < rule.cut / 2) if above else (level > rule.cut)
        if mild.mean() < 0.5:
            raise DesignError(
                "The registry holds mostly pupils near the cut, so it does not tell the "
                f"population of {name!r}. Give all pupils, or population= and reliability=."
            )
    return pairs


def _population(study: PrePost, name: str) -> tuple[Population, float, str]:
    outcome = study.outcomes[name]
    if outcome.population is not None and outcome.reliability is not None:
        return outcome.population, outcome.reliability, "as given"
    registry, cases = _all_levels(study, name), observed_pairs(study, name)
    pre = np.concatenate([registry.pre, cases.pre])
    found = Population(mean=float(pre.mean()), sd=float(pre.std(ddof=1)))
    again = float(np.corrcoef(registry.pre, registry.post)[0, 1])
    reliability = outcome.reliability if outcome.reliability is not None else again
    if not 0 < reliability < 1:
        raise DesignError(
            f"In the registry {name!r} before and after correlate by {again:.2g}, which cannot be "
            "a reliability. Give reliability= of the outcome, or take benchmark='registry'."
        )
    return outcome.population or found, reliability, "from the registry and the cases"
