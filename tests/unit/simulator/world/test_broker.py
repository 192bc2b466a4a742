"""The broker's model: MQTT 5 as far as it matters, broken links, and what a bad broker does."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from simulator.world.broker import Broker
from simulator.world.broker_client import Client, Message, Will
from simulator.world.chance import Chance
from simulator.world.loop import VirtualLoop
from simulator.world.mischief import Mischief
from simulator.world.network import Network
from simulator.world.sessions import matches

START = 1_800_000_000_000
DAY_MS = 86_400_000


@dataclass
class Place:
    loop: VirtualLoop
    network: Network
    broker: Broker

    def run(self, ms: int) -> None:
        self.loop.run_until(self.loop.now_ms + ms)


@dataclass
class Guest:
    """A client that acknowledges what it hears, if it is told to."""

    place: Place
    name: str
    acknowledges: bool = True
    heard: list[Message] = field(default_factory=list)
    sessions: list[bool] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    client: Client = field(init=False)

    def connect(self, **options: Any) -> "Guest":
        self.client = self.place.broker.connect(
            self.name,
            on_connected=self.sessions.append,
            on_message=self._hears,
            on_lost=self.lost.append,
            **options,
        )
        self.place.run(200)
        return self

    def subscribe(self, *filters: str, **options: Any) -> "Guest":
        self.client.subscribe([(name, 1) for name in filters], **options)
        self.place.run(200)
        return self

    def says(self, topic: str, payload: bytes = b"x", **options: Any) -> bool:
        sent = self.client.publish(topic, payload, **{"qos": 1, **options})
        self.place.run(200)
        return sent

    def _hears(self, message: Message) -> None:
        self.heard.append(message)
        if self.acknowledges:
            self.client.ack(message)

    @property
    def payloads(self) -> list[bytes]:
        return [message.payload for message in self.heard]


def a_place(seed: int = 1, **options: Any) -> Place:
    loop, chance = VirtualLoop(START), Chance(seed)
    network = Network(loop, chance.stream("network"))
    return Place(loop, network, Broker(loop, network, Mischief(chance.stream), **options))


@pytest.fixture
def place() -> Iterator[Place]:
    made = a_place()
    yield made
    made.loop.close()


@pytest.fixture
def gateway(place: Place) -> Guest:
    return (
        Guest(place, "gateway").connect(clean_start=False, session_expiry_s=7 * 86_400).subscribe("casier/1/+/events")
    )


@pytest.fixture
def bank(place: Place) -> Guest:
    return Guest(place, "nord").connect()


def test_a_filter_with_a_plus_takes_one_level() -> None:
    assert matches("casier/1/+/events", "casier/1/nord/events")
    assert not matches("casier/1/+/events", "casier/1/nord/status")
    assert not matches("casier/1/+/events", "casier/1/a/b/events")
    assert matches("casier/#", "casier/1/a/b")
    assert not matches("other/#", "casier/1")


def test_messages_of_one_client_arrive_in_order_whatever_the_latency(gateway: Guest, bank: Guest) -> None:
    for number in range(50):
        bank.client.publish("casier/1/nord/events", b"%d" % number, qos=1)
    bank.place.run(1_000)
    assert gateway.payloads == [b"%d" % number for number in range(50)]


def test_an_unacknowledged_message_comes_again_with_the_session(place: Place, gateway: Guest, bank: Guest) -> None:
    gateway.acknowledges = False
    bank.says("casier/1/nord/events")
    gateway.client.drop()
    bank.says("casier/1/nord/events", b"while away")
    gateway.acknowledges = True
    gateway.connect(clean_start=False, session_expiry_s=7 * 86_400)
    assert gateway.sessions == [False, True]
    assert gateway.payloads == [b"x", b"x", b"while away"]
    gateway.client.drop()
    gateway.connect(clean_start=False, session_expiry_s=7 * 86_400)
    assert len(gateway.heard) == 3


def test_no_more_is_in_flight_than_the_client_can_take(place: Place, bank: Guest) -> None:
    slow = Guest(place, "slow", acknowledges=False).connect(receive_maximum=2).subscribe("t")
    for _ in range(5):
        bank.says("t")
    assert len(slow.heard) == 2
    slow.client.ack(slow.heard[0])
    place.run(200)
    assert len(slow.heard) == 3


def test_a_session_ends_after_its_expiry_and_a_clean_start_forgets_it(place: Place, gateway: Guest) -> None:
    gateway.client.drop()
    place.run(8 * DAY_MS)
    gateway.connect(clean_start=False, session_expiry_s=60)
    gateway.client.drop()
    gateway.connect(clean_start=True, session_expiry_s=60)
    assert gateway.sessions == [False, False, False]


def test_nothing_is_kept_for_a_controller_that_is_away(place: Place, bank: Guest) -> None:
    bank.subscribe("casier/1/nord/commands")
    bank.client.drop()
    place.broker.forge("casier/1/nord/commands", b"stale")
    bank.connect().subscribe("casier/1/nord/commands")
    assert bank.heard == []


def test_an_order_that_waited_past_its_expiry_is_not_delivered(place: Place, gateway: Guest, bank: Guest) -> None:
    gateway.client.drop()
    bank.says("casier/1/nord/events", b"late", expiry_s=30)
    bank.says("casier/1/nord/events", b"kept", expiry_s=3_600)
    place.run(60_000)
    gateway.connect(clean_start=False, session_expiry_s=60)
    assert gateway.payloads == [b"kept"]


@pytest.mark.parametrize("honours", [True, False])
def test_a_retained_message_is_marked_for_new_subscribers_and_for_those_who_ask(honours: bool) -> None:
    place = a_place(retain_as_published=honours)
    asks = Guest(place, "asks").connect().subscribe("t", retain_as_published=True)
    plain = Guest(place, "plain").connect().subscribe("t")
    asks.says("t", retain=True)
    new = Guest(place, "new").connect().subscribe("t")
    assert [guest.heard[0].retained for guest in (asks, plain, new)] == [honours, False, True]
    asks.says("t", b"", retain=True)
    assert place.broker.retained("t") is None
    place.loop.close()


def test_the_will_follows_a_dead_link_after_the_keep_alive_and_no_goodbye(place: Place, gateway: Guest) -> None:
    gateway.subscribe("casier/1/+/status")
    nord = Guest(place, "nord").connect(will=Will("casier/1/nord/status", b"died"), keep_alive_s=10)
    nord.client.drop(silent=True)
    place.run(14_000)
    assert gateway.heard == []
    place.run(2_000)
    assert gateway.payloads == [b"died"]
    nord.connect(will=Will("casier/1/nord/status", b"died"))
    nord.client.disconnect()
    place.run(60_000)
    assert gateway.payloads == [b"died"]


def test_a_delayed_will_is_forgotten_when_its_client_is_back(place: Place, gateway: Guest) -> None:
    gateway.subscribe("s")
    will = Will("s", b"died", delay_s=30)
    nord = Guest(place, "nord").connect(will=will, session_expiry_s=60)
    nord.client.drop()
    place.run(20_000)
    nord.connect(will=will, session_expiry_s=60, clean_start=False)
    place.run(60_000)
    assert gateway.heard == []
    nord.client.drop()
    place.run(31_000)
    assert gateway.payloads == [b"died"]


def test_a_second_client_of_the_same_id_throws_the_first_off(place: Place, bank: Guest) -> None:
    second = Guest(place, "nord").connect()
    assert bank.lost == ["taken over"]
    assert second.says("t")
    assert not bank.says("t")


def test_a_half_open_link_is_noticed_by_both_ends_within_two_keep_alives(place: Place, gateway: Guest) -> None:
    nord = Guest(place, "nord").connect(keep_alive_s=10)
    place.network.half_open("nord")
    assert nord.says("casier/1/nord/events", b"vanishes")
    place.network.heal("nord")
    place.run(21_000)
    assert nord.lost == ["keep-alive"]
    assert not place.broker.is_connected("nord")
    assert gateway.heard == []
    assert nord.connect().says("casier/1/nord/events", b"arrives")
    assert gateway.payloads == [b"arrives"]


def test_a_link_that_healed_before_anything_was_sent_stands(place: Place, bank: Guest) -> None:
    place.network.half_open("nord")
    place.run(5_000)
    place.network.heal("nord")
    place.run(60_000)
    assert bank.lost == []
    assert place.broker.is_connected("nord")


def test_nobody_connects_over_a_link_that_is_cut_half_open_or_without_a_broker(place: Place) -> None:
    nord = Guest(place, "nord")
    place.network.cut("nord")
    nord.connect()
    place.network.half_open("nord")
    nord.connect()
    place.run(16_000)
    place.network.heal("nord")
    place.broker.kill()
    nord.connect()
    assert nord.lost == ["refused", "no answer from the broker", "refused"]
    place.broker.start()
    assert nord.connect().says("t")


def test_a_flapping_link_comes_and_goes(place: Place, bank: Guest) -> None:
    place.network.flap("nord", times=3, up_ms=1_000, down_ms=500)
    states = []
    for _ in range(5):
        states.append(place.network.link("nord").open)
        place.run(1_000)
    assert {True, False} == set(states)
    assert place.network.link("nord").open
    assert bank.lost == ["the network is gone"]


def test_a_stalled_link_delivers_everything_later(place: Place, gateway: Guest, bank: Guest) -> None:
    place.network.stall("nord", 5_000)
    bank.says("casier/1/nord/events")
    assert gateway.heard == []
    place.run(6_000)
    assert gateway.payloads == [b"x"]


@pytest.mark.parametrize(("after", "arrives"), [("received", 0), ("routed", 1)])
def test_a_broker_that_dies_in_a_publish_acknowledges_nothing(
    place: Place, gateway: Guest, bank: Guest, after: str, arrives: int
) -> None:
    words: list[str] = []
    place.broker.kill_in_publish(after)
    bank.says("casier/1/nord/events", acknowledged=lambda: words.append("acknowledged"))
    assert words == []
    assert bank.lost == ["the broker closed"]
    place.broker.start()
    gateway.connect(clean_start=False, session_expiry_s=60)
    # What was on its way to the gateway when the broker died may or may not have arrived; it is never lost.
    assert len(set(gateway.payloads)) == arrives


def test_a_wiped_broker_knows_no_session_and_an_old_database_brings_the_old_ones_back(
    place: Place, gateway: Guest, bank: Guest
) -> None:
    bank.says("s", b"old", retain=True)
    old = place.broker.save()
    bank.says("s", b"new", retain=True)
    place.broker.wipe()
    place.run(200)
    assert gateway.lost == ["the broker closed"]
    assert place.broker.retained("s") is None
    place.broker.restore(old)
    gateway.connect(clean_start=False, session_expiry_s=60)
    assert place.broker.retained("s") == b"old"
    assert gateway.sessions == [False, True]


def test_what_is_lost_is_acknowledged_all_the_same(place: Place, gateway: Guest, bank: Guest) -> None:
    words: list[str] = []
    place.broker.mischief.set({"lose": 1.0})
    bank.says("casier/1/nord/events", acknowledged=lambda: words.append("acknowledged"))
    assert words == ["acknowledged"]
    assert gateway.heard == []


def test_each_mischief_does_what_it_says(place: Place, gateway: Guest, bank: Guest) -> None:
    mischief = place.broker.mischief

    def of(kind: str) -> list[Message]:
        gateway.heard.clear()
        mischief.set({kind: 1.0})
        for number in range(5):
            bank.client.publish("casier/1/nord/events", b"%d" % number, qos=1)
        place.run(12 * DAY_MS)
        return list(gateway.heard)

    assert len(of("double")) == 10
    assert [message.payload for message in of("reorder")] != [b"%d" % number for number in range(5)]
    assert len(of("delay")) == 5
    assert len(of("replay")) == 9
    of("retain")
    assert place.broker.retained("casier/1/nord/events") == b"4"
    assert mischief.done == {"lose": 0, "double": 5, "reorder": 5, "delay": 5, "replay": 4, "retain": 5}


def test_mischief_keeps_to_the_topics_it_is_told(place: Place, gateway: Guest, bank: Guest) -> None:
    place.broker.mischief.set({"lose": 1.0}, frozenset({"receipts"}))
    bank.says("casier/1/nord/events")
    assert len(gateway.heard) == 1
    with pytest.raises(KeyError, match="no such mischief: loose"):
        place.broker.mischief.set({"loose": 1.0})


def test_anyone_can_forge_anything(place: Place, gateway: Guest) -> None:
    place.broker.forge("casier/1/nord/events", b"\x00garbage")
    place.run(200)
    assert gateway.payloads == [b"\x00garbage"]


def test_a_queue_is_bounded() -> None:
    place = a_place(queued_at_most=3)
    gateway = Guest(place, "gateway").connect(clean_start=False, session_expiry_s=60).subscribe("t")
    gateway.client.drop()
    place.run(200)
    for _ in range(5):
        place.broker.forge("t", b"x")
    assert place.broker.counts["dropped"] == 2
    gateway.connect(clean_start=False, session_expiry_s=60)
    assert len(gateway.heard) == 3
    place.loop.close()


def test_the_same_seed_hears_the_same_at_the_same_moments() -> None:
    def heard(seed: int) -> list[tuple[int, bytes]]:
        place, log = a_place(seed), []
        gateway = place.broker.connect(
            "gateway",
            on_connected=lambda _: None,
            on_message=lambda message: log.append((place.loop.now_ms, message.payload)),
            on_lost=lambda _: None,
        )
        place.run(200)
        gateway.subscribe([("t", 1)])
        place.broker.mischief.set({"double": 0.3, "reorder": 0.3, "delay": 0.1})
        guest = Guest(place, "nord").connect()
        for number in range(100):
            guest.says("t", b"%d" % number)
        place.run(DAY_MS)
        place.loop.close()
        return log

    assert heard(1) == heard(1)
    assert heard(1) != heard(2)
