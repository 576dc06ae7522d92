"""The verb evaluation."""

from __future__ import annotations

import dataclasses
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from absence_risk.cli.application import EXIT_PROBLEMS, app
from absence_risk.cli.opening import opened, viewed
from absence_risk.cli.options import (
    AsJson,
    AsOf,
    Force,
    FromLayout,
    KeyFile,
    PageLanguage,
    PageTongue,
    Seed,
)
from absence_risk.cli.terminal import progress_bar, say
from absence_risk.errors import AbsenceRiskError

if TYPE_CHECKING:
    from collections.abc import Callable

    from absence_risk.register.register import Register
    from absence_risk.study.answers import EvaluationAnswers
    from absence_risk.study.case_study import CaseFiles

_REGISTER = "With a register"
_TABLE = "With a table of cases"
_BOARD = "The board's page"
_EITHER = (
    "Give a folder with a register, or --cases with a table of cases. For example: absence-risk "
    'evaluation --cases cases.csv --id pupil --outcome "absence=before,after"'
)
_YEARS = {"en": ("this year", "last year"), "sv": ("i år", "förra året")}


class Against(StrEnum):
    """What the change is compared with."""

    registry = "registry"
    waiting_list = "waiting_list"
    normal = "normal"
    beta_binomial = "beta_binomial"
    mee_chua = "mee_chua"
    none = "none"


def _file(help_: str, name: str, panel: str = _TABLE) -> Any:
    return typer.Option(
        name, help=help_, exists=True, dir_okay=False, rich_help_panel=panel, show_default=False
    )


def _option(help_: str, *names: str, panel: str = _TABLE, **more: Any) -> Any:
    return typer.Option(*names, help=help_, rich_help_panel=panel, show_default=False, **more)


def _days(help_: str) -> Any:
    return typer.Option(help=help_, min=1, rich_help_panel=_REGISTER)


