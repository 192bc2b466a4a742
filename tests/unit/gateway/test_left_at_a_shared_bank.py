"""At a bank of a third party, what was left is its charity's, although someone of another one waits for the locker."""

from dataclasses import dataclass

import pytest

from gateway.contracts import service as contracts
from gateway.contracts.models import Contract
from gateway.custody import readiness
from gateway.custody.codes import Check, Witness
from gateway.errors import ForbiddenError, NotFoundError
from gateway.incidents import hazards
from gateway.incidents.codes import HazardAction, HazardKind
from gateway.incidents.models import Hazard
from gateway.lockers import service as places
from gateway.lockers.roles import Role, give_role
from gateway.lockers.service import locker_of
from gateway.people import service as people
from gateway.staff import service as accounts
from gateway.staff.scope import require_own
from tests.unit.gateway.contracts.test_awaited_locker import BEGINS, FIRST, LAST
from tests.unit.gateway.town import DAY, NOON, Town

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
SEEN = BEGINS + DAY


@dataclass(frozen=True)
class Charity:
    """One that supports people at the town's bank, its worker, and its contract on locker 1."""

    organisation_id: str
    worker: str
    contract: Contract


@dataclass(frozen=True)
class Shared:
    """`left` had the locker and may have left something; `waits` has begun since, and nobody has looked."""

    town: Town
    left: Charity
    waits: Charity

    def may_open(self, charity: Charity) -> bool:
        door = {"bank": self.town.bank, "number": "1"}
        with self.town.reading() as session:
            try:
                require_own(session, charity.organisation_id, door, right=None, changing=True, now=SEEN)
            except ForbiddenError:
                return False
        return True

    def seen(self, *checks: Check) -> None:
        with self.town.writing() as session:
            readiness.confirm(session, locker_of(session, self.town.bank, 1), checks, actor="test", now=SEEN - 1)


def charity(town: Town, name: str) -> tuple[str, str, str]:
    """Its id, its worker's and a person's."""
    with town.writing() as session:
        made = places.organisation_named(session, name, actor="test", now=NOON)
        give_role(session, town.bank, made.id, Role.SUPPORT, actor="test", now=NOON)
        worker = accounts.add_staff(
            session, email=f"{name}@example.org", name=name, password="un mot de passe long", role="worker",
            organisation_id=made.id, actor="test", now=NOON,
        )  # fmt: skip
        person = people.add_person(session, organisation_id=made.id, name=f"{name} 1", actor="test", now=NOON)
        return made.id, worker.id, person.id


@pytest.fixture
def shared(town: Town) -> Shared:
    found = []
    for name, days in (("Left", {"ends_on": LAST}), ("Waits", {"starts_on": FIRST})):
        organisation, worker, person_id = charity(town, name)
        with town.reading() as session:
            person = people.person_of(session, person_id)
        found.append(Charity(organisation, worker, town.assign(person, **days)))
    return Shared(town, *found)


def hazard(shared: Shared, reported_by: Charity) -> Hazard:
    with shared.town.writing() as session:
        return hazards.report(
            session, bank_id=shared.town.bank, number=1, kind=HazardKind.WET, actor=reported_by.worker, now=SEEN
        )


def test_the_charity_of_who_left_something_opens_the_locker_and_that_of_who_waits_does_not(shared: Shared) -> None:
    assert (shared.may_open(shared.left), shared.may_open(shared.waits)) == (True, False)


def test_once_it_is_seen_empty_the_locker_is_with_the_charity_of_who_waits(shared: Shared) -> None:
    shared.seen(Check.EMPTY)
    assert (shared.may_open(shared.left), shared.may_open(shared.waits)) == (False, True)


def test_what_was_left_is_its_charity_s_also_where_nobody_waits(shared: Shared) -> None:
    with shared.town.writing() as session:
        contracts.end(session, shared.waits.contract.id, reason="other", actor="test", now=NOON)
    assert (shared.may_open(shared.left), shared.may_open(shared.waits)) == (True, False)
    shared.seen(Check.EMPTY)
    assert (shared.may_open(shared.left), shared.may_open(shared.waits)) == (True, True)


def test_a_hazard_in_what_was_left_is_told_to_whose_it_is_and_not_to_who_waits(shared: Shared) -> None:
    found = hazard(shared, shared.left)
    assert found.contract_id == shared.left.contract.id
    with shared.town.writing() as session:
        hazards.inspect(
            session, found.id, witness_kind=Witness.PHOTOGRAPHS, found=HazardKind.WET,
            action=HazardAction.LEFT_AS_IT_WAS, actor=shared.left.worker, now=SEEN,
        )  # fmt: skip
        with pytest.raises(NotFoundError):
            hazards.tell(session, found.id, text="It was wet", actor=shared.waits.worker, now=SEEN)
        told = hazards.tell(session, found.id, text="It was wet", actor=shared.left.worker, now=SEEN)
        assert told.notice_at == SEEN
        assert not contracts.contract_of(session, shared.waits.contract.id).notices


def test_a_hazard_in_a_locker_that_was_seen_empty_is_nobody_s(shared: Shared) -> None:
    shared.seen(Check.EMPTY)
    assert hazard(shared, shared.left).contract_id is None


def test_a_hazard_is_its_holder_s_as_long_as_they_have_the_locker(shared: Shared) -> None:
    shared.seen(*Check)
    assert hazard(shared, shared.waits).contract_id == shared.waits.contract.id
