"""Write a world to a folder: all of it, or nothing that could be read as a register."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from absence_risk import check
from absence_risk.register.staging import staged_folder
from absence_risk.synthetic.manifest import as_json, sha256_of
from absence_risk.synthetic.records import DETAILS, ROWS, register_rows
from absence_risk.synthetic.tables import (
    join_tables,
    municipality_keys,
    pupil_tables,
    school_tables,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from pathlib import Path

    import numpy.typing as npt
    import pyarrow as pa

    from absence_risk.synthetic.world import World

__all__ = ["FORMATS", "write_world"]

FORMATS = ("parquet", "csv")
_GROUP = 1_000  # pupils in a row group
_NEVER_NULL = (
    *("pupil_key", "date", "slot", "scheduled_min", "is_reported"),
    *("source", "group_key", "recorded_at"),
)
_WORDS = ("validity", "documentation", "source", "subject_code", "group_key")
_TIMES = ("recorded_at", "superseded_at")
# Hashing every value and keeping its extremes costs as much as writing it: lesson rows have a
# dictionary where it makes a file smaller or quicker to read, and extremes where a reader can skip
# by them (each row group holds all dates). lz4 takes a third of the time of zstd and is as small
# where values hardly change.
_DENSE = ("date", "present_min", "valid_min", "invalid_min", "late_min", *_TIMES)
_LESSONS: dict[str, Any] = {
    "use_dictionary": ["date", *_WORDS, *_TIMES],
    "write_statistics": ["pupil_key"],
    "write_batch_size": 16_384,
}
_MARKER = "manifest.json"


def write_world(
    world: World,
    folder: Path,
    *,
    rows: str,
    file_format: str,
    force: bool,
    detail: str = "figures",
    threads: int = 1,
    progress: Callable[[str, float], None] | None = None,
) -> dict[str, Any]:
    """Write the tables, truth.json, scenario.toml and manifest.json of a world.

    Everything goes into a temporary folder beside the target, which is renamed at the end: a full
    disk or an interruption leaves nothing that reads as a whole register.

    Parameters
    ----------
    world : World
        The simulated world.
    folder : pathlib.Path
        Folder to make.
    rows : {"lesson", "day"}
        One row per lesson, or one per day.
    file_format : {"parquet", "csv"}
        File format of the tables.
    force : bool
        Whether to replace an existing simulated register.
    detail : {"figures", "everything"}
        The columns that figures need, or all canonical ones.
    threads : int
        1, or 2 to simulate in one thread what another writes; never changes a byte.
    progress : callable or None
        Called with a text and a share between 0 and 1.

    Returns
    -------
    dict
        The manifest.

    Raises
    ------
    FileExistsError
        If the folder exists and may not be replaced.
    ValueError
        If a word or number is not allowed.
    """
    check.choice(rows, ROWS, "rows")
    check.choice(file_format, FORMATS, "file_format")
    check.choice(detail, DETAILS, "detail")
    check.choice(str(threads), ("1", "2"), "threads")
    with staged_folder(folder, marker=_MARKER, force=force) as draft:
        counts = _write_tables(
            world,
            draft,
            rows=rows,
            file_format=file_format,
            detail=detail,
            threads=threads,
            progress=progress,
        )
        texts = {"truth.json": as_json(world.truth), "scenario.toml": world.scenario.to_toml()}
        for name, text in texts.items():
            (draft / name).write_text(text, encoding="utf-8")
            counts[name] = None
        manifest = _manifest(world, draft, counts, unit=rows, detail=detail)
        (draft / _MARKER).write_text(as_json(manifest), encoding="utf-8")
    return manifest


def _write_tables(
    world: World,
    draft: Path,
    *,
    rows: str,
    file_format: str,
    detail: str,
    threads: int,
    progress: Callable[[str, float], None] | None,
) -> dict[str, int | None]:
    """Write all tables, simulating on the way; return the rows of each file."""
    start = str(world.year.dates[0])[:4]
    counts: dict[str, int | None] = {}
    order = np.argsort(world.pupil_key)
    home = world.municipality[order]
    done, parts = 0, []
    for at, key in enumerate(municipality_keys(world)):
        own = order[home == at]
        if not own.size:
            continue
        name = f"registers/school_year={start}/municipality={key}/part-0.{file_format}"
        counts[name] = 0
        (draft / name).parent.mkdir(parents=True)
        groups = _groups(world, own, rows, detail)
        with (
            closing(_Sink(draft / name, file_format, by_lesson=rows == "lesson")) as sink,
            closing(_ahead(groups) if threads > 1 else groups) as found,
        ):
            for group in found:
                sink.write(group.rows)
                parts += group.tables
                counts[name] = (counts[name] or 0) + group.rows.num_rows
                done += group.pupils
                if progress is not None:
                    progress("simulating and writing", done / len(order))
    for table, content in {**school_tables(world), **join_tables(parts)}.items():
        name = f"{table}.{file_format}"
        with closing(_Sink(draft / name, file_format)) as sink:
            sink.write(content)
        counts[name] = content.num_rows
    return counts


class _Group(NamedTuple):
    """A row group; the first one of a simulated block brings the block's small tables."""

    rows: pa.Table
    pupils: int
    tables: list[dict[str, pa.Table]]


