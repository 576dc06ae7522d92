"""The share of pupils who fare better, beside the share expected with no programme."""

from __future__ import annotations

from typing import TYPE_CHECKING

from absence_risk.evaluation.arms import arms, expect
from absence_risk.evaluation.outcomes import Rate
from absence_risk.evaluation.rows import rows_of
from absence_risk.result import Estimate, Table

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    import numpy.typing as npt

    from absence_risk.evaluation.outcomes import Outcome
    from absence_risk.evaluation.pairs import Paired
    from absence_risk.evaluation.prepost import PrePost

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
    rows: list[Estimate] = []
    for term, measured in _asked(study.outcomes[name], name).items():
        found = expect(ready, measured)
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
            note="Expected: share with no programme, by the same regression on pupils outside it; "
            "halved: at most half of the level before, which was above zero.",
        ),
    )


def _asked(outcome: Outcome, name: str) -> dict[str, Callable[[Paired], npt.NDArray[np.float64]]]:
    if outcome.better == "higher":
        return {f"better {name}": lambda p: (p.post > p.pre).astype(float)}
    asked: dict[str, Callable[[Paired], npt.NDArray[np.float64]]] = {
        f"less {name}": lambda p: (p.post < p.pre).astype(float)
    }
    if isinstance(outcome, Rate):
        asked[f"{name} halved"] = lambda p: ((p.post <= p.pre / 2) & (p.pre > 0)).astype(float)
    return asked
