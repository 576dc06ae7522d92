"""Run the experiment described in README.md; writes results.json and figure.svg beside it."""

from __future__ import annotations

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

from absence_risk.stats.kink import kink_search
from absence_risk.thresholds import harm_evidence

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]
    Row = dict[str, Any]

HERE = Path(__file__).parent
CONFIG = tomllib.loads((HERE / "config.toml").read_text(encoding="utf-8"))
AT = CONFIG["at"]


def bent(change: float) -> Callable[[Floats], Floats]:
    """Return a line whose slope changes at the candidate threshold."""
    return lambda x: -20 * x + change * np.maximum(x - AT, 0.0)


TRUTHS: dict[str, Callable[[Floats], Floats]] = {
    "none": np.zeros_like,
    "linear": lambda x: -40 * x,
    "quadratic": lambda x: -100 * x**2,
    "square_root": lambda x: -20 * np.sqrt(x),
    "log": lambda x: -15 * np.log1p(10 * x),
    "softplus": lambda x: -60 * 0.04 * np.log1p(np.exp((x - 0.2) / 0.04)),
    "exponential": lambda x: -8 * np.expm1(3 * x),
    "kink_40": bent(-40),
    "kink_60": bent(-60),
    "kink_100": bent(-100),
}


def generator(kind: int, truth: str, n: int) -> np.random.Generator:
    """Return the random numbers of one cell, the same whatever else is run."""
    return np.random.default_rng([CONFIG["random_state"], kind, list(TRUTHS).index(truth), n])


def sample(rng: np.random.Generator, truth: str, n: int) -> tuple[Floats, Floats]:
    x = rng.beta(*CONFIG["beta"], n)
    return x, TRUTHS[truth](x) + CONFIG["sigma"] * rng.normal(size=n)


def share(hits: int, samples: int) -> dict[str, float]:
    """Return a share with its Monte-Carlo standard error."""
    p = hits / samples
    return {"share": round(p, 5), "mc_se": round(math.sqrt(p * (1 - p) / samples), 5)}


def inside(parts: Iterator[tuple[float, float]]) -> bool:
    return any(low <= AT <= high for low, high in parts)


def verdict_rows(truth: str, n: int, samples: int) -> list[Row]:
    """What the function says in repeated samples, and whether its set holds the true kink."""
    rng = generator(0, truth, n)
    shapes: Counter[str] = Counter()
    answers: Counter[str] = Counter()
    called = covered = 0
    for _ in range(samples):
        x, y = sample(rng, truth, n)
        found = harm_evidence(
            pd.DataFrame({"absence_rate": x, "outcome": y}),
            outcome="outcome",
            exposure="absence_rate",
            at=AT,
            replicates=CONFIG["bootstrap"],
            random_state=int(rng.integers(2**31)),
            conf_level=CONFIG["conf_level"],
            trim=CONFIG["trim"],
            folds=0,
        )
        shape = found.verdict.reasons[0].removeprefix("Shape: ").rstrip(".")
        shapes["kink" if shape.startswith("kink") else shape] += 1
        answers[found.verdict.answer] += 1
        called += shape.startswith("kink") or found.verdict.answer == "supported"
        rows = found.table("break_location").rows
        parts = [row for row in rows if row.term.startswith("set")]
        covered += inside((row.conf_low, row.conf_high) for row in parts)
    place = {"truth": truth, "n": n, "samples": samples}
    counts = {"shapes": dict(sorted(shapes.items())), "answers": dict(sorted(answers.items()))}
    rows = [{"figure": "kink called", **place, **share(called, samples), **counts}]
    if truth in CONFIG["kinks"]:
        said = answers["supported"]
        rows.append({"figure": "supported", **place, **share(said, samples)})
        rows.append({"figure": "coverage, wild bootstrap", **place, **share(covered, samples)})
    return rows


def profile_row(truth: str, n: int) -> Row:
    """Coverage of the profile set with the F quantile."""
    rng = generator(1, truth, n)
    samples = CONFIG["profile"]["samples"]
    covered = 0
    for _ in range(samples):
        x, y = sample(rng, truth, n)
        search = kink_search(x, trim=CONFIG["trim"])
        covered += inside(
            search.confidence_set(y, search.critical_value(CONFIG["conf_level"])).tolist()
        )
    place = {"truth": truth, "n": n, "samples": samples}
    return {"figure": "coverage, profile F", **place, **share(covered, samples)}


