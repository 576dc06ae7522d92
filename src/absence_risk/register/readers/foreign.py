"""Open or keep a foreign export: find its mapping, read the key, convert, check the result."""

from __future__ import annotations

import shutil
import tempfile
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

from absence_risk import check
from absence_risk.errors import DesignError, KeyFileError
from absence_risk.register.engine import Engine
from absence_risk.register.period_totals import CANNOT
from absence_risk.register.pseudonym import Pseudonyms
from absence_risk.register.readers.canonical import load_folder
from absence_risk.register.readers.conversion import MANIFEST, ConversionReport, convert
from absence_risk.register.readers.mapping_file import parse_mapping, read_mapping
from absence_risk.register.staging import refuse_existing, staged_folder

if TYPE_CHECKING:
    from collections.abc import Callable

    from absence_risk.register.readers.loaded import Loaded
    from absence_risk.register.readers.mapping import Mapping

__all__ = ["find_mapping", "import_export", "layout_names", "load_export", "totals_only"]

_ENDING = ".toml"
_TOTALS_ONLY = ("skolverket",)


def layout_names() -> tuple[str, ...]:
    """Return the names of the foreign layouts that come with the package.

    Returns
    -------
    tuple of str
        Each is a mapping in ``absence_risk/register/layouts``.

    Examples
    --------
    >>> "se_export" in layout_names()
    True
    """
    folder = resources.files("absence_risk.register") / "layouts"
    names = (item.name for item in folder.iterdir())
    return tuple(sorted(n.removesuffix(_ENDING) for n in names if n.endswith(_ENDING)))


def find_mapping(layout: str | Path) -> Mapping:
    """Return a mapping by the name of a layout, or from a file.

    Parameters
    ----------
    layout : str or Path
        Name of a layout that comes with the package, or path of a mapping file (``.toml``).

    Returns
    -------
    Mapping
        The mapping.

    Raises
    ------
    ValueError
        If there is no such layout.
    DesignError
        If the layout has totals only.
    SchemaError
        If the mapping file has faults; all of them are listed.

    Examples
    --------
    >>> find_mapping("se_export").name
    'se-export'
    """
    if str(layout).endswith(_ENDING):
        return read_mapping(Path(layout))
    if str(layout) in _TOTALS_ONLY:
        raise totals_only(str(layout))
    name = check.choice(str(layout), ("canonical", *layout_names()), "layout")
    place = resources.files("absence_risk.register") / "layouts" / f"{name}{_ENDING}"
    return parse_mapping(place.read_text(encoding="utf-8"), file=f"{name}{_ENDING}")


def _refuse_totals(path: Path, layout: str | Path) -> None:
    """Refuse an export in the layout of SS 12000 that has sums by pupil and nothing finer."""
    finer = ("attendances.json*", "absences.json*")
    is_sums = any(path.glob("aggregatedAttendance.json*"))
    if str(layout) == "ss12000" and is_sums and not any(any(path.glob(name)) for name in finer):
        raise totals_only("ss12000")


def totals_only(layout: str) -> DesignError:
    """Return the refusal of an export that has totals only: what they carry, and what not.

    Parameters
    ----------
    layout : {"skolverket", "ss12000"}
        Layout of the totals.

    Returns
    -------
    DesignError
        To be raised.

    Examples
    --------
    >>> str(totals_only("skolverket")).splitlines()[0]
    'The export has totals by pupil and period, and no days or lessons: it makes no register.'
    """
    lines = [
        "The export has totals by pupil and period, and no days or lessons: it makes no register.",
        "They carry, by term and year (and by month, where the export has months): each pupil's "
        "offered time, valid and invalid absence, and their shares. In Python:",
        f"  absence_risk.read_totals(path, {layout!r}, key=key_file).panel('term')",
        "They do not carry:",
        *(f"  - {phrase}" for phrase in CANNOT),
        "A study needs an export of lessons or days.",
    ]
    return DesignError("\n".join(lines))


def load_export(
    path: Path, layout: str | Path, key: str | Path | None, engine: Engine
) -> tuple[Loaded, ConversionReport, Path]:
    """Convert an export into a private folder and read that.

    Parameters
    ----------
    path : Path
        The export: a folder, or its only file.
    layout : str or Path
        Name of a layout, or a mapping file.
    key : str, Path or None
        Key file of the project.
    engine : Engine
        Settings of the engine.

    Returns
    -------
    tuple of Loaded, ConversionReport and Path
        The tables, what became of every row, and the folder, which the caller removes.

    Raises
    ------
    KeyFileError
        If there is no key.
    DesignError
        If the export has totals only.
    SchemaError
        If the mapping or the export cannot be used.
    """
    mapping = find_mapping(layout)
    _refuse_totals(path, layout)
    pseudonyms = _pseudonyms(mapping, key)
    folder = Path(tempfile.mkdtemp(prefix="absence_risk_"))
    try:
        report = convert(path, mapping, pseudonyms, folder, engine=engine)
        return load_folder(folder, engine), report, folder
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def import_export(
    path: str | Path,
    out: str | Path,
    *,
    layout: str | Path,
    key: str | Path | None,
    quarantine: str | Path | None = None,
    force: bool = False,
    engine: Engine | None = None,
    progress: Callable[[str, float], None] | None = None,
) -> ConversionReport:
    """Convert a foreign export once and keep it as a register in the canonical layout.

    Parameters
    ----------
    path : str or Path
        The export: a folder, or its only file.
    out : str or Path
        Folder for the register; it appears when it is whole.
    layout : str or Path
        Name of a layout, or a mapping file.
    key : str, Path or None
        Key file of the project.
    quarantine : str, Path or None
        CSV file for the rows with faults.
    force : bool
        Whether a register that an import wrote may be replaced.
    engine : Engine or None
        Settings of the engine.
    progress : callable or None
        Takes a text and a share in [0, 1].

    Returns
    -------
    ConversionReport
        What became of every row.

    Raises
    ------
    FileExistsError
        If the folder exists and may not be replaced.
    KeyFileError
        If there is no key.
    DesignError
        If the export has totals only.
    SchemaError
        If the mapping or the export cannot be used.
    """
    settings = engine or Engine()
    refuse_existing(out, marker=MANIFEST, force=force)
    mapping = find_mapping(layout)
    _refuse_totals(Path(path), layout)
    pseudonyms = _pseudonyms(mapping, key)
    with staged_folder(out, marker=MANIFEST, force=force) as folder:
        report = convert(
            Path(path),
            mapping,
            pseudonyms,
            folder,
            engine=settings,
            quarantine=None if quarantine is None else Path(quarantine),
            progress=progress,
        )
        # Refuses tables in which a text column turns out to hold identities.
        load_folder(folder, settings)
    return report


def _pseudonyms(mapping: Mapping, key: str | Path | None) -> Pseudonyms:
    if key is None:
        raise KeyFileError(
            "A foreign export holds identifiers, and no key file was given to replace them. "
            "Make one with 'absence-risk new-key' and pass it as --key (key=…)."
        )
    return Pseudonyms.from_file(key, project=mapping.project)
