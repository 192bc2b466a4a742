"""Births, deaths, health and replies: taken one after the other by one thread."""

from collections.abc import Callable

import structlog

from gateway.access import commands, service
from gateway.access.commands import Orders
from gateway.access.standing import standing_of
from gateway.db import Database
from gateway.errors import NotFoundError
from gateway.link.device_keys import DeviceKeys
from gateway.link.presence import Presence
from gateway.link.publisher import Publisher
from gateway.link.transport import Received
from wire.errors import MessageError
from wire.messages import Birth, Health, Reply, decode, decode_status
from wire.topics import Topic, parse_topic

log = structlog.get_logger("gateway.link")

# A list of megabytes takes minutes over a bad line, and every health message would send it once more.
LIST_AGAIN_MS = 5 * 60_000
# Every bank's last status comes with it: for one of which nobody knows who is speaking, now and then.
BIRTHS_AGAIN_MS = 5 * 60_000
# What a bank says that follows a list, and lacks a key by which it could recognise its badges.
KEY_MISSING = "badge_key_missing"


class Listener:
    """`take` raises nothing but database errors: what makes no sense is logged by its code and dropped."""

    def __init__(
        self,
        database: Database,
        keys: DeviceKeys,
        presence: Presence,
        publisher: Publisher,
        orders: Orders,
        now: Callable[[], int],
        ask_for_births: Callable[[], None],
    ) -> None:
        self._database = database
        self._keys = keys
        self._presence = presence
        self._publisher = publisher
        self._orders = orders
        self._now = now
        self._ask_for_births = ask_for_births
        self._sent_again_ms: dict[str, int] = {}
        self._asked_ms = -BIRTHS_AGAIN_MS

    def take(self, message: Received) -> None:
        """One message of a topic that goes up, but for `events`."""
        parsed = parse_topic(message.topic)
        if parsed is None:
            return
        bank_id, topic = parsed
        payload = self._keys.verify(bank_id, topic, message.payload)
        if payload is None:
            log.warning("unverified", bank=bank_id, topic=topic.value)
            return
        try:
            if topic is Topic.STATUS:
                self._status(bank_id, payload, retained=message.retained)
            elif topic is Topic.HEALTH:
                self._health(bank_id, payload)
            elif topic is Topic.REPLIES:
                self._reply(bank_id, payload)
        except (MessageError, NotFoundError) as error:
            log.warning("refused", bank=bank_id, topic=topic.value, code=error.code)

    def _status(self, bank_id: str, payload: bytes, *, retained: bool) -> None:
        status = decode_status(payload)
        if status.controller != bank_id:
            raise MessageError("controller", "a status that names another controller")
        if isinstance(status, Birth):
            self._birth(bank_id, status, retained=retained)
            return
        with self._database.writing() as session:
            counts = service.died(session, bank_id, status, now=self._now())
        if counts:
            self._presence.gone(bank_id)

    def _birth(self, bank_id: str, birth: Birth, *, retained: bool) -> None:
        with self._database.writing() as session:
            ignored = service.born(session, bank_id, birth, fresh=not retained, now=self._now())
        if ignored is not None:
            log.warning("birth_ignored", bank=bank_id, code=ignored, session=birth.session.number)
            return
        self._presence.born(bank_id, birth, retained=retained)
        self._publisher.settle(bank_id)
        self._publisher.receipts_at_birth(bank_id, birth)

    def _health(self, bank_id: str, payload: bytes) -> None:
        health = decode(payload, Health)
        if health.controller != bank_id:
            raise MessageError("controller", "health that names another controller")
        if not self._presence.beats(bank_id, health):
            self._birth_is_missing()
            return
        with self._database.asking() as connection:
            standing = standing_of(connection, bank_id)
        if standing is None:
            raise NotFoundError("controller", "no controller is joined to this bank")
        known = health.list_version == standing.in_force
        lacks = health.list_version < standing.newest or any(one.code == KEY_MISSING for one in health.faults)
        behind = lacks and self._may_send_again(bank_id)
        if known and not behind and self._presence.is_settled(bank_id):
            return
        with self._database.writing() as session:
            service.follows(session, bank_id, health.list_version, None, now=self._now())
        self._publisher.settle(bank_id, again=behind)

    def _birth_is_missing(self) -> None:
        """Somebody speaks in a session that has not begun here: a broker may have lost the birth on its way."""
        now_ms = self._presence.mono_ms()
        if now_ms - self._asked_ms >= BIRTHS_AGAIN_MS:
            self._asked_ms = now_ms
            self._ask_for_births()

    def _may_send_again(self, bank_id: str) -> bool:
        """A broker may have taken the newest list and lost it; it may also still be on its way, over a slow line."""
        now_ms = self._presence.mono_ms()
        if now_ms - self._sent_again_ms.get(bank_id, -LIST_AGAIN_MS) < LIST_AGAIN_MS:
            return False
        self._sent_again_ms[bank_id] = now_ms
        return True

    def _reply(self, bank_id: str, payload: bytes) -> None:
        reply = decode(payload, Reply)
        if reply.controller != bank_id:
            raise MessageError("controller", "a reply that names another controller")
        with self._database.writing() as session:
            commands.replied(session, self._orders, bank_id, reply, now=self._now())
