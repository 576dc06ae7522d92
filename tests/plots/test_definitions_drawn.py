"""The numbers behind the figure of definitions."""

from __future__ import annotations

import pytest

from absence_risk import plots
from absence_risk.disclosure.cells import blank
from absence_risk.result import Estimate, Table


def table(*rows):
    return Table(name="definitions", title="Definitions (shares)", rows=rows, note="")


def row(group, share, threshold=0.1):
    return Estimate(
        term=f"pupils absent {threshold * 100:.0f} % or more",
        group=group,
        threshold=threshold,
        estimate=share,
        conf_low=share - 0.02,
        conf_high=share + 0.02,
        n=1500,
        n_events=round(1500 * share),
    )


def test_one_dot_per_definition_at_ten_per_cent():
    ax = plots.plot_definitions(
        table(row("minutes", 0.16), row("minutes", 0.05, 0.2), row("any lesson", 0.22))
    )
    dots = [line.get_xdata() for line in ax.lines if len(line.get_xdata()) == 1]
    assert [float(x[0]) for x in dots] == [0.16, 0.22]
    spans = [line.get_xdata() for line in ax.lines if len(line.get_xdata()) == 2]
    assert [tuple(map(float, x)) for x in spans] == [
        pytest.approx((0.14, 0.18)),
        pytest.approx((0.20, 0.24)),
    ]
    words = [text.get_text() for text in ax.texts]
    assert "minutes" in words
    assert any("n = 1" in text.replace("\n", " ") for text in words)


def test_hidden_rows_are_said_and_not_drawn():
    ax = plots.plot_definitions(table(row("minutes", 0.16), blank(row("any lesson", 0.22))))
    words = " ".join(text.get_text() for text in ax.texts).replace("\n", " ")
    assert "any lesson" not in words
    assert "1 not shown" in words


def test_nothing_to_draw_is_said():
    ax = plots.plot_definitions(table(blank(row("minutes", 0.16))))
    assert "not shown" in ax.texts[0].get_text()
