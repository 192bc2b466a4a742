"""The journal's two threads: one makes entries durable, the other reads pages and checkpoints."""

import asyncio
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from queue import Empty, SimpleQueue
from typing import Protocol, TypeVar

from controller.journal_writer import Work, Writer

_STOP_S = 2.0
T = TypeVar("T")


class Workforce(Protocol):
    """Who works for a journal off its loop: the writer's steps, and the reader's jobs one after the other."""

    @property
    def alive(self) -> bool:
        """Whether the writer's steps go on; if not, nothing will ever be durable again."""

    @property
    def failure(self) -> BaseException | None:
        """The defect that ended the writer's steps."""

    def start(self) -> None:
        """Begin the writer's steps."""

    def write(self, work: Work) -> None:
        """Work for the writer."""

    def submit(self, job: Callable[[], None]) -> None:
        """Have the reader do a job that nobody waits for."""

    async def read(self, job: Callable[[], T]) -> T:
        """What the reader's job answers."""

    def stop(self, last: Callable[[], None]) -> bool:
        """The writer's last step, the reader's last job; False if the disk did not let them end in time."""


class Threads:
    """The workforce of a real machine."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self._queue: SimpleQueue[Work] = SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="journal-writer", daemon=True)
        self._reader = ThreadPoolExecutor(1, "journal-reader")
        self.failure: BaseException | None = None

    @property
    def alive(self) -> bool:
        """See Workforce."""
        return self._thread.is_alive()

    def start(self) -> None:
        """See Workforce."""
        self._thread.start()

    def write(self, work: Work) -> None:
        """See Workforce."""
        self._queue.put(work)

    def _run(self) -> None:
        try:
            while not self._writer.stopping:
                self._collect()
                self._writer.step()
            self._writer.close()
        except BaseException as error:
            self.failure = error
            raise

    def _collect(self) -> None:
        try:
            self._writer.take(self._queue.get(timeout=self._writer.wait_s))
            while True:
                self._writer.take(self._queue.get_nowait())
        except Empty:
            pass

    def submit(self, job: Callable[[], None]) -> None:
        """See Workforce."""
        self._reader.submit(job)

    async def read(self, job: Callable[[], T]) -> T:
        """See Workforce."""
        return await asyncio.get_running_loop().run_in_executor(self._reader, job)

    def stop(self, last: Callable[[], None]) -> bool:
        """See Workforce. Blocks up to 2 s."""
        until_s = time.monotonic() + _STOP_S
        self._queue.put(None)
        self._thread.join(_STOP_S)
        read = wait([self._reader.submit(last)], 0 if self.alive else until_s - time.monotonic())
        self._reader.shutdown(wait=not read.not_done)
        return not self.alive and not read.not_done
