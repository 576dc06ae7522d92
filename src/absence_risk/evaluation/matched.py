"""A comparison group made alike by matching or weights."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from absence_risk import check
from absence_risk.errors import DesignError
from absence_risk.evaluation.adjusted_change import three_rows
from absence_risk.evaluation.baseline import (
    baseline_equivalence,
    equivalence_class,
    standardised_difference,
)
from absence_risk.evaluation.comparison_result import (
    NOT_SAME_RULE,
    Better,
    Reading,
    Words,
    comparison_result,
)
from absence_risk.evaluation.comparison_rows import FEWEST_PER_ARM, arms_of, numbers_of
from absence_risk.result import Estimate, FlowStep, Table
from absence_risk.stats.matching import (
    entropy_weights,
    mahalanobis_points,
    neighbour_weights,
    odds_weights,
    propensity_logit,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    import numpy.typing as npt
    import pandas as pd

    from absence_risk.evaluation.comparison_rows import Arms
    from absence_risk.result import Result

    Floats = npt.NDArray[np.float64]

__all__ = ["Weighting", "matched_comparison"]

Weighting = Literal["propensity", "mahalanobis", "ipw", "entropy"]
WEIGHTINGS: tuple[Weighting, ...] = ("propensity", "mahalanobis", "ipw", "entropy")
_RULES = {
    "propensity": "nearest neighbours on the log odds of a propensity score, with replacement, "
    "ties share",
    "mahalanobis": "nearest neighbours by Mahalanobis distance, with replacement, ties share",
    "ipw": "weights p/(1 − p) from a propensity score",
    "entropy": "entropy-balancing weights on the means",
}


def matched_comparison(
    frame: pd.DataFrame,
    *,
    pre: str,
    post: str,
    treated: str,
    same_rule: bool,
    by: Weighting = "entropy",
    covariates: Sequence[str] = (),
    neighbours: int = 1,
    caliper: float | None = None,
    id: str = "pupil_key",  # noqa: A002 (the word of the call shape)
    cluster: str | None = None,
    better: Better = "lower",
    margin: float = 0.0,
    unit: str = "units of the outcome",
    definition: str = "outcome and windows as given by the user",
    conf_level: float = 0.95,
) -> Result:
    """Compare the change with that of comparison pupils matched or weighted to be alike.

    Weights make the comparison group like the treated in ``pre`` and the covariates; the change is
    then regressed on the programme and the same measures with these weights (both ways of
    adjusting at once), CR2 errors with Satterthwaite degrees of freedom, weights taken as fixed.

    Parameters
    ----------
    frame : pandas.DataFrame
        One row per pupil of both groups; rows with a missing measure are counted and left out.
    pre, post, treated : str
        Columns of the outcome before and after, and of who has the programme.
    same_rule : bool
        Whether ``pre`` and the covariates hold all that the selection rule looked at, or the
        comparison group met the same rule; False holds the verdict back.
    by : {"entropy", "ipw", "propensity", "mahalanobis"}
        How weights are made.
    covariates : sequence of str
        Further measures before the start.
    neighbours : int
        Neighbours of each treated pupil, for the two ways of matching.
    caliper : float or None
        Largest distance allowed, in standard deviations of the log odds or as Mahalanobis distance.
    id : str
        Column of the pupil's key.
    cluster : str or None
        Column whose groups may depend within.
    better : {"lower", "higher"}
        Direction of improvement.
    margin : float
        Difference too small to matter.
    unit, definition : str
        Unit of the outcome, and outcome and windows in words.
    conf_level : float
        Confidence level, in (0, 1).

    Returns
    -------
    Result
        Tables "change", "baseline" (standardised differences before and after: a Love plot) and
        "weights" (effective number of comparison pupils, largest share of one).

    Raises
    ------
    DesignError
        If an arm is too small, before or after matching.
    EstimationError
        If covariates separate the groups or are collinear, or no weights balance them.
    ValueError
        If an argument is out of range, a column is missing or wrong, or a key stands twice.

    Examples
    --------
    >>> import pandas as pd
    >>> import numpy as np
    >>> rng = np.random.default_rng(2)
    >>> pupils = pd.DataFrame({"pupil_key": range(90), "treated": np.arange(90) % 3 == 0})
    >>> pupils["pre"] = rng.normal(20, 4, 90) + pupils["treated"]
    >>> pupils["post"] = 10 + 0.3 * pupils["pre"] + rng.normal(0, 3, 90)
    >>> found = matched_comparison(pupils, pre="pre", post="post", treated="treated",
    ...     same_rule=True)
    >>> [row.group for row in found.table("baseline").rows]
    ['before: fails', 'after: satisfied']
    """
    check.choice(by, WEIGHTINGS, "by")
    check.positive_int(neighbours, "neighbours")
    if caliper is not None and not caliper > 0:
        raise ValueError(f"caliper must be above 0, got {caliper:g}.")
    reading = Reading(
        better=better, margin=margin, unit=unit, definition=definition, conf_level=conf_level
    )
    covariates = check.names(covariates)
    measured = [pre, post, *covariates]
    arms = arms_of(frame, id=id, treated=treated, measured=measured, cluster=cluster)
    values = numbers_of(arms.frame, measured)
    before, change = values[:, [0, *range(2, values.shape[1])]], values[:, 1] - values[:, 0]
    weights = _weights(before, arms, by, neighbours, caliper)
    matched = int((weights[arms.treated] > 0).sum())
    used = int((weights[~arms.treated] > 0).sum())
    if min(matched, used) < FEWEST_PER_ARM:
        raise DesignError(
            f"Matching leaves {matched} treated and {used} comparison pupils; at least "
            f"{FEWEST_PER_ARM} of each are needed. Widen the caliper or use more neighbours."
        )
    words = Words(
        id="evaluation.matched_comparison",
        formula="mean change of pupils with the programme, minus the change expected of them from "
        "like comparison pupils",
        population="pupils with the programme who have like comparison pupils",
        benchmark_is="the change of comparison pupils weighted to be like those with the programme",
        against="like pupils of the comparison group",
        method=f"{_RULES[by]}; weighted least squares of the change on the programme and the same "
        f"measures; CR2 errors with Satterthwaite degrees of freedom, {arms.clustered}",
    )
    after = standardised_difference(before[:, 0], arms.treated, weights)
    held = () if check.flag(same_rule, "same_rule") else (NOT_SAME_RULE,)
    if equivalence_class(after) == "fails":
        held = (*held, f"the groups stay {abs(after):.2f} standard deviations apart in {pre}")
    return comparison_result(
        words,
        three_rows(arms, change, before, conf_level, weights),
        reading,
        held_back=held,
        reasons=(*arms.notes, "Likeness is in what was measured; the rest can differ."),
        n=matched + used,
        flow=(
            *arms.flow,
            FlowStep(step="with the programme and like comparison pupils", n=matched),
            FlowStep(step="comparison pupils used", n=used),
        ),
        tables=(
            baseline_equivalence(before, [pre, *covariates], arms.treated, weights),
            _weights_table(weights[~arms.treated], used),
        ),
    )


def _weights(
    before: Floats, arms: Arms, by: Weighting, neighbours: int, caliper: float | None
) -> Floats:
    treated = arms.treated
    if by == "entropy":
        return entropy_weights(before, treated)
    if by == "mahalanobis":
        points = mahalanobis_points(before, treated)
    else:
        logit = propensity_logit(before, treated)
        if by == "ipw":
            return odds_weights(logit, treated)
        points = (logit / logit.std(ddof=1))[:, None]
    if neighbours > (~treated).sum():
        raise ValueError(f"neighbours must be at most the {int((~treated).sum())} pupils compared.")
    return neighbour_weights(points, treated, neighbours=neighbours, caliper=caliper)


def _weights_table(weights: Floats, used: int) -> Table:
    total = float(weights.sum())
    rows = (
        Estimate(
            term="effective number of comparison pupils",
            estimate=total**2 / float((weights**2).sum()),
            n=used,
        ),
        Estimate(term="largest share of one pupil", estimate=float(weights.max()) / total, n=used),
    )
    return Table(
        name="weights",
        title="How many comparison pupils carry the expectation",
        rows=rows,
        note="Effective number: (Σw)²/Σw².",
    )
