"""Claim 2: is there a harm threshold; where should this municipality act."""

from absence_risk.thresholds.alarm_sample import LaterAbsence
from absence_risk.thresholds.calibration import calibrate_threshold
from absence_risk.thresholds.harm import harm_evidence
from absence_risk.thresholds.local_thresholds import Prior
from absence_risk.thresholds.operating import operating_points
from absence_risk.thresholds.regressors import KinkRegression, StepRegression

__all__ = [
    "KinkRegression",
    "LaterAbsence",
    "Prior",
    "StepRegression",
    "calibrate_threshold",
    "harm_evidence",
    "operating_points",
]
