"""Write a register in a foreign layout: all of it, or nothing."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from absence_risk import check
from absence_risk.register.staging import refuse_existing, staged_folder
from absence_risk.register.writers.denmark import write_denmark
from absence_risk.register.writers.dfe import write_dfe
from absence_risk.register.writers.edfi import write_edfi
from absence_risk.register.writers.plain import write_plain
from absence_risk.register.writers.recorded import recorded
from absence_risk.register.writers.skolverket import write_skolverket
from absence_risk.register.writers.ss12000 import write_ss12000
from absence_risk.register.writers.wilma import write_wilma

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from absence_risk.register.register import Register

__all__ = ["FOREIGN_LAYOUTS", "export_skolverket_term", "write_files", "write_layout"]

FOREIGN_LAYOUTS: tuple[str, ...] = (
    "denmark",
    "denmark_legal",
    "dfe",
    "edfi",
    "plain",
    "skolverket",
    "ss12000",
    "wilma",
    "wilma_older",
)
_MARKER = "layout.json"


def write_files(source: Register | Mapping[str, Any], folder: Path, layout: str) -> None:
    """Write the files of a foreign layout into a folder that exists.

    Parameters
    ----------
    source : Register or mapping of str to frame
        The register, or its canonical tables.
    folder : Path
        Folder to write into.
    layout : str
        One of ``FOREIGN_LAYOUTS``.

    Raises
    ------
    ValueError
        If there is no such layout.
    """
    check.choice(layout, FOREIGN_LAYOUTS, "layout")
    tables = recorded(source)
    if layout in ("denmark", "denmark_legal"):
        write_denmark(tables, folder, vocabulary="local" if layout == "denmark" else "legal")
    elif layout in ("wilma", "wilma_older"):
        write_wilma(tables, folder, vocabulary="national" if layout == "wilma" else "older")
    else:
        {
            "dfe": write_dfe,
            "edfi": write_edfi,
            "plain": write_plain,
            "skolverket": write_skolverket,
            "ss12000": write_ss12000,
        }[layout](tables, folder)


def write_layout(
    source: Register | Mapping[str, Any],
    folder: str | Path,
    layout: str,
    *,
    force: bool = False,
) -> None:
    """Write a register in a foreign layout.

    Pupils with protected identity are left out. Persons have made-up identifiers, never a
    national identity number. What each layout loses stands in ``docs/reference/layouts.md``.

    Parameters
    ----------
    source : Register or mapping of str to frame
        The register, or its canonical tables.
    folder : str or Path
        Folder to make. It appears only when all of it is written.
    layout : str
        One of ``FOREIGN_LAYOUTS``.
    force : bool
        Whether to replace a folder that this function wrote.

    Raises
    ------
    FileExistsError
        If the folder exists and may not be replaced.
    ValueError
        If there is no such layout.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import pandas as pd
    >>> day = pd.Timestamp("2025-08-18")
    >>> tables = {
    ...     "registers": pd.DataFrame({"pupil_key": [7], "date": [day], "slot": [1],
    ...         "scheduled_min": [60], "valid_min": [60], "invalid_min": [0],
    ...         "is_reported": [True], "reason_code": [10]}),
    ...     "pupils": pd.DataFrame({"pupil_key": [7], "school_key": ["S"], "grade": [7]}),
    ...     "schools": pd.DataFrame({"school_key": ["S"], "municipality_key": ["M"]}),
    ...     "calendar": pd.DataFrame({"school_key": ["S"], "date": [day], "offered": [True],
    ...         "term": ["HT"]})}
    >>> out = Path(tempfile.mkdtemp()) / "export"
    >>> write_layout(tables, out, "denmark")
    >>> print((out / "fravaer.csv").read_text().strip())
    ElevId;Dato;Fraværskode
    P-00000007;18-08-2025;S
    """
    check.choice(layout, FOREIGN_LAYOUTS, "layout")
    refuse_existing(folder, marker=_MARKER, force=force)
    with staged_folder(folder, marker=_MARKER, force=force) as draft:
        write_files(source, draft, layout)
        (draft / _MARKER).write_text(json.dumps({"layout": layout}) + "\n", encoding="utf-8")


def export_skolverket_term(
    source: Register | Mapping[str, Any], folder: str | Path, *, force: bool = False
) -> None:
    """Write the term totals of Skolverket's proposed national register, without identities.

    Parameters
    ----------
    source : Register or mapping of str to frame
        The register, or its canonical tables.
    folder : str or Path
        Folder to make; see :func:`write_layout`.
    force : bool
        Whether to replace a folder that this function wrote.

    Raises
    ------
    FileExistsError
        If the folder exists and may not be replaced.
    """
    write_layout(source, folder, "skolverket", force=force)
