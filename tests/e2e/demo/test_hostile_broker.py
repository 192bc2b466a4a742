"""Whoever owns the broker can lose, delay, double and replay, and nothing else: no door moves for them."""

import json
import secrets
import time

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway.access.keystore import Keystore
from tests.e2e.demo.site_under_test import Site, eventually
from wire.access_list import decode_access_list
from wire.envelope import Envelope, sign, verify
from wire.ids import uuid7
from wire.messages import Command, Session, encode
from wire.topics import Topic


def payload_of(envelope: bytes) -> bytes:
    """What an envelope carries, unverified."""
    return msgspec.json.decode(envelope, type=Envelope).payload


def beats(site: Site) -> list[tuple[Session, str, float]]:
    """What anyone who listens knows: sessions and their beats, oldest first, each with when it was heard."""
    heard = (*site.topic("status"), *site.topic("health"))
    said = [(msgspec.json.decode(payload_of(each.payload)), each.at) for each in heard]
    found = sorted(((each, at) for each, at in said if "beat" in each), key=lambda one: one[0]["at"])
    return [(Session(**each["session"]), each["beat"], at) for each, at in found]


def newest_beat(site: Site) -> tuple[Session, str]:
    """The present session and its newest beat."""
    session, beat, _at = beats(site)[-1]
    return session, beat


def open_command(site: Site, number: int, *, controller: str = "montreuil-1", session: Session | None = None) -> bytes:
    """The payload of an order to open, as fresh as it can be."""
    present, beat = newest_beat(site)
    return encode(
        Command(controller, session or present, beat, uuid7(), "open", {"locker": number}, "stranger", "emergency")
    )


def gateway_signs(site: Site, topic: Topic, payload: bytes) -> bytes:
    """Signed with the gateway's own key, as only somebody on its machine could."""
    return Keystore(site.state / "gateway").sign(topic, payload)


def door_stays_shut(site: Site, number: int, since: int, releases: dict[int, int]) -> None:
    """A badge after the attack is served at once, so whatever the attack could do, it has done by now."""
    site.opens("elias", 12)
    releases = {**releases, 12: releases[12] + 1}
    assert site.releases() == releases
    assert not [each for each in site.events(since, "release_intended") if each["locker"] == number]


def test_a_repeated_command_opens_once_and_gets_the_same_reply(site: Site) -> None:
    before, already = site.releases(), len(site.topic("commands"))
    order = site.order_open(9)
    eventually("it opened", lambda: site.command(order["id"])["state"] == "opened", 10)
    command = eventually("the command was heard", lambda: site.topic("commands")[already:], 3)[0].payload
    replies = len(site.topic("replies"))
    site.say("commands", command)
    eventually("its first reply comes again", lambda: len(site.topic("replies")) > replies, 5)
    again = json.loads(payload_of(site.topic("replies")[-1].payload))
    assert (again["id"], again["state"]) == (order["id"], "accepted")
    site.opens("elias", 12)
    assert site.releases() == {**before, 9: before[9] + 1, 12: before[12] + 1}
    site.put_back(9)


def test_a_command_of_an_earlier_session_does_nothing(site: Site) -> None:
    already, since = len(site.topic("commands")), site.newest_event()
    order = site.order_open(9)
    eventually("it opened", lambda: site.command(order["id"])["state"] == "opened", 10)
    command = eventually("the command was heard", lambda: site.topic("commands")[already:], 3)[0].payload
    site.put_back(9)
    with site.faulty("power_cut"):
        eventually("the gateway says offline", lambda: site.tile(9)["online"] is False, 20)
    eventually("the bank is back", lambda: site.tile(9)["online"], 20)
    before, since = site.releases(), site.newest_event()
    site.say("commands", command)
    site.sees("command_refused", since, why="session")
    door_stays_shut(site, 9, since, before)


