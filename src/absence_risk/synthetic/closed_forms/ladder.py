"""The ladder of avoidance as a Markov chain by week, given a pupil's lasting pressure."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from absence_risk.synthetic.closed_forms.latent import expit, latent, logit

if TYPE_CHECKING:
    import numpy.typing as npt

    from absence_risk.synthetic.parameters import Avoidance
    from absence_risk.synthetic.scenario import Scenario

    Floats = npt.NDArray[np.float64]

__all__ = ["LEVELS", "first_shares", "level_shares", "moves", "step"]

LEVELS = 6


def first_shares(avoidance: Avoidance, pressure: Floats) -> Floats:
    """Return P(level) at the start of the year: cumulative logits.

    Parameters
    ----------
    avoidance : Avoidance
        Parameters.
    pressure : numpy.ndarray of float64, shape (n,)
        Lasting log-odds of moving up.

    Returns
    -------
    numpy.ndarray of float64, shape (6, n)
        Differences of P(level ≥ k) = expit(logit first_stage_k + pressure).
    """
    reach = [expit(logit(share) + pressure) for share in avoidance.first_stage]
    ends = np.stack([np.ones_like(pressure), *reach, np.zeros_like(pressure)])
    return np.asarray(ends[:-1] - ends[1:])


def moves(avoidance: Avoidance, pressure: Floats, help_: Floats | float = 0.0) -> Floats:
    """Return the weekly probabilities of moving up and down.

    Parameters
    ----------
    avoidance : Avoidance
        Parameters.
    pressure : numpy.ndarray of float64, shape (n,)
        Lasting log-odds of moving up.
    help_ : numpy.ndarray of float64 or float
        What the team takes off the log-odds of moving up and adds to those of moving down.

    Returns
    -------
    numpy.ndarray of float64, shape (2, 6, n)
        Up and down by level. A pupil who can do both goes up first.
    """
    never = np.zeros_like(pressure)
    up = np.stack([*(expit(logit(p) + pressure - help_) for p in avoidance.up), never])
    fall = [
        np.broadcast_to(expit(logit(p) + np.asarray(help_)), never.shape) for p in avoidance.down
    ]
    return np.stack([up, np.minimum(np.stack([never, *fall]), 1 - up)])


def step(share: Floats, up_down: Floats) -> Floats:
    """Move shares on the ladder by one week.

    Parameters
    ----------
    share : numpy.ndarray of float64, shape (6, n)
        P(level) in one week.
    up_down : numpy.ndarray of float64, shape (2, 6, n)
        From `moves`.

    Returns
    -------
    numpy.ndarray of float64, shape (6, n)
        P(level) in the next week.
    """
    up, down = up_down * share
    out = share - up - down
    out[1:] += up[:-1]
    out[:-1] += down[1:]
    return np.asarray(out)


def level_shares(scenario: Scenario, weeks: int, *, nodes: int = 24) -> Floats:
    """Return the share of pupils on each level in each school week.

    Exact where `conditions.runs_freely`: forward recursion of the weekly chain, integrated over
    pupil and school effects by Gauss–Hermite quadrature and over grades.

    Parameters
    ----------
    scenario : Scenario
        The scenario.
    weeks : int
        Number of school weeks.
    nodes : int
        Nodes of the quadrature.

    Returns
    -------
    numpy.ndarray of float64, shape (weeks, 6)
        Rows add up to 1.

    Examples
    --------
    >>> from absence_risk.synthetic import Scenario
    >>> level_shares(Scenario.preset("s00_null"), 40)[0].round(3).tolist()
    [0.922, 0.039, 0.02, 0.017, 0.001, 0.0]
    """
    kinds = latent(scenario, pressure=nodes, frailty=1)
    share = first_shares(scenario.avoidance, kinds.pressure)
    up_down = moves(scenario.avoidance, kinds.pressure)
    out = np.empty((weeks, LEVELS))
    for week in range(weeks):
        if week:
            share = step(share, up_down)
        out[week] = share @ kinds.weight
    return out
