"""Write dose_response.csv: simulated pupils with a measured outcome, an event and a count."""

from __future__ import annotations

from pathlib import Path

import numpy as np


def main() -> None:
    """Draw 700 pupils in 25 schools and write them."""
    rng = np.random.default_rng(20264)
    n = 700
    absence = np.round(rng.beta(1.2, 8, n), 3)  # heaped, as shares of lessons are
    school = rng.integers(0, 25, n)
    prior = rng.normal(size=n).round(6)
    level = 0.3 * rng.normal(size=25)[school]
    points = 210 - 25 / (1 + np.exp(-(absence - 0.2) / 0.06)) + 4 * prior + 10 * level
    points += 8 * rng.normal(size=n)
    eta = -1.5 + 30 * absence * (0.5 - absence) - 0.4 * prior + level
    event = rng.random(n) < 1 / (1 + np.exp(-eta))
    count = rng.poisson(np.exp(0.3 + 1.5 * np.sqrt(absence) - 0.2 * prior + level))
    rows = np.column_stack([absence, prior, points.round(6), event, count, school])
    np.savetxt(
        Path(__file__).with_name("dose_response.csv"),
        rows,
        delimiter=",",
        header="absence,prior,points,event,count,school",
        comments="",
        fmt=["%.3f", "%.6f", "%.6f", "%d", "%d", "%d"],
    )


if __name__ == "__main__":
    main()
