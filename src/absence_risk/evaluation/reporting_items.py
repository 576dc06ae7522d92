"""Items that a report on a non-randomised evaluation should cover, in short words of our own.

Facts about the lists from Des Jarlais, Lyles & Crepaz 2004, Am J Public Health 94:361 (TREND, 22
items) and Hoffmann et al. 2014, BMJ 348:g1687 (TIDieR, 12 items). The wording is ours; the full
wording stands in the originals.
"""

from __future__ import annotations

__all__ = ["TIDIER", "TIDIER_SOURCE", "TREND", "TREND_SOURCE"]

TREND_SOURCE = "TREND: Des Jarlais, Lyles & Crepaz 2004, Am J Public Health 94:361"
TIDIER_SOURCE = "TIDieR: Hoffmann et al. 2014, BMJ 348:g1687"

TREND = (
    ("1", "title and abstract: how units came to the programme, whom it is for"),
    ("2", "background and the theory behind the programme"),
    ("3", "participants: who was eligible, how and where recruited"),
    ("4", "intervention: what was given, by whom, where, how much (see TIDieR)"),
    ("5", "objectives and hypotheses"),
    ("6", "outcomes: which, how measured, how well the instrument measures"),
    ("7", "sample size: how it came about"),
    ("8", "assignment: unit, method, what was done against bias of not randomising"),
    ("9", "blinding of participants, staff and assessors"),
    ("10", "unit of analysis, and how it differs from the unit of assignment"),
    ("11", "statistical methods: main analysis, missing data, further analyses"),
    ("12", "participant flow at each stage, departures from the plan"),
    ("13", "recruitment and follow-up: dates"),
    ("14", "baseline data, also of those lost and of the target population"),
    ("15", "baseline equivalence of groups, and how differences were handled"),
    ("16", "numbers analysed, and whether all who were assigned are in"),
    ("17", "outcomes and estimation: size and interval, null findings too"),
    ("18", "ancillary analyses: subgroups, adjusted, planned or explored"),
    ("19", "adverse events and unintended consequences"),
    ("20", "interpretation: bias, imprecise measures, multiple analyses, mechanism"),
    ("21", "generalisability"),
    ("22", "overall evidence: what else is known"),
)

TIDIER = (
    ("1", "name of the intervention"),
    ("2", "why: rationale, theory or goal"),
    ("3", "what: materials"),
    ("4", "what: procedures"),
    ("5", "who provided it, with what training"),
    ("6", "how: face to face, by phone, singly or in groups"),
    ("7", "where"),
    ("8", "when and how much"),
    ("9", "tailoring to the pupil"),
    ("10", "modifications during the project"),
    ("11", "how well: planned check of fidelity"),
    ("12", "how well: what was actually delivered"),
)
