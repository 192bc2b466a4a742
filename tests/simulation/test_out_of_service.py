"""A locker out of service keeps its holder out as ordered, and the judge of that sees: each rule is broken once."""

from collections.abc import Callable
from typing import Any

import pytest
from msgspec.structs import replace

from controller import commands, out_of_service
from controller.inputs import Moment
from controller.out_of_service import ServiceMarks
from gateway.access.out_of_service import ServiceReason
from simulator.world.desk import Desk
from simulator.world.faults.fault import HOUR_MS
from tests.simulation.faulty_town import FaultyTown, faulty_town

MARK = ServiceMarks.mark


def _take_out(town: FaultyTown, hours: float | None) -> None:
    """Every locker of the bank, by one order each."""
    made: list[str | None] = []
    desk, until = Desk(town.world.gateway, "somebody"), None if hours is None else round(hours * HOUR_MS)
    for number in town.world.banks["bank-1"].doors.by_number:
        stops_until = None if until is None else town.world.now_ms + until
        desk.take_out("bank-1", number, ServiceReason.WORKS, stops_until, made.append)
        town.hours(0.01)
    assert all(made)


def _come(town: FaultyTown) -> tuple[int, int]:
    """Some come; how many were kept out because of it, and how many releases there were."""
    before = town.world.counts["kept out"], town.world.counts["releases"]
    town.town.crowd("bank-1", 6, 600_000, town.town.luck(f"crowd {town.world.now_ms}"))
    town.hours(0.3)
    return town.world.counts["kept out"] - before[0], town.world.counts["releases"] - before[1]


def _said(town: FaultyTown) -> str:
    return "; ".join(violation.text for violation in town.world.violations)


def test_a_holder_is_kept_out_while_it_was_asked_for_and_let_in_when_it_ends_or_is_taken_back() -> None:
    with faulty_town(7, lockers=4) as town:
        _take_out(town, hours=3)
        kept_out, releases = _come(town)
        assert kept_out > 2
        assert releases == 0
        town.hours(3)
        assert _come(town)[0] == 0
        _take_out(town, hours=20)
        for number in town.world.banks["bank-1"].doors.by_number:
            Desk(town.world.gateway, "somebody").put_back("bank-1", number, lambda _: None)
        town.hours(0.1)
        kept_out, releases = _come(town)
        assert kept_out == 0
        assert releases > 2
        assert town.found() == set(), town.world.violations


def test_a_mark_with_no_end_keeps_nobody_out() -> None:
    with faulty_town(7, lockers=4) as town:
        _take_out(town, hours=None)
        kept_out, releases = _come(town)
        assert kept_out == 0
        assert releases > 2
        assert town.found() == set(), town.world.violations


def test_a_mark_outlasts_a_power_cut_until_its_end() -> None:
    with faulty_town(7, lockers=4) as town:
        _take_out(town, hours=3)
        town.begin("power_cut", hours=0.1)
        town.hours(0.5)
        assert _come(town)[0] > 2
        town.hours(3)
        assert _come(town)[0] == 0
        assert town.found() == set(), town.world.violations


def _marks_for_ever(marks: ServiceMarks, *_: Any) -> None:
    """No mark ends."""


def _marks_an_hour_more(marks: ServiceMarks, locker: int, mark: Any, *facts: Any) -> None:
    MARK(marks, locker, type(mark)(mark.reason, mark.until + HOUR_MS), *facts)


def _any_mark_stops(marks: ServiceMarks, locker: int, _now: Moment) -> bool:
    return locker in marks._marks


def _every_locker_stops(*_: object) -> bool:
    return True


def _none_stops(*_: object) -> bool:
    return False


@pytest.mark.parametrize(
    ("where", "planted", "hours", "said"),
    [
        ("stops_holders", _every_locker_stops, 0.001, "and none is"),
        ("stops_holders", _any_mark_stops, None, "and none is"),
        ("stops_holders", _none_stops, 3.0, "and it is out of service"),
        ("mark", _marks_an_hour_more, 3.0, "and nobody has ordered that"),
    ],
    ids=["all", "without end", "none", "longer"],
)
def test_a_bank_that_keeps_its_own_rules_is_found(
    monkeypatch: pytest.MonkeyPatch, where: str, planted: Callable[..., Any], hours: float | None, said: str
) -> None:
    monkeypatch.setattr(ServiceMarks, where, planted)
    with faulty_town(7, lockers=4) as town:
        _take_out(town, hours)
        _come(town)
        assert said in _said(town)


def test_a_bank_whose_marks_never_end_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ServiceMarks, "_look", _marks_for_ever)
    monkeypatch.setattr(ServiceMarks, "stops_holders", _any_mark_stops)
    with faulty_town(7, lockers=4) as town:
        _take_out(town, hours=1)
        town.hours(1.1)
        _come(town)
        assert "and none is" in _said(town)


def test_a_bank_that_keeps_somebody_out_for_anothers_locker_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    with faulty_town(7, lockers=4) as town:
        judge = next(each for each in town.watch._all if type(each).__name__ == "OutOfService")
        monkeypatch.setattr(judge, "_lockers", lambda *_: {1, 2, 3})
        desk, stops_until = Desk(town.world.gateway, "somebody"), town.world.now_ms + 3 * HOUR_MS
        for number in (1, 2):
            desk.take_out("bank-1", number, ServiceReason.WORKS, stops_until, lambda _: None)
        town.hours(0.1)
        _come(town)
        assert "for another's sake" in _said(town)


@pytest.mark.parametrize("cap_ms", [24 * HOUR_MS, 72 * HOUR_MS])
def test_a_bank_that_takes_a_mark_of_two_days_from_a_gateway_with_a_fast_clock_is_found(
    monkeypatch: pytest.MonkeyPatch, cap_ms: int
) -> None:
    for part in (commands, out_of_service):
        monkeypatch.setattr(part, "OUT_OF_SERVICE_MAX_MS", cap_ms)
    with faulty_town(7, lockers=4) as town:
        town.begin("gateway_fast", hours=3)
        town.hours(27)
        assert ("out of service for more than a day" in _said(town)) == (cap_ms > 24 * HOUR_MS)


@pytest.mark.parametrize("wrong_clocks", [0, 1])
def test_a_bank_that_lets_a_holder_in_by_a_clock_that_is_ahead_is_found_unless_its_clock_is_wrong(
    monkeypatch: pytest.MonkeyPatch, wrong_clocks: int
) -> None:
    with faulty_town(7, lockers=4) as town:
        _take_out(town, hours=3)
        runtime = town.world.banks["bank-1"].runtime
        assert runtime is not None
        now = runtime.now
        monkeypatch.setattr(runtime, "now", lambda: replace(now(), starting_at=now().at + 24 * HOUR_MS))
        town.world.wrong_clocks["bank-1"] = wrong_clocks
        releases = _come(town)[1]
        assert releases > 2
        assert ("and it is out of service" in _said(town)) == (not wrong_clocks)
