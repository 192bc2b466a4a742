"""The town the gateway's tests play in, and short ways to change it; every step is a unit of work of its own."""

from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from sqlalchemy.orm import Session

from gateway.access import service as access
from gateway.access.keystore import Keystore
from gateway.badges.models import Badge
from gateway.contracts import service as contracts
from gateway.contracts.models import Contract
from gateway.days import day_start
from gateway.db import Database
from gateway.lockers import service as lockers
from gateway.people import service as people
from gateway.people.models import Person
from wire.keys import controller_token

ZONE = "Europe/Paris"
TODAY = date(2026, 6, 15)
NOON = day_start(ZONE, TODAY) + 12 * 3_600_000
DAY = 86_400_000


@dataclass
class Town:
    """What most tests need, and short ways to change it; every step is a unit of work of its own."""

    database: Database
    keystore: Keystore
    device: Ed25519PrivateKey
    encryption: X25519PrivateKey
    organisation_id: str = ""
    site_id: str = ""
    bank: str = "montreuil-1"
    badges_made: int = 0

    def writing(self) -> AbstractContextManager[Session]:
        return self.database.writing()

    def reading(self) -> AbstractContextManager[Session]:
        return self.database.reading()

    def person(self, name: str = "Nadia", now: int = NOON) -> Person:
        with self.writing() as session:
            return people.add_person(session, organisation_id=self.organisation_id, name=name, actor="test", now=now)

    def badge(self, person: Person | None = None, number: str | None = None, now: int = NOON) -> Badge:
        self.badges_made += 1
        with self.writing() as session:
            return access.register_badge(
                session,
                self.keystore,
                site_id=self.site_id,
                number=number or f"em4100:{self.badges_made:010X}",
                label=f"M-{self.badges_made:03}",
                person_id=person.id if person else None,
                actor="test",
                now=now,
            )

    def assign(
        self, person: Person, number: int = 1, starts_on: date = TODAY, ends_on: date = date(2026, 12, 31),
        badge: Badge | None = None, now: int = NOON, draft: bool = False,
    ) -> Contract:  # fmt: skip
        with self.writing() as session:
            return contracts.assign(
                session,
                person_id=person.id,
                bank_id=self.bank,
                number=number,
                starts_on=starts_on,
                ends_on=ends_on,
                badge_id=badge.id if badge else None,
                draft=draft,
                actor="test",
                now=now,
            )


def found_town(database: Database, keystore: Keystore) -> Town:
    """One site, one bank of six lockers, its controller joined."""
    made = Town(database, keystore, Ed25519PrivateKey.generate(), X25519PrivateKey.generate())
    with database.writing() as session:
        owner = lockers.organisation_named(session, "Emmaus", actor="test", now=NOON)
        site = lockers.site_named(session, "Montreuil", organisation_id=owner.id, zone=ZONE, actor="test", now=NOON)
        lockers.add_bank(session, bank_id=made.bank, site_id=site.id, name="Montreuil 1", actor="test", now=NOON)
        lockers.add_lockers(session, made.bank, range(1, 7), actor="test", now=NOON)
        token = controller_token(
            made.device.public_key().public_bytes_raw(), made.encryption.public_key().public_bytes_raw()
        )
        access.add_controller(session, bank_id=made.bank, keys=token, actor="test", now=NOON)
        made.organisation_id, made.site_id = owner.id, site.id
    return made
