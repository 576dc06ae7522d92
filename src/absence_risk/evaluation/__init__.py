"""Claim 4: did pupils change, and more than they would have anyway."""

from __future__ import annotations

from absence_risk.evaluation.cautions import Caution
from absence_risk.evaluation.cohorts import case_windows, registry_windows
from absence_risk.evaluation.estimate import absence_study, estimate_change
from absence_risk.evaluation.outcomes import Likert, Population, Rate
from absence_risk.evaluation.pairs import pair_waves
from absence_risk.evaluation.prepost import PrePost
from absence_risk.evaluation.responders_rule import ReliableChange
from absence_risk.evaluation.selection import Selected
from absence_risk.evaluation.wellbeing import describe_wellbeing
from absence_risk.evaluation.windows import Windows

__all__ = [
    "Caution",
    "Likert",
    "Population",
    "PrePost",
    "Rate",
    "ReliableChange",
    "Selected",
    "Windows",
    "absence_study",
    "case_windows",
    "describe_wellbeing",
    "estimate_change",
    "pair_waves",
    "registry_windows",
]
