"""What the uplink says on `status`, and when it keeps silent."""

import asyncio
import socket
import sqlite3
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from controller.config import BrokerSection, TlsSection
from controller.errors import LinkError, NotAcceptedError
from controller.inputs import Moment
from controller.journal import Journal, open_journal
from controller.machine import this_machine
from controller.mqtt_connection import MqttConnection
from controller.node import Node
from controller.outbox import NEVER_MS, Outbox
from controller.pace import PRODUCTION
from controller.store import EpochState, Store
from controller.uplink import Uplink
from tests.unit.controller.journal_lives import failing
from wire.entries import EntryType
from wire.envelope import key_id, verify
from wire.messages import Birth, Death, Receipt, Session, decode_status
from wire.topics import Topic, topic_name

SESSION = Session(3, "0" * 32)
STATUS = topic_name("bank-1", Topic.STATUS)
ACCEPTED, REFUSED = bytes.fromhex("2003000000"), bytes.fromhex("2003008700")  # CONNACK of MQTT 5


class Line:
    """A broker that echoes each status before it acknowledges it; the edge of the system."""

    up = True

    def __init__(self) -> None:
        self.published: list[bytes] = []
        self.echo: Callable[[str, bytes, bool], None] = lambda *_: None

    def publish(self, topic: str, payload: bytes, *, qos: int, retain: bool = False, **_: object) -> bool:
        self.published.append(payload)
        if len(self.published) < 9:
            self.echo(topic, payload, retain)
        return True

    async def acknowledged_below(self, _: int) -> None:
        await asyncio.sleep(0)

    def close(self) -> None:
        self.up = False


class Calm:
    """A node with nothing to tell."""

    def __getattr__(self, _: str) -> Callable[..., None]:
        return lambda *_args, **_kwargs: None

    def now(self) -> Moment:
        return Moment(0, 0, 0, 0, "floor")

    def birth(self, session: Session, beat: str) -> Birth:
        return Birth("bank-1", session, beat, "test", "boot", 1_790_000_000_000, 0, 0, None, (), ())


def made(broker: BrokerSection, key: Ed25519PrivateKey, journal: Journal, node: Node) -> Uplink:
    machine = this_machine("absent")
    return Uplink("bank-1", broker, key, journal, Outbox(), node, machine, MqttConnection, PRODUCTION, last_session=0)


def connected(folder: Path, use: Callable[[Uplink, Line], Awaitable[None]]) -> list[Any]:
    """The statuses published while `use` had an uplink in the middle of a session."""
    key, line = Ed25519PrivateKey.generate(), Line()

    async def run() -> None:
        journal = Journal(folder, open_journal(folder), "boot", asyncio.get_running_loop())
        journal.start()
        node = cast(Node, Calm())
        uplink = made(BrokerSection("127.0.0.1"), key, journal, node)
        uplink.session = SESSION
        uplink._connection = cast(MqttConnection, line)
        line.echo = uplink._arrived
        await use(uplink, line)
        assert journal.stop()

    asyncio.run(run())
    raw = key.public_key().public_bytes_raw()
    keys = {key_id(raw): key.public_key()}
    return [decode_status(verify(data, Topic.STATUS, keys)) for data in line.published]


def test_the_echo_of_its_own_death_is_not_answered(tmp_path: Path) -> None:
    async def stop(uplink: Uplink, _: Line) -> None:
        await uplink.stop()

    assert connected(tmp_path, stop) == [Death("bank-1", SESSION)]


def test_a_birth_that_is_owed_is_said_again_once(tmp_path: Path) -> None:
    async def hear(uplink: Uplink, _: Line) -> None:
        uplink._announce(SESSION)
        uplink._arrived(STATUS, b"somebody else", False)
        due_ms = uplink._births.due_ms
        uplink._say_birth_again(due_ms - 1)
        uplink._say_birth_again(due_ms)
        uplink._say_birth_again(due_ms)

    assert [type(status) for status in connected(tmp_path, hear)] == [Birth, Birth]


def test_a_defect_of_the_uplink_ends_its_session_and_nothing_else(tmp_path: Path) -> None:
    async def fail(uplink: Uplink, line: Line) -> None:
        async def defect() -> None:
            raise ZeroDivisionError

        uplink._spawn(defect())
        for _ in range(3):  # the task, its end, its callback
            await asyncio.sleep(0)
        assert not line.up

    assert connected(tmp_path, fail) == []


