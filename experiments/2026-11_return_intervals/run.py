"""Run the experiment described in README.md; writes results.json and figure.svg beside it."""

from __future__ import annotations

import itertools
import json
import math
import subprocess
import tomllib
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from matplotlib import rc_context
from matplotlib.figure import Figure

from absence_risk.stats.incidence import aalen_johansen, incidence_interval
from absence_risk.survival import estimate_return
from absence_risk.survival.severity import BAND_EDGES

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]
    Row = dict[str, Any]

HERE = Path(__file__).parent
CONFIG = tomllib.loads((HERE / "config.toml").read_text(encoding="utf-8"))
SHARE, DIFFERENCE = CONFIG["share"], CONFIG["difference"]
UNLIKE = "still differ too much"  # the verdict's words where weighting did not make groups alike
FIRST_UNTREATED = 10**6


def rounded(value: float) -> float:
    return round(float(value), 5)


def share(hits: int, samples: int) -> dict[str, float]:
    """Return a share with its Monte-Carlo standard error."""
    p = hits / samples
    return {"value": rounded(p), "mc_se": rounded(math.sqrt(p * (1 - p) / samples))}


def share_rows(n: int) -> list[Row]:
    """Coverage of the incidence of return at one week, by scale of the interval."""
    rng = np.random.default_rng([CONFIG["random_state"], 0, n])
    back, total = SHARE["hazards"][0], sum(SHARE["hazards"])
    truth = back / total * (1 - (1 - total) ** SHARE["week"])
    first, last = SHARE["censored"]
    covered: Counter[str] = Counter()
    for _ in range(SHARE["samples"]):
        end = rng.geometric(total, n)
        kind = 1 + (rng.random(n) >= back / total)
        stop = rng.integers(first, last + 1, n)
        event = np.where(end <= stop, kind, 0)
        found = aalen_johansen(np.minimum(end, stop), event, n_causes=2)
        at = min(SHARE["week"], len(found.time)) - 1  # one column per week, from week 1
        error = np.sqrt(found.variance[0, at])
        for name in SHARE["intervals"]:
            low, high = incidence_interval(
                found.cif[0, at],
                error,
                n_at_risk=found.n_at_risk[at],
                conf_level=CONFIG["conf_level"],
                kind=name,
            )
            covered[name] += bool(low <= truth <= high)
    return [
        {
            "figure": "coverage of the share",
            "interval": name,
            "n": n,
            "samples": SHARE["samples"],
            "truth": rounded(truth),
            **share(covered[name], SHARE["samples"]),
        }
        for name in SHARE["intervals"]
    ]


def hazard(severity: Floats) -> Floats:
    band = np.searchsorted(BAND_EDGES, severity, side="right")
    return np.asarray(DIFFERENCE["hazards"])[band]


def true_incidence(
    school_sd: float, other: float, severity: Floats, weight: Floats
) -> npt.NDArray[np.float64]:
    """Incidence of return in each week, averaged over severity and school effects."""
    nodes, mass = np.polynomial.hermite_e.hermegauss(41)
    rate = hazard(severity)[:, None] * np.exp(school_sd * nodes)
    rate = np.minimum(rate, DIFFERENCE["highest_hazard"])
    stay = (1 - rate) * (1 - other)
    week = np.arange(1, DIFFERENCE["at_week"] + 1)[:, None, None]
    incidence = rate * (1 - stay**week) / (1 - stay)
    return np.asarray(np.einsum("wsn,s,n->w", incidence, weight, mass / mass.sum()))


def true_differences(world: str, school_sd: float) -> Floats:
    """Return team minus benchmark with the cases' severity, in each week."""
    a, b = DIFFERENCE["severity_cases"]
    x = (np.arange(4000) + 0.5) / 4000
    density = x ** (a - 1) * (1 - x) ** (b - 1)
    weight = density / density.sum()
    others = endings(world)
    team, benchmark = (true_incidence(school_sd, other, x, weight) for other in others)
    return team - benchmark


def endings(world: str) -> tuple[float, float]:
    """Return the hazard of other endings among cases and among untreated pupils."""
    other = DIFFERENCE["other_hazard"]
    return other, 0.0 if world == "closing" else other


