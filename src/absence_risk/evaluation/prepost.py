"""Cases before and after, beside what was to be expected with no programme."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

from absence_risk import check
from absence_risk.errors import DesignError
from absence_risk.evaluation.cautions import Caution, cautions
from absence_risk.evaluation.change import SE, estimate_beyond, has_registry
from absence_risk.evaluation.effect_sizes import effect_size_table
from absence_risk.evaluation.flow import flow_steps
from absence_risk.evaluation.forest import forest
from absence_risk.evaluation.missing import change_with_missing
from absence_risk.evaluation.missing_bounds import bounds
from absence_risk.evaluation.moderators import moderator_table
from absence_risk.evaluation.ordinal import ordinal_table
from absence_risk.evaluation.pairs import (
    Paired,
    every_cluster,
    once_per_pupil,
    outside,
    pair_outcome,
)
from absence_risk.evaluation.responders import responder_table
from absence_risk.evaluation.shares import share_table
from absence_risk.evaluation.tipping import Tipping, tipping_point

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from absence_risk.evaluation.imputed import MI
    from absence_risk.evaluation.outcomes import Outcome
    from absence_risk.evaluation.responders_rule import ReliableChange
    from absence_risk.evaluation.selection import Selected
    from absence_risk.result import FlowStep, Result, Table

__all__ = ["PrePost"]


@dataclass(frozen=True, eq=False)
class PrePost:
    """A before/after study of cases, with what is needed to say what was to be expected.

    Parameters
    ----------
    cases : pandas.DataFrame
        One row per case with the id, the cluster and the columns of the outcomes. A column
        ``dropped`` (text, empty where the case is used) names why a case is left out.
    outcomes : mapping of str to Rate or Likert
        What is measured before and after.
    id : str
        Column that names the pupil.
    cluster : str or None
        Column whose groups may depend within; None if pupils are independent.
    selection : Selected or None
        How the cases were chosen.
    registry : pandas.DataFrame or None
        Untreated pupils over the same windows, with the columns of the cases that are used; may
        hold the column ``later_case`` (help began before their follow-up ended).
    waiting_list : pandas.DataFrame or None
        Pupils chosen by the same rule whose work had not begun when they were followed up.
    match_on : sequence of str
        Columns, known before the programme, on which untreated pupils are compared besides the
        baseline.
    within : str or None
        Column, for example the month of referral, within whose groups pupils are compared. The
        registry then has one row per pupil and group.
    steps : mapping of str to str
        For reasons in ``dropped``, in order: what the flow calls those who are left.
    conf_level : float
        Confidence level of all intervals, in (0, 1).

    Raises
    ------
    DesignError
        If no case is left.
    ValueError
        If a column is missing, a pupil has several rows, or a case stands in the registry.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from absence_risk.evaluation import Rate, Selected
    >>> rng = np.random.default_rng(1)
    >>> def pupils(first, n):
    ...     return pd.DataFrame({
    ...         "pupil_key": np.arange(first, first + n), "school_key": np.arange(n) % 6,
    ...         "before": rng.uniform(0.2, 0.4, n), "after": rng.uniform(0.0, 0.4, n)})
    >>> study = PrePost(
    ...     pupils(0, 40), outcomes={"absence": Rate(pre="before", post="after")},
    ...     cluster="school_key", selection=Selected("absence", at_least=0.2),
    ...     registry=pupils(100, 400))
    >>> study.change("absence").verdict.answer
    'undecidable'
    """

    cases: pd.DataFrame
    _: KW_ONLY
    outcomes: Mapping[str, Outcome]
    id: str = "pupil_key"
    cluster: str | None = None
    selection: Selected | None = None
    registry: pd.DataFrame | None = None
    waiting_list: pd.DataFrame | None = None
    match_on: tuple[str, ...] = ()
    within: str | None = None
    steps: Mapping[str, str] = field(default_factory=dict)
    conf_level: float = 0.95

    def __post_init__(self) -> None:
        """Check the frames; the values of an outcome are checked when it is asked for."""
        check.probability(self.conf_level, "conf_level")
        object.__setattr__(self, "match_on", check.names(self.match_on))
        if not self.outcomes:
            raise ValueError("Give at least one outcome, as outcomes={'absence': Rate(...)}.")
        common = [c for c in (self.id, self.cluster, self.within, *self.match_on) if c is not None]
        if self.selection is not None:
            check.choice(self.selection.outcome, list(self.outcomes), "the outcome of selection")
            common += [self.selection.measure] if self.selection.measure else []
        asked = [c for outcome in self.outcomes.values() for c in outcome.columns()]
        check.columns(self.cases.columns, dict.fromkeys([*common, *asked]), "cases")
        once_per_pupil(self.used, [self.id], "cases")
        if self.used.empty:
            raise DesignError("No case is left to evaluate; the column 'dropped' tells why.")
        every_cluster(self.used, self.cluster, "cases")
        by = [self.id] if self.within is None else [self.id, self.within]
        for name, frame in (("registry", self.registry), ("waiting_list", self.waiting_list)):
            if frame is not None:
                check.columns(frame.columns, dict.fromkeys(common), name)
                compared = outside(self.used, frame, by, cluster=self.cluster, name=name)
                object.__setattr__(self, name, compared)

    @cached_property
    def used(self) -> pd.DataFrame:
        """The cases that are used, by id."""
        kept = self.cases
        if "dropped" in kept.columns:
            kept = kept[kept["dropped"].isna() | (kept["dropped"] == "")]
        return kept.sort_values(self.id, ignore_index=True)

    def pairs(self, outcome: str) -> Paired:
        """Return an outcome before and after, one entry per used case, by id.

        Parameters
        ----------
        outcome : str
            Name of the outcome.

        Returns
        -------
        Paired
            Both waves with the reason where one is missing, and the frame with all columns.

        Raises
        ------
        ValueError
            If there is no such outcome, or a value lies outside its range.
        """
        check.choice(outcome, list(self.outcomes), "outcome")
        return pair_outcome(self.used, self.outcomes[outcome])

    def warnings(self, outcome: str | None = None) -> tuple[Caution, ...]:
        """Return what to know before any number is read.

        Parameters
        ----------
        outcome : str or None
            Name of an outcome; all of them if None.

        Returns
        -------
        tuple of Caution
            Each with what to do; empty where nothing is found.
        """
        return cautions(self, outcome)

    def flow(self, outcome: str | None = None) -> tuple[FlowStep, ...]:
        """Return how many pupils remain at each step.

        Parameters
        ----------
        outcome : str or None
            Name of an outcome; all of them if None.

        Returns
        -------
        tuple of FlowStep
            From the cases to the complete pairs, then untreated pupils.
        """
        return flow_steps(self, outcome)

    def change(
        self,
        outcome: str,
        *,
        benchmark: str = "registry",
        se: SE = "cr2",
        missing: MI | None = None,
    ) -> Result:
        """Compare the change of an outcome with the change expected with no programme.

        Parameters
        ----------
        outcome : str
            Name of the outcome.
        benchmark : str
            "registry" (which is "none" where untreated pupils lack the outcome), "waiting_list" or
            "gap"; for want of these "normal", "beta_binomial" or "mee_chua", which say what they
            take for granted; or "none".
        se : {"cr2", "independent"}
            Whether pupils of a cluster may depend on each other.
        missing : MI or None
            How missing follow-ups are imputed (`change_with_missing`); None: complete pairs only.

        Returns
        -------
        Result
            Estimand "wellbeing.<outcome>_change_beyond". Estimate: mean change (after minus
            before); benchmark: expected change; beyond: their difference, null 0. Tables "change"
            and, where the benchmark gives one, "responders".

        Raises
        ------
        DesignError
            If the data cannot answer.
        ValueError
            If a word is unknown.
        """
        if missing is not None:
            return change_with_missing(self, outcome, missing, benchmark=benchmark, se=se)
        return estimate_beyond(self, outcome, benchmark=benchmark, se=se)

    def tipping_point(self, outcome: str, missing: MI | None = None, **options: Any) -> Tipping:
        """Find how different those without follow-up would have to be for the answer to change.

        Parameters
        ----------
        outcome : str
            Name of the outcome.
        missing : MI or None
            How missing follow-ups are imputed; ``MI()`` if None.
        **options : benchmark, se or school_days
            As in `absence_risk.evaluation.tipping_point`.

        Returns
        -------
        Tipping
            The deltas and the curve.
        """
        return tipping_point(self, outcome, missing, **options)

    def bounds(self, outcome: str) -> Table:
        """Return what is possible whatever those without follow-up would have answered.

        Parameters
        ----------
        outcome : str
            Name of the outcome.

        Returns
        -------
        Table
            Manski's bounds of the change; with a waiting list also Lee's of the difference.
        """
        return bounds(self, outcome)

    def responders(
        self, outcome: str, *, rule: str | ReliableChange | None = None, se: SE = "cr2"
    ) -> Table:
        """Return how many pupils fare better, beside what is expected with no programme.

        Parameters
        ----------
        outcome : str
            Name of the outcome.
        rule : {"better", "halved", "past_cut"}, ReliableChange or None
            Sorts all cases into classes, unknown among them. None: the shares that `change` shows,
            of those who were followed.
        se : {"cr2", "independent"}
            Whether pupils of a cluster may depend on each other.

        Returns
        -------
        Table
            Shares as fractions, each observed, expected and the difference.

        Raises
        ------
        DesignError
            If nothing says what share to expect with no programme.
        """
        if rule is not None:
            return responder_table(self, outcome, rule=rule, se=se)
        told = has_registry(self, check.choice(outcome, list(self.outcomes), "outcome"))
        found = share_table(self, outcome, by_pupil=se == "independent") if told else ()
        if not found:
            raise DesignError(
                "No untreated pupils say what share would fare better with no programme, and a "
                "share alone says nothing. Give a registry."
            )
        return found[0]

    def by(self, column: str, outcome: str | None = None, *, benchmark: str = "registry") -> Table:
        """Return the change beyond the benchmark by the groups of a column, and pooled.

        Parameters
        ----------
        column : str
            Column of the cases, for example the municipality.
        outcome : str or None
            Name of the outcome; the first one if None.
        benchmark : {"registry", "waiting_list", "none"}
            What the change is compared with.

        Returns
        -------
        Table
            "by": rows of a forest plot, groups with fewer than five cases merged, pooled row last.
        """
        return forest(self, column, outcome or next(iter(self.outcomes)), benchmark=benchmark)

    def effect_sizes(
        self, outcome: str, *, interval: Literal["published", "bca"] = "published"
    ) -> Table:
        """Return the change of complete pairs in standard deviations, each kind by its name.

        Parameters
        ----------
        outcome : str
            Name of the outcome.
        interval : {"published", "bca"}
            Published variances or the bootstrap of pairs.

        Returns
        -------
        Table
            Named effect sizes, then mean and centre of the change with their tests.

        Raises
        ------
        DesignError
            If fewer than ten cases have both waves.
        """
        return effect_size_table(self, outcome, interval=interval)

    def ordinal(self, outcome: str) -> Table:
        """Return the change of a questionnaire level by level, without adding levels up.

        Parameters
        ----------
        outcome : str
            Name of a `Likert` outcome.

        Returns
        -------
        Table
            For each item: levels before and after, who moved, tests of equal margins.

        Raises
        ------
        DesignError
            If the outcome has no levels.
        """
        return ordinal_table(self, outcome)

    def moderator(
        self, outcome: str, by: str, *, measured: str, started: str | None = None, se: SE = "cr2"
    ) -> Table:
        """Ask whether pupils with more of something before changed more, beyond what is expected.

        Parameters
        ----------
        outcome : str
            Name of the outcome.
        by : str
            Column of cases, a number known before the start.
        measured : str
            "before", which you vouch for, or the column with the date of measurement.
        started : str or None
            Column with the date of the start, needed with a column of dates.
        se : {"cr2", "independent"}
            Whether pupils of a cluster may depend on each other.

        Returns
        -------
        Table
            Slope of the change on the moderator: observed, expected, beyond.

        Raises
        ------
        DesignError
            If it was measured after the start, or does not vary.
        """
        return moderator_table(self, outcome, by, measured=measured, started=started, se=se)
