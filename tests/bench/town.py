"""A network of charities with years behind it: contracts one after the other in every locker, and what happened.

Rows go past the services (a hundred thousand handovers would take an hour), in the form that these leave them in.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Connection, insert, select, text
from sqlalchemy.orm import Session

from gateway.access.models import Controller
from gateway.db import Database
from gateway.lockers import service as lockers
from gateway.lockers.models import Bank, Locker
from gateway.people import name_index
from gateway.people.models import Person
from gateway.privacy.fields import keys_of
from gateway.schemes import service as schemes
from gateway.schemes.codes import Service
from gateway.staff import service as staff
from tests.bench import town_sql as sql

ACTOR, ZONE = "bench", "Europe/Paris"
NAMES = 1_000
TOGETHER = 100_000
BANKS_A_SITE = sql.LOCKERS_A_SITE // sql.LOCKERS_A_BANK
PASSWORD = "a bench is no place to sleep"
WORKER, OPERATOR = "worker@casier.example", "operator@casier.example"


@dataclass(frozen=True, slots=True)
class Town:
    """One of the sites, the organisation whose worker looks, and some of its people."""

    site: str
    organisation: str
    people: list[str]


def found(database: Database, *, contracts: int, events: int, now: int) -> Town:
    """Fill an empty, migrated database with so many contracts and events."""
    sites = max(1, contracts // sql.CONTRACTS_A_SITE)
    with database.writing() as session:
        charities = _places(session, sites, now)
        for email, organisation in ((WORKER, charities[0]), (OPERATOR, None)):
            staff.add_staff(
                session, email=email, name="Bench", password=PASSWORD, role="worker" if organisation else "operator",
                organisation_id=organisation, actor=ACTOR, now=now,
            )  # fmt: skip
        session.flush()
        connection, words = session.connection(), sql.Words(session.get_bind().dialect.name)
        _numbers(session, connection)
        doors = sites * sql.LOCKERS_A_SITE
        for part in (
            sql.plan(doors, contracts, now // sql.DAY_MS),
            sql.people(words),
            sql.contracts(words, doors),
            sql.care(words, now),
            sql.library(words),
            sql.orders(words, now),
        ):
            _run(connection, part)
        _run(connection, _events(words, events, now, sites * BANKS_A_SITE))
        # A gateway that starts reads everything anyway.
        _run(connection, ["DELETE FROM fact_change"])
        people = session.scalars(
            select(Person).where(Person.organisation_id == charities[0]).order_by(Person.id.desc()).limit(200)
        ).all()
        name_index.reindex(connection, {person.id: [person.name] for person in people})
    return Town("Site 0", "Charity 0", [person.id for person in people])


def _places(session: Session, sites: int, now: int) -> list[str]:
    """Charities with their sites, banks and lockers, all ten years old."""
    charities: list[str] = []
    since = now - 3_660 * sql.DAY_MS
    for number in range(sites):
        if number % sql.SITES_A_CHARITY == 0:
            name = f"Charity {number // sql.SITES_A_CHARITY}"
            owner = lockers.organisation_named(session, name, actor=ACTOR, now=now)
            charities.append(owner.id)
            for service in (Service.LOCKERS, Service.TOOLS):
                schemes.add_scheme(
                    session, organisation_id=owner.id, service=service, name=service.value, actor=ACTOR, now=now
                )
        site = lockers.site_named(
            session, f"Site {number}", organisation_id=charities[-1], zone=ZONE, actor=ACTOR, now=now
        )
        session.flush()
        banks = [f"bank-{number}-{row}" for row in range(BANKS_A_SITE)]
        session.execute(
            insert(Bank), [{"id": bank, "site_id": site.id, "name": bank, "created_at": since} for bank in banks]
        )
        session.execute(
            insert(Controller),
            [
                {"bank_id": bank, "device_public": bytes(32), "encryption_public": bytes(32), "added_at": since}
                for bank in banks
            ],
        )
        session.execute(
            insert(Locker),
            [
                {"id": f"{bank}-{door}", "bank_id": bank, "number": door, "in_service_since": since}
                for bank in banks
                for door in range(1, sql.LOCKERS_A_BANK + 1)
            ],
        )
    return charities


def _numbers(session: Session, connection: Connection) -> None:
    """Temporary tables that everything is made from: numbers, lockers and banks in a row, sealed names."""
    keys = keys_of(session)
    _run(
        connection,
        (
            "CREATE TEMPORARY TABLE number (i BIGINT PRIMARY KEY)",
            f"""INSERT INTO number WITH RECURSIVE counted(i) AS (
                SELECT 0 UNION ALL SELECT i + 1 FROM counted WHERE i + 1 < {TOGETHER}) SELECT i FROM counted""",
            "CREATE TEMPORARY TABLE name (i BIGINT PRIMARY KEY, sealed TEXT, title TEXT)",
            "CREATE TEMPORARY TABLE door AS SELECT row_number() OVER (ORDER BY bank.site_id, locker.id) - 1 AS place, "
            "locker.id AS locker_id FROM locker JOIN bank ON bank.id = locker.bank_id",
            "CREATE TEMPORARY TABLE row_bank AS SELECT row_number() OVER (ORDER BY id) - 1 AS i, id AS bank_id "
            "FROM bank",
        ),
    )
    connection.execute(
        text("INSERT INTO name VALUES (:i, :sealed, :title)"),
        [
            {"i": i, "sealed": keys.seal("person.name", f"Person {i}"), "title": keys.seal("project.title", "Walls")}
            for i in range(NAMES)
        ],
    )


def _events(words: sql.Words, count: int, now: int, banks: int) -> Iterable[str]:
    for first in range(0, count, TOGETHER):
        yield sql.events(words, first, min(TOGETHER, count - first), count, now, banks)


def _run(connection: Connection, statements: Iterable[str]) -> None:
    for statement in statements:
        connection.execute(text(statement.replace(":", "\\:") if "'{" in statement else statement))
