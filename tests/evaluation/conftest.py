from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from absence_risk.register.calendar import SchoolCalendar
from absence_risk.register.cube import Cube
from absence_risk.register.definition import AbsenceDefinition

if TYPE_CHECKING:
    from collections.abc import Callable

KEY = 2**28


@dataclass(frozen=True, eq=False)
class Municipality:
    cube: Cube
    cases: pd.DataFrame
    pupils: pd.DataFrame


def _year() -> SchoolCalendar:
    first = np.arange("2025-08-18", "2025-12-20", dtype="datetime64[D]")
    second = np.arange("2026-01-08", "2026-06-12", dtype="datetime64[D]")
    days = np.concatenate([first, second])
    days = days[np.is_busday(days)]
    return SchoolCalendar(days, ["HT" if day < second[0] else "VT" for day in days])


def _spells(rng: np.random.Generator, share: np.ndarray, days: int) -> np.ndarray:
    """Two-state absence with mean spell 4 days and the given long-run share."""
    back = 0.25
    away = back * share / (1 - share)
    out = np.empty((len(share), days), dtype=bool)
    out[:, 0] = rng.random(len(share)) < share
    for day in range(1, days):
        stay = np.where(out[:, day - 1], 1 - back, away)
        out[:, day] = rng.random(len(share)) < stay
    return out


def make_municipality(
    seed: int, *, pupils: int = 2_000, schools: int = 20, gain: float = 0.0
) -> Municipality:
    """A municipality whose pupils are referred in a bad month; ``gain`` of absent days vanish.

    Referral is drawn from absence in the month that has just ended; with gain 0 a team does
    nothing at all.
    """
    rng = np.random.default_rng(seed)
    year = _year()
    school = rng.integers(schools, size=pupils)
    logit = -2.9 + 0.9 * rng.normal(size=pupils) + 0.2 * rng.normal(size=schools)[school]
    absent = _spells(rng, 1 / (1 + np.exp(-logit)), len(year))
    invalid = absent & (rng.random(absent.shape) < 0.3)
    stop = np.append(np.flatnonzero(np.diff(year.month)) + 1, len(year))
    detected = np.full(pupils, -1)
    for low, high in zip(np.r_[0, stop[:-1]], stop, strict=True):
        share = absent[:, low:high].mean(axis=1)
        chosen = (share >= 0.2) & (detected < 0) & (rng.random(pupils) < 0.25)
        detected[chosen] = high - 1
    who = np.flatnonzero(detected >= 0)
    started = detected[who] + rng.integers(5, 20, size=len(who))
    helped = np.zeros_like(absent)
    for pupil, day in zip(who, started, strict=True):
        helped[pupil, day:] = rng.random(max(len(year) - day, 0)) < gain
    present = absent & helped
    dates = np.append(year.dates, np.datetime64("NaT"))
    cases = pd.DataFrame(
        {
            "case_key": np.arange(len(who)) + 2 * KEY,
            "pupil_key": who + KEY,
            "detected": dates[detected[who]],
            "started": dates[np.minimum(started, len(year))],
        }
    )
    frame = pd.DataFrame(
        {"pupil_key": np.arange(pupils) + KEY, "school_key": school + 1, "grade": 4 + school % 6}
    )
    minutes = (300 * np.stack([absent & ~invalid & ~present, invalid & ~present])).astype(np.int16)
    cube = Cube(
        (np.arange(pupils) + KEY).astype(np.uint32),
        year,
        np.full(absent.shape, 300, dtype=np.int16),
        minutes[0],
        minutes[1],
        AbsenceDefinition(),
    )
    return Municipality(cube, cases, frame)


@pytest.fixture(scope="session")
def municipality() -> Callable[..., Municipality]:
    return make_municipality
