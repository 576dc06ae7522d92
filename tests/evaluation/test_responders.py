from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from absence_risk.errors import AssumptionWarning, DesignError
from absence_risk.evaluation import Likert, Population, PrePost, Rate, ReliableChange, Selected
from absence_risk.evaluation.ordinal import cumulative_odds

REFERENCE = Path(__file__).parents[1] / "reference"
DAYS = {"absence": Rate(pre=("d0", "n0"), post=("d1", "n1"))}


def _world(seed: int, pupils: int = 12_000) -> pd.DataFrame:
    """Nothing is done: Beta(0.8, 10.6) shares with spells, two windows of 60 days."""
    rng = np.random.default_rng(seed)
    p = rng.beta(0.8, 10.6, pupils)
    d0, d1 = (rng.binomial(60, rng.beta(25 * p, 25 * (1 - p))) for _ in "ab")
    return pd.DataFrame(
        {
            "pupil_key": np.arange(pupils), "municipality_key": rng.integers(0, 5, pupils),
            "d0": d0, "n0": 60, "d1": d1, "n1": 60, "motivation": rng.normal(size=pupils) - 8 * p,
        }
    )  # fmt: skip


def _study(seed: int = 1, n: int = 100, **options: Any) -> PrePost:
    world = _world(seed)
    cases = world[world["d0"] >= 12].head(n)
    registry = options.pop("registry", world[~world["pupil_key"].isin(cases["pupil_key"])])
    return PrePost(
        options.pop("cases", cases),
        outcomes=options.pop("outcomes", DAYS),
        cluster=options.pop("cluster", "municipality_key"),
        selection=options.pop("selection", Selected("absence", at_least=0.2)),
        registry=registry,
    )


def _rows(table: Any) -> dict[str, Any]:
    return {row.term: row for row in table.rows}


def _with_gaps(n: int = 100) -> tuple[PrePost, pd.DataFrame]:
    world = _world(1)
    cases = world[world["d0"] >= 12].head(n).astype({"d1": float})
    cases.loc[cases.index[::4], "d1"] = np.nan
    registry = world[~world["pupil_key"].isin(cases["pupil_key"])]
    return _study(cases=cases, registry=registry), cases


@pytest.mark.parametrize("rule", ["better", "halved", "past_cut", ReliableChange("JT")])
def test_classes_and_unknown_make_up_all_cases(rule: Any) -> None:
    study, cases = _with_gaps()
    rows = study.responders("absence", rule=rule).rows
    shares = [row for row in rows if "expected" not in row.term]
    assert sum(row.n_events for row in shares) == len(cases)
    assert {row.n for row in rows} == {len(cases)}
    assert rows[-1].term == "unknown"
    assert rows[-1].n_events == 25
    expected = [row.estimate for row in rows if row.term.endswith("with no programme")]
    assert sum(expected) == pytest.approx(0.75, abs=1e-6)
    for row in shares[:-1]:
        assert 0 <= row.conf_low <= row.estimate <= row.conf_high <= 1


def test_every_rate_has_its_null_rate_and_the_difference_adds_up() -> None:
    rows = _rows(_study().responders("absence", rule=ReliableChange("JT")))
    for label in ("reliably improved", "unchanged", "reliably worse"):
        null = rows[f"{label}, expected with no programme"]
        beyond = rows[f"{label}, beyond the expected"]
        assert beyond.estimate == pytest.approx(rows[label].estimate - null.estimate)
        assert beyond.conf_low < beyond.estimate < beyond.conf_high


def test_shuffled_rows_give_the_same_table() -> None:
    study, cases = _with_gaps()
    other = _study(
        cases=cases.sample(frac=1, random_state=2),
        registry=study.registry.sample(frac=1, random_state=3),
    )
    rule = ReliableChange("JT")
    one, two = (s.responders("absence", rule=rule) for s in (study, other))
    for a, b in zip(one.rows, two.rows, strict=True):
        assert (a.term, a.n_events) == (b.term, b.n_events)
        assert a.estimate == pytest.approx(b.estimate, abs=1e-9)


