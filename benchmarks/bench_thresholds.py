"""Bootstrap of every threshold figure and of the alarm frontier, against named peers.

Run: OMP_NUM_THREADS=1 python benchmarks/bench_thresholds.py. CPU seconds (user + system), best of
some runs; the peers' loops are timed on a few replicates and scaled to 1,000.
"""

from __future__ import annotations

import itertools
import time
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from absence_risk.stats.alarm_frontier import Tallies, alarm_frontier, unit_weights
from absence_risk.stats.threshold_metrics import bin_counts, bootstrap_metrics, threshold_metrics

if TYPE_CHECKING:
    from collections.abc import Callable

REPLICATES = 1000
W = 0.1


def cpu(task: Callable[[], object], repeats: int) -> float:
    """Return the best CPU time of some runs."""
    best = float("inf")
    for _ in range(repeats):
        begin = time.process_time()
        task()
        best = min(best, time.process_time() - begin)
    return best


def rows(n: int) -> tuple[np.ndarray, np.ndarray]:
    """Return shares of absence and events of independent pupils."""
    rng = np.random.default_rng(1)
    share = rng.beta(1.2, 8, n)
    return share, rng.random(n) < 0.04 + 0.5 * share


def scikit_learn_loop(share: np.ndarray, event: np.ndarray, replicates: int) -> Callable[[], None]:
    """Return the loop people write: draw rows, take the ROC curve, read off the figures."""
    from sklearn.metrics import roc_auc_score, roc_curve  # noqa: PLC0415

    n = len(share)
    grid = np.floor(share * 200) / 200

    def loop() -> None:
        rng = np.random.default_rng(2)
        for _ in range(replicates):
            drawn = rng.integers(0, n, n)
            x, y = grid[drawn], event[drawn]
            false, true, _ = roc_curve(y, x, drop_intermediate=False)
            prevalence = y.mean()
            tp, fp = true * prevalence, false * (1 - prevalence)
            with np.errstate(invalid="ignore", divide="ignore"):
                _ = tp / (tp + fp), (1 - prevalence - fp) / (1 - tp - fp)
            _ = tp - W * fp, true - false, roc_auc_score(y, x), 10 * (prevalence - tp) + fp

    return loop


def scikit_learn_clusters(
    share: np.ndarray, event: np.ndarray, unit: np.ndarray, replicates: int
) -> Callable[[], None]:
    """Return the cluster loop people write: draw schools or pupils, put their rows together."""
    from sklearn.metrics import roc_curve  # noqa: PLC0415

    order = np.argsort(unit, kind="stable")
    starts = np.searchsorted(unit[order], np.arange(unit.max() + 2))
    members = [order[a:b] for a, b in itertools.pairwise(starts)]
    grid = np.floor(share * 200) / 200

    def loop() -> None:
        rng = np.random.default_rng(2)
        for _ in range(replicates):
            picked = rng.integers(0, len(members), len(members))
            drawn = np.concatenate([members[one] for one in picked])
            x, y = grid[drawn], event[drawn]
            false, true, _ = roc_curve(y, x, drop_intermediate=False)
            prevalence = y.mean()
            tp, fp = true * prevalence, false * (1 - prevalence)
            with np.errstate(invalid="ignore", divide="ignore"):
                _ = tp / (tp + fp), (1 - prevalence - fp) / (1 - tp - fp)
            _ = tp - W * fp, true - false, 10 * (prevalence - tp) + fp

    return loop


def own_clusters(
    share: np.ndarray, event: np.ndarray, unit: np.ndarray, grid: np.ndarray
) -> object:
    """Return every figure in 1,000 samples of whole clusters, counting from rows included."""
    table = Tallies.of(share[:, None], event, grid, lead=np.ones(1), unit=unit)
    weights = unit_weights(int(unit.max()) + 1, REPLICATES, np.random.default_rng(7))
    return threshold_metrics(
        table.weighted(weights)[:, :2], exchange=W, miss_cost=10.0, false_cost=1.0, places=4000.0
    )


