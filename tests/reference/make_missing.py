"""Write missing.csv: 60 simulated pupils in 5 municipalities and 2 arms, 3 waves (seed 5)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd


def simulate(n: int = 60) -> pd.DataFrame:
    rng = np.random.default_rng(5)
    town = rng.choice(5, size=n, p=[0.35, 0.25, 0.2, 0.12, 0.08])
    arm = rng.integers(0, 2, n)
    u = rng.normal(0, 0.4, 5)[town]
    absence = rng.uniform(0.2, 0.6, n)
    trait = rng.normal(size=n)
    w0 = 3 + 0.5 * trait + 0.4 * rng.normal(size=n)
    w1 = w0 + 0.2 + 0.3 * arm + u - absence + 0.4 * rng.normal(size=n)
    w2 = w1 + 0.1 + 0.2 * arm + 0.4 * rng.normal(size=n)
    frame = pd.DataFrame({"town": town, "arm": arm, "absence": absence, "w0": w0})
    lost = rng.random(n)
    frame["m1"] = np.where(lost < 0.2, np.nan, w1)
    frame["m2"] = np.where(lost < 0.4, np.nan, w2)
    gone = rng.random((3, n)) < 0.2
    waves = np.where(gone, np.nan, [w0, w1, w2])
    waves[0] = np.where(np.isnan(waves).all(axis=0), w0, waves[0])
    frame[["g0", "g1", "g2"]] = waves.T
    for k in range(1, 6):
        guess = w0 + 0.3 - absence + 0.5 * rng.normal(size=n)
        frame[f"imp{k}"] = np.where(np.isnan(frame["m1"]), guess, frame["m1"])
    return frame.round(6)


if __name__ == "__main__":
    simulate().to_csv(Path(__file__).with_name("missing.csv"), index=False)
