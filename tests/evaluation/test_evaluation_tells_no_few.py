"""Notes, titles and lists beside a protected table do not tell what the table hides."""

from __future__ import annotations

import re
import warnings

import numpy as np
import pandas as pd
import pytest

from absence_risk.disclosure import protect, protect_table
from absence_risk.errors import SmallCountWarning
from absence_risk.evaluation import (
    MI,
    Likert,
    Population,
    PrePost,
    Rate,
    ReliableChange,
    Selected,
    synthetic_control,
    trend_table,
)

LOST, N = 3, 63


def pupils(seed: int, first: int, n: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    before = rng.uniform(0.2, 0.4, n)
    frame = pd.DataFrame(
        {
            "pupil_key": np.arange(first, first + n),
            "m": np.arange(n) % 6,
            "before": before,
            "after": np.clip(0.05 + 0.6 * before + rng.normal(0, 0.05, n), 0, 1),
            "wb0": np.clip(rng.normal(2.5, 0.9, n).round(), 1, 5),
            "wb1": np.clip(rng.normal(3, 0.9, n).round(), 1, 5),
            "motivation": rng.normal(size=n),
        }
    )
    frame.loc[: LOST - 1, ["wb1", "motivation"]] = np.nan
    return frame


@pytest.fixture(scope="module")
def study() -> PrePost:
    return PrePost(
        pupils(1, 0, N),
        outcomes={
            "absence": Rate(pre="before", post="after"),
            "wellbeing": Likert(
                pre="wb0", post="wb1", low=1, high=5, reliability=0.8,
                population=Population(mean=3.5, sd=0.8),
            ),
        },
        cluster="m",
        selection=Selected("absence", at_least=0.2),
        registry=pupils(2, 1_000, 400),
    )  # fmt: skip


def numbers_in(text: str) -> set[int]:
    return {int(found) for found in re.findall(r"(?<![\d.])\d+(?![\d.]*\d)", text)}


def everything_said(study: PrePost) -> str:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SmallCountWarning)
        imputed = protect(study.change("wellbeing", missing=MI(m=4)))
        tables = [
            *imputed.tables,
            protect_table(study.responders("wellbeing", rule="better")),
            protect_table(study.responders("wellbeing", rule=ReliableChange("JT"))),
            protect_table(study.moderator("absence", "motivation", measured="before")),
        ]
        complete = protect(study.change("wellbeing"))
    said = [table.title + " " + table.note for table in tables]
    said += [imputed.verdict.sentence, *imputed.verdict.reasons]
    said += [str(caution) for caution in study.warnings()]
    said += [complete.method, complete.benchmark_is]
    return " ".join(said)


def test_no_text_tells_a_share_or_number_of_few(study):
    said = everything_said(study)
    lost, kept = f"{100 * LOST / N:.0f} %", f"{100 * (N - LOST) / N:.0f} %"
    # 95 % stands there as the level of intervals; as a share it would be "were followed".
    assert f"{lost} of" not in said
    assert f"whom {lost}" not in said
    assert f"{kept} were" not in said
    assert "fewer than 5" in said
    assert not {3, 60} & numbers_in(said.replace("95 %", ""))


def test_the_trend_list_tells_no_numbers_near_each_other(study):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SmallCountWarning)
        result = protect(study.change("wellbeing"))
    assert result.n == N - LOST
    for told, near in ((result, N), (None, N - LOST)):
        listed = {item.number: item.text for item in trend_table(study, told).items}
        counted = numbers_in(listed["12"]) | numbers_in(listed["14"].split("n = ")[-1])
        assert near not in counted
        assert "not shown" in listed["12"]


def test_moves_of_few_are_not_counted_beside_their_balance():
    before = np.array([2.0] * 40 + [4.0] * 3 + [3.0] * 20)
    after = np.array([3.0] * 40 + [3.0] * 3 + [3.0] * 20)
    for turned in (False, True):
        first, second = (after, before) if turned else (before, after)
        frame = pd.DataFrame({"pupil_key": np.arange(63), "w0": first, "w1": second})
        asked = PrePost(frame, outcomes={"w": Likert(pre="w0", post="w1", low=1, high=5)})
        row = next(r for r in asked.ordinal("w").rows if r.term.startswith("moved up"))
        assert row.estimate == pytest.approx((-37 if turned else 37) / 63)
        assert row.n_events is None
    even = frame.assign(w0=[2.0] * 30 + [4.0] * 33, w1=3.0)
    asked = PrePost(even, outcomes={"w": Likert(pre="w0", post="w1", low=1, high=5)})
    row = next(r for r in asked.ordinal("w").rows if r.term.startswith("moved up"))
    assert row.n_events == 63


def test_few_periods_are_not_few_pupils():
    rows = [(unit, t) for unit in range(25) for t in range(12)]
    panel = pd.DataFrame(rows, columns=["unit", "t"])
    panel["y"] = np.random.default_rng(2).normal(size=len(panel))
    found = synthetic_control(
        panel, outcome="y", time="t", unit_column="unit", treated_unit=3, start=9,
        chosen_by_outcome=False,
    )  # fmt: skip
    safe = protect(found)
    assert safe.beyond == found.beyond
    assert safe.beyond.estimate is not None
    assert safe.tables[0].rows == found.tables[0].rows


@pytest.mark.parametrize(("lost", "told"), [(3, "fewer than 5 have none"), (10, "16 % have none")])
def test_few_without_a_gap_baseline_are_not_told(lost, told):
    cases = pupils(1, 0, N)
    cases["gap"] = cases["before"].where(cases.index >= lost)
    asked = PrePost(cases, outcomes={"absence": Rate(pre="before", post="after", gap="gap")})
    assert told in asked.change("absence", benchmark="gap").benchmark_is
