"""How many are helped: classes of response, each rate beside its rate with no programme."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.special import stdtrit

from absence_risk import check
from absence_risk.errors import DesignError
from absence_risk.evaluation.arms import observed_pairs
from absence_risk.evaluation.change import has_registry
from absence_risk.evaluation.outcome_values import share_in_words
from absence_risk.evaluation.responders_norms import norms_of
from absence_risk.evaluation.responders_null import NullShares, model_null, registry_null
from absence_risk.evaluation.responders_rule import (
    SIMPLE_RULES,
    Classes,
    ReliableChange,
    reliable_classes,
    simple_classes,
)
from absence_risk.result import Estimate, Table
from absence_risk.stats.reliable_change import RULES, Norms, own_slopes
from absence_risk.stats.share_interval import ShareInterval, clustered_share, wilson_interval

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    from absence_risk.evaluation.change import SE
    from absence_risk.evaluation.outcomes import Outcome
    from absence_risk.evaluation.pairs import Paired
    from absence_risk.evaluation.prepost import PrePost

__all__ = ["responder_table"]

_SLOPE_LABELS = ("reliably worse", "unchanged", "reliably improved")


def responder_table(
    study: PrePost, name: str, *, rule: str | ReliableChange = "better", se: SE = "cr2"
) -> Table:
    """Sort the cases into classes of response, each share beside its share with no programme.

    Parameters
    ----------
    study : PrePost
        The study.
    name : str
        Name of the outcome.
    rule : {"better", "halved", "past_cut"} or ReliableChange
        When a pupil counts as a responder.
    se : {"cr2", "independent"}
        Whether pupils of a cluster may depend on each other.

    Returns
    -------
    Table
        Shares of all cases as fractions, from the best class to the worst: observed, expected
        with no programme, beyond; then those of whom it is not known.

    Raises
    ------
    DesignError
        If the population's values are not known, nothing says what share to expect, or fewer
        than ten cases can be followed.
    ValueError
        If a word is unknown.
    """
    check.choice(se, ["cr2", "independent"], "se")
    if not isinstance(rule, ReliableChange):
        check.choice(rule, SIMPLE_RULES, "rule")
    by_pupil = se == "independent"
    observed_pairs(study, name)  # refuses where too few were followed
    labels, sort, null, source = _prepare(study, name, rule, by_pupil=by_pupil)
    pairs = study.pairs(name)
    place = np.full(len(pairs.pre), -1, dtype=np.int64)
    place[pairs.complete] = sort(pairs.only(pairs.complete))
    groups = None if by_pupil or study.cluster is None else pairs.frame[study.cluster].to_numpy()
    if groups is not None and len(np.unique(groups)) < 2:
        groups = None
    followed = float((place >= 0).mean())
    rows: list[Estimate] = []
    for best in range(len(labels) - 1, -1, -1):
        share = _interval(place == best, groups, study.conf_level)
        rows += _class_rows(
            labels[best],
            share,
            _of(null, best),
            followed=followed,
            n=len(place),
            conf_level=study.conf_level,
        )
    lost = int((place < 0).sum())
    rows.append(Estimate(term="unknown", estimate=lost / len(place), n=len(place), n_events=lost))
    return Table(
        name="responders",
        title=f"Share of all cases by response ({name}, {_named(rule)}), as a fraction",
        rows=tuple(rows),
        note=_note(
            rule,
            null,
            source,
            share_in_words(int((place >= 0).sum()), len(place)),
            clustered=groups is not None,
        ),
    )


def _prepare(
    study: PrePost, name: str, rule: str | ReliableChange, *, by_pupil: bool
) -> tuple[tuple[str, ...], Callable[[Paired], npt.NDArray[np.int64]], NullShares, str]:
    """Return labels, the sorting, the null shares and the source of the norms."""
    outcome, registry = study.outcomes[name], has_registry(study, name)
    sign = 1.0 if outcome.better == "higher" else -1.0
    if isinstance(rule, ReliableChange) and rule.rule == "HLM":
        if not registry:
            raise DesignError(
                "The share to be expected by HLM needs untreated pupils with the same waves. Give "
                "a registry, or use JT with the population's SD and reliability."
            )
        sort = _slope_sorter(rule, sign)
        null = registry_null(study, name, sort, n_classes=3, by_pupil=by_pupil)
        return _SLOPE_LABELS, sort, null, ""
    norms, source = None, ""
    if isinstance(rule, ReliableChange):
        norms, source = norms_of(study, name, rule)

    def classes(before: npt.NDArray[np.float64]) -> Classes:
        if isinstance(rule, str):
            return simple_classes(rule, before, sign=sign, cut=_cut(study, name))
        assert norms is not None
        return reliable_classes(rule, norms, before, sign=sign)

    def sort_pairs(pairs: Paired) -> npt.NDArray[np.int64]:
        return classes(pairs.pre).sort(pairs.post)

    labels = classes(np.ones(1)).labels
    if registry:
        null = registry_null(study, name, sort_pairs, n_classes=len(labels), by_pupil=by_pupil)
    else:
        null = model_null(study, name, norms or _outcome_norms(outcome, name), classes)
    return labels, sort_pairs, null, source


def _slope_sorter(rule: ReliableChange, sign: float) -> Callable[[Paired], npt.NDArray[np.int64]]:
    def sort(pairs: Paired) -> npt.NDArray[np.int64]:
        check.columns(pairs.frame.columns, rule.waves, "cases and registry")
        values = pairs.frame[list(rule.waves)].to_numpy(dtype=float, na_value=np.nan)
        index = sign * own_slopes(np.asarray(rule.times, dtype=float), values)[0]
        place = 1 + (index >= rule.index_cut).astype(np.int64) - (index <= -rule.index_cut)
        return np.where(np.isnan(index), -1, place)

    return sort


def _cut(study: PrePost, name: str) -> float | None:
    rule = study.selection
    if rule is None or rule.outcome != name:
        return None
    return rule.cut


def _outcome_norms(outcome: Outcome, name: str) -> Norms:
    if outcome.population is None or outcome.reliability is None:
        raise DesignError(
            f"Nothing says what share would fare better in {name!r} with no programme, and a share "
            "alone says nothing. Give a registry, or population= and reliability= of the outcome."
        )
    return Norms(
        sd=outcome.population.sd, mean=outcome.population.mean, reliability=outcome.reliability
    )


def _of(null: NullShares, place: int) -> tuple[float, float, float]:
    return float(null.shares[place]), float(null.std_errors[place]), float(null.df[place])


def _interval(
    responds: npt.NDArray[np.bool_], groups: npt.NDArray[np.int64] | None, conf_level: float
) -> ShareInterval:
    if groups is None:
        return wilson_interval(float(responds.mean()), len(responds), conf_level=conf_level)
    return clustered_share(responds, groups, conf_level=conf_level)


def _row(term: str, share: ShareInterval, n: int, n_events: int | None) -> Estimate:
    return Estimate(
        term=term,
        estimate=share.share,
        std_error=share.std_error,
        conf_low=share.low,
        conf_high=share.high,
        n=n,
        n_events=n_events,
    )


def _class_rows(
    label: str,
    share: ShareInterval,
    null: tuple[float, float, float],
    *,
    followed: float,
    n: int,
    conf_level: float,
) -> tuple[Estimate, Estimate, Estimate]:
    """Return observed, expected and beyond; the last by the square-and-add method."""
    value, error, df = null[0] * followed, null[1] * followed, null[2]
    half = float(stdtrit(min(df, 1e9), (1 + conf_level) / 2)) * error if error > 0 else 0.0
    low, high = max(value - half, 0.0), min(value + half, followed)
    gap = share.share - value
    return (
        _row(label, share, n, round(share.share * n)),
        Estimate(
            term=f"{label}, expected with no programme",
            estimate=value,
            std_error=error or None,
            conf_low=low if error > 0 else None,
            conf_high=high if error > 0 else None,
            n=n,
        ),
        Estimate(
            term=f"{label}, beyond the expected",
            estimate=gap,
            conf_low=gap - float(np.hypot(share.share - share.low, high - value)),
            conf_high=gap + float(np.hypot(share.high - share.share, value - low)),
            n=n,
        ),
    )


def _named(rule: str | ReliableChange) -> str:
    if isinstance(rule, ReliableChange):
        return f"reliable change by {rule.rule}"
    return {"better": "any change", "halved": "halved", "past_cut": "past the cut"}[rule]


def _note(
    rule: str | ReliableChange, null: NullShares, source: str, followed: str, *, clustered: bool
) -> str:
    kind = "Wilson interval at the effective number of pupils (CR2)" if clustered else "Wilson"
    text = (
        f"Every share is of all cases; {followed} were followed, the others are "
        f"'unknown'. Expected: {null.source}. Interval of a share: {kind}; of the difference: from "
        "those of its two parts (Newcombe 1998, Stat Med 17:873)."
    )
    if isinstance(rule, ReliableChange):
        text += f" Rule: {RULES[rule.rule]}; cut {rule.index_cut:g}"
        text += f"; {source}." if source else "."
        if rule.cut_off is not None:
            text += f" Clinical cut-off {rule.cut_off}."
    return text
