"""A bank that is alone with one clock: what the world lets it be wrong in, for how long, and what it does not."""

import pytest

from controller import timekeeping
from simulator.world.lives.staff import Tempo
from simulator.world.world import DAY_MS
from tests.simulation.faulty_town import FaultyTown, faulty_town

BRIEF = Tempo(acts_a_day=0.001, term_days=6)
HOUR_MS = DAY_MS // 24


def _badge_comes(town: FaultyTown, hours_after: float) -> int:
    """The badge whose time to collect ends first is shown so long after that end; how many releases it got."""
    bank, people = town.world.controllers[0], town.town.records.people.values()
    end, number = min((each.pacts[-1].collect_until, each.cards[0].number) for each in people)
    town.world.loop.run_until(end + round(hours_after * HOUR_MS))
    before = town.world.counts["releases"]
    bank.present(number)
    town.hours(0.02)
    return town.world.counts["releases"] - before


def _alone(town: FaultyTown) -> None:
    """No word from the gateway, when a floor has been kept, and a start that forgets what two clocks agreed on."""
    bank = town.world.controllers[0]
    town.hours(13)
    town.world.network.cut(bank.client)
    town.begin("power_cut", hours=0.1)
    town.hours(0.2)


def _wrong_for_a_day(town: FaultyTown) -> None:
    bank = town.world.controllers[0]
    _alone(town)
    town.begin("clock_forward", hours=30)
    bank.machine.system_away_ms = 400 * DAY_MS
    town.hours(48)
    assert bank.machine.system_away_ms == 0


def test_a_lone_clock_that_was_wrong_may_end_contracts_a_day_early_for_as_long_as_the_bank_is_alone() -> None:
    with faulty_town(3, tempo=BRIEF) as town:
        _wrong_for_a_day(town)
        assert _badge_comes(town, -12) == 0
        assert town.world.violations == []


def test_a_lone_clock_that_ends_a_contract_two_days_early_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timekeeping, "CREDIT_MS", 3 * DAY_MS)
    with faulty_town(3, tempo=BRIEF) as town:
        _wrong_for_a_day(town)
        assert _badge_comes(town, -48) == 0
        assert {violation.invariant for violation in town.world.violations} == {"shut_out"}


def test_a_floor_that_stays_ahead_when_the_gateway_has_been_heard_for_days_is_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with faulty_town(3, tempo=BRIEF) as town:
        _wrong_for_a_day(town)
        monkeypatch.setattr(timekeeping, "_agreeing", lambda *_: None)
        town.world.network.heal(town.world.controllers[0].client)
        assert _badge_comes(town, -12) == 0
        assert {violation.invariant for violation in town.world.violations} == {"shut_out", "permission"}


def _without_power_for_three_days(town: FaultyTown) -> None:
    _alone(town)
    town.begin("power_cut", hours=72)
    town.hours(96)


def test_a_bank_that_was_without_power_and_is_alone_may_end_contracts_late_by_as_much() -> None:
    with faulty_town(3, tempo=BRIEF) as town:
        _without_power_for_three_days(town)
        assert _badge_comes(town, 24) == 1
        assert town.world.violations == []


def test_a_bank_that_ends_a_contract_later_than_it_was_without_power_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("controller.access._ending", lambda _, now: now.ending_at - 8 * DAY_MS)
    with faulty_town(3, tempo=BRIEF) as town:
        _without_power_for_three_days(town)
        assert _badge_comes(town, 144) == 1
        assert {violation.invariant for violation in town.world.violations} == {"permission"}
