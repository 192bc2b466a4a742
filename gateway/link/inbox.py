"""Journal batches: verified, stored many at a time in one transaction, committed, then acknowledged and receipted."""

from collections.abc import Callable, Sequence

import structlog
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from gateway.db import REFUSED, Database
from gateway.ingest.chain import Poison, read
from gateway.ingest.effects import take_effect
from gateway.ingest.service import Arrived, Stored, quarantine, store
from gateway.link.device_keys import DeviceKeys
from gateway.link.publisher import Publisher
from gateway.link.transport import Received, Transport
from wire.topics import Topic, parse_topic

log = structlog.get_logger("gateway.link")

# As many waiting batches as one transaction takes together: 5,000 entries at most.
TOGETHER = 50


class Inbox:
    """Whatever a batch holds, it is acknowledged in the end: nothing poisonous can block the queue of others."""

    def __init__(
        self,
        database: Database,
        keys: DeviceKeys,
        publisher: Publisher,
        transport: Transport,
        now: Callable[[], int],
    ) -> None:
        self._database = database
        self._keys = keys
        self._publisher = publisher
        self._transport = transport
        self._now = now

    def take(self, messages: Sequence[Received]) -> None:
        """Raises DBAPIError if the database cannot store them: nothing is acknowledged then, and it is to be tried
        again with the same messages."""
        batches = [batch for message in messages if (batch := self._verified(message)) is not None]
        stored = self._stored(batches)
        for message in messages:
            self._transport.acknowledge(message)
        for part in stored:
            self._publisher.send_receipts(part.reaches())

    def _verified(self, message: Received) -> Arrived | None:
        parsed = parse_topic(message.topic)
        if parsed is None or parsed[1] is not Topic.EVENTS:
            return None
        payload = self._keys.verify(parsed[0], Topic.EVENTS, message.payload)
        if payload is None:
            log.warning("unverified", bank=parsed[0], topic=Topic.EVENTS.value)
            return None
        return Arrived(parsed[0], payload)

    def _stored(self, batches: Sequence[Arrived]) -> list[Stored]:
        if not batches:
            return []
        try:
            return [self._together(batches)]
        except Exception as error:  # a batch nobody foresaw must not stop the queue of every bank
            if _is_away(error):
                raise
            if len(batches) == 1:
                return [self._set_aside(batches[0])]
            return [part for batch in batches for part in self._stored([batch])]

    def _together(self, batches: Sequence[Arrived]) -> Stored:
        now = self._now()
        with self._database.writing() as session:
            stored = store(session, batches, now=now)
            take_effect(session, stored, now=now)
        if stored.poison:
            log.warning("quarantined", batches=stored.poison)
        return stored

    def _set_aside(self, batch: Arrived) -> Stored:
        """Its entries with no effect, or else its bytes: either way its range counts, or its epoch would stop there,
        and operators see it as set aside.

        What even its epoch cannot take is kept as bytes alone: the queue of every bank goes on.
        """
        log.exception("batch_not_understood", bank=batch.bank_id)
        now = self._now()
        ways: tuple[Callable[[Session], Stored], ...] = (
            lambda session: _without_effect(session, batch, now),
            lambda session: quarantine(session, batch, _poison(batch), now=now),
        )
        for way in ways:
            try:
                with self._database.writing() as session:
                    return way(session)
            except Exception as error:  # neither was this foreseen
                if _is_away(error):
                    raise
                log.exception("batch_not_stored", bank=batch.bank_id)
        with self._database.writing() as session:
            return quarantine(session, batch, Poison("internal"), now=now)


def _is_away(error: Exception) -> bool:
    """Whether the database could not be asked at all: it is to be tried again."""
    return isinstance(error, DBAPIError) and not isinstance(error, REFUSED)


def _without_effect(session: Session, batch: Arrived, now: int) -> Stored:
    stored = store(session, [batch], now=now)
    quarantine(session, batch, Poison("no_effect"), now=now)
    return stored


def _poison(batch: Arrived) -> Poison:
    try:
        run = read(batch.payload, batch.bank_id)
    except Exception:
        log.exception("batch_not_read", bank=batch.bank_id)
        return Poison("internal")
    if isinstance(run, Poison):
        return run
    return Poison("internal", run.epoch, run.first, run.prev, run.last, run.hashes[-1])
