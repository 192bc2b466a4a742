"""The gateway's database in the world: SQLite in memory, migrated once a process, and what may go wrong with it."""

import hashlib
import sqlite3
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, NoReturn, Self

import msgspec
from sqlalchemy import event
from sqlalchemy.exc import OperationalError

from gateway import migrations
from gateway.db import Database
from gateway.privacy.field_keys import FieldKeys
from gateway.privacy.fields import use_keys
from simulator.world.chance import Chance

_TABLES = "SELECT name FROM sqlite_schema WHERE type='table' ORDER BY name"
_packed = msgspec.msgpack.Encoder().encode
_WRITES = ("INSERT", "UPDATE", "DELETE")
# Raises where a statement is refused.
Refusal = Callable[[str], None]
# Engines that are free: what they have compiled is kept from one world to the next.
_idle: list[Database] = []


class Killed(BaseException):
    """The gateway's process ends here: nothing in it may catch this."""


@cache
def _template() -> bytes:
    """A database that is migrated and empty: the same for every seed, and no seed's randomness goes into it."""
    database = Database("sqlite://")
    try:
        with Chance("template").seeded_os():
            migrations.migrate(database)
        return _raw(database).serialize()
    finally:
        database.close()


class _Connection(sqlite3.Connection):
    """What the driver opens; a database that is disturbed puts another `cursor` in the place of its own."""


class _Cursor(sqlite3.Cursor):
    """A cursor of a database that is disturbed: each statement of anyone's is asked about first."""

    def __init__(self, connection: sqlite3.Connection, refusals: Sequence[Refusal]) -> None:
        super().__init__(connection)
        self._refusals = refusals

    def execute(self, sql: str, parameters: Any = (), /) -> Self:
        self._ask(sql)
        return super().execute(sql, parameters)

    def executemany(self, sql: str, parameters: Any, /) -> Self:
        self._ask(sql)
        return super().executemany(sql, parameters)

    def _ask(self, sql: str) -> None:
        for refusal in self._refusals:
            refusal(sql)


def _opened() -> Database:
    database = Database("sqlite://")
    event.listen(
        database.engine, "do_connect", lambda _dialect, _record, _given, named: named.update(factory=_Connection)
    )
    return database


def _raw(database: Database) -> sqlite3.Connection:
    """The one connection of a database in memory."""
    pooled = database.engine.raw_connection()
    try:
        connection = pooled.driver_connection
        assert isinstance(connection, sqlite3.Connection)
        return connection
    finally:
        pooled.close()


class GatewayDatabase:
    """`database` is what the gateway uses. It survives the gateway's process; what was not committed does not."""

    def __init__(self, keys: FieldKeys) -> None:
        self.database = _idle.pop() if _idle else _opened()
        use_keys(self.database.engine, keys)
        self.connection = _raw(self.database)
        self._refusals: list[Refusal] = []
        self._commits: list[Callable[[object], NoReturn]] = []
        self.slow_ms = 0
        self.refused = 0  # how often it has said no
        self.empty()

    def close(self) -> None:
        """Nobody uses it any more."""
        self.heal()
        self.database.listeners.clear()
        _idle.append(self.database)

    def empty(self) -> None:
        """A new database, migrated, with nothing in it."""
        self.restore(_template())

    def backup(self) -> bytes:
        """Everything that is committed."""
        return self.connection.serialize()

    def rows_hash(self) -> str:
        """SHA-256 over every row of every table, in hex; whatever order or version of SQLite they come from."""
        found = hashlib.sha256()
        for (table,) in self.connection.execute(_TABLES).fetchall():
            rows = self.connection.execute(f'SELECT * FROM "{table}"')  # noqa: S608 - a name of ours
            found.update(b"".join([_packed(table), *sorted(map(_packed, rows))]))
        return found.hexdigest()

    def restore(self, saved: bytes) -> None:
        """The database as it was then."""
        source = sqlite3.connect(":memory:")
        try:
            source.deserialize(saved)
            source.backup(self.connection)
        finally:
            source.close()

    def down(self) -> None:
        """It cannot be reached: every statement fails, the first of a unit of work too."""
        self._refuse(lambda _: self._fail("unable to open database file"))

    def full(self) -> None:
        """Reading goes on; what would write fails."""

        def refuse(statement: str) -> None:
            if statement.lstrip().startswith(_WRITES):
                self._fail("database or disk is full")

        self._refuse(refuse)

    def full_at_commit(self) -> None:
        """Everything seems to go well until it has to be kept."""

        def refuse(_connection: object) -> NoReturn:
            self.refused += 1
            raise OperationalError("COMMIT", {}, sqlite3.OperationalError("database or disk is full"))

        self._at_commit(refuse)

    def die_at_commit(self) -> None:
        """The process is killed when it next commits, before that counts."""

        def die(_connection: object) -> NoReturn:
            self.heal()
            raise Killed

        self._at_commit(die)

    @property
    def is_disturbed(self) -> bool:
        """Whether any of that is so, or it is slow."""
        return bool(self._refusals or self._commits) or self.slow_ms > 0

    def heal(self) -> None:
        """All of that is over."""
        for hook in self._commits:
            event.remove(self.database.engine, "commit", hook)
        self._commits.clear()
        self._refusals.clear()
        vars(self.connection).pop("cursor", None)
        self.slow_ms = 0

    def _refuse(self, refusal: Refusal) -> None:
        self._refusals.append(refusal)
        vars(self.connection)["cursor"] = lambda: _Cursor(self.connection, self._refusals)

    def _at_commit(self, hook: Callable[[object], NoReturn]) -> None:
        event.listen(self.database.engine, "commit", hook)
        self._commits.append(hook)

    def _fail(self, why: str) -> NoReturn:
        self.refused += 1
        raise sqlite3.OperationalError(why)
