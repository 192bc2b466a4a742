"""The gateway in the world: the real link and database, killed, starved and put back, on virtual time."""

import contextlib
import os
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError

from gateway.access.models import CommandRecord, Controller
from gateway.events.models import Event
from gateway.link.listener import LIST_AGAIN_MS
from gateway.lockers import service as lockers
from simulator.errors import NotPossibleError
from simulator.world.broker import Broker
from simulator.world.broker_client import Client, Message
from simulator.world.chance import Chance
from simulator.world.desk import Desk
from simulator.world.gateway import Gateway
from simulator.world.loop import VirtualLoop
from simulator.world.mischief import Mischief
from simulator.world.network import Network
from tests.unit.gateway.journal import Journal
from tests.unit.gateway.town import NOON
from wire.access_list import decode_access_list
from wire.envelope import Envelope, sign
from wire.keys import controller_token
from wire.messages import Birth, EpochRange, Fault, Health, Receipt, Session, Trust, decode, encode
from wire.topics import DOWN, Topic, topic_name

BANK = "montreuil-1"
TODAY, LAST = date(2026, 6, 15), date(2026, 12, 31)


@dataclass
class Bank:
    """A scripted controller: signs what it is told to, notes what it hears, and says a beat when it is asked."""

    broker: Broker
    device: Ed25519PrivateKey
    journal: Journal = field(default_factory=lambda: Journal(controller=BANK, epoch="ab" * 16))
    number: int = 0
    heard: list[tuple[Topic, bytes]] = field(default_factory=list)
    client: Client = field(init=False)

    def connect(self) -> None:
        """A new session; its birth says what the bank has got."""
        self.number += 1
        self.session = Session(self.number, f"{self.number:032x}")
        self.client = self.broker.connect(
            BANK, on_connected=lambda _: None, on_message=self._hears, on_lost=lambda _: None
        )
        self.run()
        self.client.subscribe([(topic_name(BANK, topic), 1) for topic in DOWN])
        self.run()
        trust = [decode(payload, Trust).version for topic, payload in self.heard if topic is Topic.TRUST]
        epochs = (EpochRange(self.journal.epoch, 1, len(self.journal.lines)),) if self.journal.lines else ()
        birth = Birth(
            controller=BANK, session=self.session, beat=f"{self.number:032x}", software="test", boot_id="boot", at=NOON,
            trust_version=max(trust, default=0), list_version=self.list_version, list_hash=None, badge_keys=(),
            epochs=epochs,
        )  # fmt: skip
        self.say(Topic.STATUS, encode(birth), retain=True)

    def say(self, topic: Topic, payload: bytes, *, retain: bool = False) -> None:
        self.client.publish(topic_name(BANK, topic), sign(self.device, topic, payload), qos=1, retain=retain)
        self.run()

    @property
    def list_version(self) -> int:
        lists = [decode_access_list(payload).version for topic, payload in self.heard if topic is Topic.ACCESS]
        return max(lists, default=0)

    def beat(self, faults: tuple[Fault, ...] = ()) -> None:
        health = Health(BANK, self.session, "cd" * 16, NOON, "trusted", None, None, 0, self.list_version, faults)
        self.say(Topic.HEALTH, encode(health))

    def run(self, ms: int = 500) -> None:
        self.broker.loop.run_until(self.broker.loop.now_ms + ms)

    def _hears(self, message: Message) -> None:
        topic = Topic(message.topic.rpartition("/")[2])
        self.heard.append((topic, msgspec.json.decode(message.payload, type=Envelope).payload))
        self.client.ack(message)

    def receipts(self) -> list[int]:
        return [decode(payload, Receipt).through for topic, payload in self.heard if topic is Topic.RECEIPTS]

    def topics(self) -> list[Topic]:
        return [topic for topic, _ in self.heard]


@dataclass
class Scene:
    gateway: Gateway
    bank: Bank
    desk: Desk

    def rows(self) -> int:
        with self.gateway.reading() as session:
            return session.scalar(select(func.count()).select_from(Event).where(Event.epoch.is_not(None))) or 0

    def controller(self) -> Controller:
        with self.gateway.reading() as session:
            return session.get_one(Controller, BANK)

    def run(self, ms: int) -> None:
        self.bank.run(ms)


