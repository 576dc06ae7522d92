"""A key file is random, closed to others, outside every repository, and never shown."""

from __future__ import annotations

import os
import traceback

import pytest
from typer.testing import CliRunner

from absence_risk.cli import app
from absence_risk.errors import AbsenceRiskWarning, KeyFileError
from absence_risk.register.key_file import new_key_file, read_key_file

HEADER = "absence_risk key 1\n"
GOOD = bytes((i * 73 + i * i * 11) % 256 for i in range(32))


def write(path, text, mode=0o600):
    path.write_text(text, encoding="utf-8")
    path.chmod(mode)
    return path


def test_a_new_key_is_read_back_and_every_key_is_another(tmp_path):
    paths = [new_key_file(tmp_path / f"{i}.key") for i in range(50)]
    keys = {read_key_file(path) for path in paths}
    assert len(keys) == 50
    assert {len(key) for key in keys} == {32}
    assert all(path.stat().st_mode & 0o777 == 0o600 for path in paths)


def test_a_key_is_never_overwritten(tmp_path):
    path = new_key_file(tmp_path / "a.key")
    before = path.read_bytes()
    with pytest.raises(FileExistsError, match=r"'a\.key' exists"):
        new_key_file(path)
    assert path.read_bytes() == before


def test_the_umask_does_not_open_a_key(tmp_path):
    old = os.umask(0)
    try:
        path = new_key_file(tmp_path / "a.key")
    finally:
        os.umask(old)
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("as_file", [False, True])
def test_a_repository_is_refused_for_making_and_reading(tmp_path, as_file):
    deep = tmp_path / "project" / "data" / "keys"
    deep.mkdir(parents=True)
    path = new_key_file(deep / "a.key")
    mark = tmp_path / "project" / ".git"
    # A worktree has a file instead of a folder.
    mark.write_text("gitdir: x") if as_file else mark.mkdir()
    with pytest.raises(KeyFileError, match="git repository"):
        new_key_file(deep / "b.key")
    assert not (deep / "b.key").exists()
    with pytest.raises(KeyFileError, match="git repository"):
        read_key_file(path)


def test_a_link_into_a_repository_does_not_hide_it(tmp_path):
    (tmp_path / "project" / ".git").mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "project")
    with pytest.raises(KeyFileError, match="git repository"):
        new_key_file(tmp_path / "link" / "a.key")


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(KeyFileError, match="folder"):
        new_key_file(tmp_path / "nowhere" / "a.key")


@pytest.mark.parametrize("mode", [0o604, 0o602, 0o666])
def test_a_key_that_everybody_can_read_or_change_is_refused(tmp_path, mode):
    path = new_key_file(tmp_path / "a.key")
    path.chmod(mode)
    with pytest.raises(KeyFileError, match="chmod 600"):
        read_key_file(path)


def test_a_key_that_a_group_can_read_is_warned_of(tmp_path):
    path = new_key_file(tmp_path / "a.key")
    path.chmod(0o640)
    with pytest.warns(AbsenceRiskWarning, match="group"):
        read_key_file(path)


BAD = {
    "empty": "",
    "a word": "password",
    "a seed": "90210777\n",
    "header only": HEADER,
    "no header": GOOD.hex(),
    "other header": "absence_risk key 9\n" + GOOD.hex(),
    "short": HEADER + GOOD.hex()[:-2],
    "long": HEADER + GOOD.hex() + "00",
    "no hexadecimal digits": HEADER + "x" * 64,
    "two keys": HEADER + GOOD.hex() + "\n" + GOOD[::-1].hex(),
    "zeros": HEADER + "0" * 64,
    "a number": HEADER + f"{123456789:064x}",
    "a repeated byte pattern": HEADER + "deadbeef" * 8,
    "counting": HEADER + bytes(range(32)).hex(),
    "counting by seven": HEADER + bytes(i * 7 % 256 for i in range(32)).hex(),
    "a phrase": HEADER + b"correct horse battery staple 123"[:32].hex(),
    "a word padded": HEADER + b"password".ljust(32, b"\0").hex(),
    "no text": "\ufeff\u0153",
}


@pytest.mark.parametrize("what", BAD)
def test_what_is_no_random_key_is_refused_and_never_shown(tmp_path, what):
    path = write(tmp_path / "a.key", BAD[what])
    with pytest.raises(KeyFileError, match=r"a\.key") as error:
        read_key_file(path)
    report = traceback.TracebackException.from_exception(error.value, capture_locals=True)
    shown = "".join(report.format())
    assert error.value.__context__ is None
    for secret in [line for line in BAD[what].split("\n") if line + "\n" != HEADER and line]:
        assert secret not in shown


def test_the_good_key_of_these_tests_is_good(tmp_path):
    assert read_key_file(write(tmp_path / "a.key", HEADER + GOOD.hex() + "\n")) == GOOD


def test_a_missing_key_says_how_to_make_one_and_hides_numbers_in_its_name(tmp_path):
    with pytest.raises(KeyFileError, match="absence-risk new-key") as error:
        read_key_file(tmp_path / "k_0000000000.key")
    assert "0000000000" not in str(error.value)


def test_the_command_makes_a_key_and_does_not_show_it(tmp_path):
    path = tmp_path / "a.key"
    done = CliRunner().invoke(app, ["new-key", str(path)])
    assert done.exit_code == 0
    assert read_key_file(path)
    assert path.read_text(encoding="ascii").split()[-1] not in done.output
    again = CliRunner().invoke(app, ["new-key", str(path)])
    assert again.exit_code != 0
