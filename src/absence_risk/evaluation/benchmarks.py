"""What would have been seen with no programme: one function per benchmark."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from absence_risk.errors import DesignError
from absence_risk.evaluation.arms import arms, expect
from absence_risk.evaluation.regressors import described

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import numpy as np
    import numpy.typing as npt

    from absence_risk.evaluation.pairs import Paired
    from absence_risk.evaluation.prepost import PrePost
    from absence_risk.result import Table
    from absence_risk.stats.change import Expectation

__all__ = ["BENCHMARKS", "Against", "difference"]


@dataclass(frozen=True, eq=False, kw_only=True)
class Against:
    """A benchmark: the figures and what they rest on.

    Parameters
    ----------
    found : Expectation
        Observed, expected and beyond; NaN where not known.
    benchmark_is : str
        What the benchmark is, in one phrase.
    method : str
        Estimator and source.
    assumes : str
        What must hold for the benchmark, as a sentence.
    tables : tuple of Table
        Further tables.
    """

    found: Expectation
    benchmark_is: str
    method: str
    assumes: str
    tables: tuple[Table, ...] = ()


def difference(pairs: Paired) -> npt.NDArray[np.float64]:
    """Return the change of each pair, after minus before.

    Parameters
    ----------
    pairs : Paired
        Complete pairs.

    Returns
    -------
    numpy.ndarray of float, shape (n,)
        Changes.
    """
    return pairs.post - pairs.pre


def _registry(study: PrePost, name: str, *, by_pupil: bool) -> Against:
    """Registry regression on untreated pupils over the same windows."""
    if study.registry is None:
        raise DesignError("The study has no registry of untreated pupils.")
    ready = arms(study, name, study.registry, by_pupil=by_pupil)
    return Against(
        found=expect(ready, difference),
        benchmark_is="the change expected with no programme: how the outcome changed, over the "
        "same windows, among pupils without a case at the time who had like levels before",
        method="registry regression: least squares of the change of untreated pupils on "
        f"{described(study.match_on, study.within, curved=True)}, predicted for the team's pupils",
        assumes="The comparison takes it that, given what is known before, the team's pupils would "
        "have followed the untreated ones; a school that refers those it worries most about "
        "breaks this, and makes the team look worse than it is. Help that some of the pupils "
        "compared with get later does the same.",
    )


BENCHMARKS: Mapping[str, Callable[..., Against]] = {"registry": _registry}