def test_the_null_rate_of_a_registry_holds_over_worlds_where_nothing_is_done() -> None:
    rules = ["better", "halved", "past_cut", ReliableChange("JT")]
    gaps = np.array(
        [
            [study.responders("absence", rule=rule).rows[2].estimate for rule in rules]
            for study in (_study(seed) for seed in range(30))
        ]
    )
    error = gaps.std(axis=0, ddof=1) / np.sqrt(len(gaps))
    assert (np.abs(gaps.mean(axis=0)) < 3 * error + 0.003).all()
    assert error.max() < 0.012


def test_the_model_agrees_with_the_registry_where_its_law_holds() -> None:
    world = _world(3, pupils=200_000)
    share = world["d0"] / 60
    r = float(np.corrcoef(world["d0"], world["d1"])[0, 1])
    known = Rate(
        pre=("d0", "n0"), post=("d1", "n1"), reliability=r,
        population=Population(mean=float(share.mean()), sd=float(share.std())),
    )  # fmt: skip
    model = _study(outcomes={"absence": known}, registry=None)
    everyone = world[world["d0"] >= 12]
    for rule in ("better", "halved", "past_cut"):
        table = model.responders("absence", rule=rule)
        assert "a model, not untreated pupils" in table.note
        matched = {
            "better": everyone["d1"] < everyone["d0"],
            "halved": 2 * everyone["d1"] <= everyone["d0"],
            "past_cut": everyone["d1"] < 12,
        }[rule]
        # The cases' own days stand in place of all selected, so weight by them.
        rate = matched.groupby(everyone["d0"]).mean()
        simulated = rate.reindex(model.used["d0"]).mean()
        assert table.rows[1].estimate == pytest.approx(simulated, abs=0.01)


def test_population_values_never_come_from_the_selected() -> None:
    world = _world(1)
    chosen = world[world["d0"] >= 12]
    cases, others = chosen.head(80), chosen.tail(len(chosen) - 80)
    selected = _study(cases=cases, registry=others)
    with pytest.raises(DesignError, match="the cases were selected and cannot give it"):
        selected.responders("absence", rule=ReliableChange("JT"))
    with pytest.warns(AssumptionWarning, match="SD of the selected"):
        table = selected.responders(
            "absence", rule=ReliableChange("JT", reliability=0.6, from_selected=True)
        )
    assert "too narrow" in table.note
    given = selected.responders("absence", rule=ReliableChange("JT", sd=0.11, reliability=0.6))
    assert given.rows[0].estimate < table.rows[0].estimate


def test_rules_without_a_benchmark_are_refused() -> None:
    alone = _study(registry=None)
    with pytest.raises(DesignError, match="share alone says nothing"):
        alone.responders("absence", rule="better")
    with pytest.raises(DesignError, match="needs the population's sd and reliability"):
        alone.responders("absence", rule=ReliableChange("JT"))
    with pytest.raises(DesignError, match="needs the population's mean"):
        alone.responders("absence", rule=ReliableChange("JT", sd=0.1, reliability=0.6))
    with pytest.raises(ValueError, match="rule must be one of"):
        alone.responders("absence", rule="beter")
    with pytest.raises(DesignError, match="'past_cut' needs the cut"):
        _study(selection=None).responders("absence", rule="past_cut")


def test_slopes_need_three_waves_and_use_the_pupils_own() -> None:
    with pytest.raises(DesignError, match="at least 3 waves"):
        ReliableChange("HLM", waves=("a", "b"), times=(0, 1))
    world = _world(1).assign(w0=lambda f: f["d0"] / 60, w2=lambda f: f["d1"] / 60)
    world["w1"] = (world["w0"] + world["w2"]) / 2 + np.random.default_rng(0).normal(
        0, 0.02, len(world)
    )
    cases = world[world["d0"] >= 12].head(60)
    study = _study(cases=cases, registry=world[~world["pupil_key"].isin(cases["pupil_key"])])
    rule = ReliableChange("HLM", waves=("w0", "w1", "w2"), times=(0, 1, 2))
    rows = _rows(study.responders("absence", rule=rule))
    assert rows["reliably improved"].estimate > 0.3
    assert rows["reliably improved, expected with no programme"].estimate > 0.3
    with pytest.raises(DesignError, match="Give a registry"):
        _study(cases=cases, registry=None).responders("absence", rule=rule)


