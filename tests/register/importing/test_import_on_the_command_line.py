"""`import`, `validate --layout` and `--suggest-mapping` as a person and a machine meet them."""

from __future__ import annotations

import json

import numpy as np
import pytest
from typer.testing import CliRunner

from absence_risk.cli import app
from absence_risk.errors import DesignError
from absence_risk.register.period_totals import CANNOT
from absence_risk.register.wordings import LANGUAGES, wording

DAY = str(np.datetime64("2025-08-20"))


def call(*words):
    return CliRunner().invoke(app, [str(word) for word in words])


def test_import_then_validate(tmp_path, make_export, key):
    export = make_export()
    export.add("franvaro", *export.absence(20, DAY, 1, time="55,0"))
    folder, layout = export.write(tmp_path / "export"), export.mapping(tmp_path)
    out, bad = tmp_path / "register", tmp_path / "bad.csv"
    words = ["import", folder, "--layout", layout, "--key", key, "--out", out]
    done = call(*words, "--quarantine", bad, "--json")
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    assert [p["code"] for p in found["problems"]] == ["E202"]
    assert len(bad.read_text(encoding="utf-8").splitlines()) == 2
    assert call("validate", out).exit_code == 0
    assert call(*words).exit_code != 0  # the folder exists
    assert call(*words, "--force").exit_code == 0


def test_validate_an_export_lists_what_an_import_would_set_aside(tmp_path, make_export, key):
    export = make_export()
    folder, layout = export.write(tmp_path / "export"), export.mapping(tmp_path)
    done = call("validate", folder, "--layout", layout, "--key", key)
    assert (done.exit_code, "0 rows quarantined" in done.stdout) == (0, True)
    export.add("franvaro", *export.absence(20, DAY, 1, time="55,0"))
    export.write(folder)
    done = call("validate", folder, "--layout", layout, "--key", key)
    assert done.exit_code == 1
    assert "E202 franvaro.csv:38, column Tid (1 rows)" in done.stdout


def test_a_draft_is_printed_and_nothing_else(tmp_path, make_export):
    folder = make_export().write(tmp_path / "export")
    done = call("validate", folder, "--suggest-mapping")
    assert done.exit_code == 0
    assert done.stdout.startswith("# A draft")
    assert "E-00" not in done.stdout


def test_import_and_validation_speak_one_language(tmp_path, make_export, key):
    export = make_export()
    export.add("franvaro", *export.absence(20, DAY, 1, time="55,0"))
    folder, layout = export.write(tmp_path / "export"), export.mapping(tmp_path)
    source = (folder, "--layout", layout, "--key", key)
    said = {}
    for lang in LANGUAGES:
        out = tmp_path / lang
        done = call("import", *source, "--out", out, "--lang", lang)
        *lines, last = done.stdout.splitlines()
        assert last == f"{wording(lang).words['register']}: {out}"
        said[lang] = lines
        checked = call("validate", *source, "--lang", lang).stdout.splitlines()
        # Validation goes on with the register; what is worth noting stands there.
        kept = [line for line in lines if not line.startswith("  W")]
        assert checked[: len(kept)] == kept
        assert len(checked) == len(set(checked))
    assert len({lines[0] for lines in said.values()}) == 4
    assert len({len(lines) for lines in said.values()}) == 1
    for lines in said.values():
        assert any(line.startswith("  E202 franvaro.csv:38") for line in lines)


def test_json_of_an_import_tells_what_each_problem_does(tmp_path, make_export, key):
    export = make_export()
    export.add("franvaro", *export.absence(20, DAY, 1, time="55,0"))
    folder, layout = export.write(tmp_path / "export"), export.mapping(tmp_path)
    words = ("import", folder, "--layout", layout, "--key", key, "--out", tmp_path / "out")
    found = json.loads(call(*words, "--json").stdout)
    assert [p["severity"] for p in found["problems"]] == ["error"]
    assert {p["severity"] for p in found["notes"]} <= {"warning"}


def test_an_unknown_layout_is_wrong_usage(tmp_path, key):
    for words in (("validate",), ("study", "--out", "s"), ("import", "--out", "s")):
        done = call(words[0], tmp_path, *words[1:], "--layout", "nonsense", "--key", key)
        assert done.exit_code == 2, done.output
        assert "nonsense" in done.output


@pytest.mark.parametrize("layout", ["skolverket", "ss12000"])
def test_totals_say_what_they_carry_and_make_no_register(tmp_path, key, layout):
    folder = tmp_path / "totals"
    folder.mkdir()
    name = "franvaro_termin.csv" if layout == "skolverket" else "aggregatedAttendance.jsonl"
    (folder / name).write_text("x\n", encoding="utf-8")
    for words in (("validate",), ("study", "--out", "s"), ("import", "--out", tmp_path / "r")):
        done = call(words[0], folder, *words[1:], "--layout", layout, "--key", key)
        assert done.exit_code != 0
        assert isinstance(done.exception, DesignError)
        text = str(done.exception)
        assert f"read_totals(path, '{layout}'" in text
        assert all(phrase in text for phrase in CANNOT)
    assert not (tmp_path / "r").exists()
