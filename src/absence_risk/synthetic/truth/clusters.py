"""How much absence clusters in schools and municipalities."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from absence_risk.synthetic.truth.value import Entry, Value, exact, nothing

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    from absence_risk.synthetic.scenario import Scenario
    from absence_risk.synthetic.truth.counterfactual import Reference

    Floats = npt.NDArray[np.float64]

__all__ = ["clusters_known", "clusters_simulated", "intraclass"]


def clusters_known(scenario: Scenario) -> Iterator[Entry]:
    """Yield what follows from the parameters.

    Parameters
    ----------
    scenario : Scenario
        Sections avoidance and places are used.

    Yields
    ------
    Entry
        On the scale of log-odds.
    """
    avoidance = scenario.avoidance
    between = scenario.places.municipality_sd**2
    school, within = avoidance.school_sd**2, avoidance.propensity_sd**2 + np.pi**2 / 3
    formulas = {
        "school": (
            "σ_s² / (σ_s² + σ_u² + π²/3): intraclass correlation of schools in the log-odds of "
            "moving up, given the municipality and the grade",
            school / (school + within),
        ),
        "municipality": (
            "σ_m² / (σ_m² + σ_s² + σ_u² + π²/3): correlation of pupils of one municipality, in "
            "different schools, in the log-odds of moving up, given the grade",
            between / (between + school + within),
        ),
    }
    for name, (formula, value) in formulas.items():
        yield Entry(
            f"avoidance.icc_{name}",
            formula,
            "all pupils",
            "correlation",
            "closed_form",
            exact(value),
        )


def clusters_simulated(reference: Reference) -> Iterator[Entry]:
    """Yield intraclass correlations of the year's absence.

    Parameters
    ----------
    reference : Reference
        The world and its counterfactuals.

    Yields
    ------
    Entry
        By school and by municipality.
    """
    world = reference.world
    year = reference.tally.share()
    groups = {
        "school": reference.tally.school,
        "municipality": world.schools.municipality[reference.tally.school],
    }
    for name, group in groups.items():
        yield Entry(
            f"absence.icc_{name}",
            f"intraclass correlation of the year's absence by {name}: ANOVA estimator, error by "
            f"leaving out one {name} at a time",
            "all pupils",
            "correlation",
            "simulation",
            intraclass(year, group),
        )


def intraclass(values: Floats, group: npt.NDArray[np.int64]) -> Value:
    """Return the intraclass correlation of one-way ANOVA for groups of unequal size.

    (MSB − MSW) / (MSB + (n₀ − 1) MSW) with n₀ = (N − Σ n²/N)/(k − 1) (Donner 1986, International
    Statistical Review 54:67), error by the jackknife over groups.

    Parameters
    ----------
    values : numpy.ndarray of float64, shape (n,)
        One value per pupil.
    group : numpy.ndarray of int64, shape (n,)
        Group of each pupil.

    Returns
    -------
    Value
        Nothing with fewer than three groups of pupils.
    """
    count = np.bincount(group).astype(np.float64)
    kept = count > 0
    count = count[kept]
    if len(count) < 3 or len(values) < len(count) + 2:
        return nothing(len(values))
    total, square = (
        np.asarray(np.bincount(group, weights=part), dtype=np.float64)[kept]
        for part in (values, values**2)
    )
    whole = _anova(count[None], total[None], square[None])[0]
    keep = 1.0 - np.eye(len(count))
    left_out = _anova(count * keep, total * keep, square * keep)
    spread = (len(count) - 1) / len(count) * ((left_out - left_out.mean()) ** 2).sum()
    return Value(float(whole), float(np.sqrt(spread)), len(values))


def _anova(count: Floats, total: Floats, square: Floats) -> Floats:
    """Return the intraclass correlation of each row of groups; groups of size 0 are left out."""
    n, groups = count.sum(axis=1), (count > 0).sum(axis=1)
    centre = total.sum(axis=1) / n
    means = total / np.maximum(count, 1)
    between = (count * (means - centre[:, None]) ** 2).sum(axis=1)
    within = (square - count * means**2).sum(axis=1)
    msb, msw = between / (groups - 1), within / (n - groups)
    size = (n - (count**2).sum(axis=1) / n) / (groups - 1)
    return np.asarray((msb - msw) / (msb + (size - 1) * msw))