def _wellbeing(n: int = 60, seed: int = 2, gain: float = 0.0, reliability: float = 0.7) -> PrePost:
    rng = np.random.default_rng(seed)
    true = rng.normal(3.0, 0.5, n)
    frame = pd.DataFrame({"pupil_key": np.arange(n), "municipality_key": np.arange(n) % 4})
    for wave, shift in ((0, 0.0), (1, gain)):
        for item in "ab":
            score = true + shift + rng.normal(0, 0.5, n)
            frame[f"{item}{wave}"] = np.clip(np.round(score), 1, 5)
    frame["motivation"] = rng.normal(size=n)
    scale = Likert(
        pre=("a0", "b0"), post=("a1", "b1"), low=1, high=5, reliability=reliability,
        population=Population(mean=3.8, sd=0.7),
    )  # fmt: skip
    return PrePost(frame, outcomes={"wellbeing": scale}, cluster="municipality_key")


def test_a_scale_without_registry_gets_the_null_rate_of_its_group() -> None:
    # The score moves in steps of a half, so that fewer than 2.5 % pass the cut by chance.
    many = _wellbeing(n=100_000).used
    scores = [(many[f"a{wave}"] + many[f"b{wave}"]) / 2 for wave in (0, 1)]
    r = float(np.corrcoef(*scores)[0, 1])
    rule = ReliableChange("JT", sd=float(scores[0].std()))
    least = 1.96 * rule.sd * np.sqrt(2 * (1 - r))
    rows = [
        _rows(_wellbeing(seed=seed, reliability=r).responders("wellbeing", rule=rule))
        for seed in range(20)
    ]
    for label, sign in (("reliably improved", 1), ("reliably worse", -1)):
        simulated = (sign * (scores[1] - scores[0]) >= least).mean()
        nulls = [row[f"{label}, expected with no programme"].estimate for row in rows]
        assert np.mean(nulls) == pytest.approx(simulated, abs=0.01)
    table = _wellbeing().responders("wellbeing", rule=ReliableChange("JT"))
    assert "within the group, chosen by something else" in table.note
    assert "in steps of 0.5" in table.note


def test_recovered_needs_reliable_change_and_the_cut_off() -> None:
    rule = ReliableChange("JT", cut_off="b", functional=(4.0, 0.5))
    rows = _rows(_wellbeing(gain=1.2).responders("wellbeing", rule=rule))
    assert next(iter(rows)) == "recovered"
    without = _rows(_wellbeing(gain=1.2).responders("wellbeing", rule=ReliableChange("JT")))
    together = rows["recovered"].n_events + rows["reliably improved, not recovered"].n_events
    assert together == without["reliably improved"].n_events
    assert rows["recovered"].n_events > 0


def test_effect_sizes_are_named_and_whole_clusters_are_flipped() -> None:
    table = _wellbeing(gain=0.5).effect_sizes("wellbeing")
    names = [row.term.split(":")[0] for row in table.rows[:6]]
    assert names == ["d_z", "d_av", "d_rm", "d_b", "g_z", "g_av"]
    assert table.rows[6].p_value >= 2 / 2**4  # four municipalities reach no smaller p
    assert table.rows[7].p_value is None
    study = _wellbeing(gain=0.5)
    alone = PrePost(study.cases, outcomes=study.outcomes).effect_sizes("wellbeing", interval="bca")
    assert alone.rows[6].p_value < 0.01
    assert "BCa" in alone.note


def test_levels_stay_levels() -> None:
    table = _wellbeing(gain=0.8).ordinal("wellbeing")
    assert {row.group for row in table.rows} == {"a0 / a1", "b0 / b1"}
    levels = [row.n_events for row in table.rows if row.group == "a0 / a1" and "before" in row.term]
    assert sum(levels[:5]) == 60
    odds = next(row for row in table.rows if row.term.startswith("log odds"))
    assert odds.estimate > 0
    assert odds.p_value is None
    with pytest.raises(DesignError, match="is a rate and has no levels"):
        _study().ordinal("absence")
    scores = _wellbeing().cases.assign(s0=lambda f: (f["a0"] + f["b0"]) / 2, s1=3.5)
    mean = PrePost(scores, outcomes={"w": Likert(pre="s0", post="s1", low=1, high=5)})
    with pytest.raises(DesignError, match="no whole levels"):
        mean.ordinal("w")


