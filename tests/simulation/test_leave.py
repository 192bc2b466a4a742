"""Workers go on leave and are stood in for; whoever is left without anyone, or acts without the right, is found."""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Any

import pytest

from gateway.care import contacts, repository
from gateway.contracts import entry
from gateway.incidents import stand_ins
from gateway.people.service import file_erased
from gateway.staff import addresses, scope
from simulator.world.lives.staff import Tempo
from tests.simulation.faulty_town import FaultyTown, faulty_town

LOG_CONTACT = contacts.log_contact


def _town() -> AbstractContextManager[FaultyTown]:
    return faulty_town(11, banks=2, lockers=6, tempo=Tempo(acts_a_day=6, term_days=60))


def _answers(town: FaultyTown, days: int = 8, until: str = "") -> set[str]:
    """Busy workers, until that is found."""
    for _ in range(days):
        for _ in range(12):
            town.town.errands.answer()
            town.hours(2)
        town.world.violations += town.town.judge(town.world.now_ms)
        if any(violation.invariant == until for violation in town.world.violations):
            break
    return {violation.invariant for violation in town.world.violations}


@pytest.fixture(scope="module")
def answered() -> Iterator[FaultyTown]:
    with _town() as town:
        assert _answers(town) == set(), town.world.violations
        yield town


def test_workers_go_on_leave_come_back_and_are_stood_in_for(answered: FaultyTown) -> None:
    done = {"go_on_leave: done", "come_back: done", "decide_review: done", "close_offer: done", "change_stand_in: done"}
    refused = {"go_on_leave: on_leave", "go_on_leave: stands_in", "go_on_leave: stand_in", "intrude: role"}
    assert done | refused <= set(answered.town.counts)
    leaves = {leave.staff: leave.stand_in for leave in answered.town.records.leaves}
    authors = {decided.author for pact in answered.town.records.pacts.values() for decided in pact.decisions}
    assert authors & set(leaves.values())


def test_what_was_refused_has_left_nothing(answered: FaultyTown) -> None:
    assert sum(count for what, count in answered.town.counts.items() if what.startswith("intrude: ")) > 5
    for _ in range(6):
        assert answered.town.figures_by_counting() == []


@pytest.mark.parametrize("erased", [True, False])
def test_only_of_somebody_whose_file_was_erased_it_may_be_said_before_the_right_is_asked(
    monkeypatch: pytest.MonkeyPatch, erased: bool
) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise file_erased()

    monkeypatch.setattr(contacts, "log_contact", refuse)
    with _town() as town:
        someone = next(iter(town.town.records.people.values()))
        someone.erased = erased
        outcomes = {town.town.errands.covering.intrude(someone) for _ in range(20)}
        assert "erased" in outcomes
        found = {violation.invariant for violation in town.town.office.violations}
        assert found == (set() if erased else {"answers"})


def _kept_at_once(session: Any, *facts: Any, **more: Any) -> Any:
    made = LOG_CONTACT(session, *facts, **more)
    session.flush()
    session.connection().connection.commit()
    return made


@pytest.mark.parametrize(
    ("where", "what", "planted"),
    [
        (stand_ins, "_leaves", lambda *_: []),
        (stand_ins, "_checked_stand_in", lambda _session, _leave, stand_in: stand_in),
        (repository, "stood_in_for", lambda *_: []),
        (entry, "name_worker", lambda *_, **__: None),
        (addresses, "require", lambda *_: None),
        (scope, "require_own", lambda *_, **__: None),
    ],
)
def test_whoever_is_without_anyone_and_whoever_acts_without_the_right_is_found(
    monkeypatch: pytest.MonkeyPatch, where: object, what: str, planted: object
) -> None:
    monkeypatch.setattr(where, what, planted)
    with _town() as town:
        assert "answers" in _answers(town, until="answers")


def test_half_of_an_act_that_stays_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contacts, "log_contact", _kept_at_once)
    with _town() as town:
        _answers(town, days=3)
        found = [violation.invariant for _ in range(12) for violation in town.town.figures_by_counting()]
    assert "figures" in found
