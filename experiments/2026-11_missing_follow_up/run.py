"""Run the experiment described in README.md; writes results.json and figure.svg beside it."""

from __future__ import annotations

import json
import subprocess
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib import rc_context
from matplotlib.figure import Figure
from scipy.optimize import brentq
from scipy.special import expit, stdtrit

from absence_risk.stats.cluster_mean import cluster_mean
from absence_risk.stats.imputation import impute_normal
from absence_risk.stats.rubin import pool

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    Array = npt.NDArray[np.float64]

HERE = Path(__file__).parent
CONFIG = tomllib.loads((HERE / "config.toml").read_text(encoding="utf-8"))
TRUE = CONFIG["effect"]
CHUNK = 500
LOGIT = {"mar": (-0.45, 0.6, -0.5, 0.0), "mnar": (-0.45, 0.4, -0.4, -0.6)}


def layout(n: int, G: int) -> npt.NDArray[np.int64]:
    sizes = np.maximum(np.round(np.array(CONFIG["municipalities"][str(G)]) * n).astype(int), 2)
    sizes[0] += n - sizes.sum()
    return np.repeat(np.arange(G), sizes)


def clustered_world(
    rng: np.random.Generator, D: int, codes: npt.NDArray[np.int64], variance: float, mechanism: str
) -> tuple[Array, Array, Array]:
    """Baseline and absence (D, n, 2), follow-up in full and where it is missing (D, n)."""
    G, n = int(codes.max()) + 1, len(codes)
    town = np.sqrt(variance) * rng.normal(size=(2, D, G))[:, :, codes]
    trait = rng.normal(size=(D, n))
    absence = 0.3 * town[0] - 0.5 * trait + np.sqrt(0.75) * rng.normal(size=(D, n))
    before = 0.7 * trait + 0.71 * rng.normal(size=(D, n)) + 0.5 * town[0]
    noise = np.sqrt(1 - variance) * 0.75 * rng.normal(size=(D, n))
    after = TRUE + 0.5 * before - 0.25 * absence + town[1] + noise
    spread = CONFIG["answer_spread"] * rng.normal(size=(D, G))[:, codes]
    a, by_absence, by_before, by_after = LOGIT[mechanism]
    logit = a + by_absence * absence + by_before * before + by_after * (after - TRUE) + spread
    return np.stack([before, absence], 2), after, rng.random((D, n)) < expit(logit)


def true_delta(x: Array, after: Array, missing: Array, codes: npt.NDArray[np.int64]) -> float:
    """Mean of the missing beyond the regression, with town intercepts, of those who answered."""
    gaps = []
    for d in range(len(after)):
        X = np.column_stack([np.eye(codes.max() + 1)[codes], x[d]])
        b = np.linalg.lstsq(X[~missing[d]], after[d][~missing[d]], rcond=None)[0]
        gaps.append((after[d] - X @ b)[missing[d]].mean())
    return float(np.mean(gaps))


def analysed(full: Array, before: Array, codes: npt.NDArray[np.int64], rule: str) -> Array:
    """Estimate, standard error and degrees of freedom of each data set, shape (3, D)."""
    found = cluster_mean(full - before[:, None, :], codes)
    one = pool(found.estimate.T, found.variance.T, df_complete=found.df, rule=rule)
    return np.stack([one.estimate, one.std_error, one.df])


def not_imputed(change: Array, seen: Array, codes: npt.NDArray[np.int64]) -> Array:
    """Mean of those seen with CR2, data set by data set (towns nobody answered in drop out)."""
    out = []
    for values, kept in zip(change, seen, strict=True):
        found = cluster_mean(values[kept], np.unique(codes[kept], return_inverse=True)[1])
        out.append((float(found.estimate), float(found.variance) ** 0.5, found.df))
    return np.array(out).T


