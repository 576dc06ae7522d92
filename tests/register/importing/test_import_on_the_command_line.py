"""`import`, `validate --layout` and `--suggest-mapping` as a person and a machine meet them."""

from __future__ import annotations

import json

import numpy as np
from typer.testing import CliRunner

from absence_risk.cli import app

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
