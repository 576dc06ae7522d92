"""Lesson rows to a pupil × month panel: ours against tuned pandas, in fresh processes.

Run ``python benchmarks/bench_panel.py``; ``--write panel.json`` stores the
figures. CPU seconds count the call and reading the files, not imports; peak memory is that of the
whole process.
"""

from __future__ import annotations

import argparse
import json
import platform
import resource
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from absence_risk.register.opening import read_register

DAYS, LESSONS, MINUTES = 180, 6, 50
PUPILS = 10_000
CHUNK = 1_000
BAR_CPU_S, BAR_PEAK_MB, BAR_RATIO = 1.5, 600, 2.0
COLUMNS = ["pupil_key", "date", "scheduled_min", "valid_min", "invalid_min"]


def write_register(folder: Path, pupils: int, seed: int = 1) -> int:
    """Write a seeded canonical register of lesson rows; return the number of rows."""
    rng = np.random.default_rng(seed)
    keys = np.sort(rng.permutation(2**22)[:pupils]).astype(np.uint32) * 251 + 2**28
    days = np.arange("2025-08-18", "2026-07-01", dtype="datetime64[D]")
    days = days[(days.astype(np.int64) + 3) % 7 < 5][:DAYS]
    text = pa.string()
    schema = pa.schema(
        [("pupil_key", pa.uint32()), ("date", pa.date32()), ("slot", pa.uint8())]
        + [(n, pa.int16()) for n in ("scheduled_min", "present_min", "valid_min", "invalid_min")]
        + [("late_min", pa.int16()), ("reason_code", pa.uint8()), ("is_reported", pa.bool_())]
    )
    with pq.ParquetWriter(folder / "registers.parquet", schema, compression="zstd") as writer:
        for start in range(0, pupils, CHUNK):
            writer.write_table(_rows(rng, keys[start : start + CHUNK], days, schema))
    schools = [f"S{i:02d}" for i in range(20)]
    school = pa.array(np.array(schools)[np.arange(pupils) % 20], text)
    grade = pa.array(7 + np.arange(pupils) % 3, pa.uint8())
    _write(folder, "pupils", pupil_key=pa.array(keys), school_key=school, grade=grade)
    _write(folder, "schools", school_key=pa.array(schools), municipality_key=pa.array(["M1"] * 20))
    term = np.where(days < np.datetime64("2026-01-01"), "HT", "VT")
    _write(
        folder,
        "calendar",
        school_key=pa.array(np.repeat(schools, DAYS), text),
        date=pa.array(np.tile(days, 20)),
        offered=pa.array(np.ones(20 * DAYS, dtype=bool)),
        term=pa.array(np.tile(term, 20), text),
    )
    return pupils * DAYS * LESSONS


def _rows(rng: np.random.Generator, keys: np.ndarray, days: np.ndarray, schema: Any) -> Any:

    n = len(keys) * DAYS * LESSONS
    sick = np.repeat(rng.random(len(keys) * DAYS) < 0.05, LESSONS)
    away = (rng.random(n) < 0.01) & ~sick
    unreported = rng.random(n) < 0.03
    valid, invalid = (MINUTES * flag.astype(np.int16) for flag in (sick, away))
    absent = sick | away
    columns = [
        np.repeat(keys, DAYS * LESSONS),
        np.tile(np.repeat(days, LESSONS), len(keys)),
        np.tile(np.arange(1, LESSONS + 1, dtype=np.uint8), len(keys) * DAYS),
        np.full(n, MINUTES, dtype=np.int16),
        pa.array(np.int16(MINUTES) - valid - invalid, mask=unreported),
        pa.array(valid, mask=unreported),
        pa.array(invalid, mask=unreported),
        pa.array(np.zeros(n, dtype=np.int16), mask=unreported),
        pa.array(np.where(sick, 10, 70).astype(np.uint8), mask=unreported | ~absent),
        ~unreported,
    ]
    return pa.table(columns, schema=schema)


def _write(folder: Path, name: str, **columns: Any) -> None:

    pq.write_table(pa.table(columns), folder / f"{name}.parquet")


def ours(folder: Path) -> pd.DataFrame:
    """Read the register and make its panel."""
    return read_register(folder).panel()


