"""Staff of the town and of a neighbouring charity, for who sees and decides what."""

from dataclasses import dataclass

import pytest

from gateway.db import Database, new_id
from gateway.lockers import service as places
from gateway.people import service as people
from gateway.staff.models import Staff
from tests.unit.gateway.luggage import conftest as desk
from tests.unit.gateway.town import NOON, ZONE, Town

office = desk.office


@dataclass(frozen=True)
class Cast:
    """Two workers of the town's charity, one without an organisation, and a neighbour with a site and a person."""

    lea: str
    ines: str
    operator: str
    neighbour: str
    other_site: str
    theirs: str
    second_site: str


@pytest.fixture
def cast(town: Town, database: Database) -> Cast:
    with database.writing() as session:
        other = places.organisation_named(session, "Secours", actor="test", now=NOON)
        site = places.site_named(session, "Lille", organisation_id=other.id, zone=ZONE, actor="test", now=NOON)
        second = places.site_named(
            session, "Bagnolet", organisation_id=town.organisation_id, zone=ZONE, actor="test", now=NOON
        )
        ids = []
        for name, organisation in (
            ("lea", town.organisation_id), ("ines", town.organisation_id), ("op", None), ("rui", other.id),
        ):  # fmt: skip
            staff = Staff(
                id=new_id(NOON), email=f"{name}@example.org", name=name, role="worker", language="fr",
                organisation_id=organisation, password_hash="none", created_at=NOON,
            )  # fmt: skip
            session.add(staff)
            ids.append(staff.id)
        theirs = people.add_person(session, organisation_id=other.id, name="Zoe", actor="test", now=NOON)
        return Cast(*ids, other_site=site.id, theirs=theirs.id, second_site=second.id)
