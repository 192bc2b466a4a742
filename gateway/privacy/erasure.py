"""Erases files in which nothing happened for the organisation's time of keeping; what counts in figures stays.

Names, notes and whatever else is personal are emptied in every table of the file. The rows stay, under a pseudonym
that leads to nobody any more: reports count them as before, and the audit trail still verifies.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import BindParameter, Column, ColumnElement, Table, bindparam, delete, exists, func, or_, select, update
from sqlalchemy.orm import Session
from sqlalchemy.sql import Select, Update

from gateway import tables
from gateway.audit import service as audit
from gateway.care import waiting
from gateway.contracts.models import Party
from gateway.custody.models import Custody, KeptThing
from gateway.db import Database
from gateway.errors import ConflictError
from gateway.lockers.models import Bank, Locker, Site
from gateway.luggage.models import Luggage
from gateway.money.balance import with_deposits
from gateway.people.models import NameToken, OtherName, Person
from gateway.people.service import person_of
from gateway.privacy.fields import EncryptedText
from gateway.privacy.files import SHARED, Part, parts
from gateway.privacy.terms import DAY_MS, terms_of
from gateway.privacy.times import instant_of, is_time

_DELETED = (NameToken, OtherName)
# Whose file it is, in statements that are built once: they are many and large.
_WHOSE: BindParameter[str] = bindparam("whose")


@dataclass(frozen=True)
class Due:
    """A file to be erased: the pseudonym, whose it is, and when something last happened in it."""

    person_id: str
    organisation_id: str
    last_at: int


def due(session: Session, *, now: int) -> list[Due]:
    """Every file in which nothing happened for the time of keeping, the oldest first.

    A file is not due while belongings or a deposit of the person are kept, or while any date in it lies ahead.
    """
    last: dict[str, int] = {}
    for part in parts():
        for person_id, at in _newest(session, part):
            last[person_id] = max(last.get(person_id, 0), at)
    kept = set(_with_belongings(session))
    found = []
    people = session.execute(select(Person.id, Person.organisation_id).where(Person.erased_at.is_(None)))
    days = {}
    for person_id, organisation_id in people:
        if organisation_id not in days:
            days[organisation_id] = terms_of(session, organisation_id).file_days
        if last[person_id] <= now - days[organisation_id] * DAY_MS and person_id not in kept:
            found.append(Due(person_id, organisation_id, last[person_id]))
    return sorted(found, key=lambda one: (one.last_at, one.person_id))


def erase_due(database: Database, *, actor: str, now: int) -> list[Due]:
    """Erases every file that is due, each in a unit of its own, and says which; none in which something has happened
    since it was found due. What was written of belongings that are nobody's goes as long after they were settled."""
    with database.reading() as session:
        found = due(session, now=now)
    erased = []
    for one in found:
        with database.writing() as session:
            if _last_at(session, one.person_id) == one.last_at:
                erase(session, one.person_id, actor=actor, now=now)
                erased.append(one)
    with database.writing() as session:
        _empty_nobodys(session, now)
        waiting.close_erased(session, actor=actor, now=now)
    return erased


def erase(session: Session, person_id: str, *, actor: str, now: int) -> Person:
    """Empties everything personal in one file, for good.

    Raises NotFoundError (`person`), ConflictError: `belongings` or a deposit are still kept, `running` contract,
    `erased` already.
    """
    person = person_of(session, person_id)
    if person.erased_at is not None:
        raise ConflictError("erased", "this file was erased already")
    if person_id in set(_with_belongings(session)):
        raise ConflictError("belongings", "belongings or a deposit of this person are still kept: return them first")
    if any(owner == person_id and at > now for part in parts() for owner, at in _newest(session, part, person_id)):
        raise ConflictError("running", "a date in this file lies ahead, like a contract's end: end it first")
    session.flush()
    for emptied in _file_emptied():
        session.execute(emptied, {"whose": person_id})
    for table in _DELETED:
        session.execute(delete(table).where(table.person_id == person_id))
    person.erased_at = now
    session.flush()
    waiting.close_erased(session, actor=actor, now=now)
    for name, through in SHARED.items():
        _empty_shared(session, tables.METADATA.tables[name], tables.METADATA.tables[through], person_id)
    session.expire_all()
    audit.record(session, actor=actor, action="file_erased", subject=person_id, now=now)
    return person


