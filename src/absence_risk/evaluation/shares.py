"""The share of pupils who fare better, beside the share expected with no programme."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from absence_risk.evaluation.arms import arms, expect_each
from absence_risk.evaluation.free_baseline import with_free_baseline
from absence_risk.evaluation.outcomes import Rate
from absence_risk.evaluation.responders_rule import simple_classes
from absence_risk.evaluation.rows import rows_of
from absence_risk.result import Estimate, Table

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    from absence_risk.evaluation.outcomes import Outcome
    from absence_risk.evaluation.pairs import Paired
    from absence_risk.evaluation.prepost import PrePost
    from absence_risk.stats.change import Expectation

__all__ = ["share_table"]


def share_table(
    study: PrePost, name: str, *, benchmark: str = "registry", by_pupil: bool = False
) -> tuple[Table, ...]:
    """Return the share that fares better, observed, expected and the difference.

    Parameters
    ----------
    study : PrePost
        The study.
    name : str
        Name of the outcome.
    benchmark : str
        Only "registry" and "waiting_list" say what share to expect.
    by_pupil : bool
        Whether pupils count as independent.

    Returns
    -------
    tuple of Table
        One table "responders", or none where nothing says what to expect.
    """
    frame = {"registry": study.registry, "waiting_list": study.waiting_list}.get(benchmark)
    if frame is None:
        return ()
    ready = arms(study, name, frame, curved=benchmark == "registry", by_pupil=by_pupil)
    ready = with_free_baseline(ready)
    asked = _asked(study.outcomes[name], name)
    rows: list[Estimate] = []
    for term, one in zip(asked, expect_each(ready, asked.values()), strict=True):
        found = _possible(one)
        terms = (
            term,
            f"{term}, expected with no programme",
            f"{term}, beyond the benchmark",
        )
        n = len(ready.cases.pre)
        count = round(float(found.means[0]) * n)
        rows += rows_of(found, terms, n=n, conf_level=study.conf_level, n_events=count)
    return (
        Table(
            name="responders",
            title=f"Share of the team's pupils who fare better after than before ({name}), as a "
            "fraction",
            rows=tuple(rows),
            note="Expected: share with no programme, by regression on pupils outside it, in which "
            "the baseline enters freely where they are many; halved: at most half of "
            "the level before, which was above zero.",
        ),
    )


def _asked(outcome: Outcome, name: str) -> dict[str, Callable[[Paired], npt.NDArray[np.float64]]]:
    if outcome.better == "higher":
        return {f"better {name}": _responds("better", 1.0)}
    asked = {f"less {name}": _responds("better", -1.0)}
    if isinstance(outcome, Rate):
        asked[f"{name} halved"] = _responds("halved", -1.0)
    return asked


def _responds(rule: str, sign: float) -> Callable[[Paired], npt.NDArray[np.float64]]:
    """Return who is in the best class of a rule, by the rule `responders(rule=)` goes by."""

    def responds(pairs: Paired) -> npt.NDArray[np.float64]:
        classes = simple_classes(rule, pairs.pre, sign=sign, cut=None)
        best = classes.sort(pairs.post) == len(classes.labels) - 1
        return np.asarray(best, dtype=float)

    return responds


def _possible(found: Expectation) -> Expectation:
    """Keep an expected share within 0 and 1; a straight line does not."""
    observed, expected, _ = found.means
    expected = min(max(expected, 0.0), 1.0)
    return replace(found, means=np.array([observed, expected, observed - expected]))
