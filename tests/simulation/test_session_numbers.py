"""A bank that counts its sessions from too low a number, because its disk has forgotten some, is heard all the same."""

import pytest

from controller.uplink import Uplink
from gateway.link.listener import Listener
from simulator.world.world import World
from tests.simulation.faulty_town import FaultyTown, faulty_town


def _is_heard(world: World) -> bool:
    bank = world.controllers[0]
    birth = world.gateway.steps.presence.birth_of(bank.name)
    assert bank.runtime is not None
    assert bank.runtime.uplink is not None
    return birth is not None and birth.session == bank.runtime.uplink.session


def _disk_forgets(town: FaultyTown, sessions: int) -> None:
    """It takes nothing for hours, in which the line breaks again and again, and then the power is gone."""
    bank = town.world.controllers[0]
    town.begin("disk_read_only", hours=sessions)
    for _ in range(sessions):
        town.begin("link_cut", hours=0.1)
        town.hours(0.3)  # six minutes, and ten to the next try at the latest
    assert _is_heard(town.world)
    bank.power_cut()
    town.hours(0.01)
    bank.power_on()


@pytest.mark.parametrize("mended", [True, False])
def test_a_bank_whose_disk_took_no_session_number_is_heard_after_a_power_cut(mended: bool) -> None:
    with faulty_town(3) as town:
        _disk_forgets(town, 5)
        if mended:
            town.schedule.heal()
        town.hours(0.1)
        assert _is_heard(town.world)
        assert town.found() == set(), town.world.violations


def test_a_bank_whose_birth_a_broker_loses_on_its_way_to_the_gateway_is_heard_at_its_next_word(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with faulty_town(3) as town:
        town.world.gateway.crash()
        with monkeypatch.context() as lost:
            lost.setattr(Listener, "_status", lambda *_, **__: None)
            town.world.gateway.start()
            town.hours(0.01)
        assert not _is_heard(town.world)
        town.hours(7)
        assert _is_heard(town.world)
        assert town.found() == set(), town.world.violations


def test_whoever_ignores_a_bank_for_a_day_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Uplink, "_count_on", lambda *_: None)
    with faulty_town(3) as town:
        _disk_forgets(town, 60)
        town.hours(30)
        assert {violation.invariant for violation in town.world.violations} == {"heard"}