def history(
    rng: np.random.Generator, severity: Floats, shift: Floats, other: float, first: int = 0
) -> pd.DataFrame:
    """Simulate one row per pupil in the columns that the claim expects."""
    n = len(severity)
    school = rng.integers(0, len(shift), n)
    rate = hazard(severity) * np.exp(shift[school])
    back = rng.geometric(np.minimum(rate, DIFFERENCE["highest_hazard"]))
    otherwise = rng.geometric(other, n) if other else np.full(n, np.iinfo(np.int64).max)
    soonest, latest = DIFFERENCE["followed"]
    stop = rng.integers(soonest, latest + 1, n)
    end = np.minimum(np.minimum(back, otherwise), stop)
    event = np.where(back == end, 1, np.where(otherwise == end, 2, 0))
    relapse = rng.geometric(DIFFERENCE["relapse_hazard"], n)
    seen = (event == 1) & (relapse <= stop - end)
    return pd.DataFrame(
        {
            "case_key": np.arange(n),
            "pupil_key": first + np.arange(n),
            "school_key": pd.array(school, dtype="Int64"),
            "entry": 0,
            "duration": end,
            "event": event,
            "severity": severity,
            "invalid_share": rng.uniform(0, 0.3, n),
            "register_duration": np.minimum(back, stop),
            "register_event": (back <= stop).astype(np.int64),
            "relapsed": pd.array(seen, dtype="boolean"),
            "weeks_to_relapse": pd.Series(relapse, dtype="Int64").mask(~seen),
            "weeks_after_return": pd.Series(stop - end, dtype="Int64").mask(event != 1),
            "closed_in_start_week": False,
        }
    )


def difference_rows(cell: tuple[str, int, int, float]) -> list[Row]:
    """Error, coverage and verdicts of the difference in one cell."""
    world, cases, schools, school_sd = cell
    worlds = [c["world"] for c in CONFIG["cells"]]
    seed = [CONFIG["random_state"], 1, worlds.index(world), cases, schools, round(100 * school_sd)]
    rng = np.random.default_rng(seed)
    truth = true_differences(world, school_sd)
    drawn = np.empty((3, DIFFERENCE["samples"]))  # error, standard error, week compared
    counts: Counter[str] = Counter()
    for k in range(DIFFERENCE["samples"]):
        shift = rng.normal(0, school_sd, schools)
        of_case, of_other = endings(world)
        team = history(rng, rng.beta(*DIFFERENCE["severity_cases"], cases), shift, of_case)
        severity = rng.beta(
            *DIFFERENCE["severity_untreated"][world], DIFFERENCE["untreated_per_case"] * cases
        )
        untreated = history(rng, severity, shift, of_other, FIRST_UNTREATED)
        found = estimate_return(
            team,
            untreated,
            at_week=DIFFERENCE["at_week"],
            replicates=DIFFERENCE["bootstrap"],
            random_state=int(rng.integers(2**31)),
            conf_level=CONFIG["conf_level"],
        )
        week = int(found.estimand.id.rsplit("_", 1)[1])
        true = truth[week - 1]
        drawn[:, k] = found.beyond.estimate - true, found.beyond.std_error, week
        counts["covered"] += found.beyond.covers(true)
        counts["apart"] += not found.beyond.covers(0.0)
        counts[found.verdict.answer] += 1
        counts["unlike"] += UNLIKE in found.verdict.sentence
        counts["pupils"] += "resampling pupils" in " ".join(found.verdict.reasons)
    return summary(cell, counts, drawn, float(truth[-1]))


def summary(
    cell: tuple[str, int, int, float],
    counts: Counter[str],
    drawn: Floats,
    truth: float,
) -> list[Row]:
    error, size, week = drawn
    n = len(error)
    place = dict(zip(("world", "cases", "schools", "school_sd"), cell, strict=True))
    place = {**place, "samples": n}
    bias = {
        "figure": "bias of the difference",
        **place,
        "value": rounded(error.mean()),
        "mc_se": rounded(error.std(ddof=1) / math.sqrt(n)),
        "sd": rounded(error.std(ddof=1)),
        "mean_std_error": rounded(size.mean()),
        "true_difference": rounded(truth),
        "mean_week": round(float(week.mean()), 2),
    }
    named = {
        "coverage of the difference": "covered",
        "interval excludes 0": "apart",
        "supported": "supported",
        "not supported": "not supported",
        "undecidable": "undecidable",
        "groups unlike after weighting": "unlike",
        "pupils resampled, too few schools": "pupils",
    }
    return [bias, *({"figure": f, **place, **share(counts[c], n)} for f, c in named.items())]


def cells() -> Iterator[tuple[str, int, int, float]]:
    for group in CONFIG["cells"]:
        sizes = itertools.product(group["school_sd"], group["schools"], group["cases"])
        for school_sd, schools, cases in sizes:
            yield group["world"], cases, schools, school_sd


