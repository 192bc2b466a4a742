"""A bank that is alone with one clock: what the world lets it be wrong in, for how long, and what it does not."""

from collections.abc import Callable
from itertools import combinations

import pytest

from controller import timekeeping
from simulator.world.faults import clock
from simulator.world.lives.deciding import Deciding
from simulator.world.lives.staff import Tempo
from simulator.world.world import DAY_MS
from tests.simulation.faulty_town import FaultyTown, faulty_town
from tests.simulation.test_looks import First
from wire.messages import Fault

BRIEF = Tempo(acts_a_day=0.001, term_days=6)
HOUR_MS = DAY_MS // 24


def _badge_comes(town: FaultyTown, hours_after: float | None = None) -> int:
    """The badge whose time to collect ends first is shown so long after that end (or now); how many releases it got."""
    bank, people = town.world.controllers[0], town.town.records.people.values()
    end, number = min((each.pacts[-1].collect_until, each.cards[0].number) for each in people)
    if hours_after is not None:
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
        assert {violation.invariant for violation in town.world.violations} == {"floor", "shut_out"}


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


def test_a_bank_whose_disk_took_no_floor_for_days_and_is_alone_may_end_contracts_late_by_as_much() -> None:
    with faulty_town(3, tempo=BRIEF) as town:
        town.hours(13)
        town.begin("disk_read_only", hours=96)
        town.hours(72)
        town.world.network.cut(town.world.controllers[0].client)
        town.begin("power_cut", hours=0.1)
        assert _badge_comes(town, 24) == 1
        assert town.world.violations == []


def test_a_bank_that_ends_a_contract_later_than_it_was_without_power_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("controller.access._ending", lambda _, now: now.ending_at - 8 * DAY_MS)
    with faulty_town(3, tempo=BRIEF) as town:
        _without_power_for_three_days(town)
        assert _badge_comes(town, 144) == 1
        assert {violation.invariant for violation in town.world.violations} == {"permission"}


