from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from absence_risk.evaluation import Likert, PrePost, Rate, Selected

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


@pytest.fixture(scope="session")
def pupils_study() -> PrePost:
    """A study of 60 cases, 20 without a follow-up of wellbeing, and untreated pupils."""
    rng = np.random.default_rng(11)

    def pupils(first: int, n: int) -> pd.DataFrame:
        level = rng.beta(2, 10, n)
        before = np.clip(level + rng.normal(0, 0.05, n), 0, 1)
        return pd.DataFrame(
            {
                "pupil_key": np.arange(first, first + n),
                "municipality_key": rng.integers(0, 4, n),
                "before": before,
                "after": np.clip(level + rng.normal(0, 0.05, n), 0, 1),
            }
        )

    cases = pupils(0, 400).sort_values("before").tail(60).reset_index(drop=True)
    cases["wb0"] = rng.integers(4, 20, 60) / 4
    cases["wb1"] = np.where(np.arange(60) < 20, np.nan, rng.integers(4, 20, 60) / 4)
    return PrePost(
        cases,
        outcomes={
            "absence": Rate(pre="before", post="after"),
            "wellbeing": Likert(pre="wb0", post="wb1", low=1, high=5, reliability=0.84),
        },
        cluster="municipality_key",
        selection=Selected("absence", at_least=0.2),
        registry=pupils(1_000, 900),
    )


@pytest.fixture(scope="session")
def absence_change(pupils_study: PrePost) -> Result:
    return pupils_study.change("absence")


@pytest.fixture(scope="session")
def wellbeing_change(pupils_study: PrePost) -> Result:
    return pupils_study.change("wellbeing")
