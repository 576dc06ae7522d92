"""Share of responders to be expected with no programme, by exact integration."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from absence_risk import check

if TYPE_CHECKING:
    import numpy.typing as npt

    from absence_risk.stats.reliable_change import LinearRule, Norms

__all__ = [
    "AfterGivenBefore",
    "absent_days",
    "after_given_before",
    "mean_below",
    "selected_share",
    "unselected_shares",
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


def mean_below(
    after_below: npt.NDArray[np.float64], before: npt.NDArray[np.float64], law: AfterGivenBefore
) -> float:
    """Return the expected share of pupils whose measure after lies at or below a limit.

    The mean over pupils of Phi((limit - mean after given before) / sd). It holds whatever the
    selection was, as long as it used nothing but the measure before.

    Parameters
    ----------
    after_below : numpy.ndarray of float, shape (n,)
        Limit of each pupil, may be infinite.
    before : numpy.ndarray of float, shape (n,)
        Measure before.
    law : AfterGivenBefore
        Law of the measure after.

    Returns
    -------
    float
        Share in [0, 1].

    Examples
    --------
    >>> law = AfterGivenBefore(constant=0.0, slope=0.5, sd=1.0)
    >>> mean_below(np.array([1.0]), np.array([2.0]), law)
    0.5
    """
    from scipy.special import ndtr  # noqa: PLC0415 (a slow import)

    return float(ndtr((after_below - law.constant - law.slope * before) / law.sd).mean())


def unselected_shares(
    rule: LinearRule, cut: float, *, norms: Norms, group: tuple[float, float]
) -> tuple[float, float]:
    """Return the shares beyond the cut, either way, in a group not selected on this scale.

    True scores of the group are normal with the group's mean and its variance less S_E^2, and
    measured twice with independent errors: the index is normal too.

    Parameters
    ----------
    rule : LinearRule
        Index.
    cut : float
        Cut on the index, above 0.
    norms : Norms
        Population values; error variances and the drift of the mean come from here.
    group : (float, float)
        Mean and SD of the measure before in the group.

    Returns
    -------
    tuple of two float
        Expected shares with index at or above the cut, and at or below minus the cut.

    Examples
    --------
    >>> from absence_risk.stats.reliable_change import Norms, linear_rule
    >>> norms = Norms(sd=1.0, reliability=0.8)
    >>> high, low = unselected_shares(linear_rule("JT", norms), 1.96, norms=norms, group=(2.0, 1.0))
    >>> round(high, 4), round(low, 4)
    (0.025, 0.025)
    """
    from scipy.special import ndtr  # noqa: PLC0415

    mean, sd = group
    error = norms.error_sd**2
    sd_post = norms.sd if norms.sd_post is None else norms.sd_post
    r_post = norms.reliability if norms.reliability_post is None else norms.reliability_post
    drift = 0.0
    if norms.mean is not None and norms.mean_post is not None:
        drift = norms.mean_post - norms.mean
    true = max(sd**2 - error, 0.0)
    centre = rule.constant + (rule.before + rule.after) * mean + rule.after * drift
    spread = np.sqrt(
        (rule.before + rule.after) ** 2 * true
        + rule.before**2 * error
        + rule.after**2 * sd_post**2 * (1 - r_post)
    )
    return float(ndtr((centre - cut) / spread)), float(ndtr((-cut - centre) / spread))


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
