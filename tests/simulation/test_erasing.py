"""Files are erased again and again, and whoever erases one of somebody who is still served is found."""

from collections.abc import Iterator

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway.people.models import Person
from gateway.privacy import erasure
from gateway.privacy.files import Part
from simulator.world.lives.staff import Tempo
from tests.simulation.faulty_town import faulty_town

BUSY = Tempo(acts_a_day=6, term_days=4)


def _long_ago(session: Session, part: Part, person_id: str | None = None) -> Iterator[tuple[str, int]]:
    query = select(Person.id) if person_id is None else select(Person.id).where(Person.id == person_id)
    return ((each, 1) for each in session.scalars(query).all())


def test_files_are_erased_and_nobody_is_who_is_still_served() -> None:
    with faulty_town(3, tempo=BUSY) as town:
        town.hours(24 * 20)
        assert town.town.counts["files erased"] > 0
        assert town.found() == set(), town.world.violations


def test_a_gateway_that_erases_the_file_of_somebody_who_is_served_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(erasure, "_newest", _long_ago)
    with faulty_town(3) as town:
        town.hours(24 * 4 + 1)
        found = town.town.judge(town.world.now_ms)
        assert "erased" in {violation.invariant for violation in found}
