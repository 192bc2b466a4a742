"""Broker gone, controller killed, messages replayed: nothing is lost, doubled, fired again or forgotten."""

import base64
import contextlib
import json
import shutil
import signal
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from controller.store import Store
from controller.timekeeping import CREDIT_MS, FIRST_FLOOR, TimeState
from wire.access_list import Revoked
from wire.messages import Birth, Death, Session, decode_status, encode
from wire.topics import Topic


def assert_everything_arrived_once_in_order(world: Any) -> None:
    """The gateway has each epoch from 1 without holes, its links hold, and nothing is left at the controller."""
    world.gateway.wait(lambda: world.status()["queue"] == 0, 30)
    for epoch, lines in world.gateway.lines.items():
        sequence = [entry.seq for entry in world.gateway.entries() if entry.epoch == epoch]
        assert sequence == list(range(1, len(lines) + 1))
    for started in world.gateway.entries("started"):
        before = started.body["previous_epoch"]
        if before is not None:
            assert started.body["previous_seq"] == len(world.gateway.lines[before])
            assert started.body["previous_hash"] == world.gateway.hashes[before].hex()


@pytest.mark.parametrize("broker", ["mosquitto", "iotcore"])
def test_badges_open_while_the_broker_is_down_and_every_entry_arrives_once_afterwards(
    make_world: Callable[..., Any], broker: str
) -> None:
    world = make_world(broker=broker, closes_after_ms=400)
    world.join(world.gateway.grant("valid", 1, 2, 3), world.gateway.grant("other", 9))
    world.broker.kill()
    world.bench.tap("valid")
    world.unlocked(1)
    world.bench.tap("other")
    assert world.unlocked(2) == [1, 9]
    births = len(world.gateway.births)
    world.broker.start()
    world.gateway.wait(lambda: len(world.gateway.births) > births, 30)
    world.gateway.stored("door_opened", 2, 30)
    assert_everything_arrived_once_in_order(world)
    assert world.gateway.births[-1].session.number > world.gateway.births[0].session.number


def test_a_release_cut_by_sigkill_is_recorded_as_unknown_and_never_fired_again(world: Any) -> None:
    world.join(world.gateway.grant("valid", 3))
    world.bench.do(lambda: world.bench.bank.power(False))  # the board says nothing: no outcome yet
    world.gateway.command("open", {"locker": 7})
    world.gateway.stored("release_intended")
    world.end(signal.SIGKILL)
    world.gateway.wait(lambda: world.gateway.deaths)
    world.bench.do(lambda: world.bench.bank.power(True))
    world.start()
    (unknown,) = world.gateway.stored("release_unknown")
    assert unknown.body["locker"] == 7
    assert_everything_arrived_once_in_order(world)
    assert len(world.gateway.entries("started")) == 2
    assert world.gateway.entries("released", "release_failed") == []
    assert world.bench.unlocked == []


def test_the_floor_outlives_a_power_cut(make_world: Callable[..., Any]) -> None:
    world = make_world("absent")
    world.join(world.gateway.grant("valid", 3))
    world.gateway.wait(lambda: _kept_floor(world) >= FIRST_FLOOR + CREDIT_MS)
    world.end(signal.SIGKILL)
    world.broker.kill()
    world.start()
    status = world.status()
    assert status["clock"] == "floor"
    assert status["at"] >= FIRST_FLOOR + CREDIT_MS, "the gateway alone had moved it by a day"


def test_the_list_outlives_a_restart_with_no_network(world: Any) -> None:
    world.join(world.gateway.grant("valid", 3), world.gateway.grant("other", 4))
    world.gateway.access(world.gateway.grant("valid", 3), revoked=(_revoked(world, "other"),))
    world.gateway.stored("access_applied", 2)
    world.end(signal.SIGKILL)
    world.broker.kill()
    world.start()
    world.bench.tap("valid")
    assert world.unlocked(1) == [3]
    world.bench.tap("other")
    world.broker.start()
    (refused,) = world.gateway.stored("badge_refused", within_s=30)
    assert refused.body["why"] == "revoked"
    assert world.bench.unlocked[1:] == []


def test_an_older_list_trust_or_key_message_is_refused_when_it_is_replayed(world: Any) -> None:
    gateway = world.gateway
    world.join(gateway.grant("valid", 3))
    old_list = gateway.access(gateway.grant("valid", 3), gateway.grant("other", 4))
    old_trust = gateway.trust(2)
    old_keys = gateway.keys(2)
    gateway.access(gateway.grant("valid", 3), revoked=(_revoked(world, "other"),))
    gateway.trust(3)
    gateway.keys(3)
    gateway.stored("access_applied", 3)
    for topic, envelope in ((Topic.ACCESS, old_list), (Topic.TRUST, old_trust), (Topic.KEYS, old_keys)):
        gateway.publish_raw(topic, envelope)
    (refused,) = gateway.stored("access_refused")
    assert refused.body["code"] == "version"
    with_counts = world.status()
    assert with_counts["trust_version"] == 3
    assert with_counts["counters"]["refused_trust"] == with_counts["counters"]["refused_keys"] == 1
    world.bench.tap("other")
    gateway.stored("badge_refused")
    assert world.bench.unlocked == []


