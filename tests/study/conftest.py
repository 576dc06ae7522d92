from __future__ import annotations

import pytest

import absence_risk as ar


@pytest.fixture(scope="session")
def municipality(tmp_path_factory):
    """A small municipality at lesson level, written as a register."""
    folder = tmp_path_factory.mktemp("municipality") / "register"
    ar.synthetic.simulate("municipality", pupils=3_000, seed=3).write(folder)
    return folder


@pytest.fixture(scope="session")
def register(municipality):
    return ar.read_register(municipality)


@pytest.fixture(scope="session")
def study(register):
    return ar.study.run(register, random_state=1)