def _wrong_at_boot(town: FaultyTown, served: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """A battery clock that is 400 days ahead at a boot; `served`: because of a time server that still is, for 12 h."""
    monkeypatch.setattr(clock, "_SERVED", served)
    machine = town.world.controllers[0].machine
    town.hours(13)
    town.begin("battery_clock_wrong")
    machine.battery_away_ms = 400 * DAY_MS
    machine.system_away_ms = machine.battery_away_ms if served else 0
    town.hours(2)


def test_a_time_server_that_was_wrong_before_a_restart_and_still_is_ends_nobodys_contract(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with faulty_town(3) as town:
        _wrong_at_boot(town, 1, monkeypatch)
        assert _badge_comes(town) == 1
        assert town.found() == set()
        assert _clock(town) == "trusted"


def test_a_time_server_that_agrees_with_the_battery_clock_it_has_set_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timekeeping, "_INDEPENDENT", tuple(combinations(timekeeping.Witness, 2)))
    with faulty_town(3) as town:
        _wrong_at_boot(town, 1, monkeypatch)
        assert _badge_comes(town) == 0
        assert {violation.invariant for violation in town.world.violations} == {"floor", "shut_out"}


def _forward_days_later(town: FaultyTown) -> None:
    """The system clock says what the battery clock of long ago would say by now."""
    town.hours(48)
    town.begin("clock_forward")
    town.world.controllers[0].machine.system_away_ms = 400 * DAY_MS
    town.hours(24)


def test_two_clocks_of_a_bank_that_are_wrong_one_after_the_other_shut_nobody_out_and_it_hears_its_gateway(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with faulty_town(3) as town:
        _wrong_at_boot(town, 0, monkeypatch)
        _forward_days_later(town)
        assert _badge_comes(town) == 1
        assert town.found() == set()
        assert _clock(town) == "trusted"


class _Planned(First):
    """Whoever decides by it suspends from the last day that may be chosen."""

    def random(self) -> float:
        return 0.0

    def randint(self, _: int, last: int) -> int:
        return last


def _suspended_in_three_days(town: FaultyTown) -> int:
    """Somebody is; then the bank is alone with a clock that is five days ahead. How often their badge is let in."""
    people = [(one.pact, one) for one in town.town.records.people.values() if one.cards and one.pact is not None]
    pact, someone = max((each for each in people if each[0].signed_at), key=lambda each: each[0].until_at)
    assert Deciding(town.town.office, _Planned()).decide(town.town.workers[0], "suspend", pact) == "done"
    assert 2 * DAY_MS < pact.pauses[-1][0] - town.world.now_ms < 3 * DAY_MS
    _alone(town)
    town.begin("clock_forward")
    town.world.controllers[0].machine.system_away_ms = 5 * DAY_MS
    town.hours(7)
    before = town.world.counts["releases"]
    town.world.controllers[0].present(someone.cards[0].number)
    town.hours(0.02)
    return town.world.counts["releases"] - before


def test_a_lone_clock_that_is_days_ahead_begins_no_suspension_that_is_to_come() -> None:
    with faulty_town(3) as town:
        assert _suspended_in_three_days(town) == 1
        assert town.world.violations == []


def test_a_suspension_that_a_lone_clock_begins_days_early_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("controller.access._reached", lambda _, now: now.starting_at)
    with faulty_town(3) as town:
        assert _suspended_in_three_days(town) == 0
        assert {violation.invariant for violation in town.world.violations} == {"shut_out"}


def _clock(town: FaultyTown) -> str:
    runtime = town.world.controllers[0].runtime
    assert runtime is not None
    return runtime.now().clock


def test_a_floor_that_two_witnesses_pushed_ahead_is_told_until_the_time_is_set_on_the_spot_and_holders_come_in() -> (
    None
):
    """A gateway and a bank that followed the same wrong time server for a moment: the one case that needs someone."""
    ahead = Fault("clock", "ahead")
    with faulty_town(3) as town:
        runtime = town.world.controllers[0].runtime
        assert runtime is not None
        for witness in (timekeeping.Witness.SYSTEM, timekeeping.Witness.GATEWAY):
            runtime.clock.hear(witness, town.world.now_ms + 200 * DAY_MS)
        town.hours(24)
        assert (_badge_comes(town), _clock(town)) == (0, "floor")
        assert ahead in runtime.faults
        runtime.set_time(town.world.now_ms)
        town.hours(24)
        assert (_badge_comes(town), _clock(town)) == (1, "trusted")
        assert ahead not in runtime.faults


def _looks(town: FaultyTown, times: int) -> list[str]:
    """The bank looks at its clock each second; what it makes of the time at each look."""
    states = []
    for _ in range(times):
        town.world.controllers[0].look_at_clock()
        town.hours(1 / 3_600)
        states.append(_clock(town))
    return states


def test_a_bank_alone_with_a_right_clock_that_is_never_read_twice_alike_is_not_in_doubt_from_look_to_look() -> None:
    with faulty_town(3) as town:
        _alone(town)
        assert set(_looks(town, 60)) == {"claimed"}


def test_a_right_clock_that_is_never_read_twice_alike_holds_back_a_gateway_that_is_a_year_ahead() -> None:
    with faulty_town(3) as town:
        _alone(town)
        runtime = town.world.controllers[0].runtime
        assert runtime is not None
        runtime.clock.hear(timekeeping.Witness.GATEWAY, town.world.now_ms + 365 * DAY_MS)
        _looks(town, 60)
        assert abs(runtime.now().at - town.world.now_ms) < HOUR_MS
        assert _badge_comes(town, -12) == 1
        assert town.world.violations == []


def test_a_floor_that_is_taken_back_beside_a_trusted_clock_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def floor_at(keeper: timekeeping.Timekeeper, mono_ms: int) -> int:
        return (keeper._trusted or keeper._floor).at(mono_ms)

    with faulty_town(3, tempo=BRIEF) as town:
        _wrong_for_a_day(town)
        monkeypatch.setattr(timekeeping.Timekeeper, "_floor_at", floor_at)
        town.world.network.heal(town.world.controllers[0].client)
        assert "floor" in town.found()


def test_a_floor_that_a_lone_clock_takes_back_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    spend = timekeeping.Timekeeper._spend_credit

    def spends(keeper: timekeeping.Timekeeper, mono_ms: int) -> None:
        claimed = min(claim.at(mono_ms) for claim in keeper._claims.values())
        if claimed < keeper._floor_at(mono_ms):
            keeper._floor = timekeeping._Reading(claimed, mono_ms)
        spend(keeper, mono_ms)

    with faulty_town(3, tempo=BRIEF) as town:
        _alone(town)
        monkeypatch.setattr(timekeeping.Timekeeper, "_spend_credit", spends)
        town.begin("clock_back", hours=30)
        town.hours(13)
        assert "floor" in town.found()


def test_a_floor_that_waits_for_the_time_is_never_taken_back() -> None:
    with faulty_town(3, tempo=BRIEF) as town:
        _wrong_for_a_day(town)
        town.world.network.heal(town.world.controllers[0].client)
        assert town.found() == set(), town.world.violations
        assert town.world.counts["floors kept"] > 5


def test_a_bank_that_forgets_its_floor_over_a_start_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    with faulty_town(3, tempo=BRIEF) as town:
        town.hours(13)
        monkeypatch.setattr(timekeeping.Timekeeper, "__init__", _forgetting(timekeeping.Timekeeper.__init__))
        town.begin("no_clock_at_boot", hours=6)
        town.hours(8)
        assert "floor" in {violation.invariant for violation in town.world.violations}


def test_a_clock_that_pushes_the_floor_alone_and_for_ever_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timekeeping, "CREDIT_MS", 1 << 60)
    with faulty_town(3, tempo=BRIEF) as town:
        _wrong_for_a_day(town)
        assert "floor" in {violation.invariant for violation in town.world.violations}


def _forgetting(made: Callable[..., None]) -> Callable[..., None]:
    def makes(keeper: timekeeping.Timekeeper, _state: timekeeping.TimeState, *others: object) -> None:
        made(keeper, timekeeping.TimeState(), *others)

    return makes
