"""Groups at the one threshold: small ones are counted, not compared, and not given away."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from absence_risk import disclosure
from absence_risk.errors import DesignError
from absence_risk.thresholds import calibrate_threshold

if TYPE_CHECKING:
    from absence_risk.result import Result


@pytest.fixture(scope="module")
def data() -> pd.DataFrame:
    """One period of 2,500 pupils whose event follows their absence, alike in all groups."""
    rng = np.random.default_rng(4)
    share = rng.beta(1.2, 8, 2500)
    return pd.DataFrame(
        {
            "pupil_key": np.arange(2500),
            "period": 1,
            "absence_rate": share,
            "left": (rng.random(2500) < np.where(share > 0.2, 0.5, 0.05)).astype(int),
            "sex": np.where(rng.random(2500) < 0.5, "f", "m"),
            "school_key": rng.integers(0, 6, 2500),
        }
    )


def run(data: pd.DataFrame, **changes: object) -> Result:
    return calibrate_threshold(
        data, event="left", objective="net_benefit(0.2)", replicates=50, **changes
    )


def test_small_groups_are_counted_and_not_compared(data: pd.DataFrame) -> None:
    few = data.assign(tongue=np.where(data["pupil_key"] < 40, "other", data["sex"]))
    found = run(few, groups=("tongue", "sex"))
    rows = found.tidy("groups").set_index(["term", "group"])
    assert np.isnan(rows.loc[("sensitivity by tongue", "tongue: other"), "estimate"])
    assert rows.loc[("share of pupils alarmed by tongue", "tongue: other"), "n"] == 40
    assert len(found.tidy("group_differences")) == 6
    with pytest.raises(DesignError, match="no two groups"):
        run(few.assign(one="x"), groups=("one",))


def test_no_small_group_can_be_worked_out_of_the_published_tables(data: pd.DataFrame) -> None:
    """Of each column's groups none or at least two are hidden, and with 5 pupils or more."""
    tongue = np.array(["sv", "fi", "so", "ar"])[data["pupil_key"] % 4]
    few = data.assign(tongue=np.where(data["pupil_key"] < 25, "other", tongue))
    found = run(few, groups=("tongue",), by="school_key")
    safe = disclosure.protect(found, 5)
    hidden = 0
    for before, after in zip(found.table("groups").rows, safe.table("groups").rows, strict=True):
        hidden += after.n is None
        assert after.n is None or (before.n, before.n_events) == (after.n, after.n_events)
    assert hidden
    for term in {row.term for row in found.table("groups").rows}:
        gone = [
            before
            for before, after in zip(
                found.table("groups").rows, safe.table("groups").rows, strict=True
            )
            if before.term == term and after.n is None
        ]
        assert len(gone) != 1
        assert not gone or sum(row.n_events for row in gone) >= 5
    shown = {(row.term, row.group) for row in safe.table("groups").rows if row.n is not None}
    for row in safe.table("group_differences").rows:
        both = all((row.term, part) in shown for part in row.group.split(" − "))
        assert both or row.estimate is None


def test_flags_are_written_as_words(data: pd.DataFrame) -> None:
    found = run(data.assign(sen=data["pupil_key"] % 2 == 0), groups=("sen",))
    assert {row.group for row in found.table("groups").rows} == {"sen: no", "sen: yes"}
