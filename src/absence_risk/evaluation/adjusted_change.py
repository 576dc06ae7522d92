"""Change against a comparison group, with or without adjustment for the measure before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

from absence_risk import check
from absence_risk.errors import DesignError
from absence_risk.evaluation.baseline import baseline_equivalence, equivalence_class
from absence_risk.evaluation.baseline import standardised_difference as difference
from absence_risk.evaluation.comparison_result import (
    NOT_SAME_RULE,
    Better,
    Reading,
    Words,
    comparison_result,
    t_row,
)
from absence_risk.evaluation.comparison_rows import arms_of, numbers_of
from absence_risk.evaluation.regressors import independent_columns
from absence_risk.result import Estimate, Table
from absence_risk.stats.cr2 import fit_cr2
from absence_risk.stats.sensitivity import robustness_value

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt
    import pandas as pd

    from absence_risk.evaluation.comparison_rows import Arms
    from absence_risk.result import Result

    Floats = npt.NDArray[np.float64]

__all__ = ["ancova", "held_back_by", "three_rows"]

_UNLIKE = (
    "the groups differ too much before the start ({size:.2f} standard deviations of {name}, above "
    "0.25) for adjustment to be trusted"
)


def ancova(
    frame: pd.DataFrame,
    *,
    pre: str,
    post: str,
    treated: str,
    same_rule: bool,
    id: str = "pupil_key",  # noqa: A002 (the word of the call shape)
    cluster: str | None = None,
    covariates: Sequence[str] = (),
    adjust: Literal["ancova", "change"] = "ancova",
    better: Better = "lower",
    margin: float = 0.0,
    unit: str = "units of the outcome",
    definition: str = "outcome and windows as given by the user",
    conf_level: float = 0.95,
) -> Result:
    """Compare the change with that of a comparison group chosen by the same selection rule.

    Least squares of post − pre on the programme, the covariates and, for "ancova", pre; CR2 errors
    with Satterthwaite degrees of freedom (Pustejovsky & Tipton 2018, J Bus Econ Stat 36:672).
    Pupils chosen by one rule regress to the mean alike; by another rule they do not, and nothing
    in the data repairs it, so ``same_rule`` must be stated and False holds the verdict back.

    Parameters
    ----------
    frame : pandas.DataFrame
        One row per pupil of both groups; rows with a missing measure are counted and left out.
    pre, post, treated : str
        Columns of the outcome before and after, and of who has the programme.
    same_rule : bool
        Whether the comparison group was chosen by the same rule, over the same window.
    id : str
        Column of the pupil's key.
    cluster : str or None
        Column whose groups may depend within, for example municipality_key.
    covariates : sequence of str
        Further measures before the start.
    adjust : {"ancova", "change"}
        Whether the measure before is adjusted for.
    better : {"lower", "higher"}
        Direction of improvement.
    margin : float
        Difference too small to matter, in units of the outcome.
    unit, definition : str
        Unit of the outcome, and outcome and windows in words.
    conf_level : float
        Confidence level, in (0, 1).

    Returns
    -------
    Result
        Tables "change" (observed, expected, difference), "baseline" and "sensitivity".

    Raises
    ------
    DesignError
        If an arm has fewer than five complete pupils, or regressors are collinear.
    ValueError
        If a column is missing or wrong, or a key stands twice.

    Examples
    --------
    >>> import pandas as pd
    >>> rng = np.random.default_rng(1)
    >>> pupils = pd.DataFrame({"pupil_key": range(80), "treated": np.arange(80) % 2,
    ...     "pre": rng.normal(20, 4, 80)})
    >>> pupils["post"] = 10 + 0.3 * pupils["pre"] + rng.normal(0, 3, 80)
    >>> ancova(pupils, pre="pre", post="post", treated="treated", same_rule=True).verdict.answer
    'undecidable'
    """
    check.choice(adjust, ("ancova", "change"), "adjust")
    reading = Reading(
        better=better, margin=margin, unit=unit, definition=definition, conf_level=conf_level
    )
    covariates = check.names(covariates)
    measured = [pre, post, *covariates]
    arms = arms_of(frame, id=id, treated=treated, measured=measured, cluster=cluster)
    values = numbers_of(arms.frame, measured)
    beside = values[:, [0, *range(2, values.shape[1])]] if adjust == "ancova" else values[:, 2:]
    change = values[:, 1] - values[:, 0]
    told = [pre, *covariates] if adjust == "ancova" else list(covariates)
    _check_new(beside, arms.treated, told)
    rows = three_rows(arms, change, beside, conf_level)
    before = values[:, [0, *range(2, values.shape[1])]]
    names = [pre, *covariates]
    how = "adjusted for the measure before" if adjust == "ancova" else "change, not adjusted for it"
    words = Words(
        id=f"evaluation.{'ancova' if adjust == 'ancova' else 'change_against_comparison'}",
        formula="mean change of pupils with the programme, minus the change expected of them from "
        f"the comparison group ({how})",
        population="pupils with the programme and all measures known",
        benchmark_is="the change that the comparison group leads one to expect of these pupils",
        against="the comparison group",
        method=f"least squares of the change, {how}; CR2 errors with Satterthwaite degrees of "
        f"freedom, {arms.clustered}",
    )
    return comparison_result(
        words,
        rows,
        reading,
        held_back=held_back_by(same_rule, arms, before[:, 0], pre),
        reasons=arms.notes,
        n=len(arms.frame),
        flow=arms.flow,
        tables=(
            baseline_equivalence(before, names, arms.treated),
            _robustness(arms, change, beside),
        ),
    )


def _check_new(beside: Floats, treated: npt.NDArray[np.bool_], names: Sequence[str]) -> None:
    """Raise, by name, where a covariate is constant or says what others say."""
    design = np.column_stack([np.ones(len(beside)), treated, beside])
    kept = set(independent_columns(design).tolist())
    idle = [name for place, name in enumerate(names, start=2) if place not in kept]
    if idle:
        raise DesignError(
            f"{', '.join(idle)} does not vary, or says only what the others say, so the change "
            "cannot be adjusted for it. Leave it out (adjust='change' for the measure before)."
        )


def held_back_by(same_rule: bool, arms: Arms, before: Floats, name: str) -> tuple[str, ...]:
    """Return why the design carries no conclusion, as parts of sentences.

    Parameters
    ----------
    same_rule : bool
        Whether both groups were chosen by the same rule.
    arms : Arms
        The rows.
    before : numpy.ndarray of float64, shape (n,)
        The outcome before the start.
    name : str
        Its name.

    Returns
    -------
    tuple of str
        Reasons; empty where there are none.
    """
    found = () if check.flag(same_rule, "same_rule") else (NOT_SAME_RULE,)
    size = difference(before, arms.treated)
    if equivalence_class(size) == "fails":
        found = (*found, _UNLIKE.format(size=abs(size), name=name))
    return found


def three_rows(
    arms: Arms, change: Floats, beside: Floats, conf_level: float, weights: Floats | None = None
) -> tuple[Estimate, Estimate, Estimate]:
    """Return observed, expected and their difference from a regression of the change.

    Parameters
    ----------
    arms : Arms
        The rows.
    change : numpy.ndarray of float64, shape (n,)
        The change.
    beside : numpy.ndarray of float64, shape (n, k)
        What is adjusted for; k may be 0.
    conf_level : float
        Confidence level.
    weights : numpy.ndarray of float64, shape (n,), or None
        Weights of the rows.

    Returns
    -------
    tuple of Estimate
        The three rows; no intervals where an arm lies in a single cluster.
    """
    treated = arms.treated
    w = np.ones(len(change)) if weights is None else weights
    centre = np.average(beside[treated], axis=0, weights=w[treated]) if beside.shape[1] else 0.0
    spread = np.where(beside.std(axis=0) > 0, beside.std(axis=0), 1.0)
    X = np.column_stack([np.ones(len(change)), treated, (beside - centre) / spread])
    n1, n0 = arms.n_treated, int((~treated & (w > 0)).sum())
    terms = ("observed", "expected from the comparison group", "difference")
    if not arms.carries:
        root = np.sqrt(w)
        b = np.linalg.lstsq(X * root[:, None], change * root, rcond=None)[0]
        values = (float(b[0] + b[1]), float(b[0]), float(b[1]))
        one, two, three = (
            Estimate(term=term, estimate=value, n=n)
            for term, value, n in zip(terms, values, (n1, n0, n1 + n0), strict=True)
        )
        return one, two, three
    fit = fit_cr2(X, change, arms.codes, weights)
    rest = [0.0] * beside.shape[1]
    # The observed mean is what it is, whatever is adjusted for.
    seen = treated & (w > 0)
    plain = fit_cr2(np.ones((int(seen.sum()), 1)), change[seen], arms.codes[seen]).contrast([1.0])
    found = [plain, *(fit.contrast([*c, *rest]) for c in ((1, 0), (0, 1)))]
    one, two, three = (
        t_row(term, c.estimate, c.std_error, c.df, conf_level, n=n, test=term == "difference")
        for term, c, n in zip(terms, found, (n1, n0, n1 + n0), strict=True)
    )
    return one, two, three


def _robustness(arms: Arms, change: Floats, beside: Floats) -> Table:
    """Return how much of the residual variance a confounder must explain."""
    X = np.column_stack([np.ones(len(change)), arms.treated, beside])
    df = len(change) - X.shape[1]
    b, rss = np.linalg.lstsq(X, change, rcond=None)[:2]
    rows: tuple[Estimate, ...] = ()
    if len(rss) and rss[0] > 0 and df > 1:
        t = float(b[1] / np.sqrt(rss[0] / df * np.linalg.inv(X.T @ X)[1, 1]))
        found = robustness_value(t, df)
        rows = (
            Estimate(term="robustness value of the difference", estimate=found.estimate),
            Estimate(term="partial R² of the programme", estimate=found.partial_r2),
        )
    return Table(
        name="sensitivity",
        title="Share of residual variance that something unmeasured must explain",
        rows=rows,
        note="A confounder that explains this share of both programme and change brings the "
        "difference to none (Cinelli & Hazlett 2020), pupils taken as independent.",
    )