def all_rows() -> Iterator[Row]:
    for cell in CONFIG["verdicts"]:
        for truth in CONFIG["smooth"]:
            yield from verdict_rows(truth, cell["n"], cell["smooth_samples"])
        for truth in CONFIG["kinks"]:
            yield from verdict_rows(truth, cell["n"], cell["kink_samples"])
    for n in CONFIG["profile"]["n"]:
        for truth in CONFIG["kinks"]:
            yield profile_row(truth, n)


def bar_of(row: Row) -> list[float] | None:
    """Return the bar of a figure, if it has one."""
    bars = CONFIG["bars"]
    if row["figure"] == "kink called" and row["truth"] in CONFIG["smooth"]:
        return list(bars["false_kink"])
    if row["figure"] == "kink called":
        at_bar = (row["truth"], row["n"]) == (bars["power_truth"], bars["power_n"])
        return list(bars["power"]) if at_bar else None
    held = row["figure"].startswith("coverage") and row["truth"] in bars["coverage_truths"]
    return list(bars["coverage"]) if held else None


def compare(rows: list[Row]) -> list[Row]:
    """Apply the decision rule to every figure that has a bar."""
    checks = []
    for row in rows:
        bar = bar_of(row)
        if bar is None:
            continue
        outside = max(bar[0] - row["share"], row["share"] - bar[1], 0.0)
        answer = "met" if outside == 0 else "missed"
        if 0 < outside <= 2 * row["mc_se"]:
            answer = "not settled"
        names = ("figure", "truth", "n", "share", "mc_se")
        checks.append({**{name: row[name] for name in names}, "bar": bar, "answer": answer})
    return checks


def draw(rows: list[Row]) -> None:
    bars = CONFIG["bars"]
    panels = (
        ("kink called", CONFIG["smooth"], "False kinks: no kink in truth", (0, 15), "false_kink"),
        ("kink called", CONFIG["kinks"], "True kink at 20 %: found", (0, 100), "power"),
        ("coverage, wild bootstrap", CONFIG["kinks"], "Set holds 20 % (bootstrap)", (90, 100), ""),
        ("coverage, profile F", CONFIG["kinks"], "Set holds 20 % (profile F)", (90, 100), ""),
    )
    with rc_context({"svg.hashsalt": "absence_risk", "font.size": 9}):
        figure = Figure(figsize=(9.5, 6.4), layout="constrained")
        for ax, (name, truths, title, limits, bar) in zip(
            figure.subplots(2, 2).ravel(), panels, strict=True
        ):
            for k, truth in enumerate(truths):
                mine = [r for r in rows if r["figure"] == name and r["truth"] == truth]
                ax.errorbar(
                    [r["n"] * 1.035 ** (k - len(truths) / 2) for r in mine],
                    [100 * r["share"] for r in mine],
                    yerr=[200 * r["mc_se"] for r in mine],
                    fmt="osD^vPX"[k],
                    ms=4,
                    lw=1,
                    label=truth,
                )
            ax.axhspan(*(100 * limit for limit in bars[bar or "coverage"]), color="0.92", zorder=0)
            ax.set(title=title, ylim=limits, xscale="log", xlabel="pupils", ylabel="samples (%)")
            ticks = sorted({r["n"] for r in rows if r["figure"] == name and r["truth"] in truths})
            ax.set_xticks(ticks, [f"{n:,}" for n in ticks])
            ax.minorticks_off()
            ax.legend(frameon=False, fontsize=7, ncols=2 if len(truths) > 3 else 1)
        figure.suptitle("What harm_evidence says (± 2 Monte-Carlo errors; shaded: bar)")
        figure.savefig(HERE / "figure.svg", metadata={"Date": None})


def revision() -> str:
    """Return the git revision of the code that ran, marked where it was changed."""
    call = ["git", "describe", "--always", "--dirty"]
    return subprocess.run(call, cwd=HERE, capture_output=True, text=True, check=True).stdout.strip()


def main() -> None:
    code = revision()
    rows = list(all_rows())
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
