"""A journal that cannot be read is set aside, and a new epoch says so."""

import sqlite3
from collections import Counter
from pathlib import Path

import pytest

from controller import SOFTWARE
from controller.journal import NAME
from controller.journal_writer import Writer
from controller.pending import Handed, Head, Pending, ReceiptNoted
from controller.salvage import set_aside
from controller.state_copy import COPY_NAME, write_copy
from controller.storage import MACHINE
from controller.store import DAY_MS, Store
from controller.witnesses import mono_ms
from tests.unit.controller.journal_lives import AT, NOW, Life, failing, left_in, live, on_disk, some
from wire.entries import EntryType


@pytest.mark.parametrize("page", [0, 1, 3])
def test_a_corrupt_journal_is_set_aside_and_a_new_epoch_says_so(tmp_path: Path, page: int) -> None:
    async def use(life: Life) -> None:
        life.journal.append(EntryType.ACCESS_APPLIED, {}, NOW, state={"list": b"the list" * 2_000, "session": b"7"})
        await some(life, 200)

    live(tmp_path, use)
    write_copy(tmp_path / COPY_NAME, left_in(tmp_path).state)
    with (tmp_path / NAME).open("r+b") as file:
        file.seek(page * 4096)
        file.write(b"\xa5" * 4096)
    reopened = left_in(tmp_path)
    assert reopened.cause == "journal_set_aside"
    assert reopened.state["list"] == b"the list" * 2_000
    assert int(reopened.state["session"]) >= 7
    assert list(tmp_path.glob("journal.db.set-aside-*")) != []
    assert reopened.store is not None
    live(tmp_path, some)
    assert [entry.type for entry in on_disk(tmp_path)[-1]] == ["started", *["door_opened"] * 5]


@pytest.mark.parametrize("left_over", [0, 3])
def test_the_end_of_a_corrupt_journal_is_named_although_the_gateway_has_all_of_it(
    tmp_path: Path, left_over: int
) -> None:
    """Naming none, or one before it that has a follower already, is what a copied card does."""
    for _ in range(3):
        live(tmp_path, some)
    store = Store(tmp_path / NAME)
    epochs = store.epochs()
    store.put_receipts([(epoch.epoch, epoch.last, AT) for epoch in epochs])
    store.put_receipts([(epochs[0].epoch, epochs[0].last - left_over, AT)])
    store.close()
    set_aside(tmp_path / NAME)
    live(tmp_path, some)
    started = on_disk(tmp_path)[-1][0]
    assert started.body["previous_epoch"] == epochs[-1].epoch
    assert (started.body["previous_seq"], started.body["previous_hash"]) == (
        epochs[-1].last,
        epochs[-1].last_hash.hex(),
    )
    assert [epoch.last - epoch.through for epoch in left_in(tmp_path).epochs[:-1]] == [left_over] * bool(left_over) + [
        0
    ]


def test_a_journal_that_becomes_corrupt_while_it_runs_goes_on_in_a_new_epoch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def use(life: Life) -> None:
        await some(life, 3)
        with monkeypatch.context() as broken:
            broken.setattr(Store, "put_receipts", lambda store, _: failing(sqlite3.SQLITE_CORRUPT)(store))
            assert not await life.written(locker=4)
        assert await life.written(locker=5)

    live(tmp_path, use)
    before, after = on_disk(tmp_path)
    assert len(before) == 4
    assert after[0].type == "started"
    assert after[0].body["cause"] == "journal_set_aside"
    assert after[0].body["software"] == SOFTWARE
    assert after[0].body["previous_hash"] is not None
    assert [entry.body.get("locker") for entry in after if entry.type == "door_opened"] == [4, 5]


def test_a_changed_line_is_noticed_at_the_next_start(tmp_path: Path) -> None:
    live(tmp_path, some)
    store = Store(tmp_path / NAME)
    store.connection.execute("UPDATE entry SET line=replace(line, 'locker', 'lockes') WHERE seq=4")
    store.close()
    assert left_in(tmp_path).cause == "journal_set_aside"


def test_a_receipt_that_waits_while_the_journal_is_set_aside_stays_with_its_epoch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The new file numbers its epochs anew: what the gateway never had would pass for stored."""
    live(tmp_path, some)
    store = Store(tmp_path / NAME)
    (one,) = store.epochs()
    store.put_receipts([(one.epoch, one.last, AT)])
    head = Head(one.no, one.epoch, one.last, one.last_hash)
    writer = Writer(tmp_path / NAME, MACHINE, store, head, "boot-1", mono_ms, lambda _: None)

    def write(count: int) -> None:
        writer.take(Handed([Pending(EntryType.DOOR_OPENED, {}, AT, 1, "trusted") for _ in range(count)], Counter()))
        writer.step()

    write(9)
    two = store.epochs()[-1]
    writer.take(ReceiptNoted(two.epoch, two.last, AT))
    with monkeypatch.context() as broken:
        broken.setattr(Store, "put_receipts", lambda store, _: failing(sqlite3.SQLITE_CORRUPT)(store))
        write(1)
    write(30)
    writer.close()
    receipted = {epoch.epoch: (epoch.through, epoch.last) for epoch in left_in(tmp_path).epochs}
    assert receipted.pop(two.epoch) == (two.last, two.last)
    assert [through for epoch, (through, _) in receipted.items() if epoch != one.epoch] == [0]


def test_a_receipt_counts_as_far_as_its_epoch_was_brought_over_and_for_no_other(tmp_path: Path) -> None:
    """Beyond the last entry no hash is found, and nothing would ever be let go again."""
    live(tmp_path, some)
    store = Store(tmp_path / NAME)
    (epoch,) = store.epochs()
    store.put_receipts([(epoch.epoch, 500, AT), ("f" * 32, 3, AT)])
    assert [(each.through, each.last) for each in store.epochs()] == [(epoch.last, epoch.last)]
    assert store.connection.execute("SELECT no, through FROM receipt").fetchall() == [(epoch.no, epoch.last)]
    assert store.prune(AT + 36 * DAY_MS) == epoch.last
    store.close()
