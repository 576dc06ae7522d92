"""Write comparison_{pupils,panel,series,donors}.csv, simulated with seeds 61 to 64."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

NEVER = 99


def pupils(n: int = 90, clusters: int = 7) -> pd.DataFrame:
    """Pupils before and after, with two covariates, in municipalities of uneven size."""
    rng = np.random.default_rng(61)
    cluster = np.sort(rng.choice(clusters, size=n, p=np.arange(1, clusters + 1) / 28))
    ability, girl = rng.normal(size=n), rng.integers(0, 2, size=n)
    treated = rng.random(n) < 1 / (1 + np.exp(0.6 - 0.5 * ability))
    shift = 0.02 * rng.normal(size=clusters)[cluster]
    pre = 0.2 + 0.03 * ability + 0.05 * rng.normal(size=n) + shift
    post = 0.1 + 0.4 * pre - 0.02 * treated + 0.04 * rng.normal(size=n) + shift
    return pd.DataFrame(
        {
            "pupil_key": np.arange(1, n + 1),
            "municipality_key": cluster + 1,
            "treated": treated.astype(int),
            "pre": pre.round(6),
            "post": post.round(6),
            "ability": ability.round(6),
            "girl": girl,
        }
    )


def panel(n: int = 120, periods: int = 7, clusters: int = 9) -> pd.DataFrame:
    """Pupils by period with starts in periods 3 and 5 or never; some values are missing."""
    rng = np.random.default_rng(62)
    cluster = rng.integers(0, clusters, size=n)
    first = rng.choice([3, 5, NEVER], size=n, p=[0.3, 0.3, 0.4])
    time = np.arange(1, periods + 1)
    y = (
        rng.normal(size=(n, 1))
        + 0.3 * rng.normal(size=(clusters, periods))[cluster]
        + 0.1 * time
        - 0.5 * (time >= first[:, None])
        + rng.normal(size=(n, periods))
    )
    y[rng.random(y.shape) < 0.05] = np.nan
    return pd.DataFrame(
        {
            "pupil_key": np.repeat(np.arange(1, n + 1), periods),
            "municipality_key": np.repeat(cluster + 1, periods),
            "first": np.repeat(first, periods),
            "period": np.tile(time, n),
            "y": y.ravel().round(6),
        }
    )


def series(n: int = 30, start: int = 17) -> pd.DataFrame:
    """One series with autocorrelated errors, a level change and a slope change."""
    rng = np.random.default_rng(63)
    e = np.zeros(n)
    for t in range(n):
        e[t] = (0.5 * e[t - 1] if t else 0.0) + rng.normal()
    time = np.arange(1, n + 1)
    y = 8 + 0.05 * time - 1.0 * (time >= start) - 0.1 * np.maximum(time - start, 0) + 0.5 * e
    return pd.DataFrame({"period": time, "y": y.round(6)})


def donors(units: int = 7, periods: int = 12) -> pd.DataFrame:
    """Municipalities by period; unit 1 is the treated one from period 9."""
    rng = np.random.default_rng(64)
    factor = rng.normal(size=(2, periods)).cumsum(axis=1)
    loading = rng.uniform(size=(units, 2))
    y = 8 + loading @ factor + 0.2 * rng.normal(size=(units, periods))
    y[0, 8:] -= 1.0
    return pd.DataFrame(
        {
            "unit": np.repeat(np.arange(1, units + 1), periods),
            "period": np.tile(np.arange(1, periods + 1), units),
            "y": y.ravel().round(6),
        }
    )


if __name__ == "__main__":
    here = Path(__file__).parent
    for name, frame in (
        ("pupils", pupils()),
        ("panel", panel()),
        ("series", series()),
        ("donors", donors()),
    ):
        frame.to_csv(here / f"comparison_{name}.csv", index=False)
