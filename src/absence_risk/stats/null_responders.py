"""Share of responders to be expected with no programme, by exact integration."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from absence_risk import check
from absence_risk.stats.reliable_change import Norms

if TYPE_CHECKING:
    import numpy.typing as npt


__all__ = [
    "AfterGivenBefore",
    "absent_days",
    "after_given_before",
    "class_shares",
    "days_law",
    "selected_share",
    "to_lattice",
    "within_group",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class AfterGivenBefore:
    """Normal law of the measure after, given the measure before, with no programme.

    Parameters
    ----------
    constant, slope : float
        Mean after = constant + slope * before.
    sd : float
        Standard deviation around that mean.
    """

    constant: float
    slope: float
    sd: float


def after_given_before(norms: Norms) -> AfterGivenBefore:
    """Return the law of the measure after with a stable true score and normal errors.

    Bivariate normal measures with the correlation of the norms, or sqrt(r1 r2) where none is
    given (r1 where r2 is unknown): the classical test model behind Davis (1976, Am J Epidemiol
    104:493) and Barnett et al. (2005, Int J Epidemiol 34:215).

    Parameters
    ----------
    norms : Norms
        Population values with a mean.

    Returns
    -------
    AfterGivenBefore
        Intercept, slope and spread.

    Raises
    ------
    ValueError
        If the norms have no mean.

    Examples
    --------
    >>> from absence_risk.stats.reliable_change import Norms
    >>> after_given_before(Norms(sd=1.0, reliability=0.6, mean=0.0)).sd
    0.8
    """
    if norms.mean is None:
        raise ValueError("A null rate under regression to the mean needs the population's mean.")
    mean_post = norms.mean if norms.mean_post is None else norms.mean_post
    sd_post = norms.sd if norms.sd_post is None else norms.sd_post
    r_post = norms.reliability if norms.reliability_post is None else norms.reliability_post
    r = float(np.sqrt(norms.reliability * r_post))
    if norms.correlation is not None:
        r = norms.correlation
    slope = r * sd_post / norms.sd
    return AfterGivenBefore(
        constant=mean_post - slope * norms.mean, slope=slope, sd=sd_post * float(np.sqrt(1 - r**2))
    )


def class_shares(
    breaks: npt.NDArray[np.float64], before: npt.NDArray[np.float64], law: AfterGivenBefore
) -> npt.NDArray[np.float64]:
    """Return the expected share of pupils whose measure after falls between limits of their own.

    The mean over pupils of differences of Phi((limit - mean after given before) / sd). It holds
    whatever the selection was, as long as it used nothing but the measure before.

    Parameters
    ----------
    breaks : numpy.ndarray of float, shape (n, k)
        Ascending limits of each pupil, may be infinite.
    before : numpy.ndarray of float, shape (n,)
        Measure before.
    law : AfterGivenBefore
        Law of the measure after.

    Returns
    -------
    numpy.ndarray of float, shape (k + 1,)
        Shares from the lowest class to the highest, summing to 1.

    Examples
    --------
    >>> law = AfterGivenBefore(constant=0.0, slope=0.5, sd=1.0)
    >>> class_shares(np.array([[1.0]]), np.array([2.0]), law).tolist()
    [0.5, 0.5]
    """
    from scipy.special import ndtr  # noqa: PLC0415 (a slow import)

    centre = law.constant + law.slope * before
    below = ndtr((breaks - centre[:, None]) / law.sd).mean(axis=0)
    return np.diff(below, prepend=0.0, append=1.0)


def to_lattice(
    breaks: npt.NDArray[np.float64], *, start: float, step: float
) -> npt.NDArray[np.float64]:
    """Move limits half a step below the next possible score, for a law without gaps.

    The continuity correction: a score that moves in steps reaches a limit if its continuous
    stand-in passes half a step before the next score at or above it.

    Parameters
    ----------
    breaks : numpy.ndarray of float
        Limits that belong to the class above them, may be infinite.
    start : float
        A possible score.
    step : float
        Distance of scores, above 0.

    Returns
    -------
    numpy.ndarray of float, same shape
        Limits for the continuous law.

    Examples
    --------
    >>> to_lattice(np.array([3.1, 3.5]), start=1.0, step=0.5).tolist()
    [3.25, 3.25]
    """
    half_rounding = 5e-10  # less than what separates "at least" from "more than" in the limits
    return np.asarray(start + step * (np.ceil((breaks - start - half_rounding) / step) - 0.5))


def days_law(mean: float, sd: float, reliability: float, days: int) -> tuple[float, float | None]:
    """Return the two spreads of `absent_days` that give a mean, SD and reliability of shares.

    The Beta law of the pupils' shares has variance reliability * sd^2; what is left within a
    pupil beyond binomial chance is put down to spells.

    Parameters
    ----------
    mean, sd : float
        Mean and standard deviation of the share in one window.
    reliability : float
        Correlation of two such windows.
    days : int
        School days of the window.

    Returns
    -------
    overdispersion : float
        a + b of the pupils' shares.
    within : float or None
        a + b of one window around the pupil's share; None where chance alone explains it.

    Raises
    ------
    ValueError
        If shares with this mean cannot vary that much.

    Examples
    --------
    >>> spread, within = days_law(0.07, 0.0910, 0.637, 20)
    >>> round(spread, 1), within is None or within > 100
    (11.3, True)
    """
    between = reliability * sd**2
    if between >= mean * (1 - mean):
        raise ValueError(f"shares with mean {mean:g} cannot have a standard deviation of {sd:g}.")
    chance = mean * (1 - mean) - between
    inflation = (1 - reliability) * sd**2 * days / chance
    overdispersion = mean * (1 - mean) / between - 1
    share = (inflation - 1) / (days - 1) if days > 1 else 0.0
    if share < 1e-6:  # no more than chance; a vast a + b would only lose digits
        return overdispersion, None
    return overdispersion, 1 / min(share, 1 - 1e-6) - 1


def within_group(norms: Norms, mean: float, sd: float) -> Norms:
    """Return the values that hold within a group chosen by something else than this scale.

    The error of measurement is the population's, the spread of true scores the group's own: the
    group does not move towards the population's mean, only single pupils towards the group's.

    Parameters
    ----------
    norms : Norms
        Population values.
    mean, sd : float
        Mean and standard deviation of the measure before in the group.

    Returns
    -------
    Norms
        Group's mean and spread, reliability 1 - S_E^2 / sd^2, the drift of the population's mean.

    Examples
    --------
    >>> from absence_risk.stats.reliable_change import Norms
    >>> round(within_group(Norms(sd=1.0, reliability=0.8), 2.0, 0.8).reliability, 4)
    0.6875
    """
    drift = 0.0
    if norms.mean is not None and norms.mean_post is not None:
        drift = norms.mean_post - norms.mean
    return Norms(
        sd=sd,
        reliability=max(1 - (norms.error_sd / sd) ** 2, 1e-6),
        mean=mean,
        mean_post=mean + drift,
    )


def absent_days(
    days: tuple[int, int], *, mean: float, overdispersion: float, within: float | None = None
) -> npt.NDArray[np.float64]:
    """Return the joint law of absent days in two windows of one pupil, with no programme.

    A pupil's share is Beta with the given mean and a + b = ``overdispersion``; given the share,
    days are binomial, or beta-binomial with a + b = ``within`` where absence comes in spells.
    Summed by Gauss-Jacobi quadrature over the share, which is exact where ``within`` is None.

    Parameters
    ----------
    days : (int, int)
        School days of the two windows.
    mean : float
        Mean share of absence, in (0, 1).
    overdispersion : float
        a + b of the Beta law of the pupils' shares, above 0.
    within : float or None
        a + b of the law of one window around the pupil's share; none if None.

    Returns
    -------
    numpy.ndarray of float, shape (days[0] + 1, days[1] + 1)
        Probabilities, summing to 1.

    Raises
    ------
    ValueError
        If a window is below 1 day, the mean is not in (0, 1), or a spread is not positive.

    Examples
    --------
    >>> joint = absent_days((20, 20), mean=0.07, overdispersion=11.4)
    >>> less = np.tril(joint, -1)[4:].sum() / joint[4:].sum()
    >>> round(100 * float(less), 1)
    68.2
    """
    from scipy import special  # noqa: PLC0415

    for window in days:
        check.positive_int(window, "days")
    check.probability(mean, "mean")
    if overdispersion <= 0 or (within is not None and within <= 0):
        raise ValueError("overdispersion and within must be above 0.")
    a, b = mean * overdispersion, (1 - mean) * overdispersion
    # Jacobi weights carry the Beta density; degree sum(days) needs half as many nodes.
    nodes = sum(days) // 2 + 1 if within is None else max(sum(days), 200)
    x, weight = special.roots_jacobi(nodes, b - 1, a - 1)
    share, weight = (1 + x) / 2, weight / weight.sum()
    first, second = (_counts(window, share, within) for window in days)
    return np.asarray((first * weight[:, None]).T @ second)


def _counts(
    n: int, share: npt.NDArray[np.float64], within: float | None
) -> npt.NDArray[np.float64]:
    """Return the law of absent days at each share, shape (len(share), n + 1)."""
    from scipy.special import betaln, gammaln  # noqa: PLC0415

    k = np.arange(n + 1)
    choose = gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1)
    p = share[:, None]
    if within is None:
        return np.asarray(np.exp(choose + k * np.log(p) + (n - k) * np.log1p(-p)))
    a, b = within * p, within * (1 - p)
    return np.asarray(np.exp(choose + betaln(k + a, n - k + b) - betaln(a, b)))


def selected_share(
    joint: npt.NDArray[np.float64],
    chosen: npt.NDArray[np.bool_],
    responds: npt.NDArray[np.bool_],
) -> float:
    """Return the share of responders among those selected by their days before.

    Parameters
    ----------
    joint : numpy.ndarray of float, shape (m, k)
        Law of days before (rows) and after (columns).
    chosen : numpy.ndarray of bool, shape (m,)
        Days before at which pupils are selected.
    responds : numpy.ndarray of bool, shape (m, k)
        Pairs of days that count as a response.

    Returns
    -------
    float
        Share in [0, 1].

    Raises
    ------
    ValueError
        If nobody would be selected.

    Examples
    --------
    >>> joint = np.full((2, 2), 0.25)
    >>> selected_share(joint, np.array([False, True]), np.tril(np.ones((2, 2)), -1) > 0)
    0.5
    """
    mass = float(joint[chosen].sum())
    if mass <= 0:
        raise ValueError("nobody is selected by this cut")
    return float(joint[chosen][responds[chosen]].sum()) / mass
