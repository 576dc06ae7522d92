"""The verb design."""

from __future__ import annotations

from typing import Annotated

import typer

from absence_risk.cli.application import app
from absence_risk.cli.options import AsJson, Seed
from absence_risk.cli.terminal import progress_bar, say
from absence_risk.errors import AbsenceRiskError


@app.command(
    epilog="Example: [bold]absence-risk design --cases 60 --clusters 3 --cut 0.15 "
    "--missing 0.4[/bold]"
)
def design(
    *,
    cases: Annotated[int, typer.Option(help="Number of cases.", min=1)],
    clusters: Annotated[
        str, typer.Option(help="Number of municipalities, or cases in each, like 40,15,5.")
    ],
    cut: Annotated[float, typer.Option(help="Share of absence at which pupils are chosen.")],
    missing: Annotated[
        float, typer.Option(help="Share who will not answer a second time; 0 for absence alone.")
    ] = 0.0,
    registry: Annotated[
        int, typer.Option(help="Untreated pupils in the register; 0 for none.", min=0)
    ] = 2_000,
    waiting: Annotated[
        int | None,
        typer.Option(help="Pupils on a waiting list; as many as cases.", min=0, show_default=False),
    ] = None,
    effect: Annotated[
        float, typer.Option(help="Change of absence to be found, as a share; below 0 is less.")
    ] = -0.03,
    delta: Annotated[
        float, typer.Option(help="How much worse silent pupils fare, in standard deviations.")
    ] = 0.0,
    cluster_share: Annotated[
        float, typer.Option(help="Share of the variance of change between municipalities.")
    ] = 0.10,
    window: Annotated[int, typer.Option(help="School days in each window.", min=1)] = 60,
    replicates: Annotated[int, typer.Option(help="Simulated studies.", min=100)] = 1_000,
    seed: Seed = 1,
    as_json: AsJson = False,
) -> None:
    """Say what each analysis could show with so many cases, before anyone collects data."""
    from absence_risk.evaluation import check_design  # noqa: PLC0415

    try:
        with progress_bar("Simulating studies"):
            found = check_design(
                n=cases,
                clusters=_clusters(clusters),
                cut=cut,
                missing=missing,
                registry=registry,
                waiting=waiting,
                effect=effect,
                delta=delta,
                cluster_share=cluster_share,
                window=window,
                replicates=replicates,
                random_state=seed,
            )
    except AbsenceRiskError:
        raise
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    say(found.to_dict(), found.summary(), as_json=as_json)


def _clusters(text: str) -> int | list[int]:
    try:
        sizes = [int(part) for part in text.split(",")]
    except ValueError:
        raise typer.BadParameter(
            "is a number of municipalities, like 3, or cases in each, like 40,15,5.",
            param_hint="--clusters",
        ) from None
    return sizes[0] if len(sizes) == 1 else sizes
