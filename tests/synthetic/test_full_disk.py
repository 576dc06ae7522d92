"""A disk that fills up: an error that says so, and nothing that reads as a register."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from absence_risk.synthetic import simulate, truth, writer

resource = pytest.importorskip("resource", reason="limits on file size are a matter of Unix")
COMMAND = """
import resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv.pop(1)),) * 2)
from absence_risk.cli import main
main()
"""


def run(limit, folder, *options):
    """The command line in a process that cannot write files larger than the limit."""
    command = [sys.executable, "-c", COMMAND, str(limit), "simulate", str(folder)]
    return subprocess.run(
        [*command, "--pupils", "400", *options],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
    )


@pytest.mark.parametrize("file_format", ["parquet", "csv"])
def test_command_line_says_what_was_not_written(tmp_path, file_format):
    found = run(60_000, tmp_path / "register", "--format", file_format)
    assert found.returncode == 1
    assert "The disk is full" in found.stderr
    assert f"{tmp_path / 'register'} was not written" in found.stderr
    assert "Traceback" not in found.stderr
    assert found.stdout == ""
    assert list(tmp_path.iterdir()) == []


def test_an_earlier_register_stays_whole(tmp_path):
    folder = tmp_path / "register"
    assert run(100_000_000, folder, "--rows", "day", "--pupils", "40").returncode == 0
    before = {p: p.read_bytes() for p in folder.rglob("*") if p.is_file()}
    found = run(60_000, folder, "--force")
    assert found.returncode == 1
    assert f"{folder} is left as it was" in found.stderr
    assert {p: p.read_bytes() for p in folder.rglob("*") if p.is_file()} == before
    assert [p.name for p in tmp_path.iterdir()] == ["register"]
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["unit"] == "day"


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT])
@pytest.mark.parametrize("name", ["truth.json", "manifest.json"])
def test_the_last_files_count_too(tmp_path, monkeypatch, code, name):
    whole = Path.write_text

    def fill_up(path, text, **options):
        if path.name == name:
            whole(path, text[:100], **options)
            raise OSError(code, os.strerror(code))
        return whole(path, text, **options)

    monkeypatch.setattr(Path, "write_text", fill_up)
    monkeypatch.setattr(truth, "truth_of", lambda world: {"pupils": len(world.index)})
    with pytest.raises(OSError, match="was not written") as caught:
        simulate(pupils=30, seed=1).write(tmp_path / "register", rows="day")
    assert caught.value.errno == code
    assert list(tmp_path.iterdir()) == []


def test_other_errors_stay_what_they_are(tmp_path, monkeypatch):
    def broken(*args, **kwargs):
        raise PermissionError(errno.EACCES, "not allowed")

    monkeypatch.setattr(writer, "_manifest", broken)
    monkeypatch.setattr(truth, "truth_of", lambda world: {})
    with pytest.raises(PermissionError, match="not allowed"):
        simulate(pupils=30, seed=1).write(tmp_path / "register", rows="day")


FULL = Path("/dev/full")


@pytest.mark.skipif(not FULL.exists(), reason="no device that is always full")
def test_a_full_device_raises_while_parquet_is_written(tmp_path, monkeypatch):
    """What the parquet writer itself raises on a device without space is understood."""
    draft = writer._Sink

    def onto_full(path, *args, **kwargs):
        return draft(FULL if path.name.startswith("part") else path, *args, **kwargs)

    monkeypatch.setattr(writer, "_Sink", onto_full)
    monkeypatch.setattr(truth, "truth_of", lambda world: {})
    with pytest.raises(OSError, match="was not written") as caught:
        simulate(pupils=30, seed=1).write(tmp_path / "register", rows="day")
    assert caught.value.errno == errno.ENOSPC
    assert list(tmp_path.iterdir()) == []
