"""The bank's side of the wire: one session after another, birth and health, the outbox's batches, replies, receipts.

Carries out what outbox and reconnection decide. Everything runs on the control loop.
"""

import asyncio
import contextlib
import logging
import secrets
from collections.abc import Awaitable
from functools import partial
from typing import Any

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from controller.births import Births
from controller.config import BrokerSection
from controller.connection import Connect, Connection
from controller.errors import JournalError, LinkError, NotAcceptedError
from controller.journal import Journal
from controller.list_parts import in_parts
from controller.machine import Machine
from controller.node import Node
from controller.outbox import Outbox, PageWanted
from controller.pace import Pace
from controller.reconnect import Reconnect
from wire.entries import BatchHeader, encode_batch
from wire.envelope import key_id, sign, verify
from wire.errors import WireError
from wire.messages import Death, Receipt, Reply, Session, decode_status, encode
from wire.topics import Topic, parse_topic, topic_name

# Batches the broker has not acknowledged; the rest of paho's window of 20 is for replies and the birth.
_UNACKNOWLEDGED = 16
_LIST_PARTS_UNACKNOWLEDGED = 4
_SESSION_DURABLE_WITHIN_S = 1.0
STALLED_AFTER_MS = 300_000
STALLED_AT_MOST_MS = 3_600_000
_FAREWELL_S = 1.0
# However often somebody makes a health message due, no second one follows within this.
_HEALTH_APART_MS = 1_000
_DEFECT = "a defect of the uplink: doors go on, and the next session begins clean"
# First what the broker keeps of the session before: it comes before the answer to the second.
_STEPS = ((Topic.STATUS,), (Topic.TRUST,), (Topic.KEYS,), (Topic.ACCESS,), (Topic.COMMANDS, Topic.RECEIPTS))
_log = logging.getLogger("controller.uplink")


