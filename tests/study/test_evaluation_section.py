"""Claim 4 of the main job: what stands in its section, and what does not."""

from __future__ import annotations

import json

import pytest

import absence_risk as ar
from absence_risk.study.plan import StudyPlan

TABLES = {"change", "course", "responders", "by", "effect_sizes", "flow_chart", "wellbeing"}
FROM_SURVEYS = {"wellbeing_missing", "wellbeing_bounds", "wellbeing_effect_sizes"}


@pytest.fixture(scope="module")
def page(study, tmp_path_factory):
    path = tmp_path_factory.mktemp("section") / "report.html"
    return ar.report.write(study, path, lang="sv").read_text(encoding="utf-8")


def test_the_section_holds_forest_flow_responders_and_the_questionnaire(study):
    result = study.results["wellbeing"]
    names = {table.name for table in result.tables}
    assert names >= TABLES | FROM_SURVEYS
    assert "no untreated pupil answered" in " ".join(result.verdict.reasons)


def test_a_caution_stands_once_and_not_among_the_reasons(study):
    remarks = study.notes["wellbeing"]
    assert remarks.cautions
    assert len(set(remarks.cautions)) == len(remarks.cautions)
    assert not set(remarks.cautions) & set(study.results["wellbeing"].verdict.reasons)
    assert not any("not told how the cases were chosen" in text for text in remarks.cautions)


def test_answers_without_a_pupil_key_are_imputed_with_a_warning(study):
    remarks = study.notes["wellbeing"]
    assert "wellbeing" in remarks.tippings
    assert any("no record joins the answers" in text for text in remarks.left_out)


def test_the_notes_are_in_results_json_and_the_curve_among_the_tables(study):
    notes = json.loads(json.dumps(study.to_dict()))["notes"]["wellbeing"]
    assert notes["carries"].startswith("What this design can carry")
    assert notes["tipping"]["wellbeing"]["sentence"]
    assert "wellbeing_wellbeing_tipping_curve" in dict(study.tables())


def test_the_page_says_it_in_swedish(page):
    section = page.split('id="wellbeing"')[1].split("</section>")[0]
    for words in (
        "Innan någon siffra läses",
        "Hur de som inte följts upp skulle behöva vara",
        "Vad den här uppläggningen kan bära",
        "Vad den inte kan bära",
        "TREND",
        "fylls i",
    ):
        assert words in section


def test_no_picture_of_single_pupils_is_in_the_page(page):
    assert "single-pupils" not in page


@pytest.mark.filterwarnings("ignore::absence_risk.errors.SmallCountWarning")
def test_clusters_and_windows_are_a_choice_of_the_plan(register):
    plan = StudyPlan(
        windows=ar.evaluation.Windows(follow_days=30, cut=0.15), cluster=None, by="school_key"
    )
    assert plan.windows.cut == 0.15
    answers = ar.study.run(register, plan=plan, random_state=1)
    result = answers.results["wellbeing"]
    assert "clustered by school" not in result.method
    assert "41 to 70" in result.definition
    assert answers.to_dict()["plan"]["windows"]["cut"] == 0.15
