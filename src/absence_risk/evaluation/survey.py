"""Answers to a questionnaire as a study: one row per respondent, one column per item and wave."""

from __future__ import annotations

import pandas as pd

from absence_risk import check
from absence_risk.evaluation.outcomes import Likert
from absence_risk.evaluation.prepost import PrePost

__all__ = ["survey_studies"]

_KEY = ["survey_key", "wave", "instrument_id", "item_id"]


def survey_studies(
    surveys: pd.DataFrame,
    *,
    scale: tuple[float, float] | None = None,
    conf_level: float = 0.95,
) -> dict[str, PrePost]:
    """Return a study for each questionnaire, with the outcome "wellbeing".

    A respondent has a key of its own domain, which no register joins to a pupil: there is no
    school to cluster by, no absence to impute from, and nobody untreated to compare with.

    Parameters
    ----------
    surveys : pandas.DataFrame
        One row per respondent, wave and item: survey_key, wave (0 before, 1 after),
        instrument_id, item_id, response (number, missing where not answered).
    scale : (float, float) or None
        Lowest and highest possible response; the lowest and highest seen if None.
    conf_level : float
        Confidence level of the intervals, in (0, 1).

    Returns
    -------
    dict of str to PrePost
        By instrument; scored as `Likert` scores, with the mean of the answered items where at
        least half were answered. Empty where nobody answered.

    Raises
    ------
    ValueError
        If a column is missing, an item stands twice, a wave is not 0 or 1, or a response lies
        outside the scale.

    Examples
    --------
    >>> answers = pd.DataFrame({
    ...     "survey_key": [1, 1, 2], "wave": [0, 1, 0], "instrument_id": "w", "item_id": "a",
    ...     "response": [2, 3, 5]})
    >>> survey_studies(answers)["w"].pairs("wellbeing").post.tolist()
    [3.0, nan]
    """
    check.probability(conf_level, "conf_level")
    check.columns(surveys.columns, [*_KEY, "response"], "surveys")
    if surveys.duplicated(_KEY).any():
        raise ValueError("surveys must have one row per survey_key, wave and item; some have more.")
    frame = surveys[[*_KEY, "response"]].assign(
        response=surveys["response"].to_numpy(float, na_value=float("nan"))
    )
    if not frame["wave"].isin([0, 1]).all():
        raise ValueError("wave must be 0 (before) or 1 (after).")
    if frame["response"].notna().sum() == 0:
        return {}
    seen = (float(frame["response"].min()), float(frame["response"].max()))
    low, high = scale or seen
    if seen[0] < low or seen[1] > high:
        raise ValueError(f"A response lies outside the scale {low:g} to {high:g}.")
    if low == high:  # One answer only was ever given, and no scale was told.
        return {}
    return {
        instrument: PrePost(
            wide,
            outcomes={"wellbeing": _scale(wide, (low, high), instrument)},
            id="survey_key",
            conf_level=conf_level,
        )
        for instrument, wide in _wide(frame).items()
    }


def _wide(frame: pd.DataFrame) -> dict[str, pd.DataFrame]:
    found = {}
    for instrument, part in frame.groupby("instrument_id", sort=True):
        table = part.pivot_table(
            index="survey_key",
            columns=["wave", "item_id"],
            values="response",
            dropna=False,
            aggfunc="first",
        )
        items = sorted(part["item_id"].unique(), key=str)
        every = pd.MultiIndex.from_product([[0, 1], items])
        wide = table.reindex(columns=every, index=pd.Index(part["survey_key"].unique()))
        wide.columns = [f"{wave}_{item}" for wave, item in every]
        found[str(instrument)] = wide.rename_axis("survey_key").reset_index()
    return found


def _scale(wide: pd.DataFrame, ends: tuple[float, float], instrument: str) -> Likert:
    waves = [tuple(c for c in wide.columns if str(c).startswith(f"{wave}_")) for wave in (0, 1)]
    return Likert(pre=waves[0], post=waves[1], low=ends[0], high=ends[1], instrument=instrument)
