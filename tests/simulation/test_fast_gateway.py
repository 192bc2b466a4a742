"""A gateway whose clock is ahead, by hours and by a year: nobody is shut out, and nobody let in whose time is over."""

import pytest

from controller import carried_over
from gateway.access.changes import access_changed
from simulator.world.faults.fault import DAY_MS, HOUR_MS
from simulator.world.invariants.access import AccessJudge
from simulator.world.lives.people import Presented
from simulator.world.lives.staff import Tempo
from tests.simulation.faulty_town import FaultyTown, faulty_town


@pytest.fixture
def let_in(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The badges that were let in; to be cleared."""
    seen: set[str] = set()
    answered = AccessJudge.answered

    def answers(judge: AccessJudge, asked: Presented) -> None:
        seen.update([asked.card.id] if asked.let_in else [])
        answered(judge, asked)

    monkeypatch.setattr(AccessJudge, "answered", answers)
    return seen


def _goes_ahead(town: FaultyTown, by_ms: int) -> None:
    """So far is its clock ahead from now on, and the bank's list is made anew."""
    gateway = town.world.gateway
    if by_ms:
        town.town.clock_wrong()
    else:
        town.town.clock_right()
    gateway.clock_ms = by_ms
    with gateway.writing() as session:
        access_changed(session, "bank-1")
    town.hours(0.1)


def test_whose_time_to_collect_is_not_over_is_let_in_by_a_list_that_is_numbered_ahead(let_in: set[str]) -> None:
    with faulty_town(3, tempo=Tempo(acts_a_day=0.001, term_days=2)) as town:
        here = [each for each in town.town.records.people.values() if each.pact is not None and each.pact.signed_at]
        someone = min(here, key=lambda each: each.pact.collect_until if each.pact else 0)
        assert someone.pact is not None
        for hours_left, ahead_hours in ((10, 20), (5, 0)):
            town.hours((someone.pact.collect_until - town.world.now_ms) / HOUR_MS - hours_left)
            _goes_ahead(town, ahead_hours * HOUR_MS)
        let_in.clear()
        town.town._people._present(someone, someone.cards[0], "bank-1")
        town.hours(0.1)
        assert someone.cards[0].id in let_in
        assert town.found() == set(), town.world.violations


def test_a_year_ahead_for_a_week_shuts_nobody_out(let_in: set[str]) -> None:
    with faulty_town(3) as town:
        town.hours(30)
        before = set(let_in)
        assert len(before) > 2
        _goes_ahead(town, 365 * DAY_MS)
        town.hours(100)
        let_in.clear()
        town.hours(30)
        assert before <= let_in
        _goes_ahead(town, 0)
        assert town.found() == set(), town.world.violations


def _boots_before_ntp(town: FaultyTown) -> set[str]:
    """A year ahead, and the bank hears of its list after a boot, minutes before it hears of the true time."""
    town.hours(30)
    bank = town.world.controllers[0]
    town.world.wrong_clocks[bank.name] += 1
    bank.power_cut()
    bank.machine.synchronised = False
    _goes_ahead(town, 365 * DAY_MS)
    bank.power_on()
    town.hours(0.2)
    bank.machine.synchronised = True
    bank.look_at_clock()
    town.hours(100)
    _goes_ahead(town, 0)
    return town.found()


def test_a_year_ahead_at_a_boot_that_hears_of_the_time_last_shuts_nobody_out() -> None:
    with faulty_town(3) as town:
        assert _boots_before_ntp(town) == set(), town.world.violations


def test_a_bank_that_believes_the_first_who_tells_it_the_time_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(carried_over, "_early", lambda *_: ())
    with faulty_town(3) as town:
        assert "shut_out" in _boots_before_ntp(town)
