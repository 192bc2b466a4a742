"""The link's steps: messages are acknowledged in their order, and none of them holds up those that follow."""

from contextlib import ExitStack, suppress
from dataclasses import dataclass, field

import pytest
from sqlalchemy.exc import IntegrityError, OperationalError, TimeoutError

from gateway.link.steps import Steps
from gateway.link.transport import Acknowledgements, Received
from tests.unit.gateway.journal import Journal
from tests.unit.gateway.town import NOON, Town
from wire.envelope import sign
from wire.messages import Death, Health, Session, encode
from wire.topics import Topic, topic_name


@dataclass
class Broker:
    """A transport that only remembers."""

    is_connected: bool = True
    acknowledged: list[int] = field(default_factory=list)
    published: list[str] = field(default_factory=list)
    asked: int = 0

    def publish(self, topic: str, payload: bytes, *, retain: bool = False, expiry_s: int | None = None) -> bool:
        self.published.append(topic)
        return True

    def acknowledge(self, message: Received) -> None:
        self.acknowledged.append(message.mid)

    def ask_for_retained(self) -> None:
        self.asked += 1

    def keep_alive(self) -> None:
        pass


def received(mid: int, connection: int = 1, qos: int = 1) -> Received:
    return Received("t", b"", retained=False, mid=mid, qos=qos, connection=connection)


def test_messages_are_acknowledged_in_the_order_in_which_they_came() -> None:
    due = Acknowledgements()
    due.connected()
    for mid in (7, 8, 9):
        due.arrived(received(mid))
    assert due.done(received(8)) == []
    assert due.done(received(7)) == [7, 8]
    assert due.done(received(9)) == [9]


def test_a_message_that_is_done_with_twice_is_not_done_with_when_its_number_comes_again() -> None:
    due = Acknowledgements()
    due.connected()
    due.arrived(received(7))
    assert due.done(received(7)) == [7]
    assert due.done(received(7)) == []
    due.arrived(received(6))
    due.arrived(received(7))
    assert due.done(received(6)) == [6]


def test_nothing_of_an_earlier_connection_is_acknowledged() -> None:
    due = Acknowledgements()
    due.connected()
    due.arrived(received(7))
    due.connected()
    due.arrived(received(7, connection=2))
    assert due.done(received(7, connection=1)) == []
    assert due.done(received(7, connection=2)) == [7]


@pytest.fixture
def broker() -> Broker:
    return Broker()


@pytest.fixture
def steps(town: Town, broker: Broker) -> Steps:
    made = Steps(town.database, town.keystore, broker, now=lambda: NOON, mono_ms=lambda: 0)
    made.begin()
    return made


def status(town: Town, mid: int) -> Received:
    death = encode(Death(town.bank, Session(1, "ab" * 16)))
    envelope = sign(town.device, Topic.STATUS, death)
    return Received(topic_name(town.bank, Topic.STATUS), envelope, retained=False, mid=mid, qos=1, connection=1)


def batch(town: Town, mid: int) -> Received:
    envelope = sign(town.device, Topic.EVENTS, Journal().start().batch())
    return Received(topic_name(town.bank, Topic.EVENTS), envelope, retained=False, mid=mid, qos=1, connection=1)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@pytest.mark.parametrize("error", [KeyError("nobody foresaw this"), IntegrityError("", {}, Exception())])
def test_a_message_nobody_foresaw_does_not_hold_up_the_acknowledgements_of_others(
    town: Town, steps: Steps, broker: Broker, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fails(*_: object) -> None:
        raise error

    monkeypatch.setattr(steps._listener, "_status", lambda *_, **__: fails())
    monkeypatch.setattr(steps._inbox, "_set_aside", fails)
    monkeypatch.setattr(steps._inbox, "_together", fails)
    steps.listen(status(town, 1))
    steps.store([batch(town, 2), batch(town, 3)])
    assert broker.acknowledged == [1, 2, 3]
    assert broker.published == []


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_while_the_database_is_away_a_step_is_to_be_tried_again(
    town: Town, steps: Steps, broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away() -> None:
        raise OperationalError("BEGIN", {}, Exception("gone"))

    with monkeypatch.context() as patched:
        patched.setattr(town.database, "writing", away)
        with pytest.raises(OperationalError):
            steps.listen(status(town, 1))
        with pytest.raises(OperationalError):
            steps.store([batch(town, 2)])
    assert broker.acknowledged == []
    steps.listen(status(town, 1))
    steps.store([message := batch(town, 2)])
    assert message.mid in broker.acknowledged


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_while_others_hold_every_connection_to_the_database_nothing_is_acknowledged(
    town: Town, steps: Steps, broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(town.database.engine.pool, "_timeout", 0.01)
    with ExitStack() as others:
        with suppress(TimeoutError):
            while True:
                others.enter_context(town.database.engine.connect())
        with pytest.raises(OperationalError):
            steps.listen(status(town, 1))
        with pytest.raises(OperationalError):
            steps.store([batch(town, 2)])
        assert broker.acknowledged == []
    steps.listen(status(town, 1))
    steps.store([batch(town, 2)])
    assert broker.acknowledged == [1, 2]


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_message_is_acknowledged_once_for_its_number_may_be_another_s_by_then(
    town: Town, steps: Steps, broker: Broker
) -> None:
    steps.listen(status(town, 1))
    steps.store([batch(town, 2)])
    assert broker.acknowledged == [1, 2]


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_of_a_bank_that_speaks_in_a_session_nobody_knows_the_birth_is_asked_for_every_five_minutes(
    town: Town, broker: Broker
) -> None:
    mono_ms = [0]
    steps = Steps(town.database, town.keystore, broker, now=lambda: NOON, mono_ms=lambda: mono_ms[0])
    steps.begin()
    words = Health(town.bank, Session(1, "ab" * 16), "cd" * 16, NOON, "trusted", 0, 0, 0, 0, (), {})
    topic, envelope = topic_name(town.bank, Topic.HEALTH), sign(town.device, Topic.HEALTH, encode(words))
    for mono_ms[0], asked in ((0, 1), (299_999, 1), (300_000, 2), (599_999, 2)):
        steps.listen(Received(topic, envelope, retained=False, mid=1, qos=0, connection=1))
        assert broker.asked == asked
