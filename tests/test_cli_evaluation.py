"""The verbs evaluation and design as a quality developer meets them: a table and no Python."""

from __future__ import annotations

import csv
import json
import re
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

import absence_risk as ar

RUN = [sys.executable, "-c", "from absence_risk.cli import main; main()"]
ABSENCE = ("--outcome", "absence=before,after", "--chosen", "absence>=0.15")
WELLBEING = ("--outcome", "wellbeing=wb0,wb1,1,5,reliability=0.8,mean=3.6,sd=0.8")


def call(*words, cwd=None):
    line = [*RUN, *map(str, words)]
    return subprocess.run(line, capture_output=True, text=True, cwd=cwd, check=False)


def plain(text):
    """Return what stands in typer's boxes on one line."""
    return " ".join(re.sub(r"[│╭╮╰╯─]", " ", text).split())


def pupils(n=1500, seed=5):
    rng = np.random.default_rng(seed)
    level = rng.beta(1.2, 12, n)
    days = [rng.binomial(60, rng.beta(25 * level, 25 * (1 - level))) / 60 for _ in range(2)]
    frame = pd.DataFrame(
        {
            "pupil": [f"Anna-{i:04d}" for i in range(n)],
            "municipality": rng.choice(["Herning", "Hørsholm", "Slagelse"], n, p=[0.6, 0.3, 0.1]),
            "before": days[0].round(4),
            "after": days[1].round(4),
        }
    )
    chosen = (frame["before"] >= 0.15) & (rng.random(n) < 0.35)
    cases = frame[chosen].copy()
    first = np.clip(np.round(rng.normal(2.6, 0.8, len(cases))), 1, 5)
    then = np.clip(np.round(first + rng.normal(0.4, 0.8, len(cases))), 1, 5)
    cases["wb0"] = first
    cases["wb1"] = np.where(rng.random(len(cases)) < 0.4, np.nan, then)
    cases["motivation"] = rng.integers(1, 6, len(cases))
    cases["why"] = np.where(cases["wb1"].isna(), "declined", "")
    cases.loc[cases[cases["wb1"].isna()].index[:2], "why"] = "moved to her aunt"
    return cases, frame[~chosen]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("tables")
    cases, others = pupils()
    cases.to_csv(path / "cases.csv", index=False)
    others.to_csv(path / "untreated.csv", index=False)
    return path


@pytest.fixture(scope="module")
def written(folder):
    done = call(
        "evaluation", "--cases", "cases.csv", *ABSENCE, *WELLBEING, "--cluster", "municipality",
        "--registry", "untreated.csv", "--moderator", "motivation", "--reason", "why",
        "--out", "answers", "--lang", "sv", "--year", "2025/26", "--team", "Herning", "--seed", "3",
        cwd=folder,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done, folder / "answers"


def test_a_table_is_answered_without_python(written):
    done, out = written
    lines = done.stdout.splitlines()
    assert [line.split(":")[0] for line in lines[:2]] == ["absence", "wellbeing"]
    assert any("3 groups by municipality" in line for line in lines)
    assert lines[-2].startswith("What this design can carry")
    assert lines[-1].endswith("report.html")
    assert done.stderr == ""
    names = {p.relative_to(out).as_posix() for p in out.rglob("*") if p.is_file()}
    assert {"report.html", "board.html", "results.json"} <= names
    wanted = ("absence_by", "absence_responses", "absence_moderator", "wellbeing_missing",
              "wellbeing_bounds", "wellbeing_reliable_change", "wellbeing_follow_up",
              "wellbeing_wellbeing_tipping_curve")  # fmt: skip
    assert {f"tables/{name}.csv" for name in wanted} <= names
    assert {"figures/absence_flow_chart.svg", "figures/absence_by.svg"} <= names


def test_no_name_of_a_pupil_and_no_text_about_few_stands_in_any_file(written):
    done, out = written
    for path in (p for p in out.rglob("*") if p.is_file()):
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"Anna-\d", text), path.name
        assert "aunt" not in text, path.name
    assert "Anna" not in done.stdout