def _groups(
    world: World, pupils: npt.NDArray[np.int64], rows: str, detail: str
) -> Generator[_Group, None, None]:
    """Simulate pupils in blocks of whole row groups, and yield one row group at a time."""
    block = max(1, world.block // _GROUP) * _GROUP
    for start in range(0, len(pupils), block):
        part = world.part(pupils[start : start + block])
        tables = [pupil_tables(part)]
        for at in range(0, len(part.index), _GROUP):
            some = np.arange(at, min(at + _GROUP, len(part.index)))
            yield _Group(register_rows(part, some, rows, detail), len(some), tables)
            tables = []


def _ahead(groups: Generator[_Group, None, None]) -> Generator[_Group, None, None]:
    """Yield the same, while a second thread makes the next one."""
    with closing(groups), ThreadPoolExecutor(1) as pool:
        coming = pool.submit(next, groups, None)
        while (group := coming.result()) is not None:
            coming = pool.submit(next, groups, None)
            yield group


class _Sink:
    """One open file, parquet or CSV, that takes tables of the same columns."""

    def __init__(self, path: Path, file_format: str, *, by_lesson: bool = False) -> None:
        self._path, self._format, self._by_lesson = path, file_format, by_lesson
        self._writer: Any = None

    def write(self, table: pa.Table) -> None:
        import pyarrow.csv as pa_csv  # noqa: PLC0415
        import pyarrow.parquet as pq  # noqa: PLC0415

        if self._format == "csv":
            table = table.cast(_plain(table.schema))
        elif self._by_lesson:
            table = _without_levels(table)
        if self._writer is None and self._format == "csv":
            self._writer = pa_csv.CSVWriter(self._path, table.schema)
        elif self._writer is None:
            options = _lesson_options(table.column_names) if self._by_lesson else {}
            self._writer = pq.ParquetWriter(
                self._path, table.schema, **{"compression": "zstd", **options}
            )
        self._writer.write_table(table)

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()


def _lesson_options(columns: list[str]) -> dict[str, Any]:
    """Return how the columns of lesson rows are written."""
    codecs = {name: "zstd" if name in _DENSE else "lz4" for name in columns}
    return {**_LESSONS, "compression": codecs}


def _without_levels(rows: pa.Table) -> pa.Table:
    """Say which columns are never null, which spares writer and reader a pass over each."""
    import pyarrow as pa  # noqa: PLC0415

    schema = pa.schema([f.with_nullable(f.name not in _NEVER_NULL) for f in rows.schema])
    return pa.table(rows.columns, schema=schema)


def _plain(schema: pa.Schema) -> pa.Schema:
    """Return the schema with words instead of dictionaries, which CSV has not."""
    import pyarrow as pa  # noqa: PLC0415

    return pa.schema(
        [f.with_type(f.type.value_type) if pa.types.is_dictionary(f.type) else f for f in schema]
    )


def _manifest(
    world: World, draft: Path, counts: dict[str, int | None], **asked: str
) -> dict[str, Any]:
    """Return what was written, with hashes."""
    import pyarrow as pa  # noqa: PLC0415

    files = {
        name: {
            "rows": count,
            "bytes": (draft / name).stat().st_size,
            "sha256": sha256_of(draft / name),
        }
        for name, count in sorted(counts.items())
    }
    return {
        "preset": world.scenario.name,
        "seed": world.seed,
        "pupils": len(world.index),
        "do": dict(world.do),
        **asked,
        "rows": sum(c or 0 for name, c in counts.items() if name.startswith("registers/")),
        "versions": {"numpy": np.__version__, "pyarrow": pa.__version__},
        "files": files,
    }