def bar_of(row: Row) -> list[float] | None:
    """Return the bar of a figure, if it has one."""
    bars, figure = CONFIG["bars"], row["figure"]
    if figure == "coverage of the share":
        return list(bars["share"]) if row["interval"] in bars["share_intervals"] else None
    if figure == "coverage of the difference":
        return list(bars["difference"])
    if figure == "bias of the difference":
        bound = rounded(bars["bias"] * row["sd"])
        return [-bound, bound]
    return list(bars["supported"]) if figure == "supported" else None


def compare(rows: list[Row]) -> list[Row]:
    """Apply the decision rule to every figure that has a bar."""
    names = ("figure", "interval", "n", "world", "cases", "schools", "school_sd", "value", "mc_se")
    checks = []
    for row in rows:
        bar = bar_of(row)
        if bar is None:
            continue
        outside = max(bar[0] - row["value"], row["value"] - bar[1], 0.0)
        answer = "met" if outside == 0 else "missed"
        if 0 < outside <= 2 * row["mc_se"]:
            answer = "not settled"
        shown = {name: row[name] for name in names if name in row}
        checks.append({**shown, "bar": bar, "answer": answer})
    return checks


def draw(rows: list[Row]) -> None:
    with rc_context({"svg.hashsalt": "absence_risk", "font.size": 9}):
        figure = Figure(figsize=(9.5, 6.2), layout="constrained")
        top, bottom = figure.subfigures(2, 1)
        draw_share(top.subplots(1, 1), rows)
        draw_difference(bottom.subplots(1, 3, sharey=True), rows)
        figure.suptitle("Intervals of the return claim (± 2 Monte-Carlo errors; shaded: bar)")
        figure.savefig(HERE / "figure.svg", metadata={"Date": None})


def draw_share(ax: Any, rows: list[Row]) -> None:
    for k, name in enumerate(SHARE["intervals"]):
        mine = [r for r in rows if r.get("interval") == name]
        ax.errorbar(
            [r["n"] + 1.5 * (k - 1) for r in mine],
            [100 * r["value"] for r in mine],
            yerr=[200 * r["mc_se"] for r in mine],
            fmt="osD"[k],
            ms=4,
            label=name,
        )
    ax.axhspan(*(100 * limit for limit in CONFIG["bars"]["share"]), color="0.92", zorder=0)
    ax.set(title="Share back by week 13: interval holds the true share", ylabel="samples (%)")
    ax.set_xticks(SHARE["n"], [f"{n} cases" for n in SHARE["n"]])
    ax.legend(frameon=False, fontsize=8, ncols=3, loc="lower right")


def draw_difference(axes: npt.NDArray[Any], rows: list[Row]) -> None:
    panels = (
        ("coverage of the difference", "Holds the true difference (%)", CONFIG["bars"]),
        ("bias of the difference", "Bias (points)", {}),
        ("supported", "Verdict “supported” (%)", CONFIG["bars"]),
    )
    spans = {"coverage of the difference": "difference", "supported": "supported"}
    for ax, (name, title, bars) in zip(axes, panels, strict=True):
        mine = [r for r in rows if r["figure"] == name]
        colors = dict(zip(dict.fromkeys(r["world"] for r in mine), ("C0", "C2", "C1"), strict=True))
        for k, row in enumerate(reversed(mine)):
            value, error = 100 * row["value"], 200 * row["mc_se"]
            ax.errorbar(value, k, xerr=error, fmt="o", ms=4, color=colors[row["world"]])
        if bars:
            ax.axvspan(*(100 * limit for limit in bars[spans[name]]), color="0.92", zorder=0)
        else:
            ax.axvline(0, color="0.8", lw=0.8, zorder=0)
        ax.set_title(title)
        labels = [
            f"{r['world']}: {r['cases']} cases, {r['schools']} schools, SD {r['school_sd']:g}"
            for r in reversed(mine)
        ]
        ax.set_yticks(range(len(mine)), labels, fontsize=8)


def revision() -> str:
    """Return the git revision of the code that ran, marked where it was changed."""
    call = ["git", "describe", "--always", "--dirty"]
    return subprocess.run(call, cwd=HERE, capture_output=True, text=True, check=True).stdout.strip()


def main() -> None:
    code = revision()
    rows = [row for n in SHARE["n"] for row in share_rows(n)]
    rows += [row for cell in cells() for row in difference_rows(cell)]
    checks = compare(rows)
    out = {
        "revision": code,
        "random_state": CONFIG["random_state"],
        "rows": rows,
        "checks": checks,
    }
    (HERE / "results.json").write_text(json.dumps(out, indent=1) + "\n", encoding="utf-8")
    draw(rows)
    count = Counter(c["answer"] for c in checks)
    print(f"{count['met']} of {len(checks)} bars met, {count['not settled']} not settled")


if __name__ == "__main__":
    main()