def test_silence_of_the_gateway_is_an_alarm_and_calls_for_a_new_connection_less_and_less_often(tmp_path: Path) -> None:
    async def wait(uplink: Uplink, _: Line) -> None:
        told: list[tuple[str, str]] = []
        node = cast(Any, uplink._node)
        node.alarm = lambda source, code: told.append((source, code))
        outbox, now = uplink._outbox, uplink._mono_ms()
        outbox.durable(1, "e" * 32, 5)
        outbox.session_started(now)
        wanted = outbox.next_page()
        assert wanted is not None
        outbox.sent(wanted, 5, 0)
        assert [uplink._stalled(at) for at in (299_999, 300_000, 599_999, 600_000)] == [False, True, False, True]
        assert told == [("receipts", "stalled")] * 2

    assert connected(tmp_path, wait) == []


def test_an_acknowledgement_of_a_session_that_is_over_counts_for_no_batch_of_the_present_one(tmp_path: Path) -> None:
    async def late(uplink: Uplink, line: Line) -> None:
        outbox, now = uplink._outbox, uplink._mono_ms()
        outbox.durable(1, "e" * 32, 5)
        outbox.session_started(now)
        wanted = outbox.next_page()
        assert wanted is not None
        outbox.sent(wanted, 5, now)
        uplink._batch_acknowledged(cast(MqttConnection, Line()))
        assert outbox.due_ms(300_000) == now + 300_000  # the broker owes: nothing is sent again
        uplink._batch_acknowledged(cast(MqttConnection, line))
        assert outbox.due_ms(300_000) < now + 300_000

    assert connected(tmp_path, late) == []


def test_a_receipt_with_a_foreign_hash_is_an_alarm_and_not_believed(tmp_path: Path) -> None:
    async def weigh(uplink: Uplink, _: Line) -> None:
        told: list[tuple[str, str, bool]] = []
        node, journal, stored = cast(Any, uplink._node), uplink._journal, asyncio.Event()
        node.alarm = lambda source, code, present=True: told.append((source, code, present))
        journal.append(EntryType.STARTED, {"cause": "boot"}, node.now(), done=lambda _: stored.set())
        await stored.wait()
        (epoch,) = await journal.epochs() or []
        uplink._outbox.durable(epoch.no, epoch.epoch, epoch.last)
        true = Receipt("bank-1", SESSION, epoch.epoch, 1, epoch.last_hash.hex(), issued_at=5)
        await uplink._weigh(msgspec.structs.replace(true, hash="ab" * 32))
        assert told == [("receipts", "hash", True)]
        assert not uplink._outbox.through(epoch.epoch)
        await uplink._weigh(true)
        assert ("receipts", "hash", False) in told
        assert uplink._outbox.through(epoch.epoch) == 1

    assert connected(tmp_path, weigh) == []


def test_a_true_receipt_while_the_disk_cannot_be_read_accuses_nobody_and_counts_when_it_comes_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def weigh(uplink: Uplink, _: Line) -> None:
        told: list[tuple[str, str, bool]] = []
        node, journal, stored = cast(Any, uplink._node), uplink._journal, asyncio.Event()
        node.alarm = lambda source, code, present=True: told.append((source, code, present))
        journal.append(EntryType.STARTED, {"cause": "boot"}, node.now(), done=lambda _: stored.set())
        await stored.wait()
        (epoch,) = await journal.epochs() or []
        uplink._outbox.durable(epoch.no, epoch.epoch, epoch.last)
        true = Receipt("bank-1", SESSION, epoch.epoch, 1, epoch.last_hash.hex(), issued_at=5)
        with monkeypatch.context() as unreadable:
            unreadable.setattr(Store, "hash_at", failing(sqlite3.SQLITE_IOERR))
            await uplink._weigh(true)
        assert told == []
        await uplink._weigh(true)
        assert uplink._outbox.through(epoch.epoch) == 1

    assert connected(tmp_path, weigh) == []


