"""What makes up one person's file: every table that leads to a person by its foreign keys, found by themselves."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from sqlalchemy import Column, ColumnElement, Table, and_, or_, select
from sqlalchemy.sql import Select

from gateway import tables
from gateway.people.models import Person
from gateway.privacy.couples import CONTRACT, PARTY, span, theirs

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

    @property
    def of_a_contract(self) -> bool:
        """Whether its rows are a contract, or are a person's by the contract they name."""
        return self.table is CONTRACT or any(parent.table is CONTRACT for _key, parent in self.keys)

    def ids(self, person_id: str | ColumnElement[str], *, alone: bool = False) -> ColumnElement[bool]:
        """The condition that picks the person's rows; `alone`: those that are in no other file that is still there.

        Of a contract's rows those from while they were on it (couples.py).
        """
        if not self.keys:
            return self.table.c.id == person_id
        if self.table is CONTRACT and not alone:
            return self.table.c.id.in_(select(PARTY.c.contract_id).where(PARTY.c.person_id == person_id))
        if self.table is CONTRACT:
            return theirs(self.table.c.id, span(self.table, self.table.c.id), person_id, alone=True)
        near = or_(*(self._leads(key, parent, person_id, alone) for key, parent in self.keys))
        far = [self._leads(key, parent, person_id, alone) for key, parent in self._other_keys()]
        return or_(near, and_(self._points_nowhere(), or_(*far))) if far else near

    def owners(self) -> Sequence[Select[str]]:
        """For each way to a person: the person's id, selected from this table and what it is joined to.

        A contract is everyone's who is on it, or was at its end; whoever parted has that day in their file.
        """
        if not self.keys:
            return [select(self.table.c.id)]
        if self.table is CONTRACT:
            on_it = self.table.c.id == PARTY.c.contract_id
            return [select(PARTY.c.person_id).join(self.table, on_it).where(PARTY.c.until_at.is_(None))]
        far = [way.where(self._points_nowhere()) for key, parent in self._other_keys() for way in self._by(key, parent)]
        return [way for key, parent in self.keys for way in self._by(key, parent)] + far

    def _by(self, key: Column[str], parent: "Part") -> Sequence[Select[str]]:
        if not parent.keys:
            return [select(key)]
        target = next(iter(key.foreign_keys)).column
        return [way.join(self.table, key == target) for way in parent.owners()]

    def _leads(
        self, key: Column[str], parent: "Part", person_id: str | ColumnElement[str], alone: bool
    ) -> ColumnElement[bool]:
        if not parent.keys:
            return key == person_id
        if parent.table is CONTRACT:
            return theirs(key, span(self.table, key), person_id, alone=alone)
        target = next(iter(key.foreign_keys)).column
        return key.in_(select(target).where(parent.ids(person_id, alone=alone)))

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
