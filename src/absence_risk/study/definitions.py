"""What the definition does to the figures: several rules on one register."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from absence_risk import disclosure
from absence_risk.disclosure.cells import blank, is_blank, is_small
from absence_risk.disclosure.notes import not_shown
from absence_risk.register.definition import AbsenceDefinition
from absence_risk.register.enrolment import schools_on
from absence_risk.register.means import weighted_sums
from absence_risk.result import Table
from absence_risk.study.shares import ratio_of_sums, share_row

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt

    from absence_risk.register.cube import Cube
    from absence_risk.register.register import Register
    from absence_risk.result import Estimate

__all__ = [
    "COMPARED",
    "OFFERED",
    "REPORTED",
    "Levels",
    "compare_definitions",
    "compare_levels",
    "to_compare",
]

_CUTS = (0.10, 0.20)
_OTHER_SIDE = "pupils on the other side of 10 %"

OFFERED, REPORTED = "minutes over offered time", "minutes over reported time"
COMPARED: Mapping[str, AbsenceDefinition] = MappingProxyType(
    {
        OFFERED: AbsenceDefinition.preset("ss12000_offered"),
        REPORTED: AbsenceDefinition.preset("ss12000_reported"),
        "no lesson of the day attended": AbsenceDefinition.preset("schoolsoft"),
        "any lesson of the day missed": AbsenceDefinition(day_rule="any_lesson"),
        "absent at the start of the day": AbsenceDefinition.preset("denmark_uvm"),
    }
)
"""Rules in use in Sweden and Denmark, and the loosest one, as a report compares them."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Levels:
    """What one definition says about every pupil over the whole calendar.

    Parameters
    ----------
    name : str
        Name of the definition in the table.
    definition : AbsenceDefinition
        The rule.
    top, bottom : numpy.ndarray of float64, shape (n_pupils,)
        What the mean adds up, see `absence_risk.register.means.weighted_sums`.
    rate : numpy.ndarray of float64, shape (n_pupils,)
        Absence share; NaN where the definition sees no time.
    """

    name: str
    definition: AbsenceDefinition
    top: npt.NDArray[np.float64]
    bottom: npt.NDArray[np.float64]
    rate: npt.NDArray[np.float64]

    @classmethod
    def of(cls, name: str, cube: Cube) -> Levels:
        """Reduce a cube to what the comparison needs of it.

        Parameters
        ----------
        name : str
            Name of the definition.
        cube : Cube
            The pupil-days under it.

        Returns
        -------
        Levels
            One share per pupil.
        """
        top, bottom = weighted_sums(cube)
        rate = cube.totals("year").rate()[:, 0]
        return cls(name=name, definition=cube.definition, top=top, bottom=bottom, rate=rate)


def compare_definitions(
    register: Register,
    definitions: Mapping[str, AbsenceDefinition] | None = None,
    *,
    conf_level: float = 0.95,
    minimum: int = 5,
) -> Table:
    """Show what each definition makes of the same register.

    Rows are read once for all definitions.

    Parameters
    ----------
    register : Register
        The register.
    definitions : mapping of str to AbsenceDefinition or None
        Definitions by the name they bear in the table; the first is the one that others are
        compared with. `COMPARED` if None.
    conf_level : float
        Confidence level in (0, 1).
    minimum : int
        Smallest count that may be shown; 1 shows everything.

    Returns
    -------
    Table
        See `compare_levels`.

    Raises
    ------
    DesignError
        If a definition needs a column that the register does not have.
    """
    wanted = COMPARED if definitions is None else definitions
    cubes = register.cubes(tuple(wanted.values()))
    levels, schools = [], np.empty(0, dtype=object)
    for name, cube in zip(wanted, cubes, strict=True):
        levels.append(Levels.of(name, cube))
        schools = schools_on(register.pupils, cube.pupil_key, cube.calendar.dates[-1])
    return compare_levels(levels, schools, conf_level=conf_level, minimum=minimum)


