"""Run one part of the experiment described in README.md, or draw its figure."""

from __future__ import annotations

import json
import math
import subprocess
import sys
import tomllib
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from matplotlib import rc_context
from matplotlib.figure import Figure
from scipy import stats

from absence_risk.stats.kink import kink_search
from absence_risk.stats.kink_bootstrap import kink_draws
from absence_risk.stats.splines import harrell_knots, restricted_cubic
from absence_risk.thresholds import harm_evidence

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]
    Row = dict[str, Any]

HERE = Path(__file__).parent
CONFIG = tomllib.loads((HERE / "config.toml").read_text(encoding="utf-8"))
AT = CONFIG["at"]


def bent(change: float) -> Callable[[Floats], Floats]:
    return lambda x: -20 * x + change * np.maximum(x - AT, 0.0)


def rounded(width: float, centre: float) -> Callable[[Floats], Floats]:
    return lambda x: width * np.logaddexp(0.0, (x - centre) / width)


TRUTHS: dict[str, Callable[[Floats], Floats]] = {
    "linear": lambda x: -40 * x,
    "quadratic": lambda x: -100 * x**2,
    "square_root": lambda x: -20 * np.sqrt(x),
    "logarithm": lambda x: -15 * np.log1p(10 * x),
    "exponential": lambda x: -8 * np.expm1(3 * x),
    "power_1_3": lambda x: -60 * x**1.3,
    "sigmoid": lambda x: -25 / (1 + np.exp(-(x - 0.3) / 0.08)),
    "hill": lambda x: -30 * x**2 / (x**2 + 0.09),
    "decay": lambda x: -20 * (1 - np.exp(-6 * x)),
    "sine": lambda x: -15 * np.sin(4 * x),
    "weibull": lambda x: -40 * (1 - np.exp(-((x / 0.55) ** 2))),
    "arctangent": lambda x: -12 * np.arctan((x - 0.2) / 0.17),
    "bump": lambda x: -30 * x - 10 * np.exp(-(((x - 0.15) / 0.27) ** 2)),
    "plateau": lambda x: -80 * (rounded(0.085, 0.12)(x) - rounded(0.085, 0.35)(x)),
    "normal_cdf": lambda x: -25 * stats.norm.cdf((x - 0.25) / 0.15),
    "cosine": lambda x: 8 * np.cos(4.5 * x),
    "gompertz": lambda x: -30 * np.exp(-np.exp(-(x - 0.2) / 0.2)),
    "rounded_08": lambda x: -10 * x - 90 * rounded(0.08, 0.15)(x),
    "softplus_04": lambda x: -60 * rounded(0.04, 0.2)(x),
    "kink_40": bent(-40),
    "kink_60": bent(-60),
    "kink_100": bent(-100),
}


def generator(part: str, truth: str, n: int) -> np.random.Generator:
    """Return the random numbers of one cell, the same whatever else is run."""
    parts = ("false", "power", "coverage", "tradeoff")
    seed = [CONFIG["random_state"], parts.index(part), list(TRUTHS).index(truth), n]
    return np.random.default_rng(seed)


def sample(rng: np.random.Generator, truth: str, n: int) -> tuple[Floats, Floats]:
    x = rng.beta(*CONFIG["beta"], n)
    return x, TRUTHS[truth](x) + CONFIG["sigma"] * rng.normal(size=n)


def share(hits: int, samples: int) -> dict[str, float]:
    """Return a share with its Monte-Carlo standard error (of (hits + 1)/(samples + 2))."""
    p, q = hits / samples, (hits + 1) / (samples + 2)
    return {"share": round(p, 5), "mc_se": round(math.sqrt(q * (1 - q) / samples), 5)}


def verdicts(part: str, truth: str, n: int, samples: int, **more: float) -> Row:
    """What the function says in repeated samples."""
    rng = generator(part, truth, n)
    shapes: Counter[str] = Counter()
    answers: Counter[str] = Counter()
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
            folds=0,
            **more,
        )
        shape = found.verdict.reasons[0].removeprefix("Shape: ").rstrip(".").split(" in [")[0]
        shapes[shape] += 1
        answers[found.verdict.answer] += 1
    called = shapes["kink"] + (shapes["step"] if part == "false" else 0)
    counts = {"shapes": dict(sorted(shapes.items())), "answers": dict(sorted(answers.items()))}
    return {"truth": truth, "n": n, "samples": samples, **more, **share(called, samples), **counts}


