from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from absence_risk import plots
from absence_risk.evaluation import repeated_measures
from absence_risk.plots.gallery import figures

if TYPE_CHECKING:
    from absence_risk.result import Result


@pytest.fixture(scope="module")
def result() -> Result:
    rng = np.random.default_rng(8)
    arm = np.arange(90) % 3 == 0
    y = 3 + rng.normal(0, 0.5, 90)[:, None] + rng.normal(0, 0.3, (90, 3))
    y[:, 1:] += 0.4 * arm[:, None]
    y[rng.random(90) < 0.3, 2] = np.nan
    frame = pd.DataFrame(y, columns=["w0", "w1", "w2"]).assign(pupil_key=range(90), arm=~arm)
    return repeated_measures(
        frame,
        id="pupil_key",
        waves={"before": "w0", "3 months": "w1", "1 year": "w2"},
        arm="arm",
        unit="scale points",
        same_rule=True,
    )


def test_lines_and_intervals_are_the_rows_of_the_table(result: Result) -> None:
    ax = plots.plot_waves(result)
    rows = result.table("waves").rows
    for arm in ("programme", "comparison"):
        line = next(item for item in ax.lines if item.get_gid() == f"arm-{arm}")
        want = [row.estimate for row in rows if row.group == arm]
        assert list(line.get_ydata()) == pytest.approx(want)
    drawn = [tuple(i.get_ydata()) for i in ax.lines if i.get_gid() == "interval"]
    assert drawn == [(row.conf_low, row.conf_high) for row in rows]
    under = [label.get_text() for label in ax.get_xticklabels()]
    assert under[0] == "before\nn = 60, 30"


def test_the_gallery_draws_it_and_the_table_alone_will_do(result: Result) -> None:
    assert "waves" in figures(result)
    assert plots.plot_waves(result.table("waves")).get_title("left") == "Mean by wave"
