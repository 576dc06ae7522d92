"""Tables and sentences on what a design can show."""

from __future__ import annotations

from typing import TYPE_CHECKING

from absence_risk.evaluation.design_check import rows_for
from absence_risk.evaluation.design_studies import ADVISED, NAIVE, OF_WELLBEING
from absence_risk.result import Table

if TYPE_CHECKING:
    from absence_risk.evaluation.design_studies import Design
    from absence_risk.stats.many_changes import Changes

__all__ = ["assumptions_of", "tables_of", "words_of"]


def tables_of(
    found: dict[str, Changes], *, effect: float, wellbeing_effect: float, conf_level: float
) -> tuple[Table, ...]:
    """Return the figures of all analyses.

    Parameters
    ----------
    found : dict of str to Changes
        What `simulate` returned.
    effect, wellbeing_effect : float
        Changes for which power is given.
    conf_level : float
        Confidence level.

    Returns
    -------
    tuple of Table
        "absence" and, where it is simulated, "wellbeing".
    """
    note = (
        "standard errors are those of the simulation; power at {effect:g}; smallest change found: "
        "in the right direction, in 8 of 10 studies"
    )
    tables = []
    for name, title, size in (
        ("absence", "Absence, share of school time", effect),
        ("wellbeing", "Wellbeing, standard deviations of the scale", wellbeing_effect),
    ):
        mine = [key for key in found if (key in OF_WELLBEING) == (name == "wellbeing")]
        rows = [rows_for(key, found[key], effect=size, conf_level=conf_level) for key in mine]
        if rows:
            flat = tuple(row for group in rows for row in group)
            tables.append(Table(name=name, title=title, rows=flat, note=note.format(effect=size)))
    return tuple(tables)


def words_of(
    tables: tuple[Table, ...], *, n: int, clusters: int, effect: float, conf_level: float
) -> tuple[str, tuple[str, ...]]:
    """Return what the design can find, and what to know beside it.

    Parameters
    ----------
    tables : tuple of Table
        What `tables_of` returned.
    n, clusters : int
        Number of cases and of clusters.
    effect : float
        Change of absence for which power is given.
    conf_level : float
        Confidence level.

    Returns
    -------
    sentence : str
        One sentence.
    reasons : tuple of str
        Sentences.
    """
    figures = {(row.group, row.term): row for table in tables for row in table.rows}
    advised = next(name for name in ADVISED if (name, "bias") in figures)
    smallest = figures[advised, "smallest change found"]
    where = f"With {n} cases in {clusters} municipalities"
    if smallest.estimate is None:
        sentence = f"{where} no change of absence is found reliably ({advised})."
    else:
        sentence = (
            f"{where} you can find a change of absence of {100 * smallest.estimate:.1f} points or "
            f"more in 8 of 10 studies ({advised})."
        )
    power, error = figures[advised, "power"], figures[advised, "type I error"]
    naive, off = figures[NAIVE, "type I error"], figures[NAIVE, "bias"]
    reasons = [
        f"A change of {100 * effect:+.1f} points is found in {_per_cent(power.estimate)} of "
        "studies.",
        f"A paired t test finds a change in {_per_cent(naive.estimate)} of studies in which "
        f"nothing was done; it is off by {100 * (off.estimate or 0):+.1f} points.",
    ]
    level = 1 - conf_level
    if (error.estimate or 0) > 1.5 * level + 3 * (error.std_error or 0):
        reasons.append(
            f"Even this analysis finds a change that is not there in {_per_cent(error.estimate)} "
            f"of studies, where {_per_cent(level)} are allowed: the design does not carry it."
        )
    return sentence, tuple(reasons)


def _per_cent(value: float | None) -> str:
    return f"{100 * (value or 0):.0f} %"


def assumptions_of(design: Design) -> tuple[str, ...]:
    """Return what the simulated world takes for granted.

    Parameters
    ----------
    design : Design
        The design.

    Returns
    -------
    tuple of str
        Phrases.
    """
    world = design.world
    days = "independent days" if world.kappa is None else f"spells (kappa = {world.kappa:g})"
    rows = [
        f"propensity to be absent Beta({world.a:g}, {world.b:g}), the same in all windows but for "
        f"season ({world.season:+g} log odds at follow-up); {days}; windows of {world.window} days",
        f"municipalities differ in how their cases fare: {100 * design.cluster_share:g} % of the "
        "variance of change; waiting pupils share that, pupils of the registry do not",
        "cases are drawn at random from those above the cut: referral of those who worry teachers "
        "most is not in it",
    ]
    if design.missing > 0:
        rows.append(
            "wellbeing before and after correlate .6, absence lowers it by .2 standard deviations; "
            f"the less well and the more absent answer less; those missing differ by "
            f"{design.delta:+g} standard deviations from others alike"
        )
    return tuple(rows)