def false_rows() -> list[Row]:
    cells = list(zip(CONFIG["false"]["n"], CONFIG["false"]["samples"], strict=True))
    held_out = CONFIG["held_out"] + CONFIG["sharper"]
    sharp = {truth: {"sharpness": round(sharpness(truth), 2)} for truth in held_out}
    return [
        verdicts("false", truth, n, count) | sharp.get(truth, {})
        for truth in CONFIG["familiar"] + held_out
        for n, count in cells
    ]


def power_rows() -> list[Row]:
    cells = list(zip(CONFIG["power"]["n"], CONFIG["power"]["samples"], strict=True))
    return [verdicts("power", t, n, count) for t in CONFIG["power"]["truths"] for n, count in cells]


def coverage_rows() -> list[Row]:
    rows = []
    for truth in CONFIG["coverage"]["truths"]:
        for n, count in zip(CONFIG["coverage"]["n"], CONFIG["coverage"]["samples"], strict=True):
            rng, wild, profile = generator("coverage", truth, n), 0, 0
            for _ in range(count):
                x, y = sample(rng, truth, n)
                search = kink_search(x, trim=0.01)
                place = float(search.fit(y).location[0])
                draws = kink_draws(
                    x, y, location=place, limits=search.limits, replicates=399, rng=rng
                )
                level = CONFIG["conf_level"]
                for critical in (draws.critical_value(level), search.critical_value(level)):
                    parts = search.confidence_set(y, critical)
                    hit = bool(((parts[:, 0] <= AT) & (parts[:, 1] >= AT)).any())
                    if critical == search.critical_value(level):
                        profile += hit
                    else:
                        wild += hit
            place_of = {"truth": truth, "n": n, "samples": count}
            rows.append({"set": "wild bootstrap", **place_of, **share(wild, count)})
            rows.append({"set": "profile F", **place_of, **share(profile, count)})
    return rows


def sharpness(truth: str) -> float:
    """Largest curvature over the range of the slope, 0 to 60 % absence: 1 over a width."""
    x = np.linspace(0.0, 0.6, 6001)
    slope = np.gradient(TRUTHS[truth](x), x)
    return float(np.abs(np.gradient(slope, x)[5:-5]).max() / np.ptp(slope))


def tradeoff_rows() -> list[Row]:
    part = CONFIG["tradeoff"]
    return [
        verdicts("tradeoff", truth, part["n"], part["samples"], rounding=width)
        for width in part["rounding"]
        for truth in part["truths"]
    ] + [{"bounds": bounds()}]


def bounds() -> list[Row]:
    """Most power at 5 % of any test of the −60 kink against the nearest of a family."""
    x = stats.beta.ppf((np.arange(4000) + 0.5) / 4000, *CONFIG["beta"])
    truth, n = TRUTHS["kink_60"](x), CONFIG["tradeoff"]["n"]

    def distance(*columns: Floats) -> float:
        matrix = np.column_stack([np.ones_like(x), x, *columns])
        left = truth - matrix @ np.linalg.lstsq(matrix, truth, rcond=None)[0]
        return float(n * np.mean(left**2) / CONFIG["sigma"] ** 2)

    found = {"quadratic": distance(x**2), "cubic": distance(x**2, x**3)}
    for knots in (4, 5):
        basis = restricted_cubic(x, harrell_knots(x, knots))[:, 1:]
        found[f"restricted cubic spline, {knots} knots"] = distance(*basis.T)
    for width in (0.02, 0.03, 0.04, 0.05, 0.06, 0.07, 0.08):
        centres = np.linspace(0.05, 0.4, 71)
        found[f"softplus, width {width:g}, any place"] = min(
            distance(rounded(width, centre)(x)) for centre in centres
        )
    for width in (0.06, 0.07, 0.08, 0.0884, 0.1):
        centres = np.linspace(-0.1, 0.8, 91)
        found[f"sigmoid, scale {width:g}, any place"] = min(
            distance(stats.logistic.cdf((x - centre) / width)) for centre in centres
        )
    return [
        {
            "family": name,
            "noncentrality": round(value, 3),
            "bound": round(float(stats.norm.cdf(math.sqrt(value) - stats.norm.ppf(0.95))), 4),
        }
        for name, value in found.items()
    ]


def answer(row: Row, bar: list[float]) -> str:
    outside = max(bar[0] - row["share"], row["share"] - bar[1], 0.0)
    if outside == 0:
        return "met"
    return "not settled" if outside <= 2 * row["mc_se"] else "missed"


