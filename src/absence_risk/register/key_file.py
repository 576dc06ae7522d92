"""The secret behind all pseudonyms: a file that is made once, kept outside, and never shown."""

from __future__ import annotations

import itertools
import os
import secrets
import stat
import warnings
from pathlib import Path

from absence_risk.errors import AbsenceRiskWarning, KeyFileError
from absence_risk.register.identity import hides_digits

__all__ = ["new_key_file", "read_key_file"]

_HEADER = "absence_risk key 1"
_BYTES = 32
_LARGEST_FILE = 4096
# Of 32 random bytes 30 are different on average; fewer than 20 have a chance below 1e-10, and so
# has a row of printable characters only.
_LEAST_DIFFERENT = 20
_MAKE = "Make one with: absence-risk new-key PATH"


def new_key_file(path: str | Path) -> Path:
    """Write a new random key that only its owner can read.

    Parameters
    ----------
    path : str or Path
        The file to make, in an existing folder outside every git repository.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    FileExistsError
        If the file exists: without its key no pseudonym can be made again.
    KeyFileError
        If the folder does not exist or lies in a git repository.

    Examples
    --------
    >>> import tempfile
    >>> path = new_key_file(Path(tempfile.mkdtemp()) / "project.key")
    >>> path.read_text().splitlines()[0]
    'absence_risk key 1'
    """
    path = Path(path)
    shown = hides_digits(path.name)
    if not path.parent.is_dir():
        raise KeyFileError(f"The folder for the key file {shown!r} does not exist. Make it first.")
    _refuse_repository(path, shown)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
    try:
        handle = os.open(path, flags, 0o600)
    except FileExistsError:
        handle = None
    if handle is None:
        raise FileExistsError(
            f"The key file {shown!r} exists and is left as it is: a new key would give every pupil "
            f"a new pseudonym. Choose another name."
        )
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(f"{_HEADER}\n{secrets.token_hex(_BYTES)}\n")
        file.flush()
        os.fsync(file.fileno())
    return path


def read_key_file(path: str | Path) -> bytes:
    """Read a key; every doubt about it is an error that does not show it.

    Parameters
    ----------
    path : str or Path
        A file made by :func:`new_key_file`.

    Returns
    -------
    bytes
        32 bytes. Never print, log or store them.

    Raises
    ------
    KeyFileError
        If the file is missing, lies in a git repository, can be read by everybody, or holds
        anything but 32 random-looking bytes.
    """
    path = Path(path)
    shown = hides_digits(path.name)
    if not path.is_file():
        raise KeyFileError(f"There is no key file {shown!r}. {_MAKE}")
    _refuse_repository(path, shown)
    _refuse_open_file(path, shown)
    key, fault = _key_or_fault(path)
    if key is None:
        raise KeyFileError(f"The key file {shown!r} {fault}. {_MAKE}")
    return key


def _key_or_fault(path: Path) -> tuple[bytes | None, str]:
    """Return the key, or what is wrong; raises nothing, so that no traceback can hold the key."""
    try:
        with path.open("rb") as file:
            header, text, *rest = file.read(_LARGEST_FILE).decode("ascii").split("\n")
    except (OSError, ValueError):
        return None, f"does not begin with the line {_HEADER!r} and a key"
    key = _decoded(text.strip())
    faults = {
        f"does not begin with the line {_HEADER!r}": header.strip() != _HEADER,
        "holds more than one key": any(line.strip() for line in rest),
        f"does not hold exactly {_BYTES} bytes as {2 * _BYTES} hexadecimal digits": not key,
        "holds a word, a number or a pattern instead of random bytes": _is_guessable(key),
    }
    found = next((fault for fault, is_so in faults.items() if is_so), "")
    return (None if found else key), found


def _decoded(text: str) -> bytes:
    """Return the bytes, none where the text is not 32 bytes in hexadecimal digits."""
    is_hex = len(text) == 2 * _BYTES and all(mark in "0123456789abcdefABCDEF" for mark in text)
    return bytes.fromhex(text) if is_hex else b""


def _is_guessable(key: bytes) -> bool:
    """Whether bytes repeat, follow a pattern or spell text; a hashed word cannot be told."""
    steps = {(after - before) % 256 for before, after in itertools.pairwise(key)}
    is_text = all(32 <= byte < 127 for byte in key)
    return len(set(key)) < _LEAST_DIFFERENT or len(steps) < _LEAST_DIFFERENT - 4 or is_text


def _refuse_repository(path: Path, shown: str) -> None:
    folder = path.resolve().parent
    if any((parent / ".git").exists() for parent in (folder, *folder.parents)):
        raise KeyFileError(
            f"The key file {shown!r} lies in a git repository, where it could be published with "
            f"the next commit. Keep it outside, with a copy in a safe place."
        )


def _refuse_open_file(path: Path, shown: str) -> None:
    if os.name != "posix":
        return
    mode = path.stat().st_mode
    if mode & stat.S_IRWXO:
        raise KeyFileError(
            f"Everybody on this computer can read or change the key file {shown!r}. "
            f"Close it with chmod 600, and make a new key if others may have read it."
        )
    if mode & stat.S_IRWXG:
        warnings.warn(
            f"A whole group can read or change the key file {shown!r}; chmod 600 closes it.",
            AbsenceRiskWarning,
            stacklevel=4,
        )
