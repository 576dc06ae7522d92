"""Run the experiment described in README.md; writes results.json and figure.svg beside it."""

from __future__ import annotations

import json
import math
import subprocess
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib import rc_context
from matplotlib.figure import Figure
from scipy.special import betaln, expit, gammaln, ndtri

import absence_risk as ar

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    Counts = npt.NDArray[np.float64] | npt.NDArray[np.int16]

HERE = Path(__file__).parent
CONFIG = tomllib.loads((HERE / "config.toml").read_text(encoding="utf-8"))


def beta_binomial_row(window: int, cut: float) -> dict[str, Any]:
    """Exact share, by summing the joint law of two windows of one pupil."""
    a, b = CONFIG["beta"]["a"], CONFIG["beta"]["b"]
    days = np.arange(window + 1)
    choose = gammaln(window + 1) - gammaln(days + 1) - gammaln(window - days + 1)
    x, y = days[:, None], days[None, :]
    log_joint = choose[:, None] + choose[None, :] + betaln(a + x + y, b + 2 * window - x - y)
    joint = np.exp(log_joint - betaln(a, b))
    chosen = days >= threshold_days(window, cut)
    weight = joint[chosen].sum()
    return {
        "model": "beta_binomial",
        "window": window,
        "cut": cut,
        "share_with_less": rounded(np.tril(joint, -1)[chosen].sum() / weight),
        "mc_se": 0.0,
        "n_selected": None,
        "mean_before": rounded((joint[chosen].sum(axis=1) * days[chosen]).sum() / weight / window),
        "mean_after": rounded((joint[chosen] * days[None, :]).sum() / weight / window),
    }


def rounded(value: float) -> float:
    return round(float(value), 5)


def threshold_days(window: int, cut: float) -> int:
    """Return the smallest number of days that is at least the share ``cut``."""
    return math.ceil(cut * window - 1e-9)


def simulated_rows(
    model: str, first: Counts, second: Counts, window: int
) -> Iterator[dict[str, Any]]:
    """Shares for every cut from the absent days of two windows."""
    for cut in CONFIG["cuts"]:
        chosen = first >= threshold_days(window, cut)
        yield selected_row((model, window, cut), first[chosen] / window, second[chosen] / window)


def selected_row(
    place: tuple[str, int | str, float], before: Counts, after: Counts
) -> dict[str, Any]:
    """Share with less among selected pupils, with its Monte-Carlo standard error."""
    n = len(before)
    less = float((after < before).mean())
    return {
        **dict(zip(("model", "window", "cut"), place, strict=True)),
        "share_with_less": rounded(less),
        "mc_se": rounded(math.sqrt(less * (1 - less) / n)),
        "n_selected": n,
        "mean_before": rounded(before.mean()),
        "mean_after": rounded(after.mean()),
    }


def window_spells_rows(rng: np.random.Generator) -> list[dict[str, Any]]:
    beta = CONFIG["beta"]
    p = rng.beta(beta["a"], beta["b"], CONFIG["pupils"])
    rows = []
    for window in CONFIG["windows"]:
        first, second = (
            rng.binomial(window, rng.beta(beta["kappa"] * p, beta["kappa"] * (1 - p))) for _ in "ab"
        )
        rows += simulated_rows("window_spells", first, second, window)
    return rows


def daily_rows(model: dict[str, Any], rng: np.random.Generator) -> list[dict[str, Any]]:
    """Two-state chain of days whose stationary share is the pupil's own."""
    n = CONFIG["pupils"]
    severe = rng.random(n) < model["severe_weight"]
    mu = np.where(severe, model["severe_mu"], model["bulk_mu"])
    sigma = np.where(severe, model["severe_sigma"], model["bulk_sigma"])
    p = expit(mu + sigma * ndtri(rng.random(n)))
    recover = 1 / model["mean_spell"]
    # A pupil absent most days cannot have short spells: the onset probability stops at 1 and the
    # recovery probability follows from the stationary share instead.
    onset = np.minimum(recover * p / (1 - p), 1.0)
    recover_i = onset * (1 - p) / p
    absent = rng.random(n) < p
    longest = max(CONFIG["windows"])
    counts = np.zeros((n, 2 * longest + 1), dtype=np.int16)
    for day in range(CONFIG["burn_in_days"] + 2 * longest):
        u = rng.random(n)
        absent = np.where(absent, u >= recover_i, u < onset)
        at = day - CONFIG["burn_in_days"]
        if at >= 0:
            counts[:, at + 1] = counts[:, at] + absent
    rows = []
    for window in CONFIG["windows"]:
        first = counts[:, window] - counts[:, 0]
        second = counts[:, 2 * window] - counts[:, window]
        rows += simulated_rows(model["name"], first, second, window)
    return rows


