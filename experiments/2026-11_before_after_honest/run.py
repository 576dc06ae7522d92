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

from absence_risk.errors import DesignError
from absence_risk.evaluation import PrePost, Rate, Selected
from absence_risk.evaluation.change import BENCHMARKS
from absence_risk.stats.change import Sample, expected_beside_observed
from absence_risk.stats.regression_to_mean import beta_binomial_expected, fit_beta

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]

HERE = Path(__file__).parent
CONFIG = tomllib.loads((HERE / "config.toml").read_text(encoding="utf-8"))
OUTCOME = Rate(pre=("before", "n"), post=("after", "n"), gap=("gap", "n"))
FORCED = "beta_binomial, test ignored"
NAMES = {
    "none": "naive",
    "normal": "normal (Davis, Barnett)",
    FORCED: FORCED,
    "beta_binomial": "beta_binomial where the test lets it",
    "gap": "gap baseline",
    "registry": "registry regression",
}


def judged(estimate: float, error: float, df: float) -> dict[str, Any]:
    half = stdtrit(df, 0.975) * error
    return {"estimate": estimate, "low": estimate - half, "high": estimate + half}


def pupils(rng: np.random.Generator, model: dict[str, Any], cases: int) -> pd.DataFrame:
    """Absence of a register in three windows; nothing is ever done for anyone."""
    c = CONFIG["selected"]
    pool = c["pool_per_case"] * cases
    school = rng.integers(c["schools"], size=pool)
    p = np.clip(rng.beta(*c["beta"], size=pool), 1e-12, 1 - 1e-12)
    level = logit(p) + c["school_sd"] * rng.normal(size=c["schools"])[school]

    def window(season: float) -> Floats:
        share = expit(level + season)
        if "kappa" in model:
            share = rng.beta(model["kappa"] * share, model["kappa"] * (1 - share))
        return rng.binomial(c["window"], share).astype(float)

    return pd.DataFrame(
        {
            "pupil_key": np.arange(pool),
            "school_key": school,
            "gap": window(0.0),
            "before": window(0.0),
            "after": window(model["season"]),
            "n": float(c["window"]),
        }
    )


def selected(model: dict[str, Any], cases: int, replicate: int) -> Iterator[dict[str, Any]]:
    """Every benchmark on one study whose cases were chosen in the baseline window itself."""
    c = CONFIG["selected"]
    rng = np.random.default_rng([CONFIG["random_state"], cases, replicate])
    frame = pupils(rng, model, cases)
    high = np.flatnonzero(frame["before"] >= c["cut"] * c["window"] - 1e-9)
    chosen = np.isin(np.arange(len(frame)), rng.permutation(high)[:cases])
    study = PrePost(
        frame[chosen],
        outcomes={"absence": OUTCOME},
        cluster="school_key",
        selection=Selected("absence", at_least=c["cut"]),
        registry=frame[~chosen],
    )
    where = {"part": "selected", "world": f"{model['name']}, n = {cases}"}
    for name in ("none", "normal", "beta_binomial", "gap", "registry"):
        try:
            found = BENCHMARKS[name](study, "absence", by_pupil=False).found
        except DesignError:
            yield {**where, "estimator": NAMES[name], "refused": True}
            continue
        place = 0 if name == "none" else 2
        row = judged(found.means[place], found.std_errors[place], found.df[place])
        yield {**where, "estimator": NAMES[name], **row}
    yield {**where, "estimator": FORCED, **forced(study, frame)}


def forced(study: PrePost, everyone: pd.DataFrame) -> dict[str, Any]:
    """Give the beta-binomial answer whatever the test of independent days says."""
    population = fit_beta(everyone["before"].to_numpy(), everyone["n"].to_numpy())
    used = study.used
    expected = beta_binomial_expected(used["before"].to_numpy(), used["n"].to_numpy(), population)
    gap = (used["after"] / used["n"]).to_numpy() - expected
    return judged(gap.mean(), gap.std(ddof=1) / math.sqrt(len(gap)), len(gap) - 1)


