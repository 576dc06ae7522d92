from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from absence_risk.stats.did import NEVER, contrast_arms, group_time_cells

REFERENCE = Path(__file__).parents[1] / "reference"
PEER = json.loads((REFERENCE / "comparison.json").read_text())


@pytest.fixture(scope="module")
def cells():
    frame = pd.read_csv(REFERENCE / "comparison_panel.csv")
    wide = frame.pivot_table(index="pupil_key", columns="period", values="y", dropna=False)
    who = frame.drop_duplicates("pupil_key").set_index("pupil_key").loc[wide.index]
    first = np.where(who["first"] == 99, NEVER, who["first"] - 1)
    codes = np.unique(who["municipality_key"], return_inverse=True)[1]
    return group_time_cells(wide.to_numpy(), first.astype(np.int64), codes)


def weighted(cells, weights):
    c = np.zeros(2 * len(weights))
    c[0::2], c[1::2] = weights, -weights
    return contrast_arms(cells.counts, cells.sums, c)


def agrees(found, peer):
    assert found.estimate == pytest.approx(peer["estimate"], abs=1e-10)
    assert found.std_error == pytest.approx(peer["se"], rel=1e-8)
    assert found.df == pytest.approx(peer["df"], rel=1e-8)


def test_every_cell_agrees_with_r(cells):
    assert len(cells.group) == len(PEER["cells"]) == 12
    for k, peer in enumerate(PEER["cells"]):
        assert (cells.group[k] + 1, cells.time[k] + 1) == (peer["g"], peer["t"])
        assert cells.n_treated[k] == peer["n"]
        agrees(weighted(cells, np.eye(12)[k]), peer)


def test_aggregates_agree_with_r(cells):
    after = cells.time >= cells.group
    agrees(weighted(cells, cells.n_treated * after / cells.n_treated[after].sum()), PEER["simple"])
    times = {int(e): peer for e, peer in PEER["event"].items() if peer}
    seen = set((cells.time - cells.group).tolist()) & set(times)
    assert len(seen) >= 3
    for e in seen:
        here = cells.time - cells.group == e
        agrees(weighted(cells, cells.n_treated * here / cells.n_treated[here].sum()), times[e])


def test_order_of_units_and_names_of_clusters_change_nothing(cells):
    rng = np.random.default_rng(2)
    y, first = rng.normal(size=(30, 4)), rng.choice([2, NEVER], size=30)
    codes, order = np.arange(30) % 5, rng.permutation(30)
    one = group_time_cells(y, first, codes)
    other = group_time_cells(y[order], first[order], (4 - codes)[order])
    a, b = (weighted(x, np.eye(len(x.group))[0]) for x in (one, other))
    assert a.estimate == pytest.approx(b.estimate, abs=1e-14)
    assert a.std_error == pytest.approx(b.std_error, rel=1e-12)


def test_one_cluster_has_an_estimate_and_no_error():
    found = contrast_arms(np.array([[3.0, 2.0], [0.0, 2.0]]), np.ones((2, 2)), np.array([1.0, -1]))
    assert found.std_error is None
    assert found.df is None
    assert found.estimate == pytest.approx(2 / 3 - 2 / 4)
