"""Run the experiment described in README.md; writes results.json and figure.svg beside it."""

from __future__ import annotations

import json
import math
import subprocess
import tomllib
from collections import Counter
from pathlib import Path
from typing import Any

from matplotlib import rc_context
from matplotlib.figure import Figure

import absence_risk as ar
from absence_risk.study import StudyPlan

HERE = Path(__file__).parent
CONFIG = tomllib.loads((HERE / "config.toml").read_text(encoding="utf-8"))
CLAIMS = ("escalation", "threshold", "return", "wellbeing")
ANSWERS = ("supported", "undecidable", "not supported")
COLOURS = {"supported": "#1b7f5c", "undecidable": "#bdbdbd", "not supported": "#b5541c"}
# Where the truth of a world is on the same scale as what the study estimates beyond its benchmark.
TRUTH_OF = {
    "threshold": "threshold.slope_change_at_20",
    "wellbeing": "wellbeing.absence_change_beyond",
}


def one_world(preset: str, seed: int) -> dict[str, Any]:
    """Study one simulated municipality and set its answers beside its truth."""
    world = ar.synthetic.simulate(preset, pupils=CONFIG["pupils"], seed=seed)
    plan = StudyPlan(replicates=CONFIG["replicates"])
    study = ar.study.run(world.as_register("day"), plan=plan, random_state=seed)
    truth = {entry["id"]: entry["value"] for entry in world.truth["estimands"]}
    out: dict[str, Any] = {"preset": preset, "seed": seed}
    for claim in CLAIMS:
        result = study.results.get(claim)
        out[claim] = "refused" if result is None else result.verdict.answer
        if result is not None and claim in TRUTH_OF:
            beyond = result.beyond
            out[f"{claim}_beyond"] = [beyond.estimate, beyond.conf_low, beyond.conf_high]
            out[f"{claim}_truth"] = truth[TRUTH_OF[claim]]
    return out


def summary(preset: str, claim: str, worlds: list[dict[str, Any]]) -> dict[str, Any]:
    """Count the answers of one claim, the wrong ones, and the intervals that hold the truth."""
    n = len(worlds)
    counts = Counter(world[claim] for world in worlds)
    wrong = sum(counts[answer] for answer in CONFIG["wrong"][preset].get(claim, []))
    share = wrong / n
    row: dict[str, Any] = {
        "preset": preset,
        "claim": claim,
        "worlds": n,
        **{answer: counts[answer] for answer in (*ANSWERS, "refused")},
        "wrong_share": round(share, 4),
        "wrong_mc_se": round(math.sqrt(share * (1 - share) / n), 4),
        "wrong_allowed": round(0.05 + 2 * math.sqrt(0.05 * 0.95 / n), 4),
    }
    known = [w for w in worlds if w.get(f"{claim}_truth") is not None]
    if known:
        held = [
            w[f"{claim}_beyond"][1] <= w[f"{claim}_truth"] <= w[f"{claim}_beyond"][2] for w in known
        ]
        gaps = [w[f"{claim}_beyond"][0] - w[f"{claim}_truth"] for w in known]
        mean = sum(gaps) / len(gaps)
        spread = math.sqrt(sum((g - mean) ** 2 for g in gaps) / max(len(gaps) - 1, 1))
        row |= {
            "coverage": round(sum(held) / len(held), 4),
            "bias": round(mean, 5),
            "bias_mc_se": round(spread / math.sqrt(len(gaps)), 5),
        }
    return row


def draw(rows: list[dict[str, Any]]) -> None:
    with rc_context({"svg.hashsalt": "absence_risk", "font.size": 9}):
        figure = Figure(figsize=(8.5, 3.2), layout="constrained")
        for ax, preset in zip(figure.subplots(1, 2, sharey=True), CONFIG["presets"], strict=True):
            mine = [row for row in rows if row["preset"] == preset]
            left = [0.0] * len(mine)
            for answer in (*ANSWERS, "refused"):
                width = [100 * row[answer] / row["worlds"] for row in mine]
                colour = COLOURS.get(answer, "white")
                ax.barh([r["claim"] for r in mine], width, left=left, color=colour, label=answer)
                left = [a + b for a, b in zip(left, width, strict=True)]
            ax.invert_yaxis()
            ax.set_title(f"{preset}, {mine[0]['worlds']} worlds")
            ax.set_xlabel("% of worlds")
        figure.legend(*ax.get_legend_handles_labels(), loc="outside lower center", ncols=4)
        figure.savefig(HERE / "figure.svg", metadata={"Date": None})


def revision() -> str:
    """Return the git revision of the code that ran, marked where it was changed."""
    call = ["git", "describe", "--always", "--dirty"]
    return subprocess.run(call, cwd=HERE, capture_output=True, text=True, check=True).stdout.strip()


def main() -> None:
    seeds = range(CONFIG["first_seed"], CONFIG["first_seed"] + CONFIG["worlds"])
    worlds = [one_world(preset, seed) for preset in CONFIG["presets"] for seed in seeds]
    rows = [
        summary(preset, claim, [w for w in worlds if w["preset"] == preset])
        for preset in CONFIG["presets"]
        for claim in CLAIMS
    ]
    out = {"revision": revision(), "random_state": CONFIG["first_seed"], "rows": rows}
    (HERE / "results.json").write_text(json.dumps(out, indent=1) + "\n", encoding="utf-8")
    draw(rows)
    held = sum(row["wrong_share"] <= row["wrong_allowed"] for row in rows)
    print(f"{held} of {len(rows)} claims within the allowed share of wrong verdicts")


if __name__ == "__main__":
    main()
