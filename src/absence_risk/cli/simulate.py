"""The verb simulate."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from absence_risk.cli.application import app
from absence_risk.cli.options import AsJson, Detail, FileFormat, Force, Layout, Rows, Seed
from absence_risk.cli.terminal import progress_bar, say
from absence_risk.errors import AbsenceRiskError

if TYPE_CHECKING:
    from collections.abc import Callable

    from absence_risk.synthetic import World


@app.command(
    epilog="Example: [bold]absence-risk simulate demo/register --pupils 12000 --seed 1[/bold]"
)
def simulate(
    out: Annotated[Path, typer.Argument(help="Folder to write the register into.")],
    *,
    preset: Annotated[str, typer.Option(help="Scenario preset, or a scenario .toml file.")] = (
        "municipality"
    ),
    pupils: Annotated[int, typer.Option(help="Number of pupils.", min=1)] = 12_000,
    seed: Seed = 1,
    rows: Annotated[Rows, typer.Option(help="One row per lesson or per day.")] = Rows.lesson,
    file_format: Annotated[FileFormat, typer.Option("--format", help="File format.")] = (
        FileFormat.parquet
    ),
    layout: Annotated[Layout, typer.Option(help="Layout of the files.")] = Layout.canonical,
    detail: Annotated[
        Detail, typer.Option(help="The columns that figures need, or all canonical ones.")
    ] = Detail.figures,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Write a simulated register, with the truth behind it in truth.json."""
    with progress_bar("Simulating") as progress:
        world = _simulated(preset, pupils, seed, progress)
        manifest = world.write(
            out,
            rows=rows.value,
            file_format=file_format.value,
            layout=layout.value,
            detail=detail.value,
            force=force,
            progress=progress,
        )
    text = f"Simulated {pupils:,} pupils ({manifest['rows']:,} {rows.value} rows) in {out}"
    say({"folder": str(out), **manifest}, text, as_json=as_json)


def _simulated(
    preset: str, pupils: int, seed: int, progress: Callable[[str, float], None]
) -> World:
    from absence_risk import synthetic  # noqa: PLC0415 (each verb loads only what it needs)

    try:
        return synthetic.simulate(preset, pupils=pupils, seed=seed, progress=progress)
    except AbsenceRiskError:
        raise
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--preset") from error
