"""Multiple imputation and repeated measures for many data sets, against named peers.

Run: python benchmarks/bench_missing.py. CPU seconds, best of 3, one thread. Peers run on a few data
sets and are scaled; those that are not installed are left out.
"""

from __future__ import annotations

import os

os.environ.update(dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"), "1"))

import shutil
import subprocess
import tempfile
import time
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from absence_risk.stats.cluster_mean import cluster_mean
from absence_risk.stats.imputation import impute_normal, impute_pmm
from absence_risk.stats.mmrm import fit_mmrm, wave_means_design
from absence_risk.stats.mmrm_monotone import monotone_fit
from absence_risk.stats.rubin import pool

if TYPE_CHECKING:
    from collections.abc import Callable

SETS, N, M = 1000, 300, 20
SHARES = (0.36, 0.26, 0.18, 0.12, 0.08)

R_MICE = """
suppressPackageStartupMessages(library(mice)); d <- read.csv("%s"); t <- proc.time()
for (k in unique(d$set)) {
  one <- d[d$set == k, c("y", "x1", "x2")]
  m <- mice(one, m = 20, method = "norm", maxit = 1, printFlag = FALSE)
  p <- pool(with(m, lm(y - x1 ~ 1)))
}
u <- proc.time() - t; cat(sum(u[c(1, 2)]))
"""
R_GLS = """
suppressPackageStartupMessages(library(nlme)); d <- read.csv("%s"); t <- proc.time()
for (k in unique(d$set)) {
  f <- gls(y ~ 0 + factor(wave), d[d$set == k, ], correlation = corSymm(form = ~ wave | id),
           weights = varIdent(form = ~ 1 | wave))
}
u <- proc.time() - t; cat(sum(u[c(1, 2)]))
"""


def cpu(task: Callable[[], object], repeats: int = 3) -> float:
    """Return the best CPU time of some runs."""
    best = float("inf")
    for _ in range(repeats):
        begin = time.process_time()
        task()
        best = min(best, time.process_time() - begin)
    return best


def in_r(script: str, frame: pd.DataFrame) -> float | None:
    """Return CPU seconds of an R script on the frame, or None without R."""
    if shutil.which("Rscript") is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rows.csv"
        frame.to_csv(path, index=False)
        call = ["Rscript", "-e", script % path]
        out = subprocess.run(call, capture_output=True, text=True, check=False)
    return None if out.returncode else float(out.stdout.split()[-1])


def statsmodels_mice(x: np.ndarray, y: np.ndarray) -> float:
    """Return CPU seconds of statsmodels MICE with 20 imputations of one data set."""
    import statsmodels.api as sm  # noqa: PLC0415
    from statsmodels.imputation import mice  # noqa: PLC0415

    frame = pd.DataFrame({"y": y, "x1": x[:, 0], "x2": x[:, 1]})

    def task() -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            np.random.seed(0)  # noqa: NPY002 (the peer draws from numpy's global state)
            mice.MICE("y ~ x1 + x2", sm.OLS, mice.MICEData(frame)).fit(3, M)

    return cpu(task, 1)


def main() -> None:
    """Print one line per task."""
    rng = np.random.default_rng(0)
    codes = np.repeat(np.arange(5), (np.array(SHARES) * N).astype(int))
    x = rng.normal(size=(SETS, N, 2))
    y = 0.5 * x.sum(axis=2) + rng.normal(size=(SETS, N))
    y[rng.random((SETS, N)) < 0.4] = np.nan

    def whole(used: np.ndarray | None) -> object:
        full = impute_normal(y, x, used, imputations=M, rng=rng)
        found = cluster_mean(full - x[:, None, :, 0], codes)
        return pool(found.estimate.T, found.variance.T, df_complete=found.df, rule="satterthwaite")

    own = cpu(lambda: whole(codes))
    print(f"{M} imputations with 5 municipalities, CR2, pooled, {SETS} sets of {N}   {own:.2f} s")
    plain = cpu(lambda: whole(None))
    print(f"the same without municipality                                     {plain:.2f} s")
    matched = 10 * cpu(lambda: impute_pmm(y[:100], x[:100], codes, imputations=M, rng=rng), 1)
    print(f"predictive mean matching with municipality, 100 sets scaled       {matched:.2f} s")
    peer = SETS * statsmodels_mice(x[0], y[0])
    print(f"  statsmodels MICE (matching, no municipality), 1 set scaled      {peer:.0f} s")
    print(f"  ratio to matching {peer / matched:.0f}, to normal draws {peer / plain:.0f}")
    part = [
        pd.DataFrame({"set": k, "y": y[k], "x1": x[k, :, 0], "x2": x[k, :, 1]}) for k in range(3)
    ]
    if seconds := in_r(R_MICE, pd.concat(part)):
        scaled = seconds * SETS / 3
        print(f"  R mice norm + lm + pool, no municipality, 3 sets scaled         {scaled:.0f} s")
        print(f"  ratio {scaled / plain:.0f}")
    waves = rng.normal(size=(SETS, N, 1)) + rng.normal(size=(SETS, N, 3))
    lost = rng.random((SETS, N))
    waves[lost < 0.4, 2] = np.nan
    waves[lost < 0.2, 1] = np.nan
    mono = cpu(lambda: monotone_fit(waves))
    print(f"repeated measures, monotone, 3 waves, point estimates, {SETS} sets    {mono:.3f} s")
    design = wave_means_design(np.zeros(N, dtype=np.int64), 3)
    reml = cpu(lambda: [fit_mmrm(w, design).contrast([-1, 0, 1]) for w in waves[:50]]) * SETS / 50
    print(f"the same by REML with SE and df, 50 sets scaled                   {reml:.1f} s")
    frames = []
    for k in range(3):
        rows = {"set": k, "id": np.repeat(np.arange(N), 3), "wave": np.tile([1, 2, 3], N)}
        frames.append(pd.DataFrame({**rows, "y": waves[k].ravel()}).dropna())
    if seconds := in_r(R_GLS, pd.concat(frames)):
        scaled = seconds * SETS / 3
        print(f"  R nlme gls, 3 sets scaled                                       {scaled:.0f} s")
        print(f"  ratio {scaled / mono:.0f} (point estimates), {scaled / reml:.0f} (REML)")


if __name__ == "__main__":
    main()