def checks(parts: dict[str, list[Row]]) -> list[Row]:
    """Apply the decision rule to every figure that has a bar."""
    held = []
    for name, rows in parts.items():
        for row in rows:
            bar = CONFIG["bars"].get(name)
            if name == "false" and row["truth"] in CONFIG["sharper"]:
                bar = None
            if name == "power" and (row["truth"], row["n"]) != ("kink_60", 5_000):
                bar = None
            if name == "coverage" and row["set"] != "wild bootstrap":
                bar = None
            if bar is not None:
                keys = ("truth", "n", "share", "mc_se")
                held.append(
                    {
                        "part": name,
                        **{k: row[k] for k in keys},
                        "bar": bar,
                        "answer": answer(row, bar),
                    }
                )
    return held


def draw(parts: dict[str, list[Row]]) -> None:
    with rc_context({"svg.hashsalt": "absence_risk", "font.size": 9}):
        figure = Figure(figsize=(10, 6.6), layout="constrained")
        (one, two), (three, four) = figure.subplots(2, 2)
        for name, ax, title, limits in (
            ("false", one, "Kink or step called, truth smooth", (0, 20)),
            ("power", two, "Kink called, kink at 20 %", (0, 100)),
            ("coverage", three, "Set (wild bootstrap) holds 20 %", (90, 100)),
        ):
            rows = [r for r in parts[name] if r.get("set") != "profile F"]
            truths = list(dict.fromkeys(r["truth"] for r in rows))
            for k, truth in enumerate(truths):
                mine = [r for r in rows if r["truth"] == truth]
                ax.errorbar(
                    [r["n"] * 1.04 ** (k - len(truths) / 2) for r in mine],
                    [100 * r["share"] for r in mine],
                    yerr=[200 * r["mc_se"] for r in mine],
                    fmt="osD^vPX*<>ph"[k % 12],
                    ms=4,
                    lw=1,
                    label=truth,
                )
            ax.axhspan(*(100 * limit for limit in CONFIG["bars"][name]), color="0.92", zorder=0)
            ax.set(title=title, ylim=limits, xscale="log", xlabel="pupils", ylabel="samples (%)")
            ax.legend(frameon=False, fontsize=6, ncols=2)
        rows = [r for r in parts["tradeoff"] if "truth" in r]
        for truth, mark in (("kink_60", "o-"), ("softplus_04", "s-")):
            mine = [r for r in rows if r["truth"] == truth]
            label = "true kink found" if truth == "kink_60" else "softplus .04 called a kink"
            four.plot(
                [r["rounding"] for r in mine], [100 * r["share"] for r in mine], mark, label=label
            )
        limit = [b for b in parts["tradeoff"][-1]["bounds"] if b["family"].startswith("softplus")]
        four.plot(
            [float(b["family"].split()[2].rstrip(",")) for b in limit],
            [100 * b["bound"] for b in limit],
            "k:",
            label="most that any 5 % test can find",
        )
        four.set(title="5,000 pupils, slope change −60", xlabel="least width of a smooth bend")
        four.set(ylim=(0, 100), ylabel="samples (%)")
        four.legend(frameon=False, fontsize=7)
        figure.suptitle("± 2 Monte-Carlo errors; shaded: bar")
        figure.savefig(HERE / "figure.svg", metadata={"Date": None})


def revision() -> str:
    """Return the git revision of the code that ran, marked where it was changed."""
    call = ["git", "describe", "--always", "--dirty"]
    return subprocess.run(call, cwd=HERE, capture_output=True, text=True, check=True).stdout.strip()


RUNS = {
    "false": false_rows,
    "power": power_rows,
    "coverage": coverage_rows,
    "tradeoff": tradeoff_rows,
}


def main() -> None:
    path = HERE / "results.json"
    old: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {"revision": {}}
    (what,) = sys.argv[1:]
    if what == "figure":
        draw({name: old[name] for name in RUNS})
        return
    code, rows = revision(), RUNS[what]()
    out: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {"revision": {}}
    out["random_state"] = CONFIG["random_state"]
    out["revision"][what] = code
    out[what] = rows
    out["checks"] = checks({name: out[name] for name in RUNS if name in out})
    path.write_text(json.dumps(out, indent=1) + "\n", encoding="utf-8")
    count = Counter(row["answer"] for row in out["checks"])
    print(f"{what}: {dict(count)}")


if __name__ == "__main__":
    main()
