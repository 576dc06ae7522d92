"""The reference page of all estimands, written from the code that computes them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from absence_risk.synthetic.truth.value import Entry

__all__ = ["estimand_page"]

_PRESETS = ("municipality", "s00_null", "s09_interference")
_PUPILS = 1_500
_HEAD = """\
# What is true of a simulated world

Every world is written with `truth.json`: its parameters, and the true value of each estimand
below with its Monte-Carlo error (`mc_se`, 0 where exact) and the number of units behind it (`n`).
The same id links an estimand, the estimator that aims at it and the sentence in the report. This
page is written by `absence_risk.synthetic.truth.reference_page`.

Methods: **closed_form** follows from the parameters; **quadrature** is a recursion integrated
over the differences between pupils; **crn_paired** is a difference between two worlds that share
all randomness and differ by one intervention; **simulation** is a mean over one simulated world.
Where two methods stand, the exact one is used in worlds in which it holds. Errors are the larger
of the one for independent pupils and the one for independent schools. Simulated values come from
a world of 12,000 to 24,000 pupils; a value is null where fewer than two pupils carry it.

Estimators of this package aim at `threshold.slope_change_at_20` (claim 2), `return.cif_week_20`
and its `_difference` (claim 3) and `wellbeing.absence_change_beyond` (claim 4). The adjusted odds
ratio of claim 1, `escalation.or_valid_5pp`, is an association: what it would have to equal if it
were an effect is `escalation.total_or_valid_5pp`.
"""
_TITLES = {
    "avoidance": "The ladder's cause",
    "escalation": "Claim 1: valid absence and later invalid absence",
    "label": "Labels of avoidance",
    "threshold": "Claim 2: what absence costs, and where",
    "return": "Claim 3: return to school and relapse",
    "closing": "How cases end",
    "wellbeing": "Claim 4: absence and wellbeing before and after",
    "referral": "Referral",
    "team": "On the way to the team",
    "staircase": "What an alarm of the staircase says",
    "actions": "What the actions of the steps do",
    "absence": "How much absence there is",
    "ladder": "Levels of avoidance",
    "illness": "Illness",
    "leave": "Leave",
    "lateness": "Late arrival",
    "reporting": "Unreported lessons",
}


def estimand_page() -> str:
    """Return the page, from small worlds of three presets.

    Returns
    -------
    str
        Text of ``docs/reference/estimands.md``.
    """
    from absence_risk.synthetic.truth import estimands  # noqa: PLC0415 - that imports the claims
    from absence_risk.synthetic.world import simulate  # noqa: PLC0415 - world imports the truth

    first: dict[str, Entry] = {}
    methods: dict[str, list[str]] = {}
    for preset in _PRESETS:
        for entry in estimands(simulate(preset, pupils=_PUPILS, seed=1)):
            first.setdefault(entry.id, entry)
            known = methods.setdefault(entry.id, [])
            known += [entry.method] * (entry.method not in known)
    parts = [_HEAD]
    names = [*_TITLES, *sorted({name.split(".")[0] for name in first} - set(_TITLES))]
    for section in names:
        mine = [entry for name, entry in first.items() if name.split(".")[0] == section]
        if mine:
            parts.append(f"## {_TITLES.get(section, section)}\n\n{_table(mine, methods)}")
    return "\n".join(parts)


def _table(entries: Iterable[Entry], methods: dict[str, list[str]]) -> str:
    """Return a Markdown table of estimands."""
    lines = ["| id | what | over whom | unit | method |", "|---|---|---|---|---|"]
    for entry in entries:
        cells = (
            f"`{entry.id}`",
            entry.formula.replace("|", "\\|"),
            entry.population,
            entry.unit,
            ", ".join(sorted(methods[entry.id])),
        )
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"