def municipality_rows(seed: int) -> list[dict[str, Any]]:
    """The same in the project's own null municipality, from its recorded absence."""
    world = ar.synthetic.simulate("null", pupils=CONFIG["municipality_pupils"], seed=seed)
    cube = world.register.cube()
    rows = []
    n_days = len(cube.calendar)
    for window in CONFIG["windows"]:
        if 2 * window > n_days:
            continue
        everyone = np.arange(cube.n_pupils)
        first = cube.between(everyone, 0, window).rate()[:, 0]
        second = cube.between(everyone, window, 2 * window).rate()[:, 0]
        known = np.isfinite(first) & np.isfinite(second)
        for cut in CONFIG["cuts"]:
            chosen = known & (first >= cut)
            rows.append(selected_row(("municipality", window, cut), first[chosen], second[chosen]))
    rate = cube.totals("month").rate()
    before, after = rate[:, :-1].ravel(), rate[:, 1:].ravel()
    chosen = np.isfinite(before) & np.isfinite(after) & (before >= 0.20)
    rows.append(
        selected_row(("municipality", "calendar month", 0.20), before[chosen], after[chosen])
    )
    return rows


def compare(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Apply the decision rule to every figure that was expected."""
    found = {(r["model"], r["window"], r["cut"]): r for r in rows}
    checks = []
    for item in CONFIG["expected"]:
        r = found[(item["model"], item["window"], item["cut"])]
        low, high = item["share"]
        margin = 0.1 if r["n_selected"] is None else 1.0 + 300 * r["mc_se"]
        share = 100 * r["share_with_less"]
        checks.append(
            {
                "model": item["model"],
                "window": item["window"],
                "cut": item["cut"],
                "expected_per_cent": [low, high],
                "found_per_cent": round(share, 2),
                "margin": round(margin, 2),
                "met": bool(low - margin <= share <= high + margin),
            }
        )
    return checks


def draw(rows: list[dict[str, Any]]) -> None:
    with rc_context({"svg.hashsalt": "absence_risk", "font.size": 9}):
        figure = Figure(figsize=(8.5, 4.6), layout="constrained")
        axes = figure.subplots(1, 3, sharey=True)
        models = list(dict.fromkeys(r["model"] for r in rows))
        marks = dict(zip(models, "osD^v", strict=True))
        shift = {m: 0.0012 * (i - 2) * 2 for i, m in enumerate(models)}
        for ax, window in zip(axes, CONFIG["windows"], strict=True):
            for model in models:
                mine = [r for r in rows if r["model"] == model and r["window"] == window]
                ax.plot(
                    [100 * (r["cut"] + shift[model]) for r in mine],
                    [100 * r["share_with_less"] for r in mine],
                    marks[model],
                    label=model,
                    alpha=0.85,
                )
            ax.axhline(50, color="0.8", lw=0.8, zorder=0)
            ax.set_xticks([10, 15, 20])
            ax.set_title(f"{window} school days, then the next {window}")
            ax.set_xlabel("chosen at or above (% absence)")
        axes[0].set_ylabel("have less absence afterwards (%)")
        axes[0].set_ylim(45, 90)
        axes[-1].legend(frameon=False, fontsize=8)
        figure.suptitle(
            "Nothing was done: share of chosen pupils with less absence in the next window"
        )
        figure.savefig(HERE / "figure.svg", metadata={"Date": None})


def revision() -> str:
    """Return the git revision of the code that ran, marked where it was changed."""
    call = ["git", "describe", "--always", "--dirty"]
    return subprocess.run(call, cwd=HERE, capture_output=True, text=True, check=True).stdout.strip()


def main() -> None:
    rng = np.random.default_rng(CONFIG["random_state"])
    rows = [beta_binomial_row(w, c) for w in CONFIG["windows"] for c in CONFIG["cuts"]]
    rows += window_spells_rows(rng)
    for model in CONFIG["daily"]:
        rows += daily_rows(model, rng)
    rows += municipality_rows(CONFIG["random_state"])
    checks = compare(rows)
    out = {
        "revision": revision(),
        "random_state": CONFIG["random_state"],
        "rows": rows,
        "checks": checks,
    }
    (HERE / "results.json").write_text(json.dumps(out, indent=1) + "\n", encoding="utf-8")
    draw(rows)
    met = sum(c["met"] for c in checks)
    print(f"{met} of {len(checks)} expected figures met")


if __name__ == "__main__":
    main()
