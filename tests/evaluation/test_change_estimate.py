from __future__ import annotations

import json
import pickle
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from absence_risk.errors import DesignError
from absence_risk.evaluation import PrePost, absence_study, estimate_change
from absence_risk.evaluation.verdict import decide
from absence_risk.result import Estimate

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


def _pupils(seed: int, n: int, first: int = 1, schools: int = 8) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "pupil_key": np.arange(first, first + n),
            "school_key": rng.integers(schools, size=n),
            "cohort": rng.choice([202510, 202511], size=n),
            "before": rng.uniform(0.02, 0.4, n),
            "after": rng.uniform(0.0, 0.4, n),
            "alarm_total": rng.uniform(0.1, 0.6, n),
            "alarm_invalid": rng.uniform(0.0, 0.1, n),
        }
    )


def _study(**changes: Any) -> PrePost:
    cases = changes.pop("cases", _pupils(1, 50).assign(dropped=""))
    registry = changes.pop("registry", _pupils(2, 400, first=1_000))
    return absence_study(cases, registry, **changes)


def test_result_is_complete_plain_and_frozen(municipality: Callable[..., Any]) -> None:
    world = municipality(1)
    found = estimate_change(world.cube, world.cases, world.pupils)
    assert pickle.loads(pickle.dumps(found)) == found
    json.dumps(found.to_dict(), allow_nan=False)
    assert found.estimand.id == "wellbeing.absence_change_beyond"
    assert found.tidy()["term"].tolist() == [
        "observed change",
        "expected with no programme (benchmark)",
        "beyond the benchmark",
    ]
    difference = found.estimate.estimate - found.benchmark.estimate
    assert found.beyond.estimate == pytest.approx(difference, abs=1e-12)
    assert "effect" not in found.verdict.sentence
    numbers = [step.n for step in found.flow[:8]]
    assert numbers == sorted(numbers, reverse=True)
    assert found.n == numbers[-1]


def test_the_observed_change_is_the_mean_of_the_differences() -> None:
    study = _study()
    cases = study.cases
    found = study.change("absence")
    assert found.estimate.estimate == pytest.approx((cases["after"] - cases["before"]).mean())
    less = study.responders("absence").rows[0]
    assert less.n_events == (cases["after"] < cases["before"]).sum()
    assert less.estimate == pytest.approx(less.n_events / 50)


def test_order_of_rows_changes_nothing() -> None:
    first = _study()
    second = _study(
        cases=first.cases.sample(frac=1, random_state=1),
        registry=first.registry.sample(frac=1, random_state=2),
    )
    one, two = first.change("absence"), second.change("absence")
    assert two.beyond.estimate == pytest.approx(one.beyond.estimate, abs=1e-12)
    assert two.beyond.std_error == pytest.approx(one.beyond.std_error, rel=1e-9)


def test_one_school_falls_back_to_pupils_and_says_so() -> None:
    study = _study(
        cases=_pupils(1, 50).assign(dropped="", school_key=3),
        registry=_pupils(2, 400, first=1_000).assign(school_key=3),
    )
    found = study.change("absence")
    assert "one school only" in found.method
    assert found.tidy()["std_error"].iloc[0] == pytest.approx(
        (study.used["after"] - study.used["before"]).std(ddof=1) / 50**0.5
    )


def test_dropped_cases_do_not_count_but_stay_in_the_flow() -> None:
    cases = _pupils(1, 50).assign(dropped=["not started by the team"] * 20 + [""] * 30)
    steps = _study(cases=cases).flow()
    assert [step.n for step in steps[:4]] == [50, 50, 30, 30]


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"registry": _pupils(2, 0)}, DesignError, "no untreated pupils"),
        ({"cases": _pupils(1, 9).assign(dropped="")}, DesignError, "At least 10 cases"),
        ({"cases": _pupils(1, 50).drop(columns="after")}, ValueError, "after"),
        (
            {"cases": _pupils(1, 50).assign(dropped="", pupil_key=1)},
            ValueError,
            "one row per pupil_key",
        ),
        ({"cases": _pupils(1, 50).assign(dropped="", after=1.2)}, ValueError, "outside 0 to 1"),
        (
            {"cases": _pupils(1, 50).assign(dropped="", after=np.nan)},
            DesignError,
            "Nobody has both",
        ),
        ({"cases": _pupils(1, 50).assign(dropped="", cohort=202501)}, DesignError, "cohort"),
        (
            {"registry": _pupils(2, 90).assign(pupil_key=7, cohort=202510)},
            ValueError,
            "one row per",
        ),
        ({"margin": 1.5}, ValueError, "margin"),
    ],
)
def test_a_design_without_an_answer_is_refused(
    changes: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        _study(**changes).change("absence")


def test_a_register_without_cases_is_refused(municipality: Callable[..., Any]) -> None:
    world = municipality(1, pupils=300)
    with pytest.raises(DesignError, match="no cases"):
        estimate_change(world.cube, world.cases.iloc[:0], world.pupils)
    with pytest.raises(DesignError, match="None of the 3 cases"):
        estimate_change(world.cube, world.cases.iloc[:3].assign(started=pd.NaT), world.pupils)


def test_decision_rule() -> None:
    def answer(low: float | None, high: float | None) -> str:
        return decide(Estimate(term="x", conf_low=low, conf_high=high), margin=0.01)

    assert answer(-0.06, -0.01) == "supported"
    assert answer(-0.06, 0.001) == "undecidable"
    assert answer(-0.009, 0.009) == "not supported"
    assert answer(0.002, 0.05) == "not supported"
    assert answer(None, None) == "undecidable"


def test_wellbeing_is_added_as_description_only(municipality: Callable[..., Any]) -> None:
    world = municipality(1, pupils=1_500)
    answers = pd.DataFrame(
        {
            "survey_key": [1, 1, 2, 2, 3, 3],
            "wave": [0, 1] * 3,
            "instrument_id": "w",
            "item_id": "a",
            "response": [2, 4, 3, 4, 1, 5],
        }
    )
    plain = estimate_change(world.cube, world.cases, world.pupils)
    found = estimate_change(world.cube, world.cases, world.pupils, surveys=answers, scale=(1, 5))
    assert found.verdict.answer == plain.verdict.answer
    assert found.verdict.sentence == plain.verdict.sentence
    assert "no benchmark" in found.verdict.reasons[-1]
    assert [table.name for table in found.tables][3:] == ["wellbeing", "wellbeing_d_z"]