def cell_of_e5(
    rng: np.random.Generator, place: tuple[int, int, float, str]
) -> Iterator[dict[str, Any]]:
    G, n, variance, mechanism = place
    codes, m = layout(n, G), CONFIG["imputations"]
    large = np.repeat(np.arange(20), 500)
    delta = 0.0
    if mechanism == "mnar":
        delta = true_delta(*clustered_world(rng, 20, large, variance, mechanism), large)
    parts: dict[str, list[Array]] = {}
    for _ in range(CONFIG["replicates"] // CHUNK):
        x, after, missing = clustered_world(rng, CHUNK, codes, variance, mechanism)
        y, before = np.where(missing, np.nan, after), x[:, :, 0]
        change = after - before
        add = parts.setdefault
        add("all cases", []).append(not_imputed(change, missing | True, codes))
        add("complete cases", []).append(not_imputed(change, ~missing, codes))
        for name, columns, used in (
            ("baseline only", slice(0, 1), None),
            ("with absence", slice(0, 2), None),
            ("with absence and municipality", slice(0, 2), codes),
        ):
            full = impute_normal(y, x[:, :, columns], used, imputations=m, rng=rng)
            full += delta * missing[:, None, :]
            add(name, []).append(analysed(full, before, codes, "satterthwaite"))
            if used is not None:
                df = analysed(full, before, codes, "barnard-rubin")
                add(f"{name}, Barnard-Rubin", []).append(df)
    for name, chunks in parts.items():
        found = summary(np.concatenate(chunks, axis=1))
        yield {
            "municipalities": G,
            "n": n,
            "variance": variance,
            "mechanism": mechanism,
            "delta": round(delta, 4),
            "estimator": name,
            **found,
        }


def summary(found: Array) -> dict[str, float]:
    """Bias, spread and how the standard errors fit it; coverage of the true value."""
    estimate, error, df = found
    sd = estimate.std(ddof=1)
    covered = np.abs(estimate - TRUE) <= stdtrit(df, 0.5 + CONFIG["conf_level"] / 2) * error
    return {
        "bias": round(float(estimate.mean() - TRUE), 4),
        "sd": round(float(sd), 4),
        "mean_se_over_sd": round(float(error.mean() / sd), 4),
        "rms_se_over_sd": round(float(np.sqrt((error**2).mean()) / sd), 4),
        "coverage": round(float(covered.mean()), 4),
        "median_half_width": round(float(np.median(stdtrit(df, 0.975) * error)), 4),
    }


def chosen_world(
    rng: np.random.Generator, D: int, n: int, intercept: float
) -> tuple[Array, Array, Array]:
    """Chosen pupils: baseline and absence, follow-up with the effect, where it is missing."""
    pupils = int(np.ceil(1.6 * n / CONFIG["chosen_share"])) + 60
    x, after, _ = untreated(rng, D, pupils)
    cut = np.quantile(rng.normal(size=400_000), 1 - CONFIG["chosen_share"])
    order = np.argsort(x[:, :, 1] < cut, axis=1, kind="stable")[:, :n]
    x = np.take_along_axis(x, order[:, :, None], axis=1)
    after = np.take_along_axis(after, order, axis=1) + TRUE
    return x, after, rng.random((D, n)) < expit(intercept + not_at_random(x, after))


def not_at_random(x: Array, after: Array) -> Array:
    _, by_absence, by_before, by_after = LOGIT["mnar"]
    return by_absence * x[:, :, 1] + by_before * x[:, :, 0] + by_after * (after - TRUE)


def intercept_for(rng: np.random.Generator, share: float) -> float:
    """Intercept at which the wanted share of the chosen pupils is missing."""
    x, after, _ = chosen_world(rng, 20, 10_000, 0.0)
    logit = not_at_random(x, after)
    return float(brentq(lambda a: expit(a + logit).mean() - share, -5, 5))


def untreated(rng: np.random.Generator, D: int, n: int) -> tuple[Array, Array, None]:
    """All pupils: selection sees absence of variance 1, the follow-up has no effect in it."""
    trait = rng.normal(size=(D, n))
    absence = -0.5 * trait + np.sqrt(0.75) * rng.normal(size=(D, n))
    before = 0.7 * trait + 0.71 * rng.normal(size=(D, n))
    after = 0.5 * before - 0.25 * absence + 0.75 * rng.normal(size=(D, n))
    return np.stack([before, absence], 2), after, None


def cell_of_e3(rng: np.random.Generator, n: int) -> Iterator[dict[str, Any]]:
    intercept = intercept_for(rng, CONFIG["missing_share"])
    x, after, missing = chosen_world(rng, 20, 10_000, intercept)
    delta = true_delta(x, after, missing, np.zeros(10_000, dtype=np.int64))
    m, parts, lost = CONFIG["imputations"], {}, []
    for _ in range(CONFIG["replicates_chain"] // CHUNK):
        x, after, missing = chosen_world(rng, CHUNK, n, intercept)
        lost.append(missing.mean())
        ones = np.ones((CHUNK, n, 1))
        xr, yr, _ = untreated(rng, CHUNK, CONFIG["registry"])
        Z = np.concatenate([np.ones((CHUNK, CONFIG["registry"], 1)), xr], axis=2)
        inverse = np.linalg.inv(np.swapaxes(Z, 1, 2) @ Z)
        b = inverse @ (np.swapaxes(Z, 1, 2) @ yr[:, :, None])
        s2 = ((yr - (Z @ b)[:, :, 0]) ** 2).sum(1) / (CONFIG["registry"] - 3)
        X = np.concatenate([ones, x], axis=2)
        expected, z = (X @ b)[:, :, 0], X.mean(axis=1)
        of_registry = s2 * (z[:, None] @ inverse @ z[:, :, None])[:, 0, 0]
        y = np.where(missing, np.nan, after)
        add = parts.setdefault
        add("naive: paired t of complete cases", []).append(one_mean(y - x[:, :, 0], 0.0))
        add("all cases, registry", []).append(one_mean(after - expected, of_registry))
        add("complete cases, registry", []).append(one_mean(y - expected, of_registry))
        for name, columns, shift in (
            ("baseline only, registry", slice(0, 1), 0.0),
            ("with absence, registry", slice(0, 2), 0.0),
            ("with absence, registry, true delta", slice(0, 2), delta),
        ):
            full = impute_normal(y, x[:, :, columns], None, imputations=m, rng=rng)
            rest = full + shift * missing[:, None, :] - expected[:, None, :]
            variance = rest.var(axis=2, ddof=1) / n + of_registry[:, None]
            one = pool(rest.mean(axis=2).T, variance.T, df_complete=n - 1)
            add(name, []).append(np.stack([one.estimate, one.std_error, one.df]))
    for name, chunks in parts.items():
        found = summary(np.concatenate(chunks, axis=1))
        missing_share = round(float(np.mean(lost)), 3)
        yield {
            "n": n,
            "delta": round(delta, 4),
            "missing": missing_share,
            "estimator": name,
        } | found


def one_mean(values: Array, extra: Array | float) -> Array:
    count = (~np.isnan(values)).sum(axis=1)
    error = np.sqrt(np.nanvar(values, axis=1, ddof=1) / count + extra)
    return np.stack([np.nanmean(values, axis=1), error, count - 1.0])


def decide(e5: list[dict[str, Any]], e3: list[dict[str, Any]]) -> dict[str, Any]:
    """Apply the rules of the README."""
    main = "with absence and municipality"
    cells = [r for r in e5 if r["municipalities"] == 5 and r["estimator"] == main]
    best = {key(r): r for r in e5 if r["estimator"] == "all cases"}
    outside = [
        {**r, "all_cases_mean_se_over_sd": best[key(r)]["mean_se_over_sd"]}
        for r in cells
        if not 0.9 <= r["mean_se_over_sd"] <= 1.1
    ]
    every = [r for r in e5 if r["estimator"] == main]
    chain = [r for r in e3 if r["estimator"] == "with absence, registry, true delta"]
    return {
        "e5_cells": len(cells),
        "e5_met": len(cells) - len(outside),
        "e5_outside": outside,
        "e5_coverage_within_2.5_points": [
            sum(abs(r["coverage"] - 0.95) <= 0.025 for r in every),
            len(every),
        ],
        "e3_met": {str(r["n"]): bool(0.94 <= r["coverage"] <= 0.97) for r in chain},
    }


def key(row: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(row[k] for k in ("municipalities", "n", "variance", "mechanism"))


def draw(e5: list[dict[str, Any]], e3: list[dict[str, Any]]) -> None:
    names = ["all cases", "with absence", "with absence and municipality"]
    colours = dict(zip(names, ("0.6", "tab:orange", "tab:blue"), strict=True))
    with rc_context({"svg.hashsalt": "absence_risk", "font.size": 9}):
        figure = Figure(figsize=(9.5, 4.2), layout="constrained")
        left, right = figure.subplots(1, 2, width_ratios=(1.6, 1))
        sizes = CONFIG["sizes"]
        groups = [int(G) for G in CONFIG["municipalities"]]
        for i, G in enumerate(groups):
            for j, n in enumerate(sizes):
                for k, name in enumerate(names):
                    here = [
                        r["mean_se_over_sd"]
                        for r in e5
                        if (r["municipalities"], r["n"], r["estimator"]) == (G, n, name)
                    ]
                    place = 4 * i + j + 0.2 * (k - 1)
                    left.plot([place] * 2, [min(here), max(here)], color=colours[name], lw=1)
                    label = name if i == j == 0 else None
                    left.plot(
                        [place] * len(here), here, "o", ms=4, color=colours[name], label=label
                    )
        left.axhspan(0.9, 1.1, color="0.93", zorder=0)
        ticks = [4 * i + j for i in range(len(groups)) for j in range(len(sizes))]
        left.set_xticks(ticks, [f"{n}" for _ in groups for n in sizes])
        for i, G in enumerate(groups):
            left.text(4 * i + 1, 1.22, f"{G} municipalities", ha="center")
        left.set_ylim(0.33, 1.27)
        left.set_xlabel("cases")
        left.set_ylabel("mean standard error / real spread")
        left.legend(frameon=False, fontsize=8, loc="lower left")
        left.set_title("Few municipalities, 40 % missing (dots: 4 worlds)")
        labels = list(dict.fromkeys(r["estimator"] for r in e3))
        marks = dict(zip(sizes, "osD", strict=True))
        for n in sizes:
            rows = [r for r in e3 if r["n"] == n]
            shift = 0.15 * (sizes.index(n) - 1)
            places = [labels.index(r["estimator"]) + shift for r in rows]
            right.plot(
                [100 * r["coverage"] for r in rows], places, marks[n], label=f"n = {n}", ms=4
            )
        right.axvspan(94, 97, color="0.93", zorder=0)
        right.set_yticks(range(len(labels)), labels)
        right.invert_yaxis()
        right.set_xlabel("coverage of the true effect (%)")
        right.legend(frameon=False, fontsize=8, loc="lower left")
        right.set_title("40 % missing not at random")
        figure.savefig(HERE / "figure.svg", metadata={"Date": None})


def revision() -> str:
    """Return the git revision of the code that ran, marked where it was changed."""
    call = ["git", "describe", "--always", "--dirty"]
    return subprocess.run(call, cwd=HERE, capture_output=True, text=True, check=True).stdout.strip()


def main() -> None:
    seeds = np.random.SeedSequence(CONFIG["random_state"])
    places = [
        (int(G), n, v, mechanism)
        for G in CONFIG["municipalities"]
        for n in CONFIG["sizes"]
        for v in CONFIG["variances"]
        for mechanism in CONFIG["mechanisms"]
    ]
    rngs = [np.random.default_rng(s) for s in seeds.spawn(len(places) + len(CONFIG["sizes"]))]
    e5 = [r for place, rng in zip(places, rngs, strict=False) for r in cell_of_e5(rng, place)]
    e3 = [
        r
        for n, rng in zip(CONFIG["sizes"], rngs[len(places) :], strict=True)
        for r in cell_of_e3(rng, n)
    ]
    out = {
        "revision": revision(),
        "random_state": CONFIG["random_state"],
        "decision": decide(e5, e3),
        "e5": e5,
        "e3": e3,
    }
    (HERE / "results.json").write_text(json.dumps(out, indent=1) + "\n", encoding="utf-8")
    draw(e5, e3)
    print(json.dumps(out["decision"], indent=1))


if __name__ == "__main__":
    main()
