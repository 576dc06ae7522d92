from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from absence_risk.result import Result


@pytest.fixture
def results() -> dict[str, Result]:
    """One result per claim, made by hand."""
    path = Path(__file__).with_name("example_results.py")
    spec = importlib.util.spec_from_file_location("example_results", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.all_results()
