"""The link as a whole: the connection, the threads that take what arrives, and what is done now and then."""

import queue
import threading
from collections.abc import Callable

import structlog
from sqlalchemy.exc import DBAPIError

from gateway.access.commands import Orders
from gateway.access.keystore import Keystore
from gateway.db import REFUSED, Database
from gateway.ingest.service import alarm_gaps
from gateway.link.connection import Connection, Received, Tls
from gateway.link.device_keys import DeviceKeys
from gateway.link.inbox import TOGETHER, Inbox
from gateway.link.listener import Listener
from gateway.link.presence import Presence
from gateway.link.publisher import Publisher
from wire.topics import Topic

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
        self.presence = Presence(mono_ms)
        self.orders = Orders(self.presence.fresh_beat, lambda payload: keystore.sign(Topic.COMMANDS, payload))
        self.keys = DeviceKeys(database, mono_ms)
        self._connection = Connection(client_id, tls)
        self.publisher = Publisher(database, keystore, self.presence, self._connection, now)
        self._listener = Listener(database, self.keys, self.presence, self.publisher, self.orders, now)
        self._inbox = Inbox(database, self.keys, self.publisher, self._connection, now)
        self._database = database
        self._now = now
        self._stopping = threading.Event()
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
        self._database.listeners.append(self.publisher.heard)
        self.keys.reload()
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
            self._until_stored(lambda message=message: self._listener.take(message))  # type: ignore[misc]
            self._connection.acknowledge(message)

    def _store(self) -> None:
        messages = _waiting(self._connection.journal, TOGETHER)
        if messages:
            self._until_stored(lambda: self._inbox.take(messages))

    def _until_stored(self, take: Callable[[], None]) -> None:
        """A message is not dropped because the database is away, but one that it refuses is."""
        while not self._stopping.is_set():
            try:
                take()
            except REFUSED as error:
                log.warning("message_refused", why=type(error.orig).__name__)
                return
            except DBAPIError as error:
                log.warning("database_unavailable", why=type(error.orig).__name__)
                self._stopping.wait(RETRY_S)
            else:
                return

    def _tick(self) -> None:
        for number in range(RENEW_EVERY_TICKS):
            if self._stopping.wait(TICK_S):
                return
            self._connection.keep_alive()
            self.keys.reload()
            if self.keys.take_fresh():
                # A birth may have come before anyone knew its key: have the broker send it again.
                self._connection.ask_for_retained()
            self._settle_reconciled()
            if number == 0:
                self.publisher.renew()
                with self._database.writing() as session:
                    alarm_gaps(session, now=self._now())

    def _settle_reconciled(self) -> None:
        """A bank that was held when it was born, and that another process has reconciled since."""
        for bank_id in self.keys.banks():
            if self.presence.birth_of(bank_id) is not None and not self.presence.is_settled(bank_id):
                self.publisher.settle(bank_id)


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