def clusters(share: np.ndarray, event: np.ndarray, grid: np.ndarray) -> None:
    """Print the cluster bootstrap for few large and many small clusters."""
    rng = np.random.default_rng(8)
    for size, name in ((60, "60 schools"), (10_000, "10,000 pupils")):
        unit = rng.integers(0, size, len(share))
        unit[:size] = np.arange(size)
        mine = cpu(lambda unit=unit: own_clusters(share, event, unit, grid), 5)
        print(f"1,000 bootstraps of {name:13} 1e5 rows, 200 cuts  absence_risk {mine:.4f} s")
        loop = scikit_learn_clusters(share, event, unit, 5)
        peer = cpu(loop, 3) * REPLICATES / 5
        print(f"the same, loop over 5 replicates, scaled  scikit-learn {peer:.1f} s", end="")
        print(f"  ratio {peer / mine:.0f}")


def panel(pupils: int, months: int) -> tuple[np.ndarray, np.ndarray]:
    """Return monthly shares and events of pupils."""
    rng = np.random.default_rng(3)
    base = rng.beta(1.2, 12, pupils)
    share = rng.beta(2, 20, (pupils, months)) + base[:, None] * rng.random((pupils, months))
    return np.clip(share, 0, 1), rng.random(pupils) < 0.02 + 0.6 * base


def own_frontier(share: np.ndarray, event: np.ndarray, grid: np.ndarray) -> object:
    """Return the frontier with 1,000 bootstraps of pupils."""
    tallies = Tallies.of(share, event, grid, lead=np.arange(share.shape[1])[::-1] + 1.0)
    weights = unit_weights(len(share), REPLICATES, np.random.default_rng(4))
    return alarm_frontier(tallies.weighted(weights))


def pandas_loop(
    share: np.ndarray, event: np.ndarray, grid: np.ndarray, replicates: int
) -> Callable[[], None]:
    """Return the loop people write: draw pupils, and for each threshold group by pupil."""
    pupils, months = share.shape
    frame = pd.DataFrame(
        {
            "pupil": np.repeat(np.arange(pupils), months),
            "month": np.tile(np.arange(months), pupils),
            "share": share.ravel(),
        }
    )
    blocks = frame[["month", "share"]].to_numpy().reshape(pupils, months, 2)

    def loop() -> None:
        rng = np.random.default_rng(5)
        for _ in range(replicates):
            drawn = rng.integers(0, pupils, pupils)
            sample = pd.DataFrame(blocks[drawn].reshape(-1, 2), columns=["month", "share"])
            sample["pupil"] = np.repeat(np.arange(pupils), months)
            case = event[drawn]
            for at in grid:
                hits = sample[sample["share"] >= at]
                first = hits.groupby("pupil")["month"].min()
                right = case[first.index.to_numpy()]
                _ = right.sum() / case.sum(), right.mean(), 1000 * len(hits) / len(sample)
                _ = (months - first[right]).mean()

    return loop


def main() -> None:
    """Print one line per task."""
    share, event = rows(100_000)
    grid = np.arange(1, 201) / 200

    def own() -> object:
        counts = bin_counts(share, event, grid)
        rng = np.random.default_rng(6)
        return bootstrap_metrics(counts, REPLICATES, rng, exchange=W, places=4000.0)

    mine = cpu(own, 15)
    print(f"1,000 bootstraps, 1e5 rows, 200 cuts, all figures  absence_risk {mine:.4f} s")
    try:
        peer = cpu(scikit_learn_loop(share, event, 10), 3) * REPLICATES / 10
    except ImportError:
        print("scikit-learn is not installed")
    else:
        print(
            f"the same, loop over 10 replicates, scaled          scikit-learn {peer:.1f} s", end=""
        )
        print(f"  ratio {peer / mine:.0f}")
        clusters(share, event, grid)
    shares, events = panel(10_000, 18)
    steps = np.arange(0, 101) / 200 + 0.01
    mine = cpu(lambda: own_frontier(shares, events, steps), 7)
    print(f"frontier, 101 thresholds x 1,000, 180,000 rows     absence_risk {mine:.4f} s")
    peer = cpu(pandas_loop(shares, events, steps, 1), 2) * REPLICATES
    print(f"the same, 1 replicate, scaled                      pandas       {peer:.0f} s", end="")
    print(f"  ratio {peer / mine:.0f}")


if __name__ == "__main__":
    main()
