"""What nobody waits for is written a moment later, together; what someone waits for at once, with all before it."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

from controller.inputs import Moment
from controller.journal import Journal, open_journal
from controller.pace import PRODUCTION, Pace
from controller.pending import Result
from tests.unit.controller.journal_lives import left_in
from wire.entries import EntryType

AT = 1_790_000_000_000
NOW = Moment(5_000, AT, AT, AT, "trusted")


def live(
    folder: Path, use: Callable[[Journal, list[list[EntryType | None]]], Awaitable[None]], pace: Pace = PRODUCTION
) -> None:
    """A journal in use; the list tells the types that became durable in each commit."""

    async def run() -> None:
        journal = Journal(folder, open_journal(folder), "boot-1", asyncio.get_running_loop(), pace=pace)
        commits: list[list[EntryType | None]] = []

        def changed(result: Result) -> None:
            if result.settled:
                commits.append([item.type for item in result.settled])

        journal.changed = changed
        journal.start()
        try:
            await use(journal, commits)
        finally:
            assert journal.stop()

    asyncio.run(run())


async def durable(commits: list[list[EntryType | None]], count: int) -> None:
    deadline = asyncio.get_running_loop().time() + 10
    while sum(map(len, commits)) < count:
        assert asyncio.get_running_loop().time() < deadline
        await asyncio.sleep(0.001)


def test_entries_of_different_moments_that_nobody_waits_for_are_one_write(tmp_path: Path) -> None:
    async def use(journal: Journal, commits: list[list[EntryType | None]]) -> None:
        for kind in (EntryType.STARTED, EntryType.RELEASED, EntryType.DOOR_OPENED):
            journal.append(kind, {}, NOW)
            await asyncio.sleep(0.005)  # another moment
        await durable(commits, 3)
        assert commits == [[EntryType.STARTED, EntryType.RELEASED, EntryType.DOOR_OPENED]]

    live(tmp_path, use, Pace(patience_s=0.5))  # however busy this machine is


def test_an_intent_is_written_when_the_loop_turns_and_takes_with_it_what_came_before(tmp_path: Path) -> None:
    async def use(journal: Journal, commits: list[list[EntryType | None]]) -> None:
        journal.append(EntryType.STARTED, {}, NOW)
        journal.append(EntryType.RELEASE_INTENDED, {}, NOW, done=lambda _durable: None)
        await asyncio.sleep(0)
        assert not journal._gathered, "handed over at once"
        await durable(commits, 2)
        assert commits == [[EntryType.STARTED, EntryType.RELEASE_INTENDED]]

    live(tmp_path, use)


def test_what_still_waits_at_the_end_is_written(tmp_path: Path) -> None:
    async def use(journal: Journal, commits: list[list[EntryType | None]]) -> None:
        journal.append(EntryType.STARTED, {}, NOW)
        journal.append(EntryType.STOPPING, {}, NOW)

    live(tmp_path, use)
    assert [entry.type for entry in left_in(tmp_path).recent] == ["started", "stopping"]
