"""A folder appears when it is whole, and never replaces what is not its own kind."""

from __future__ import annotations

import pytest

from absence_risk.register.staging import refuse_existing, staged_folder


def test_a_folder_appears_only_when_the_block_ends_well(tmp_path):
    target = tmp_path / "out"
    with staged_folder(target, marker="m") as folder:
        (folder / "m").write_text("1")
        assert not target.exists()
    assert (target / "m").read_text() == "1"
    assert [p.name for p in tmp_path.iterdir()] == ["out"]


@pytest.mark.parametrize("failure", [RuntimeError, KeyboardInterrupt])
def test_a_stopped_run_leaves_nothing(tmp_path, failure):
    def write_half():
        with staged_folder(tmp_path / "out", marker="m") as folder:
            (folder / "m").write_text("half")
            raise failure

    with pytest.raises(failure):
        write_half()
    assert list(tmp_path.iterdir()) == []


def test_a_stopped_run_leaves_the_old_folder_as_it_was(tmp_path):
    target = tmp_path / "out"
    with staged_folder(target, marker="m") as folder:
        (folder / "m").write_text("old")

    def write_half():
        with staged_folder(target, marker="m", force=True) as folder:
            (folder / "m").write_text("new")
            raise OSError("no space left")

    with pytest.raises(OSError, match="no space left"):
        write_half()
    assert (target / "m").read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["out"]


def test_an_existing_folder_is_replaced_only_by_force(tmp_path):
    target = tmp_path / "out"
    target.mkdir()
    (target / "m").write_text("old")
    (target / "stale").write_text("old")
    with pytest.raises(FileExistsError, match="left as it is"):
        refuse_existing(target, marker="m")
    with staged_folder(target, marker="m", force=True) as folder:
        (folder / "m").write_text("new")
    assert {p.name: p.read_text() for p in target.iterdir()} == {"m": "new"}


def test_force_never_replaces_a_folder_of_another_kind(tmp_path):
    target = tmp_path / "thesis"
    target.mkdir()
    (target / "chapter.txt").write_text("years of work")
    with pytest.raises(FileExistsError, match="holds no m"):
        refuse_existing(target, marker="m", force=True)
    assert (target / "chapter.txt").exists()


def test_an_empty_folder_may_be_filled_by_force_and_a_file_never(tmp_path):
    (tmp_path / "empty").mkdir()
    refuse_existing(tmp_path / "empty", marker="m", force=True)
    (tmp_path / "file").write_text("x")
    with pytest.raises(FileExistsError, match="is a file"):
        refuse_existing(tmp_path / "file", marker="m", force=True)


def test_a_missing_parent_is_made(tmp_path):
    with staged_folder(tmp_path / "a" / "b", marker="m") as folder:
        (folder / "m").write_text("1")
    assert (tmp_path / "a" / "b" / "m").exists()
