"""Statements compiled once for each kind of database, for the few paths on which each of many entries goes.

For an execution SQLAlchemy needs many times what the database does: these go to the driver's cursor as they are. What
goes in and comes out is not converted: plain numbers, texts and bytes only. What is pending is not flushed before.
"""

from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter
from typing import Any

from sqlalchemy import BindParameter, ClauseElement, Connection, bindparam
from sqlalchemy.exc import DBAPIError

Values = Mapping[str, Any]
Row = tuple[Any, ...]


class Prepared:
    """`run` with the values of all its bound parameters; `run_many` with many of them. It has no literal values."""

    def __init__(self, statement: ClauseElement) -> None:
        self._statement = statement
        self._compiled: dict[str, tuple[str, Callable[[Values], Any]]] = {}

    def run(self, connection: Connection, values: Values) -> list[Row]:
        """Its rows, none for a statement that answers nothing. Raises what the database raises, as SQLAlchemy does."""
        sql, ordered = self._for(connection)
        return carry_out(connection, sql, ordered(values))

    def first(self, connection: Connection, values: Values) -> Row | None:
        """The first of its rows. Raises as `run`."""
        rows = self.run(connection, values)
        return rows[0] if rows else None

    def run_many(self, connection: Connection, rows: Sequence[Values]) -> None:
        """Once for each of `rows`, of which there is at least one. Raises as `run`."""
        sql, ordered = self._for(connection)
        carry_out(connection, sql, list(map(ordered, rows)), many=True)

    def _for(self, connection: Connection) -> tuple[str, Callable[[Values], Any]]:
        """Its text, and what brings its parameters into their order where they have no names."""
        dialect = connection.dialect
        found = self._compiled.get(dialect.name)
        if found is None:
            compiled: Any = self._statement.compile(dialect=dialect)
            found = self._compiled[dialect.name] = (str(compiled), _order(compiled.positiontup))
        return found


class PreparedForSome:
    """One statement for each size of its lists: `make` gives the one for lists of that many, which `some` writes.

    Lists are filled up with their last value, to one size of few.
    """

    def __init__(self, make: Callable[[int], ClauseElement]) -> None:
        self._make = make
        self._of_size: dict[int, Prepared] = {}

    def run(self, connection: Connection, values: Values, **lists: Sequence[Any]) -> list[Row]:
        """See Prepared. Each list holds at least one value."""
        size = 1 << (max(map(len, lists.values())) - 1).bit_length()
        prepared = self._of_size.get(size)
        if prepared is None:
            prepared = self._of_size[size] = Prepared(self._make(size))
        filled = {f"{name}{at}": one for name, some in lists.items() for at, one in enumerate(_filled(some, size))}
        return prepared.run(connection, {**values, **filled})


def some(name: str, size: int) -> list[BindParameter[Any]]:
    """What stands for a list of `size` in a statement for PreparedForSome."""
    return [bindparam(f"{name}{at}") for at in range(size)]


def carry_out(connection: Connection, sql: str, parameters: Any = (), *, many: bool = False) -> list[Row]:
    """One statement in the driver's own words, and its rows. Raises what the database raises, as SQLAlchemy does."""
    dialect, driver = connection.dialect, connection.connection
    errors = dialect.loaded_dbapi.Error
    try:
        cursor = driver.cursor()
        try:
            (cursor.executemany if many else cursor.execute)(sql, parameters)
            return [] if cursor.description is None else list(cursor.fetchall())
        finally:
            cursor.close()
    except errors as error:
        lost = dialect.is_disconnect(error, driver, None)
        if lost:
            connection.invalidate(error)
        raise DBAPIError.instance(
            sql, None, error, errors, connection_invalidated=lost, dialect=dialect, ismulti=many
        ) from error


def _filled(values: Sequence[Any], size: int) -> Sequence[Any]:
    return [*values, *[values[-1]] * (size - len(values))]


def _order(names: Sequence[str] | None) -> Callable[[Values], Any]:
    if names is None:
        return lambda values: values
    if len(names) > 1:
        return itemgetter(*names)
    return lambda values: tuple([values[name] for name in names])