def test_a_receipt_for_an_epoch_that_is_not_on_disk_is_no_fault_and_is_answered_with_a_beat(tmp_path: Path) -> None:
    """At each birth the gateway asks for what it lacks of an epoch, though the card that held it is gone."""

    async def weigh(uplink: Uplink, _: Line) -> None:
        told: list[tuple[str, str]] = []
        cast(Any, uplink._node).alarm = lambda source, code, present=True: told.append((source, code))
        uplink._health_ms, uplink._health_due_ms = uplink._mono_ms(), NEVER_MS
        await uplink._weigh(Receipt("bank-1", SESSION, "e" * 32, 497, "ab" * 32, issued_at=5))
        assert told == []
        assert uplink._health_due_ms <= uplink._mono_ms() + 1_000

    assert connected(tmp_path, weigh) == []


def test_a_receipt_behind_what_could_be_saved_of_a_journal_is_no_fault_and_the_bank_says_what_it_holds(
    tmp_path: Path,
) -> None:
    async def weigh(uplink: Uplink, line: Line) -> None:
        told: list[tuple[str, str]] = []
        cast(Any, uplink._node).alarm = lambda source, code, present=True: told.append((source, code))
        uplink._outbox.durable(7, "a" * 32, 5_000)
        saved, fresh = EpochState(1, "a" * 32, 0, 0, 2_000, bytes(32)), EpochState(2, "b" * 32, 0, 0, 1, bytes(32))
        assert uplink._outbox.load([saved, fresh])
        uplink.holds_less()
        assert len(line.published) == 1
        await uplink._weigh(Receipt("bank-1", SESSION, "a" * 32, 5_000, "ab" * 32, issued_at=5))
        assert told == []
        assert not uplink._outbox.through("a" * 32)
        # Of the epoch that is being written nothing is lost: a receipt ahead of it is a clone's.
        await uplink._weigh(Receipt("bank-1", SESSION, "b" * 32, 2, "ab" * 32, issued_at=5))
        assert told == [("receipts", "hash")]

    assert [type(status) for status in connected(tmp_path, weigh)] == [Birth]


def test_a_page_that_cannot_be_read_is_a_fault_until_it_is_though_others_can(tmp_path: Path) -> None:
    async def use(uplink: Uplink, line: Line) -> None:
        faults: set[str] = set()
        node, outbox, stored = cast(Any, uplink._node), uplink._outbox, asyncio.Event()
        node.alarm = lambda _, code, present=True: faults.add(code) if present else faults.discard(code)
        uplink._journal.append(EntryType.STARTED, {"cause": "boot"}, node.now(), done=lambda _: stored.set())
        await stored.wait()
        (epoch,) = await uplink._journal.epochs() or []
        outbox.durable(77, "e" * 32, 5)
        outbox.durable(epoch.no, epoch.epoch, epoch.last)
        outbox.session_started(uplink._mono_ms())
        for _ in range(2):
            wanted = outbox.next_page()
            assert wanted is not None
            await uplink._send_page(cast(MqttConnection, line), wanted)
            assert faults == {"unreadable"}
        assert len(line.published) == 1
        line.published.clear()
        outbox.acknowledged(uplink._mono_ms())
        assert uplink._look_ms <= outbox.due_ms(300_000) < uplink._mono_ms() + 300_000
        outbox.load([epoch])
        outbox.durable(epoch.no, epoch.epoch, epoch.last + 1)
        uplink._journal.append(EntryType.STOPPING, {"cause": "boot"}, node.now(), done=lambda _: stored.set())
        stored.clear()
        await stored.wait()
        wanted = outbox.next_page()
        assert wanted is not None
        await uplink._send_page(cast(MqttConnection, line), wanted)
        assert not faults
        line.published.clear()

    assert connected(tmp_path, use) == []


def test_certificates_that_cannot_be_read_are_tried_again_and_end_nothing(tmp_path: Path) -> None:
    async def run() -> str:
        journal = Journal(tmp_path, open_journal(tmp_path), "boot", asyncio.get_running_loop())
        journal.start()
        tls = TlsSection(*(str(tmp_path / name) for name in ("ca.pem", "own.pem", "own.key")))
        broker, key = BrokerSection("127.0.0.1", 1, tls), Ed25519PrivateKey.generate()
        uplink = made(broker, key, journal, cast(Node, Calm()))
        try:
            return await uplink._one_connection()
        finally:
            assert journal.stop()

    assert "ca.pem" in asyncio.run(run())


