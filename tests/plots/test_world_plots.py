"""Plots of a world draw the numbers they are given."""

from __future__ import annotations

import io

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from absence_risk import plots
from absence_risk.synthetic import portrait, simulate


@pytest.fixture(scope="module")
def world():
    return simulate(pupils=600, seed=4)


def drawn(ax, label):
    line = next(line for line in ax.lines if line.get_label() == label)
    return np.asarray(line.get_xdata()), np.asarray(line.get_ydata())


def words(ax):
    return " ".join(text.get_text() for text in ax.texts).replace("\u00a0", " ")


def test_weekly_lines_are_the_columns_and_their_sum(world):
    weekly = portrait.weekly_absence(world)
    ax = plots.plot_weekly_absence(weekly)
    assert len(ax.lines) == 5
    for name in weekly.columns:
        week, share = drawn(ax, name)
        np.testing.assert_array_equal(week, weekly.index)
        np.testing.assert_array_equal(share, weekly[name])
    np.testing.assert_allclose(drawn(ax, "all absence")[1], weekly.sum(axis=1))
    assert ax.get_ylim()[0] == 0


def test_what_was_expected_is_drawn_as_dots_of_the_same_colour(world):
    weekly = portrait.weekly_absence(world)
    expected = weekly[["leave"]] * 2
    ax = plots.plot_weekly_absence(weekly, expected=expected)
    (dots,) = (line for line in ax.lines if line.get_gid() == "expected-leave")
    np.testing.assert_array_equal(dots.get_ydata(), expected["leave"])
    line = next(line for line in ax.lines if line.get_label() == "leave")
    assert (dots.get_color(), dots.get_linestyle()) == (line.get_color(), "None")
    with pytest.raises(ValueError, match="expected has columns that weekly has not: flu"):
        plots.plot_weekly_absence(weekly, expected=expected.rename(columns={"leave": "flu"}))


def test_bars_hold_every_pupil_in_the_right_place():
    share = np.array([0.0, 0.02, 0.021, 0.10, 0.1001, 0.199, 0.20, 0.39, 0.40, 1.0])
    ax = plots.plot_yearly_absence(share)
    bars = {round(bar.get_x() + bar.get_width() / 2, 4): bar.get_height() for bar in ax.patches}
    filled = {at: height for at, height in bars.items() if height}
    assert filled == pytest.approx(
        {0.01: 0.2, 0.03: 0.1, 0.09: 0.1, 0.11: 0.1, 0.19: 0.2, 0.39: 0.1, 0.41: 0.2}
    )
    marks = [line.get_xdata()[0] for line in ax.lines if line.get_gid() == "mark"]
    assert marks == [0.10, 0.20]
    assert "10 % or more: 70.0 % of pupils" in " ".join(words(ax).split())
    assert "20 % or more: 40.0 % of pupils" in " ".join(words(ax).split())
    assert "n = 10 pupils, mean 24.3 %" in words(ax)


def test_bars_of_a_world_add_up_to_one(world):
    ax = plots.plot_yearly_absence(world.true_share().mean(axis=1), marks=(0.15,))
    assert sum(bar.get_height() for bar in ax.patches) == pytest.approx(1)
    assert len([line for line in ax.lines if line.get_gid() == "mark"]) == 1


def test_levels_are_stacked_from_the_highest(world):
    levels = portrait.level_shares(world)
    ax = plots.plot_ladder_levels(levels)
    for level in range(2, 7):
        line = next(line for line in ax.lines if line.get_gid() == f"level-{level}")
        expected = (world.days.level >= level).mean(axis=0)
        np.testing.assert_allclose(line.get_ydata(), expected, atol=1e-12)
        np.testing.assert_array_equal(line.get_xdata(), levels.index)
    assert [text.get_text() for text in ax.get_legend().get_texts()] == [
        f"level {k}" for k in range(2, 7)
    ]


def test_spell_lengths_are_shares_and_the_longest_share_a_point():
    ax = plots.plot_spell_lengths({"illness": [1, 1, 2, 5], "invalid": [3, 4, 9]}, longest=4)
    names = [line.get_label().replace("\u00a0", " ") for line in ax.lines[::2]]
    assert names == ["illness (n = 4, mean 2.2 days)", "invalid (n = 3, mean 5.3 days)"]
    for line, beyond, expected in zip(
        ax.lines[::2],
        ax.lines[1::2],
        ([0.5, 0.25, 0, 0, 0.25], [0, 0, 1 / 3, 1 / 3, 1 / 3]),
        strict=True,
    ):
        assert list(line.get_xdata()) == [1, 2, 3, 4]
        assert list(beyond.get_xdata()) == [5]
        np.testing.assert_allclose([*line.get_ydata(), *beyond.get_ydata()], expected)
        assert beyond.get_linestyle() == "None"
        assert beyond.get_color() == line.get_color()
    assert ax.get_xticklabels()[-1].get_text() == "more\nthan 4"


def test_thin_lines_are_geometric_with_the_same_mean():
    lengths = {"illness": [1, 1, 2, 5], "leave": [1, 1, 1]}
    ax = plots.plot_spell_lengths(lengths, longest=4, memoryless=True)
    thin = [line for line in ax.lines if line.get_gid() == "memoryless"]
    stay = 1 - 1 / 2.25
    np.testing.assert_allclose(thin[0].get_ydata(), [stay**k / 2.25 for k in range(4)])
    np.testing.assert_allclose(thin[1].get_ydata(), [1, 0, 0, 0])
    assert [line.get_color() for line in thin] == [ax.lines[0].get_color(), ax.lines[2].get_color()]
    assert ax.get_legend().get_texts()[-1].get_text() == "thin: same mean, without memory"
    plain = plots.plot_spell_lengths(lengths, longest=4)
    assert len(plain.lines) == 4


def test_given_axes_are_used_and_figures_can_be_written(world):
    found = portrait.spells(world)
    calls = (
        (plots.plot_weekly_absence, portrait.weekly_absence(world)),
        (plots.plot_yearly_absence, world.true_share().mean(axis=1)),
        (plots.plot_ladder_levels, portrait.level_shares(world)),
        (plots.plot_spell_lengths, {"all": found["length"]}),
    )
    for plot, data in calls:
        ax = Figure().add_subplot()
        assert plot(data, ax=ax) is ax
        assert ax.get_title(loc="left")
        svg = io.StringIO()
        plot(data).figure.savefig(svg, format="svg")
        assert "<svg" in svg.getvalue()


@pytest.mark.parametrize(
    ("plot", "data", "message"),
    [
        ("plot_weekly_absence", pd.DataFrame(), "weekly must not be empty"),
        ("plot_yearly_absence", [], "share must not be empty"),
        ("plot_yearly_absence", [0.1, 20.0], "share must be a proportion.*Did you mean 0.2"),
        ("plot_yearly_absence", [0.1, np.nan], "share must be a proportion"),
        ("plot_ladder_levels", pd.DataFrame({1: [1.0]}), "levels must not be empty"),
        ("plot_spell_lengths", {}, "lengths must not be empty"),
        ("plot_spell_lengths", {"a": []}, r"lengths\['a'\] must not be empty"),
        ("plot_spell_lengths", {"a": [0, 3]}, "must be at least 1 day, got 0"),
    ],
)
def test_what_cannot_be_drawn_is_refused(plot, data, message):
    with pytest.raises(ValueError, match=message):
        getattr(plots, plot)(data)
