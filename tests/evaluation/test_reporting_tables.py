from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from absence_risk.evaluation import Likert, PrePost, Rate, Selected
from absence_risk.evaluation.reporting import (
    TO_BE_FILLED_IN,
    cannot_carry,
    design_carries,
    tidier_table,
    trend_table,
)


def _study(registry: bool = True) -> PrePost:
    rng = np.random.default_rng(6)

    def pupils(first: int, n: int, low: float) -> pd.DataFrame:
        return pd.DataFrame(
            {
                "pupil_key": np.arange(first, first + n), "municipality_key": np.arange(n) % 3,
                "before": rng.uniform(low, 0.5, n), "after": rng.uniform(0, 0.5, n),
                "s0": rng.uniform(1, 5, n), "s1": rng.uniform(1, 5, n),
            }
        )  # fmt: skip

    return PrePost(
        pupils(0, 40, 0.2),
        outcomes={
            "absence": Rate(pre="before", post="after"),
            "wellbeing": Likert(pre="s0", post="s1", low=1, high=5, instrument="KIDSCREEN-10",
                                language="da", reliability=0.8),
        },
        cluster="municipality_key",
        selection=Selected("absence", at_least=0.2, window="2024-09/2024-11"),
        registry=pupils(100, 300, 0.0)[["pupil_key", "municipality_key", "before", "after"]]
        if registry
        else None,
    )  # fmt: skip


def test_trend_has_22_items_and_fills_what_the_data_know() -> None:
    study = _study()
    table = trend_table(study, study.change("absence"))
    frame = table.frame()
    assert frame["number"].tolist() == [str(k) for k in range(1, 23)]
    filled = dict(zip(frame["number"], frame["text"], strict=True))
    assert "absence at least 0.2" in filled["3"]
    assert "Not randomised" in filled["8"]
    assert "3 groups" in filled["10"]
    assert "n = 40" in filled["14"]
    assert "beyond it" in filled["17"]
    assert "KIDSCREEN-10 was taken off" in filled["20"]
    for number in ("1", "2", "4", "5", "9", "19", "22"):
        assert number in table.open
        assert filled[number] == TO_BE_FILLED_IN
    json.dumps(table.to_dict())


def test_items_on_results_stay_open_without_a_result() -> None:
    before = trend_table(_study()).open
    after = trend_table(_study(), _study().change("absence")).open
    assert set(before) - set(after) == {"11", "15", "16", "17", "18"}


def test_notes_fill_items_and_strange_numbers_are_refused() -> None:
    table = tidier_table(notes={"1": "Team", "10": "Changed in 2022"})
    assert len(table.items) == 12
    assert table.items[9].text == "Changed in 2022"
    assert "10" not in table.open
    with pytest.raises(ValueError, match="numbered 1 to 12, got 13"):
        tidier_table(notes={"13": "x"})


def test_the_design_line_grows_with_the_design() -> None:
    assert "nothing about what brought the change" in design_carries(_study(registry=False))
    assert "modning" in design_carries(_study())
    assert "afprøvning" in design_carries(_study())
    for registry in (True, False):
        assert "effect" not in design_carries(_study(registry))


def test_what_cannot_be_carried_names_motivation_measures_and_missing_comparison() -> None:
    with_registry, alone = cannot_carry(_study()), cannot_carry(_study(registry=False))
    claims = " ".join(item.name for item in with_registry.items)
    assert "motivation" in claims
    assert "several measures" in claims
    assert len(alone.items) == len(with_registry.items) + 1
