"""Small registers with a school week of five days of 100 minutes, and simulated histories."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from absence_risk.register.calendar import SchoolCalendar
from absence_risk.register.cube import Cube
from absence_risk.register.definition import AbsenceDefinition

FIRST = 2**28


def school_days(n_weeks, *, skip=()):
    mondays = np.datetime64("2025-08-18") + 7 * np.array(
        [week for week in range(n_weeks + len(skip)) if week not in skip]
    )
    return (mondays[:, None] + np.arange(5)).ravel()


@pytest.fixture
def make_cube():
    def make(weekly_absence, *, skip=(), idle=()):
        """Turn shares per pupil and week into a cube; ``idle``: (pupil, week) without lessons."""
        share = np.asarray(weekly_absence, dtype=float)
        n, n_weeks = share.shape
        days = school_days(n_weeks, skip=skip)
        scheduled = np.full((n, n_weeks * 5), 100, dtype=np.int16)
        for pupil, week in idle:
            scheduled[pupil, week * 5 : week * 5 + 5] = 0
        absent = np.round(np.repeat(share, 5, axis=1) * scheduled).astype(np.int16)
        valid = (absent // 2).astype(np.int16)
        keys = (FIRST + np.arange(n)).astype(np.uint32)
        calendar = SchoolCalendar(days, ["HT"] * len(days))
        return Cube(keys, calendar, scheduled, valid, absent - valid, AbsenceDefinition())

    return make


@pytest.fixture
def make_cases():
    def make(rows):
        """Rows of (pupil, started, closed, reason) or with detected as a fifth."""
        frame = pd.DataFrame(
            [
                {
                    "case_key": 2 * FIRST + i,
                    "pupil_key": FIRST + row[0],
                    "started": row[1],
                    "closed": row[2],
                    "closure_reason": row[3],
                    "detected": row[4] if len(row) > 4 else None,
                }
                for i, row in enumerate(rows)
            ]
        )
        for name in ("started", "closed", "detected"):
            frame[name] = pd.to_datetime(frame[name])
        return frame

    return make


@pytest.fixture
def simulate_history():
    def simulate(
        rng, n, *, hazard, others=0.0, severity=None, schools=20, sd=0.0, shift=None, first=0
    ):
        """Simulate weekly return with hazard (per row or one), other endings and censoring."""
        school = rng.integers(0, schools, n)
        effect = (rng.normal(0, sd, schools) if shift is None else shift)[school]
        rate = np.clip(np.broadcast_to(hazard, (n,)) * np.exp(effect), 0, 0.5)
        back, other = rng.geometric(rate), np.full(n, 10_000)
        if others:
            other = rng.geometric(others, n)
        stop = rng.integers(10, 38, n)
        end = np.minimum(np.minimum(back, other), stop)
        event = np.where(back == end, 1, np.where(other == end, 2, 0))
        relapse = rng.geometric(0.03, n)
        seen = (event == 1) & (relapse <= stop - end)
        return pd.DataFrame(
            {
                "case_key": np.arange(n),
                "pupil_key": first + np.arange(n),
                "school_key": pd.array(school, dtype="Int64"),
                "entry": 0,
                "duration": end,
                "event": event,
                "severity": rng.uniform(0.1, 0.5, n) if severity is None else severity,
                "invalid_share": rng.uniform(0, 0.3, n),
                "register_duration": np.minimum(back, stop),
                "register_event": (back <= stop).astype(int),
                "relapsed": pd.array(seen, dtype="boolean"),
                "weeks_to_relapse": pd.Series(relapse, dtype="Int64").mask(~seen),
                "weeks_after_return": pd.Series(stop - end, dtype="Int64").mask(event != 1),
                "closed_in_start_week": False,
            }
        )

    return simulate
