"""The journal on real files: durable in order, chained, each start an epoch."""

from pathlib import Path

import pytest

from controller.journal import NAME
from controller.store import Store
from tests.unit.controller.journal_lives import NOW, Life, left_in, live, on_disk, some
from wire.entries import EntryType


def test_entries_are_numbered_from_one_without_holes_and_their_chain_holds(tmp_path: Path) -> None:
    live(tmp_path, some)
    (entries,) = on_disk(tmp_path)
    assert [entry.type for entry in entries] == ["started", *["door_opened"] * 5]


def test_a_commit_is_flushed_to_the_disk(tmp_path: Path) -> None:
    """2 is FULL: SQLite calls fsync at each commit, in the log alone."""
    store = Store(tmp_path / NAME)
    settings = [store.connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("synchronous", "journal_mode")]
    store.close()
    assert settings == [2, "wal"]


def test_each_start_begins_an_epoch_that_names_the_one_before(tmp_path: Path) -> None:
    live(tmp_path, some)
    live(tmp_path, some)
    first, second = on_disk(tmp_path)
    body = second[0].body
    assert body["previous_epoch"] == first[0].epoch
    assert body["previous_seq"] == 6
    assert first[0].body["previous_epoch"] is None


def test_entries_appended_together_are_one_commit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    commits = []
    commit = Store.commit
    monkeypatch.setattr(Store, "commit", lambda store: (commits.append(1), commit(store)))

    async def use(life: Life) -> None:
        await life.written(locker=1)
        before = len(commits)
        life.append(EntryType.COMMAND_ACCEPTED, lambda _: None, command="c")
        assert await life.written(EntryType.RELEASE_INTENDED, release="r", locker=1)
        assert len(commits) == before + 1

    live(tmp_path, use)


def test_state_is_kept_with_its_entry_and_the_list_before_stays(tmp_path: Path) -> None:
    async def use(life: Life) -> None:
        for value in (b"first", b"second"):
            life.journal.append(EntryType.ACCESS_APPLIED, {}, NOW, state={"list": value})
            await life.written(locker=1)

    live(tmp_path, use)
    state = left_in(tmp_path).state
    assert (state["list"], state["list_previous"]) == (b"second", b"first")


def test_a_locker_out_of_service_is_remembered_until_it_is_back_in_service(tmp_path: Path) -> None:
    async def use(life: Life) -> None:
        await life.written(EntryType.OUT_OF_SERVICE, locker=4, reason="broken", until=None)
        await life.written(EntryType.OUT_OF_SERVICE, locker=5, reason="wet", until=None)
        await life.written(EntryType.IN_SERVICE, locker=4)

    live(tmp_path, use)
    assert [name for name in left_in(tmp_path).state if name.startswith("service:")] == ["service:5"]
