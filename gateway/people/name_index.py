"""Finds people by how the words of their names begin, without the database knowing a name.

Each beginning of each word is kept as a keyed hash (64 bits of HMAC-SHA-256). Whoever has the database but not the
keys learns which names share beginnings and how often, and no letter. Kept up to date by the tables themselves.
"""

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Select, bindparam, delete, event, insert, inspect, select
from sqlalchemy.orm import Mapper, Session

from gateway.people.models import NameToken, OtherName, Person
from gateway.prepared import Prepared
from gateway.privacy.field_keys import FieldKeys
from gateway.privacy.fields import keys_for, keys_of

# Longer beginnings single out nobody more.
MAX_LETTERS = 12
_PLACE = "person.name"
_ADD = Prepared(insert(NameToken).values(token=bindparam("token"), person_id=bindparam("person_id")))


def words(text: str) -> list[str]:
    """The words of a name without case, accents and punctuation, each once."""
    plain = "".join(letter for letter in unicodedata.normalize("NFKD", text) if not unicodedata.combining(letter))
    apart = "".join(letter if letter.isalnum() else " " for letter in plain.casefold())
    return list(dict.fromkeys(apart.split()))


def beginnings(name: str) -> set[str]:
    """Everything that finds this name."""
    return {word[:length] for word in words(name) for length in range(1, min(len(word), MAX_LETTERS) + 1)}


def matching(session: Session, query: Select[Person], search: str) -> Select[Person]:
    """Narrows to people of whom every word of `search` begins a word of a name; a search without words finds none."""
    keys, wanted = keys_of(session), words(search)
    if not wanted:
        return query.where(Person.id.is_(None))
    for word in wanted:
        tokens = keys.tokens(_PLACE, word[:MAX_LETTERS])
        query = query.where(Person.id.in_(select(NameToken.person_id).where(NameToken.token.in_(tokens))))
    return query


def reindex(connection: Connection, people: Mapping[str, Iterable[str]]) -> None:
    """Writes the index of these people anew, from their names: for rows that were not added one by one."""
    connection.execute(delete(NameToken).where(NameToken.person_id.in_(list(people))))
    _index(connection, people)


def _index(connection: Connection, people: Mapping[str, Iterable[str]]) -> None:
    keys = keys_for(connection.dialect)
    rows = [
        {"token": token, "person_id": person_id}
        for person_id, names in people.items()
        for token in _tokens(keys, names)
    ]
    if rows:
        _ADD.run_many(connection, rows)


def _tokens(keys: FieldKeys, names: Iterable[str]) -> Sequence[int]:
    starts = {start for name in names for start in beginnings(name)}
    return sorted({keys.token(_PLACE, start) for start in starts})


def reindex_person(connection: Connection, person_id: str) -> None:
    """Writes one person's index anew, from what the database has."""
    names = connection.scalars(select(Person.name).where(Person.id == person_id)).all()
    others = connection.scalars(select(OtherName.name).where(OtherName.person_id == person_id)).all()
    reindex(connection, {person_id: [*names, *others]})


@event.listens_for(Person, "after_insert")
def _person_added(_mapper: Mapper[Any], connection: Connection, person: Person) -> None:
    _index(connection, {person.id: [person.name]})


@event.listens_for(Person, "after_update")
def _person_changed(_mapper: Mapper[Any], connection: Connection, person: Person) -> None:
    if inspect(person).attrs.name.history.has_changes():
        reindex_person(connection, person.id)


@event.listens_for(OtherName, "after_insert")
@event.listens_for(OtherName, "after_update")
@event.listens_for(OtherName, "after_delete")
def _name_changed(_mapper: Mapper[Any], connection: Connection, name: OtherName) -> None:
    reindex_person(connection, name.person_id)