def build(seed: int) -> Scene:
    loop, chance = VirtualLoop(NOON), Chance(seed)
    broker = Broker(loop, Network(loop, chance.stream("network")), Mischief(chance.stream))
    gateway = Gateway(broker, chance)
    device = Ed25519PrivateKey.from_private_bytes(os.urandom(32))
    encryption = X25519PrivateKey.from_private_bytes(os.urandom(32))
    with gateway.storage.database.writing() as session:
        owner = lockers.organisation_named(session, "Emmaus", actor="test", now=NOON)
        site = lockers.site_named(
            session, "Montreuil", organisation_id=owner.id, zone="Europe/Paris", actor="test", now=NOON
        )
        lockers.add_bank(session, bank_id=BANK, site_id=site.id, name="Montreuil 1", actor="test", now=NOON)
        lockers.add_lockers(session, BANK, range(1, 7), actor="test", now=NOON)
    gateway.start()
    desk = Desk(gateway, "test")
    desk.join(
        BANK, controller_token(device.public_key().public_bytes_raw(), encryption.public_key().public_bytes_raw())
    )
    loop.run_until(NOON + 1_000)
    return Scene(gateway, Bank(broker, device), desk)


@pytest.fixture
def scene() -> Iterator[Scene]:
    with Chance(7).seeded_os():
        made = build(7)
        made.bank.journal.start()
        yield made
        made.gateway.close()
        made.bank.broker.loop.close()


def send(scene: Scene, entries: int = 2) -> None:
    """Some more of the bank's journal."""
    first = len(scene.bank.journal.lines) + 1
    for _ in range(entries):
        scene.bank.journal.write("tamper")
    scene.bank.say(Topic.EVENTS, scene.bank.journal.batch(first))


def test_a_bank_that_is_born_hears_trust_keys_and_its_list_and_gets_receipts(scene: Scene) -> None:
    handed = scene.desk.hand_over(BANK, 3, badge="em4100:62E3086CED", name="Nadia", starts_on=TODAY, ends_on=LAST)
    scene.bank.connect()
    scene.bank.say(Topic.EVENTS, scene.bank.journal.batch())
    assert scene.bank.topics() == [Topic.TRUST, Topic.KEYS, Topic.ACCESS, Topic.RECEIPTS, Topic.RECEIPTS]
    assert scene.bank.receipts() == [0, 1]
    grants = decode_access_list(scene.bank.heard[2][1]).grants
    assert {grant.lockers for grant in grants} == {(3,)}
    assert handed.contract_id[-12:] in grants[0].id
    assert scene.rows() == 1
    assert scene.controller().online


def test_a_revoked_badge_is_on_the_next_list(scene: Scene) -> None:
    handed = scene.desk.hand_over(BANK, 3, badge="em4100:62E3086CED", name="Nadia", starts_on=TODAY, ends_on=LAST)
    scene.bank.connect()
    scene.desk.revoke(handed.badge_id)
    scene.run(1_000)
    last = decode_access_list(scene.bank.heard[-1][1])
    assert [line.why for line in last.revoked] == ["revoked", "revoked"]
    assert last.grants == ()


def test_a_list_that_the_broker_took_and_lost_is_sent_again_to_a_bank_that_stays_behind(scene: Scene) -> None:
    handed = scene.desk.hand_over(BANK, 3, badge="em4100:62E3086CED", name="Nadia", starts_on=TODAY, ends_on=LAST)
    scene.bank.connect()
    scene.bank.beat()
    followed, mischief = scene.bank.list_version, scene.bank.broker.mischief
    mischief.set({"lose": 1.0}, frozenset({"access"}))
    scene.desk.revoke(handed.badge_id)
    scene.run(1_000)
    mischief.set({})
    assert scene.bank.list_version == followed
    scene.bank.beat()
    assert scene.bank.list_version > followed
    assert decode_access_list(scene.bank.heard[-1][1]).grants == ()


def test_a_list_that_is_still_on_its_way_is_not_sent_again_with_every_beat(scene: Scene) -> None:
    handed = scene.desk.hand_over(BANK, 3, badge="em4100:62E3086CED", name="Nadia", starts_on=TODAY, ends_on=LAST)
    scene.bank.connect()
    scene.bank.beat()
    scene.bank.broker.mischief.set({"lose": 1.0}, frozenset({"access"}))
    scene.desk.revoke(handed.badge_id)
    scene.run(1_000)
    sent: list[str] = []
    scene.gateway.on_sent = lambda topic, _: sent.append(topic)
    for _ in range(4):
        scene.bank.beat()
    assert sent.count(topic_name(BANK, Topic.ACCESS)) == 1
    scene.run(LIST_AGAIN_MS)
    scene.bank.beat()
    assert sent.count(topic_name(BANK, Topic.ACCESS)) == 2


