"""The command line: one verb per task.

Exit codes: 0 done, 1 the data have problems (listed), 2 wrong usage.
"""

from __future__ import annotations

import json
import sys
import warnings
from contextlib import contextmanager
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TextIO

import typer

from absence_risk.errors import AbsenceRiskError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from absence_risk.register.definition import AbsenceDefinition
    from absence_risk.register.register import Register
    from absence_risk.synthetic import World

__all__ = ["app", "main"]

EXIT_PROBLEMS = 1
EXIT_USAGE = 2

app = typer.Typer(
    name="absence-risk",
    help="What school-absence data can carry, and what they cannot.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


class Rows(StrEnum):
    """One row per lesson, or one per day."""

    lesson = "lesson"
    day = "day"


class FileFormat(StrEnum):
    """How tables are written."""

    parquet = "parquet"
    csv = "csv"


class Layout(StrEnum):
    """In which layout of files a register is written."""

    canonical = "canonical"
    denmark = "denmark"
    denmark_legal = "denmark_legal"
    dfe = "dfe"
    edfi = "edfi"
    plain = "plain"
    skolverket = "skolverket"
    ss12000 = "ss12000"
    wilma = "wilma"
    wilma_older = "wilma_older"


class Detail(StrEnum):
    """Which columns attendance rows have."""

    figures = "figures"
    everything = "everything"


class ReportLanguage(StrEnum):
    """Languages of what validation and import found."""

    en = "en"
    sv = "sv"
    da = "da"
    fi = "fi"


Seed = Annotated[int, typer.Option(help="Seed; the same seed gives the same bytes.", min=0)]
Force = Annotated[bool, typer.Option("--force", help="Replace the folder if it exists.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON, for machines.")]
Folder = Annotated[Path, typer.Argument(help="Folder with a register, or a foreign export.")]
FromLayout = Annotated[
    str | None,
    typer.Option("--layout", help="Layout of a foreign export: a name, or a mapping .toml file."),
]
KeyFile = Annotated[
    Path | None, typer.Option("--key", help="Key file of the project; see new-key.")
]
Language = Annotated[
    ReportLanguage,
    typer.Option(
        help="Language of what was found: English, Swedish, Danish or Finnish. Codes, places and "
        "counts are the same in each; --json is always English."
    ),
]
AsOf = Annotated[
    str | None,
    typer.Option(
        "--as-of",
        metavar="DATE",
        help="Use the rows as they were known at the end of a date (YYYY-MM-DD), by recorded_at "
        "and superseded_at; by default the latest ones.",
        show_default=False,
    ),
]


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
    with _progress("Simulating") as progress:
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
    _say({"folder": str(out), **manifest}, text, as_json=as_json)


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
    with _progress("Validating"):
        register = _opened(folder, layout, key)
        report = register.validate()
        known = None
        if as_of is not None and report.ok:
            known = known_then(_viewed(register, as_of))
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
    _say(machine, human, as_json=as_json)
    if not ok:
        raise typer.Exit(EXIT_PROBLEMS)


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

    _refuse_unknown(layout)
    with _progress("Importing") as progress:
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
    _say({"folder": str(out), **report.to_dict()}, human, as_json=as_json)


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
    with _progress("Studying") as progress:
        register = _opened(folder, layout, key)
        if as_of is not None:
            register = _viewed(register, as_of)
        report.refuse_existing(out, force=force)
        answers = main_job.run(register, definition=rule, random_state=seed, progress=progress)
        report.publish(answers, out, register=register, force=force, progress=progress)
    page = out / "report.html"
    lines = [*answers.lines(), f"Report: {page}"]
    _say({"report": str(page), **answers.to_dict()}, "\n".join(lines), as_json=as_json)


def _opened(folder: Path, layout: str | None, key: Path | None) -> Register:
    """Open a register; an unknown layout is wrong usage."""
    from absence_risk.register.opening import read_register  # noqa: PLC0415

    _refuse_unknown(layout)
    return read_register(folder, layout, key=key)


def _viewed(register: Register, as_of: str) -> Register:
    """Return a register as it was known on a date; what is no date is wrong usage."""
    try:
        return register.as_of(as_of)
    except AbsenceRiskError:
        raise
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--as-of") from error


def _refuse_unknown(layout: str | None) -> None:
    from absence_risk.register.readers.foreign import find_mapping  # noqa: PLC0415

    try:
        if layout not in (None, "canonical"):
            find_mapping(layout)
    except AbsenceRiskError:
        raise
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--layout") from error


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


@app.command(
    epilog='Example: [bold]absence-risk threshold demo/register --objective "net_benefit(0.25)" '
    '--constraint "capacity(40)" --by school_key[/bold]'
)
def threshold(
    folder: Folder,
    *,
    objective: Annotated[
        str,
        typer.Option(
            help="What to make best: net_benefit(w), limited_net_benefit(w, k), cost(miss, false), "
            "youden or lead_time. w, the harm of a false alarm in units of a true one, is yours "
            "to judge."
        ),
    ],
    constraint: Annotated[
        list[str] | None,
        typer.Option(
            help="capacity(k a month), min_sens(share), min_ppv(share), lead_time(weeks)."
        ),
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(help="Term or date from which the event is measured; the last term."),
    ] = None,
    event_at: Annotated[float, typer.Option(help="Share of later absence to foresee.")] = 0.20,
    window: Annotated[
        list[str] | None, typer.Option(help='Window, such as month or "rolling 12 weeks".')
    ] = None,
    numerator: Annotated[
        list[str] | None, typer.Option(help="total, valid or invalid; all three by default.")
    ] = None,
    cluster: Annotated[
        str | None, typer.Option(help="Column drawn as a whole, such as school_key.")
    ] = None,
    by: Annotated[
        str | None, typer.Option(help="Column of places with pooled thresholds of their own.")
    ] = None,
    group: Annotated[
        list[str] | None, typer.Option(help="Column of groups to compare, such as sex.")
    ] = None,
    minimum: Annotated[int, typer.Option(help="Smallest count that is shown.", min=1)] = 5,
    layout: FromLayout = None,
    key: KeyFile = None,
    seed: Seed = 1,
    as_json: AsJson = False,
) -> None:
    """Choose where to act: window, kind of absence and threshold, and how sure that is."""
    from absence_risk import disclosure, thresholds  # noqa: PLC0415
    from absence_risk.register.definition import AbsenceDefinition  # noqa: PLC0415
    from absence_risk.thresholds.goal import parse_goal  # noqa: PLC0415

    try:
        parse_goal(objective, constraint or ())
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    with _progress("Calibrating"):
        register = _opened(folder, layout, key)
        cube = register.cube(AbsenceDefinition())
        try:
            event = thresholds.LaterAbsence(
                since=since or str(cube.calendar.terms[-1]), at=event_at
            )
            found = thresholds.calibrate_threshold(
                cube,
                event=event,
                objective=objective,
                constraint=tuple(constraint or ()),
                windows=window,
                numerators=numerator,
                pupils=register.pupils,
                cluster=cluster,
                by=by,
                groups=tuple(group or ()),
                random_state=seed,
            )
        except AbsenceRiskError:
            raise
        except ValueError as error:
            raise typer.BadParameter(str(error)) from error
        found = disclosure.protect(found, minimum)
    _say(found.to_dict(), found.summary(), as_json=as_json)


def main() -> None:
    """Run the command line; bad input ends with a message and a code, never a traceback."""
    try:
        with warnings.catch_warnings():
            warnings.showwarning = _warn
            app()
    except FileExistsError as error:
        typer.echo(str(error), err=True)
        sys.exit(EXIT_USAGE)
    except (AbsenceRiskError, OSError) as error:
        typer.echo(str(error), err=True)
        sys.exit(EXIT_PROBLEMS)


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


def _warn(  # noqa: PLR0917 (the signature is Python's own)
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    """Show a warning without the line of code that gave it."""
    del category, filename, lineno, file, line
    typer.echo(f"Note: {message}", err=True)


def _say(machine: dict[str, Any], human: str, *, as_json: bool) -> None:
    typer.echo(json.dumps(machine, ensure_ascii=False, indent=2) if as_json else human)


@contextmanager
def _progress(title: str) -> Iterator[Callable[[str, float], None]]:
    """Show a progress bar on a terminal's standard error, and nothing in a pipe."""
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
