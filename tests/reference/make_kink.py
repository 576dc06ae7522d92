"""Write kink.csv: simulated pupils with a bend at 18 % absence, schools and one covariate."""

from __future__ import annotations

from pathlib import Path

import numpy as np


def main() -> None:
    """Draw 600 pupils in 24 schools and write them."""
    rng = np.random.default_rng(20260)
    n = 600
    absence = np.round(rng.beta(1.2, 8, n), 3)  # heaped, as shares of lessons are
    school = rng.integers(0, 24, n)
    prior = rng.normal(size=n)
    points = (
        210
        - 30 * absence
        - 90 * np.maximum(absence - 0.18, 0)
        + 4 * prior
        + 3 * rng.normal(size=24)[school]
        + 8 * rng.normal(size=n)
    )
    rows = np.column_stack([absence, prior.round(6), points.round(6), school])
    path = Path(__file__).with_name("kink.csv")
    np.savetxt(
        path,
        rows,
        delimiter=",",
        header="absence,prior,points,school",
        comments="",
        fmt=["%.3f", "%.6f", "%.6f", "%d"],
    )


if __name__ == "__main__":
    main()
