"""A CSV of 10 million lesson rows: time and memory, foreign (import) and canonical (panel).

The peer in the same run is pandas' C reader at its best: only the columns that are needed, small
numeric types, categories for text, no copy. It reads rows into a frame and stops there. The import
checks every row as well, replaces identifiers by pseudonyms and writes a register; the panel of a
canonical CSV sums its rows to one per pupil and month.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

ROWS = 10_000_000
CANONICAL = ("pandas_canonical", "panel")
LESSONS, DAYS, MINUTES = 6, 178, 50
MAPPING = """
[mapping]
name = "bench"
[format]
delimiter = ";"
encoding = "utf-8"
decimal = ","
unit = "minutes"
datetime = "yyyy-mm-dd HH:MM"
true = ["J"]
false = ["N"]
[files.pupils]
path = "elever.csv"
[files.rows]
path = "narvaro.csv"
[[terms]]
name = "HT"
first = 2025-08-18
last = 2026-06-30
[pupils]
file = "pupils"
pupil_key = "ElevId"
school_key = "Skola"
class_key = "Klass"
grade = "Arskurs"
[schools]
municipality_key = { value = "ours" }
[registers]
file = "rows"
rows = "all"
pupil_key = "ElevId"
date = "Datum"
slot = "Lektion"
scheduled_min = "Planerad"
absent_min = "Franvaro"
is_reported = "Rapporterad"
[[registers.codes]]
column = "Typ"
[registers.codes.labels]
"" = { counts = "present" }
"Giltig" = { counts = "valid" }
"Ogiltig" = { counts = "invalid", reason = 70 }
[[registers.codes]]
column = "Orsak"
[registers.codes.labels]
"Sjukdom" = { reason = 10 }
"Ledighet" = { reason = 20 }
"""


def make(folder: Path, rows: int, seed: int = 1) -> None:
    """Write the export: pupils, and one line for each lesson, present or absent."""
    rng = np.random.default_rng(seed)
    per_pupil = DAYS * LESSONS
    pupils = -(-rows // per_pupil)
    days = np.arange("2025-08-18", "2026-06-30", dtype="datetime64[D]")
    days = days[(days.astype(np.int64) + 3) % 7 < 5][:DAYS].astype(str)
    with (folder / "elever.csv").open("w", encoding="utf-8") as file:
        file.write("ElevId;Skola;Klass;Arskurs\n")
        for p in range(pupils):
            file.write(f"E-{10_000_000 + 7 * p};Skola {p % 20};{7 + p % 3}A;{7 + p % 3}\n")
    heads = [f"{day};{lesson};50,0;" for day in days for lesson in range(1, LESSONS + 1)]
    tails = np.array(
        [
            "0,0;J;;;Anna Andersson;Matematik\n",
            "50,0;J;Giltig;Sjukdom;Anna Andersson;Matematik\n",
            "50,0;J;Giltig;Ledighet;Bo Berg;Svenska\n",
            "20,0;J;Ogiltig;;Bo Berg;Svenska\n",
            ";N;;;Bo Berg;Svenska\n",
        ],
        dtype=object,
    )
    left = rows
    with (folder / "narvaro.csv").open("w", encoding="utf-8") as file:
        file.write("ElevId;Datum;Lektion;Planerad;Franvaro;Rapporterad;Typ;Orsak;Larare;Amne\n")
        for p in range(pupils):
            n = min(per_pupil, left)
            kinds = rng.choice(5, size=n, p=[0.90, 0.04, 0.01, 0.02, 0.03])
            name = f"E-{10_000_000 + 7 * p};"
            file.write(
                "".join([name + h + t for h, t in zip(heads[:n], tails[kinds], strict=True)])
            )
            left -= n
    (folder / "mapping.toml").write_text(MAPPING, encoding="utf-8")


def read_pandas(folder: Path) -> int:
    """Read the rows as well as pandas can."""
    import pandas as pd  # noqa: PLC0415 (each way loads only what it needs)

    columns = {
        "ElevId": "category",
        "Datum": "category",
        "Lektion": "uint8",
        "Planerad": "float32",
        "Franvaro": "float32",
        "Rapporterad": "category",
        "Typ": "category",
        "Orsak": "category",
    }
    frame = pd.read_csv(
        folder / "narvaro.csv",
        sep=";",
        decimal=",",
        usecols=list(columns),
        dtype=columns,
        engine="c",
        encoding="utf-8",
    )
    days = frame["Datum"].cat
    frame["Datum"] = days.rename_categories(pd.to_datetime(days.categories))
    return len(frame)


def read_import(folder: Path, *, threads: int | None, memory: str) -> int:
    """Convert the export into a register."""
    import pyarrow.parquet as pq  # noqa: PLC0415

    from absence_risk.register.engine import Engine  # noqa: PLC0415
    from absence_risk.register.key_file import new_key_file  # noqa: PLC0415
    from absence_risk.register.readers.foreign import import_export  # noqa: PLC0415

    with tempfile.TemporaryDirectory(dir=folder) as home:
        key = new_key_file(Path(home) / "project.key")
        report = import_export(
            folder,
            Path(home) / "register",
            layout=folder / "mapping.toml",
            key=key,
            engine=Engine(threads=threads, memory_limit=memory),
        )
        if report.problems:
            raise SystemExit(f"unexpected problems: {report}")
        return int(pq.read_metadata(Path(home) / "register" / "registers.parquet").num_rows)


def make_canonical(folder: Path) -> None:
    """Write the same rows as a canonical register in CSV, from an import."""
    import pandas as pd  # noqa: PLC0415
    import pyarrow.csv as pc  # noqa: PLC0415
    import pyarrow.parquet as pq  # noqa: PLC0415

    from absence_risk.register.key_file import new_key_file  # noqa: PLC0415
    from absence_risk.register.readers.foreign import import_export  # noqa: PLC0415

    with tempfile.TemporaryDirectory(dir=folder) as home:
        key = new_key_file(Path(home) / "project.key")
        made = Path(home) / "register"
        import_export(folder, made, layout=folder / "mapping.toml", key=key)
        out = folder / "canonical"
        out.mkdir()
        for name in ("pupils", "schools", "calendar"):
            pd.read_parquet(made / f"{name}.parquet").to_csv(out / f"{name}.csv", index=False)
        source = pq.ParquetFile(made / "registers.parquet")
        with pc.CSVWriter(out / "registers.csv", source.schema_arrow) as file:
            for batch in source.iter_batches():
                file.write_batch(batch)


def read_pandas_canonical(folder: Path) -> int:
    """Read the rows of a canonical CSV as well as pandas can."""
    import pandas as pd  # noqa: PLC0415

    columns = {
        "pupil_key": "uint32",
        "date": "category",
        "slot": "uint8",
        "scheduled_min": "int16",
        "valid_min": "float32",
        "invalid_min": "float32",
        "is_reported": "bool",
    }
    frame = pd.read_csv(
        folder / "canonical" / "registers.csv", usecols=list(columns), dtype=columns, engine="c"
    )
    days = frame["date"].cat
    frame["date"] = days.rename_categories(pd.to_datetime(days.categories))
    return len(frame)


def read_panel(folder: Path, *, threads: int | None, memory: str) -> int:
    """Sum the rows of a canonical CSV to one per pupil and month."""
    from absence_risk.register.engine import Engine  # noqa: PLC0415
    from absence_risk.register.opening import read_register  # noqa: PLC0415

    engine = Engine(threads=threads, memory_limit=memory)
    return len(read_register(folder / "canonical", engine=engine).panel())


def measured(way: str, folder: Path, threads: int | None, memory: str) -> dict[str, float]:
    """Run one way in a process of its own."""
    words = [sys.executable, __file__, "--way", way, "--folder", str(folder), "--memory", memory]
    if threads:
        words += ["--threads", str(threads)]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def one_way(way: str, folder: Path, threads: int | None, memory: str) -> None:
    begin = time.perf_counter()
    if way == "pandas":
        rows = read_pandas(folder)
    elif way == "pandas_canonical":
        rows = read_pandas_canonical(folder)
    elif way == "panel":
        rows = read_panel(folder, threads=threads, memory=memory)
    else:
        rows = read_import(folder, threads=threads, memory=memory)
    wall = time.perf_counter() - begin
    used = resource.getrusage(resource.RUSAGE_SELF)
    print(
        json.dumps(
            {
                "rows": rows,
                "wall_s": wall,
                "cpu_s": used.ru_utime + used.ru_stime,
                "mb": used.ru_maxrss / 1024,
            }
        )
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--threads", type=int)
    parser.add_argument("--memory", default="1.2GB")
    parser.add_argument("--way", choices=["make", "pandas", "import", *CANONICAL])
    parser.add_argument("--folder", type=Path)
    given = parser.parse_args()
    if given.way == "make":
        if not (given.folder / "narvaro.csv").exists():
            make(given.folder, given.rows)
        if not (given.folder / "canonical").exists():
            make_canonical(given.folder)
        return
    if given.way:
        one_way(given.way, given.folder, given.threads, given.memory)
        return
    with tempfile.TemporaryDirectory() as home:
        folder = given.folder or Path(home)
        # In a process of its own: the most memory a parent ever held counts for its children.
        words = [sys.executable, __file__, "--way", "make", "--folder", str(folder)]
        subprocess.run([*words, "--rows", str(given.rows)], check=True)
        print(f"{given.rows:,} rows; least CPU of {given.repeats} runs each")
        for peer, ours in (("pandas", "import"), CANONICAL):
            compare(peer, ours, folder, given)


def compare(peer: str, ours: str, folder: Path, given: argparse.Namespace) -> None:
    best: dict[str, dict[str, float]] = {}
    for _ in range(given.repeats):
        for way in (peer, ours):
            found = measured(way, folder, given.threads, given.memory)
            if way not in best or found["cpu_s"] < best[way]["cpu_s"]:
                best[way] = found
    for way, found in best.items():
        times = f"wall {found['wall_s']:6.2f} s  CPU {found['cpu_s']:6.2f} s"
        print(f"  {way:16} {times}  {found['mb']:7,.0f} MB")
    wall, cpu, memory = (best[ours][key] / best[peer][key] for key in ("wall_s", "cpu_s", "mb"))
    met = wall <= 1 and memory <= 0.25
    print(
        f"  {ours}: {wall:.2f} of the peer's wall, {cpu:.2f} of its CPU, {memory:.2f} of its memory"
    )
    print(f"  bar (wall ≤ 1, memory ≤ 0.25): {'met' if met else 'NOT met'}")


if __name__ == "__main__":
    main()