def few_municipalities(
    rng: np.random.Generator, model: dict[str, Any], groups: int
) -> tuple[Sample, Sample, float]:
    """Cases and registry of uneven municipalities, and the cluster share of the cases' change."""
    c, s = CONFIG["clustered"], CONFIG["selected"]
    pool = s["pool_per_case"] * c["cases"]
    size = np.arange(1, groups + 1) / (groups * (groups + 1) / 2)
    group = rng.choice(groups, size=pool, p=size)
    p = np.clip(rng.beta(*s["beta"], size=pool), 1e-12, 1 - 1e-12)
    level = logit(p) + c["level_sd"] * rng.normal(size=groups)[group]
    shared, own = (
        model[k] * np.clip(rng.normal(size=groups), -2.4, 2.4)[group] for k in ("shared", "own")
    )

    def window(season: float, factor: Floats | float) -> Floats:
        share = np.clip(expit(level + season) * factor, 1e-12, 1 - 1e-12)
        share = rng.beta(c["kappa"] * share, c["kappa"] * (1 - share))
        return np.asarray(rng.binomial(s["window"], share) / s["window"])

    before = window(0.0, 1.0)
    high = np.flatnonzero(before >= s["cut"] - 1e-9)
    case = np.isin(np.arange(pool), rng.permutation(high)[: c["cases"]])
    after = window(c["season"], 1 + shared + np.where(case, own, 0.0))
    near = ~case & (before >= s["cut"] / 2 - 1e-9)
    centred = before - before[near].mean()
    X = np.column_stack([np.ones(pool), centred, centred**2])
    samples = [Sample(X=X[k], y=(after - before)[k], codes=group[k]) for k in (case, near)]
    return samples[0], samples[1], cluster_share(samples[0], samples[1])


def cluster_share(cases: Sample, registry: Sample) -> float:
    """One-way analysis of variance of what the registry does not explain."""
    e = cases.y - cases.X @ np.linalg.lstsq(registry.X, registry.y, rcond=None)[0]
    _, at, n = np.unique(cases.codes, return_inverse=True, return_counts=True)
    means = np.bincount(at, e) / n
    between = (n * (means - e.mean()) ** 2).sum() / (len(n) - 1)
    within = ((e - means[at]) ** 2).sum() / (len(e) - len(n))
    scale = (len(e) - (n**2).sum() / len(e)) / (len(n) - 1)
    return float((between - within) / scale / ((between - within) / scale + within))


def cr2(cases: Sample, registry: Sample) -> tuple[float, float, float]:
    found = expected_beside_observed(cases, registry)
    return found.means[2], found.std_errors[2], found.df[2]


def cr3(cases: Sample, registry: Sample) -> tuple[float, float, float]:
    """Delete-one-cluster jackknife of the whole estimate, with G - 1 degrees of freedom."""
    groups = int(max(cases.codes.max(), registry.codes.max())) + 1

    def beyond(without: int) -> float:
        k, r = cases.codes != without, registry.codes != without
        A, b = registry.X[r].T @ registry.X[r], registry.X[r].T @ registry.y[r]
        return float(cases.y[k].mean() - cases.X[k].mean(axis=0) @ np.linalg.solve(A, b))

    full = beyond(-1)
    moved = np.array([beyond(g) - full for g in range(groups)])
    error = math.sqrt((groups - 1) / groups * (moved**2).sum())
    return full, error, len(np.unique(cases.codes)) - 1


def by_pupil(cases: Sample, registry: Sample) -> tuple[float, float, float]:
    """Pupils independent: scatter of the cases plus the robust variance of the expectation."""
    n = len(cases.y)
    inverse = np.linalg.inv(registry.X.T @ registry.X)
    b = inverse @ registry.X.T @ registry.y
    left = cases.y - cases.X @ b
    scores = registry.X * (registry.y - registry.X @ b)[:, None]
    at = inverse @ cases.X.mean(axis=0)
    variance = left.var(ddof=1) / n + at @ (scores.T @ scores) @ at
    return float(left.mean()), math.sqrt(variance), n - 1


VARIANCES: dict[str, Callable[[Sample, Sample], tuple[float, float, float]]] = {
    "clusters ignored": by_pupil,
    "CR3, G - 1": cr3,
    "CR2, Satterthwaite": cr2,
}


def clustered(model: dict[str, Any], groups: int, replicate: int) -> Iterator[dict[str, Any]]:
    rng = np.random.default_rng([CONFIG["random_state"], 7, groups, replicate])
    cases, registry, between = few_municipalities(rng, model, groups)
    where = {"part": "clustered", "world": f"{model['name']}, G = {groups}", "between": between}
    for name, variance in VARIANCES.items():
        estimate, error, df = variance(cases, registry)
        yield {**where, "estimator": name, "df": df, **judged(estimate, error, df)}


def summary(found: pd.DataFrame, place: tuple[str, str, str]) -> dict[str, Any]:
    used = found[found["estimate"].notna()]
    row: dict[str, Any] = dict(zip(("part", "world", "estimator"), place, strict=True))
    row |= {"replicates": len(found), "refused": len(found) - len(used)}
    if used.empty:
        return row
    row["type_one"] = share((used["low"] > 0) | (used["high"] < 0))
    mean = used["estimate"].mean()
    error = used["estimate"].std(ddof=1) / math.sqrt(len(used))
    row["bias"] = named(mean, error, mean - 2 * error, mean + 2 * error)
    row["half_width"] = rounded(((used["high"] - used["low"]) / 2).median())
    if place[0] == "clustered":
        row["df"] = rounded(used["df"].mean())
        row["cluster_share"] = rounded(used["between"].mean())
    return row


