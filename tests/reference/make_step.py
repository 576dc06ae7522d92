"""Write step.csv: simulated pupils whose mean falls by 6 points at 15 % absence."""

from __future__ import annotations

from pathlib import Path

import numpy as np


def main() -> None:
    """Draw 400 pupils with distinct absence and write them."""
    rng = np.random.default_rng(20261)
    absence = np.round(rng.beta(1.2, 8, 400), 9)
    prior = np.round(rng.normal(size=400), 6)
    points = 210 - 30 * absence - 6 * (absence > 0.15) + 3 * prior + 8 * rng.normal(size=400)
    np.savetxt(
        Path(__file__).with_name("step.csv"),
        np.column_stack([absence, prior, points]),
        delimiter=",",
        header="absence,prior,points",
        comments="",
        fmt=["%.9f", "%.6f", "%.6f"],
    )


if __name__ == "__main__":
    main()
