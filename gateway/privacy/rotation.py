"""A new field key: everything sealed is sealed again under it, then the old keys go."""

from collections.abc import Iterator, Sequence

from sqlalchemy import Column, Table, Text, bindparam, func, select, type_coerce, update
from sqlalchemy.orm import Session

from gateway.audit import service as audit
from gateway.db import Base, Database
from gateway.people import name_index
from gateway.people.models import OtherName, Person
from gateway.privacy.fields import EncryptedText, keys_of

AT_A_TIME = 500


def sealed_columns() -> list[tuple[Table, Column[str]]]:
    """Every sealed column there is."""
    return [
        (table, column)
        for table in Base.metadata.sorted_tables
        for column in table.columns
        if isinstance(column.type, EncryptedText)
    ]


def rotate(database: Database, *, actor: str, now: int) -> int:
    """Makes a new key, seals everything again under it, drops the older ones; the number of values sealed again.

    Others go on working meanwhile, in short waits. If it is cut off, running it again finishes it: the older keys
    stay until nothing is sealed under them.
    """
    with database.writing() as session:
        made = keys_of(session).add()
        audit.record(session, actor=actor, action="field_key_added", subject=made, now=now)
    count = sum(_reseal(database, table, column) for table, column in sealed_columns())
    _reindex(database)
    with database.writing() as session:
        gone = [] if _left(session) else keys_of(session).drop_old()
        audit.record(
            session, actor=actor, action="field_keys_dropped", subject=made, now=now, values=count, keys=len(gone)
        )
    return count


def _reseal(database: Database, table: Table, column: Column[str]) -> int:
    """Batch after batch, each a unit of its own: whatever is written meanwhile is under the new key already."""
    keys, count = list(table.primary_key.columns), 0
    raw = type_coerce(column, Text)
    change = (
        update(table)
        .where(*(key == bindparam(f"key_{key.name}") for key in keys))
        .values({column.name: bindparam("text", type_=column.type)})
    )
    while True:
        with database.writing() as session:
            current = keys_of(session).current
            stale = select(*keys, column.label("text")).where(raw.not_like(f"{current}.%")).limit(AT_A_TIME)
            rows = session.execute(stale).all()
            if not rows:
                return count
            values = [{**{f"key_{key.name}": row[at] for at, key in enumerate(keys)}, "text": row.text} for row in rows]
            session.connection().execute(change, values)
            count += len(rows)


def _left(session: Session) -> int:
    """How many values are still sealed under an older key."""
    current = keys_of(session).current
    return sum(
        session.scalar(select(func.count()).where(type_coerce(column, Text).not_like(f"{current}.%"))) or 0
        for _table, column in sealed_columns()
    )


def _reindex(database: Database) -> None:
    after = ""
    while True:
        with database.writing() as session:
            people = session.scalars(
                select(Person.id).where(Person.id > after).order_by(Person.id).limit(AT_A_TIME)
            ).all()
            if not people:
                return
            name_index.reindex(session.connection(), dict(_names(session, people)))
            after = people[-1]


def _names(session: Session, people: Sequence[str]) -> Iterator[tuple[str, list[str]]]:
    found: dict[str, list[str]] = {person_id: [] for person_id in people}
    for person_id, name in session.execute(select(Person.id, Person.name).where(Person.id.in_(people))):
        found[person_id].append(name)
    for person_id, name in session.execute(
        select(OtherName.person_id, OtherName.name).where(OtherName.person_id.in_(people))
    ):
        found[person_id].append(name)
    yield from found.items()
