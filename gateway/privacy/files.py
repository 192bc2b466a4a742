"""What makes up one person's file: every table that leads to a person by its foreign keys, found by themselves."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from sqlalchemy import Column, ColumnElement, Table, and_, or_, select
from sqlalchemy.sql import Select

from gateway import tables
from gateway.people.models import Person

# An account of staff is no part of a file, whoever it belongs to; the index holds nothing of its own.
NOT_IN_FILES = frozenset({"staff", "name_token"})
# About several people at once: nobody's file holds it; it is emptied with the last of them.
SHARED: Mapping[str, str] = {"incident": "incident_person"}


@dataclass(frozen=True)
class Part:
    """One table of the file: its rows are those that point, with `keys`, at rows of the parts before it.

    A row that points with none of them is whose it is by its other keys: a message for all of a contract's people, a
    badge of someone trusted.
    """

    table: Table
    keys: Sequence[tuple[Column[str], "Part"]]

    def ids(self, person_id: str | ColumnElement[str]) -> ColumnElement[bool]:
        """The condition that picks the person's rows."""
        if not self.keys:
            return self.table.c.id == person_id
        near = or_(*(_leads(key, parent, person_id) for key, parent in self.keys))
        far = [_leads(key, parent, person_id) for key, parent in self._other_keys()]
        return or_(near, and_(self._points_nowhere(), or_(*far))) if far else near

    def owners(self) -> Sequence[Select[str]]:
        """For each way to a person: the person's id, selected from this table and what it is joined to."""
        if not self.keys:
            return [select(self.table.c.id)]
        far = [way.where(self._points_nowhere()) for key, parent in self._other_keys() for way in self._by(key, parent)]
        return [way for key, parent in self.keys for way in self._by(key, parent)] + far

    def _by(self, key: Column[str], parent: "Part") -> Sequence[Select[str]]:
        if not parent.keys:
            return [select(key)]
        target = next(iter(key.foreign_keys)).column
        return [way.join(self.table, key == target) for way in parent.owners()]

    def _points_nowhere(self) -> ColumnElement[bool]:
        return and_(*(key.is_(None) for key, _parent in self.keys))

    def _other_keys(self) -> Sequence[tuple[Column[str], "Part"]]:
        if not all(key.nullable for key, _parent in self.keys):
            return []
        near, known = {key.name for key, _parent in self.keys}, {part.table.name: part for part in parts()}
        return [
            (foreign.parent, known[foreign.column.table.name])
            for foreign in sorted(self.table.foreign_keys, key=lambda one: one.parent.name)
            if foreign.parent.name not in near
            and foreign.column.table is not self.table
            and foreign.column.table.name in known
        ]


def _leads(key: Column[str], parent: Part, person_id: str | ColumnElement[str]) -> ColumnElement[bool]:
    if not parent.keys:
        return key == person_id
    target = next(iter(key.foreign_keys)).column
    return key.in_(select(target).where(parent.ids(person_id)))


@cache
def parts() -> Sequence[Part]:
    """The person, then every table that leads there, the nearest first; by the shortest ways that its rows have."""
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
