"""Write a folder beside its target and rename it when it is whole."""

from __future__ import annotations

import errno
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["refuse_existing", "staged_folder"]

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


@contextmanager
def staged_folder(target: str | Path, *, marker: str, force: bool = False) -> Iterator[Path]:
    """Give a folder to write into that becomes ``target`` only if the block ends well.

    A stopped run therefore leaves no half-written folder that later reads as whole, and an
    existing folder stays as it was until the new one is complete.

    Parameters
    ----------
    target : str or Path
        The folder to make.
    marker : str
        File that every folder of this kind holds: ``force`` replaces nothing else.
    force : bool
        Whether an existing folder of this kind, or an empty one, may be replaced.

    Yields
    ------
    Path
        An empty folder beside the target.

    Raises
    ------
    FileExistsError
        If the target exists and may not be replaced.
    OSError
        If the disk is full; the message names the folder, and ``errno`` stays what it was.

    Examples
    --------
    >>> import tempfile
    >>> target = Path(tempfile.mkdtemp()) / "out"
    >>> with staged_folder(target, marker="a.txt") as folder:
    ...     _ = (folder / "a.txt").write_text("whole")
    >>> (target / "a.txt").read_text()
    'whole'
    """
    target = Path(target)
    refuse_existing(target, marker=marker, force=force)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        part = tempfile.mkdtemp(prefix=f".{target.name}.", suffix=".part", dir=target.parent)
        staging = Path(part)
        try:
            yield staging
            refuse_existing(target, marker=marker, force=force)
            _swap(staging, target)
        finally:
            shutil.rmtree(staging, ignore_errors=True)
    except OSError as error:
        if error.errno not in _FULL:
            raise
        raise _full(target, error) from error


def _full(target: Path, error: OSError) -> OSError:
    """Return an error that says what was not written, where, and what to do."""
    left = "is left as it was" if target.exists() else "was not written"
    told = OSError(
        f"The disk is full, or a quota or a limit on file size is reached: {target} {left}. "
        f"What was begun is deleted. Free space, or choose a folder on another disk."
    )
    told.errno = error.errno
    return told


def refuse_existing(target: str | Path, *, marker: str, force: bool = False) -> None:
    """Raise where a folder may not be written, before any work is done for it.

    Parameters
    ----------
    target : str or Path
        The folder to make.
    marker : str
        File that every folder of this kind holds: ``force`` replaces nothing else.
    force : bool
        Whether an existing folder of this kind, or an empty one, may be replaced.

    Raises
    ------
    FileExistsError
        If the target exists and may not be replaced.
    """
    target = Path(target)
    if not target.exists():
        return
    if not target.is_dir():
        raise FileExistsError(f"{target} is a file, not a folder. Choose another name.")
    if not force:
        raise FileExistsError(
            f"{target} exists and is left as it is. Choose another folder, or pass --force "
            f"(force=True) to replace it."
        )
    if any(target.iterdir()) and not (target / marker).exists():
        raise FileExistsError(
            f"{target} holds no {marker}, so it was not written by this command and is not "
            f"replaced. Choose another folder."
        )


def _swap(staging: Path, target: Path) -> None:
    staging.chmod(0o755)
    if not target.exists():
        staging.rename(target)
        return
    old = Path(tempfile.mkdtemp(prefix=f".{target.name}.", suffix=".old", dir=target.parent))
    target.rename(old / target.name)
    try:
        staging.rename(target)
    except OSError:
        (old / target.name).rename(target)
        raise
    shutil.rmtree(old, ignore_errors=True)
