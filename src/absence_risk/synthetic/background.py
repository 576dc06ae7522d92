"""Socio-economic status and special support of pupils, and what goes with them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from absence_risk.synthetic.counter import Purpose, normal, uniform

if TYPE_CHECKING:
    import numpy.typing as npt

    from absence_risk.synthetic.place_parameters import Background

__all__ = ["STATUS", "draw_status", "draw_support", "effects"]

STATUS = ("low", "middle", "high")


def draw_status(
    background: Background, lane: npt.NDArray[np.uint64], school: npt.NDArray[np.float64]
) -> npt.NDArray[np.int8]:
    """Draw the band of socio-economic status.

    Latent status √c · school + √(1 − c) · z is standard normal over pupils; bands are cut from it.

    Parameters
    ----------
    background : Background
        Parameters.
    lane : numpy.ndarray of uint64
        Lanes of the pupils.
    school : numpy.ndarray of float64
        Standardised status of the pupils' schools.

    Returns
    -------
    numpy.ndarray of int8
        Index into `STATUS`.
    """
    out = np.ones(len(lane), dtype=np.int8)
    if background.low == background.high == 0:
        return out
    own = normal(lane, Purpose.STATUS)
    latent = np.sqrt(background.clustering) * school + np.sqrt(1 - background.clustering) * own
    low, high = _cuts(background)
    out += latent > high
    out -= latent < low
    return out


def _cuts(background: Background) -> tuple[float, float]:
    """Return where the lowest band ends and the highest begins, on the standard normal scale."""
    from scipy.special import ndtri  # noqa: PLC0415 - keeps the import of the package quick

    return float(ndtri(background.low)), float(ndtri(1 - background.high))


def draw_support(
    background: Background, lane: npt.NDArray[np.uint64], special: npt.NDArray[np.bool_]
) -> npt.NDArray[np.bool_]:
    """Draw who gets special support.

    Parameters
    ----------
    background : Background
        Parameters.
    lane : numpy.ndarray of uint64
        Lanes of the pupils.
    special : numpy.ndarray of bool
        Who goes to a special school; all of them get it.

    Returns
    -------
    numpy.ndarray of bool
        Who gets it.
    """
    if background.sen == 0:
        return special
    return special | (uniform(lane, Purpose.SPECIAL_SUPPORT) < background.sen)


def effects(
    background: Background, status: npt.NDArray[np.int8], supported: npt.NDArray[np.bool_]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return what goes with status and support.

    Parameters
    ----------
    background : Background
        Parameters.
    status : numpy.ndarray of int8
        Index into `STATUS`.
    supported : numpy.ndarray of bool
        Who gets special support.

    Returns
    -------
    up, illness : numpy.ndarray of float64
        Log-odds of moving up the ladder, and multipliers of the onset of illness.
    """
    up = np.array([background.low_up, 0.0, background.high_up])[status]
    illness = np.array([background.low_illness, 1.0, background.high_illness])[status]
    up += background.sen_up * supported
    illness *= np.where(supported, background.sen_illness, 1.0)
    return up, illness
