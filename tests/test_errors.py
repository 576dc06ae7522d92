from __future__ import annotations

import pickle

import pytest

from absence_risk import errors
from absence_risk.errors import Problem, SchemaError

ROW = Problem(
    code="E202",
    table="registers",
    message="Too many minutes.",
    fix="Correct them.",
    column="valid_min",
    file="registers.csv",
    line=12,
    n_rows=3,
)
WARNING = Problem(code="W501", table="registers", message="Little reported.", fix="Ask.")


def test_a_problem_says_what_where_and_what_to_do():
    assert str(ROW) == (
        "E202 registers.csv:12, column valid_min (3 rows): Too many minutes. Correct them."
    )
    assert str(WARNING) == "W501 registers: Little reported. Ask."


def test_warnings_do_not_block():
    assert ROW.blocks
    assert not WARNING.blocks
    assert Problem(code="P901", table="pupils", message="Identity.", fix="Remove.").blocks


def test_schema_error_lists_all_problems_and_survives_pickling():
    error = SchemaError([ROW, WARNING])
    assert str(ROW) in str(error)
    assert str(WARNING) in str(error)
    assert str(error).startswith("The register has 2 problems:")
    assert str(SchemaError([ROW])).startswith("The register has 1 problem:")
    copy = pickle.loads(pickle.dumps(error))
    assert copy.problems == error.problems
    assert str(copy) == str(error)


@pytest.mark.parametrize(
    ("kind", "also"),
    [
        (errors.SchemaError, ValueError),
        (errors.DesignError, ValueError),
        (errors.PolicyError, ValueError),
        (errors.EstimationError, RuntimeError),
    ],
)
def test_errors_are_both_ours_and_builtin(kind, also):
    assert issubclass(kind, errors.AbsenceRiskError)
    assert issubclass(kind, also)


@pytest.mark.parametrize("kind", [errors.AssumptionWarning, errors.SmallCountWarning])
def test_warnings_have_one_root(kind):
    assert issubclass(kind, errors.AbsenceRiskWarning)
    assert issubclass(kind, UserWarning)


def test_every_public_name_exists():
    for name in errors.__all__:
        assert hasattr(errors, name)
