"""The dose response of harm, from its corners."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from absence_risk.synthetic.closed_forms.latent import expit

if TYPE_CHECKING:
    import numpy.typing as npt

    from absence_risk.synthetic.parameters import Harm

    Floats = npt.NDArray[np.float64]

__all__ = ["points_at"]


def points_at(harm: Harm, absence: Floats) -> Floats:
    """Return the expected grade points at stated shares of absence.

    Parameters
    ----------
    harm : Harm
        Parameters.
    absence : numpy.ndarray of float64
        Share of the year's lessons missed.

    Returns
    -------
    numpy.ndarray of float64, same shape
        Mean over pupils, whose own effects have mean 0.
    """
    if harm.shape == "none":
        return np.full_like(absence, harm.mean)
    if harm.shape == "step":
        return np.where(absence < harm.at, harm.mean, harm.mean - harm.jump)
    if harm.shape == "smooth":
        return harm.mean - harm.jump * expit((absence - harm.at) / harm.width)
    steep = harm.slope + (harm.bend if harm.shape == "kink" else 0.0)
    corner = harm.mean - 10 * harm.slope * harm.at
    end = corner - 10 * steep * (1 - harm.at)
    return np.asarray(np.interp(absence, [0.0, harm.at, 1.0], [harm.mean, corner, end]))
