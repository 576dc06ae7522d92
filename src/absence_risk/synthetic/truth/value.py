"""A true value with its Monte-Carlo error, and the line of truth.json that holds it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]

__all__ = ["Entry", "Value", "exact", "from_influence", "mean", "nothing", "ratio"]


@dataclass(frozen=True, slots=True)
class Value:
    """One value of truth.json.

    Parameters
    ----------
    value : float or None
        The value; None where fewer than two units carry it.
    mc_se : float or None
        Monte-Carlo standard error; 0 where exact.
    n : int or None
        Units behind it; None where exact.
    """

    value: float | None
    mc_se: float | None
    n: int | None


@dataclass(frozen=True, slots=True)
class Entry:
    """An estimand and its true value.

    Parameters
    ----------
    id : str
        Stable identifier, the same as an estimator's where it aims at this number.
    formula, population, unit : str
        What the number is, over whom, in which unit.
    method : {"closed_form", "quadrature", "crn_paired", "simulation"}
        Where the value comes from.
    found : Value
        The value.
    """

    id: str
    formula: str
    population: str
    unit: str
    method: str
    found: Value

    def as_dict(self) -> dict[str, Any]:
        """Return the line of truth.json, numbers rounded to six decimals.

        Returns
        -------
        dict
            id, formula, population, unit, value, mc_se, method, n.
        """
        named = asdict(self)
        found, method = named.pop("found"), named.pop("method")
        for key in ("value", "mc_se"):
            found[key] = None if found[key] is None else round(found[key], 6)
        n = found.pop("n")
        return {**named, **found, "method": method, "n": n}


def exact(value: float) -> Value:
    """Return a value without Monte-Carlo error.

    Parameters
    ----------
    value : float
        The value.

    Returns
    -------
    Value
        With error 0 and no n.
    """
    return Value(float(value) + 0.0, 0.0, None)


def nothing(n: int = 0) -> Value:
    """Return a value that too few units carry.

    Parameters
    ----------
    n : int
        Units there are.

    Returns
    -------
    Value
        Without value and error.
    """
    return Value(None, None, n)


def from_influence(value: float, influence: Floats, n: int, school: npt.NDArray[np.int64]) -> Value:
    """Return a value whose error comes from its units' influence on it.

    Pupils of a school share its effect and its classes. So the error is the larger of the one for
    independent pupils and the one for independent schools (sums of influence by school).

    Parameters
    ----------
    value : float
        The value.
    influence : numpy.ndarray of float64
        Each unit's influence on the value, in sum about 0.
    n : int
        Units to report.
    school : numpy.ndarray of int64
        School of each unit.

    Returns
    -------
    Value
        The value with its error.
    """
    units = len(influence)
    single = (influence**2).sum() * units / max(units - 1, 1)
    by_school = np.bincount(school, weights=influence)
    schools = max(len(np.unique(school)), 1)
    grouped = (by_school**2).sum() * schools / max(schools - 1, 1)
    return Value(float(value) + 0.0, float(np.sqrt(max(single, grouped))), n)


def mean(values: npt.ArrayLike, school: npt.NDArray[np.int64]) -> Value:
    """Return a mean over pupils.

    Parameters
    ----------
    values : array-like of float
        One value per pupil.
    school : numpy.ndarray of int64
        School of each pupil.

    Returns
    -------
    Value
        Nothing where there are fewer than two pupils.
    """
    each = np.asarray(values, dtype=np.float64)
    if each.size < 2:
        return nothing(int(each.size))
    centre = float(each.mean())
    return from_influence(centre, (each - centre) / each.size, each.size, school)


def ratio(top: npt.ArrayLike, bottom: npt.ArrayLike, school: npt.NDArray[np.int64]) -> Value:
    """Return a ratio of sums over pupils, for example a share among those who qualify.

    Parameters
    ----------
    top, bottom : array-like of float
        Both parts of each pupil.
    school : numpy.ndarray of int64
        School of each pupil.

    Returns
    -------
    Value
        n counts the pupils whose bottom is above 0; nothing where they are fewer than two.
    """
    over, under = (np.asarray(part, dtype=np.float64) for part in (top, bottom))
    n = int((under > 0).sum())
    if n < 2:
        return nothing(n)
    found = float(over.sum() / under.sum())
    return from_influence(found, (over - found * under) / under.sum(), n, school)
