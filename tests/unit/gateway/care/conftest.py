"""Workers of the town, and the short way to a person with a locker and someone who looks after them."""

from typing import Protocol

import pytest

from gateway.care.looking_after import name_worker
from gateway.people.models import Person
from gateway.staff.models import Staff
from gateway.staff.service import add_staff
from tests.unit.gateway.town import NOON, Town


class AddWorker(Protocol):
    def __call__(self, name: str, role: str = "worker") -> Staff: ...


@pytest.fixture
def add_worker(town: Town) -> AddWorker:
    def add(name: str, role: str = "worker") -> Staff:
        with town.writing() as session:
            return add_staff(
                session, email=f"{name.lower()}@example.org", name=name, password="correct horse", role=role,
                actor="test", now=NOON,
            )  # fmt: skip

    return add


@pytest.fixture
def ines(add_worker: AddWorker) -> Staff:
    return add_worker("Ines")


@pytest.fixture
def nadia(town: Town, ines: Staff) -> Person:
    """With locker 1 from today on, looked after by Ines."""
    person = town.person("Nadia")
    town.assign(person, number=1)
    with town.writing() as session:
        name_worker(session, person.id, ines.id, actor=ines.id, now=NOON)
    return person
