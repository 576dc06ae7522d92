"""What a person or a machine sees: lines, JSON, progress, warnings."""

from __future__ import annotations

import json
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TextIO

import typer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["progress_bar", "say", "warn"]


def warn(  # noqa: PLR0917 (the signature is Python's own)
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    """Show a warning without the line of code that gave it.

    Parameters
    ----------
    message : Warning or str
        What is said.
    category : type
        Ignored, as are the next four.
    filename : str
        Ignored.
    lineno : int
        Ignored.
    file : file or None
        Ignored.
    line : str or None
        Ignored.
    """
    del category, filename, lineno, file, line
    typer.echo(f"Note: {message}", err=True)


def say(machine: dict[str, Any], human: str, *, as_json: bool) -> None:
    """Print a result for a machine or for a person.

    Parameters
    ----------
    machine : dict
        JSON-ready values.
    human : str
        The same in words.
    as_json : bool
        Which of them is printed.
    """
    typer.echo(json.dumps(machine, ensure_ascii=False, indent=2) if as_json else human)


@contextmanager
def progress_bar(title: str) -> Iterator[Callable[[str, float], None]]:
    """Show a progress bar on a terminal's standard error, and nothing in a pipe.

    Parameters
    ----------
    title : str
        What is being done.

    Yields
    ------
    callable
        Takes a text and a share in [0, 1].
    """
    if not sys.stderr.isatty():
        yield lambda _text, _share: None
        return
    from rich.console import Console  # noqa: PLC0415
    from rich.progress import Progress  # noqa: PLC0415

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(title, total=1.0)

        def show(text: str, share: float) -> None:
            bar.update(task, description=text, completed=share)

        yield show
