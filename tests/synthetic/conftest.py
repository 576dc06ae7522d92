from __future__ import annotations

import pytest

from absence_risk.synthetic import simulate


@pytest.fixture(scope="session")
def world():
    """Three thousand pupils in the default municipality."""
    return simulate(pupils=3_000, seed=11)


@pytest.fixture(scope="session")
def written(world, tmp_path_factory):
    """The same world written with one row per lesson: its folder and manifest."""
    folder = tmp_path_factory.mktemp("synthetic") / "register"
    return folder, world.write(folder)
