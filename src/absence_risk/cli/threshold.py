"""The verb threshold."""

from __future__ import annotations

from typing import Annotated

import typer

from absence_risk.cli.application import app
from absence_risk.cli.opening import opened
from absence_risk.cli.options import AsJson, Folder, FromLayout, KeyFile, Seed
from absence_risk.cli.printed import printed
from absence_risk.cli.terminal import progress_bar, say
from absence_risk.errors import AbsenceRiskError


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
            help="capacity(pupils first alarmed a month), min_sens(share), min_ppv(share), "
            "lead_time(weeks)."
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
    prior: Annotated[
        tuple[float, float] | None,
        typer.Option(
            metavar="THRESHOLD SPREAD",
            help="With --by: threshold of a neighbour or the country and how much places differ, "
            "as shares.",
            show_default=False,
        ),
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
    with progress_bar("Calibrating"):
        register = opened(folder, layout, key)
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
                prior=prior and thresholds.Prior(threshold=prior[0], between=prior[1]),
                groups=tuple(group or ()),
                random_state=seed,
            )
        except AbsenceRiskError:
            raise
        except ValueError as error:
            raise typer.BadParameter(str(error)) from error
        found = disclosure.protect(found, minimum)
    say(found.to_dict(), printed(found, _PRINTED), as_json=as_json)


_PRINTED = (
    "chosen",
    "choices",
    "local_thresholds",
    "groups",
    "sample_size",
    "value_of_waiting",
)
"""What a municipality asks for; the other tables are for pictures and machines."""
