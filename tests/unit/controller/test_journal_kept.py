"""How long entries are kept, and how pages of them are read."""

import asyncio
from pathlib import Path

import pytest

from controller.inputs import Moment
from controller.journal import NAME
from controller.store import DAY_MS, Store
from tests.unit.controller.journal_lives import AT, Life, live, on_disk, some
from wire.chain import GENESIS
from wire.entries import EntryType


def first_epoch(store: Store) -> str:
    return store.epochs()[0].epoch


def test_entries_go_35_days_after_their_receipt_and_not_before(tmp_path: Path) -> None:
    live(tmp_path, some)
    store = Store(tmp_path / NAME)
    store.begin()
    store.put_receipts([(first_epoch(store), 4, AT)])
    store.commit()
    for days, left in ((34, [1, 2, 3, 4, 5, 6]), (36, [5, 6])):
        store.begin()
        store.prune(AT + days * DAY_MS)
        store.commit()
        assert [seq for (seq,) in store.connection.execute("SELECT seq FROM entry ORDER BY seq")] == left
    page = store.page(1, 5, 100, 65_536)
    assert page is not None
    assert page.prev == store.hash_at(1, 4)
    store.close()
    on_disk(tmp_path)


def test_a_lower_receipt_takes_back_what_a_higher_one_allowed_to_go(tmp_path: Path) -> None:
    live(tmp_path, some)
    store = Store(tmp_path / NAME)
    store.begin()
    store.put_receipts([(first_epoch(store), 6, AT)])
    store.put_receipts([(first_epoch(store), 2, AT + DAY_MS)])
    store.prune(AT + 60 * DAY_MS)
    store.commit()
    assert [seq for (seq,) in store.connection.execute("SELECT seq FROM entry ORDER BY seq")] == [3, 4, 5, 6]
    store.close()


def test_a_page_never_begins_later_than_it_was_asked_to(tmp_path: Path) -> None:
    """Entries 1 to 4 are gone: offered as they are, the rest would pass for a forgery at the gateway."""
    live(tmp_path, some)
    store = Store(tmp_path / NAME)
    store.put_receipts([(first_epoch(store), 4, AT)])
    store.prune(AT + 36 * DAY_MS)
    assert [store.page(1, first, 100, 65_536) for first in (1, 3)] == [None, None]
    store.close()


def test_entries_let_go_while_running_are_told_to_the_outbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("controller.journal_writer._PRUNE_EVERY_MS", 0)
    monkeypatch.setattr("controller.journal_writer.AT_REST_S", 0.05)
    live(tmp_path, some)

    async def use(life: Life) -> None:
        pruned: list[int] = []
        told = asyncio.Event()
        life.journal.changed = lambda result: told.set() if result.new_epochs and pruned else None
        await life.written(locker=1)
        before, now = await life.journal.epochs() or []
        life.journal.note_receipt(before.epoch, 4, AT)
        life.journal.note_receipt(now.epoch, 0, AT + 36 * DAY_MS)
        pruned.append(1)
        async with asyncio.timeout(10):
            await told.wait()
        epochs = await life.journal.epochs()
        assert epochs is not None
        assert epochs[0].pruned == 4

    live(tmp_path, use)


def test_a_single_witness_of_a_far_future_ages_no_receipt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("controller.journal_writer._PRUNE_EVERY_MS", 0)
    monkeypatch.setattr("controller.journal_writer._IDLE_S", 0.01)
    live(tmp_path, some)

    async def use(life: Life) -> None:
        life.journal.note_receipt(life.opened.epochs[0].epoch, 4, AT)
        spoofed = Moment(6_000, AT + 4_000 * DAY_MS, AT, AT + 4_000 * DAY_MS, "claimed")
        life.journal.append(EntryType.DOOR_OPENED, {"locker": 1}, spoofed)
        await life.written(locker=2)
        await asyncio.sleep(0.2)

    live(tmp_path, use)
    assert [len(epoch) for epoch in on_disk(tmp_path)] == [6, 3]


def test_a_page_holds_what_fits_one_batch_and_the_hash_before_it(tmp_path: Path) -> None:
    async def use(life: Life) -> None:
        await some(life, 3)
        for _ in range(300):
            life.append(EntryType.DOOR_OPENED, lambda _: None, locker=1)
        await life.written(locker=2)
        assert life.journal.head is not None
        first = await life.journal.page(life.journal.head.no, 1)
        assert first is not None
        assert first.prev == GENESIS
        assert len(first.lines) == 100
        small = await life.journal.page(life.journal.head.no, 305)
        assert small is not None
        assert len(small.lines) == 1
        assert await life.journal.page(life.journal.head.no, 306) is None

    live(tmp_path, use)
