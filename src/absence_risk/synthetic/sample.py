"""Make the committed sample: ``python -m absence_risk.synthetic.sample data/synthetic``."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from absence_risk.synthetic.world import simulate

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

__all__ = ["main", "write_sample"]

_PUPILS, _SEED = 6_000, 1


def write_sample(folder: str | Path) -> dict[str, Any]:
    """Write the sample: one small municipality with one row per pupil and school day.

    Parameters
    ----------
    folder : str or path
        Folder to make, or an earlier sample to replace.

    Returns
    -------
    dict
        The manifest.

    Raises
    ------
    FileExistsError
        If the folder holds something else.
    """
    world = simulate("municipality", pupils=_PUPILS, seed=_SEED)
    return world.write(folder, rows="day", force=True)


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the sample into the folder named on the command line.

    Parameters
    ----------
    arguments : sequence of str or None
        One folder; those of the process by default.

    Returns
    -------
    int
        0 when done, 2 when no folder was named.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    if len(given) != 1:
        sys.stderr.write("Name one folder, for example data/synthetic.\n")
        return 2
    write_sample(given[0])
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
