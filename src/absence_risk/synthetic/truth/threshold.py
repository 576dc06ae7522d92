"""What absence costs in grade points, and whether there is a break."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from absence_risk.synthetic.harm import dose_response, slope
from absence_risk.synthetic.truth.value import Entry, exact, nothing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from absence_risk.synthetic.scenario import Scenario

__all__ = ["threshold_known"]

_POINTS = "outcome points per 10 points of absence"
_CURVE = tuple(range(0, 61, 5))  # per cent
_BENDS = (10, 15, 20, 30)


def threshold_known(scenario: Scenario) -> Iterator[Entry]:
    """Yield what follows from the dose response.

    Parameters
    ----------
    scenario : Scenario
        Section harm is used.

    Yields
    ------
    Entry
        Estimands of claim 2.
    """
    harm = scenario.harm
    pupils = f"pupils of grades {harm.first_grade}–9"
    for at in _BENDS:
        below, above = (slope(harm, at / 100, side) for side in (-1, 1))
        yield Entry(
            f"threshold.slope_change_at_{at}",
            f"f′(0.{at}+) − f′(0.{at}−), f the effect of the year's true absence on grade points",
            pupils,
            _POINTS,
            "closed_form",
            exact(above - below),
        )
    yield Entry(
        "threshold.harm_slope",
        "f′(0.20−)",
        pupils,
        _POINTS,
        "closed_form",
        exact(slope(harm, 0.20, -1)),
    )
    jump = float(harm.shape == "step" and harm.at == 0.20) * -harm.jump
    yield Entry(
        "threshold.jump_at_20",
        "f(0.20) − f(0.20−)",
        pupils,
        "outcome points",
        "closed_form",
        exact(jump),
    )
    lost = dose_response(harm, np.array([0.0, 0.20]))
    yield Entry(
        "threshold.harm_at_20",
        "f(0.20) − f(0)",
        pupils,
        "outcome points",
        "closed_form",
        exact(lost[1] - lost[0]),
    )
    yield from _break(scenario, pupils)
    curve = harm.mean + dose_response(harm, np.asarray(_CURVE) / 100)
    for percent, points in zip(_CURVE, curve.tolist(), strict=True):
        yield Entry(
            f"threshold.expected_outcome_at_{percent}",
            f"E[grade points | do(absence of the year = {percent} %)]",
            pupils,
            "outcome points",
            "closed_form",
            exact(points),
        )


def _break(scenario: Scenario, pupils: str) -> Iterator[Entry]:
    """Yield whether the dose response has a break, and where."""
    harm = scenario.harm
    broken = bool((harm.shape == "kink" and harm.bend) or (harm.shape == "step" and harm.jump))
    yield Entry(
        "threshold.true_break",
        "1 where f has a kink or a step anywhere, else 0",
        pupils,
        "yes (1) or no (0)",
        "closed_form",
        exact(float(broken)),
    )
    yield Entry(
        "threshold.break_at",
        "where f has its kink or step; null where there is none",
        pupils,
        "share of the year's lessons",
        "closed_form",
        exact(harm.at) if broken else nothing(),
    )
