"""How many pupils remain at each step, from the cases to the complete pairs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from absence_risk.evaluation.pairs import REASONS
from absence_risk.result import FlowStep

if TYPE_CHECKING:
    from absence_risk.evaluation.prepost import PrePost

__all__ = ["PAIRED", "flow_steps"]

PAIRED = "with a baseline and a follow-up"
"""What the flow calls complete pairs."""


def flow_steps(study: PrePost, name: str | None = None) -> tuple[FlowStep, ...]:
    """Count the pupils at each step.

    Parameters
    ----------
    study : PrePost
        The study.
    name : str or None
        Name of an outcome; all of them, each from the same cases on, if None.

    Returns
    -------
    tuple of FlowStep
        Cases, those left after each reason to drop one, per outcome those with a baseline and
        with both waves, then untreated pupils. Steps that lose nobody are kept.
    """
    steps = [FlowStep(step="cases", n=len(study.cases))]
    if "dropped" in study.cases.columns:
        left = study.cases["dropped"].fillna("")
        others = sorted(set(left) - {"", *study.steps})
        for reason, kept in {
            **study.steps,
            **{reason: f"not left out as: {reason}" for reason in others},
        }.items():
            left = left[left != reason]
            steps.append(FlowStep(step=kept, n=len(left)))
    for outcome in study.outcomes if name is None else (name,):
        reason = study.pairs(outcome).reason
        without = (reason == REASONS[1]) | (reason == REASONS[2])
        steps += [
            FlowStep(step=f"{outcome}: with a baseline", n=int((~without).sum())),
            FlowStep(step=f"{outcome}: {PAIRED}", n=int((reason == "").sum())),
        ]
    return (*steps, *_registry_steps(study))


def _registry_steps(study: PrePost) -> list[FlowStep]:
    if study.registry is None:
        return []
    keys = study.registry[study.id]
    steps = [
        FlowStep(step="pupils without a case at the time, compared with", n=int(keys.nunique()))
    ]
    if "later_case" in study.registry.columns:
        step = "of them with a team's work that began before their follow-up ended"
        later = keys[study.registry["later_case"].to_numpy(dtype=bool)]
        steps.append(FlowStep(step=step, n=int(later.nunique())))
    return steps
