"""What the manifest of a written world is made of: hashes of files, and JSON."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["as_json", "sha256_of"]


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file.

    Parameters
    ----------
    path : pathlib.Path
        The file.

    Returns
    -------
    str
        64 hexadecimal digits.
    """
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def as_json(content: dict[str, Any]) -> str:
    """Return JSON as it is written beside a world.

    Parameters
    ----------
    content : dict
        What is written.

    Returns
    -------
    str
        Indented text that ends a line.
    """
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"
