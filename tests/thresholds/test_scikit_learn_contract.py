"""scikit-learn's own suite of checks, run on the estimators of this package."""

from __future__ import annotations

import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.utils.estimator_checks import check_estimator

from absence_risk.thresholds import CalibratedAlarm, KinkRegression, StepRegression

FEW_VALUES = "the check's first column has at most 4 values, which leave no place for a break"
BREAKS = dict.fromkeys(
    (
        "check_estimators_dtypes",
        "check_sample_weights_pandas_series",
        "check_sample_weights_not_an_array",
        "check_sample_weights_shape",
        "check_sample_weights_not_overwritten",
    ),
    FEW_VALUES,
)
NEEDS_A_SETTING = {"check_array_api_input"}  # SCIPY_ARRAY_API=1, outside of which it is skipped


def outcome(estimator, cannot):
    """Run all checks; those that cannot apply must fail, all others pass."""
    found = check_estimator(estimator, expected_failed_checks=cannot, on_skip=None)
    by_status: dict[str, set[str]] = {}
    for one in found:
        by_status.setdefault(one["status"], set()).add(one["check_name"])
    assert len(by_status["passed"]) > 30
    assert by_status.get("xfail", set()) == set(cannot)
    assert by_status.get("skipped", set()) <= NEEDS_A_SETTING
    assert set(by_status) <= {"passed", "xfail", "skipped"}


# They follow the contract without importing it, which scikit-learn warns of.
@pytest.mark.filterwarnings("ignore:Estimator .* does not inherit:UserWarning")
@pytest.mark.parametrize(
    # No share of rows is kept beside the break: the checks fit a dozen rows.
    "estimator",
    [KinkRegression(trim=0.0, replicates=19), StepRegression(trim=0.0)],
    ids=["kink", "step"],
)
def test_regressions_pass_every_check_that_can_apply(estimator):
    outcome(estimator, BREAKS)


# scikit-learn casts labels that are no numbers in one of its checks.
@pytest.mark.filterwarnings("ignore:invalid value encountered in cast:RuntimeWarning")
def test_a_calibrated_alarm_passes_every_check():
    outcome(CalibratedAlarm(LogisticRegression(), cv=2, replicates=20), {})
