"""A badge at the real reader opens through the real controller, and what happened reaches the gateway."""

from typing import Any


def test_valid_badge_opens_its_own_locker_and_the_gateway_hears_of_it(world: Any) -> None:
    world.join(world.gateway.grant("valid", 3))
    world.bench.tap("valid")
    assert world.unlocked(1) == [3]
    world.gateway.stored("door_opened")
    types = [entry.type for entry in world.gateway.entries() if entry.body.get("locker") == 3]
    assert types[:3] == ["release_intended", "released", "door_opened"]


def test_unknown_badge_opens_nothing_and_leaves_no_digest(world: Any) -> None:
    world.join(world.gateway.grant("valid", 3))
    world.bench.tap("stranger")
    (refused,) = world.gateway.stored("badge_refused")
    assert refused.body["why"] == "unknown"
    assert "digest" not in refused.body
    assert world.bench.unlocked == []
