"""Files are erased again and again, and whoever erases one of somebody who is still served is found."""

from collections.abc import Iterator

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway.care import waiting
from gateway.people.models import Person
from gateway.privacy import erasure
from gateway.privacy.files import Part
from simulator.world.lives.deciding import Deciding
from simulator.world.lives.staff import Tempo
from tests.simulation.faulty_town import faulty_town
from tests.simulation.test_looks import First, active, emptied

BUSY = Tempo(acts_a_day=6, term_days=4)


def _long_ago(session: Session, part: Part, person_id: str | None = None) -> Iterator[tuple[str, int]]:
    query = select(Person.id) if person_id is None else select(Person.id).where(Person.id == person_id)
    return ((each, 1) for each in session.scalars(query).all())


def test_files_are_erased_and_nobody_is_who_is_still_served() -> None:
    with faulty_town(3, tempo=BUSY) as town:
        town.hours(24 * 20)
        assert town.town.counts["files erased"] > 0
        assert town.found() == set(), town.world.violations


def _figures_after_somebody_waited_in_vain() -> set[str]:
    with faulty_town(3) as town:
        arrivals = town.town._arrivals
        (scheme, *_) = arrivals.every
        assert arrivals.wait(town.town.records.workers[scheme.organisation][0], scheme) == "done"
        (entry,) = town.town.records.waiting
        town.hours(24 * 9)
        assert town.town.records.people[entry.person].erased
        assert entry.why == "unknown"
        return {one.invariant for _ in range(12) for one in town.town.figures_by_counting()}


def test_nobody_waits_any_more_whose_file_is_erased() -> None:
    assert _figures_after_somebody_waited_in_vain() == set()


def test_whoever_stays_on_the_waiting_list_once_their_file_is_erased_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "close_erased", lambda *_, **__: None)
    assert "figures" in _figures_after_somebody_waited_in_vain()


def test_a_gateway_that_erases_the_file_of_somebody_who_is_served_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(erasure, "_newest", _long_ago)
    with faulty_town(3) as town:
        town.hours(24 * 4 + 1)
        found = town.town.judge(town.world.now_ms)
        assert "erased" in {violation.invariant for violation in found}


def test_whoever_has_left_a_contract_that_goes_on_is_served_no_more() -> None:
    with faulty_town(3) as town:
        emptied(town)  # whose contract that was may join another
        pact = active(town)[0]
        leaving = pact.parts[0].person
        for action in ("join", "part"):
            town.hours(1)
            assert Deciding(town.town.office, First()).decide(town.town.workers[0], action, pact) == "done"
        town.hours(24 * 9)
        assert town.town.records.people[leaving].erased
        assert town.found() == set(), town.world.violations
