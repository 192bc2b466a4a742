"""What the enumerated power cuts brought to light: each mishap by itself, on a simulated disk."""

import errno
from collections.abc import Iterator

import pytest

from controller.journal import NAME, open_journal
from controller.salvage import set_aside
from controller.state_copy import COPY_NAME
from controller.store import Store
from simulator.world.disk import Disk
from simulator.world.survival import nothing
from tests.simulation.journal_life import DATA, DATABASE, JournalLife, copied
from wire.entries import EntryType

_NOISE = b"\xa5" * 4096


@pytest.fixture
def life() -> Iterator[JournalLife]:
    """A bank with a list, a copy of it, and some openings; it has ended in order."""
    life = JournalLife(7)
    life.start()
    life.list_comes()
    life.opening()
    life.rest()
    life.stop()
    yield life
    life.close()


def found(disk: Disk) -> tuple[str, bool, list[str]]:
    """How the journal opens: the cause, whether there is a list, and the types of entries."""
    opened = open_journal(DATA, disk)
    assert opened.store is not None
    opened.store.close()
    return opened.cause, "list" in opened.state, [entry.type for entry in opened.recent]


def test_a_journal_set_aside_before_a_power_cut_is_brought_over_at_the_next_start(life: JournalLife) -> None:
    _, _, entries = found(life.disk)
    set_aside(DATA / NAME, life.disk)
    assert found(life.disk) == ("journal_set_aside", True, entries)


def test_a_power_cut_between_moving_the_log_and_the_database_parts_them_only_until_the_next_start(
    life: JournalLife,
) -> None:
    life.start()
    life.opening()
    life.die()  # the log stays
    _, _, entries = found(life.disk.left_by(nothing()))
    life.disk.rename(f"{DATABASE}-wal", f"{DATABASE}.set-aside-1-wal")
    assert found(life.disk) == ("journal_set_aside", True, entries)


def test_a_corrupt_journal_on_a_full_disk_still_gives_the_list_from_its_copy(life: JournalLife) -> None:
    life.disk.spoil(DATABASE, 0, _NOISE)
    life.disk.capacity = life.disk.capacity - life.disk.free_bytes(DATA)
    opened = open_journal(DATA, life.disk)
    assert opened.store is None
    assert "list" in opened.state


def test_state_that_is_no_longer_bytes_is_taken_from_its_copy(life: JournalLife) -> None:
    store = Store(DATA / NAME, life.disk)
    store.connection.execute("UPDATE state SET value='text' WHERE name='list'")
    store.close()
    cause, has_list, _ = found(life.disk)
    assert (cause, has_list) == ("journal_set_aside", True)


def test_after_a_failed_sync_what_is_said_to_be_durable_survives_a_power_cut(life: JournalLife) -> None:
    life.start()
    life.receipt()  # somebody reads: the log is not closed when the writer gives up
    failures = [errno.EIO]
    life.disk.refuses = lambda operation, _: failures.pop() if failures and operation == "sync" else None
    life.opening()
    life.run(2_500)  # nothing comes after it: what follows would be written over the hole
    seq, digest = list(life.answered.values())[-1]
    opened = open_journal(DATA, life.disk.left_by(nothing()))
    assert not failures
    assert (opened.epochs[-1].last, opened.epochs[-1].last_hash) == (seq, digest)


def test_a_list_that_came_just_before_the_process_was_killed_is_in_the_copy_of_the_next(life: JournalLife) -> None:
    life.start()
    life.list_comes()
    newest = max(life.lists, key=lambda envelope: life.lists[envelope])
    life.die()
    life.start()
    life.append(EntryType.DOOR_OPENED, locker=1)
    life.rest()
    life.stop()
    life.disk.spoil(DATABASE, 0, _NOISE)
    assert open_journal(DATA, life.disk).state["list"] == newest


@pytest.mark.parametrize("is_empty", [False, True])
def test_where_the_journal_is_gone_the_list_comes_from_its_copy_and_stays_there(
    life: JournalLife, is_empty: bool
) -> None:
    newest, session = newest_list(life), int(open_state(life.disk)["session"])
    lose_journal(life, is_empty)
    cause, has_list, entries = found(life.disk)
    assert (cause, has_list, entries) == ("journal_set_aside", True, [])
    state = open_state(life.disk)
    assert (state["list"], copied(life.disk)["list"]) == (newest, newest)
    assert int(state["session"]) > session
    life.start()
    life.rest()
    life.stop()
    assert copied(life.disk)["list"] == newest


def test_a_disk_without_journal_and_copy_is_a_bank_that_begins(life: JournalLife) -> None:
    lose_journal(life)
    life.disk.delete(f"{DATA}/{COPY_NAME}")
    assert found(life.disk) == ("start", False, [])


def test_a_copy_made_since_a_journal_was_set_aside_knows_better_than_that_journal(life: JournalLife) -> None:
    """What it says may be years old, and whom the newest list revokes it does not know."""
    set_aside(DATA / NAME, life.disk)
    life.start()
    life.list_comes()
    life.rest()
    life.stop()
    newest = newest_list(life)
    lose_journal(life)
    state = open_state(life.disk)
    assert (state["list"], state["list_version"]) == (newest, b"%d" % life.lists[newest])


def test_a_copy_made_before_a_journal_was_set_aside_knows_no_better(life: JournalLife) -> None:
    set_aside(DATA / NAME, life.disk)
    life.start()
    life.rest()
    life.list_comes()
    life.stop()
    newest = newest_list(life)
    assert copied(life.disk)["list"] != newest
    set_aside(DATA / NAME, life.disk)
    assert open_state(life.disk)["list"] == newest


def newest_list(life: JournalLife) -> bytes:
    return max(life.lists, key=lambda envelope: life.lists[envelope])


def open_state(disk: Disk) -> dict[str, bytes]:
    opened = open_journal(DATA, disk)
    assert opened.store is not None
    opened.store.close()
    return opened.state


def lose_journal(life: JournalLife, is_empty: bool = False) -> None:
    """What a check of the file system may leave after a power cut."""
    life.disk.delete(DATABASE)
    if is_empty:
        life.disk.create(DATABASE)