def test_cumulative_odds_agree_with_r() -> None:
    peer = json.loads((REFERENCE / "responders.json").read_text())["ordinal"]
    data = pd.read_csv(REFERENCE / "responders.csv")
    found = cumulative_odds(
        data["level_before"].to_numpy() - 1, data["level_after"].to_numpy() - 1, np.arange(48)
    )
    assert found is not None
    assert found[0] == pytest.approx(peer["log_odds"], abs=1e-6)
    # R's sandwich has no factor G/(G - 1); its scores are numerical.
    assert found[1] == pytest.approx(peer["log_odds_robust"] * np.sqrt(48 / 47), rel=1e-5)


def test_a_moderator_measured_afterwards_is_refused() -> None:
    study = _wellbeing()
    with pytest.raises(DesignError, match="a condition of benefit or a part of it"):
        study.moderator("wellbeing", "motivation", measured="after")
    dated = study.cases.assign(asked=pd.Timestamp("2025-10-01"), start=pd.Timestamp("2025-09-20"))
    late = PrePost(dated, outcomes=study.outcomes)
    with pytest.raises(DesignError, match="after the start in 60 rows"):
        late.moderator("wellbeing", "motivation", measured="asked", started="start")
    with pytest.raises(ValueError, match="Give started="):
        late.moderator("wellbeing", "motivation", measured="asked")
    early = PrePost(dated.assign(start=pd.Timestamp("2025-10-01")), outcomes=study.outcomes)
    table = early.moderator("wellbeing", "motivation", measured="asked", started="start")
    assert "by the dates in asked" in table.note
    flat = PrePost(dated.assign(motivation=1.0), outcomes=study.outcomes)
    with pytest.raises(DesignError, match="same for all cases"):
        flat.moderator("wellbeing", "motivation", measured="before")


def test_motivation_that_tells_of_absence_moderates_nothing_beyond_the_registry() -> None:
    # Motivation falls with the pupil's usual absence and does nothing: naive slopes lean, those
    # beyond a registry that knows motivation do not.
    rows = [
        _study(seed).moderator("absence", "motivation", measured="before", se="independent").rows
        for seed in range(60)
    ]
    naive = np.array([row[0].estimate for row in rows])
    beyond = np.array([row[2].estimate for row in rows])
    error = beyond.std(ddof=1) / np.sqrt(len(rows))
    assert abs(beyond.mean()) < 3 * error
    assert naive.mean() < -3 * naive.std(ddof=1) / np.sqrt(len(rows))
    covered = np.mean([row[2].covers(0.0) for row in rows])
    assert covered > 0.86  # three Monte-Carlo errors of .028 below .95
    assert np.mean([row[0].covers(0.0) for row in rows]) < 0.6  # naive: false in most worlds


def test_a_true_moderator_is_found() -> None:
    found = []
    for seed in range(25):
        study = _study(seed)
        rng = np.random.default_rng(seed)
        motivation = rng.normal(size=len(study.used))
        helped = study.used.assign(
            motivation=motivation,
            d1=np.maximum(study.used["d1"] * (1 - 0.15 * (1 + motivation)), 0.0),
        )
        registry = study.registry.drop(columns="motivation")
        table = _study(cases=helped, registry=registry).moderator(
            "absence", "motivation", measured="before", se="independent"
        )
        found.append(table.rows[2].estimate)
    truth = -0.15 * np.mean([_study(seed).used["d1"].mean() / 60 for seed in range(5)])
    assert np.mean(found) == pytest.approx(truth, abs=0.008)


@pytest.mark.parametrize(
    ("rule", "term"), [("better", "less absence"), ("halved", "absence halved")]
)
def test_change_and_responders_expect_the_same_share(rule: str, term: str) -> None:
    study = _study(seed=4)
    shown = _rows(study.change("absence").table("responders"))
    asked = study.responders("absence", rule=rule).rows
    assert shown[term].estimate == pytest.approx(asked[0].estimate, abs=1e-12)
    expected = shown[f"{term}, expected with no programme"]
    assert expected.estimate == pytest.approx(asked[1].estimate, abs=1e-12)
    assert expected.std_error == pytest.approx(asked[1].std_error, rel=1e-9)
