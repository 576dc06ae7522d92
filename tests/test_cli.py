"""The command line as a person and as a machine meet it."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import absence_risk as ar
from absence_risk.synthetic import truth

RUN = [sys.executable, "-c", "from absence_risk.cli import main; main()"]


def call(*words, cwd=None):
    """Run the command line in a process of its own, as a shell does."""
    line = [*RUN, *map(str, words)]
    return subprocess.run(line, capture_output=True, text=True, cwd=cwd, check=False)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    out = tmp_path_factory.mktemp("cli") / "register"
    done = call("simulate", out, "--pupils", "1500", "--seed", "5", "--rows", "day")
    assert done.returncode == 0, done.stderr
    return out


def test_simulate_writes_a_register_with_its_truth(folder):
    assert {"truth.json", "manifest.json", "scenario.toml", "registers"} <= {
        p.name for p in folder.iterdir()
    }


def test_the_same_seed_gives_the_same_files(folder, tmp_path):
    call("simulate", tmp_path / "again", "--pupils", "1500", "--seed", "5", "--rows", "day")
    for path in folder.rglob("*"):
        if path.is_file():
            assert (tmp_path / "again" / path.relative_to(folder)).read_bytes() == path.read_bytes()


def test_validate_says_all_is_well_with_code_0(folder):
    done = call("validate", folder)
    assert done.returncode == 0, done.stderr
    assert "E2" not in done.stdout


def test_validate_prints_json_for_machines(folder):
    report = json.loads(call("validate", folder, "--json").stdout)
    assert report["ok"] is True


def test_study_prints_four_verdicts_and_the_page(folder, tmp_path):
    done = call("study", folder, "--out", tmp_path / "out", "--seed", "2")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    starts = [line.split(":")[0] for line in lines]
    assert starts == ["escalation", "threshold", "return", "wellbeing", "Report"]
    assert lines[-1].endswith("report.html")
    assert (tmp_path / "out" / "report.html").stat().st_size > 10_000
    assert done.stderr == ""  # no progress bar in a pipe, no leak reports


def test_study_json_is_what_results_json_holds(folder, tmp_path):
    done = call("study", folder, "--out", tmp_path / "out", "--json")
    printed = json.loads(done.stdout)
    written = json.loads((tmp_path / "out" / "results.json").read_text())
    assert printed.pop("report").endswith("report.html")
    assert printed == written


def test_a_study_by_a_named_definition_and_by_a_file(folder, tmp_path):
    done = call("study", folder, "--out", tmp_path / "dk", "--definition", "ss12000_reported")
    assert done.returncode == 0, done.stderr
    results = json.loads((tmp_path / "dk" / "results.json").read_text())
    assert "over reported minutes" in results["definition"]
    own = tmp_path / "own.toml"
    own.write_text('denominator = "reported"\n', encoding="utf-8")
    done = call("study", folder, "--out", tmp_path / "own", "--definition", own)
    assert done.returncode == 0, done.stderr
    again = json.loads((tmp_path / "own" / "results.json").read_text())
    assert again["results"] == results["results"]


@pytest.mark.parametrize(
    ("name", "message"),
    [("denmark", "denmark_uvm"), ("denmark_law", "all absence"), ("missing.toml", "missing.toml")],
)
def test_a_wrong_definition_is_wrong_usage(folder, tmp_path, name, message):
    done = call("study", folder, "--out", tmp_path / "out", "--definition", name)
    assert done.returncode == 2
    assert message in done.stderr
    assert not (tmp_path / "out").exists()


def test_an_existing_folder_is_kept_without_force_and_replaced_with_it(folder, tmp_path):
    out = tmp_path / "out"
    assert call("study", folder, "--out", out).returncode == 0
    before = (out / "results.json").stat().st_mtime_ns
    refused = call("study", folder, "--out", out)
    assert refused.returncode == 2
    assert "--force" in refused.stderr
    assert (out / "results.json").stat().st_mtime_ns == before
    assert call("study", folder, "--out", out, "--force").returncode == 0
    assert (out / "results.json").stat().st_mtime_ns > before


def test_force_does_not_replace_a_folder_that_is_no_study(folder, tmp_path):
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "dear.txt").write_text("x")
    refused = call("study", folder, "--out", tmp_path / "letters", "--force")
    assert refused.returncode == 2
    assert (tmp_path / "letters" / "dear.txt").exists()


@pytest.mark.parametrize("verb", ["validate", "study"])
def test_a_folder_that_is_no_register_is_code_1_and_nothing_is_written(verb, tmp_path):
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "cat.jpg").write_bytes(b"\xff\xd8")
    more = ("--out", tmp_path / "out") if verb == "study" else ()
    done = call(verb, tmp_path / "photos", *more)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "registers" in done.stdout + done.stderr
    assert not (tmp_path / "out").exists()


def test_broken_rows_are_listed_with_code_1_and_nothing_is_written(tmp_path):
    broken = tmp_path / "broken"
    ar.synthetic.simulate("municipality", pupils=60, seed=1).write(
        broken, rows="day", file_format="csv"
    )
    rows = next((broken / "registers").rglob("*.csv"))
    lines = rows.read_text().splitlines()
    header = lines[0].replace('"', "").split(",")
    cells = lines[10].split(",")
    cells[header.index("valid_min")] = "9999"
    lines[10] = ",".join(cells)
    lines.append(lines[20])
    rows.write_text("\n".join(lines) + "\n")
    for verb in (["validate", broken], ["study", broken, "--out", tmp_path / "out"]):
        done = call(*verb)
        said = done.stdout + done.stderr
        assert done.returncode == 1
        assert f"{rows.name}:11" in said
        assert "E201" in said
        assert "Traceback" not in said
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "words",
    [
        ["study"],
        ["simulate", "x", "--pupils", "0"],
        ["simulate", "x", "--preset", "atlantis"],
        ["fly"],
    ],
    ids=" ".join,
)
def test_wrong_usage_is_code_2(words, tmp_path):
    done = call(*words, cwd=tmp_path)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_run_stopped_half_way_leaves_nothing(tmp_path):
    line = [*RUN, "simulate", str(tmp_path / "big"), "--pupils", "200000"]
    with subprocess.Popen(line, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as child:
        deadline = time.monotonic() + 60
        while not list(tmp_path.iterdir()) and time.monotonic() < deadline:
            time.sleep(0.05)
        assert child.poll() is None, "the run ended before it could be stopped"
        os.kill(child.pid, signal.SIGINT)
        child.wait(timeout=60)
    assert child.returncode != 0
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("verb", ["simulate", "validate", "import", "study", "threshold"])
def test_every_verb_shows_an_example(verb):
    done = call(verb, "--help")
    assert done.returncode == 0
    assert f"Example: absence-risk {verb}" in " ".join(done.stdout.split())


def test_a_missing_folder_is_named(tmp_path):
    done = call("validate", tmp_path / "nowhere")
    assert done.returncode == 1
    assert Path("nowhere").name in done.stdout + done.stderr


def test_a_study_of_what_was_known_on_a_date(tmp_path, monkeypatch):
    folder = tmp_path / "register"
    # The truth behind the register costs most of the time and is not looked at here.
    monkeypatch.setattr(truth, "truth_of", lambda world: {"pupils": len(world.index)})
    world = ar.synthetic.simulate("region", pupils=300, seed=1)
    world.write(folder, rows="day", detail="everything")
    known = json.loads(call("validate", folder, "--as-of", "2025-12-01", "--json").stdout)["as_of"]
    assert known["date"] == "2025-12-01"
    assert 0.5 < known["reporting_rate"] < 1
    said = call("validate", folder, "--as-of", "2025-12-01", "--lang", "sv").stdout
    assert said.splitlines()[-1].startswith("känt vid slutet av 2025-12-01: ")
    done = call("study", folder, "--out", tmp_path / "then", "--as-of", "2025-12-01", "--json")
    assert done.returncode == 0, done.stderr
    facts = json.loads(done.stdout)["facts"]
    assert facts["as known on"] == "2025-12-01"
    assert facts["last school day"] <= "2025-12-01"
    assert facts["school days"] == known["n_days"]
    wrong = call("study", folder, "--out", tmp_path / "x", "--as-of", "1 December")
    assert wrong.returncode == 2
    assert "YYYY-MM-DD" in wrong.stderr


def test_threshold_says_where_to_act_in_words_and_as_json(folder):
    words = ("threshold", folder, "--objective", "net_benefit(0.25)", "--numerator", "total")
    words = (*words, "--window", "month")
    done = call(*words, "--by", "school_key", "--prior", "0.15", "0.02")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("threshold: ")
    assert "Drawn towards 15.0 % from elsewhere" in done.stdout
    assert "pupils for an interval of" in done.stdout
    row = next(line for line in done.stdout.splitlines() if line.startswith("threshold, share of"))
    assert re.search(r" \d+\.\d %  +\d+\.\d % to \d+\.\d %", row)
    assert not re.search(r"  0\.\d+ ", row)
    assert "  Benchmark: " in done.stdout
    result = json.loads(call(*words, "--json").stdout)
    assert result["verdict"]["answer"] in {"supported", "not supported", "undecidable"}
    assert {"chosen", "choices", "sample_size"} <= {table["name"] for table in result["tables"]}


def test_threshold_refuses_bad_words_with_code_2_and_impossible_limits_with_code_1(folder):
    assert call("threshold", folder, "--objective", "net_benefi(1)").returncode == 2
    done = call(
        "threshold", folder, "--objective", "youden", "--constraint", "min_ppv(0.999)",
        "--constraint", "min_sens(0.99)",
    )  # fmt: skip
    assert done.returncode == 1
    assert "nearest to min_ppv(0.999)" in done.stderr
