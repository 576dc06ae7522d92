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
from scipy.special import ndtr, stdtr

from absence_risk.stats.cr1 import cr1_covariance
from absence_risk.stats.cr2 import fit_cr2
from absence_risk.stats.wild_cluster import wild_cluster_test

if TYPE_CHECKING:
    import numpy.typing as npt

HERE = Path(__file__).parent
CONFIG = tomllib.loads((HERE / "config.toml").read_text(encoding="utf-8"))
CR2 = "CR2, Satterthwaite"


def cluster_sizes(clusters: int, pattern: str) -> npt.NDArray[np.int64]:
    """Return uneven sizes that sum to the number of pupils."""
    n = CONFIG["pupils"]
    shares = np.arange(1.0, clusters + 1)
    if pattern == "one large":
        shares = np.r_[np.ones(clusters - 1) / (clusters - 1), 1.0]
    sizes = np.floor(n * shares / shares.sum()).astype(np.int64)
    sizes[-1] += n - sizes.sum()
    return sizes


def p_values(y: npt.NDArray[np.float64], codes: npt.NDArray[np.int64]) -> dict[str, float]:
    """Return the p-value of each estimator for one study."""
    n, clusters = len(y), int(codes.max()) + 1
    mean = y.mean()
    means = np.bincount(codes, y) / np.bincount(codes)
    plain = mean / (y.std(ddof=1) / math.sqrt(n))
    influence = (y - mean)[:, None] / n
    cr1 = mean / math.sqrt(cr1_covariance(influence, codes, n_parameters=1)[0, 0])
    cr2 = fit_cr2(np.ones((n, 1)), y, codes).contrast([1.0])
    by_mean = means.mean() / (means.std(ddof=1) / math.sqrt(clusters))
    wild = wild_cluster_test(np.ones((n, 1)), y, codes, [1.0], fewest_clusters=2)
    return {
        "t, clusters ignored": 2 * stdtr(n - 1, -abs(plain)),
        "CR1, normal": 2 * ndtr(-abs(cr1)),
        "CR1, t(G-1)": 2 * stdtr(clusters - 1, -abs(cr1)),
        CR2: 2 * stdtr(cr2.df, -abs(cr2.estimate) / cr2.std_error),
        "t on cluster means": 2 * stdtr(clusters - 1, -abs(by_mean)),
        "wild, Rademacher": wild.p_value,
    }


def world(clusters: int, pattern: str, share: float, seed: int) -> list[dict[str, Any]]:
    """Return one row per estimator."""
    sizes = cluster_sizes(clusters, pattern)
    codes = np.repeat(np.arange(clusters), sizes)
    rng = np.random.default_rng(seed)
    hits: dict[str, int] = {}
    for _ in range(CONFIG["replicates"]):
        between = rng.normal(size=clusters)[codes]
        y = math.sqrt(share) * between + math.sqrt(1 - share) * rng.normal(size=len(codes))
        for name, p in p_values(y, codes).items():
            hits[name] = hits.get(name, 0) + int(p <= CONFIG["level"])
    place = {"clusters": clusters, "sizes": pattern, "cluster_share": share}
    return [{**place, "estimator": name, **rate(count)} for name, count in hits.items()]


def rate(count: int) -> dict[str, float]:
    n = CONFIG["replicates"]
    p = count / n
    return {"type_one": round(p, 5), "mc_se": round(math.sqrt(p * (1 - p) / n), 5)}


def compare(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Apply the decision rule."""
    low, high = CONFIG["bar"]
    return [
        {**row, "between": [low, high], "met": bool(low <= row["type_one"] <= high)}
        for row in rows
        if row["estimator"] == CR2
    ]


def draw(rows: list[dict[str, Any]]) -> None:
    marks = dict(
        zip(
            dict.fromkeys(row["estimator"] for row in rows),
            [("x", "#b5541c"), ("s", "#d9a441"), ("D", "#8c8c8c"), ("o", "#1f4e79"),
             ("^", "#4f9a6e"), ("v", "#9067a7")],
            strict=True,
        )
    )  # fmt: skip
    with rc_context({"svg.hashsalt": "absence_risk", "font.size": 9}):
        figure = Figure(figsize=(8.5, 5.2), layout="constrained")
        axes = figure.subplots(2, len(CONFIG["cluster_share"]), sharex=True, sharey=True)
        for i, pattern in enumerate(CONFIG["sizes"]):
            for j, share in enumerate(CONFIG["cluster_share"]):
                ax = axes[i, j]
                ax.axhspan(*(100 * limit for limit in CONFIG["bar"]), color="0.88", zorder=0)
                for k, (name, (mark, colour)) in enumerate(marks.items()):
                    mine = [
                        row
                        for row in rows
                        if (row["estimator"], row["sizes"], row["cluster_share"])
                        == (name, pattern, share)
                    ]
                    at = [CONFIG["clusters"].index(row["clusters"]) for row in mine]
                    ax.errorbar(
                        np.array(at) + 0.1 * (k - 2.5),
                        [100 * row["type_one"] for row in mine],
                        yerr=[200 * row["mc_se"] for row in mine],
                        fmt=mark,
                        ms=4,
                        color=colour,
                        label=name,
                    )
                ax.set_title(f"{pattern}, share {share:g}", fontsize=9)
                ax.set_xticks(range(len(CONFIG["clusters"])), CONFIG["clusters"])
            axes[i, 0].set_ylabel("type I error (%)")
        for ax in axes[1]:
            ax.set_xlabel("municipalities")
        figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
        figure.suptitle("A change found where there is none; grey: 4 to 6 %")
        figure.savefig(HERE / "figure.svg", metadata={"Date": None})


def revision() -> str:
    """Return the git revision of the code that ran, marked where it was changed."""
    call = ["git", "describe", "--always", "--dirty"]
    return subprocess.run(call, cwd=HERE, capture_output=True, text=True, check=True).stdout.strip()


def main() -> None:
    began_at = revision()
    rows: list[dict[str, Any]] = []
    for pattern in CONFIG["sizes"]:
        for clusters in CONFIG["clusters"]:
            for share in CONFIG["cluster_share"]:
                rows += world(clusters, pattern, share, CONFIG["random_state"] + len(rows))
    checks = compare(rows)
    out = {
        "revision": began_at,
        "random_state": CONFIG["random_state"],
        "rows": rows,
        "checks": checks,
    }
    (HERE / "results.json").write_text(json.dumps(out, indent=1) + "\n", encoding="utf-8")
    draw(rows)
    print(f"{sum(check['met'] for check in checks)} of {len(checks)} bars met")


if __name__ == "__main__":
    main()
