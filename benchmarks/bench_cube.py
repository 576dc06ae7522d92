"""What the cube answers without reading rows again: months, rolling windows, spells.

Run: python benchmarks/bench_cube.py. CPU seconds (user + system), best of 5, at a quarter, a half
and all of 100,000 pupils × 180 school days, a fifth of them with days off; beside pandas on a
tenth of the pupils, with the same answers.
"""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from absence_risk.policy import Staircase, replay
from absence_risk.register.calendar import SchoolCalendar
from absence_risk.register.cube import Cube
from absence_risk.register.definition import AbsenceDefinition
from absence_risk.register.spells import absence_spells

if TYPE_CHECKING:
    from collections.abc import Callable

PUPILS, DAYS, MINUTES = 100_000, 180, 300
BARS = {"pupil-month": 0.1, "rolling crossing": 0.2, "spells": 0.3}
WINDOW, AT = "rolling 20 days", 0.20
TASKS: dict[str, Callable[[Cube], Any]] = {
    "pupil-month": lambda cube: cube.totals("month").rate(),
    "rolling crossing": lambda cube: cube.rolling(WINDOW).first_crossing(AT),
    "12 school weeks, highest": lambda cube: cube.rolling("rolling 12 weeks").highest(),
    "spells": absence_spells,
    "replay of Siuntio's step": lambda cube: replay(cube, Staircase.preset("siuntio")),
}


def made(pupils: int, seed: int = 1) -> Cube:
    """Return a seeded cube: 4 % ill days, 2 % skipped lessons, a fifth of pupils with days off."""
    rng = np.random.default_rng(seed)
    days = np.arange("2025-08-18", "2026-07-01", dtype="datetime64[D]")
    days = days[(days.astype(np.int64) + 3) % 7 < 5][:DAYS]
    calendar = SchoolCalendar(days, ["HT"] * (DAYS // 2) + ["VT"] * (DAYS - DAYS // 2))
    shape = (pupils, DAYS)
    scheduled = np.full(shape, MINUTES, dtype=np.int16)
    scheduled[: pupils // 5][rng.random((pupils // 5, DAYS)) < 0.03] = 0
    ill = rng.random(shape) < 0.04
    valid = np.where(ill, scheduled, 0).astype(np.int16)
    skipped = (rng.random(shape) < 0.02) & ~ill & (scheduled > 0)
    invalid = np.where(skipped, 50, 0).astype(np.int16)
    keys = np.arange(pupils, dtype=np.uint32)
    return Cube(keys, calendar, scheduled, valid, invalid, AbsenceDefinition(least_days=1))


def cpu(task: Callable[[], object], repeats: int = 5) -> float:
    """Return the best CPU time of some runs."""
    best = float("inf")
    for _ in range(repeats):
        begin = time.process_time()
        task()
        best = min(best, time.process_time() - begin)
    return best


def long(cube: Cube) -> pd.DataFrame:
    """Return the cube as pandas users keep it: a row per pupil-day."""
    pupil, day = np.nonzero(np.ones(cube.scheduled.shape, dtype=bool))
    absent = cube.valid + cube.invalid
    return pd.DataFrame(
        {
            "pupil": pupil.astype(np.int32),
            "month": cube.calendar.month[day],
            "scheduled": cube.scheduled[pupil, day].astype(np.int64),
            "absent": absent[pupil, day].astype(np.int64),
        }
    )


def by_month(frame: pd.DataFrame) -> pd.Series:
    """Share per pupil and month."""
    sums = frame.groupby(["pupil", "month"], sort=False)[["scheduled", "absent"]].sum()
    return sums["absent"] / sums["scheduled"]


def crossing(frame: pd.DataFrame) -> pd.Series:
    """First of 20 days in a row with a fifth of the time absent; -1 if never."""
    columns = ["scheduled", "absent"]
    length = int(WINDOW.split()[1])
    rolled = frame.groupby("pupil", sort=False)[columns].rolling(length).sum()
    hit = (rolled["absent"] / rolled["scheduled"] >= AT).to_numpy().reshape(-1, DAYS)
    return pd.Series(np.where(hit.any(axis=1), hit.argmax(axis=1) - length + 1, -1))


def main() -> None:
    """Run the benchmark."""
    out = sys.stdout
    out.write("| what | " + " | ".join(f"{s:g} M" for s in (4.5, 9, 18)) + " pupil-days | bar |\n")
    times = {name: [] for name in TASKS}
    for share in (4, 2, 1):
        cube = made(PUPILS // share)
        for name, task in TASKS.items():
            times[name].append(cpu(lambda task=task, cube=cube: task(cube)))
    for name, (quarter, half, whole) in times.items():
        bar = BARS.get(name)
        met = "" if bar is None else f"≤ {bar:g} s: {'met' if whole <= bar else 'NOT met'}"
        out.write(f"| {name} | {quarter:.3f} | {half:.3f} | {whole:.3f} s | {met} |\n")
    tenth = made(PUPILS // 10)
    frame = long(tenth)
    months = tenth.totals("month").rate().ravel()
    if not np.allclose(by_month(frame).to_numpy(), months):
        raise SystemExit("The monthly shares do not agree.")
    if not (crossing(frame) == tenth.rolling(WINDOW).first_crossing(AT)).all():
        raise SystemExit("The crossings do not agree.")
    for name, task in (("pupil-month", by_month), ("rolling crossing", crossing)):
        mine = cpu(lambda name=name: TASKS[name](tenth))
        theirs = cpu(lambda task=task: task(frame), repeats=2)
        out.write(
            f"{name}, 1.8 M pupil-days: {mine:.3f} s, pandas {theirs:.3f} s "
            f"({theirs / mine:.1f} x)\n"
        )


if __name__ == "__main__":
    main()
