"""The verb validate."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

import typer

from absence_risk.cli.application import EXIT_PROBLEMS, app
from absence_risk.cli.opening import opened, viewed
from absence_risk.cli.options import AsJson, Folder, FromLayout, KeyFile, Language, ReportLanguage
from absence_risk.cli.terminal import progress_bar, say


@app.command(
    epilog="Example: [bold]absence-risk validate demo/register[/bold]; of an export: "
    "[bold]absence-risk validate export --suggest-mapping > mapping.toml[/bold]"
)
def validate(
    folder: Folder,
    *,
    layout: FromLayout = None,
    key: KeyFile = None,
    suggest: Annotated[
        bool,
        typer.Option("--suggest-mapping", help="Print a draft of a mapping for this export."),
    ] = False,
    as_of: Annotated[
        str | None,
        typer.Option(
            "--as-of",
            metavar="DATE",
            help="Also say how much was known at the end of a date (YYYY-MM-DD); the rules are "
            "checked on all rows.",
            show_default=False,
        ),
    ] = None,
    lang: Language = ReportLanguage.en,
    as_json: AsJson = False,
) -> None:
    """Check a register or an export against the rule catalogue; list all problems at once."""
    from absence_risk.register.reporting import known_then  # noqa: PLC0415

    if suggest:
        from absence_risk.register.readers.suggest import suggest_mapping  # noqa: PLC0415

        typer.echo(suggest_mapping(folder), nl=False)
        return
    with progress_bar("Validating"):
        register = opened(folder, layout, key)
        report = register.validate()
        known = None
        if as_of is not None and report.ok:
            known = known_then(viewed(register, as_of))
    machine, human, ok = report.to_dict(), report.text(lang.value), report.ok
    if register.conversion is not None:
        machine = {**machine, "import": register.conversion.to_dict()}
        # Its notes are among the register's own problems.
        done = replace(register.conversion, notes=())
        human = f"{done.text(lang.value)}\n{human}"
        ok = ok and not register.conversion.problems
    if known is not None:
        machine = {**machine, "as_of": known.to_dict()}
        human = f"{human}\n{known.text(lang.value)}"
    say(machine, human, as_json=as_json)
    if not ok:
        raise typer.Exit(EXIT_PROBLEMS)
