"""Claim 4: did pupils change, and more than they would have anyway."""

from __future__ import annotations

from absence_risk.evaluation.cohorts import case_windows, registry_windows
from absence_risk.evaluation.estimate import estimate_change
from absence_risk.evaluation.prepost import PrePost
from absence_risk.evaluation.wellbeing import describe_wellbeing
from absence_risk.evaluation.windows import Windows

__all__ = [
    "PrePost",
    "Windows",
    "case_windows",
    "describe_wellbeing",
    "estimate_change",
    "registry_windows",
]