def test_a_receipt_of_another_session_or_with_a_foreign_hash_is_not_believed(world: Any) -> None:
    gateway = world.gateway
    world.join(gateway.grant("valid", 3))
    epoch = gateway.entries("started")[0].epoch
    gateway.wait(lambda: world.status()["queue"] == 0)
    gateway.receipts = False
    world.bench.tap("stranger")
    gateway.stored("badge_refused")
    through = len(gateway.lines[epoch])
    session = Session(gateway.births[-1].session.number - 1, "0" * 32)
    late = msgspec.structs.replace(gateway.receipt(epoch, through, gateway.hashes[epoch].hex()), session=session)
    gateway.publish(Topic.RECEIPTS, encode(late))
    gateway.wait(lambda: world.status()["counters"].get("refused_receipts") == 1)
    assert world.status()["queue"] > 0
    foreign = gateway.receipt(epoch, through, "ab" * 32)
    gateway.publish(Topic.RECEIPTS, encode(foreign))
    gateway.wait(lambda: {"source": "receipts", "code": "hash"} in world.status()["faults"])
    assert world.status()["queue"] > 0


def test_a_receipt_that_says_nothing_new_brings_a_beat_at_once(world: Any) -> None:
    """A gateway that has just started reads the retained birth and sends its receipts again; it can command then."""
    gateway = world.gateway
    world.join(gateway.grant("valid", 3))
    gateway.wait(lambda: world.status()["queue"] == 0)
    epoch, healths = gateway.entries("started")[0].epoch, len(gateway.healths)
    through, chain = len(gateway.lines[epoch]), gateway.hashes[epoch].hex()
    gateway.publish(Topic.RECEIPTS, encode(gateway.receipt(epoch, through, chain)))
    gateway.wait(lambda: len(gateway.healths) > healths, 3)


def test_yesterdays_gateway_database_is_filled_again(world: Any) -> None:
    gateway = world.gateway
    world.join(gateway.grant("valid", 3))
    gateway.wait(lambda: world.status()["queue"] == 0)
    epoch = gateway.entries("started")[0].epoch
    gateway.lines[epoch], gateway.hashes = gateway.lines[epoch][:0], {}
    gateway.publish(Topic.RECEIPTS, encode(gateway.receipt(epoch, 0, "00" * 32)))
    gateway.stored("started")
    assert_everything_arrived_once_in_order(world)


def test_a_death_published_by_another_makes_the_controller_say_that_it_lives(world: Any) -> None:
    gateway = world.gateway
    world.join(gateway.grant("valid", 3))
    births = len(gateway.births)
    with contextlib.suppress(AssertionError):
        gateway.wait(lambda: False, 5)  # births are said again every five seconds at most
    gateway.client.on_message, heard = None, gateway.client.on_message
    gateway.publish_raw(Topic.STATUS, b"somebody else", retain=True)
    gateway.client.on_message = lambda client, data, message: (
        message.payload == b"somebody else" or heard(client, data, message)
    )
    gateway.wait(lambda: len(gateway.births) > births)
    assert gateway.births[-1].session == gateway.births[births - 1].session


def test_a_controller_that_is_stopped_leaves_its_death_behind(world: Any) -> None:
    gateway = world.gateway
    world.join(gateway.grant("valid", 3))
    births = len(gateway.births)
    assert world.end() == 0
    gateway.wait(lambda: gateway.deaths)
    assert gateway.deaths[-1].session == gateway.births[-1].session
    gateway.publish_raw(Topic.STATUS, gateway.captured[0][1])  # comes after whatever was said before
    seen = len(gateway.captured)
    gateway.wait(lambda: len(gateway.captured) > seen or len(gateway.births) > births)
    statuses = [data for name, data in gateway.captured if name.endswith("/status")]
    assert isinstance(_status(statuses[-2]), Death), "nothing may be said after the death"
    world.start()
    world.gateway.wait(lambda: len(world.gateway.entries("started")) == 2)
    assert [entry.type for entry in gateway.entries()].count("stopping") == 1


def _status(data: bytes) -> Birth | Death:
    return decode_status(base64.b64decode(json.loads(data)["payload"]))


def _revoked(world: Any, label: str) -> Revoked:
    return Revoked(f"g-{label}-holder", world.gateway.digest(label), "revoked")


@pytest.mark.parametrize("broker", ["mosquitto", "iotcore"])
def test_a_bank_whose_disk_was_put_back_counts_its_sessions_on_from_the_last_that_the_broker_knows(
    make_world: Callable[..., Any], broker: str
) -> None:
    world = make_world(broker=broker)
    world.join(world.gateway.grant("valid", 3))
    world.end()
    image = world.folder / "image"
    shutil.copytree(world.data, image, ignore=lambda _, names: [name for name in names if name.endswith(".sock")])
    for _ in range(5):
        world.start()
        lived = len(world.gateway.births)
        world.gateway.wait(lambda lived=lived: len(world.gateway.births) > lived)
        world.end(signal.SIGKILL)
    births = len(world.gateway.births)
    shutil.rmtree(world.data)
    shutil.copytree(image, world.data)
    world.start()
    world.gateway.wait(lambda: len(world.gateway.births) > births)
    assert world.gateway.births[births].session.number > world.gateway.births[births - 1].session.number


def _kept_floor(world: Any) -> int:
    store = Store(world.data / "journal.db", read_only=True)
    kept = store.value("time")
    store.close()
    return 0 if kept is None else msgspec.json.decode(kept, type=TimeState).floor
