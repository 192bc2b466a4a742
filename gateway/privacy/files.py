"""What makes up one person's file: every table that leads to a person by its foreign keys, found by themselves."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from sqlalchemy import Column, ColumnElement, Table, or_, select
from sqlalchemy.sql import Select

from gateway import tables
from gateway.people.models import Person

# An account of staff is no part of a file, whoever it belongs to; the index holds nothing of its own.
NOT_IN_FILES = frozenset({"staff", "name_token"})
# About several people at once: nobody's file holds it; it is emptied with the last of them.
SHARED: Mapping[str, str] = {"incident": "incident_person"}


@dataclass(frozen=True)
class Part:
    """One table of the file: its rows are those that point, with `keys`, at rows of the parts before it."""

    table: Table
    keys: Sequence[tuple[Column[str], "Part"]]

    def ids(self, person_id: str | ColumnElement[str]) -> ColumnElement[bool]:
        """The condition that picks the person's rows."""
        if not self.keys:
            return self.table.c.id == person_id
        return or_(*(_leads(key, parent, person_id) for key, parent in self.keys))

    def owners(self) -> Sequence[Select[str]]:
        """For each way to a person: the person's id, selected from this table and what it is joined to."""
        if not self.keys:
            return [select(self.table.c.id)]
        found = []
        for key, parent in self.keys:
            if not parent.keys:
                found.append(select(key))
                continue
            target = next(iter(key.foreign_keys)).column
            found += [way.join(self.table, key == target) for way in parent.owners()]
        return found


def _leads(key: Column[str], parent: Part, person_id: str | ColumnElement[str]) -> ColumnElement[bool]:
    if not parent.keys:
        return key == person_id
    target = next(iter(key.foreign_keys)).column
    return key.in_(select(target).where(parent.ids(person_id)))


@cache
def parts() -> Sequence[Part]:
    """The person, then every table that leads there, the nearest first; by the shortest ways only."""
    root = Part(Person.__table__, ())  # type: ignore[arg-type]
    known, edge = {root.table.name: root}, [root]
    while edge:
        reached = {part.table.name: part for part in edge}
        edge = []
        for table in sorted(tables.METADATA.tables.values(), key=lambda one: one.name):
            if table.name in known or table.name in NOT_IN_FILES:
                continue
            keys = [
                (foreign.parent, reached[foreign.column.table.name])
                for foreign in sorted(table.foreign_keys, key=lambda one: one.parent.name)
                if foreign.column.table.name in reached
            ]
            if keys:
                edge.append(Part(table, tuple(keys)))
        known.update({part.table.name: part for part in edge})
    return tuple(known.values())
