"""A clone's journal excuses its own epochs at the gateway, and no other that the bank never had."""

import msgspec
import pytest

from gateway.link.device_keys import DeviceKeys
from tests.simulation.faulty_town import faulty_town
from wire.envelope import Envelope
from wire.topics import Topic


def _believed(_: DeviceKeys, bank: str, topic: Topic, data: bytes) -> bytes:
    return msgspec.json.decode(data, type=Envelope).payload


def test_a_journal_of_another_device_is_found_where_a_card_was_cloned_before(monkeypatch: pytest.MonkeyPatch) -> None:
    with faulty_town(5, lockers=2) as town:
        town.begin("card_cloned", hours=0.5)
        town.hours(1)
        assert town.world.cloned["bank-1"]
        monkeypatch.setattr(DeviceKeys, "verify", _believed)
        town.begin("foreign_device", hours=0.7)
        town.hours(2)
        assert "settled" in town.found()
        assert any("epochs that the bank never had" in each.text for each in town.world.violations)


def test_the_journal_of_a_clone_alone_is_no_strangers() -> None:
    with faulty_town(5, lockers=2) as town:
        for hours in (0.1, 0.5, 0.9):
            town.begin("card_cloned", hours=hours)
            town.hours(1)
        assert town.found() == set(), town.world.violations
