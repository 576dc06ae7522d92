"""Cases before and after, beside untreated pupils over the same windows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from absence_risk import check
from absence_risk.errors import DesignError
from absence_risk.evaluation.cohorts import DROPPED
from absence_risk.evaluation.measure import MEASURES
from absence_risk.evaluation.regressors import DESCRIBED, regressors
from absence_risk.evaluation.verdict import judge
from absence_risk.result import Estimand, Estimate, FlowStep, Result, Table
from absence_risk.stats.change import Expectation, Sample, expected_beside_observed
from absence_risk.stats.sandwich import t_inference

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd

__all__ = ["PrePost"]

_FEWEST_CASES = 10
_KEPT = (
    "first case of a pupil",
    "started by the team",
    "with a full month before detection",
    "with enough school days before the alarm month",
    "with enough school days in the follow-up window",
    "with enough absence in the alarm month to be compared",
    "with untreated pupils who had an alarm in the same month",
)
_BENCHMARK_IS = (
    "the change expected with no programme: how absence changed, over the same windows, among "
    "pupils without a case at the time who had like absence before and in the same alarm month"
)


@dataclass(frozen=True, eq=False, kw_only=True)
class PrePost:
    """A before/after comparison of a team's pupils with untreated pupils.

    Parameters
    ----------
    cases : pandas.DataFrame
        One row per case: pupil_key, the cluster, cohort (alarm month), before, after, alarm_total,
        alarm_invalid (shares in [0, 1]) and dropped (empty where the case is used, else why not),
        as `case_windows` makes it.
    registry : pandas.DataFrame
        One row per untreated pupil and cohort with the same columns but dropped, as
        `registry_windows` makes it.
    cluster : str
        Column whose groups may depend within.
    definition : str
        Absence definition and windows in words.
    margin : float
        Change beyond the benchmark that is too small to matter, as a share of school time.
    conf_level : float
        Confidence level of all intervals, in (0, 1).

    Raises
    ------
    DesignError
        If there is no registry, or fewer than ten cases can be used.
    ValueError
        If a column is missing, a pupil has two used cases, or a share lies outside [0, 1].

    Examples
    --------
    >>> import pandas as pd
    >>> rng = np.random.default_rng(1)
    >>> def pupils(first, n):
    ...     return pd.DataFrame({
    ...         "pupil_key": np.arange(first, first + n), "school_key": np.arange(n) % 6,
    ...         "cohort": 202510, "alarm_total": rng.uniform(0.1, 0.4, n), "alarm_invalid": 0.0,
    ...         "before": rng.uniform(0.0, 0.3, n), "after": rng.uniform(0.0, 0.3, n)})
    >>> study = PrePost(cases=pupils(0, 40).assign(dropped=""), registry=pupils(100, 400))
    >>> study.change().verdict.answer
    'undecidable'
    """

    cases: pd.DataFrame
    registry: pd.DataFrame
    cluster: str = "school_key"
    definition: str = "absence as a share of school time"
    margin: float = 0.01
    conf_level: float = 0.95

    def __post_init__(self) -> None:
        """Check the frames."""
        check.probability(self.conf_level, "conf_level")
        check.proportion(self.margin, "margin")
        needed = ["pupil_key", self.cluster, "cohort", *MEASURES]
        check.columns(self.cases.columns, [*needed, "dropped"], "cases")
        check.columns(self.registry.columns, needed, "registry")
        used = self.used
        if used["pupil_key"].duplicated().any():
            raise ValueError("A pupil has two used cases; keep one and mark the other as dropped.")
        if self.registry.duplicated(["pupil_key", "cohort"]).any():
            raise ValueError("registry must have one row per pupil and cohort; some have more.")
        if len(self.registry) == 0:
            raise DesignError(
                "There are no untreated pupils with an alarm in the same months, so nothing says "
                "what would have happened with no programme. Lower the cut or add schools."
            )
        if len(used) < _FEWEST_CASES:
            raise DesignError(
                f"At least {_FEWEST_CASES} cases that can be followed are needed; there are fewer. "
                "The flow of the cases tells at which step they are lost."
            )
        for name, frame in (("cases", used), ("registry", self.registry)):
            shares = frame[list(MEASURES)].to_numpy()
            if not ((shares >= 0) & (shares <= 1)).all():
                raise ValueError(f"{name} must hold shares between 0 and 1 in {MEASURES}.")
        if not np.isin(used["cohort"], self.registry["cohort"]).all():
            raise DesignError("A cohort of cases has no untreated pupils. Drop it, with a reason.")

    @property
    def used(self) -> pd.DataFrame:
        """The cases that are used, by pupil."""
        kept = self.cases[self.cases["dropped"] == ""]
        return kept.sort_values("pupil_key", ignore_index=True)

    @property
    def _n_clusters(self) -> int:
        return len(np.unique(self.used[self.cluster]))

    def flow(self) -> tuple[FlowStep, ...]:
        """Return how many cases remain at each step, and how many pupils they are compared with.

        Returns
        -------
        tuple of FlowStep
            Cases from the register to the analysis, then untreated pupils.
        """
        steps = [FlowStep(step="cases in the register", n=len(self.cases))]
        left = self.cases["dropped"]
        for reason, kept in zip(DROPPED, _KEPT, strict=True):
            left = left[left != reason]
            steps.append(FlowStep(step=kept, n=len(left)))
        steps.append(
            FlowStep(
                step="pupils without a case at the time, compared with",
                n=int(self.registry["pupil_key"].nunique()),
            )
        )
        if "later_case" in self.registry.columns:
            later = self.registry.loc[self.registry["later_case"], "pupil_key"].nunique()
            step = "of them with a team's work that began before their follow-up ended"
            steps.append(FlowStep(step=step, n=int(later)))
        return tuple(steps)

    def change(self) -> Result:
        """Compare the change of absence with the change expected with no programme.

        Returns
        -------
        Result
            Estimand "wellbeing.absence_change_beyond". Estimate: mean change (after minus before)
            of the cases as a fraction; benchmark: expected change; beyond: their difference, null
            0. Tables "change" and "responders".
        """
        found = self._expect("change")
        rows = self._rows(
            found,
            ("observed change", "expected with no programme (benchmark)", "beyond the benchmark"),
            n_events=None,
        )
        level = f"{100 * self.conf_level:g} % interval"
        responders = self.responders()
        return Result(
            estimand=Estimand(
                id="wellbeing.absence_change_beyond",
                claim="wellbeing",
                formula="mean change of absence of the team's pupils, minus the change expected of "
                "them with no programme",
                population="pupils whose work with the team has started and who can be followed",
                unit="share of school time",
            ),
            estimate=rows[0],
            benchmark=rows[1],
            beyond=rows[2],
            null=0.0,
            benchmark_is=_BENCHMARK_IS,
            definition=self.definition,
            n=len(self.used),
            flow=self.flow(),
            tables=(
                Table(
                    name="change",
                    title="Change of absence, after minus before, as a fraction of school time",
                    rows=rows,
                    note=f"n: the team's pupils; {level} {self._clustering(found)}; n of untreated "
                    "pupils in the flow.",
                ),
                responders,
            ),
            conf_level=self.conf_level,
            method=self._method(found),
            verdict=judge(
                self.used,
                rows,
                responders.rows,
                margin=self.margin,
                conf_level=self.conf_level,
                n_clusters=self._n_clusters,
            ),
        )

    def responders(self) -> Table:
        """Compare the share of pupils with less absence with the share expected with no programme.

        Returns
        -------
        Table
            Shares as fractions: less absence and halved absence, each observed, expected and the
            difference.
        """
        rows: list[Estimate] = []
        for outcome, term in (("less", "less absence"), ("halved", "absence halved")):
            found = self._expect(outcome)
            terms = (
                term,
                f"{term}, expected with no programme",
                f"{term}, beyond the benchmark",
            )
            count = round(float(found.means[0]) * len(self.used))
            rows += self._rows(found, terms, n_events=count)
        return Table(
            name="responders",
            title="Share of the team's pupils with less absence after than before, as a fraction",
            rows=tuple(rows),
            note="Expected: share with no programme, from untreated pupils by the same regression; "
            "halved: at most half of the absence before, which was above zero.",
        )

    def _expect(self, outcome: str) -> Expectation:
        used = self.used
        X_cases, X_registry = regressors(used, self.registry)
        cluster = self.cluster if self._n_clusters > 1 else "pupil_key"
        keys = np.concatenate([used[cluster], self.registry[cluster]])
        codes = np.unique(keys, return_inverse=True)[1].astype(np.int64)
        return expected_beside_observed(
            Sample(X=X_cases, y=_outcome(used, outcome), codes=codes[: len(used)]),
            Sample(X=X_registry, y=_outcome(self.registry, outcome), codes=codes[len(used) :]),
        )

    def _rows(
        self, found: Expectation, terms: tuple[str, str, str], *, n_events: int | None
    ) -> tuple[Estimate, ...]:
        rows = []
        for place, term in enumerate(terms):
            value, error = float(found.means[place]), float(found.std_errors[place])
            test = t_inference(value, error, df=found.df, conf_level=self.conf_level)
            limits = (test.low, test.high)
            if n_events is not None and place < 2:
                limits = (max(test.low, 0.0), min(test.high, 1.0))
            beyond = place == 2 and error > 0
            rows.append(
                Estimate(
                    term=term,
                    estimate=value,
                    std_error=error,
                    conf_low=limits[0],
                    conf_high=limits[1],
                    statistic=test.statistic if beyond else None,
                    p_value=test.p_value if beyond else None,
                    n=len(self.used),
                    n_events=n_events if place == 0 else None,
                )
            )
        return tuple(rows)

    def _clustering(self, found: Expectation) -> str:
        several = self._n_clusters > 1
        by = self.cluster.removesuffix("_key") if several else "pupil (one school only)"
        return f"clustered by {by}, t with {found.df} degrees of freedom"

    def _method(self, found: Expectation) -> str:
        return (
            f"registry regression: least squares of the change of untreated pupils on {DESCRIBED}, "
            "predicted for the team's pupils; delete-one-cluster jackknife of cases and registry "
            f"together (CR3), {self._clustering(found)}"
        )


def _outcome(frame: pd.DataFrame, outcome: str) -> npt.NDArray[np.float64]:
    before, after = frame["before"].to_numpy(), frame["after"].to_numpy()
    if outcome == "change":
        return np.asarray(after - before)
    if outcome == "less":
        return np.asarray(after < before, dtype=float)
    return np.asarray((after <= before / 2) & (before > 0), dtype=float)
