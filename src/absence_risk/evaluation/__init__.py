"""Claim 4: did pupils change, and more than they would have anyway."""

from __future__ import annotations

from absence_risk.evaluation.cautions import Caution
from absence_risk.evaluation.cohorts import case_windows, registry_windows
from absence_risk.evaluation.estimate import absence_study, estimate_change
from absence_risk.evaluation.outcomes import Likert, Population, Rate
from absence_risk.evaluation.pairs import pair_waves
from absence_risk.evaluation.prepost import PrePost
from absence_risk.evaluation.reporting import (
    cannot_carry,
    design_carries,
    tidier_table,
    trend_table,
)
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
    "cannot_carry",
    "case_windows",
    "describe_wellbeing",
    "design_carries",
    "estimate_change",
    "pair_waves",
    "registry_windows",
    "tidier_table",
    "trend_table",
]
