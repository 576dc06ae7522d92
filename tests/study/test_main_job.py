"""One register through all four claims, and what is handed over."""

from __future__ import annotations

import dataclasses
import json
import re
import shutil

import pytest

import absence_risk as ar
from absence_risk.disclosure import scan
from absence_risk.errors import DisclosureError, SchemaError
from absence_risk.study.claims import CLAIMS
from absence_risk.study.plan import StudyPlan


@pytest.fixture(scope="session")
def handed_over(study, register, tmp_path_factory):
    out = tmp_path_factory.mktemp("study") / "out"
    ar.report.publish(study, out, register=register)
    return out


def test_every_claim_is_answered_or_refused_with_a_reason(study):
    assert list(CLAIMS) == ["escalation", "threshold", "return", "wellbeing"]
    assert set(study.results) | set(study.refused) == set(CLAIMS)
    assert len(study.lines()) == 4
    for line, claim in zip(study.lines(), CLAIMS, strict=True):
        assert re.match(rf"{claim}: (supported|not supported|undecidable)\. .+", line)


def test_every_answer_stands_beside_its_benchmark_with_intervals(study):
    assert study.results
    for result in study.results.values():
        for row in (result.estimate, result.benchmark, result.beyond):
            assert row.conf_low <= row.estimate <= row.conf_high
        assert result.benchmark_is
        assert result.definition
        assert result.n >= 10
        assert result.flow


def test_every_table_row_with_an_interval_holds_its_estimate(study):
    rows = [row for _, table in study.tables() for row in table.rows]
    with_interval = [r for r in rows if None not in (r.estimate, r.conf_low, r.conf_high)]
    assert len(with_interval) > 50
    for row in with_interval:
        slack = 1e-9 * max(1.0, abs(row.estimate))
        assert row.conf_low - slack <= row.estimate <= row.conf_high + slack


def test_the_folder_holds_report_results_tables_and_figures(handed_over, study):
    names = {p.relative_to(handed_over).as_posix() for p in handed_over.rglob("*") if p.is_file()}
    assert {"report.html", "results.json"} <= names
    assert {f"tables/{name}.csv" for name, _ in study.tables()} <= names
    assert any(name.startswith("figures/") and name.endswith(".svg") for name in names)


def test_no_key_and_no_small_count_in_any_file(handed_over, register, study):
    keys = register.keys()
    assert len(keys) > 3_000
    assert min(keys) >= 2**28
    assert scan([handed_over], keys, minimum=study.plan.minimum) == []


def test_no_number_in_any_file_is_a_key_read_without_our_own_scanner(handed_over, register):
    """The gate could be wrong itself: look again with nothing but a regular expression."""
    keys = register.keys()
    for path in handed_over.rglob("*"):
        if path.is_file():
            digits = re.findall(r"\d{9,10}", re.sub(r"[ ,\u00a0\u202f]", "", path.read_text()))
            assert not keys & {int(d) for d in digits}, path.name


def test_counts_in_results_json_are_none_or_at_least_five(handed_over):
    def counts(value):
        if isinstance(value, dict):
            for name, item in value.items():
                if name in {"n", "n_events", "n_at_risk"} and item is not None:
                    yield item
                yield from counts(item)
        elif isinstance(value, list):
            for item in value:
                yield from counts(item)

    found = list(counts(json.loads((handed_over / "results.json").read_text())))
    assert len(found) > 100
    assert not [n for n in found if 0 < n < 5]


def test_same_seed_same_bytes_and_another_seed_other_bytes(register, handed_over, tmp_path):
    for seed in (1, 2):
        answers = ar.study.run(register, random_state=seed)
        ar.report.publish(answers, tmp_path / str(seed), register=register)
    for path in handed_over.rglob("*"):
        if path.is_file():
            again = tmp_path / "1" / path.relative_to(handed_over)
            assert again.read_bytes() == path.read_bytes(), path.name
    other = (tmp_path / "2" / "results.json").read_bytes()
    assert other != (handed_over / "results.json").read_bytes()


def test_a_planted_key_stops_the_hand_over_and_leaves_nothing(study, register, tmp_path):
    key = min(register.keys())
    planted = dataclasses.replace(study, warnings=(f"pupil {key} was absent",))
    with pytest.raises(DisclosureError) as caught:
        ar.report.publish(planted, tmp_path / "out", register=register)
    assert str(key) not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_broken_rows_refuse_the_study_with_all_problems(register):
    frames = {
        "registers": register.panel().head(3)[["pupil_key"]].assign(
            date=register.calendar.dates[0], slot=1, scheduled_min=50, valid_min=60,
            invalid_min=-1, is_reported=True,
        ),
        "pupils": register.pupils,
        "schools": register.schools,
        "calendar": register.school_dates,
    }  # fmt: skip
    with pytest.raises(SchemaError) as caught:
        ar.study.run(ar.read_register(frames))
    codes = {problem.code for problem in caught.value.problems}
    assert {"E202", "E203"} <= codes


def test_a_register_without_cases_refuses_two_claims_and_answers_the_others(municipality, tmp_path):
    shutil.copytree(municipality, tmp_path / "register")
    for name in ("cases", "surveys"):
        (tmp_path / "register" / f"{name}.parquet").unlink()
    answers = ar.study.run(ar.read_register(tmp_path / "register"))
    assert set(answers.refused) == {"return", "wellbeing"}
    assert set(answers.results) == {"escalation", "threshold"}
    assert "case" in answers.refused["wellbeing"]


def test_progress_runs_forward(register):
    seen = []
    quick = ar.study.StudyPlan(replicates=20)
    ar.study.run(register, plan=quick, progress=lambda text, share: seen.append((text, share)))
    shares = [share for _, share in seen]
    assert shares == sorted(shares)
    assert 0 <= shares[0] < shares[-1] <= 1
    assert all(text for text, _ in seen)


@pytest.mark.parametrize(
    "wrong",
    [{"threshold": 20}, {"conf_level": 1.0}, {"at_week": 0}, {"minimum": 0}],
    ids=lambda wrong: next(iter(wrong)),
)
def test_a_plan_refuses_impossible_choices(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        StudyPlan(**wrong)