def tuned_pandas(folder: Path) -> pd.DataFrame:
    """Needed columns only, small integers, a month column of 4 bytes, no sorting of groups."""
    frame = pq.read_table(folder / "registers.parquet", columns=COLUMNS).to_pandas(
        date_as_object=False, split_blocks=True, self_destruct=True
    )
    month = frame["date"].to_numpy().astype("datetime64[M]").astype(np.int32)
    frame["period"] = (1970 + month // 12) * 100 + month % 12 + 1
    frame = frame.drop(columns="date")
    for name in COLUMNS[2:]:
        frame[name] = frame[name].fillna(0).astype(np.int32)
    groups = frame.groupby(["pupil_key", "period"], sort=False, observed=True)
    return _finished(groups[COLUMNS[2:]].sum().reset_index(), folder)


def pandas_one_code(folder: Path) -> pd.DataFrame:
    """As above, with pupil and month in one categorical code: what an expert would try next."""
    frame = pq.read_table(folder / "registers.parquet", columns=COLUMNS).to_pandas(
        date_as_object=False, split_blocks=True, self_destruct=True
    )
    key = pd.Categorical(frame["pupil_key"])
    month = frame["date"].to_numpy().astype("datetime64[M]").astype(np.int32)
    first, n = int(month.min()), int(month.max() - month.min()) + 1
    code = key.codes.astype(np.int32) * n + (month - first)
    sums = (
        frame[COLUMNS[2:]].fillna(0).astype(np.int32).groupby(code, sort=False).sum().reset_index()
    )
    sums["pupil_key"] = np.asarray(key.categories)[sums["index"] // n]
    at = first + sums["index"] % n
    sums["period"] = (1970 + at // 12) * 100 + at % 12 + 1
    return _finished(sums, folder)


def _finished(sums: pd.DataFrame, folder: Path) -> pd.DataFrame:

    pupils = pd.read_parquet(folder / "pupils.parquet")
    schools = pd.read_parquet(folder / "schools.parquet")
    sums["absent_min"] = sums["valid_min"] + sums["invalid_min"]
    sums["absence_rate"] = sums["absent_min"] / sums["scheduled_min"]
    panel = sums.merge(pupils, on="pupil_key").merge(schools, on="school_key")
    return panel.sort_values(["pupil_key", "period"], ignore_index=True)


WAYS = {"absence_risk": ours, "pandas, tuned": tuned_pandas, "pandas, one code": pandas_one_code}


def child(way: str, folder: Path) -> None:
    """Measure one way in this process and print the figures as JSON."""
    cpu, wall = time.process_time(), time.perf_counter()
    panel = WAYS[way](folder)
    figures = {
        "cpu_s": time.process_time() - cpu,
        "wall_s": time.perf_counter() - wall,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "panel_rows": len(panel),
        "absent_min": int(panel["absent_min"].sum()),
        "rate_sum": round(float(panel["absence_rate"].sum()), 6),
    }
    sys.stdout.write(json.dumps(figures) + "\n")


def measure(way: str, folder: Path, repeats: int) -> dict[str, Any]:
    """Run one way in fresh processes; keep the median of CPU and wall, the largest peak."""
    runs = []
    for _ in range(repeats):
        command = [sys.executable, __file__, "--child", way, str(folder)]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        runs.append(json.loads(done.stdout))
    medians = {name: float(np.median([run[name] for run in runs])) for name in ("cpu_s", "wall_s")}
    return {**runs[0], **medians, "peak_mb": max(run["peak_mb"] for run in runs)}


def compare(repeats: int) -> dict[str, Any]:
    """Measure all ways on the full size, and ours on a half and a quarter of it."""
    results: dict[str, Any] = {"ways": {}, "slope": []}
    for share in (4, 2, 1):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            rows = write_register(folder, PUPILS // share)
            one = measure("absence_risk", folder, repeats)
            results["slope"].append({"rows": rows, **one})
            if share == 1:
                results["rows"] = rows
                results["ways"]["absence_risk"] = one
                for way in ("pandas, tuned", "pandas, one code"):
                    results["ways"][way] = measure(way, folder, repeats)
    ways = results["ways"]
    answers = {(w["panel_rows"], w["absent_min"], w["rate_sum"]) for w in ways.values()}
    if len(answers) != 1:
        raise SystemExit("The ways do not agree.")
    best = min(w["cpu_s"] for name, w in ways.items() if name != "absence_risk")
    results["cpu_ratio_to_best_pandas"] = best / ways["absence_risk"]["cpu_s"]
    results["versions"] = {
        name: version(name) for name in ("duckdb", "narwhals", "numpy", "pandas", "pyarrow")
    }
    results["python"] = platform.python_version()
    return results


def as_markdown(results: dict[str, Any]) -> str:
    """Return the figures as Markdown tables."""
    lines = [f"{results['rows']:,} lesson rows to a pupil × month panel", ""]
    lines += ["| way | CPU s | wall s | peak MB |", "|---|---|---|---|"]
    lines += [
        f"| {name} | {w['cpu_s']:.2f} | {w['wall_s']:.2f} | {w['peak_mb']:.0f} |"
        for name, w in results["ways"].items()
    ]
    ratio = results["cpu_ratio_to_best_pandas"]
    mine = results["ways"]["absence_risk"]
    met = mine["cpu_s"] <= BAR_CPU_S and mine["peak_mb"] <= BAR_PEAK_MB and ratio >= BAR_RATIO
    lines += ["", f"The best pandas way takes {ratio:.1f} × the CPU time of absence_risk."]
    lines += [
        f"Bar (≤ {BAR_CPU_S} CPU s, ≤ {BAR_PEAK_MB} MB, ≥ {BAR_RATIO:g} ×): "
        f"{'met' if met else 'NOT met'}.",
        "",
        "| rows | CPU s | µs per 1,000 rows | peak MB |",
        "|---|---|---|---|",
    ]
    lines += [
        f"| {s['rows']:,} | {s['cpu_s']:.2f} | {s['cpu_s'] / s['rows'] * 1e9:.0f} "
        f"| {s['peak_mb']:.0f} |"
        for s in results["slope"]
    ]
    return "\n".join(lines)


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--write", type=Path, help="JSON file to store the figures in")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--child", nargs=2, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        child(arguments.child[0], Path(arguments.child[1]))
        return
    results = compare(arguments.repeats)
    sys.stdout.write(as_markdown(results) + "\n")
    if arguments.write:
        arguments.write.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps(results, indent=1, ensure_ascii=False)
        arguments.write.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
