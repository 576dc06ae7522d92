"""Values of the population for reliable change; the selected cases cannot give them."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import numpy as np

from absence_risk.errors import AssumptionWarning, DesignError
from absence_risk.evaluation.arms import selection_level, untreated
from absence_risk.evaluation.change import has_registry
from absence_risk.stats.reliable_change import Norms

if TYPE_CHECKING:
    from absence_risk.evaluation.prepost import PrePost
    from absence_risk.evaluation.responders_rule import ReliableChange

__all__ = ["norms_of"]

_POPULATION_FROM = 0.25


def norms_of(study: PrePost, name: str, rule: ReliableChange) -> tuple[Norms, str]:
    """Return the population values for a rule and where they come from.

    Parameters
    ----------
    study : PrePost
        The study.
    name : str
        Name of the outcome.
    rule : ReliableChange
        Its own values win over the outcome's, and these over the registry's.

    Returns
    -------
    norms : Norms
        The values.
    source : str
        A phrase.

    Raises
    ------
    DesignError
        If SD or reliability are not known in the population.
    """
    outcome = study.outcomes[name]
    fields = {n: getattr(rule, n) for n in Norms.__dataclass_fields__}
    told = {"reliability": outcome.reliability}
    if outcome.population is not None:
        told |= {"mean": outcome.population.mean, "sd": outcome.population.sd}
    fields = {n: told.get(n) if v is None else v for n, v in fields.items()}
    source = "values given for the population"
    if fields["sd"] is None or fields["reliability"] is None:
        found = _registry_norms(study, name)
        if found:
            fields = {n: found.get(n) if v is None else v for n, v in fields.items()}
            source = "mean, SD and correlation of the two windows in the registry"
    if fields["sd"] is None and rule.from_selected:
        warnings.warn(
            "The SD of the selected cases stands in for the population's; it is narrower, so more "
            "pupils seem to change reliably. Give sd=, or population= of the outcome.",
            AssumptionWarning,
            stacklevel=2,
        )
        fields["sd"] = float(np.nanstd(study.pairs(name).pre, ddof=1))
        source = "SD of the selected cases (too narrow), reliability as given"
    lacking = [n for n in ("sd", "reliability") if fields[n] is None]
    if lacking:
        raise DesignError(
            f"Reliable change of {name!r} needs the population's {' and '.join(lacking)}; the "
            "cases were selected and cannot give it. Give population= and reliability= of the "
            "outcome, or a registry that holds all pupils."
        )
    return Norms(**fields), source


def _registry_norms(study: PrePost, name: str) -> dict[str, float]:
    """Return mean, SD and correlation of a registry that holds all pupils, else nothing."""
    if not has_registry(study, name) or study.registry is None:
        return {}
    rule = study.selection
    if rule is not None:
        chosen_by = study.outcomes[rule.outcome]
        level = selection_level(rule, chosen_by, study.registry)
        level = level[~np.isnan(level)]
        healthy = chosen_by.low if rule.at_least is not None else chosen_by.high
        near = np.abs(level - healthy) < abs(rule.cut - healthy) / 2
        if len(level) == 0 or near.mean() < _POPULATION_FROM:
            return {}
    pairs = untreated(study, name, study.registry, all_levels=True)
    if len(pairs.pre) < 30 or pairs.pre.std() == 0 or pairs.post.std() == 0:
        return {}
    r = float(np.corrcoef(pairs.pre, pairs.post)[0, 1])
    if not 0 < r < 1:
        return {}
    return {
        "sd": float(pairs.pre.std(ddof=1)),
        "mean": float(pairs.pre.mean()),
        "reliability": r,
        "sd_post": float(pairs.post.std(ddof=1)),
        "mean_post": float(pairs.post.mean()),
        "reliability_post": r,
        "correlation": r,
    }
