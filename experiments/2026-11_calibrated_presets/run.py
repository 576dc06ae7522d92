"""Run the experiment described in README.md; writes results.json and figure.svg beside it."""

from __future__ import annotations

import json
import math
import subprocess
import time
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib import rc_context
from matplotlib.figure import Figure

from absence_risk.synthetic import Scenario
from absence_risk.synthetic.calibrate import calibrate, compare

HERE = Path(__file__).parent
CONFIG = tomllib.loads((HERE / "config.toml").read_text(encoding="utf-8"))


def search(name: str) -> dict[str, Any]:
    """Find the parameters from a rough start and compare them with the committed ones."""
    start = time.process_time()
    found = calibrate(name, seed=CONFIG["search_seed"])
    seconds = time.process_time() - start
    committed = Scenario.preset(name).values()
    apart = 0.0
    for dotted, value in found.found.items():
        section, parameter = dotted.split(".")
        there = np.asarray(committed[section][parameter], dtype=float)
        apart = max(apart, float(np.max(np.abs(np.asarray(value) - there))))
    return {
        "preset": name,
        "met": found.met,
        "worlds": found.worlds,
        "pupils": found.aim.pupils,
        "cpu_seconds": round(seconds, 1),
        "in_time": seconds <= CONFIG["most_cpu_seconds"],
        "largest_difference_from_preset": apart,
        "parameters": dict(found.found),
    }


def figures(name: str) -> list[dict[str, Any]]:
    """Figures of the committed preset in worlds that the search has not seen."""
    frames = [compare(name, seed=seed) for seed in CONFIG["seeds"]]
    rows = []
    for label, part in pd.concat(frames).groupby("figure", sort=False):
        value = part["simulated"]
        published, tolerance = part["published"].iloc[0], part["tolerance"].iloc[0]
        rows.append(
            {
                "preset": name,
                "figure": label,
                "published": published,
                "tolerance": tolerance,
                "mean": round(float(value.mean()), 5),
                "mc_se": round(float(value.std()) / math.sqrt(len(value)), 5),
                "sd_between_worlds": round(float(value.std()), 5),
                "met": bool(abs(value.mean() - published) <= tolerance),
                "worlds_met": int(part["met"].sum()),
                "worlds": len(value),
                "source": part["source"].iloc[0],
            }
        )
    return rows


def draw(rows: list[dict[str, Any]]) -> None:
    """Each figure's distance from what was published, in units of its tolerance."""
    with rc_context({"svg.hashsalt": "absence_risk", "font.size": 8}):
        figure = Figure(figsize=(8, 0.24 * len(rows) + 1.4), layout="constrained")
        ax = figure.add_subplot()
        at = np.arange(len(rows))
        middle = [(row["mean"] - row["published"]) / row["tolerance"] for row in rows]
        spread = [2 * row["sd_between_worlds"] / row["tolerance"] for row in rows]
        ax.axvspan(-1, 1, color="0.92", zorder=0)
        ax.axvline(0, color="0.6", lw=0.8, zorder=1)
        ax.errorbar(middle, at, xerr=spread, fmt="o", ms=4, color="#1b5e8c", lw=1)
        ax.set_yticks(at, [f"{row['preset']}: {row['figure']}" for row in rows])
        ax.invert_yaxis()
        ax.set_xlabel("distance ÷ tolerance")
        figure.suptitle("Calibrated presets: mean of ten worlds, ± 2 SD between worlds")
        figure.savefig(HERE / "figure.svg", metadata={"Date": None})


def revision() -> str:
    """Return the git revision of the code that ran, marked where it was changed."""
    call = ["git", "describe", "--always", "--dirty"]
    return subprocess.run(call, cwd=HERE, capture_output=True, text=True, check=True).stdout.strip()


def main() -> None:
    searches = [search(name) for name in CONFIG["presets"]]
    rows = [row for name in CONFIG["presets"] for row in figures(name)]
    out = {"revision": revision(), "searches": searches, "figures": rows}
    (HERE / "results.json").write_text(json.dumps(out, indent=1) + "\n", encoding="utf-8")
    draw(rows)
    met, missed = sum(row["met"] for row in rows), sum(not row["met"] for row in rows)
    slow = [found["preset"] for found in searches if not found["in_time"]]
    print(f"{met} figures met, {missed} missed; searches over time: {slow or 'none'}")


if __name__ == "__main__":
    main()
