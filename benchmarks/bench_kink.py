"""Kink with its set on a million rows, bootstraps and logistic profile, against named peers.

Run: python benchmarks/bench_kink.py. CPU seconds (user + system), best of 3, one thread; peers that
are not installed are left out. R segmented runs at a tenth of the rows; its time grows a little
faster than the rows, so the scaled ratio is a lower bound.
"""

from __future__ import annotations

import os

os.environ.update(dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"), "1"))

import resource
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from absence_risk.stats.kink import kink_search
from absence_risk.stats.kink_bootstrap import kink_draws
from absence_risk.stats.kink_glm import fit_glm_kink

if TYPE_CHECKING:
    from collections.abc import Callable

R_PEER = """
suppressPackageStartupMessages(library(segmented)); d <- read.csv("%s")
f <- %s
invisible(gc(reset = TRUE)); t <- proc.time()
m <- lm(y ~ ., d); if (f) m <- glm(y ~ ., binomial, d)
s <- segmented(m, seg.Z = ~x, psi = 0.15); ci <- try(confint(s), silent = TRUE)
u <- proc.time() - t; cat(sum(u[c(1, 2)]), sum(gc()[, 6]), s$psi[1, 2], "\\n")
"""


def cpu(task: Callable[[], object], repeats: int = 3) -> float:
    """Return the best CPU time of some runs."""
    best = float("inf")
    for _ in range(repeats):
        begin = time.process_time()
        task()
        best = min(best, time.process_time() - begin)
    return best


def world(n: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    x, z = rng.beta(1.2, 8, n), rng.normal(size=(n, 5))
    return x, z, -20 * x - 60 * np.maximum(x - 0.2, 0) + z.sum(axis=1) + 8 * rng.normal(size=n)


def binary(x: np.ndarray) -> np.ndarray:
    rng = np.random.default_rng(1)
    eta = -2.5 + 2 * x + 6 * np.maximum(x - 0.2, 0)
    return (rng.random(len(x)) < 1 / (1 + np.exp(-eta))).astype(float)


def segmented(columns: dict[str, np.ndarray], *, logistic: bool) -> tuple[float, float] | None:
    """Return CPU seconds and MB of R segmented, or None without R."""
    if shutil.which("Rscript") is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rows.csv"
        table = np.column_stack(list(columns.values()))
        np.savetxt(path, table, delimiter=",", header=",".join(columns), comments="", fmt="%.10g")
        call = ["Rscript", "-e", R_PEER % (path, "TRUE" if logistic else "FALSE")]
        out = subprocess.run(call, capture_output=True, text=True, check=False)
    if out.returncode:
        return None
    seconds, memory, _ = (float(word) for word in out.stdout.split())
    return seconds, memory


def statsmodels_grid(x: np.ndarray, y: np.ndarray) -> float:
    import statsmodels.api as sm  # noqa: PLC0415

    def task() -> None:
        for place in np.linspace(0.02, 0.4, 37):
            matrix = np.column_stack([np.ones_like(x), x, np.maximum(x - place, 0)])
            sm.GLM(y, matrix, family=sm.families.Binomial()).fit()

    return cpu(task, 1)


def main() -> None:
    """Print one line per task."""
    x, z, y = world(1_000_000)

    def whole() -> object:
        search = kink_search(x, z, trim=0.01)
        return search.fit_set(y, search.critical_value(0.95))

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    own = cpu(whole)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024 - before
    print(f"kink + exact set, 5 covariates, n=1e6   absence_risk {own:.3f} s, {memory:.0f} MB more")
    x, z, y = (part[:100_000] for part in (x, z, y))
    small = cpu(whole)
    print(f"kink + exact set, 5 covariates, n=1e5   absence_risk {small:.4f} s")
    columns = {"y": y, "x": x} | {f"z{k}": z[:, k] for k in range(5)}
    if peer := segmented(columns, logistic=False):
        print(
            f"kink + delta interval, n=1e5            R segmented  {peer[0]:.2f} s, "
            f"{peer[1]:.0f} MB"
            f"  ratio {peer[0] / small:.0f}, scaled to 1e6 {10 * peer[0] / own:.0f}"
        )
    search = kink_search(x, z, trim=0.01)
    place, rng = float(search.fit(y).location[0]), np.random.default_rng(2)
    seconds = cpu(
        lambda: kink_draws(x, y, z, location=place, limits=search.limits, replicates=1000, rng=rng)
    )
    print(f"1,000 wild bootstraps of it, n=1e5      absence_risk {seconds:.3f} s")
    event = binary(x)
    own = cpu(lambda: fit_glm_kink(x, event, family="binomial", limits=(0.01, 0.45)))
    print(f"logistic kink, profile and set, n=1e5   absence_risk {own:.3f} s")
    grid = statsmodels_grid(x, event)
    print(
        f"logistic kink, 37 places, n=1e5         statsmodels  {grid:.2f} s  ratio {grid / own:.1f}"
    )
    if peer := segmented({"y": event, "x": x}, logistic=True):
        print(
            f"logistic kink, n=1e5                    R segmented  {peer[0]:.1f} s"
            f"  ratio {peer[0] / own:.0f}"
        )


if __name__ == "__main__":
    main()
