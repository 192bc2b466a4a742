"""The controller installed as on a Pi opens a locker for a simulated badge: real bytes, a real broker."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.integration.controller.conftest import World


@pytest.fixture
def world(pi: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """A bank whose controller is the installed one: its interpreter, and not this folder's source."""
    monkeypatch.setattr(sys, "executable", str(pi / "bin" / "python"))
    monkeypatch.setenv("PYTHONSAFEPATH", "1")
    world = World(tmp_path, "mosquitto", "trusted", pacing=False)
    yield world
    world.close()


def test_a_simulated_badge_opens_its_locker(world: World, conforms: Callable[[str, bytes], None]) -> None:
    world.join(world.gateway.grant("valid", 3))
    world.bench.tap("valid")
    assert world.unlocked(1) == [3]
    (opened,) = world.gateway.stored("door_opened")
    assert opened.body["locker"] == 3
    for topic, data in world.gateway.captured:
        conforms(topic, data)


def test_a_stranger_opens_nothing(world: World) -> None:
    world.join(world.gateway.grant("valid", 3))
    world.bench.tap("stranger")
    (refused,) = world.gateway.stored("badge_refused")
    assert refused.body["why"] == "unknown"
    assert world.bench.unlocked == []