def tried(folder: Path, port: int, times: int) -> tuple[list[bytes], bytes | None]:
    """The session numbers that were to be kept in so many tries to connect, and the one on disk."""
    kept: list[bytes] = []

    async def run() -> bytes | None:
        journal = Journal(folder, open_journal(folder), "boot", asyncio.get_running_loop())
        journal.start()
        keep = journal.keep

        def keeps(state: Any, now: Moment, done: Any = None) -> None:
            kept.append(state["session"])
            keep(state, now, done)

        cast(Any, journal).keep = keeps
        key = Ed25519PrivateKey.generate()
        uplink = made(BrokerSection("127.0.0.1", port), key, journal, cast(Node, Calm()))
        for _ in range(times):
            await uplink._one_connection()
        stored = await journal.kept("session")
        assert journal.stop()
        return stored

    return kept, asyncio.run(run())


@contextmanager
def broker_that_answers(*connections: tuple[bytes, ...]) -> Iterator[tuple[int, list[bytes]]]:
    """Its port, and each CONNECT that it read; on each connection it answers one packet after the other and closes."""
    connects: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            for answers in connections:
                line, _ = server.accept()
                with line:
                    heard = []
                    for answer in answers:
                        heard.append(line.recv(65_536))
                        line.sendall(answer)
                    connects.append(heard[0])

        thread = threading.Thread(target=serve)
        thread.start()
        yield server.getsockname()[1], connects
        thread.join(10)


def test_a_hundred_refused_tries_write_one_session_number(tmp_path: Path) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # and does not listen
        assert tried(tmp_path, nobody.getsockname()[1], 100) == ([b"1"], b"1")


def test_a_session_that_the_broker_refuses_is_the_one_of_the_next_try(tmp_path: Path) -> None:
    with broker_that_answers((REFUSED,), (REFUSED,)) as (port, connects):
        assert tried(tmp_path, port, 2) == ([b"1"], b"1")
    assert connects[0] == connects[1], "its nonce is the same, too"


@pytest.mark.parametrize(
    "answers", [(b"",), (ACCEPTED,), (ACCEPTED, REFUSED)], ids=["none", "accepted", "accepted_and_refused"]
)
def test_a_session_whose_will_the_broker_may_have_is_used_up(tmp_path: Path, answers: tuple[bytes, ...]) -> None:
    with broker_that_answers(answers, answers) as (port, connects):
        assert tried(tmp_path, port, 2) == ([b"1", b"2"], b"2")
    assert connects[0] != connects[1]


def test_a_connection_ended_while_it_comes_about_may_yet_send_its_will() -> None:
    """CONNECT is sent by a thread of its own, which nobody waits for."""

    async def run() -> None:
        connection = MqttConnection(BrokerSection("127.0.0.1", 1), "bank-1", "status", b"", lambda *_: None)
        cast(Any, connection)._connect = lambda: None
        opening = asyncio.ensure_future(connection.open())
        await asyncio.sleep(0)
        connection.close()
        with pytest.raises(LinkError, match="closed") as lost:
            await opening
        assert not isinstance(lost.value, NotAcceptedError)

    asyncio.run(run())


def test_a_strangers_status_is_answered_with_one_birth(tmp_path: Path) -> None:
    async def hear(uplink: Uplink, _: Line) -> None:
        for _ in range(3):
            uplink._arrived(STATUS, b"somebody else", False)

    statuses = connected(tmp_path, hear)
    assert [type(status) for status in statuses] == [Birth]
    assert statuses[0].session == SESSION


def test_the_session_is_looked_after_when_something_is_due_and_not_before(tmp_path: Path) -> None:
    looks: list[int] = []

    async def use(uplink: Uplink, _: Line) -> None:
        now_ms = uplink._mono_ms()
        uplink._look_by(now_ms + 60_000)
        assert uplink._look is not None
        first = uplink._look
        uplink._look_by(now_ms + 90_000)
        assert uplink._look is first
        uplink._looks = lambda: looks.append(uplink._mono_ms() - now_ms)  # type: ignore[method-assign]
        uplink._look_by(now_ms + 20)
        assert first.cancelled()
        await asyncio.sleep(0.1)

    assert connected(tmp_path, use) == []
    assert len(looks) == 1
    assert looks[0] >= 19
