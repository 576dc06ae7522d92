"""Evaluation with few clusters against named peers: CR2, cluster bootstrap, wild bootstrap, design.

Run: OMP_NUM_THREADS=1 python benchmarks/bench_evaluation.py. CPU seconds (user + system), best of
some runs. R with clubSandwich is called where installed; so are diff-diff and pyfixest. The pandas
loop is timed on a few replicates and scaled to 10,000.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from absence_risk.evaluation import check_design
from absence_risk.stats.cluster_bootstrap import cluster_bootstrap
from absence_risk.stats.cr2 import fit_cr2
from absence_risk.stats.wild_cluster import wild_cluster_test

if TYPE_CHECKING:
    from collections.abc import Callable

REPLICATES = 10_000
R_PEER = """
suppressMessages(library(clubSandwich))
d <- read.csv("%s")
fit <- lm(y ~ x1 + x2 + x3 + x4 + x5, d)
begin <- proc.time()
found <- coef_test(fit, vcov = "CR2", cluster = d$cluster, test = "Satterthwaite")
used <- sum((proc.time() - begin)[1:2])
cat(format(c(used, found$SE[2], found$df_Satt[2]), digits = 15))
"""


def cpu(task: Callable[[], object], repeats: int) -> float:
    """Return the best CPU time of some runs."""
    best = float("inf")
    for _ in range(repeats):
        begin = time.process_time()
        task()
        best = min(best, time.process_time() - begin)
    return best


def rows(n: int, clusters: int, regressors: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return X with intercept, y and sorted codes of uneven clusters."""
    rng = np.random.default_rng(1)
    codes = np.sort(rng.choice(clusters, size=n, p=rng.dirichlet(np.full(clusters, 4.0))))
    X = np.column_stack([np.ones(n), rng.normal(size=(n, regressors))])
    y = 0.02 * X.sum(axis=1) + 0.3 * rng.normal(size=clusters)[codes]
    return X, y + rng.normal(size=n), codes


def club_sandwich(X: np.ndarray, y: np.ndarray, codes: np.ndarray) -> list[float] | None:
    """Return CPU seconds, standard error and df of the first slope by clubSandwich."""
    if shutil.which("Rscript") is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rows.csv"
        frame = pd.DataFrame(X[:, 1:], columns=[f"x{j}" for j in range(1, X.shape[1])])
        frame.assign(y=y, cluster=codes).to_csv(path, index=False)
        call = ["Rscript", "-e", R_PEER % path]
        out = subprocess.run(call, capture_output=True, text=True, check=False)
    return [float(word) for word in out.stdout.split()] if out.returncode == 0 else None


def cr2() -> None:
    X, y, codes = rows(100_000, 500, 5)

    def own() -> tuple[float, float]:
        fit = fit_cr2(X, y, codes)
        found = [fit.contrast(row) for row in np.eye(6)]
        return found[1].std_error, found[1].df

    mine = cpu(own, 7)
    print(f"CR2 with df, 1e5 rows, 500 clusters, p = 6   absence_risk {mine:.3f} s")
    peer = club_sandwich(X, y, codes)
    if peer is not None:
        gap = max(abs(a / b - 1) for a, b in zip(own(), peer[1:], strict=True))
        print(f"  clubSandwich {peer[0]:.1f} s  ratio {peer[0] / mine:.0f}  largest gap {gap:.1e}")
    try:
        from diff_diff.linalg import compute_robust_vcov  # noqa: PLC0415
    except ImportError:
        return
    residuals = y - X @ np.linalg.lstsq(X, y, rcond=None)[0]

    def theirs() -> tuple[np.ndarray, np.ndarray]:
        return compute_robust_vcov(
            X, residuals, cluster_ids=codes, vcov_type="hc2_bm", return_dof=True
        )

    vcov, df = theirs()
    gap = max(abs(vcov[1, 1] ** 0.5 / own()[0] - 1), abs(df[1] / own()[1] - 1))
    peer_time = cpu(theirs, 3)
    print(f"  diff-diff {peer_time:.2f} s  ratio {peer_time / mine:.1f}  largest gap {gap:.1e}")


def bootstrap() -> None:
    _, y, codes = rows(4_000, 35, 1)
    sums = np.column_stack([np.bincount(codes, y), np.bincount(codes)])
    mine = cpu(lambda: cluster_bootstrap(sums, lambda s: s[:, 0] / s[:, 1]), 9)
    print(f"10,000 cluster bootstraps with BCa, G = 35    absence_risk {mine:.4f} s")
    frame = pd.DataFrame({"y": y, "cluster": codes})
    groups = dict(list(frame.groupby("cluster")))

    def loop() -> None:
        rng = np.random.default_rng(2)
        for _ in range(50):
            drawn = rng.choice(35, 35)
            pd.concat([groups[g] for g in drawn])["y"].mean()

    peer = cpu(loop, 3) * REPLICATES / 50
    print(f"  pandas loop, 50 scaled {peer:.1f} s  ratio {peer / mine:.0f}")


def wild() -> None:
    X, y, codes = rows(4_000, 35, 3)
    mine = cpu(lambda: wild_cluster_test(X, y, codes, [0, 1, 0, 0]), 9)
    print(f"wild bootstrap, n = 4,000, G = 35, B = 9,999  absence_risk {mine:.4f} s")
    try:
        import pyfixest  # noqa: PLC0415
    except ImportError:
        print("  pyfixest is not installed")
        return
    frame = pd.DataFrame(X[:, 1:], columns=["x1", "x2", "x3"]).assign(y=y, cluster=codes)
    fit = pyfixest.feols("y ~ x1 + x2 + x3", frame, vcov={"CRV1": "cluster"})

    def theirs() -> object:
        return fit.wildboottest(param="x1", reps=9_999, cluster="cluster", seed=1)

    theirs()
    peer = cpu(theirs, 5)
    print(f"  pyfixest {peer:.3f} s  ratio {peer / mine:.1f}")
    found = wild_cluster_test(X, y, codes, [0, 1, 0, 0]).p_value
    print(f"  p here {found:.4f}, there {theirs()['Pr(>|t|)']:.4f}")


def design() -> None:
    for missing, analyses in ((0.0, 6), (0.4, 9)):
        mine = cpu(
            lambda missing=missing: check_design(
                n=100, clusters=5, cut=0.15, missing=missing, delta=-0.3, replicates=1_000
            ),
            5,
        )
        print(f"check_design, 1,000 studies x {analyses} analyses       absence_risk {mine:.3f} s")


def main() -> None:
    """Print one line per task."""
    cr2()
    bootstrap()
    wild()
    design()


if __name__ == "__main__":
    main()
