"""A disk that answers nothing, not even an error: memory stays bounded, what is lost is counted, and it is told."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from controller.journal import HANGS_MS, Journal, open_journal
from controller.pending import MAX_WAITING, Result
from controller.storage import MachineStorage
from tests.unit.controller.journal_lives import NOW, on_disk, until
from wire.entries import EntryType

FLOOD = 3 * MAX_WAITING


@dataclass
class Hanging(MachineStorage):
    """A card that the writer's look at never comes back from."""

    answers: threading.Event = field(default_factory=threading.Event)
    asked: threading.Event = field(default_factory=threading.Event)

    def free_bytes(self, folder: Path) -> int:
        self.asked.set()
        assert self.answers.wait(60)
        return super().free_bytes(folder)


class Told(list[str | None]):
    """The journal's trouble after each attempt to write."""

    def hear(self, result: Result) -> None:
        self.append(result.trouble)


@contextmanager
def hung(folder: Path) -> Iterator[tuple[Journal, Hanging, Told]]:
    """A journal whose writer has just gone to the disk with the first entry."""
    storage, told = Hanging(), Told()
    journal = Journal(folder, open_journal(folder), "boot-1", asyncio.get_running_loop(), storage=storage)
    journal.changed = told.hear
    journal.start()
    journal.append(EntryType.STARTED, {"cause": "start"}, NOW)
    journal.flush()
    assert storage.asked.wait(10)
    try:
        yield journal, storage, told
    finally:
        storage.answers.set()


def flood(journal: Journal) -> None:
    for _ in range(FLOOD):
        journal.append(EntryType.BADGE_REFUSED, {"why": "unknown"}, NOW)
        journal.flush()


async def answered(journal: Journal, storage: Hanging) -> None:
    storage.answers.set()
    await until(lambda: not journal.waiting)


def test_what_comes_while_the_disk_hangs_takes_bounded_memory_and_is_counted(tmp_path: Path) -> None:
    async def run() -> int:
        with hung(tmp_path) as (journal, storage, _):
            flood(journal)
            waited = journal.waiting
            await answered(journal, storage)
            assert journal.stop()
            return waited

    waited = asyncio.run(run())
    assert MAX_WAITING <= waited <= MAX_WAITING * 1.2
    [entries] = on_disk(tmp_path)
    kept = sum(entry.type == EntryType.BADGE_REFUSED for entry in entries)
    lost = sum(entry.body["count"] for entry in entries if entry.type == EntryType.SUPPRESSED)
    assert kept + lost == FLOOD
    assert lost > 0


def test_a_release_finds_room_though_the_disk_hangs(tmp_path: Path) -> None:
    async def run() -> None:
        with hung(tmp_path) as (journal, storage, _):
            for number in range(200):
                journal.append(EntryType.RELEASE_INTENDED, {"locker": number}, NOW)
            flood(journal)
            await answered(journal, storage)
            assert journal.stop()

    asyncio.run(run())
    [entries] = on_disk(tmp_path)
    assert [entry.body["locker"] for entry in entries if entry.type == EntryType.RELEASE_INTENDED] == list(range(200))


def test_a_disk_that_hangs_is_trouble_until_it_answers(tmp_path: Path) -> None:
    async def run() -> None:
        with hung(tmp_path) as (journal, storage, told):
            since_ms = journal._handed_ms
            journal.tick(since_ms + HANGS_MS - 1)
            assert (journal.trouble, told) == (None, [])
            for _ in range(3):
                journal.tick(since_ms + HANGS_MS)
            assert (journal.trouble, told) == ("hangs", ["hangs"]), "once"
            await answered(journal, storage)
            assert (journal.trouble, told[-1]) == (None, None)
            journal.tick(since_ms + 2 * HANGS_MS)
            assert journal.trouble is None, "nothing waits for it"
            assert journal.stop()

    asyncio.run(run())


@pytest.mark.parametrize("count", [1, FLOOD])
def test_a_journal_that_is_stopped_while_its_disk_hangs_says_so(tmp_path: Path, count: int) -> None:
    async def run() -> None:
        with hung(tmp_path) as (journal, _, __):
            for _number in range(count):
                journal.append(EntryType.BADGE_REFUSED, {"why": "unknown"}, NOW)
                journal.flush()
            assert not journal.stop()

    asyncio.run(run())


def test_a_reader_that_hangs_keeps_no_journal_from_being_stopped(tmp_path: Path) -> None:
    answers = threading.Event()

    async def run() -> None:
        journal = Journal(tmp_path, open_journal(tmp_path), "boot-1", asyncio.get_running_loop())
        journal.start()
        reading = asyncio.ensure_future(journal._read(lambda _: answers.wait(60), None))  # type: ignore[arg-type]
        await asyncio.sleep(0)
        assert not journal.stop()
        answers.set()
        await reading

    asyncio.run(run())
