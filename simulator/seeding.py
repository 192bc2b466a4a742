"""Fills the demo's gateway through the gateway's own services: places, staff, people, badges and dated contracts."""

import json
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from gateway.access import service as access
from gateway.access.changes import access_changed
from gateway.access.keystore import Keystore
from gateway.badges import service as badges
from gateway.contracts import service as contracts
from gateway.contracts.models import Contract
from gateway.days import day_start, local_day
from gateway.errors import GatewayError
from gateway.lockers import service as lockers
from gateway.lockers.models import Site
from gateway.people import service as people
from gateway.staff import service as staff
from simulator.people import BLOCKS, PEOPLE, SITES, FictionalPerson

ACTOR = "demo"
ORGANISATION = "Les Casiers solidaires"
STAFF_NAME = "Camille Demo"
EMAIL = "camille@casier.example"
GRACE_DAYS = 14


@dataclass(frozen=True, slots=True)
class Term:
    """First and last day of a contract, relative to today."""

    first: int
    last: int


TERMS: dict[str, Term] = {
    "active": Term(-90, 275),
    "suspended": Term(-120, 245),
    "revoked": Term(-60, 305),
    "tomorrow": Term(1, 365),
    "grace": Term(-200, -4),
    # The last day to collect was yesterday.
    "ended": Term(-380, -1 - GRACE_DAYS),
}


@dataclass(slots=True)
class Seeded:
    """What was made at the first start, kept beside the database so that later starts can move its dates."""

    on: date
    contracts: dict[str, str]

    @staticmethod
    def read(path: Path) -> "Seeded | None":
        """What an earlier start left, or None."""
        if not path.exists():
            return None
        found = json.loads(path.read_text())
        return Seeded(date.fromisoformat(found["on"]), found["contracts"])

    def write(self, path: Path) -> None:
        """Keep it for the next start."""
        path.write_text(json.dumps({"on": self.on.isoformat(), "contracts": self.contracts}, indent=1))


@dataclass(frozen=True, slots=True)
class Account:
    """How to sign in; made once, shown and kept in the demo's credentials file."""

    email: str
    password: str
    api_token: str


def add_account(session: Session, password: str, *, now: int) -> Account:
    """The demo's member of staff with a token for programs."""
    member = staff.add_staff(
        session, email=EMAIL, name=STAFF_NAME, password=password, role="operator", actor=ACTOR, now=now
    )
    token = staff.add_token(session, member.id, "demo", actor=ACTOR, now=now)
    return Account(EMAIL, password, token)


def add_places(session: Session, sizes: dict[str, int], zones: dict[str, str], *, now: int) -> dict[str, Site]:
    """Organisation, sites, banks and their lockers; the site of each bank."""
    organisation = lockers.organisation_named(session, ORGANISATION, actor=ACTOR, now=now)
    sites: dict[str, Site] = {}
    for bank, size in sizes.items():
        name = SITES[bank]
        site = lockers.site_named(
            session, name, organisation_id=organisation.id, zone=zones[bank], actor=ACTOR, now=now
        )
        lockers.add_bank(session, bank_id=bank, site_id=site.id, name=BLOCKS[bank], actor=ACTOR, now=now)
        lockers.add_lockers(session, bank, range(1, size + 1), actor=ACTOR, now=now)
        sites[bank] = site
    return sites


def add_people(session: Session, keystore: Keystore, sites: dict[str, Site], *, now: int) -> Seeded:
    """Everyone of the demo with badge and contract, standing today as they should."""
    made = {_key(each): _add_person(session, keystore, sites[each.bank], each, now) for each in PEOPLE}
    zone = next(iter(sites.values())).zone
    return Seeded(local_day(zone, now), made)


def move_dates(session: Session, seeded: Seeded, *, now: int) -> Seeded:
    """The same contracts with their dates set anew, so that each stands today as it did on the first day.

    What people decided meanwhile stays: a contract that was ended, moved or is in somebody's way keeps its dates.
    """
    today = seeded.on
    for each in PEOPLE:
        contract = session.get(Contract, seeded.contracts.get(_key(each), ""))
        if contract is None:
            continue
        today = local_day(contract.holdings[0].locker.bank.site.zone, now)
        if contract.ended_at is None and len(contract.holdings) == 1 and today != seeded.on:
            _move(session, contract, each, today, now)
    return Seeded(today, seeded.contracts)


def _key(person: FictionalPerson) -> str:
    return f"{person.bank}/{person.label}"


def _add_person(session: Session, keystore: Keystore, site: Site, each: FictionalPerson, now: int) -> str:
    person = people.add_person(
        session, organisation_id=site.organisation_id, name=each.name, language=each.language, actor=ACTOR, now=now
    )
    badge = access.register_badge(
        session, keystore, site_id=site.id, number=each.number, label=each.label, actor=ACTOR, now=now
    )
    term, today = TERMS[each.standing], local_day(site.zone, now)
    contract = contracts.assign(
        session,
        person_id=person.id,
        bank_id=each.bank,
        number=each.locker,
        starts_on=today + timedelta(term.first),
        ends_on=today + timedelta(term.last),
        badge_id=badge.id,
        actor=ACTOR,
        now=now,
    )
    if each.standing == "suspended":
        _suspend(session, contract.id, today, now)
    if each.standing == "revoked":
        badges.revoke(session, badge.id, reason="lost", actor=ACTOR, now=now)
    return contract.id


def _suspend(session: Session, contract_id: str, today: date, now: int) -> None:
    contracts.suspend(session, contract_id, reason="incident", review_on=today + timedelta(7), actor=ACTOR, now=now)


def _move(session: Session, contract: Contract, each: FictionalPerson, today: date, now: int) -> None:
    term, zone = TERMS[each.standing], contract.holdings[0].locker.bank.site.zone
    try:
        with session.begin_nested():
            contract.starts_on, contract.ends_on = today + timedelta(term.first), today + timedelta(term.last)
            contract.from_at = day_start(zone, contract.starts_on)
            contract.until_at = day_start(zone, contract.ends_on + timedelta(1))
            contract.collect_until = day_start(zone, contract.ends_on + timedelta(1 + contract.terms.grace_days))
            contract.holdings[0].from_at = contract.from_at
            contract.holdings[0].until_at = contract.collect_until
            session.flush()
            if each.standing == "suspended" and contract.suspensions and contract.suspensions[-1].lifted_at is None:
                _suspend(session, contract.id, today, now)
    except (GatewayError, IntegrityError):
        return  # the locker was given to somebody else meanwhile: that stays
    access_changed(session, contract.holdings[0].locker.bank_id)
