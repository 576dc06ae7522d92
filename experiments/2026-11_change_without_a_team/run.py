"""Run the experiment described in README.md; writes results.json and figure.svg beside it."""

from __future__ import annotations

import json
import math
import subprocess
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from matplotlib import rc_context
from matplotlib.figure import Figure
from scipy.special import betaincinv, expit, logit, stdtrit

import absence_risk as ar
from absence_risk.errors import DesignError
from absence_risk.evaluation import (
    Windows,
    absence_study,
    case_windows,
    estimate_change,
    registry_windows,
)
from absence_risk.evaluation.arms import arms
from absence_risk.evaluation.cohorts import drop_lonely_cohorts
from absence_risk.register.cube import Cube
from absence_risk.register.definition import AbsenceDefinition
from absence_risk.synthetic.days import INVALID
from absence_risk.synthetic.records import register_rows
from absence_risk.synthetic.tables import pupil_tables, school_tables
from absence_risk.synthetic.truth.counterfactual import Reference
from absence_risk.synthetic.truth.wellbeing import absence_beyond

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    from absence_risk.register.register import Register
    from absence_risk.result import Result
    from absence_risk.synthetic.world import World

HERE = Path(__file__).parent
CONFIG = tomllib.loads((HERE / "config.toml").read_text(encoding="utf-8"))
NOTHING, WORKS = "team does nothing", "team works"
NAIVE_ALARM = "paired t, from the alarm"
NAIVE = "paired t"
FORM = "not_yet, form only"
STEPS = (0.10, 0.15, 0.20)  # of the scenario's staircase
TRUTH = "wellbeing.absence_change_beyond"


def paired_t(before: npt.NDArray[np.float64], after: npt.NDArray[np.float64]) -> dict[str, Any]:
    """Mean change with its 95 % interval, pupils taken as independent."""
    change = after - before
    n = len(change)
    half = stdtrit(n - 1, 0.975) * change.std(ddof=1) / math.sqrt(n)
    mean = float(change.mean())
    return {"n": n, "estimate": mean, "low": mean - half, "high": mean + half}


def of_result(result: Result) -> dict[str, Any]:
    """Change beyond the benchmark, and the share with less absence beside the expected one."""
    beyond = result.beyond
    less, expected = (row.estimate for row in result.table("responders").rows[:2])
    return {
        "n": result.n,
        "estimate": beyond.estimate,
        "low": beyond.conf_low,
        "high": beyond.conf_high,
        "std_error": beyond.std_error,
        "less": less,
        "less_expected": expected,
        "answer": result.verdict.answer,
    }


def selected(model: dict[str, Any], cases: int, replicate: int) -> Iterator[dict[str, Any]]:
    """Pupils chosen for high absence in the baseline window itself; no programme whatever."""
    c = CONFIG["selected"]
    rng = np.random.default_rng([CONFIG["random_state"], cases, replicate])
    pool = c["pool_per_case"] * cases
    school = rng.integers(c["schools"], size=pool)
    p = np.clip(rng.beta(*c["beta"], size=pool), 1e-12, 1 - 1e-12)
    level = logit(p) + c["school_sd"] * rng.normal(size=c["schools"])[school]

    def window(season: float) -> npt.NDArray[np.float64]:
        share = expit(level + season)
        if "kappa" in model:
            share = rng.beta(model["kappa"] * share, model["kappa"] * (1 - share))
        return rng.binomial(c["window"], share) / c["window"]

    before, after = window(0.0), window(model["season"])
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
    referred = rng.permutation(np.flatnonzero(before >= c["cut"] - 1e-9))[:cases]
    chosen = np.isin(np.arange(pool), referred)
    rest = frame[~chosen & (before >= c["compare_from"] * c["cut"] - 1e-9)]
    where = {"world": f"{model['name']}, n = {cases}", "truth": 0.0}
    yield {**where, "estimator": NAIVE_ALARM, **paired_t(before[chosen], after[chosen])}
    study = absence_study(frame[chosen].assign(dropped=""), rest)
    yield {**where, "estimator": "not_yet", **of_result(study.change("absence"))}


