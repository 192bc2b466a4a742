"""Commands: obeyed once, in their session, for seconds; anything else does nothing, whatever the clock says."""

import time
from collections.abc import Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from wire.access_list import Grant
from wire.envelope import sign
from wire.ids import uuid7
from wire.messages import Session, encode
from wire.topics import Topic

YEAR_MS = 365 * 86_400_000


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def test_open_command_releases_its_locker_and_tells_its_life(world: Any) -> None:
    world.join(world.gateway.grant("valid", 3))
    command = world.gateway.command("open", {"locker": 5})
    assert world.unlocked(1) == [5]
    world.gateway.wait(lambda: "opened" in world.gateway.states(command))
    assert world.gateway.states(command) == ["accepted", "released", "opened"]


def test_a_repeated_command_gets_its_first_reply_again_and_does_nothing(world: Any) -> None:
    world.join(world.gateway.grant("valid", 3))
    command = world.gateway.command("open", {"locker": 5})
    world.gateway.wait(lambda: "opened" in world.gateway.states(command))
    world.gateway.publish(Topic.COMMANDS, encode(command))
    world.gateway.wait(lambda: world.gateway.states(command).count("accepted") == 2)
    assert len(world.bench.unlocked) == 1


@pytest.mark.parametrize("clock", ["right", "wrong", "absent"])
def test_a_command_that_is_not_fresh_ours_and_signed_moves_no_door(make_world: Callable[..., Any], clock: str) -> None:
    world = make_world("absent" if clock == "absent" else "trusted")
    gateway = world.gateway
    gateway.clock_off_ms = {"right": 0, "wrong": YEAR_MS, "absent": 0}[clock]
    gateway.receipts = clock != "absent"  # with no clock and no receipts there is no witness at all
    world.join(gateway.grant("valid", 3))
    session = gateway.births[-1].session
    args = {"locker": 5}
    refused = {
        "session": gateway.command("open", args, session=Session(session.number - 1, "0" * 32)),
        "beat": gateway.command("open", args, beat="f" * 32),
        "retained": gateway.command("open", args, retain=True),
        "controller": gateway.command("open", args, controller="test-2"),
    }
    unsigned = [
        gateway.command("open", args, key=Ed25519PrivateKey.generate()),
        gateway.command("open", args, key=gateway.root),
    ]
    flipped = bytearray(sign(gateway.key, Topic.COMMANDS, encode(gateway.make_command("open", args))))
    flipped[len(flipped) // 2] ^= 1
    gateway.publish_raw(Topic.COMMANDS, bytes(flipped))
    other_type = sign(gateway.key, Topic.RECEIPTS, encode(gateway.make_command("open", args)))
    gateway.publish_raw(Topic.COMMANDS, other_type)
    last = gateway.command("identify", {})  # in order: once it is answered all the others have been judged
    gateway.wait(lambda: gateway.states(last))
    assert world.bench.unlocked == []
    for why, command in refused.items():
        if why == "retained":
            continue  # to a standing subscription it is delivered as published: judged below
        assert [(reply.state, reply.why) for reply in gateway.replies if reply.id == command.id] == [("refused", why)]
    assert not any(gateway.states(command) for command in unsigned), "what does not verify must not be answered"
    assert world.status()["counters"]["refused_commands"] == 4
    whys = [entry.body["why"] for entry in gateway.stored("command_refused", 4)] if gateway.receipts else None
    assert whys is None or set(whys) == set(refused)


def test_the_list_in_force_comes_back_whole_when_asked_for(world: Any) -> None:
    gateway = world.gateway
    world.join(gateway.grant("valid", 3))
    at = now_ms()
    many = (Grant(uuid7(), f"{n:032x}", "k1", (n % 24 + 1,), at, at + 1, "holder") for n in range(600))
    envelope = gateway.access(*many)
    gateway.stored("access_applied", 2)
    command = gateway.command("send_access", {})
    gateway.wait(lambda: (parts := _parts(gateway, command)) and len(parts) == parts[0].parts)
    parts = _parts(gateway, command)
    assert len(parts) > 1
    assert b"".join(part.data for part in parts) == envelope


def _parts(gateway: Any, command: Any) -> list[Any]:
    return sorted((r for r in gateway.replies if r.id == command.id and r.state == "list"), key=lambda r: r.part)
