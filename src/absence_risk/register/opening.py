"""Open a register: canonical files or frames, or a foreign export converted on the way."""

from __future__ import annotations

import shutil
import weakref
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from absence_risk.register.engine import Engine
from absence_risk.register.protected import protected_keys, without_protected
from absence_risk.register.readers.canonical import load_folder
from absence_risk.register.readers.frames import load_frames
from absence_risk.register.register import Register

if TYPE_CHECKING:
    from absence_risk.errors import Problem
    from absence_risk.register.readers.columns import LoadedTable
    from absence_risk.register.readers.conversion import ConversionReport
    from absence_risk.register.readers.loaded import Loaded

__all__ = ["read_register"]


def read_register(
    path: str | Path | Mapping[str, Any],
    layout: str | Path | None = None,
    *,
    key: str | Path | None = None,
    engine: Engine | None = None,
) -> Register:
    """Open a register.

    Small tables are read; lesson rows stay where they are until a panel or a cube is asked for.
    Pupils with protected identity are left out of everything and only counted.

    Parameters
    ----------
    path : str, Path or mapping of str to frame
        Folder with the canonical tables as parquet or CSV, or the tables themselves as frames of
        pandas, polars, pyarrow, DuckDB or any other library that Narwhals knows.
    layout : str, Path or None
        "canonical" (the default), the name of a foreign layout that comes with the package, or a
        mapping file (``.toml``); see :mod:`absence_risk.register.readers.mapping`. A foreign
        export is converted into a private folder that lives as long as the register.
    key : str, Path or None
        Key file of the project, made by ``absence-risk new-key``; a foreign layout needs it.
    engine : Engine or None
        Memory limit and threads of the embedded engine.

    Returns
    -------
    Register
        The register. Call its ``validate()`` before trusting a figure.

    Raises
    ------
    KeyFileError
        If a foreign layout has no key.
    SchemaError
        If the path is no register, a file cannot be read, or a column holds national identity
        numbers. Broken rows and columns do not raise here: ``validate()`` lists them all.
    ValueError
        If the layout is unknown.

    Examples
    --------
    >>> import pandas as pd
    >>> day = pd.Timestamp("2025-08-18")
    >>> reg = read_register({
    ...     "registers": pd.DataFrame({"pupil_key": [7], "date": [day], "slot": [1],
    ...         "scheduled_min": [60], "valid_min": [15], "invalid_min": [0],
    ...         "is_reported": [True]}),
    ...     "pupils": pd.DataFrame({"pupil_key": [7], "school_key": ["S"], "grade": [7]}),
    ...     "schools": pd.DataFrame({"school_key": ["S"], "municipality_key": ["M"]}),
    ...     "calendar": pd.DataFrame({"school_key": ["S"], "date": [day], "offered": [True],
    ...         "term": ["HT"]})})
    >>> float(reg.panel("term")["absence_rate"].iloc[0])
    0.25
    """
    settings = engine or Engine()
    if layout is not None and layout != "canonical":
        return _converted(path, layout, key, settings)
    loaded = load_frames(path) if isinstance(path, Mapping) else load_folder(Path(path), settings)
    return _register(loaded, settings)


def _register(
    loaded: Loaded, settings: Engine, conversion: ConversionReport | None = None
) -> Register:
    notes = () if conversion is None else conversion.notes
    return Register(
        rows=loaded.rows,
        tables=without_protected(loaded.tables),
        protected=protected_keys(loaded.tables),
        source=loaded.source,
        problems=(*_all_problems(loaded.problems, loaded.tables), *notes),
        engine=settings,
        conversion=conversion,
    )


def _converted(
    path: str | Path | Mapping[str, Any],
    layout: str | Path,
    key: str | Path | None,
    settings: Engine,
) -> Register:
    """Convert a foreign export; its folder goes when the register does."""
    if isinstance(path, Mapping):
        raise ValueError("Frames are read in the canonical layout; leave layout out.")  # noqa: TRY004
    from absence_risk.register.readers.foreign import load_export  # noqa: PLC0415

    loaded, report, folder = load_export(Path(path), layout, key, settings)
    register = _register(loaded, settings, report)
    weakref.finalize(register, shutil.rmtree, folder, ignore_errors=True)
    return register


def _all_problems(
    rows: tuple[Problem, ...], tables: Mapping[str, LoadedTable]
) -> tuple[Problem, ...]:
    return (*rows, *(problem for table in tables.values() for problem in table.problems))
