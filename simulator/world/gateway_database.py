"""The gateway's database in the world: SQLite in memory, migrated once a process, and what may go wrong with it."""

import sqlite3
from functools import cache
from typing import Any, NoReturn

from sqlalchemy import event
from sqlalchemy.exc import OperationalError

from gateway import migrations
from gateway.db import Database
from gateway.privacy.field_keys import FieldKeys
from gateway.privacy.fields import use_keys
from simulator.world.chance import Chance

_WRITES = ("INSERT", "UPDATE", "DELETE")
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
        self.database = _idle.pop() if _idle else Database("sqlite://")
        use_keys(self.database.engine, keys)
        self.connection = _raw(self.database)
        self._hooks: list[tuple[str, Any]] = []
        self.slow_ms = 0
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
        self._hook("do_execute", lambda *_: _fail("unable to open database file"))

    def full(self) -> None:
        """Reading goes on; what would write fails."""

        def refuse(_cursor: object, statement: str, *_: object) -> None:
            if statement.lstrip().startswith(_WRITES):
                _fail("database or disk is full")

        self._hook("do_execute", refuse)
        self._hook("do_executemany", refuse)

    def full_at_commit(self) -> None:
        """Everything seems to go well until it has to be kept."""

        def refuse(_connection: object) -> NoReturn:
            raise OperationalError("COMMIT", {}, sqlite3.OperationalError("database or disk is full"))

        self._hook("commit", refuse)

    def die_at_commit(self) -> None:
        """The process is killed when it next commits, before that counts."""

        def die(_connection: object) -> NoReturn:
            self.heal()
            raise Killed

        self._hook("commit", die)

    @property
    def is_disturbed(self) -> bool:
        """Whether any of that is so, or it is slow."""
        return bool(self._hooks) or self.slow_ms > 0

    def heal(self) -> None:
        """All of that is over."""
        for name, hook in self._hooks:
            event.remove(self.database.engine, name, hook)
        self._hooks.clear()
        self.slow_ms = 0

    def _hook(self, name: str, hook: Any) -> None:
        event.listen(self.database.engine, name, hook)
        self._hooks.append((name, hook))


def _fail(why: str) -> NoReturn:
    raise sqlite3.OperationalError(why)