class Uplink:
    """`run` keeps one connection after another until `stop`."""

    def __init__(
        self,
        controller: str,
        broker: BrokerSection,
        key: Ed25519PrivateKey,
        journal: Journal,
        outbox: Outbox,
        node: Node,
        machine: Machine,
        connect: Connect,
        pace: Pace,
        last_session: int,
    ) -> None:
        self._controller = controller
        self._broker = broker
        self._key = key
        public = key.public_key()
        self._own_key = {key_id(public.public_bytes_raw()): public}
        self._journal = journal
        self._outbox = outbox
        self._node = node
        self._mono_ms = machine.mono_ms
        self._connect = connect
        self._pace = pace
        self._loop = asyncio.get_running_loop()
        self._number = last_session
        self._unused: Session | None = None  # its number is taken, and no broker has accepted it
        self._durable = asyncio.Event()
        self._reconnect = Reconnect(secrets.SystemRandom().random, pace.reconnect_ms)
        self._connection: Connection | None = None
        self._births = Births()
        self._wake = asyncio.Event()
        self._tasks: set[asyncio.Future[None]] = set()
        self._stall_after_ms = STALLED_AFTER_MS
        self._health_ms = self._health_due_ms = 0
        self._look: asyncio.TimerHandle | None = None
        self._look_ms = 0
        self.session: Session | None = None

    @property
    def connected(self) -> bool:
        """Whether a session is under way."""
        return self.session is not None and self._connection is not None and self._connection.up

    async def run(self) -> None:
        """Connect, live, lose, wait, again; returns after `stop`."""
        while True:
            now_ms = self._mono_ms()
            if self._reconnect.due(now_ms):
                reason = await self._one_connection()
                self._reconnect.lost(self._mono_ms())
                _log.warning("not connected to the broker: %s", reason)
                self._node.alarm("broker", "offline")
            due_ms = self._reconnect.wait_ms
            if due_ms is None:
                return
            await asyncio.sleep(max(0, due_ms - self._mono_ms()) / 1000)

    async def _one_connection(self) -> str:
        """One session from its number to its end; answers why it ended."""
        session, self._unused = self._unused or self._new_session(), None
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_SESSION_DURABLE_WITHIN_S):
                await self._durable.wait()
        try:
            connection = self._connection = self._new_connection(session)
            await connection.open()
            for topics in _STEPS:
                await connection.subscribe([self._topic(topic) for topic in topics])
            if self._number != session.number:
                return f"the broker has a later session of this bank: counting on from {self._number}"
            self._begin(session)
            return await self._live(connection)
        except LinkError as error:
            self._unused = session if isinstance(error, NotAcceptedError) else None
            return str(error)
        except Exception as error:  # noqa: BLE001 - logged, and no reason to keep anyone from their belongings
            _log.exception(_DEFECT)
            return type(error).__name__
        finally:
            self._end()

    def _new_connection(self, session: Session) -> Connection:
        will = self._sealed(Topic.STATUS, Death(self._controller, session))
        return self._connect(self._broker, self._controller, self._topic(Topic.STATUS), will, self._arrived)

    def _new_session(self) -> Session:
        """The next number; on disk before it is used, if the disk answers within a second."""
        self._number += 1
        durable = self._durable = asyncio.Event()
        self._journal.keep({"session": b"%d" % self._number}, self._node.now(), done=lambda _: durable.set())
        return Session(self._number, secrets.token_hex(16))

    def _begin(self, session: Session) -> None:
        now_ms = self._mono_ms()
        self.session = session
        self._reconnect.connected(now_ms)
        self._node.session_started(session)
        self._outbox.session_started(now_ms)
        self._births.begin()
        self._announce(session)
        self._node.alarm("broker", "offline", present=False)
        _log.info("session %d with the broker", session.number)
        self.nudge()

    def _end(self) -> None:
        self.again()
        if self._look is not None:
            self._look.cancel()
            self._look = None
        for task in self._tasks:
            task.cancel()
        if self.session is not None:
            self.session = None
            self._outbox.session_ended()
            self._node.session_ended()

    def _announce(self, session: Session) -> None:
        beat = self._new_beat()
        envelope = self._sealed(Topic.STATUS, self._node.birth(session, beat))
        self._births.said(envelope, self._mono_ms())
        self._publish(Topic.STATUS, envelope, retain=True)

    async def _live(self, connection: Connection) -> str:
        self._health_due_ms = self._mono_ms()
        pump = asyncio.create_task(self._pump(connection))
        self._look_by(self._health_due_ms)
        try:
            either: set[asyncio.Future[Any]] = {connection.lost, pump}
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            if pump.done():
                pump.result()
            return connection.lost.result()
        finally:
            pump.cancel()

    def _look_by(self, due_ms: int) -> None:
        """Look after the session at `due_ms` at the latest."""
        if self._look is not None:
            if self._look_ms <= due_ms:
                return
            self._look.cancel()
        self._look_ms, self._look = due_ms, self._loop.call_at(due_ms / 1_000, self._looks)

    def _looks(self) -> None:
        self._look = None
        if self._connection is None or self.session is None:
            return
        try:
            self._look_after(self._connection, self.session)
        except Exception:  # noqa: BLE001 - logged, and no reason to keep anyone from their belongings
            _log.exception(_DEFECT)
            self.again()

    def _look_after(self, connection: Connection, session: Session) -> None:
        """Whatever of this session is due; and when to look again."""
        now_ms = self._mono_ms()
        if now_ms >= self._health_due_ms:
            self._health_ms, self._health_due_ms = now_ms, now_ms + self._pace.health_ms
            envelope = self._sealed(Topic.HEALTH, self._node.health(session, self._new_beat()))
            connection.publish(self._topic(Topic.HEALTH), envelope, qos=0)
        if self._outbox.tick(now_ms):
            self.nudge()
        self._say_birth_again(now_ms)
        if self._stalled(now_ms):
            _log.warning("no receipts: trying a new connection")
            connection.close()
            return
        self._look_by(min(self._health_due_ms, self._births.due_ms, self._outbox.due_ms(self._stall_after_ms)))

    def _stalled(self, now_ms: int) -> bool:
        """Five minutes without receipts call for a new connection; then ten, and so on up to an hour."""
        if not self._outbox.stalled(now_ms, self._stall_after_ms):
            return False
        self._stall_after_ms = min(2 * self._stall_after_ms, STALLED_AT_MOST_MS)
        self._node.alarm("receipts", "stalled")
        return True

    def nudge(self) -> None:
        """There may be something to send."""
        self._wake.set()

    async def _pump(self, connection: Connection) -> None:
        """Read pages and send them as batches while the window is open."""
        linger_s = 0.0  # what has waited for this session has waited long enough
        while True:
            await self._wake.wait()
            if linger_s:
                await asyncio.sleep(linger_s)
            self._wake.clear()
            while (wanted := self._outbox.next_page()) is not None:
                await connection.acknowledged_below(_UNACKNOWLEDGED)
                await self._send_page(connection, wanted)
            linger_s = 0.0 if self._outbox.has_unsent else self._pace.linger_s
            await asyncio.sleep(self._pace.gather_s)

    async def _send_page(self, connection: Connection, wanted: PageWanted) -> None:
        page = await self._journal.page(wanted.no, wanted.first, wanted.most)
        if not connection.up or not self._outbox.still_wanted(wanted):
            return
        if page is None or page.epoch != wanted.epoch:
            self._outbox.unreadable(wanted, self._mono_ms())
            self._node.alarm("journal", "unreadable")
            self._look_by(self._outbox.due_ms(self._stall_after_ms))
            return
        header = BatchHeader(self._controller, page.epoch, page.first, page.prev.hex())
        envelope = sign(self._key, Topic.EVENTS, encode_batch(header, page.lines))
        told = partial(self._batch_acknowledged, connection)
        if connection.publish(self._topic(Topic.EVENTS), envelope, qos=1, acknowledged=told):
            self._outbox.sent(wanted, len(page.lines), self._mono_ms())
            self._node.alarm("journal", "unreadable", present=self._outbox.has_unreadable)
            self._look_by(self._outbox.due_ms(self._stall_after_ms))

    def _batch_acknowledged(self, connection: Connection) -> None:
        if connection is not self._connection:
            return  # of a session that is over: its batches are sent again
        self._outbox.acknowledged(self._mono_ms())
        self._look_by(self._outbox.due_ms(self._stall_after_ms))

    def _arrived(self, name: str, payload: bytes, retained: bool) -> None:
        parsed = parse_topic(name)
        if parsed is None or parsed[0] != self._controller:
            self._node.refused("other", "topic")
        elif parsed[1] is Topic.STATUS:
            self._saw_status(payload)
        else:
            self._node.received(parsed[1], payload, retained)

    def _saw_status(self, payload: bytes) -> None:
        """A status for this controller that is not of this session's making: say again who is here."""
        if self.session is None:
            self._count_on(payload)
            return
        if not self._births.is_own(payload):
            _log.warning("a foreign or late status was published for this controller")
            self._say_birth_again(self._mono_ms())
            self._look_by(self._births.due_ms)

    def _count_on(self, payload: bytes) -> None:
        """The broker keeps the last status of all. A disk that took nothing for a while, or was put back, counts from
        too low a number, and no gateway takes a session for which it knows a later one."""
        try:
            kept = decode_status(verify(payload, Topic.STATUS, self._own_key))
        except WireError:
            return
        if kept.controller == self._controller and kept.session.number >= self._number:
            self._number = kept.session.number + 1

    def _say_birth_again(self, now_ms: int) -> None:
        if self.session is not None and now_ms >= self._births.due_ms:
            self._announce(self.session)

    def holds_less(self) -> None:
        """A journal was set aside: the gateway says of its epochs no more than a birth says that is there."""
        if self.session is not None:
            self._announce(self.session)

    def reply(self, reply: Reply) -> None:
        """Send one step in the life of a command, if its session lasts."""
        self._publish(Topic.REPLIES, self._sealed(Topic.REPLIES, reply))

    def receipt(self, receipt: Receipt) -> None:
        """A verified receipt of this session: compare its hash with our own, off the loop, in order."""
        self._spawn(self._weigh(receipt))

    async def _weigh(self, receipt: Receipt) -> None:
        no = self._outbox.number_of(receipt.epoch)
        try:
            own = None if no is None else await self._journal.hash_at(no, receipt.through)
        except JournalError:  # accuses nobody: what is sent again has its receipt again
            return
        if self.session != receipt.session or self._outbox.number_of(receipt.epoch) != no:
            return
        known = self._outbox.through(receipt.epoch)
        if no is None or receipt.through == known:
            # Nothing new: a gateway has started and read our birth again. It needs a beat before it can command.
            self._health_due_ms = min(self._health_due_ms, self._health_ms + _HEALTH_APART_MS)
            self._look_by(self._health_due_ms)
        if no is None or self._outbox.has_lost(receipt.epoch, receipt.through):
            # let go of long ago, lost with a card or a journal set aside, or a clone's: nothing of it can be sent
            _log.info("a receipt for epoch %s, through %d, which is not on disk", receipt.epoch, receipt.through)
            return
        through = self._outbox.believable(receipt.epoch, receipt.through, receipt.hash, own)
        if through is None:
            _log.error("a receipt names a hash that is not ours: epoch %s, through %d", receipt.epoch, receipt.through)
            self._node.alarm("receipts", "hash")
        elif self._outbox.received(receipt.epoch, through, receipt.issued_at, self._mono_ms()):
            self._node.alarm("receipts", "hash", present=False)
            if through > (known or 0):  # a gateway that cannot store still says at each birth what it has
                self._node.alarm("receipts", "stalled", present=False)
                self._stall_after_ms = STALLED_AFTER_MS
            self._journal.note_receipt(receipt.epoch, through, self._node.now().ending_at)
            if self._outbox.next_page() is not None:  # the window was full
                self.nudge()

    def send_list(self, command: str, envelope: bytes | None) -> None:
        """Send the list in force back as replies to this command: `envelope`, or without one what is on disk."""
        self._spawn(self._send_list(command, envelope))

    async def _send_list(self, command: str, envelope: bytes | None) -> None:
        envelope = envelope or await self._journal.kept("list")
        session, connection = self.session, self._connection
        if session is None or connection is None:
            return
        for part in in_parts(Reply(self._controller, session, command, "list", self._node.now().at), envelope):
            await connection.acknowledged_below(_LIST_PARTS_UNACKNOWLEDGED)
            self.reply(part)

    def _spawn(self, work: Awaitable[None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Future[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error(_DEFECT, exc_info=error)
            self.again()

    def _publish(self, topic: Topic, envelope: bytes, *, retain: bool = False) -> None:
        if self._connection is not None:
            self._connection.publish(self._topic(topic), envelope, qos=1, retain=retain)

    def _new_beat(self) -> str:
        beat = secrets.token_hex(16)
        self._node.beat_sent(beat)
        return beat

    def _sealed(self, topic: Topic, message: msgspec.Struct) -> bytes:
        return sign(self._key, topic, encode(message))

    def _topic(self, topic: Topic) -> str:
        return topic_name(self._controller, topic)

    def again(self) -> None:
        """Begin a new session: whose word counts has changed."""
        if self._connection is not None:
            self._connection.close()

    async def stop(self) -> None:
        """Publish the death and close; nothing is sent after it."""
        self._reconnect.stop()
        connection = self._connection
        if connection is None:
            return
        if self.session is not None:
            death = self._sealed(Topic.STATUS, Death(self._controller, self.session))
            self._births.ended(death)
            self._publish(Topic.STATUS, death, retain=True)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_FAREWELL_S):
                    await connection.acknowledged_below(1)
        connection.close()
