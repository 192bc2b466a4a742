"""Statements compiled once for each kind of database, for the few paths on which each of many entries goes.

For an execution SQLAlchemy needs several times what SQLite does, most of it to find a statement it has compiled
before. What goes in and comes out is not converted: plain numbers, texts and bytes only.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ClauseElement, Connection, CursorResult

Values = Mapping[str, Any]


class Prepared:
    """`run` with the values of all its bound parameters; `run_many` with many of them. It has no literal values."""

    def __init__(self, statement: ClauseElement) -> None:
        self._statement = statement
        self._compiled: dict[str, tuple[str, Sequence[str] | None]] = {}

    def run(self, connection: Connection, values: Values) -> CursorResult[*tuple[Any, ...]]:
        """Raises what the database raises, as SQLAlchemy does."""
        sql, order = self._for(connection)
        return connection.exec_driver_sql(sql, _in_order(values, order))

    def run_many(self, connection: Connection, rows: Sequence[Values]) -> None:
        """Once for each of `rows`, of which there is at least one."""
        sql, order = self._for(connection)
        connection.exec_driver_sql(sql, [_in_order(row, order) for row in rows])

    def _for(self, connection: Connection) -> tuple[str, Sequence[str] | None]:
        """Its text, and the order of its parameters where they have no names."""
        dialect = connection.dialect
        found = self._compiled.get(dialect.name)
        if found is None:
            compiled: Any = self._statement.compile(dialect=dialect)
            found = self._compiled[dialect.name] = (str(compiled), compiled.positiontup)
        return found


def _in_order(values: Values, order: Sequence[str] | None) -> Any:
    return values if order is None else tuple([values[name] for name in order])
