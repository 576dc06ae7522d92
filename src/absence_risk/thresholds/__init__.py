"""Claim 2: is there a harm threshold; where should this municipality act."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from absence_risk.thresholds.alarm_sample import LaterAbsence
from absence_risk.thresholds.calibration import calibrate_threshold
from absence_risk.thresholds.dose_response import dose_response
from absence_risk.thresholds.harm import harm_evidence
from absence_risk.thresholds.local_thresholds import Prior
from absence_risk.thresholds.operating import operating_points
from absence_risk.thresholds.regressors import KinkRegression, StepRegression

if TYPE_CHECKING:
    from absence_risk.thresholds.model_alarm import CalibratedAlarm

__all__ = [
    "CalibratedAlarm",
    "KinkRegression",
    "LaterAbsence",
    "Prior",
    "StepRegression",
    "calibrate_threshold",
    "dose_response",
    "harm_evidence",
    "operating_points",
]


def __getattr__(name: str) -> Any:
    """Load what needs scikit-learn when it is first used."""
    if name != "CalibratedAlarm":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        from absence_risk.thresholds.model_alarm import CalibratedAlarm  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "CalibratedAlarm needs scikit-learn: pip install 'absence_risk[models]'."
        ) from error
    return CalibratedAlarm