def test_a_command_left_retained_does_nothing_when_the_bank_comes_back(site: Site) -> None:
    """It is signed by the gateway itself and made from the newest beat there is: only its being retained is wrong."""
    with site.faulty("power_cut"):
        eventually("the gateway says offline", lambda: site.tile(10)["online"] is False, 20)
        before, since = site.releases(), site.newest_event()
        site.say("commands", gateway_signs(site, Topic.COMMANDS, open_command(site, 10)), retain=True)
    try:
        refused = site.sees("command_refused", since, within_s=20)
        assert refused["body"]["why"] in ("retained", "session")
        door_stays_shut(site, 10, since, before)
    finally:
        site.say("commands", b"", retain=True)


@pytest.mark.parametrize("flaw", ["unsigned", "another key", "another controller", "a flipped bit", "not a message"])
def test_a_command_that_does_not_verify_is_never_answered_and_does_nothing(site: Site, flaw: str) -> None:
    before, since, replies = site.releases(), site.newest_event(), len(site.topic("replies"))
    good = gateway_signs(site, Topic.COMMANDS, open_command(site, 10))
    elsewhere = open_command(site, 10, controller="lille-1")
    attack = {
        "unsigned": msgspec.json.encode({**msgspec.json.decode(good), "signatures": []}),
        "another key": sign(Ed25519PrivateKey.generate(), Topic.COMMANDS, open_command(site, 10)),
        "another controller": gateway_signs(site, Topic.COMMANDS, elsewhere),
        "a flipped bit": good.replace(b'"sig":"', b'"sig":"A', 1)[:-1],
        "not a message": secrets.token_bytes(500),
    }[flaw]
    site.say("commands", attack)
    door_stays_shut(site, 10, since, before)
    assert len(site.topic("replies")) == replies or flaw == "another controller"


def test_a_late_command_does_nothing(site: Site) -> None:
    """Held back in a cut network until its beat is older than 30 seconds, then delivered."""
    present, _newest = newest_beat(site)
    session, beat, heard = next(one for one in beats(site) if one[0] == present)
    command = encode(Command("montreuil-1", session, beat, uuid7(), "open", {"locker": 10}, "worker", "emergency"))
    before, since = site.releases(), site.newest_event()
    eventually("its beat has grown old", lambda: time.monotonic() - heard > 31, 40)
    site.say("commands", gateway_signs(site, Topic.COMMANDS, command))
    site.sees("command_refused", since, why="beat")
    door_stays_shut(site, 10, since, before)


def test_a_list_that_forgets_a_holder_leaves_them_their_way_and_alarms(site: Site) -> None:
    keystore = Keystore(site.state / "gateway")
    newest = site.topic("access")[-1].payload
    in_force = decode_access_list(verify(newest, Topic.ACCESS, keystore.own_keys))
    held = {each["id"] for each in site.events(0, "release_intended") if each["locker"] == 13}
    since = site.newest_event()
    kept = tuple(grant for grant in in_force.grants if 13 not in grant.lockers)
    assert len(kept) < len(in_force.grants), held
    now = int(time.time() * 1000)
    forgetful = msgspec.structs.replace(in_force, version=max(in_force.version + 1, now), issued_at=now, grants=kept)
    site.say("access", keystore.sign(Topic.ACCESS, encode(forgetful)), retain=True)
    site.sees("holder_vanished", since)
    site.tap("fatou")
    assert site.sees("release_intended", since, locker=13)["body"]["kind"] == "collect"
    eventually("the door is open", lambda: site.locker(13)["door"] == "open", 3)
    eventually("the bank, which follows what nobody here issued, is held", site.is_held, 30)
    assert site.reconcile()["only_gateway"]
    since = site.newest_event()
    site.put_back(13)
    eventually("the gateway's own list is in force again", lambda: not site.tile(13)["pending"], 10)
    site.tap("fatou")
    assert site.sees("release_intended", since, locker=13)["body"]["kind"] == "holder"
