"""The verb import."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from absence_risk.cli.application import app
from absence_risk.cli.opening import refuse_unknown
from absence_risk.cli.options import AsJson, Force, Language, ReportLanguage
from absence_risk.cli.terminal import progress_bar, say


@app.command(
    "import",
    epilog="Example: [bold]absence-risk import export --layout mapping.toml "
    "--key ~/keys/attendance.key --out register --quarantine bad_rows.csv[/bold]",
)
def import_(
    export: Annotated[Path, typer.Argument(help="Folder or file of the export.")],
    *,
    layout: Annotated[str, typer.Option(help="Name of a layout, or a mapping .toml file.")],
    key: Annotated[Path, typer.Option(help="Key file of the project; see new-key.")],
    out: Annotated[Path, typer.Option(help="Folder to write the register into.")],
    quarantine: Annotated[
        Path | None, typer.Option(help="CSV file for the rows with faults.")
    ] = None,
    force: Force = False,
    lang: Language = ReportLanguage.en,
    as_json: AsJson = False,
) -> None:
    """Convert a foreign export once into a register; rows with faults are counted and set aside."""
    from absence_risk.register.readers.foreign import import_export  # noqa: PLC0415
    from absence_risk.register.wordings import wording  # noqa: PLC0415

    refuse_unknown(layout)
    with progress_bar("Importing") as progress:
        report = import_export(
            export,
            out,
            layout=layout,
            key=key,
            quarantine=quarantine,
            force=force,
            progress=progress,
        )
    word = wording(lang.value).words["register"]
    human = f"{report.text(lang.value)}\n{word}: {out}"
    say({"folder": str(out), **report.to_dict()}, human, as_json=as_json)