def test_no_small_count_stands_in_any_table_or_in_the_json(written):
    _, out = written
    seen = 0
    for path in out.glob("tables/*.csv"):
        for row in csv.DictReader(path.read_text(encoding="utf-8").splitlines()):
            for column in ("n", "n_events", "n_at_risk"):
                if row.get(column):
                    seen += 1
                    assert not 0 < float(row[column]) < 5, f"{path.name} {row['term']}"
    assert seen > 60
    text = (out / "results.json").read_text(encoding="utf-8")
    assert not re.search(r'"n(_events|_at_risk)?": [1-4]\b', text)


def test_the_pages_are_in_the_language_that_was_asked_for(written):
    _, out = written
    page = (out / "report.html").read_text(encoding="utf-8")
    assert "Hjälpte det" in page
    assert page.index('id="absence"') < page.index('id="wellbeing"')
    assert "Innan någon siffra läses" in page
    board = (out / "board.html").read_text(encoding="utf-8")
    assert "2025/26" in board
    assert "Herning" in board


def test_the_same_seed_gives_the_same_files_and_json_prints_what_is_written(written, folder):
    _, out = written
    done = call(
        "evaluation", "--cases", "cases.csv", *ABSENCE, *WELLBEING, "--cluster", "municipality",
        "--registry", "untreated.csv", "--moderator", "motivation", "--reason", "why",
        "--seed", "3", "--json", cwd=folder,
    )  # fmt: skip
    assert json.loads(done.stdout) == json.loads((out / "results.json").read_text("utf-8"))


def test_semicolons_decimal_commas_and_per_cent_signs_are_read(folder, tmp_path):
    cases, _ = pupils()
    for column in ("before", "after"):
        cases[column] = (100 * cases[column]).round(2).astype(str).str.replace(".", ",") + " %"
    cases["wb0"] = cases["wb0"].astype(str).str.replace(".", ",")
    cases["wb1"] = cases["wb1"].astype(str).str.replace(".", ",").replace("nan", "")
    cases.to_csv(tmp_path / "cases.csv", index=False, sep=";", encoding="cp1252")
    said = [
        json.loads(
            call("evaluation", "--cases", path / "cases.csv", *ABSENCE, *WELLBEING, "--json",
                 "--cluster", "municipality").stdout
        )["results"]["wellbeing"]["estimate"]
        for path in (folder, tmp_path)
    ]  # fmt: skip
    assert said[0] == said[1]


def test_shuffled_rows_give_the_same_answers(folder, tmp_path):
    cases, _ = pupils()
    cases.sample(frac=1, random_state=9).to_csv(tmp_path / "cases.csv", index=False)
    ask = ("--outcome", "wellbeing=wb0,wb1,1,5", "--cluster", "municipality", "--json")
    said = [
        json.loads(call("evaluation", "--cases", path / "cases.csv", *ask).stdout)["results"]
        for path in (folder, tmp_path)
    ]
    assert said[0] == said[1]


def test_every_fault_is_named_by_line_and_column_and_never_by_a_name(folder, tmp_path):
    lines = (folder / "cases.csv").read_text(encoding="utf-8").splitlines()
    cells = [line.split(",") for line in lines[:30]]
    cells[1][2] = "much"
    cells[2][2] = "15"
    cells[3][1] = ""
    cells[4][5] = "9"
    cells[6][0] = cells[5][0]
    (tmp_path / "cases.csv").write_text("\n".join(map(",".join, cells)), encoding="utf-8")
    first = call("evaluation", "--cases", tmp_path / "cases.csv", *ABSENCE, *WELLBEING,
                 "--cluster", "municipality", "--out", tmp_path / "out")  # fmt: skip
    assert first.returncode == 1
    assert "cases.csv, line 2, column before: is not a number" in first.stderr
    assert "cases.csv, line 7, column pupil: the pupil of line 6 again" in first.stderr
    cells[1][2], cells[6][0] = "0.2", "Anna-new"
    (tmp_path / "cases.csv").write_text("\n".join(map(",".join, cells)), encoding="utf-8")
    second = call("evaluation", "--cases", tmp_path / "cases.csv", *ABSENCE, *WELLBEING,
                  "--cluster", "municipality", "--out", tmp_path / "out")  # fmt: skip
    assert second.returncode == 1
    assert "line 3, column before: lies outside 0 to 1. Write a share as 0.15" in second.stderr
    assert "line 4, column municipality: is empty" in second.stderr
    assert "line 5, column wb1: lies outside 1 to 5" in second.stderr
    assert "Anna" not in first.stderr + second.stderr
    assert not (tmp_path / "out").exists()


