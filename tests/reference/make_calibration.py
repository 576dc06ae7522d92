"""Write calibration.csv: simulated pupils with a highest share of absence and a later event."""

from __future__ import annotations

from pathlib import Path

import numpy as np


def main() -> None:
    """Draw 900 pupils and write them."""
    rng = np.random.default_rng(20261)
    share = np.round(rng.beta(1.2, 8, 900) * 200) / 200  # on the half-point grid, with many ties
    event = (rng.random(900) < 0.03 + 0.5 / (1 + np.exp(-40 * (share - 0.18)))).astype(int)
    rows = np.column_stack([share, event])
    path = Path(__file__).with_name("calibration.csv")
    header = "absence,event"
    np.savetxt(path, rows, delimiter=",", header=header, comments="", fmt=["%.3f", "%d"])


if __name__ == "__main__":
    main()
