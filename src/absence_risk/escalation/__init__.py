"""Claim 1: does early valid absence precede later invalid absence."""

from __future__ import annotations

from absence_risk.escalation.estimate import estimate_escalation

__all__ = ["estimate_escalation"]
