"""Write a world in a foreign layout, with the truth beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from absence_risk.register.staging import staged_folder
from absence_risk.register.writers.layouts import write_files
from absence_risk.synthetic.manifest import as_json, sha256_of
from absence_risk.synthetic.records import frames

if TYPE_CHECKING:
    from pathlib import Path

    from absence_risk.synthetic.world import World

__all__ = ["write_foreign"]

_MARKER = "manifest.json"


def write_foreign(
    world: World, folder: Path, *, layout: str, rows: str, detail: str, force: bool
) -> dict[str, Any]:
    """Write a world's register in a foreign layout, truth.json, scenario.toml and manifest.json.

    All rows are held in memory.

    Parameters
    ----------
    world : World
        The simulated world.
    folder : pathlib.Path
        Folder to make.
    layout : str
        A foreign layout, see :data:`absence_risk.register.writers.layouts.FOREIGN_LAYOUTS`.
    rows : {"lesson", "day"}
        Which records the layout is made from.
    detail : {"figures", "everything"}
        Whether they have the columns that figures need, or all: some layouts can hold subjects and
        times.
    force : bool
        Whether to replace an existing simulated register.

    Returns
    -------
    dict
        The manifest.

    Raises
    ------
    FileExistsError
        If the folder exists and may not be replaced.
    ValueError
        If a word is not allowed.
    """
    with staged_folder(folder, marker=_MARKER, force=force) as draft:
        tables = frames(world, rows, detail)
        write_files(tables, draft, layout)
        (draft / "truth.json").write_text(as_json(world.truth), encoding="utf-8")
        (draft / "scenario.toml").write_text(world.scenario.to_toml(), encoding="utf-8")
        manifest = {
            "layout": layout,
            "preset": world.scenario.name,
            "seed": world.seed,
            "pupils": len(world.index),
            "do": dict(world.do),
            "unit": rows,
            "detail": detail,
            "rows": tables["registers"].num_rows,
            "files": {path.name: _file(path) for path in sorted(draft.iterdir())},
        }
        (draft / _MARKER).write_text(as_json(manifest), encoding="utf-8")
    return manifest


def _file(path: Path) -> dict[str, Any]:
    return {"bytes": path.stat().st_size, "sha256": sha256_of(path)}
