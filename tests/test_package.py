"""The package as a newcomer meets it: quick to import, few names, each of them there."""

from __future__ import annotations

import subprocess
import sys

import pytest

import absence_risk

HEAVY = ("pandas", "numpy", "scipy", "matplotlib", "statsmodels", "duckdb", "pyarrow")


def test_importing_loads_no_heavy_library():
    code = f"import sys, absence_risk; print([m for m in {HEAVY!r} if m in sys.modules])"
    found = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True
    ).stdout
    assert found.strip() == "[]"


def test_there_are_at_most_25_public_names_and_each_one_loads():
    assert len(absence_risk.__all__) <= 25
    assert sorted(absence_risk.__all__) == absence_risk.__all__
    for name in absence_risk.__all__:
        assert getattr(absence_risk, name) is not None


def test_names_not_loaded_yet_are_listed():
    assert set(absence_risk.__all__) <= set(dir(absence_risk))


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'sorcery'"):
        absence_risk.sorcery  # noqa: B018


def test_a_claim_does_not_load_what_only_some_need():
    code = (
        "import sys, absence_risk as ar\n"
        "ar.escalation, ar.thresholds, ar.survival, ar.evaluation, ar.study\n"
        "print([m for m in ('matplotlib', 'statsmodels', 'jinja2', 'sklearn') if m in sys.modules])"
    )
    found = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True
    ).stdout
    assert found.strip() == "[]"
