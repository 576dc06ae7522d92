"""The rows of a register, read once for everything that a study shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from absence_risk.study.definitions import OFFERED, REPORTED, Levels, to_compare

if TYPE_CHECKING:
    from absence_risk.register.cube import Cube
    from absence_risk.register.definition import AbsenceDefinition
    from absence_risk.register.register import Register

__all__ = ["Reading", "read", "refuse_partial"]

_NOT_TOTAL = (
    "A study sets valid and invalid absence side by side, so its definition must count all "
    'absence, not {numerator}. Choose a definition with numerator = "total".'
)


@dataclass(frozen=True, eq=False, kw_only=True)
class Reading:
    """What one pass over the rows gives.

    Parameters
    ----------
    cube : Cube
        The pupil-days under the study's definition.
    levels : tuple of Levels
        Each pupil's share under each definition compared, the study's own first.
    offered, reported : Cube
        Minutes over offered and over reported time.
    """

    cube: Cube
    levels: tuple[Levels, ...]
    offered: Cube
    reported: Cube


def refuse_partial(definition: AbsenceDefinition) -> None:
    """Raise where a definition counts a part of absence only.

    Parameters
    ----------
    definition : AbsenceDefinition
        The definition of a study.

    Raises
    ------
    ValueError
        If the definition does not count all absence.
    """
    if definition.numerator != "total":
        what = definition.numerator if definition.reasons is None else "some reasons"
        raise ValueError(_NOT_TOTAL.format(numerator=what))


def read(register: Register, definition: AbsenceDefinition) -> Reading:
    """Read the rows of a register once.

    Parameters
    ----------
    register : Register
        The register.
    definition : AbsenceDefinition
        The definition of the study.

    Returns
    -------
    Reading
        Cubes and levels.

    Raises
    ------
    ValueError
        If the definition does not count all absence.
    """
    refuse_partial(definition)
    wanted = to_compare(definition)
    own = next(iter(wanted))
    kept, levels = {}, []
    for name, cube in zip(wanted, register.cubes(tuple(wanted.values())), strict=True):
        levels.append(Levels.of(name, cube))
        if name in {own, OFFERED, REPORTED}:
            kept[name] = cube
    return Reading(
        cube=kept[own], levels=tuple(levels), offered=kept[OFFERED], reported=kept[REPORTED]
    )