def to_compare(own: AbsenceDefinition) -> dict[str, AbsenceDefinition]:
    """Return the definitions that a study compares: its own first, then the others.

    Parameters
    ----------
    own : AbsenceDefinition
        The definition of the study.

    Returns
    -------
    dict of str to AbsenceDefinition
        `COMPARED`, with a definition that differs from the study's in window or mean only
        replaced by it.

    Examples
    --------
    >>> next(iter(to_compare(AbsenceDefinition(day_rule="any_lesson"))))
    'any lesson of the day missed'
    """
    same = [name for name, rule in COMPARED.items() if _core(rule) == _core(own)]
    first = same[0] if same else "the definition of this study"
    others = {name: rule for name, rule in COMPARED.items() if name != first}
    return {first: own, **others}


def _core(rule: AbsenceDefinition) -> AbsenceDefinition:
    return dataclasses.replace(rule, window="year", mean="pooled", least_days=1)


def compare_levels(
    levels: Sequence[Levels],
    schools: npt.ArrayLike,
    *,
    conf_level: float = 0.95,
    minimum: int = 5,
) -> Table:
    """Put the levels of several definitions side by side.

    Parameters
    ----------
    levels : sequence of Levels
        The first is the one that others are compared with.
    schools : array-like, shape (n_pupils,)
        School of each pupil; intervals treat schools as clusters.
    conf_level : float
        Confidence level in (0, 1).
    minimum : int
        Smallest count that may be shown; 1 shows everything.

    Returns
    -------
    Table
        Named ``definitions``, protected. Per definition (group) the mean, the shares of pupils
        absent 10 % or more and 20 % or more, and of pupils on the other side of 10 % than under the
        first definition; shares in [0, 1], ``n`` pupils, ``n_events`` pupils counted. Rows that
        differ from a shown one by fewer pupils than the minimum are not shown.
    """
    first = levels[0]
    seen = ~np.isnan(first.rate)
    _, school = np.unique(np.asarray(schools)[seen].astype(str), return_inverse=True)
    shown: dict[float, list[npt.NDArray[np.bool_]]] = {cut: [] for cut in _CUTS}
    rows: list[Estimate] = []
    for level in levels:
        mean = ratio_of_sums(level.top[seen], level.bottom[seen], school, conf_level)
        rows.append(share_row("mean absence", mean, n=len(school), group=level.name))
        clear = True
        for cut in _CUTS:
            hit = level.rate[seen] >= cut
            clear = clear and not any(is_small((hit ^ o).sum(), minimum) for o in shown[cut])
            if clear:
                shown[cut].append(hit)
            term = f"pupils absent {cut * 100:.0f} % or more"
            row = _counted(
                term, hit, school, group=level.name, conf_level=conf_level, threshold=cut
            )
            rows.append(row if clear else blank(row))
        if level is not first:
            here, before = level.rate[seen] >= _CUTS[0], first.rate[seen] >= _CUTS[0]
            row = _counted(
                _OTHER_SIDE, here ^ before, school, group=level.name, conf_level=conf_level
            )
            # With the two counts it says how many moved up and how many down.
            one_way = (here & ~before, before & ~here)
            few = any(is_small(int(way.sum()), minimum) for way in one_way)
            rows.append(blank(row) if few or not clear else row)
    hidden = sum(is_blank(row) for row in rows)
    note = _note(levels, conf_level)
    table = Table(
        name="definitions",
        title="What the definition of absence does, whole year (shares)",
        rows=tuple(rows),
        note=f"{note} {not_shown(hidden, minimum)}" if hidden else note,
    )
    return disclosure.protect_table(table, minimum)


def _counted(
    term: str,
    hit: npt.NDArray[np.bool_],
    school: npt.NDArray[np.intp],
    *,
    group: str,
    conf_level: float,
    threshold: float | None = None,
) -> Estimate:
    share = ratio_of_sums(hit.astype(np.float64), np.ones(len(hit)), school, conf_level)
    return share_row(
        term, share, n=len(hit), n_events=int(hit.sum()), threshold=threshold, group=group
    )


def _note(levels: Sequence[Levels], conf_level: float) -> str:
    rules = "; ".join(
        f"{level.name}: {dataclasses.replace(level.definition, window='year').describe()}"
        for level in levels
    )
    return (
        f"The same records under {len(levels)} rules. On the other side of 10 % are pupils who "
        f"reach it under the rule and not under {levels[0].name!r}, or the reverse. A pupil "
        "without any day under a rule counts as below. A day record is seen as one lesson. "
        f"{conf_level * 100:g} % intervals with schools as clusters. {rules}."
    )