def test_cases_that_stand_among_the_untreated_are_refused(folder):
    done = call("evaluation", "--cases", "cases.csv", *ABSENCE, "--cluster", "municipality",
                "--registry", "cases.csv", cwd=folder)  # fmt: skip
    assert done.returncode == 1
    assert "registry holds" in done.stderr
    assert "Anna" not in done.stderr


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), "Give a folder with a register, or --cases"),
        (("--cases", "cases.csv"), "Say what was measured"),
        (("--cases", "cases.csv", "--outcome", "absence=before"), "An outcome is NAME=BEFORE"),
        (("--cases", "cases.csv", "--outcome", "a=befor,after"), "Did you mean 'before'?"),
        (("--cases", "cases.csv", "--outcome", "a=before,after,x=1"), "Unknown: x"),
        (("--cases", "cases.csv", *ABSENCE[:2], "--chosen", "many"), "OUTCOME>=LEVEL"),
        (("--cases", "cases.csv", *ABSENCE[:2], "--chosen", "b>=0.1"), "outcome of --chosen"),
        (("--cases", "nothing.csv", *ABSENCE), "nothing.csv"),
        (("--cases", "cases.csv", *ABSENCE, "--benchmark", "luck"), "luck"),
    ],
)
def test_wrong_usage_ends_with_code_2_and_a_hint(folder, words, message):
    done = call("evaluation", *words, cwd=folder)
    assert done.returncode == 2
    assert message in plain(done.stderr)


def test_nobody_followed_up_is_said_with_code_1(folder, tmp_path):
    cases, _ = pupils()
    cases.assign(wb1="").to_csv(tmp_path / "cases.csv", index=False)
    done = call("evaluation", "--cases", tmp_path / "cases.csv", "--outcome",
                "wellbeing=wb0,wb1,1,5", "--out", tmp_path / "out")  # fmt: skip
    assert done.returncode == 1
    assert "Nobody has both" in done.stdout
    assert "Nobody has both" in (tmp_path / "out" / "report.html").read_text(encoding="utf-8")


def test_help_shows_examples():
    for verb in ("evaluation", "design"):
        done = call(verb, "--help")
        assert done.returncode == 0
        assert f"absence-risk {verb}" in plain(done.stdout).replace(
            "absence-risk  ", "absence-risk "
        )


def test_design_prints_what_can_be_found_and_json():
    words = ("--clusters", "40,15,5", "--cut", "0.15", "--missing", "0.4", "--replicates", "200")
    done = call("design", "--cases", "60", *words)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("With 60 cases in 3 municipalities")
    assert "registry regression, CR2" in done.stdout
    machine = json.loads(call("design", "--cases", "60", *words, "--json").stdout)
    assert machine["n"] == 60
    for wrong, code in (("many", 2), ("1", 1)):
        done = call("design", "--cases", "60", "--clusters", wrong, "--cut", "0.15")
        assert done.returncode == code, done.stderr


@pytest.fixture(scope="module")
def register(tmp_path_factory):
    path = tmp_path_factory.mktemp("evaluation") / "register"
    ar.synthetic.simulate("municipality", pupils=5_000, seed=3).write(path, rows="day")
    return path


def test_a_register_is_evaluated_alone_with_last_year_beside_it(register, tmp_path):
    out = tmp_path / "out"
    done = call("evaluation", register, "--out", out, "--last", register, "--year", "2025/26",
                "--after-days", "35")  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("absence: ")
    assert "2025/26" in (out / "board.html").read_text(encoding="utf-8")
    found = json.loads((out / "results.json").read_text(encoding="utf-8"))
    assert set(found["results"]) == {"absence"}
    assert "41 to 75" in found["results"]["absence"]["definition"]
    again = call("evaluation", register, "--out", out)
    assert again.returncode == 2
    assert "--force" in again.stderr


def test_a_register_without_cases_has_a_problem(register, tmp_path):
    import shutil

    shutil.copytree(register, tmp_path / "register")
    for name in ("cases", "surveys"):
        (tmp_path / "register" / f"{name}.parquet").unlink()
    done = call("evaluation", tmp_path / "register", "--out", tmp_path / "out")
    assert done.returncode == 1
    assert "no cases" in done.stderr
    assert not (tmp_path / "out").exists()