def recorded(world: World) -> tuple[Cube, Register]:
    """Return the cube of a world's register and its small tables, without reading the rows."""
    order = np.argsort(world.pupil_key)
    inside = np.arange(len(world.year))[None, :] <= world.last_day[:, None]
    minutes = world.scenario.size.lesson_minutes
    scheduled = world.pupils.lessons[:, None].astype(int) * minutes * inside
    missed = np.bitwise_count(world.days.missed & ~world.days.unreported)
    absent = missed.astype(int) * minutes * inside
    invalid = np.where(world.days.reason == INVALID, absent, 0)
    arrays = (a.astype(np.int16)[order] for a in (scheduled, absent - invalid, invalid))
    keys = world.pupil_key[order].astype(np.uint32)
    cube = Cube(keys, world.year, *arrays, AbsenceDefinition())
    one_pupil = register_rows(world, order[:1], "day")
    tables = {**school_tables(world), **pupil_tables(world)}
    return cube, ar.read_register({"registers": one_pupil, **tables})


def same_as_register() -> None:
    """Refuse to go on if the short ways to cube and truth give others than the long ones."""
    c = CONFIG["municipality"]
    seed = c["random_state"]
    small = ar.synthetic.simulate(c["preset"], pupils=c["pupils"] // 10, seed=seed)
    short, whole = recorded(small)[0], small.register.cube()
    for name in ("pupil_key", "scheduled", "valid", "invalid"):
        np.testing.assert_array_equal(getattr(short, name), getattr(whole, name))
    world, _ = worlds(seed)
    truth = {entry["id"]: entry["value"] for entry in world.truth["estimands"]}
    np.testing.assert_allclose(absence_beyond(Reference(world)).value, truth[TRUTH], atol=1e-6)


def worlds(seed: int) -> tuple[World, World]:
    """Return a municipality and the same one whose team does nothing."""
    c = CONFIG["municipality"]
    works = ar.synthetic.simulate(c["preset"], pupils=c["pupils"], seed=seed)
    idle = ar.synthetic.simulate(
        c["preset"], pupils=c["pupils"], seed=seed, do=dict(c["do_nothing"])
    )
    return works, idle


def effect_among(used: pd.DataFrame, works: World, idle: World) -> float:
    """True paired difference over the follow-up windows of the cases that can be followed."""
    windows = Windows()
    rows = np.flatnonzero(np.isin(works.pupil_key, used["pupil_key"].to_numpy()))
    first = works.cases.started[rows][:, None] + windows.follow_after
    day = np.arange(len(works.year))[None, :]
    inside = (day >= first) & (day < first + windows.follow_days)
    gap = (works.true_share()[rows] - idle.true_share()[rows]) * inside
    return float((gap.sum(axis=1) / inside.sum(axis=1)).mean())


def municipality(replicate: int) -> Iterator[dict[str, Any]]:
    """One municipality with its team at work and with a team that does nothing."""
    works, idle = worlds(CONFIG["municipality"]["random_state"] + replicate)
    own = absence_beyond(Reference(works)).value
    for name, world in ((NOTHING, idle), (WORKS, works)):
        cube, tables = recorded(world)
        measured = case_windows(cube, tables.cases, tables.pupils, Windows())
        used = measured[measured["dropped"] == ""]
        followed = 0.0 if world is idle else effect_among(used, works, idle)
        where = {
            "world": name,
            "truth": 0.0 if world is idle else own,
            "truth_followed": followed,
        }
        before, after = used["before"].to_numpy(), used["after"].to_numpy()
        alarm = used["alarm_total"].to_numpy()
        yield {**where, "estimator": NAIVE_ALARM, **paired_t(alarm, after)}
        yield {**where, "estimator": NAIVE, **paired_t(before, after)}
        if world is idle:
            yield {"world": name, "estimator": FORM, "estimate": form_error(cube, tables, measured)}
        for untreated in CONFIG["untreated"]:
            try:
                result = estimate_change(cube, tables.cases, tables.pupils, untreated=untreated)
            except DesignError:
                yield {**where, "estimator": untreated, "refused": True}
                continue
            yield {**where, "estimator": untreated, **of_result(result)}


def form_error(cube: Cube, tables: Register, measured: pd.DataFrame) -> float:
    """Error of the regression for the cases to be expected, with no chance of who is drawn.

    Every untreated pupil counts with the simulator's own probability of referral, so that the
    mean residual holds what the form of the regression gets wrong and nothing else.
    """
    registry = registry_windows(cube, tables.cases, tables.pupils, measured, Windows())
    study = absence_study(drop_lonely_cohorts(measured, registry), registry)
    ready = arms(study, "absence", registry)
    change = ready.others.post - ready.others.pre
    b = np.linalg.lstsq(ready.X_others, change, rcond=None)[0]
    total = ready.others.frame["alarm_total"].to_numpy()
    invalid = ready.others.frame["alarm_invalid"].to_numpy()
    referral = ar.synthetic.Scenario.preset(CONFIG["municipality"]["preset"]).referral
    base = np.asarray(referral.log_odds)[np.searchsorted(STEPS, total + 1e-9) - 1]
    chance = expit(base + (referral.per_10_total * total + referral.per_10_invalid * invalid) / 0.1)
    return float(np.average(change - ready.X_others @ b, weights=chance))


def summary(found: pd.DataFrame, place: tuple[str, str]) -> dict[str, Any]:
    """Summarise one estimator in one world over its replicates."""
    refused = int(found["refused"].sum())
    used = found[~found["refused"]]
    n = len(used)
    gap = used["estimate"] - used["truth"]
    row: dict[str, Any] = {
        "world": place[0],
        "estimator": place[1],
        "replicates": len(found),
        "refused": refused,
        "n_cases": rounded(used["n"].mean()),
        "estimate": rounded(used["estimate"].mean()),
        "truth": rounded(used["truth"].mean()),
        "bias": around(gap),
        "covers_truth": share((used["low"] <= used["truth"]) & (used["truth"] <= used["high"])),
        "finds_less": share(used["high"] < 0),
        "finds_more": share(used["low"] > 0),
    }
    if place[0] == WORKS:
        followed = used["truth_followed"]
        row["truth_followed"] = rounded(followed.mean())
        row["bias_followed"] = around(used["estimate"] - followed)
        row["covers_followed"] = share((used["low"] <= followed) & (followed <= used["high"]))
    else:
        row["type_one"] = share((used["low"] > 0) | (used["high"] < 0))
    if used["less"].notna().all():
        row["sd_of_estimate"] = rounded(used["estimate"].std(ddof=1))
        row["mean_std_error"] = rounded(used["std_error"].mean())
        row["less"] = rounded(used["less"].mean())
        row["less_expected"] = rounded(used["less_expected"].mean())
        row["less_gap"] = around(used["less"] - used["less_expected"])
        row["answers"] = {a: int((used["answer"] == a).sum()) for a in sorted(set(used["answer"]))}
    row["settled"] = n >= 2_000
    return row


def rounded(value: float) -> float:
    return round(float(value), 5)


def around(values: pd.Series) -> dict[str, float]:
    """Return a mean with its Monte-Carlo standard error and the interval of two of them."""
    mean, error = values.mean(), values.std(ddof=1) / math.sqrt(len(values))
    return _named(mean, error, mean - 2 * error, mean + 2 * error)


def share(hits: pd.Series) -> dict[str, float]:
    """Return a share with its Monte-Carlo standard error and exact 95 % interval."""
    n, count = len(hits), int(hits.sum())
    p = count / n
    low = 0.0 if count == 0 else betaincinv(count, n - count + 1, 0.025)
    high = 1.0 if count == n else betaincinv(count + 1, n - count, 0.975)
    return _named(p, math.sqrt(p * (1 - p) / n), low, high)


def _named(value: float, error: float, low: float, high: float) -> dict[str, float]:
    names = ("value", "mc_se", "mc_low", "mc_high")
    return dict(zip(names, map(rounded, (value, error, low, high)), strict=True))


def compare(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Apply the decision rule to every bar, for the worlds without a programme."""
    checks = []
    for bar in CONFIG["bars"]:
        low, high = bar["between"]
        for row in rows:
            if row["world"] == WORKS or row["estimator"].startswith("paired"):
                continue
            got = row[bar["measure"]]
            value = got["value"]
            if row["settled"]:
                answer = "met" if low <= value <= high else "missed"
            elif got["mc_high"] < low or got["mc_low"] > high:
                answer = "missed"
            else:
                inside = low <= got["mc_low"] and got["mc_high"] <= high
                answer = "met" if inside else "not decided"
            checks.append(
                {
                    "bar": bar["name"],
                    "world": row["world"],
                    "estimator": row["estimator"],
                    "between": [low, high],
                    "found": value,
                    "mc_se": got["mc_se"],
                    "answer": answer,
                }
            )
    return checks


def draw(rows: list[dict[str, Any]]) -> None:
    marks = {NAIVE_ALARM: ("x", "#b5541c"), NAIVE: ("s", "#d9a441")}
    marks |= {"not_yet": ("o", "#1f4e79"), "no_case": ("D", "#8c8c8c")}
    places = list(dict.fromkeys(row["world"] for row in rows))
    with rc_context({"svg.hashsalt": "absence_risk", "font.size": 9}):
        figure = Figure(figsize=(8.5, 4.4), layout="constrained")
        left, right = figure.subplots(1, 2, sharey=True)
        for j, (estimator, (mark, colour)) in enumerate(marks.items()):
            mine = [row for row in rows if row["estimator"] == estimator]
            at = [places.index(row["world"]) + 0.14 * (j - 1.5) for row in mine]
            for ax, measure in ((left, "bias"), (right, "covers_truth")):
                got = [row[measure] for row in mine]
                ax.errorbar(
                    [100 * g["value"] for g in got],
                    at,
                    xerr=[
                        [100 * (g["value"] - g["mc_low"]) for g in got],
                        [100 * (g["mc_high"] - g["value"]) for g in got],
                    ],
                    fmt=mark,
                    color=colour,
                    ms=4,
                    label=estimator,
                )
        left.axvline(0, color="0.5", lw=0.8, zorder=0)
        left.set_yticks(range(len(places)), places)
        left.invert_yaxis()
        left.set_xlabel("bias (points of absence)")
        right.axvline(95, color="0.5", lw=0.8, zorder=0)
        right.set_xlabel("95 % intervals that hold the truth (%)")
        figure.legend(*left.get_legend_handles_labels(), loc="outside lower center", ncols=4)
        figure.suptitle("Change of absence: against the truth, with Monte-Carlo intervals")
        figure.savefig(HERE / "figure.svg", metadata={"Date": None})


def revision() -> str:
    """Return the git revision of the code that ran, marked where it was changed."""
    call = ["git", "describe", "--always", "--dirty"]
    return subprocess.run(call, cwd=HERE, capture_output=True, text=True, check=True).stdout.strip()


def main() -> None:
    started_at = revision()
    same_as_register()
    found: list[dict[str, Any]] = []
    for model in CONFIG["selected"]["models"]:
        for cases in CONFIG["selected"]["cases"]:
            for replicate in range(CONFIG["selected"]["replicates"]):
                found += selected(model, cases, replicate)
    for replicate in range(CONFIG["municipality"]["replicates"]):
        found += municipality(replicate)
    frame = pd.DataFrame(found)
    form = frame.loc[frame["estimator"] == FORM, "estimate"]
    frame = frame[frame["estimator"] != FORM]
    refused = frame["refused"].eq(other=True) if "refused" in frame else False
    frame = frame.assign(refused=refused)
    places = frame.groupby(["world", "estimator"], sort=False)
    rows = [summary(group, place) for place, group in places]
    checks = compare(rows)
    out = {
        "revision": started_at,
        "random_state": CONFIG["random_state"],
        "form_error": around(form),
        "rows": rows,
        "checks": checks,
    }
    (HERE / "results.json").write_text(json.dumps(out, indent=1) + "\n", encoding="utf-8")
    draw(rows)
    met, missed = ([c["answer"] for c in checks].count(word) for word in ("met", "missed"))
    print(f"{met} of {len(checks)} bars met, {missed} missed")


if __name__ == "__main__":
    main()
