"""What the controller's disk promises, on this machine's file system: what is said to be durable was synced."""

import os
import stat
from pathlib import Path

import pytest

from controller.salvage import newest_aside, set_aside
from controller.storage import MACHINE


@pytest.fixture
def synced(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was synced, in order: `file` or `folder`."""
    kinds: list[str] = []
    sync = os.fsync

    def noted(descriptor: int) -> None:
        kinds.append("folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "file")
        sync(descriptor)

    monkeypatch.setattr(os, "fsync", noted)
    return kinds


def test_a_replaced_file_and_its_name_are_synced_before_it_is_said(tmp_path: Path, synced: list[str]) -> None:
    path = tmp_path / "root.pub"
    path.write_bytes(b"old")
    MACHINE.replace(path, b"new")
    assert (path.read_bytes(), synced) == (b"new", ["file", "folder"])
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert os.listdir(tmp_path) == ["root.pub"]


def test_what_root_replaces_belongs_to_whoever_the_folder_belongs_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A root key that only root can read is none: the service runs as another user."""
    given: list[tuple[int, int]] = []
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(os, "fchown", lambda _, user, group: given.append((user, group)))
    MACHINE.replace(tmp_path / "root.pub", b"new")
    folder = tmp_path.stat()
    assert given == [(folder.st_uid, folder.st_gid)]


def test_a_draft_that_was_left_or_planted_is_never_written_through(tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.write_bytes(b"someone else's")
    (tmp_path / "root.pub.new").symlink_to(other)
    MACHINE.replace(tmp_path / "root.pub", b"new")
    assert ((tmp_path / "root.pub").read_bytes(), other.read_bytes()) == (b"new", b"someone else's")


def test_a_file_written_again_holds_the_same_bytes_and_was_synced(tmp_path: Path, synced: list[str]) -> None:
    path = tmp_path / "journal.db-wal"
    content = os.urandom(70_000)
    path.write_bytes(content)
    number = path.stat().st_ino
    MACHINE.write_again(path)
    assert (path.read_bytes(), synced) == (content, ["file"])
    assert path.stat().st_ino == number, "those who have it open see it"


def test_two_journals_set_aside_stand_beside_each_other(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    for content in (b"first", b"second"):
        path.write_bytes(content)
        set_aside(path)
    newest = newest_aside(path)
    assert newest is not None
    assert newest.read_bytes() == b"second"
    assert sorted(each.read_bytes() for each in tmp_path.iterdir()) == [b"first", b"second"]
