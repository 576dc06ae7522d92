from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

FIRST_KEY = 2**28
N_PUPILS = 12
N_LESSONS = 4
MINUTES = 50


def school_days() -> np.ndarray:
    """Weekdays of 8 weeks over two months and two terms."""
    days = np.arange("2025-11-03", "2026-02-01", dtype="datetime64[D]")
    weekday = (days.astype(np.int64) + 3) % 7
    holiday = (days >= np.datetime64("2025-12-19")) & (days < np.datetime64("2026-01-08"))
    return days[(weekday < 5) & ~holiday]


def make_tables(seed: int = 1) -> dict[str, pd.DataFrame]:
    """A clean register with lesson rows, cases, surveys and outcomes."""
    rng = np.random.default_rng(seed)
    days = school_days()
    keys = np.arange(FIRST_KEY, FIRST_KEY + N_PUPILS, dtype=np.uint32)
    pupil, day, slot = (
        a.ravel()
        for a in np.meshgrid(
            np.arange(N_PUPILS), np.arange(len(days)), np.arange(1, N_LESSONS + 1), indexing="ij"
        )
    )
    n = len(pupil)
    reported = rng.random(n) > 0.03
    sick = (rng.random((N_PUPILS, len(days))) < 0.1)[pupil, day]
    away = rng.random(n) < 0.05
    valid = np.where(sick, MINUTES, 0)
    invalid = np.where(away & ~sick, rng.integers(1, MINUTES + 1, n), 0)
    late = np.where((rng.random(n) < 0.05) & (valid + invalid == 0), 7, 0)

    def if_reported(values: np.ndarray) -> pd.Series:
        return pd.Series(values).where(reported).astype("Int16")

    registers = pd.DataFrame(
        {
            "pupil_key": keys[pupil],
            "date": days[day].astype("datetime64[s]"),
            "slot": slot.astype(np.uint8),
            "scheduled_min": np.int16(MINUTES),
            "present_min": if_reported(MINUTES - valid - invalid),
            "valid_min": if_reported(valid),
            "invalid_min": if_reported(invalid),
            "late_min": if_reported(late),
            "reason_code": pd.Series(np.where(sick, 10, 70))
            .where(reported & (valid + invalid > 0))
            .astype("UInt8"),
            "is_reported": reported,
        }
    )
    schools = ["S1", "S2"]
    pupils = pd.DataFrame(
        {
            "pupil_key": keys,
            "school_key": np.array(schools)[np.arange(N_PUPILS) % 2],
            "grade": 7 + np.arange(N_PUPILS) % 3,
        }
    )
    calendar = pd.DataFrame(
        [
            {"school_key": s, "date": d, "offered": True, "term": "HT" if d.year == 2025 else "VT"}
            for s in schools
            for d in pd.DatetimeIndex(days)
        ]
    )
    cases = pd.DataFrame(
        {
            "case_key": np.arange(FIRST_KEY + 500, FIRST_KEY + 503, dtype=np.uint32),
            "pupil_key": keys[:3],
            "detected": pd.to_datetime(["2025-11-05", "2025-11-06", None]),
            "referred": pd.to_datetime(["2025-11-10", "2025-11-10", "2025-11-11"]),
            "started": pd.to_datetime(["2025-11-20", "2025-11-21", "2025-11-24"]),
            "closed": pd.to_datetime(["2026-01-12", None, "2026-01-20"]),
            "closure_reason": ["no_longer_needed", None, "moved"],
        }
    )
    surveys = pd.DataFrame(
        {
            "survey_key": np.repeat(np.arange(FIRST_KEY + 900, FIRST_KEY + 903, dtype="u4"), 2),
            "wave": [0, 1] * 3,
            "instrument_id": "wellbeing",
            "item_id": "a1",
            "response": [2.0, 4.0, 3.0, None, 5.0, 1.0],
            "missing": [None, None, None, "refused", None, None],
        }
    )
    outcomes = pd.DataFrame(
        {
            "pupil_key": keys,
            "kind": "grade_points",
            "value": np.linspace(100, 320, N_PUPILS),
            "date": pd.Timestamp("2026-01-30"),
        }
    )
    return {
        "registers": registers,
        "pupils": pupils,
        "schools": pd.DataFrame({"school_key": schools, "municipality_key": "M1"}),
        "calendar": calendar,
        "cases": cases,
        "surveys": surveys,
        "outcomes": outcomes,
    }


def write_tables(tables: dict[str, pd.DataFrame], folder: Path, ending: str) -> Path:
    """Write tables as a register's folder, as a program other than ours would."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, frame in tables.items():
        if ending == "parquet":
            frame.to_parquet(folder / f"{name}.parquet")
        else:
            frame.to_csv(folder / f"{name}.csv", index=False)
    return folder


@pytest.fixture
def tables() -> dict[str, pd.DataFrame]:
    return make_tables()


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    def write_to(tables: dict[str, pd.DataFrame], ending: str = "parquet") -> Path:
        return write_tables(tables, tmp_path / "register", ending)

    return write_to


@pytest.fixture
def lessons() -> Callable[..., dict[str, pd.DataFrame]]:
    """Make the tables of one pupil (or several) from hand-written lessons."""

    def build(*rows: tuple[Any, ...]) -> dict[str, pd.DataFrame]:
        # pupil, date, slot, scheduled, valid, invalid, late, reported
        frame = pd.DataFrame(
            rows, columns=["p", "date", "slot", "scheduled", "valid", "invalid", "late", "reported"]
        )
        dates = pd.to_datetime(frame["date"])
        pupils = sorted(set(frame["p"]))
        days = pd.to_datetime(sorted(set(frame["date"])))
        return {
            "registers": pd.DataFrame(
                {
                    "pupil_key": (FIRST_KEY + frame["p"]).astype("uint32"),
                    "date": dates,
                    "slot": frame["slot"].astype("uint8"),
                    "scheduled_min": frame["scheduled"].astype("int16"),
                    "valid_min": frame["valid"].astype("Int16"),
                    "invalid_min": frame["invalid"].astype("Int16"),
                    "late_min": frame["late"].astype("Int16"),
                    "is_reported": frame["reported"].astype(bool),
                }
            ),
            "pupils": pd.DataFrame(
                {"pupil_key": [FIRST_KEY + p for p in pupils], "school_key": "S1", "grade": 7}
            ),
            "schools": pd.DataFrame({"school_key": ["S1"], "municipality_key": ["M1"]}),
            "calendar": pd.DataFrame(
                {"school_key": "S1", "date": days, "offered": True, "term": "HT"}
            ),
        }

    return build


@pytest.fixture(scope="session")
def leaks() -> Any:
    """The module that makes identifiers and looks for them (tests here cannot import others)."""
    path = Path(__file__).parent / "leak_scan.py"
    spec = importlib.util.spec_from_file_location("leak_scan", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["leak_scan"] = module
    spec.loader.exec_module(module)
    return module