def hand_over_and_beat(scene: Scene, locker: int) -> None:
    """A list that the bank has taken."""
    badge = f"em4100:62E3086C{locker:02X}"
    scene.desk.hand_over(BANK, locker, badge=badge, name="Nadia", starts_on=TODAY, ends_on=LAST)
    scene.run(1_000)
    scene.bank.beat()


def test_trust_and_keys_are_told_once_a_session_and_again_to_a_bank_that_stays_behind(scene: Scene) -> None:
    scene.bank.connect()
    scene.bank.beat()
    for locker in (1, 2, 3):
        hand_over_and_beat(scene, locker)
    told = [topic for topic in scene.bank.topics() if topic in (Topic.TRUST, Topic.KEYS)]
    assert told == [Topic.TRUST, Topic.KEYS]
    scene.bank.broker.mischief.set({"lose": 1.0}, frozenset({"access"}))
    scene.desk.hand_over(BANK, 4, badge="em4100:62E3086C04", name="Nadia", starts_on=TODAY, ends_on=LAST)
    scene.run(1_000)
    scene.bank.broker.mischief.set({})
    scene.bank.heard.clear()
    scene.bank.beat()
    assert scene.bank.topics() == [Topic.TRUST, Topic.KEYS, Topic.ACCESS]


def test_keys_that_the_broker_took_and_lost_are_told_again_to_a_bank_that_says_it_lacks_them(scene: Scene) -> None:
    scene.bank.broker.mischief.set({"lose": 1.0}, frozenset({"keys"}))
    scene.bank.connect()
    scene.bank.broker.mischief.set({})
    hand_over_and_beat(scene, 1)
    assert Topic.KEYS not in scene.bank.topics()
    lacks = (Fault("badge_key k-1", "badge_key_missing"),)
    scene.bank.beat(lacks)
    assert scene.bank.topics().count(Topic.KEYS) == 1
    scene.bank.beat(lacks)
    assert scene.bank.topics().count(Topic.KEYS) == 1
    scene.run(LIST_AGAIN_MS)
    scene.bank.beat(lacks)
    assert scene.bank.topics().count(Topic.KEYS) == 2


def split(scene: Scene) -> Gateway:
    """There is a second gateway from now on, which hears the bank as the first one does."""
    scene.desk.hand_over(BANK, 3, badge="em4100:62E3086CED", name="Nadia", starts_on=TODAY, ends_on=LAST)
    scene.bank.connect()
    scene.bank.beat()
    twin = scene.gateway.twin("casier.second")
    twin.start()
    scene.run(2_000)
    scene.bank.beat()
    return twin


def test_a_bank_that_follows_another_gateways_list_is_held_as_soon_as_its_journal_says_so(scene: Scene) -> None:
    twin = split(scene)
    before = scene.bank.list_version
    Desk(twin, "test").hand_over(BANK, 4, badge="em4100:62E3086CEE", name="Ana", starts_on=TODAY, ends_on=LAST)
    scene.run(1_000)
    assert scene.bank.list_version > before
    scene.bank.journal.write("access_applied", version=scene.bank.list_version)
    scene.bank.say(Topic.EVENTS, scene.bank.journal.batch())
    assert scene.controller().list_in_force == scene.bank.list_version
    assert scene.controller().held_why == "unknown_list"
    twin.close()


def test_a_bank_whose_word_on_its_list_came_while_the_database_was_away_is_sent_nothing_before_that_is_taken_down(
    scene: Scene,
) -> None:
    twin = split(scene)
    Desk(twin, "test").hand_over(BANK, 4, badge="em4100:62E3086CEE", name="Ana", starts_on=TODAY, ends_on=LAST)
    scene.run(1_000)
    twin.close()
    scene.gateway.storage.down()
    scene.bank.beat()
    sent: list[str] = []
    scene.gateway.on_sent = lambda topic, _: sent.append(topic)
    scene.gateway.storage.heal()
    scene.desk.hand_over(BANK, 5, badge="em4100:62E3086CEF", name="Li", starts_on=TODAY, ends_on=LAST)
    scene.run(300_000)
    assert sent == []
    scene.bank.beat()
    assert scene.controller().held_why == "unknown_list"


def test_an_order_asks_for_a_beat_first(scene: Scene) -> None:
    scene.bank.connect()
    scene.run(3_600_000)
    made: list[str | None] = []
    scene.bank.heard.clear()
    scene.desk.open_remotely(BANK, 3, "inspection", made.append)
    scene.run(300)
    scene.bank.beat()
    scene.run(1_500)
    with scene.gateway.reading() as session:
        assert session.get_one(CommandRecord, made[0]).state == "requested"
    assert Topic.COMMANDS in scene.bank.topics()


