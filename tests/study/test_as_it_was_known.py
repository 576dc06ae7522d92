"""A simulated register with corrections, as it was known on a date."""

from __future__ import annotations

import dataclasses
import warnings

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

import absence_risk as ar
from absence_risk.errors import SmallCountWarning
from absence_risk.register.reporting import known_then
from absence_risk.register.row_files import FrameRows
from absence_risk.register.versions import cases_then, moment_of


@pytest.fixture(scope="module")
def corrected():
    """A region in which unexplained absence is explained later and reports come in late."""
    return ar.synthetic.simulate("region", pupils=800, seed=4).as_register(detail="everything")


def test_what_was_known_then_turns_into_the_latest_state(corrected):
    latest = corrected.cube()
    then = corrected.as_of("2025-10-15").cube()
    days = len(then.calendar)
    assert 0 < days < len(latest.calendar)
    np.testing.assert_array_equal(then.scheduled, latest.scheduled[:, :days])
    # Invalid absence that is explained later becomes valid; late reports add absence.
    assert then.invalid.sum() > latest.invalid[:, :days].sum()
    assert then.valid.sum() < latest.valid[:, :days].sum()
    end = corrected.as_of("2030-01-01").cube()
    for part in ("scheduled", "valid", "invalid"):
        np.testing.assert_array_equal(getattr(end, part), getattr(latest, part))


def test_late_reports_raise_the_reporting_rate_afterwards(corrected):
    then = corrected.as_of("2025-10-15").reporting_rate("year")
    whole = corrected.reporting_rate()
    same = whole[whole["period"].isin([202508, 202509])]
    early = corrected.as_of("2025-09-30").reporting_rate()
    assert early["reported_min"].sum() < same["reported_min"].sum()
    assert early["offered_min"].sum() == same["offered_min"].sum()
    assert (then["reporting_rate"] <= 1).all()


def test_a_guardians_report_is_a_source_of_its_own_in_the_facts(corrected):
    sources = corrected.validity_by_source()
    share = sources.loc[sources["automatic"], "valid_min"].sum() / sources["valid_min"].sum()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SmallCountWarning)  # a register this small hides tables
        facts = ar.study.run(corrected, plan=ar.study.StudyPlan(replicates=20)).facts
    assert facts["share of valid absence by a report alone"] == pytest.approx(share, abs=5e-5)
    assert 0 < share < 1


def test_an_empty_column_of_sources_makes_no_fact(corrected):
    table = corrected.rows.frame
    nothing = pa.nulls(len(table), pa.string())
    table = table.set_column(table.column_names.index("source"), "source", nothing)
    rows = FrameRows(frame=table, columns=corrected.rows.columns)
    unknown = dataclasses.replace(corrected, rows=rows)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SmallCountWarning)
        facts = ar.study.run(unknown, plan=ar.study.StudyPlan(replicates=20)).facts
    assert "share of valid absence by a report alone" not in facts


def test_a_view_is_validated_by_what_the_files_hold(corrected):
    view = corrected.as_of("2025-10-15")
    assert view.validate().to_dict() == corrected.validate().to_dict()


def test_how_much_was_known_then(corrected):
    then = known_then(corrected.as_of("2025-09-30"))
    rates = corrected.as_of("2025-09-30").reporting_rate()
    assert then.reporting_rate == rates["reported_min"].sum() / rates["offered_min"].sum()
    assert then.n_days == (corrected.calendar.dates <= np.datetime64("2025-09-30")).sum()
    months = corrected.reporting_rate()
    now = months[months["period"] <= 202509]
    assert then.reporting_rate < now["reported_min"].sum() / now["offered_min"].sum() < 1
    assert f"{100 * then.reporting_rate:.1f}".replace(".", ",") in then.text("sv")
    with pytest.raises(ValueError, match="as_of"):
        known_then(corrected)


def test_cases_and_outcomes_are_those_of_the_date(corrected):
    steps = {
        "referred": ["2025-09-01", "2025-09-01", "2025-09-01", "2025-11-01", None],
        "started": ["2025-09-10", "2025-09-10", "2025-10-16", "2025-11-05", None],
        "closed": ["2025-10-15", "2025-10-16", "2025-12-01", None, None],
    }
    cases = pd.DataFrame({name: pd.to_datetime(dates) for name, dates in steps.items()})
    cases["closure_reason"] = ["moved", "declined", "moved", None, None]
    then = cases_then(cases, moment_of("2025-10-15"))
    assert then.index.tolist() == [0, 1, 2, 4]  # a case without a date cannot be left out
    assert then["closed"].notna().tolist() == [True, False, False, False]
    assert then["started"].notna().tolist() == [True, True, False, False]
    assert then["closure_reason"].notna().tolist() == [True, False, False, False]
    assert cases["closed"].notna().sum() == 3  # the register itself stays

    assert (corrected.outcomes["date"] > "2025-10-15").all()
    view = corrected.as_of("2025-10-15")
    assert len(view.outcomes) == 0 < len(corrected.outcomes)
    assert len(view.cases) < len(corrected.cases)
    assert len(corrected.as_of("2030-01-01").cases) == len(corrected.cases)
