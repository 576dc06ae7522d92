"""Change over several waves: against nlme, closed forms, recovery of a known truth, refusals."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.special import stdtrit

from absence_risk.errors import DesignError
from absence_risk.evaluation import repeated_measures
from absence_risk.stats.cluster_mean import cluster_mean
from absence_risk.stats.mmrm_monotone import monotone_fit

REFERENCE = Path(__file__).parents[1] / "reference"
R = json.loads((REFERENCE / "repeated.json").read_text(encoding="utf-8"))
PUPILS = pd.read_csv(REFERENCE / "missing.csv").rename_axis("pupil_key").reset_index()
WAVES = {"before": "g0", "3 months": "g1", "1 year": "g2"}


def _run(frame: pd.DataFrame = PUPILS, **options: Any) -> Any:
    return repeated_measures(frame, id="pupil_key", waves=options.pop("waves", WAVES), **options)


def _world(seed: int, n: int = 120, gain: float = 0.4) -> pd.DataFrame:
    """Two arms alike before; the programme adds ``gain`` at the last wave; loss follows wave 1."""
    rng = np.random.default_rng(seed)
    trait = rng.normal(size=n)
    arm = rng.permutation(np.arange(n) % 2)
    y = np.array([3.0, 3.1, 3.2]) + trait[:, None] * 0.6 + 0.5 * rng.normal(size=(n, 3))
    y[:, 2] += gain * arm
    lost = rng.random(n) < 1 / (1 + np.exp(1.0 + 1.2 * (y[:, 1] - 3.1)))
    y[lost, 2] = np.nan
    y[rng.random(n) < 0.1, 1] = np.nan
    frame = pd.DataFrame(y, columns=["g0", "g1", "g2"])
    return frame.assign(pupil_key=np.arange(n), arm=arm, town=np.arange(n) % 6)


def _close(row: Any, peer: dict[str, float]) -> None:
    assert row.estimate == pytest.approx(peer["estimate"], abs=1e-6)
    assert row.std_error == pytest.approx(peer["se"], rel=1e-4)
    half = (row.conf_high - row.conf_low) / 2
    assert half == pytest.approx(stdtrit(peer["df"], 0.975) * peer["se"], rel=1e-4)


@pytest.mark.parametrize(("same_rule", "name"), [(True, "shared"), (False, "own")])
def test_arms_agree_with_gls(same_rule: bool, name: str) -> None:
    found = _run(arm="arm", same_rule=same_rule)
    _close(found.estimate, R[name]["programme"])
    _close(found.benchmark, R[name]["comparison"])
    _close(found.beyond, R[name]["difference"])
    middle = _run(arm="arm", same_rule=same_rule, at="3 months")
    _close(middle.beyond, R[name]["middle"])


def test_one_arm_with_a_covariate_agrees_with_gls() -> None:
    found = _run(covariates=("absence",))
    _close(found.estimate, R["alone"]["change"])
    _close(found.table("changes").rows[0], R["alone"]["middle"])
    _close(found.table("waves").rows[2], R["alone"]["mean"])


def test_long_and_wide_and_shuffled_rows_give_the_same() -> None:
    long = PUPILS.melt(
        id_vars=["pupil_key", "arm"], value_vars=["g0", "g1", "g2"], var_name="w", value_name="y"
    ).sample(frac=1, random_state=1)
    wide = _run(PUPILS.sample(frac=1, random_state=2), arm="arm", same_rule=True)
    found = _run(long.dropna(), wave="w", value="y", arm="arm", same_rule=True)
    for a, b in zip(found.table("changes").rows, wide.table("changes").rows, strict=True):
        assert (a.term, a.group, a.n) == (b.term, b.group, b.n)
        assert a.estimate == pytest.approx(b.estimate, abs=1e-8)
        assert a.std_error == pytest.approx(b.std_error, rel=1e-6)


def test_two_complete_waves_are_the_paired_t_test() -> None:
    pairs = PUPILS.dropna(subset=["imp1"])
    found = _run(pairs, waves={"before": "w0", "after": "imp1"}).estimate
    change = (pairs["imp1"] - pairs["w0"]).to_numpy()
    n = len(change)
    assert found.estimate == pytest.approx(change.mean(), abs=1e-10)
    assert found.std_error == pytest.approx(change.std(ddof=1) / n**0.5, rel=1e-6)
    half = (found.conf_high - found.conf_low) / 2 / found.std_error
    assert half == pytest.approx(stdtrit(n - 1, 0.975), rel=1e-5)


def test_monotone_loss_is_the_factored_likelihood() -> None:
    found = _run(waves={"before": "w0", "3 months": "m1", "1 year": "m2"})
    means = monotone_fit(PUPILS[["w0", "m1", "m2"]].to_numpy()[None])[0][0, 0]
    assert [row.estimate for row in found.table("waves").rows] == pytest.approx(means, abs=1e-6)


def test_clusters_of_complete_pairs_are_cr2() -> None:
    found = _run(waves={"before": "w0", "after": "imp1"}, cluster="town").estimate
    codes = PUPILS["town"].to_numpy(np.int64)
    peer = cluster_mean((PUPILS["imp1"] - PUPILS["w0"]).to_numpy(), codes)
    assert found.estimate == pytest.approx(float(peer.estimate), abs=1e-9)
    assert found.std_error == pytest.approx(float(peer.variance) ** 0.5, rel=1e-6)
    assert f"{peer.df:.3g} degrees" in _run(cluster="town").method


def test_loss_that_follows_an_earlier_wave_does_no_harm() -> None:
    # 150 studies: the SD of one estimate is about 0.13, so 3 SE of their mean are 0.032; 3 SE of
    # 95 % coverage are 5.3 points. Complete cases lose those who fell behind.
    rows = [_run(_world(seed), arm="arm", same_rule=True) for seed in range(150)]
    assert abs(np.mean([r.beyond.estimate for r in rows]) - 0.4) < 0.032
    assert np.mean([r.beyond.covers(0.4) for r in rows]) > 0.897
    change = np.mean([r.benchmark.estimate for r in rows])
    assert abs(change - 0.2) < 0.032
    levels = [_last_mean(r) for r in rows]
    assert abs(np.mean(levels) - 3.2) < 0.032
    seen = [w.loc[w["arm"] == 0, "g2"].mean() for w in (_world(s) for s in range(150))]
    assert np.mean(seen) > 3.27


def _last_mean(found: Any) -> float:
    return next(
        row.estimate
        for row in found.table("waves").rows
        if (row.term, row.group) == ("1 year", "comparison")
    )


def test_uneven_clusters_keep_the_level() -> None:
    # 80 studies: 3 SE of a 5 % type I error are 7.3 points; pupils as independent reject in 35 %.
    rng = np.random.default_rng(40)
    codes = np.repeat(np.arange(5), [36, 26, 18, 12, 8])
    found = []
    for _ in range(80):
        y = rng.normal(size=(100, 1)) * 0.6 + 0.6 * rng.normal(size=(100, 3))
        y[:, 1:] += 0.4 * rng.normal(size=(5, 2))[codes]
        y[rng.random(100) < 0.3, 2] = np.nan
        frame = pd.DataFrame(y, columns=["g0", "g1", "g2"])
        frame = frame.assign(pupil_key=np.arange(100), town=codes)
        found.append(_run(frame, cluster="town").estimate)
    assert np.mean([not row.covers(0.0) for row in found]) <= 0.05 + 0.073


def test_patterns_and_flow_count_everybody() -> None:
    frame = PUPILS.copy()
    frame.loc[3, ["g0", "g1", "g2"]] = np.nan
    found = _run(frame, arm="arm", same_rule=True)
    steps = {step.step: step.n for step in found.flow}
    assert steps["pupils in the frame"] == 60
    assert found.n == steps["measured at least once"] == 59
    patterns = found.table("patterns").rows
    assert sum(row.n_events for row in patterns) == 59
    both = [r.n for r in found.table("changes").rows if r.term == "1 year"]
    assert both[0] + both[1] == both[2] == int(frame["g2"].notna().sum())
    assert steps["measured: 1 year"] == both[2]


def test_without_an_arm_nothing_is_concluded() -> None:
    found = _run(_world(1, gain=9.0), cluster="town")
    assert found.estimate.conf_low > 0
    assert found.verdict.answer == "undecidable"
    assert found.benchmark.estimate is None
    assert found.beyond.estimate is None
    assert "cannot tell whether the programme helped" in found.verdict.sentence


@pytest.mark.parametrize(("same_rule", "answer"), [(True, "supported"), (False, "undecidable")])
def test_an_arm_by_another_rule_holds_the_verdict_back(same_rule: bool, answer: str) -> None:
    found = _run(_world(2, gain=2.0), arm="arm", same_rule=same_rule)
    assert found.verdict.answer == answer


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"waves": {"before": "g0"}}, ValueError, "2 to 4"),
        ({"waves": {"before": "g0", "after": "nix"}}, ValueError, "nix"),
        ({"wave": "w"}, ValueError, "both wave= and value="),
        ({"at": "before"}, ValueError, "at"),
        ({"arm": "absence"}, ValueError, "true or false"),
        ({"covariates": ("m1",)}, ValueError, "missing in m1"),
        ({"arm": "one"}, DesignError, "no comparison arm"),
        ({"waves": {"before": "g0", "after": "none"}}, DesignError, "measured in 0 pupils"),
        ({"arm": "lone", "cluster": "town"}, DesignError, "one cluster"),
    ],
)
def test_what_cannot_be_answered_is_named(
    options: dict[str, Any], error: type[Exception], message: str
) -> None:
    frame = PUPILS.assign(one=1, none=np.nan, lone=(PUPILS["town"] == 0).astype(int))
    with pytest.raises(error, match=message):
        _run(frame, **options)


def test_a_pupil_who_stands_twice_is_an_error() -> None:
    with pytest.raises(ValueError, match="1 rows repeat pupil_key"):
        _run(pd.concat([PUPILS, PUPILS.iloc[:1]]))
    long = pd.DataFrame({"pupil_key": [1, 1, 2], "w": [0, 0, 1], "y": [1.0, 2.0, 3.0]})
    with pytest.raises(ValueError, match="repeat pupil_key and w"):
        _run(long, waves={"a": 0, "b": 1}, wave="w", value="y")
