"""Write incidence.csv: simulated weekly histories with competing endings, ties and late entry.

Run from this folder: python make_incidence.py, then Rscript incidence.R.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

HAZARDS = np.array([0.05, 0.012, 0.01])


def simulate(n: int, seed: int, *, late: bool) -> np.ndarray:
    """Return rows entry, duration, event, in whole school weeks."""
    rng = np.random.default_rng(seed)
    ended = rng.geometric(HAZARDS.sum(), n)
    kind = 1 + rng.choice(len(HAZARDS), size=n, p=HAZARDS / HAZARDS.sum())
    censored = rng.integers(10, 40, n)
    entry = np.where(rng.random(n) < 0.4, rng.integers(1, 8, n), 0) if late else np.zeros(n, int)
    stop = np.minimum(ended, censored)
    event = np.where(ended <= censored, kind, 0)
    keep = stop > entry
    return np.column_stack([entry, stop, event])[keep]


def main() -> None:
    """Write the file."""
    lines = ["set,entry,duration,event"]
    sets = [("n60", 60, 1, False), ("n180", 180, 2, False), ("n3000", 3000, 3, False)]
    sets.append(("late180", 220, 4, True))
    for name, n, seed, late in sets:
        lines += [f"{name},{a},{b},{c}" for a, b, c in simulate(n, seed, late=late)]
    Path("incidence.csv").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
