"""Brings a file into the database, all of it or nothing: a block with keys, its people and their contracts."""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway.audit import service as audit
from gateway.days import local_day, midnight
from gateway.db import new_id
from gateway.errors import ConflictError, InvalidError
from gateway.imports.checking import check
from gateway.imports.history import Writer
from gateway.imports.mapping import WordMap
from gateway.imports.models import ImportedFile, ImportedPerson
from gateway.imports.placing import Placed, place
from gateway.imports.records import Batch, Lockers, Problem
from gateway.imports.rows import read_rows
from gateway.lockers import service as places
from gateway.lockers.models import Bank, Locker
from gateway.people.models import Person
from gateway.people.service import add_person
from gateway.schemes.service import scheme_named

_NO_ID = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True)
class Target:
    """Where a file belongs: names of its site and organisation (made if absent), and the id of its new block."""

    site: str
    organisation: str = "Casier"
    zone: str = "Europe/Paris"
    bank: str = ""

    @property
    def bank_id(self) -> str:
        """As given, or made of the site's name."""
        return self.bank or _NO_ID.sub("-", self.site.lower()).strip("-")[:40]


@dataclass(frozen=True)
class Imported:
    """What a file came to."""

    bank: str
    lockers: int
    people: int
    contracts: int
    supports: int
    assumed: int


def import_file(session: Session, path: Path, target: Target, words: WordMap, *, actor: str, now: int) -> Imported:
    """Everything in the file, or nothing: with problems, an InvalidError (`rows`) that has them all in `problems`.

    Raises InvalidError (`file`, `rows`, `zone`, `name`, `bank`), ConflictError (`imported`, `bank`, `site`).
    """
    rows = words.applied(read_rows(path))
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    _refuse_again(session, digest, target)
    batch = check(rows, local_day(target.zone, now))
    owner = places.organisation_named(session, target.organisation, actor=actor, now=now)
    site = places.site_named(
        session, target.site, organisation_id=owner.id, zone=target.zone, actor=actor, now=now
    )  # fmt: skip
    scheme = scheme_named(session, owner.id, actor=actor, now=now)
    placed = _without_problems(batch, scheme.terms.grace_days)
    bank = places.add_bank(
        session, bank_id=target.bank_id, site_id=site.id, name=target.site, actor=actor, now=now
    )  # fmt: skip
    doors = _add_lockers(session, bank, batch.lockers, target.zone, actor, now)
    file = ImportedFile(id=new_id(now), digest=digest, bank_id=bank.id, imported_by=actor, imported_at=now)
    session.add(file)
    session.flush()
    people = _add_people(session, placed, owner.id, file.id, actor, now)
    writer = Writer(session, scheme, target.zone, local_day(target.zone, now), actor, now)
    for one in placed:
        writer.add(one, people[one.contract.person], doors[one.number])
    result = Imported(
        bank=bank.id,
        lockers=len(doors),
        people=len(people),
        contracts=len(placed),
        supports=sum(len(one.contract.supports) for one in placed),
        assumed=sum(1 for one in placed if one.contract.assumed),
    )
    session.flush()
    audit.record(
        session, actor=actor, action="imported", subject=bank.id, now=now, people=result.people,
        contracts=result.contracts, digest=digest,
    )  # fmt: skip
    return result


def _refuse_again(session: Session, digest: str, target: Target) -> None:
    before = session.scalar(select(ImportedFile).where(ImportedFile.digest == digest))
    if before is not None:
        day: date = local_day(target.zone, before.imported_at)
        raise ConflictError("imported", f"this very file was imported on {day} already, as block {before.bank_id}")
    if session.get(Bank, target.bank_id) is not None:
        raise ConflictError("bank", f"block {target.bank_id} exists already: give the new one another id with --bank")


def _without_problems(batch: Batch, grace_days: int) -> Sequence[Placed]:
    placed, nowhere = place(batch.lockers, batch.contracts, grace_days)
    # Without every locker, whether one is free cannot be said.
    problems = [*batch.problems, *(nowhere if batch.lockers else ())]
    if problems:
        raise InvalidError("rows", _told(problems), problems=problems)
    return placed


def _told(problems: Sequence[Problem]) -> str:
    lines = [str(problem) for problem in problems]
    count = "1 problem" if len(lines) == 1 else f"{len(lines)} problems"
    return "\n".join([*lines, f"{count}: nothing was imported; correct the file, or say with --mapping what is meant"])


def _add_lockers(
    session: Session, bank: Bank, rows: Sequence[Lockers], zone: str, actor: str, now: int
) -> dict[int, Locker]:
    doors: dict[int, Locker] = {}
    for row in rows:
        numbers = range(len(doors) + 1, len(doors) + row.count + 1)
        added = places.add_lockers(
            session, bank.id, numbers, size=row.size, lock="key", since=midnight(zone, row.in_service), actor=actor,
            now=now,
        )  # fmt: skip
        doors |= {locker.number: locker for locker in added}
    return doors


def _add_people(
    session: Session, placed: Sequence[Placed], organisation_id: str, file_id: str, actor: str, now: int
) -> dict[str, Person]:
    people: dict[str, Person] = {}
    for past in (one.contract for one in placed):
        if past.person not in people:
            person = add_person(
                session, organisation_id=organisation_id, name=past.name or past.person, actor=actor, now=now
            )  # fmt: skip
            session.add(ImportedPerson(person_id=person.id, file_id=file_id, code=past.person))
            people[past.person] = person
    session.flush()
    return people
