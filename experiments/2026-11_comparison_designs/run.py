"""Run the experiment described in README.md; writes results.json and figure.svg beside it."""

from __future__ import annotations

import json
import math
import subprocess
import tomllib
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from matplotlib import rc_context
from matplotlib.figure import Figure
from scipy import special, stats

from absence_risk.errors import AssumptionWarning
from absence_risk.evaluation import (
    ancova,
    difference_in_differences,
    event_study,
    interrupted_time_series,
    matched_comparison,
    synthetic_control,
)

if TYPE_CHECKING:
    from absence_risk.result import Result

HERE = Path(__file__).parent
CONFIG = tomllib.loads((HERE / "config.toml").read_text(encoding="utf-8"))
JUDGED = (
    "DiD, same rule",
    "ANCOVA, same rule",
    "matched",
    "neighbours",
    "ITS, whole place",
    "synthetic control",
)
T = CONFIG["index_month"]


def persistent(rng: np.random.Generator, shape: tuple[int, int], memory: float) -> np.ndarray:
    """Return standard normal rows whose neighbours correlate."""
    out = rng.normal(size=shape)
    for t in range(1, shape[1]):
        out[:, t] = memory * out[:, t - 1] + math.sqrt(1 - memory**2) * out[:, t]
    return out


def absence(rng: np.random.Generator, place: np.ndarray, level: np.ndarray) -> np.ndarray:
    """Return the monthly share of absence of each pupil, given place by month and level."""
    n, months = len(place), CONFIG["months"]
    logit = CONFIG["mean_logit"] + level[:, None] + place
    logit = logit + CONFIG["trait_sd"] * rng.normal(size=(n, 1))
    logit += CONFIG["shock_sd"] * persistent(rng, (n, months), CONFIG["shock_memory"])
    return rng.binomial(CONFIG["days"], special.expit(logit)) / CONFIG["days"]


def pupils_of(rng: np.random.Generator) -> tuple[pd.DataFrame, np.ndarray]:
    """Return one row per pupil with windows in points, and absence by month in points."""
    n, m = CONFIG["pupils"], CONFIG["municipalities"]
    municipality = rng.integers(0, m, size=n)
    drift = CONFIG["place_sd"] * persistent(rng, (m, CONFIG["months"]), CONFIG["place_memory"])
    y = 100 * absence(rng, drift[municipality], np.zeros(n))
    met = y[:, T] >= 100 * CONFIG["cut"]
    frame = pd.DataFrame(
        {
            "pupil_key": np.arange(n),
            "municipality_key": municipality,
            "met": met,
            "referred": met & (rng.random(n) < CONFIG["referred_share"]),
            "index": y[:, T],
            "month_before": y[:, T - 1],
            "gap": y[:, T - 6 : T - 3].mean(axis=1),
            "after": y[:, T + 1 : T + 4].mean(axis=1),
        }
    )
    return frame, y


def paired(change: pd.Series) -> tuple[float, bool, bool]:
    test = stats.ttest_1samp(change, 0.0)
    return (
        float(change.mean()),
        bool(test.pvalue < 0.05),
        bool(test.pvalue < 0.05 and test.statistic < 0),
    )


def told(result: Result) -> tuple[float, bool, bool]:
    """Return the difference, whether its interval leaves 0 out, and whether it is supported."""
    row = result.beyond
    out = not row.covers(0.0)
    return float(row.estimate), out, result.verdict.answer == "supported"


def comparisons(frame: pd.DataFrame, y: np.ndarray) -> dict[str, tuple[float, bool, bool]]:
    ours, same = frame[frame["referred"]], frame[frame["met"]]
    call = {"post": "after", "treated": "referred", "cluster": "municipality_key"}
    base, chosen = {"pre": "index", **call}, {"same_rule": True}
    found = {
        "paired t": paired(ours["after"] - ours["index"]),
        "paired t, gap": paired(ours["after"] - ours["gap"]),
        "DiD, all others": told(difference_in_differences(frame, **base, same_rule=False)),
        "DiD, all others, month before": told(
            difference_in_differences(frame, **{**base, "pre": "month_before"}, same_rule=False)
        ),
        "DiD, same rule": told(difference_in_differences(same, **base, **chosen)),
        "ANCOVA, same rule": told(ancova(same, **base, **chosen)),
        "matched": told(matched_comparison(frame, **base, **chosen, covariates=["gap"])),
        "neighbours": told(
            matched_comparison(frame, **base, **chosen, covariates=["gap"], by="propensity")
        ),
    }
    months = range(T - 4, T + 4)
    panel = pd.DataFrame(
        {
            "pupil_key": np.repeat(frame["pupil_key"], len(months)),
            "municipality_key": np.repeat(frame["municipality_key"], len(months)),
            "start": np.repeat(np.where(frame["referred"], T + 1.0, np.nan), len(months)),
            "month": np.tile(list(months), len(frame)),
            "y": y[:, months].ravel(),
        }
    )
    for name, window in (("base in the window", 0), ("window named", 1)):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", AssumptionWarning)
            result = event_study(
                panel,
                outcome="y",
                time="month",
                start="start",
                selection_periods=window,
                same_rule=False,
                cluster="municipality_key",
            )
        found[f"event study, {name}"] = told(result)
    return found


