"""What the link does with what arrives, and what it does now and then: one step at a time, without waiting.

Whoever drives it (three threads in service.py) tries a step again that raised DBAPIError: the database was away, and
nothing was acknowledged.
"""

from collections.abc import Callable, Sequence

import structlog
from sqlalchemy.exc import DBAPIError

from gateway.access.commands import Orders
from gateway.access.keystore import Keystore
from gateway.custody.withdrawn import APART_MS, withdraw_looks
from gateway.db import REFUSED, Database
from gateway.ingest.service import alarm_gaps
from gateway.link.device_keys import DeviceKeys
from gateway.link.inbox import Inbox
from gateway.link.listener import Listener
from gateway.link.presence import Presence
from gateway.link.publisher import Publisher
from gateway.link.transport import Received, Transport
from wire.topics import Topic

log = structlog.get_logger("gateway.link")


class Steps:
    """The link's parts, joined."""

    def __init__(
        self,
        database: Database,
        keystore: Keystore,
        transport: Transport,
        *,
        now: Callable[[], int],
        mono_ms: Callable[[], int],
    ) -> None:
        self.presence = Presence(mono_ms)
        self.orders = Orders(self.presence.fresh_beat, lambda payload: keystore.sign(Topic.COMMANDS, payload))
        self.keys = DeviceKeys(database, mono_ms)
        self.publisher = Publisher(database, keystore, self.presence, transport, now)
        self._listener = Listener(
            database, self.keys, self.presence, self.publisher, self.orders, now, transport.ask_for_retained
        )
        self._inbox = Inbox(database, self.keys, self.publisher, transport, now)
        self._database = database
        self._transport = transport
        self._now = now
        self._ticked_at: int | None = None
        self._confirmed_by: set[str] = set()

    def begin(self) -> None:
        """Hears of what is committed from now on."""
        self._database.listeners.append(self.publisher.heard)
        self.keys.reload()

    def end(self) -> None:
        """Hears of nothing any more."""
        self._database.listeners.remove(self.publisher.heard)

    def listen(self, message: Received) -> None:
        """One message of a topic that goes up, but for `events`."""

        def heard() -> None:
            self._listener.take(message)
            self._transport.acknowledge(message)

        self._take([message], heard)

    def store(self, messages: Sequence[Received]) -> None:
        """Some journal batches, at most TOGETHER. The inbox acknowledges what it has stored, before its receipts."""
        self._take(messages, lambda: self._inbox.take(messages))

    def _take(self, messages: Sequence[Received], step: Callable[[], None]) -> None:
        """Whatever becomes of them, in the end they are acknowledged: one that is not would hold up all that follow,
        of every bank. Entries that were not stored get no receipt, and are sent again."""
        try:
            step()
        except Exception as error:
            if isinstance(error, DBAPIError) and not isinstance(error, REFUSED):
                raise
            log.exception("message_not_understood", topics=sorted({message.topic[:80] for message in messages}))
            for message in messages:
                self._transport.acknowledge(message)

    def tick(self, *, renew: bool) -> None:
        """What other processes have changed; with `renew` also what has grown old."""
        self._transport.keep_alive()
        self._watch_clock()
        self.keys.reload()
        if self.keys.take_fresh():
            # A birth may have come before anyone knew its key: have the broker send it again.
            self._transport.ask_for_retained()
        self._settle_reconciled()
        if renew:
            self.publisher.renew()
            with self._database.writing() as session:
                alarm_gaps(session, now=self._now())

    def _watch_clock(self) -> None:
        """What was dated by a clock that has been put right since, here or while nobody was running.

        At the start, and after a step back, it may as well be this clock that is behind now: of each bank it counts as
        right once the bank says so itself.
        """
        now = self._now()
        if self._ticked_at is None or now < self._ticked_at - APART_MS:
            self._confirmed_by.clear()
        self._ticked_at = now
        fresh = {bank_id for bank_id in self.keys.banks() if self.presence.confirms(bank_id, now)} - self._confirmed_by
        if fresh:
            with self._database.writing() as session:
                withdraw_looks(session, fresh, now)
            self._confirmed_by |= fresh

    def _settle_reconciled(self) -> None:
        """A bank that was held when it was born, and that another process has reconciled since."""
        for bank_id in self.keys.banks():
            if self.presence.birth_of(bank_id) is not None and not self.presence.is_settled(bank_id):
                self.publisher.settle(bank_id)
