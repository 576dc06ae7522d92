"""Write a world to a folder: all of it, or nothing that could be read as a register."""

from __future__ import annotations

import hashlib
import json
from contextlib import closing
from typing import TYPE_CHECKING, Any

import numpy as np

from absence_risk import check
from absence_risk.register.staging import staged_folder
from absence_risk.synthetic.records import ROWS, register_rows
from absence_risk.synthetic.tables import municipality_keys, small_tables

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import numpy.typing as npt
    import pyarrow as pa

    from absence_risk.synthetic.world import World

__all__ = ["FORMATS", "write_world"]

FORMATS = ("parquet", "csv")
_BLOCK = 1_000
_MARKER = "manifest.json"


def write_world(
    world: World,
    folder: Path,
    *,
    rows: str,
    file_format: str,
    force: bool,
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
    """
    check.choice(rows, ROWS, "rows")
    check.choice(file_format, FORMATS, "file_format")
    with staged_folder(folder, marker=_MARKER, force=force) as draft:
        counts = _write_tables(world, draft, rows, file_format, progress)
        texts = {"truth.json": _json(world.truth), "scenario.toml": world.scenario.to_toml()}
        for name, text in texts.items():
            (draft / name).write_text(text, encoding="utf-8")
            counts[name] = None
        manifest = _manifest(world, draft, counts, rows)
        (draft / _MARKER).write_text(_json(manifest), encoding="utf-8")
    return manifest


def _write_tables(
    world: World,
    draft: Path,
    rows: str,
    file_format: str,
    progress: Callable[[str, float], None] | None,
) -> dict[str, int | None]:
    """Write all tables; return the rows of each file."""
    start = str(world.year.dates[0])[:4]
    counts: dict[str, int | None] = {}
    order = np.argsort(world.pupil_key)
    home = world.schools.municipality[world.pupils.school[order]]
    done = 0
    for at, key in enumerate(municipality_keys(world)):
        name = f"registers/school_year={start}/municipality={key}/part-0.{file_format}"
        counts[name] = 0
        (draft / name).parent.mkdir(parents=True)
        own = order[home == at]
        with closing(_Sink(draft / name, file_format)) as sink:
            for block, size in _blocks(world, own, rows):
                sink.write(block)
                counts[name] = (counts[name] or 0) + block.num_rows
                done += size
                if progress is not None:
                    progress("writing", done / len(order))
    for table, content in small_tables(world).items():
        name = f"{table}.{file_format}"
        with closing(_Sink(draft / name, file_format)) as sink:
            sink.write(content)
        counts[name] = content.num_rows
    return counts


def _blocks(
    world: World, pupils: npt.NDArray[np.int64], rows: str
) -> Iterator[tuple[pa.Table, int]]:
    """Yield attendance rows of a thousand pupils at a time."""
    for start in range(0, len(pupils), _BLOCK):
        some = pupils[start : start + _BLOCK]
        yield register_rows(world, some, rows), len(some)


class _Sink:
    """One open file, parquet or CSV, that takes tables of the same columns."""

    def __init__(self, path: Path, file_format: str) -> None:
        self._path, self._format = path, file_format
        self._writer: Any = None

    def write(self, table: pa.Table) -> None:
        import pyarrow.csv as pa_csv  # noqa: PLC0415
        import pyarrow.parquet as pq  # noqa: PLC0415

        if self._format == "csv":
            table = table.cast(_plain(table.schema))
        if self._writer is None and self._format == "csv":
            self._writer = pa_csv.CSVWriter(self._path, table.schema)
        elif self._writer is None:
            self._writer = pq.ParquetWriter(self._path, table.schema, compression="zstd")
        self._writer.write_table(table)

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()


def _plain(schema: pa.Schema) -> pa.Schema:
    """Return the schema with words instead of dictionaries, which CSV has not."""
    import pyarrow as pa  # noqa: PLC0415

    return pa.schema(
        [f.with_type(f.type.value_type) if pa.types.is_dictionary(f.type) else f for f in schema]
    )


def _manifest(
    world: World, draft: Path, counts: dict[str, int | None], rows: str
) -> dict[str, Any]:
    """Return what was written, with hashes."""
    import pyarrow as pa  # noqa: PLC0415

    files = {
        name: {"rows": count, "bytes": (draft / name).stat().st_size, "sha256": _sha(draft / name)}
        for name, count in sorted(counts.items())
    }
    return {
        "preset": world.scenario.name,
        "seed": world.seed,
        "pupils": len(world.pupils),
        "do": dict(world.do),
        "unit": rows,
        "rows": sum(c or 0 for name, c in counts.items() if name.startswith("registers/")),
        "versions": {"numpy": np.__version__, "pyarrow": pa.__version__},
        "files": files,
    }


def _sha(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _json(content: dict[str, Any]) -> str:
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"
