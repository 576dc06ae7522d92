"""Claim 3: how long until back in school, which endings, which relapses."""

from __future__ import annotations

from absence_risk.survival.history import case_history
from absence_risk.survival.incidence import cumulative_incidence
from absence_risk.survival.return_to_school import estimate_return
from absence_risk.survival.untreated import benchmark_history

__all__ = ["benchmark_history", "case_history", "cumulative_incidence", "estimate_return"]
