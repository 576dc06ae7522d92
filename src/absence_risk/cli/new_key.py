"""The verb new-key."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from absence_risk.cli.application import app


@app.command(epilog="Example: [bold]absence-risk new-key ~/keys/attendance.key[/bold]")
def new_key(
    path: Annotated[Path, typer.Argument(help="Key file to make, outside every repository.")],
) -> None:
    """Make the secret key that pseudonyms rest on; it is never shown."""
    from absence_risk.register.key_file import new_key_file  # noqa: PLC0415

    made = new_key_file(path)
    typer.echo(
        f"Made {made}. Keep it and a copy of it in safe places: who has it can tell who a pupil "
        f"is, and without it no later delivery can be joined to this one."
    )
