"""Claim 2: is there a harm threshold; where should this municipality act."""

from absence_risk.thresholds.harm import harm_evidence
from absence_risk.thresholds.operating import operating_points

__all__ = ["harm_evidence", "operating_points"]
