"""Whether the estimators find nothing where there is nothing, and something where there is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from absence_risk.evaluation import PrePost, absence_study, estimate_change

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


def _selected(seed: int, *, schools: int = 20, pool: int = 2_500) -> PrePost:
    """Pupils chosen in the very window that serves as baseline: regression to the mean at work.

    Absence of 60 and 60 school days with spells (within-window overdispersion 25), a season that
    lowers all absence in the second window, schools that differ, and no programme whatever.
    """
    rng = np.random.default_rng(seed)
    school = rng.integers(schools, size=pool)
    trait = -2.8 + 0.7 * rng.normal(size=pool) + 0.2 * rng.normal(size=schools)[school]

    def window(season: float) -> np.ndarray:
        share = 1 / (1 + np.exp(-(trait + season)))
        return rng.binomial(60, rng.beta(25 * share, 25 * (1 - share))) / 60

    before, after = window(0.1), window(-0.1)
    frame = pd.DataFrame(
        {
            "pupil_key": np.arange(pool),
            "school_key": school,
            "cohort": 202510,
            "before": before,
            "after": after,
            "alarm_total": before,
            "alarm_invalid": 0.0,
        }
    )
    chosen = (before >= 0.15) & (rng.random(pool) < 0.3)
    rest = frame[~chosen & (before >= 0.075)]
    return absence_study(frame[chosen].assign(dropped=""), rest)


def test_regression_to_the_mean_is_not_taken_for_a_programme() -> None:
    # 400 replicates: the Monte-Carlo error (2 SE) of a 5 % type I error is 2.2 points. The
    # estimate beyond has SD of about 0.011, so that its mean is known to 0.0011 (2 SE).
    results = [_selected(seed).change("absence") for seed in range(400)]
    beyond = np.mean([not r.beyond.covers(0.0) for r in results])
    naive = np.mean([not r.estimate.covers(0.0) for r in results])
    assert 0.028 <= beyond <= 0.072
    assert abs(np.mean([r.beyond.estimate for r in results])) <= 0.0015
    assert naive >= 0.9
    assert np.mean([r.verdict.answer == "supported" for r in results]) <= 0.05


def test_the_null_share_of_responders_is_found() -> None:
    # 100 replicates of about 100 cases: SE of the mean share 0.005.
    rows = [_selected(seed).responders("absence").rows for seed in range(100)]
    observed, expected = (np.mean([r[place].estimate for r in rows]) for place in (0, 1))
    assert observed > 0.6  # most have less absence, with no programme
    assert abs(observed - expected) <= 0.01


def test_a_team_that_does_nothing_from_register_to_verdict(
    municipality: Callable[..., Any],
) -> None:
    # Spells, monthly referral, later cases. 100 replicates: 2 SE of a 5 % error are 4.4 points.
    results = []
    for seed in range(100):
        world = municipality(seed, pupils=1_500)
        results.append(estimate_change(world.cube, world.cases, world.pupils))
    assert np.mean([not r.beyond.covers(0.0) for r in results]) <= 0.10
    assert abs(np.mean([r.beyond.estimate for r in results])) <= 0.003


def test_a_team_that_halves_absence_is_found(municipality: Callable[..., Any]) -> None:
    world = municipality(1, gain=0.5)
    found = estimate_change(world.cube, world.cases, world.pupils)
    assert found.verdict.answer == "supported"
    assert "%" in found.verdict.sentence
    assert "expected with no programme" in found.verdict.sentence


def test_pupils_without_a_case_in_hindsight_make_a_team_look_harmful(
    municipality: Callable[..., Any],
) -> None:
    beyond = {"not_yet": [], "no_case": []}
    for seed in range(20):
        world = municipality(seed)
        for rule, values in beyond.items():
            found = estimate_change(world.cube, world.cases, world.pupils, untreated=rule)
            values.append(found.beyond.estimate)
    assert np.mean(beyond["no_case"]) > np.mean(beyond["not_yet"]) + 0.005
