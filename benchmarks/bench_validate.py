"""Validation of a register with faults of every kind: exact counts and lines, and CPU time.

Faults are planted in rows of their own, so that the number and the first line of each are known.
The peer in the same run is plain pandas with six rules on the same file.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from absence_risk.register.opening import read_register
from absence_risk.register.rules_rows import row_rules
from absence_risk.register.schema import table

if TYPE_CHECKING:
    from collections.abc import Callable

DAYS, LESSONS, MINUTES, SCHOOLS = 180, 6, 50, 10
PUPILS, FAULTS = 1_000, 216
BAR_CPU_S, BAR_RULES = 1.0, 20
FIRST_KEY = 2**28
WEEKEND = np.datetime64("2025-08-23")
BAD_BYTES = b"\xff\xfe\xfd"

# Column changes of one faulty row each; None is an empty value. A row is changed so that it breaks
# this rule and no other: it is a reported lesson of 50 minutes without absence.
EDITS: dict[tuple[str, str], dict[str, Any]] = {
    ("E104", "date"): {"date": None},
    ("E104", "is_reported"): {"is_reported": None},
    ("E113", "validity"): {"validity": "giltig"},
    ("E113", "source"): {"source": "robot"},
    ("E113", "documentation"): {"documentation": "none at all"},
    ("E114", "scheduled_min"): {"scheduled_min": 1500, "present_min": None},
    ("E202", "valid_min"): {"valid_min": 40, "invalid_min": 20, "present_min": None},
    ("E202", "late_min"): {"late_min": 70},
    ("E203", "valid_min"): {"valid_min": -5, "present_min": 55},
    ("E204", "reason_code"): {"reason_code": 13},
    ("E205", "date"): {"date": WEEKEND},
    ("E207", "scheduled_min"): {"scheduled_min": 0, "present_min": None, "invalid_min": 20},
    ("E208", "present_min"): {"present_min": 49},
    ("E209", "reason_code"): {"reason_code": 30, "valid_min": 50, "present_min": 0},
    ("E210", "is_reported"): {"is_reported": False, "present_min": None},
    ("E211", "is_reported"): {"valid_min": None, "present_min": None},
    ("E301", "pupil_key"): {"pupil_key": 2**31},
    ("W507", "reason_code"): {"reason_code": 80, "invalid_min": 10, "present_min": 40},
    ("W509", "recorded_at"): {"superseded_at": "2026-07-01", "recorded_at": None},
    ("W510", "reason_code"): {"reason_code": 60, "invalid_min": 50, "present_min": 0},
}
# What only text can hold: the value itself, or the whole line.
TEXT_EDITS: dict[tuple[str, str], dict[str, str]] = {
    ("E103", "slot"): {"slot": "first"},
    ("E103", "late_min"): {"late_min": "1.5"},
    ("E110", "date"): {"date": "31.12.2025"},
}


@dataclass
class Planted:
    """A faulty register, and the number and the first line of each fault."""

    rows: pd.DataFrame
    tables: dict[str, pd.DataFrame]
    counts: dict[tuple[str, str], int] = field(default_factory=dict)
    first: dict[tuple[str, str], int] = field(default_factory=dict)


def clean_rows(rng: np.random.Generator, pupils: int, days: np.ndarray) -> pd.DataFrame:
    """Return lesson rows without any fault, all reported, some absent."""
    n = pupils * len(days) * LESSONS
    valid = np.where(np.repeat(rng.random(n // LESSONS) < 0.05, LESSONS), MINUTES, 0)
    invalid = np.where((rng.random(n) < 0.01) & (valid == 0), MINUTES, 0)
    is_reported = rng.random(n) > 0.03

    def numbers(values: Any, kind: str = "Int16") -> pd.Series:
        return pd.Series(values).where(is_reported).astype(kind)

    absent = valid + invalid > 0
    return pd.DataFrame(
        {
            "pupil_key": np.repeat(np.arange(FIRST_KEY, FIRST_KEY + pupils), n // pupils),
            "date": np.tile(np.repeat(days, LESSONS), pupils).astype("datetime64[s]"),
            "slot": np.tile(np.arange(1, LESSONS + 1), n // LESSONS),
            "scheduled_min": MINUTES,
            "valid_min": numbers(valid),
            "invalid_min": numbers(invalid),
            "is_reported": pd.array(is_reported, "boolean"),
            "present_min": numbers(MINUTES - valid - invalid),
            "late_min": numbers(np.zeros(n)),
            "reason_code": numbers(np.where(valid > 0, 10, 70), "UInt8").where(absent),
            "validity": np.where(
                absent & is_reported, np.where(valid > 0, "valid", "invalid"), None
            ),
            "documentation": None,
            "source": "teacher",
            "recorded_at": pd.Timestamp("2026-07-01").as_unit("s"),
            "superseded_at": pd.Series(pd.NaT, index=range(n)).astype("datetime64[s]"),
        }
    )


def planted(pupils: int, faults: int, *, text: bool, seed: int = 1) -> Planted:
    """Return a register with ``faults`` rows of every fault, at random places."""
    rng = np.random.default_rng(seed)
    days = np.arange("2025-08-18", "2026-07-01", dtype="datetime64[D]")
    days = days[(days.astype(np.int64) + 3) % 7 < 5][:DAYS]
    rows = clean_rows(rng, pupils, days)
    made = Planted(rows.astype(object) if text else rows, small_tables(pupils, days))
    # One pupil-day holds at most one fault, and faults of days lie long before the last day.
    present = rows["is_reported"] & (rows["valid_min"] == 0) & (rows["invalid_min"] == 0)
    whole = present.to_numpy(dtype=bool, na_value=False).reshape(-1, LESSONS).all(axis=1)
    early = np.tile(np.arange(len(days)) < len(days) - 40, pupils)
    spots = rng.permutation(np.flatnonzero(whole & early))
    if not faults:
        return made
    edits = {**EDITS, **(TEXT_EDITS if text else {})}
    for number, (key, edit) in enumerate(edits.items()):
        day = spots[number * faults : (number + 1) * faults]
        at = np.sort(day * LESSONS + rng.integers(0, LESSONS, faults))
        if key == ("E205", "date"):
            # One weekend row per pupil, so that no slot occurs twice.
            at = at[np.unique(at // (len(days) * LESSONS), return_index=True)[1]]
        for column, value in edit.items():
            # Unknown pupils are different ones, so that no slot occurs twice.
            made.rows.loc[at, column] = value + np.arange(len(at)) if key[0] == "E301" else value
        made.counts[key], made.first[key] = len(at), int(at[0])
    spots = spots[len(edits) * faults :]
    mixed = np.sort(spots[:faults]) * LESSONS
    made.rows.loc[mixed, "slot"] = 0
    made.counts["E212", "slot"], made.first["E212", "slot"] = LESSONS * faults, int(mixed[0])
    twice = np.sort(spots[faults : 2 * faults]) * LESSONS
    made.counts["E201", "slot"], made.first["E201", "slot"] = faults, len(made.rows)
    made.rows = pd.concat([made.rows, made.rows.loc[twice]], ignore_index=True)
    return made


def small_tables(pupils: int, days: np.ndarray) -> dict[str, pd.DataFrame]:
    """Return pupils, schools and calendar without any fault."""
    schools = [f"S{i}" for i in range(SCHOOLS)]
    return {
        "pupils": pd.DataFrame(
            {
                "pupil_key": np.arange(FIRST_KEY, FIRST_KEY + pupils),
                "school_key": np.array(schools)[np.arange(pupils) % SCHOOLS],
                "grade": 7,
            }
        ),
        "schools": pd.DataFrame({"school_key": schools, "municipality_key": "M"}),
        "calendar": pd.DataFrame(
            {
                "school_key": np.repeat(schools, len(days)),
                "date": np.tile(days, SCHOOLS).astype("datetime64[s]"),
                "offered": True,
                "term": "T",
            }
        ),
    }


def write(made: Planted, folder: Path, ending: str, faults: int) -> None:
    """Write the register; in a CSV file also spoil lines, below everything else."""
    for name, frame in {"registers": made.rows, **made.tables}.items():
        if ending == "parquet":
            frame.to_parquet(folder / f"{name}.parquet")
        else:
            frame.to_csv(folder / f"{name}.csv", index=False, date_format="%Y-%m-%d")
    offset = 1 if ending == "parquet" else 2
    made.first = {key: at + offset for key, at in made.first.items()}
    if ending == "csv":
        with (folder / "registers.csv").open("ab") as file:
            file.write(b"1,2,3\n" * faults)
            file.write((b"1,2025-09-01,1," + BAD_BYTES + b"," * 11 + b"\n") * faults)
        end = len(made.rows) + offset
        made.counts["E105", ""], made.first["E105", ""] = faults, end
        made.counts["E111", ""], made.first["E111", ""] = faults, end + faults


def found_in(source: Any) -> dict[tuple[str, str], tuple[int | None, int | None]]:
    """Return count and first line of every problem with a line."""
    problems = read_register(source).validate().problems
    return {(p.code, p.column or ""): (p.n_rows, p.line) for p in problems if p.line is not None}


def expected(made: Planted) -> dict[tuple[str, str], tuple[int, int]]:
    """Return what must be found."""
    return {key: (made.counts[key], made.first[key]) for key in made.counts}


def plain_pandas(folder: Path, ending: str) -> int:
    """Count the rows that break six rules, as a script would."""
    if ending == "parquet":
        rows = pd.read_parquet(folder / "registers.parquet")
    else:
        rows = pd.read_csv(
            folder / "registers.csv",
            on_bad_lines="skip",
            encoding_errors="replace",
            low_memory=False,
        )
    minutes = rows[["scheduled_min", "valid_min", "invalid_min"]].apply(
        pd.to_numeric, errors="coerce"
    )
    absent = minutes["valid_min"] + minutes["invalid_min"]
    return int(
        rows["date"].isna().sum()
        + (minutes["valid_min"] < 0).sum()
        + (absent > minutes["scheduled_min"]).sum()
        + (
            ~pd.to_numeric(rows["reason_code"]).isin([10, 70, 80]) & rows["reason_code"].notna()
        ).sum()
        + rows.duplicated(["pupil_key", "date", "slot"]).sum()
        + (rows["is_reported"].astype(str).eq("False") & absent.notna()).sum()
    )


def cpu(work: Callable[[], Any], repeats: int) -> tuple[float, Any]:
    """Return the least CPU time of several runs, and the answer."""
    times, answer = [], None
    for _ in range(repeats):
        start = time.process_time()
        answer = work()
        times.append(time.process_time() - start)
    return min(times), answer


def n_rules() -> int:
    """Return the number of conditions that are checked on each row or pupil-day."""
    return len(row_rules(table("registers").names)) + 6


def measure(ending: str, repeats: int) -> dict[str, Any]:
    """Plant, write, validate and compare; stop where anything is missed or miscounted."""
    made = planted(PUPILS, FAULTS, text=ending == "csv")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write(made, folder, ending, FAULTS)
        seconds, found = cpu(lambda: found_in(folder), repeats)
        peer, _ = cpu(lambda: plain_pandas(folder, ending), repeats)
    wanted = expected(made)
    missed = {str(key): (found.get(key), value) for key, value in wanted.items()}
    missed |= {str(key): (value, None) for key, value in found.items() if key not in wanted}
    missed = {key: pair for key, pair in missed.items() if pair[0] != pair[1]}
    if missed:
        raise SystemExit(f"{ending}: found, planted: {missed}")
    return {"rows": len(made.rows), "faults": len(wanted), "cpu_s": seconds, "pandas_cpu_s": peer}


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--write", type=Path, help="JSON file to store the figures in")
    parser.add_argument("--repeats", type=int, default=3)
    arguments = parser.parse_args()
    results: dict[str, Any] = {"conditions": n_rules()}
    for ending in ("parquet", "csv"):
        one = results[ending] = measure(ending, arguments.repeats)
        met = one["cpu_s"] <= BAR_CPU_S and n_rules() >= BAR_RULES
        sys.stdout.write(
            f"{ending}: {one['rows']:,} rows, {n_rules()} conditions: {one['cpu_s']:.2f} CPU s; "
            f"{one['faults']} kinds of fault planted, all found with exact count and line; plain "
            f"pandas with 6 rules {one['pandas_cpu_s']:.2f} CPU s. "
            f"Bar (≤ {BAR_CPU_S:g} CPU s): {'met' if met else 'NOT met'}.\n"
        )
    if arguments.write:
        arguments.write.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