def rounded(value: float) -> float:
    return round(float(value), 5)


def share(hits: pd.Series) -> dict[str, float]:
    """Return a share with its Monte-Carlo standard error and exact 95 % interval."""
    n, count = len(hits), int(hits.sum())
    p = count / n
    low = 0.0 if count == 0 else betaincinv(count, n - count + 1, 0.025)
    high = 1.0 if count == n else betaincinv(count + 1, n - count, 0.975)
    return named(p, math.sqrt(p * (1 - p) / n), low, high)


def named(value: float, error: float, low: float, high: float) -> dict[str, float]:
    names = ("value", "mc_se", "mc_low", "mc_high")
    return dict(zip(names, map(rounded, (value, error, low, high)), strict=True))


def compare(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Apply the decision rule to every bar and estimator."""
    checks = []
    for bar in CONFIG["bars"]:
        low, high = bar["between"]
        for row in rows:
            if row["part"] != bar["part"] or bar["measure"] not in row:
                continue
            got = row[bar["measure"]]
            where = {key: row[key] for key in ("world", "estimator")}
            answer = "met" if low <= got["value"] <= high else "missed"
            found = {"found": got["value"], "mc_se": got["mc_se"], "answer": answer}
            checks.append({"bar": bar["name"], **where, "between": [low, high], **found})
    return checks


def draw(rows: list[dict[str, Any]]) -> None:
    with rc_context({"svg.hashsalt": "absence_risk", "font.size": 9}):
        figure = Figure(figsize=(9.5, 6.2), layout="constrained")
        axes = figure.subplots(1, 2)
        for ax, part, title in (
            (axes[0], "selected", "Chosen in the baseline, no programme"),
            (axes[1], "clustered", "Few municipalities, n = 100"),
        ):
            mine = [row for row in rows if row["part"] == part and "type_one" in row]
            places = list(dict.fromkeys(row["world"] for row in mine))
            names = list(dict.fromkeys(row["estimator"] for row in mine))
            colours = ["#b5541c", "#d9a441", "#8c8c8c", "#6a9a5b", "#1f4e79", "#5b3f86"]
            if part == "clustered":
                colours = ["#b5541c", "#d9a441", "#1f4e79"]
            ax.axvspan(4, 6, color="0.9", zorder=0)
            for j, name in enumerate(names):
                own = [row for row in mine if row["estimator"] == name]
                at = [places.index(row["world"]) + 0.13 * (j - (len(names) - 1) / 2) for row in own]
                value = [100 * row["type_one"]["value"] for row in own]
                ends = [
                    [abs(v - 100 * row["type_one"][k]) for v, row in zip(value, own, strict=True)]
                    for k in ("mc_low", "mc_high")
                ]
                ax.errorbar(value, at, xerr=ends, fmt="osD^vP"[j], color=colours[j], ms=4,
                            label=name.replace("_", "-"))  # fmt: skip
            ax.set_xscale("log")
            ax.set_xticks([2, 5, 10, 20, 50, 100], ["2", "5", "10", "20", "50", "100"])
            ax.minorticks_off()
            ax.set_xlim(1.8, 110)
            ax.set_yticks(range(len(places)), places)
            ax.invert_yaxis()
            ax.set_title(title, fontsize=10)
            ax.set_xlabel("type I error, % (log scale); grey: 4 to 6 %")
            ax.legend(fontsize=7, loc="upper center", bbox_to_anchor=(0.5, -0.12), ncols=2)
        figure.savefig(HERE / "figure.svg", metadata={"Date": None})


def revision() -> str:
    """Return the git revision of the code that runs, marked where it was changed."""
    call = ["git", "describe", "--always", "--dirty"]
    return subprocess.run(call, cwd=HERE, capture_output=True, text=True, check=True).stdout.strip()


def main() -> None:
    started = revision()
    found: list[dict[str, Any]] = []
    for model in CONFIG["selected"]["models"]:
        for cases in CONFIG["selected"]["cases"]:
            for replicate in range(CONFIG["selected"]["replicates"]):
                found += selected(model, cases, replicate)
    for model in CONFIG["clustered"]["models"]:
        for groups in CONFIG["clustered"]["municipalities"]:
            for replicate in range(CONFIG["clustered"]["replicates"]):
                found += clustered(model, groups, replicate)
    places = pd.DataFrame(found).groupby(["part", "world", "estimator"], sort=False)
    rows = [summary(group, place) for place, group in places]
    checks = compare(rows)
    out = {
        "revision": started,
        "random_state": CONFIG["random_state"],
        "rows": rows,
        "checks": checks,
    }
    (HERE / "results.json").write_text(json.dumps(out, indent=1) + "\n", encoding="utf-8")
    draw(rows)
    met = sum(check["answer"] == "met" for check in checks)
    print(f"{met} of {len(checks)} bars met")


if __name__ == "__main__":
    main()
