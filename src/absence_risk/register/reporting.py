"""What was reported at all, and who said that absence was valid.

A lesson that nobody reported is neither presence nor absence. Where much is unreported, a low
absence share is no good news; where a guardian's report makes absence valid without anybody's
judgement, the valid share says little.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import narwhals.stable.v2 as nw
import numpy as np

from absence_risk.errors import DesignError
from absence_risk.register.engine import collect
from absence_risk.register.enrolment import enrolled_rows
from absence_risk.register.windows import windows_of
from absence_risk.register.wordings import wording

if TYPE_CHECKING:
    from collections.abc import Collection

    import numpy.typing as npt
    import pandas as pd

    from absence_risk.register.cube import Cube
    from absence_risk.register.register import Register

__all__ = ["AUTOMATIC", "KnownThen", "known_then", "reporting_rates", "validity_by_source"]

AUTOMATIC = ("guardian", "auto")
"""Sources that make absence valid without a decision of the school."""

_NO_SOURCE = (
    "The register has no column source, so nobody can tell whether absence is valid by a teacher's "
    "decision or by a guardian's report. Export who recorded each row."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownThen:
    """How much of a register was known on a date.

    Parameters
    ----------
    date : str
        The date, YYYY-MM-DD.
    n_days : int
        School days up to then.
    reporting_rate : float
        Share of the time offered on them that was reported by then, in [0, 1].
    """

    date: str
    n_days: int
    reporting_rate: float

    def to_dict(self) -> dict[str, Any]:
        """Return plain, JSON-ready values.

        Returns
        -------
        dict
            date, n_days, reporting_rate.
        """
        return asdict(self)

    def text(self, lang: str = "en") -> str:
        """Return the same in words.

        Parameters
        ----------
        lang : {"en", "sv", "da", "fi"}
            Language.

        Returns
        -------
        str
            One line.

        Examples
        --------
        >>> print(KnownThen(date="2025-10-15", n_days=41, reporting_rate=0.931).text())
        known at the end of 2025-10-15: 41 school days, 93.1 % of the offered time reported
        """
        share = f"{100 * self.reporting_rate:.1f}"
        if lang != "en":
            share = share.replace(".", ",")
        return wording(lang).words["known"].format(date=self.date, days=self.n_days, share=share)


def known_then(view: Register) -> KnownThen:
    """Return how much of a register was known at the moment of an as-of view.

    Parameters
    ----------
    view : Register
        As `Register.as_of` gives it.

    Returns
    -------
    KnownThen
        School days and the share of offered time reported.

    Raises
    ------
    ValueError
        If the register is no as-of view.
    """
    if view.moment is None:
        raise ValueError("The register shows its latest state; give register.as_of(date).")
    rates = view.reporting_rate("year")
    return KnownThen(
        date=str(view.moment.date()),
        n_days=len(view.calendar),
        reporting_rate=float(rates["reported_min"].sum() / rates["offered_min"].sum()),
    )


def reporting_rates(
    offered: Cube, reported: Cube, pupils: pd.DataFrame, *, period: str = "month"
) -> pd.DataFrame:
    """Return the share of offered time that was reported, by school and period.

    Parameters
    ----------
    offered, reported : Cube
        Minutes with the denominators offered and reported, of the same pupils and days.
    pupils : pandas.DataFrame
        Enrolment spells; a day counts for the school of the spell that holds on it.
    period : str
        Any window of a definition that parts the calendar.

    Returns
    -------
    pandas.DataFrame
        One row per school and period in which anything was offered: school_key, period, n_pupils
        (with anything offered), offered_min, reported_min, unreported_min, reporting_rate (share
        in [0, 1]).
    """
    import pandas as pd  # noqa: PLC0415

    windows = windows_of(offered.calendar, period)
    schools, code, moved, code_of_day = _schools(offered, pupils)
    sums = np.zeros((3, len(schools), len(windows.label)), dtype=np.int64)
    for at in range(len(schools)):
        stayed = np.flatnonzero(code == at)
        here = code_of_day == at
        for cube, part in ((offered, sums[0]), (reported, sums[1])):
            part[at] = windows.sums(cube.scheduled[stayed]).sum(axis=0)
            part[at] += windows.sums(cube.scheduled[moved] * here).sum(axis=0)
        for days in (offered.scheduled[stayed], offered.scheduled[moved] * here):
            sums[2, at] += (windows.sums(days) > 0).sum(axis=0)
    school, column = np.nonzero(sums[0])
    minutes, known, pupils_in = (part[school, column] for part in sums)
    return pd.DataFrame(
        {
            "school_key": schools[school],
            "period": windows.label[column],
            "n_pupils": pupils_in,
            "offered_min": minutes,
            "reported_min": known,
            "unreported_min": minutes - known,
            "reporting_rate": known / minutes,
        }
    )


def _schools(
    cube: Cube, pupils: pd.DataFrame
) -> tuple[
    npt.NDArray[np.object_], npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.int64]
]:
    """Return the schools, the one of each pupil who never changed, and the others day by day."""
    import pandas as pd  # noqa: PLC0415

    codes, schools = pd.factorize(pupils["school_key"], sort=True)
    code = codes[enrolled_rows(pupils, cube.pupil_key, cube.calendar.dates[-1])]
    several = pupils["pupil_key"][pupils["pupil_key"].duplicated()].unique()
    moved = cube.index(several)
    code[moved] = -1
    days = len(cube.calendar)
    keys, dates = np.repeat(cube.pupil_key[moved], days), np.tile(cube.calendar.dates, len(moved))
    of_day = codes[enrolled_rows(pupils, keys, dates)].reshape(len(moved), days)
    return np.asarray(schools, dtype=object), code, moved, of_day


def validity_by_source(rows: nw.LazyFrame[Any], columns: Collection[str]) -> pd.DataFrame:
    """Return valid and invalid minutes by who recorded them.

    Parameters
    ----------
    rows : narwhals.LazyFrame
        Current register rows.
    columns : collection of str
        Canonical columns they have.

    Returns
    -------
    pandas.DataFrame
        One row per source in sorted order ("unknown" where it is empty): source, valid_min,
        invalid_min, share_of_valid and share_of_invalid (of all such minutes), automatic (whether
        the source makes absence valid without a decision of the school).

    Raises
    ------
    DesignError
        If there is no column source.
    """
    if "source" not in columns:
        raise DesignError(_NO_SOURCE)
    minutes = {n: nw.col(n).fill_null(0).cast(nw.Int64) for n in ("valid_min", "invalid_min")}
    source = nw.col("source").cast(nw.String).fill_null("unknown")
    groups = rows.select(source=source, **minutes).group_by("source")
    sums = groups.agg(*(nw.col(n).sum() for n in minutes))
    whole = [nw.col(n).cast(nw.Int64) for n in minutes]
    found = collect(sums.select("source", *whole)).sort_values("source", ignore_index=True)
    for kind in ("valid", "invalid"):
        total = max(int(found[f"{kind}_min"].sum()), 1)
        found[f"share_of_{kind}"] = found[f"{kind}_min"] / total
    return found.assign(automatic=found["source"].isin(AUTOMATIC))