def personal(table: Table) -> Sequence[Column[str]]:
    """The columns that say something personal: the sealed ones, and those marked so."""
    return [column for column in table.columns if isinstance(column.type, EncryptedText) or column.info.get("personal")]


@cache
def _file_emptied() -> Sequence[Update]:
    return [
        _emptied(part.table, column, part.ids(_WHOSE, alone=True))
        for part in parts()
        for column in personal(part.table)
    ]


def _emptied(table: Table, column: Column[str], which: ColumnElement[bool]) -> Update:
    """An empty text and not nothing: a rule of the table may ask that there was one."""
    return update(table).where(which, column.is_not(None)).values({column.name: ""})


def _empty_shared(session: Session, table: Table, through: Table, person_id: str) -> None:
    """What is about several people is emptied with the last of their files."""
    (link,) = (foreign.parent for foreign in through.foreign_keys if foreign.column.table is table)
    others = through.alias()
    mine = select(link).where(through.c.person_id == person_id)
    someone_left = exists().where(
        others.c[link.name] == table.c.id, others.c.person_id == Person.id, Person.erased_at.is_(None)
    )
    for column in personal(table):
        session.execute(_emptied(table, column, table.c.id.in_(mine) & ~someone_left))


def _empty_nobodys(session: Session, now: int) -> None:
    """No file holds belongings without a contract: whoever they were given to, or who was a witness, is in no other."""
    owners = (
        select(Custody.id, Site.organisation_id)
        .join(Locker, Locker.id == Custody.locker_id)
        .join(Bank, Bank.id == Locker.bank_id)
        .join(Site, Site.id == Bank.site_id)
        .where(Custody.contract_id.is_(None), Custody.closed_at.is_not(None))
    )
    for organisation_id in set(session.scalars(select(owners.subquery().c.organisation_id))):
        before = now - terms_of(session, organisation_id).file_days * DAY_MS
        theirs = owners.where(Site.organisation_id == organisation_id, Custody.closed_at <= before)
        ids = select(theirs.subquery().c.id)
        for model, key in ((KeptThing, KeptThing.custody_id), (Custody, Custody.id)):
            table: Table = model.__table__  # type: ignore[assignment]
            for column in personal(table):
                session.execute(_emptied(table, column, key.in_(ids)))


def _newest(session: Session, part: Part, person_id: str | None = None) -> Iterator[tuple[str, int]]:
    """For each person the newest instant or day in this part of their file."""
    for newest in _newest_of(part, one=person_id is not None):
        for row in session.execute(newest, {"whose": person_id}):
            instants = [instant_of(value) for value in row[1:] if value is not None]
            if row[0] is not None and instants:
                yield row[0], max(instants)


@cache
def _newest_of(part: Part, *, one: bool) -> Sequence[Select[Any]]:
    times = [func.max(column) for column in part.table.columns if is_time(column)]
    found = []
    for query in part.owners() if times else ():
        owner = query.selected_columns[0]
        newest = query.add_columns(*times).group_by(owner)
        found.append(newest.where(owner == _WHOSE) if one else newest)
    return found


def _last_at(session: Session, person_id: str) -> int:
    """When something last happened in a file, or will."""
    return max(at for part in parts() for _person_id, at in _newest(session, part, person_id))


def _with_belongings(session: Session) -> Iterator[str]:
    """Whose things are in safekeeping or in the luggage room, from while they were on the contract or before; whose
    deposit is held."""
    for kept, since, until in (
        (Custody, Custody.begun_at, Custody.closed_at),
        (Luggage, Luggage.in_at, Luggage.out_at),
    ):
        theirs = select(Party.person_id).join(kept, kept.contract_id == Party.contract_id)
        there = or_(Party.until_at.is_(None), Party.until_at > since)
        yield from session.scalars(theirs.where(there, until.is_(None)))
    yield from with_deposits(session)
