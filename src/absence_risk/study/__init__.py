"""The main job: one register through all four claims."""

from __future__ import annotations

from absence_risk.study.definitions import compare_definitions
from absence_risk.study.plan import StudyPlan
from absence_risk.study.run import StudyResult, run

__all__ = ["StudyPlan", "StudyResult", "compare_definitions", "run"]
