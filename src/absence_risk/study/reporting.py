"""How much of the offered time anybody reported, by school and month."""

from __future__ import annotations

from typing import TYPE_CHECKING

from absence_risk.disclosure.cells import blank, is_small
from absence_risk.register.reporting import reporting_rates
from absence_risk.result import Estimate, Table

if TYPE_CHECKING:
    import pandas as pd

    from absence_risk.register.cube import Cube

__all__ = ["reporting_table"]

_DIGITS = 4
_FEW = 2
_LOW = 0.9


def reporting_table(
    offered: Cube, reported: Cube, pupils: pd.DataFrame, *, minimum: int = 5
) -> Table:
    """Return the reporting rate of each school and month.

    Parameters
    ----------
    offered, reported : Cube
        Minutes with the denominators offered and reported.
    pupils : pandas.DataFrame
        Enrolment spells.
    minimum : int
        Smallest count that may be shown; months of schools with fewer than twice as many pupils
        are left out.

    Returns
    -------
    Table
        Named ``reporting``: the rate of all schools, then one row per school (group) and month
        (time, yyyymm). Rates are shares of offered time in [0, 1], rounded so that no count can be
        worked out of them.
    """
    rates = reporting_rates(offered, reported, pupils)
    kept = rates[rates["n_pupils"] >= _FEW * minimum]
    rows = [
        Estimate(
            term="reported share of offered time",
            group=str(school),
            time=float(month),
            estimate=round(float(rate), _DIGITS),
        )
        for school, month, rate in zip(
            kept["school_key"], kept["period"], kept["reporting_rate"], strict=True
        )
    ]
    total = float(rates["reported_min"].sum() / rates["offered_min"].sum())
    whole = Estimate(
        term="reported share of offered time, all schools",
        estimate=round(total, _DIGITS),
        n=int((offered.scheduled.max(axis=1, initial=0) > 0).sum()),
    )
    if is_small(whole.n, minimum):
        whole = blank(whole)
    low = int((kept["reporting_rate"] < _LOW).sum())
    left_out = len(rates) - len(kept)
    note = (
        f"{low} of {len(kept)} months of schools lie below {_LOW * 100:.0f} %. A lesson that "
        "nobody reported is neither presence nor absence."
    )
    note += (
        f" Each month of a school rests on at least {_FEW * minimum} pupils. How many is not "
        "shown: the difference between two months would count those who joined or left."
    )
    if left_out:
        note += f" Months of schools with fewer than {_FEW * minimum} pupils are left out."
    return Table(
        name="reporting",
        title="Reported share of offered time, by school and month",
        rows=(whole, *rows),
        note=note,
    )