def series(frame: pd.DataFrame, y: np.ndarray) -> dict[str, tuple[float, bool, bool]]:
    rows = {"whole place": frame["municipality_key"] == 0, "referred pupils": frame["referred"]}
    found = {}
    for name, who in rows.items():
        months = pd.DataFrame({"month": np.arange(y.shape[1]), "y": y[who.to_numpy()].mean(axis=0)})
        found[f"ITS, {name}"] = told(
            interrupted_time_series(
                months,
                outcome="y",
                time="month",
                start=T + 1,
                chosen_by_outcome=name == "referred pupils",
            )
        )
    return found


def mixture(rng: np.random.Generator) -> tuple[float, bool, bool]:
    m, each = CONFIG["donors"], CONFIG["pupils"] // CONFIG["municipalities"]
    drift = CONFIG["place_sd"] * persistent(rng, (m, CONFIG["months"]), CONFIG["place_memory"])
    level = np.repeat(0.2 * rng.normal(size=m), each)
    y = 100 * absence(rng, np.repeat(drift, each, axis=0), level)
    means = y.reshape(m, each, -1).mean(axis=1)
    panel = pd.DataFrame(
        {
            "place": np.repeat(np.arange(m), means.shape[1]),
            "month": np.tile(np.arange(means.shape[1]), m),
            "y": means.ravel(),
        }
    )
    result = synthetic_control(
        panel,
        outcome="y",
        time="month",
        unit_column="place",
        treated_unit=0,
        start=T + 1,
        chosen_by_outcome=False,
    )
    estimate, _, supported = told(result)
    p_value = result.beyond.p_value  # none where the interval reaches from one end to the other
    return estimate, bool(p_value is not None and p_value <= 0.05 + 1e-12), supported


def summary(name: str, found: list[tuple[float, bool, bool]]) -> dict[str, Any]:
    estimates = np.array([one[0] for one in found])
    wrong = float(np.mean([one[1] for one in found]))
    n = len(found)
    error = math.sqrt(0.05 * 0.95 / n)
    bias, bias_error = float(estimates.mean()), float(estimates.std(ddof=1) / math.sqrt(n))
    row = {
        "design": name,
        "replicates": n,
        "bias": round(bias, 4),
        "bias_mc_se": round(bias_error, 4),
        "type_1": round(wrong, 4),
        "type_1_mc_se": round(max(error, math.sqrt(wrong * (1 - wrong) / n)), 4),
        "called_support": round(float(np.mean([one[2] for one in found])), 4),
    }
    if name in JUDGED:
        row["type_1_bar"] = answer(max(0.04 - wrong, wrong - 0.06, 0.0), error)
        row["bias_bar"] = answer(max(abs(bias) - 0.1, 0.0), bias_error)
    return row


def answer(outside: float, error: float) -> str:
    if outside <= 1e-12:
        return "met"
    return "not decided" if outside < 2 * error else "missed"


def draw(rows: list[dict[str, Any]]) -> None:
    with rc_context({"svg.hashsalt": "absence_risk", "font.size": 9}):
        figure = Figure(figsize=(8.5, 4.0), layout="constrained")
        left, right = figure.subplots(1, 2, sharey=True)
        names = [row["design"] for row in rows]
        colours = ["#1b7f5c" if name in JUDGED else "#b5541c" for name in names]
        left.barh(names, [row["bias"] for row in rows], color=colours)
        left.axvline(0, color="black", linewidth=0.8)
        left.set_xlabel("apparent change, points of school time (truth 0)")
        right.barh(names, [100 * row["type_1"] for row in rows], color=colours)
        right.axvline(5, color="black", linewidth=0.8, linestyle="--")
        right.set_xlabel("intervals that leave 0 out, %")
        left.invert_yaxis()
        figure.savefig(HERE / "figure.svg", metadata={"Date": None})


def revision() -> str:
    """Return the git revision of the code that ran, marked where it was changed."""
    call = ["git", "describe", "--always", "--dirty"]
    return subprocess.run(call, cwd=HERE, capture_output=True, text=True, check=True).stdout.strip()


def main() -> None:
    before = revision()
    collected: dict[str, list[tuple[float, bool, bool]]] = {}
    shares = []
    for k in range(CONFIG["replicates"]):
        rng = np.random.default_rng(CONFIG["first_seed"] + k)
        frame, y = pupils_of(rng)
        shares.append((y.mean() / 100, frame["met"].mean()))
        one = {**comparisons(frame, y), **series(frame, y), "synthetic control": mixture(rng)}
        for name, value in one.items():
            collected.setdefault(name, []).append(value)
    rows = [summary(name, found) for name, found in collected.items()]
    out = {
        "revision": before,
        "random_state": CONFIG["first_seed"],
        "mean_absence": round(float(np.mean([s[0] for s in shares])), 4),
        "share_at_the_cut": round(float(np.mean([s[1] for s in shares])), 4),
        "rows": rows,
    }
    (HERE / "results.json").write_text(json.dumps(out, indent=1) + "\n", encoding="utf-8")
    draw(rows)
    for row in rows:
        print(
            row["design"],
            row["bias"],
            row["type_1"],
            row.get("type_1_bar", ""),
            row.get("bias_bar", ""),
        )


if __name__ == "__main__":
    main()
