"""A journal's workforce in the world: the writer's steps and the reader's jobs, when the simulated disk answers."""

import asyncio
from collections.abc import Callable, Sequence
from typing import TypeVar

from controller.journal_writer import AT_REST_S, Work, Writer
from controller.pending import Pending, ReceiptNoted
from simulator.world.disk import Disk
from simulator.world.loop import Life

# What a card needs for a commit, and a page cache for a page.
_COMMIT_S = 0.004
_READ_S = 0.001
# Production looks at the disk every 5 s when nothing waits; nobody sees the difference.
_AT_REST_S = 6 * 3_600.0
_PRESSING_S = 2.0
T = TypeVar("T")


class DiskWork:
    """The workforce of one process's journal; `on_written` hears what is handed to it.

    It dies with its process: end its `Life`, and drop or cut the disk.
    """

    def __init__(
        self, writer: Writer, life: Life, disk: Disk, on_written: Callable[[Sequence[Pending]], None] = lambda _: None
    ) -> None:
        self._on_written = on_written
        self._writer = writer
        self._life = life
        self._disk = disk
        self._queue: list[Work] = []
        self._working = False
        self._resting: asyncio.TimerHandle | None = None
        self._rested_s = 0.0
        self.alive = False
        self.failure: BaseException | None = None

    def start(self) -> None:
        """See Workforce."""
        self.alive = True
        self._rest()

    def write(self, work: Work) -> None:
        """See Workforce: what comes while the disk works is done together, afterwards."""
        if isinstance(work, ReceiptNoted):  # it waits for the next entry, or a while
            self._writer.take(work)
            self._rest()
            return
        if work is not None:
            self._on_written(work.items)
        self._queue.append(work)
        self._begin()

    def _begin(self) -> None:
        if self.alive and not self._working:
            self._working = True
            self._life.call_later(max(_COMMIT_S, self._stalled_s), self._step)

    @property
    def _stalled_s(self) -> float:
        return max(0, self._disk.stalled_until_ms - self._life.world.now_ms) / 1_000

    def _step(self) -> None:
        if self._stalled_s:
            self._life.call_later(self._stalled_s, self._step)
            return
        self._working = False
        self._work()
        if self.alive:
            self._rest()

    def _work(self) -> None:
        queue, self._queue = self._queue, []
        self._rested_s = self._life.time()
        try:
            for work in queue:
                self._writer.take(work)
            self._writer.step()
            if self._writer.stopping:
                self.alive = False
                self._writer.close()
        except Exception as error:  # noqa: BLE001 - it dies of it, as its thread would
            self.alive, self.failure = False, error

    def _rest(self) -> None:
        """Step again after as long as the writer says; at rest more seldom, and one timer serves many steps."""
        wait_s = self._writer.wait_s
        if wait_s == AT_REST_S:
            wait_s = _AT_REST_S
        if self._resting is not None:
            if self._resting.when() <= self._life.time() + wait_s:
                return
            self._resting.cancel()
        self._resting = self._life.call_later(wait_s, self._rested)

    def _rested(self) -> None:
        self._resting = None
        if self._working or self._life.time() - self._rested_s < min(self._writer.wait_s, _PRESSING_S):
            self._rest()
        else:
            self._begin()

    def submit(self, job: Callable[[], None]) -> None:
        """See Workforce."""
        self._life.call_later(max(_READ_S, self._stalled_s), job)

    async def read(self, job: Callable[[], T]) -> T:
        """See Workforce."""
        await asyncio.sleep(_READ_S)
        while self._stalled_s:  # noqa: ASYNC110 - it may stall anew
            await asyncio.sleep(self._stalled_s)
        return job()

    def stop(self, last: Callable[[], None]) -> bool:
        """See Workforce. A disk that stalls now is not waited for."""
        if not self.alive or self._stalled_s:
            return False
        self._queue.append(None)
        self._work()
        last()
        return self.failure is None
