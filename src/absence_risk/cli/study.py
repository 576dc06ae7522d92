"""The verb study."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from absence_risk.cli.application import app
from absence_risk.cli.opening import opened, viewed
from absence_risk.cli.options import AsJson, AsOf, Folder, Force, FromLayout, KeyFile, Seed
from absence_risk.cli.terminal import progress_bar, say

if TYPE_CHECKING:
    from absence_risk.register.definition import AbsenceDefinition


@app.command(
    epilog="Example: [bold]absence-risk study demo/register --out demo/study --seed 1[/bold]"
)
def study(
    folder: Folder,
    *,
    out: Annotated[Path, typer.Option(help="Folder to write report, tables and figures into.")],
    definition: Annotated[
        str | None,
        typer.Option(
            help="What counts as absence: a preset, for example denmark_uvm or schoolsoft, or a "
            ".toml file. By default all absence over offered minutes.",
            show_default=False,
        ),
    ] = None,
    layout: FromLayout = None,
    key: KeyFile = None,
    as_of: AsOf = None,
    seed: Seed = 1,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Take one register through all four claims and write the report."""
    from absence_risk import report  # noqa: PLC0415
    from absence_risk import study as main_job  # noqa: PLC0415

    rule = None if definition is None else _definition(definition)
    with progress_bar("Studying") as progress:
        register = opened(folder, layout, key)
        if as_of is not None:
            register = viewed(register, as_of)
        report.refuse_existing(out, force=force)
        answers = main_job.run(register, definition=rule, random_state=seed, progress=progress)
        report.publish(answers, out, register=register, force=force, progress=progress)
    page = out / "report.html"
    lines = [*answers.lines(), f"Report: {page}"]
    say({"report": str(page), **answers.to_dict()}, "\n".join(lines), as_json=as_json)


def _definition(name: str) -> AbsenceDefinition:
    """Return a definition by its name or from its file; a wrong one is wrong usage."""
    from absence_risk.register.definition import AbsenceDefinition  # noqa: PLC0415
    from absence_risk.study.reading import refuse_partial  # noqa: PLC0415

    try:
        is_file = name.endswith(".toml")
        rule = AbsenceDefinition.from_toml(name) if is_file else AbsenceDefinition.preset(name)
        refuse_partial(rule)
    except (ValueError, FileNotFoundError) as error:
        raise typer.BadParameter(str(error), param_hint="--definition") from error
    return rule
