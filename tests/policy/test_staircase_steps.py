from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from absence_risk.errors import PolicyError
from absence_risk.policy import RunRule, Staircase, Step

TROSA = Staircase.preset("trosa")


def stairs(*shares: float, **changes: object) -> Staircase:
    steps = tuple(Step(at=share, action="talk") for share in shares)
    given = {"name": "own", "numerator": "total", "window": "month", "steps": steps}
    return Staircase(**{**given, "source": "test", **changes})  # type: ignore[arg-type]


def test_trosa_is_the_plan_of_2023():
    assert [step.at for step in TROSA.steps] == [0.10, 0.15, 0.20]
    assert [step.strict for step in TROSA.steps] == [False, False, True]
    assert (TROSA.numerator, TROSA.window) == ("total", "month")
    assert TROSA.adopted == dt.date(2023, 8, 29)
    assert [(rule.numerator, rule.longer_than_days) for rule in TROSA.runs] == [("invalid", 10)]


@pytest.mark.parametrize("per_month", [10, 17, 20, 23])
def test_ratios_of_whole_days_hit_steps_exactly(per_month):
    days = np.arange(per_month + 1)
    tenths = days * 100 >= 10 * per_month
    expected = tenths * 1 + (days * 100 >= 15 * per_month) + (days * 100 > 20 * per_month)
    np.testing.assert_array_equal(TROSA.step_of(days / per_month), expected)


def test_nothing_scheduled_reaches_no_step():
    assert TROSA.step_of(np.array([np.nan, 1.0])).tolist() == [0, 3]


def test_steps_are_monotone_in_the_share():
    assert (np.diff(TROSA.step_of(np.linspace(0, 1, 1001))) >= 0).all()


def test_rate_in_per_cent_is_refused():
    with pytest.raises(ValueError, match=r"got 20\. Did you mean 0\.2\?"):
        TROSA.step_of([0.1, 20.0])


@pytest.mark.parametrize(
    ("shares", "message"),
    [
        ((20.0,), r"got 20\. Did you mean 0\.2\?"),
        ((0.0,), "above 0"),
        ((0.2, 0.1), "step 2 is at 0.1 after 0.2"),
        ((0.1, 0.1), "steps must increase"),
        ((), "at least one step"),
        ((float("nan"),), "got nan"),
    ],
)
def test_steps_that_are_no_staircase(shares, message):
    with pytest.raises(PolicyError, match=message):
        stairs(*shares)


def test_every_problem_is_named_at_once():
    rule = RunRule(numerator="invalids", longer_than_days=0, action="report")
    with pytest.raises(PolicyError) as error:
        stairs(15.0, 0.1, numerator="all", window="monthly", runs=(rule,))
    text = str(error.value)
    expected = ("numerator", "'month'", "Did you mean 0.15?", "increase", "'invalid'", "at least 1")
    for part in expected:
        assert part in text


def test_round_trip_through_a_file(tmp_path):
    path = tmp_path / "own.toml"
    path.write_text(
        'name = "own"\nnumerator = "invalid"\nwindow = "term"\nsource = "us"\n'
        '[[steps]]\nat = 0.05\naction = "call"\n',
        encoding="utf-8",
    )
    assert Staircase.from_toml(path).steps == (Step(at=0.05, action="call"),)


@pytest.mark.parametrize(
    ("text", "messages"),
    [
        ("name = ", ["not a TOML file"]),
        ('nam = "x"', ["unknown key 'nam'. Did you mean 'name'?", "lacks the key 'steps'"]),
        (
            'name="x"\nnumerator="total"\nwindow="month"\nsource="s"\n[[steps]]\nshare = 0.1\n',
            ["step 1 has the unknown key 'share'", "step 1 lacks the key 'at'"],
        ),
        ('name="x"\nnumerator="total"\nwindow="month"\nsource="s"\nsteps = 3\n', ["at least one"]),
    ],
)
def test_files_that_are_no_staircase(tmp_path, text, messages):
    path = tmp_path / "bad.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(PolicyError) as error:
        Staircase.from_toml(path)
    for message in messages:
        assert message in str(error.value)


def test_unknown_preset_offers_the_nearest():
    with pytest.raises(ValueError, match="Did you mean 'trosa'"):
        Staircase.preset("troza")