def test_a_bank_that_is_silent_is_ordered_nothing(scene: Scene) -> None:
    made: list[str | None] = []
    scene.desk.open_remotely(BANK, 3, "inspection", made.append)
    scene.bank.connect()
    scene.run(3_600_000)
    scene.desk.open_remotely(BANK, 3, "inspection", made.append)
    scene.run(2_000)
    assert made == [None, None]


@pytest.mark.parametrize("occasion", ["commit", "acknowledge", "publish"])
def test_killed_at_any_point_of_storing_a_batch_it_loses_and_doubles_nothing(scene: Scene, occasion: str) -> None:
    scene.bank.connect()
    scene.gateway.crash_at(occasion)
    send(scene, 4)
    assert not scene.gateway.running
    assert scene.rows() == (0 if occasion == "commit" else 4)
    scene.gateway.start()
    scene.run(5_000)
    # What was acknowledged to the broker is not delivered again: the next birth asks for its receipt.
    scene.bank.connect()
    scene.bank.say(Topic.EVENTS, scene.bank.journal.batch())
    scene.run(5_000)
    assert scene.rows() == 5
    assert scene.bank.receipts()[-1] == 5


@pytest.mark.parametrize("fault", ["down", "full", "full_at_commit"])
def test_while_the_database_is_away_there_is_no_receipt_and_nothing_is_lost(scene: Scene, fault: str) -> None:
    scene.bank.connect()
    scene.run(1_000)
    scene.bank.heard.clear()
    getattr(scene.gateway.storage, fault)()
    scene.bank.say(Topic.EVENTS, scene.bank.journal.batch())
    scene.run(60_000)
    assert scene.bank.receipts() == []
    with pytest.raises(OperationalError):
        scene.desk.hand_over(BANK, 3, badge="em4100:62E3086CED", name="Nadia", starts_on=TODAY, ends_on=LAST)
    scene.gateway.storage.heal()
    assert scene.rows() == 0
    scene.run(5_000)
    assert scene.bank.receipts() == [1]
    assert scene.rows() == 1


def test_a_gateway_without_a_database_starts_once_it_is_there(scene: Scene) -> None:
    scene.gateway.crash()
    scene.gateway.storage.down()
    scene.gateway.start()
    scene.run(10_000)
    assert not scene.gateway.running
    scene.gateway.storage.heal()
    scene.run(2_000)
    assert scene.gateway.running


def test_nobody_works_at_a_gateway_that_is_down(scene: Scene) -> None:
    scene.gateway.stop()
    with pytest.raises(NotPossibleError):
        scene.desk.revoke("x")


def test_a_database_of_yesterday_is_not_published_from_until_someone_decides(scene: Scene) -> None:
    yesterday = scene.gateway.storage.backup()
    scene.desk.hand_over(BANK, 3, badge="em4100:62E3086CED", name="Nadia", starts_on=TODAY, ends_on=LAST)
    scene.bank.connect()
    scene.bank.say(Topic.EVENTS, scene.bank.journal.batch())
    scene.gateway.restore(yesterday)
    assert scene.rows() == 0
    scene.gateway.start()
    scene.run(5_000)
    scene.bank.connect()
    scene.bank.heard.clear()
    scene.desk.hand_over(BANK, 4, badge="em4100:0000000001", name="Zoe", starts_on=TODAY, ends_on=LAST)
    scene.run(5_000)
    assert scene.controller().held_why == "unknown_trust"
    assert Topic.ACCESS not in scene.bank.topics()


def test_a_twin_after_a_split_has_the_same_keys_and_rows_and_a_life_of_its_own(scene: Scene) -> None:
    twin = scene.gateway.twin("casier.second")
    twin.start()
    scene.bank.connect()
    send(scene, 1)
    scene.run(2_000)
    with twin.reading() as session:
        assert session.get_one(Controller, BANK).online
    twin.close()


def test_the_same_seed_makes_the_same_database() -> None:
    def lived(seed: int) -> list[str]:
        with Chance(seed).seeded_os():
            scene = build(seed)
            scene.bank.journal.start()
            scene.desk.hand_over(BANK, 3, badge="em4100:62E3086CED", name="Nadia", starts_on=TODAY, ends_on=LAST)
            scene.bank.connect()
            send(scene)
            saved = sqlite3.connect(":memory:")
            saved.deserialize(scene.gateway.storage.backup())
            scene.gateway.close()
            scene.bank.broker.loop.close()
            with contextlib.closing(saved):
                return list(saved.iterdump())

    assert lived(3) == lived(3)
    assert lived(3) != lived(4)
