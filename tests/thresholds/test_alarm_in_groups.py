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


LANGUAGES = np.array(["sv", "fi", "so", "ar"])


def speaking(data: pd.DataFrame, few: int) -> pd.DataFrame:
    """Give each pupil a language; a few speak others."""
    others = np.array(["x", "y"])[data["pupil_key"] % 2]
    own = np.where(data["pupil_key"] < few, others, LANGUAGES[data["pupil_key"] % 4])
    return data.assign(tongue=own)


def test_small_groups_are_counted_together_and_not_compared(data: pd.DataFrame) -> None:
    found = run(speaking(data, 200), groups=("tongue", "sex"))
    rows = found.tidy("groups").set_index(["term", "group"])
    rest = rows.loc[("share of pupils alarmed by tongue", "tongue: all others")]
    assert rest["n"] == 200
    assert pd.isna(rest["estimate"])
    assert len(found.tidy("group_differences")) == 3 * (6 + 1)
    assert "counted together" in found.table("groups").note
    with pytest.raises(DesignError, match="no two groups"):
        run(data.assign(one="x"), groups=("one",))
    with_one = run(data.assign(one="x"), groups=("one", "sex"))
    assert (
        "Not compared, because no two groups are large enough: one."
        in with_one.table("groups").note
    )


@pytest.mark.parametrize("few", [0, 25, 60, 200])
def test_no_count_of_few_pupils_can_be_worked_out(data: pd.DataFrame, few: int) -> None:
    """Alarmed or not, with the event or not: none or five pupils and more, also of the rest."""
    found = run(speaking(data, few), groups=("tongue",), by="school_key")
    wide = found.tidy("groups").pivot_table(index="group", columns="term", values=["n", "n_events"])
    both = wide["n_events"]["sensitivity by tongue"]
    events = wide["n"]["sensitivity by tongue"]
    flagged = wide["n"]["PPV by tongue"]
    n = wide["n"]["share of pupils alarmed by tongue"]
    assert n.sum() == 2500
    for cell in (both, flagged - both, events - both, n - flagged - events + both):
        assert (cell >= 5).all()
    safe = disclosure.protect(found, 5)
    assert safe.table("groups").rows == found.table("groups").rows
    assert safe.table("group_differences").rows == found.table("group_differences").rows


def test_a_stricter_minimum_hides_differences_with_their_groups(data: pd.DataFrame) -> None:
    found = run(speaking(data, 0), groups=("tongue", "sex"))
    safe = disclosure.protect(found, 30)
    shown = {(row.term, row.group) for row in safe.table("groups").rows if row.n is not None}
    assert 0 < len(shown) < len(found.table("groups").rows)
    for row in safe.table("group_differences").rows:
        both = all((row.term, part) in shown for part in row.group.split(" − "))
        assert both or row.estimate is None


def test_flags_are_written_as_words(data: pd.DataFrame) -> None:
    found = run(data.assign(sen=data["pupil_key"] % 2 == 0), groups=("sen",))
    assert {row.group for row in found.table("groups").rows} == {"sen: no", "sen: yes", None}


def test_counts_of_a_school_with_few_events_cannot_be_worked_out(data: pd.DataFrame) -> None:
    """Not in the table, and not as the total minus the other schools."""
    few = data.assign(school_key=np.where(data["pupil_key"] < 12, 9, data["school_key"]))
    found = run(few, by="school_key")
    assert few[few["school_key"] == 9]["left"].sum() < 5
    rows = found.tidy("local_thresholds")
    pooled = rows[rows["term"] == "pooled"].set_index("group")
    assert pd.isna(pooled.loc["9", "n"])
    assert pooled.loc["9", "estimate"] == found.estimate.threshold
    hidden = few["left"].sum() - pooled["n_events"].sum()
    assert hidden >= 5
    assert pooled["n_events"].isna().sum() == 2
    safe = disclosure.protect(found, 5)
    assert safe.table("local_thresholds").rows == found.table("local_thresholds").rows
