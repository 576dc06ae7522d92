"""What a code table says arrives in a mapping as the axes of its labels."""

from __future__ import annotations

import pytest

from absence_risk.register.readers.code_labels import LABEL_TABLES, table_labels
from absence_risk.register.reasons import NOT_ABSENCE, REASONS
from absence_risk.register.source_codes import source_codes


def test_each_way_of_counting():
    dfe = table_labels("dfe")
    assert dfe["/"] == {"counts": "present"}
    assert dfe["L"] == {"counts": "late", "reason": 80}
    assert dfe["U"] == {"counts": "invalid", "reason": 80, "validity": "invalid"}
    assert dfe["N"] == {"counts": "invalid", "reason": 60, "validity": "pending"}
    assert dfe["W"] == {"counts": "elsewhere", "reason": 31}
    assert dfe["#"] == {"counts": "not_scheduled"}
    finland = table_labels("finland")
    assert finland["Kotitehtävät tekemättä"] == {"counts": "ignore"}
    assert finland["Koulu selvittänyt"]["validity"] == "unknown"


@pytest.mark.parametrize("table", [name for name in LABEL_TABLES if name != "reasons"])
def test_every_code_is_a_label(table):
    labels = table_labels(table)
    assert {code.code for code in source_codes(table)} <= set(labels)
    for said in labels.values():
        assert said["counts"] in {
            "valid",
            "invalid",
            "late",
            "present",
            "elsewhere",
            "not_scheduled",
            "ignore",
        }
        if said.get("reason") in NOT_ABSENCE:
            assert said["counts"] == "elsewhere"


def test_a_list_and_single_axes():
    assert set(table_labels("denmark", "legal")) == {"1", "2", "3"}
    words = table_labels("ss12000", "reason_words", ["reason"])
    assert words["Sjukdom"] == {"reason": 10}
    assert table_labels("reasons") == {r.label: {"reason": c} for c, r in REASONS.items()}
    with pytest.raises(ValueError, match="vocabulary"):
        table_labels("dfe", "aula")


def test_a_dash_may_be_a_hyphen():
    labels = table_labels("finland", "older")
    assert labels["Luvallinen - Terveydellinen"] == labels["Luvallinen – Terveydellinen"]
