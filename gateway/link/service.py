"""The link as a whole: the connection, and the threads that take what arrives and do what is done now and then."""

import queue
import threading
from collections.abc import Callable

import structlog
from sqlalchemy.exc import DBAPIError

from gateway.access.keystore import Keystore
from gateway.db import Database
from gateway.link.connection import Connection, Tls
from gateway.link.inbox import TOGETHER
from gateway.link.steps import Steps
from gateway.link.transport import Received

log = structlog.get_logger("gateway.link")

TICK_S = 2.0
RENEW_EVERY_TICKS = 15
RETRY_S = 1.0
# A dot: no controller's id has one, so none can be the gateway's namesake.
CLIENT_ID = "casier.gateway"


class Link:
    """Started and stopped with the application."""

    def __init__(
        self,
        database: Database,
        keystore: Keystore,
        *,
        now: Callable[[], int],
        mono_ms: Callable[[], int],
        client_id: str = CLIENT_ID,
        tls: Tls | None = None,
    ) -> None:
        self._connection = Connection(client_id, tls)
        self._steps = Steps(database, keystore, self._connection, now=now, mono_ms=mono_ms)
        self.presence, self.orders = self._steps.presence, self._steps.orders
        self._stopping = threading.Event()
        self._ticks = 0
        self._threads = [
            threading.Thread(target=self._guarded(self._listen), name="link listener", daemon=True),
            threading.Thread(target=self._guarded(self._store), name="link inbox", daemon=True),
            threading.Thread(target=self._guarded(self._tick), name="link ticks", daemon=True),
        ]

    @property
    def is_connected(self) -> bool:
        """Whether the connection to the broker stands and every thread lives."""
        return self._connection.is_connected and all(thread.is_alive() for thread in self._threads)

    def start(self, host: str, port: int) -> None:
        """Begins to connect; returns at once."""
        self._steps.begin()
        self._connection.start(host, port)
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Ends connection and threads; batches that are not stored yet stay with the broker."""
        self._stopping.set()
        self._connection.stop()
        for thread in self._threads:
            thread.join(5)

    def _guarded(self, step: Callable[[], None]) -> Callable[[], None]:
        """Repeats a step until the link stops; a database that does not answer is waited for."""

        def run() -> None:
            while not self._stopping.is_set():
                try:
                    step()
                except DBAPIError as error:
                    log.warning("database_unavailable", why=type(error.orig).__name__)
                    self._stopping.wait(RETRY_S)
                except Exception:  # a thread that died would be a gateway that is silent and looks well
                    log.exception("link_step_failed")
                    self._stopping.wait(RETRY_S)

        return run

    def _listen(self) -> None:
        for message in _waiting(self._connection.live, 1):
            self._until_stored(lambda message=message: self._steps.listen(message))  # type: ignore[misc]

    def _store(self) -> None:
        messages = _waiting(self._connection.journal, TOGETHER)
        if messages:
            self._until_stored(lambda: self._steps.store(messages))

    def _until_stored(self, take: Callable[[], None]) -> None:
        """A message is not dropped because the database is away."""
        while not self._stopping.is_set():
            try:
                take()
            except DBAPIError as error:
                log.warning("database_unavailable", why=type(error.orig).__name__)
                self._stopping.wait(RETRY_S)
            else:
                return

    def _tick(self) -> None:
        if self._stopping.wait(TICK_S):
            return
        self._ticks += 1
        self._steps.tick(renew=self._ticks % RENEW_EVERY_TICKS == 1)


def _waiting(arrivals: queue.Queue[Received], limit: int) -> list[Received]:
    """What has arrived, up to `limit`, after waiting a little for the first."""
    try:
        found = [arrivals.get(timeout=0.5)]
    except queue.Empty:
        return []
    while len(found) < limit:
        try:
            found.append(arrivals.get_nowait())
        except queue.Empty:
            break
    return found
