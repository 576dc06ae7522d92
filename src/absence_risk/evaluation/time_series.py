"""Interrupted time series: level and slope of one series before and after a start."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from absence_risk import check
from absence_risk.errors import DesignError
from absence_risk.evaluation.comparison_result import (
    Better,
    Reading,
    Words,
    comparison_result,
    t_row,
)
from absence_risk.evaluation.comparison_rows import numbers_of
from absence_risk.result import FlowStep, Table
from absence_risk.stats.prais_winsten import fit_prais_winsten, satterthwaite_df

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt
    import pandas as pd

    from absence_risk.result import Estimate, Result

    Floats = npt.NDArray[np.float64]
    # Coefficients, covariance, and degrees of freedom of a contrast.
    _Fit = tuple[Floats, Floats, Callable[[Floats], float]]

__all__ = ["interrupted_time_series"]

_PICKED = (
    "the pupils of the series were chosen by their own values in it, so it comes down after the "
    "start with no programme at all"
)
_FEW = (
    "An interrupted series needs at least {least} periods on each side of the start; there are "
    "{before} before and {after} after it. What can still be said: the mean on each side, "
    "described. Use shorter periods or a longer register."
)


def interrupted_time_series(
    series: pd.DataFrame,
    *,
    outcome: str,
    time: str,
    start: float,
    chosen_by_outcome: bool,
    lags: int | None = None,
    least: int = 8,
    better: Better = "lower",
    margin: float = 0.0,
    unit: str = "units of the outcome",
    definition: str = "outcome as given by the user",
    conf_level: float = 0.95,
) -> Result:
    """Ask whether a series leaves its own earlier trend when a programme starts.

    y = b₀ + b₁ t + b₂ [t ≥ start] + b₃ (t − start)₊ + error. The verdict rests on Prais–Winsten
    with the autocorrelation by restricted maximum likelihood (as nlme's gls with AR1) and
    Satterthwaite degrees of freedom (Turner et al. 2021, BMC Med Res Methodol 21:181). Beside it
    stands least squares with Newey–West errors (1987, Econometrica 55:703) times n/(n − k), t with
    n − k. With nothing done, in series of 20 or 40 points with autocorrelation 0 to 0.6, the first
    is wrong in 3 to 7 % and Newey–West in 19 to 30 % (250 series each).

    Parameters
    ----------
    series : pandas.DataFrame
        One row per period; periods equally spaced without gaps (number school months 1, 2, …).
    outcome, time : str
        Columns of the outcome and of the period (numbers).
    start : float
        First period with the programme.
    chosen_by_outcome : bool
        Whether the pupils of the series were picked for their own values in it; True holds the
        verdict back. A whole municipality's series is not so picked.
    lags : int or None
        Newey–West lags; None takes ⌊4 (n/100)^(2/9)⌋.
    least : int
        Fewest periods on each side, at least 3; 8 is an assumption of this package.
    better : {"lower", "higher"}
        Direction of improvement.
    margin : float
        Difference too small to matter.
    unit, definition : str
        Unit of the outcome, and outcome in words.
    conf_level : float
        Confidence level, in (0, 1).

    Returns
    -------
    Result
        Estimate: fitted mean after the start; benchmark: what the earlier trend leads one to expect
        there; beyond: their difference. Tables "change" and "segments" (level, slopes and mean
        difference by both fits).

    Raises
    ------
    DesignError
        If there are too few periods on a side, or the series has gaps.
    ValueError
        If a column is missing or wrong, a period stands twice, or an argument is out of range.

    Examples
    --------
    >>> import pandas as pd
    >>> rng = np.random.default_rng(3)
    >>> t = np.arange(1, 31)
    >>> months = pd.DataFrame({"t": t, "y": 8 - 2.0 * (t >= 16) + rng.normal(0, 0.3, 30)})
    >>> found = interrupted_time_series(months, outcome="y", time="t", start=16,
    ...     chosen_by_outcome=False)
    >>> found.verdict.answer
    'supported'
    """
    if check.positive_int(least, "least") < 3:
        raise ValueError(f"least must be at least 3, got {least}.")
    reading = Reading(
        better=better, margin=margin, unit=unit, definition=definition, conf_level=conf_level
    )
    t, y = _ordered(series, outcome, time)
    after = _after(t, start, time, least)
    n_before, n_after = int((~after).sum()), int(after.sum())
    first = float(t[after][0])
    X = np.column_stack([np.ones(len(t)), t - first, after, np.maximum(t - first, 0.0)])
    reach = int(4 * (len(t) / 100) ** (2 / 9)) if lags is None else lags
    if check.seed(reach, "lags") >= len(t):
        raise ValueError(f"lags must be a whole number from 0 to {len(t) - 1}, got {lags}.")
    pw = fit_prais_winsten(X, y)
    fits: dict[str, _Fit] = {
        "prais-winsten": (pw.beta, pw.covariance, lambda c: satterthwaite_df(X, y, pw.rho, c)),
        "newey-west": (*_newey_west(X, y, int(reach)), lambda _: float(pw.df)),
    }
    rows = {name: _segments(X, fit, name, conf_level) for name, fit in fits.items()}
    mean = X[after].mean(axis=0)
    expected = mean * [1, 1, 0, 0]
    one, two, three = (
        _row(term, c, fits["prais-winsten"], conf_level=conf_level, group="prais-winsten", n=n)
        for term, c, n in (
            ("observed", mean, n_after),
            ("expected from the earlier trend", expected, n_before),
            ("difference", mean - expected, len(t)),
        )
    )
    return comparison_result(
        _words(len(t), pw.rho, int(reach)),
        (one, two, three),
        reading,
        held_back=(_PICKED,) if check.flag(chosen_by_outcome, "chosen_by_outcome") else (),
        reasons=(
            "Whatever else began at the same time looks the same; a series of a comparison group "
            "would tell.",
            "A trend carried on is a strong assumption: it weighs more with every period.",
        ),
        n=len(t),
        flow=(
            FlowStep(step="periods before the start", n=n_before),
            FlowStep(step="periods from the start on", n=n_after),
        ),
        tables=(
            Table(
                name="segments",
                title="Level and slopes before and after the start",
                rows=(*rows["prais-winsten"], *rows["newey-west"]),
                note="Slopes per period; group: how errors are handled.",
            ),
        ),
    )


def _after(t: Floats, start: float, time: str, least: int) -> npt.NDArray[np.bool_]:
    """Return which periods lie from the start on, or raise where a side is too short."""
    if not isinstance(start, int | float | np.number) or not np.isfinite(start):
        raise ValueError(
            f"start must be a number in the terms of {time}, got {start!r}. Number the periods "
            "1, 2, …"
        )
    after = np.asarray(t >= start)
    before, since = int((~after).sum()), int(after.sum())
    if min(before, since) < least:
        raise DesignError(_FEW.format(least=least, before=before, after=since))
    return after


def _words(n: int, rho: float, lags: int) -> Words:
    return Words(
        id="evaluation.interrupted_time_series",
        formula="mean after the start, minus the mean that the trend before it leads one to expect",
        population="the periods after the start",
        benchmark_is="the trend before the start, carried on",
        against="the earlier trend",
        method=f"segmented regression of {n} periods; Prais–Winsten with autocorrelation "
        f"{rho:.2f} (REML) and Satterthwaite degrees of freedom; beside it least squares with "
        f"{lags} Newey–West lags",
    )


def _ordered(series: pd.DataFrame, outcome: str, time: str) -> tuple[Floats, Floats]:
    check.columns(series.columns, [outcome, time], "series")
    values = numbers_of(series, [time, outcome])
    missing = int(np.isnan(values).any(axis=1).sum())
    if missing:
        raise DesignError(
            f"{missing} periods have no value, and autocorrelation needs all of them in a row. "
            "Take a stretch without gaps, or number school months so that holidays are no gap."
        )
    values = values[np.argsort(values[:, 0], kind="stable")]
    steps = np.diff(values[:, 0])
    if (steps == 0).any():
        raise ValueError(f"{int((steps == 0).sum())} periods stand twice; keep one row of each.")
    if len(steps) and np.ptp(steps) > 1e-9 * float(np.abs(steps).max()):
        raise DesignError(
            "The periods are not equally spaced, so neighbours are not equally far apart. Number "
            "school months 1, 2, … so that holidays are no gap, or fill what is missing."
        )
    return values[:, 0], values[:, 1]


def _newey_west(X: Floats, y: Floats, lags: int) -> tuple[Floats, Floats]:
    from statsmodels.regression.linear_model import OLS  # noqa: PLC0415 (imports take a second)

    # statsmodels calls n/(n - k) use_correction, as sandwich calls it adjust.
    options = {"maxlags": lags, "use_correction": True}
    fit: Any = OLS(y, X).fit(cov_type="HAC", cov_kwds=options)
    return np.asarray(fit.params), np.asarray(fit.cov_params())


def _row(
    term: str,
    c: Floats,
    fit: _Fit,
    *,
    conf_level: float,
    group: str,
    n: int,
) -> Estimate:
    beta, covariance, freedom = fit
    error = float(np.sqrt(max(float(c @ covariance @ c), 0.0)))
    return t_row(term, float(c @ beta), error, freedom(c), conf_level, n=n, group=group, test=True)


def _segments(X: Floats, fit: _Fit, name: str, conf_level: float) -> tuple[Estimate, ...]:
    mean = X[X[:, 2] == 1].mean(axis=0) * [0, 0, 1, 1]
    contrasts = (
        ("slope before", np.array([0.0, 1, 0, 0])),
        ("change of level at the start", np.array([0.0, 0, 1, 0])),
        ("change of slope", np.array([0.0, 0, 0, 1])),
        ("mean difference after the start", mean),
    )
    return tuple(
        _row(term, c, fit, conf_level=conf_level, group=name, n=X.shape[0]) for term, c in contrasts
    )
