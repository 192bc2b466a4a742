"""Fills a gateway's database through its own services: a bank, and a person with a contract for each of its lockers."""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy.orm import Session

from gateway.access import service as access
from gateway.access.keystore import Keystore
from gateway.badges import service as badges
from gateway.contracts import service as contracts
from gateway.days import local_day
from gateway.lockers import service as lockers
from gateway.people import service as people
from gateway.staff import service as staff
from tests.bench.site import LOCKERS, badge_number
from tests.integration.controller.conftest import now_ms

ACTOR, ZONE = "bench", "Europe/Paris"


@dataclass(frozen=True, slots=True)
class Filled:
    """A token for the API, and badges that people hold besides the one of their contract."""

    token: str
    spare_badges: list[str]


def fill(session: Session, keystore: Keystore, bank: str, keys: str, spares: int = 0) -> Filled:
    """Join the controller with these KEYS to a bank, and give each of its lockers to someone."""
    now = now_ms()
    owner = lockers.organisation_named(session, "Bench", actor=ACTOR, now=now)
    site = lockers.site_named(session, "Bench", organisation_id=owner.id, zone=ZONE, actor=ACTOR, now=now)
    lockers.add_bank(session, bank_id=bank, site_id=site.id, name=bank, actor=ACTOR, now=now)
    lockers.add_lockers(session, bank, range(1, LOCKERS + 1), actor=ACTOR, now=now)
    access.add_controller(session, bank_id=bank, keys=keys, actor=ACTOR, now=now)
    member = staff.add_staff(
        session, email="bench@casier.example", name="Bench", password="x" * 20, role="operator", actor=ACTOR, now=now
    )
    today = local_day(ZONE, now)

    def register(index: int) -> str:
        number = f"em4100:{badge_number(index)}"
        return access.register_badge(
            session, keystore, site_id=site.id, number=number, label=f"b{index}", actor=ACTOR, now=now
        ).id

    holders = []
    for index in range(LOCKERS):
        person = people.add_person(
            session, organisation_id=owner.id, name=f"P{index}", language="fr", actor=ACTOR, now=now
        )
        contracts.assign(
            session, person_id=person.id, bank_id=bank, number=index + 1, starts_on=today - timedelta(30),
            ends_on=today + timedelta(300), badge_id=register(index), actor=ACTOR, now=now,
        )  # fmt: skip
        holders.append(person.id)
    spare_badges = [register(LOCKERS + index) for index in range(spares)]
    for index, spare in enumerate(spare_badges):
        badges.give(session, spare, person_id=holders[index % LOCKERS], site_id=site.id, actor=ACTOR, now=now)
    return Filled(staff.add_token(session, member.id, "bench", actor=ACTOR, now=now), spare_badges)