@app.command(
    epilog="Examples: [bold]absence-risk evaluation demo/register --out answers[/bold]; "
    "[bold]absence-risk evaluation --cases cases.csv --id pupil --cluster municipality "
    '--outcome "absence=before,after" --outcome "wellbeing=wb0,wb1,1,5" '
    '--chosen "absence>=0.15" --registry untreated.csv --out answers[/bold]'
)
def evaluation(
    folder: Annotated[
        Path | None,
        typer.Argument(help="Folder with a register, or a foreign export.", show_default=False),
    ] = None,
    *,
    cases: Annotated[
        Path | None, _file("Table with one row per pupil, .csv or .xlsx.", "--cases")
    ] = None,
    outcome: Annotated[
        list[str] | None,
        _option("NAME=BEFORE,AFTER for a share; NAME=BEFORE,AFTER,LOWEST,HIGHEST for a scale."),
    ] = None,
    pupil: Annotated[str, _option("Column that names the pupil; never shown.", "--id")] = "pupil",
    registry: Annotated[
        Path | None, _file("Untreated pupils with the same columns.", "--registry")
    ] = None,
    waiting_list: Annotated[
        Path | None, _file("Pupils chosen by the same rule who waited.", "--waiting-list")
    ] = None,
    chosen: Annotated[
        str | None, _option('How pupils were chosen: "absence>=0.15", or "absence>=0.15 in alarm".')
    ] = None,
    match_on: Annotated[
        list[str] | None, _option("Column known before on which untreated pupils are compared.")
    ] = None,
    moderator: Annotated[
        list[str] | None, _option("Column of a number known before the start, like motivation.")
    ] = None,
    reason: Annotated[str | None, _option("Column that says why there is no follow-up.")] = None,
    benchmark: Annotated[
        Against | None, _option("What to compare with; untreated pupils by default.")
    ] = None,
    imputations: Annotated[int, _option("Imputations of missing follow-ups; 50.", min=2)] = 50,
    cut: Annotated[
        float,
        typer.Option(help="Share of absence that raises the alarm.", rich_help_panel=_REGISTER),
    ] = 0.20,
    before_days: Annotated[int, _days("School days before the alarm month.")] = 40,
    wait_days: Annotated[int, _days("School days from the start to the follow-up.")] = 40,
    after_days: Annotated[int, _days("School days of the follow-up.")] = 40,
    scale: Annotated[
        tuple[float, float] | None,
        _option(
            "Ends of the questionnaire's scale; as seen by default.",
            panel=_REGISTER,
            metavar="LOWEST HIGHEST",
        ),
    ] = None,
    layout: FromLayout = None,
    key: KeyFile = None,
    as_of: AsOf = None,
    cluster: Annotated[
        str | None,
        typer.Option(
            help="Column whose pupils may depend on each other, like the municipality; 'none' for "
            "none. Of a register: school_key, unless municipality_key is asked for.",
            show_default=False,
        ),
    ] = None,
    by: Annotated[
        str | None,
        typer.Option(help="Column of the forest plot; the cluster.", show_default=False),
    ] = None,
    last: Annotated[
        Path | None,
        _option("Last year's register or table of cases.", panel=_BOARD, exists=True),
    ] = None,
    last_registry: Annotated[
        Path | None, _file("Last year's untreated pupils.", "--last-registry", _BOARD)
    ] = None,
    year: Annotated[str | None, _option("Name of this year, like 2025/26.", panel=_BOARD)] = None,
    last_year: Annotated[str | None, _option("Name of last year.", panel=_BOARD)] = None,
    team: Annotated[str, _option("Name of the place or team.", panel=_BOARD)] = "",
    minimum: Annotated[int, typer.Option(help="Smallest count that is shown.", min=1)] = 5,
    out: Annotated[
        Path | None,
        typer.Option(
            help="Folder for report.html, board.html, results.json, tables/ and figures/.",
            show_default=False,
        ),
    ] = None,
    lang: PageTongue = PageLanguage.en,
    seed: Seed = 1,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Ask whether a team's pupils changed more than they would have anyway."""
    from absence_risk import report  # noqa: PLC0415

    if (folder is None) == (cases is None):
        raise typer.BadParameter(_EITHER)
    if out is not None:
        report.refuse_existing(out, force=force)
    register = None
    with progress_bar("Evaluating"):
        if folder is not None:
            days = (cut, before_days, wait_days, after_days)
            group = _group(cluster, "school_key")
            plan = _usage(lambda: _plan(days, cluster=group, by=by, scale=scale, minimum=minimum))
            register = opened(folder, layout, key)
            register = register if as_of is None else viewed(register, as_of)
            answers = _of_register(register, plan, seed)
            past = None if last is None else _of_register(opened(last, layout, key), plan, seed)
        elif cases is not None:
            files = _usage(
                lambda: _files(
                    outcome,
                    chosen,
                    cases=cases,
                    id=pupil,
                    cluster=_group(cluster, None),
                    by=by,
                    registry=registry,
                    waiting_list=waiting_list,
                    match_on=tuple(match_on or ()),
                    moderators=tuple(moderator or ()),
                    reason=reason,
                )
            )
            options = {
                "benchmark": benchmark.value if benchmark else _nearest(files),
                "imputations": imputations,
                "minimum": minimum,
                "random_state": seed,
            }
            answers, past = _of_table(files, options), None
            if last is not None:
                earlier = dataclasses.replace(files, cases=last, registry=last_registry)
                past = _of_table(earlier, options)
        if out is not None:
            report.publish(
                answers,
                out,
                register=register,
                names=answers.identifiers | (past.identifiers if past else frozenset()),
                also=_board(answers, past, (year, last_year), team, lang.value),
                lang=lang.value,
                force=force,
            )
    _tell(answers, out, as_json=as_json)


def _group(cluster: str | None, default: str | None) -> str | None:
    return default if cluster is None else None if cluster == "none" else cluster


def _usage(ask: Callable[[], Any]) -> Any:
    """Read options; what cannot be meant is wrong usage."""
    try:
        return ask()
    except AbsenceRiskError:
        raise
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error


def _plan(days: tuple[float, int, int, int], **choices: Any) -> Any:
    from absence_risk.evaluation import Windows  # noqa: PLC0415
    from absence_risk.study import StudyPlan  # noqa: PLC0415

    (cut, before, wait, after), usual = days, Windows()
    windows = Windows(
        cut=cut,
        baseline_days=before,
        baseline_least=min(usual.baseline_least, before),
        follow_after=wait,
        follow_days=after,
        follow_least=min(usual.follow_least, after),
    )
    places = ("school_key", "municipality_key", None)
    for name in ("cluster", "by"):
        if choices[name] not in places:
            raise ValueError(f"--{name} must be school_key or municipality_key of a register.")
    return StudyPlan(windows=windows, **choices)


def _of_register(register: Register, plan: Any, seed: int) -> EvaluationAnswers:
    from absence_risk.study.evaluation import evaluate_register  # noqa: PLC0415

    return evaluate_register(register, plan=plan, random_state=seed)


def _files(outcome: list[str] | None, chosen: str | None, **given: Any) -> CaseFiles:
    from absence_risk.study.case_study import CaseFiles  # noqa: PLC0415
    from absence_risk.study.case_words import parse_outcome, parse_selection  # noqa: PLC0415

    if not outcome:
        raise ValueError('Say what was measured, as --outcome "absence=before,after".')
    rule = None if chosen is None else parse_selection(chosen)
    return CaseFiles(outcomes=dict(map(parse_outcome, outcome)), selection=rule, **given)


def _nearest(files: CaseFiles) -> str:
    """Return the waiting list where nobody else is there to compare with."""
    return "waiting_list" if files.waiting_list and not files.registry else "registry"


def _of_table(files: CaseFiles, options: dict[str, Any]) -> EvaluationAnswers:
    from absence_risk.study.case_study import evaluate_cases, read_cases  # noqa: PLC0415

    study = _usage(lambda: read_cases(files, minimum=options["minimum"]))
    return evaluate_cases(study, by=files.by, moderators=files.moderators, **options)


def _board(
    this: EvaluationAnswers,
    last: EvaluationAnswers | None,
    years: tuple[str | None, str | None],
    team: str,
    lang: str,
) -> Callable[[Path], object] | None:
    """Return what writes the board's page on the first outcome that was answered."""
    from absence_risk.evaluation import board_view, board_year  # noqa: PLC0415
    from absence_risk.report import write_board  # noqa: PLC0415

    name = next(iter(this.results), None)
    if name is None:
        return None
    labels = [given or usual for given, usual in zip(years, _YEARS[lang], strict=True)]
    made = [
        board_year(label, one.results[name], better=one.better[name], minimum=one.minimum)
        for label, one in zip(labels, (this, last), strict=True)
        if one is not None and name in one.results
    ]
    board = board_view(*made, minimum=this.minimum)
    return lambda folder: write_board(board, folder / "board.html", lang=lang, place=team)


def _tell(answers: EvaluationAnswers, out: Path | None, *, as_json: bool) -> None:
    """Print the answers; where nothing could be answered the data have a problem."""
    lines, made = answers.lines(), {}
    if out is not None:
        made = {"report": str(out / "report.html")}
        lines.append(f"Report: {out / 'report.html'}")
    say({**made, **answers.to_dict()}, "\n".join(lines), as_json=as_json)
    if not answers.results:
        raise typer.Exit(EXIT_PROBLEMS)
