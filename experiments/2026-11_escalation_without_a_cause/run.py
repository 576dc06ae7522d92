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
from scipy.special import betaincinv, expit

import absence_risk as ar
from absence_risk.errors import AbsenceRiskError
from absence_risk.escalation import estimate_escalation
from absence_risk.escalation.verdict import decide
from absence_risk.register.cube import Cube
from absence_risk.register.definition import AbsenceDefinition
from absence_risk.register.panel import panel_from_cube
from absence_risk.synthetic.days import INVALID
from absence_risk.synthetic.records import register_rows
from absence_risk.synthetic.tables import pupil_tables, school_tables

if TYPE_CHECKING:
    from collections.abc import Callable

    from absence_risk.register.register import Register
    from absence_risk.synthetic.world import World

HERE = Path(__file__).parent
CONFIG = tomllib.loads((HERE / "config.toml").read_text(encoding="utf-8"))
ANSWERS = ("supported", "undecidable", "not supported")


def shared_propensity(schools: int, pupils: int, replicate: int) -> pd.DataFrame:
    """Two halves of a year that are alike but for chance; nothing leads from one to the other."""
    c = CONFIG["propensity"]
    rng = np.random.default_rng([CONFIG["random_state"], schools, replicate])
    school = rng.integers(schools, size=pupils)
    trait, other = rng.normal(size=(2, pupils))
    own = c["correlation"] * trait + math.sqrt(1 - c["correlation"] ** 2) * other
    valid_at, invalid_at = rng.normal(size=(2, schools))[:, school]
    ill = c["valid_log_odds"] + c["valid_trait"] * trait + c["valid_school_sd"] * valid_at
    truant = c["invalid_log_odds"] + c["invalid_trait"] * own + c["invalid_school_sd"] * invalid_at
    halves = []
    for period in (1, 2):
        sd = c["valid_half_sd"]
        burst = np.exp(sd * rng.normal(size=pupils) - sd**2 / 2)
        valid = rng.binomial(c["days"], np.minimum(burst * expit(ill), 0.95))
        lesson = expit(truant + c["invalid_half_sd"] * rng.normal(size=pupils))
        invalid = rng.binomial(6 * (c["days"] - valid), lesson)
        halves.append(
            pd.DataFrame(
                {
                    "pupil_key": np.arange(pupils),
                    "school_key": school,
                    "grade": 4 + school % 3,
                    "period": period,
                    "n_days": c["days"],
                    "scheduled_min": c["days"] * c["minutes"],
                    "valid_min": valid * c["minutes"],
                    "invalid_min": invalid * (c["minutes"] // 6),
                }
            )
        )
    return pd.concat(halves, ignore_index=True)


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
    """Refuse to go on if the short way to the cube gives another one than the rows."""
    size = CONFIG["municipality"]["pupils"] // 10
    world = ar.synthetic.simulate("municipality", pupils=size, seed=CONFIG["random_state"])
    short, whole = recorded(world)[0], world.register.cube()
    for name in ("pupil_key", "scheduled", "valid", "invalid"):
        np.testing.assert_array_equal(getattr(short, name), getattr(whole, name))


def municipality(given: dict[str, Any], replicate: int) -> pd.DataFrame:
    world = ar.synthetic.simulate(
        given["preset"],
        pupils=CONFIG["municipality"]["pupils"],
        seed=CONFIG["random_state"] + replicate,
        do=given.get("do"),
    )
    cube, tables = recorded(world)
    return panel_from_cube(cube, tables.pupils, tables.schools, "month")


def replicated(name: str, draw: Callable[[int], pd.DataFrame], replicates: int) -> dict[str, Any]:
    """Estimate in every replicate and count the answers under each tolerance."""
    odds, covered = [], 0
    answers: dict[float, list[str]] = {t: [] for t in CONFIG["tolerances"]}
    for replicate in range(replicates):
        try:
            result = estimate_escalation(draw(replicate))
        except AbsenceRiskError:
            continue
        rows = result.tables[0].rows
        odds.append([math.log(row.estimate) for row in rows])
        covered += result.beyond.conf_low <= 1 <= result.beyond.conf_high
        for tolerance, given in answers.items():
            given.append(decide(result.estimate, result.beyond, tolerance=tolerance))
    n = len(odds)
    mean, sd = np.mean(odds, axis=0), np.std(odds, axis=0, ddof=1)
    low, high = np.exp(np.quantile(np.array(odds)[:, 3], [0.05, 0.95]))
    row = {
        "world": name,
        "replicates": replicates,
        "refused": replicates - n,
        **dict(
            zip(("naive", "adjusted", "reversed", "ratio"), map(rounded, np.exp(mean)), strict=True)
        ),
        "ratio_mc_se": rounded(math.exp(mean[3]) * sd[3] / math.sqrt(n)),
        "ratio_5_to_95": [rounded(low), rounded(high)],
        "covers_1": share(covered, n),
    }
    for tolerance, given in answers.items():
        row[f"tolerance_{tolerance:g}"] = {a: share(given.count(a), n) for a in ANSWERS}
    return row


def rounded(value: float) -> float:
    return round(float(value), 4)


def share(count: int, n: int) -> dict[str, float]:
    """Return a share with its Monte-Carlo standard error and exact 95 % interval."""
    p = count / n
    low = 0.0 if count == 0 else betaincinv(count, n - count + 1, 0.025)
    high = 1.0 if count == n else betaincinv(count + 1, n - count, 0.975)
    return {
        "share": rounded(p),
        "mc_se": rounded(math.sqrt(p * (1 - p) / n)),
        "mc_low": rounded(low),
        "mc_high": rounded(high),
    }


def compare(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Apply the decision rule to every bar."""
    found = {row["world"]: row for row in rows}
    default = f"tolerance_{CONFIG['tolerances'][0]:g}"
    checks = []
    for bar in CONFIG["bars"]:
        low, high = bar["between"]
        for world in bar["worlds"]:
            row = found[world]
            got = row["covers_1"] if bar["measure"] == "covers_1" else row[default]["supported"]
            if low <= got["mc_low"] and got["mc_high"] <= high:
                answer = "met"
            elif got["mc_high"] < low or got["mc_low"] > high:
                answer = "missed"
            else:
                answer = "not decided"
            checks.append(
                {
                    "world": world,
                    "measure": bar["measure"],
                    "bar": [low, high],
                    "found": got["share"],
                    "answer": answer,
                }
            )
    return checks


def draw(rows: list[dict[str, Any]]) -> None:
    with rc_context({"svg.hashsalt": "absence_risk", "font.size": 9}):
        figure = Figure(figsize=(8.5, 4.2), layout="constrained")
        left, right = figure.subplots(1, 2, sharey=True)
        place = np.arange(len(rows))
        for i, row in enumerate(rows):
            left.plot(row["ratio_5_to_95"], [i, i], color="0.6", lw=2)
            left.plot(row["ratio"], i, "o", color="#1f4e79")
        left.axvline(1, color="0.3", lw=0.8)
        left.axvline(CONFIG["tolerances"][0], color="0.3", lw=0.8, ls=":")
        left.set_yticks(place, [row["world"] for row in rows])
        left.invert_yaxis()
        left.set_xlabel("forward ÷ backward (mean, 5 to 95 % of replicates)")
        colours = ("#1b7f5c", "#b5541c")
        for j, (tolerance, colour) in enumerate(zip(CONFIG["tolerances"], colours, strict=True)):
            got = [row[f"tolerance_{tolerance:g}"]["supported"] for row in rows]
            right.errorbar(
                [100 * g["share"] for g in got],
                place + 0.16 * (2 * j - 1),
                xerr=[
                    [100 * (g["share"] - g["mc_low"]) for g in got],
                    [100 * (g["mc_high"] - g["share"]) for g in got],
                ],
                fmt="os"[j],
                color=colour,
                label=f"interval above {tolerance:g}",
            )
        right.axvline(5, color="0.6", lw=0.8, ls=":")
        right.set_xlim(-2, 102)
        right.set_xlabel('answer "supported" (% of replicates)')
        right.legend(frameon=False, fontsize=8)
        figure.suptitle("How often order in time is found, by what the world holds")
        figure.savefig(HERE / "figure.svg", metadata={"Date": None})


def revision() -> str:
    """Return the git revision of the code that ran, marked where it was changed."""
    call = ["git", "describe", "--always", "--dirty"]
    return subprocess.run(call, cwd=HERE, capture_output=True, text=True, check=True).stdout.strip()


def main() -> None:
    same_as_register()
    rows = []
    for given in CONFIG["propensity"]["worlds"]:
        size = (given["schools"], given["pupils"])
        rows.append(
            replicated(
                f"{size[0]} schools",
                lambda i, size=size: shared_propensity(*size, i),
                CONFIG["propensity"]["replicates"],
            )
        )
    for given in CONFIG["municipality"]["worlds"]:
        rows.append(
            replicated(
                given["name"], lambda i, given=given: municipality(given, i), given["replicates"]
            )
        )
    checks = compare(rows)
    out = {
        "revision": revision(),
        "random_state": CONFIG["random_state"],
        "rows": rows,
        "checks": checks,
    }
    (HERE / "results.json").write_text(json.dumps(out, indent=1) + "\n", encoding="utf-8")
    draw(rows)
    met, missed = ([c["answer"] for c in checks].count(word) for word in ("met", "missed"))
    print(f"{met} of {len(checks)} bars met, {missed} missed")


if __name__ == "__main__":
    main()
