"""Connections to databases on a simulated disk, which look like those of sqlite3 and share one of SQLite's."""

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from typing import Any

import apsw

from simulator.world.disk_vfs import VFS


class SharedDatabase:
    """One connection of SQLite's, for all who would have had one each."""

    def __init__(self, path: str, *, read_only: bool) -> None:
        flags = apsw.SQLITE_OPEN_READONLY if read_only else apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE
        self.users = 0
        self.failed = False
        self.closed = False
        self.apsw = apsw.Connection(path, flags=flags, vfs=VFS)
        self.cursor = self.apsw.cursor()  # one for all: what a statement answers is fetched at once
        # A WAL without shared memory is possible for one exclusive connection alone.
        for setting in ("locking_mode=EXCLUSIVE", "temp_store=MEMORY"):
            self.apsw.pragma(*setting.split("="))

    def close(self, *, checkpoint: bool) -> None:
        """Give it up: with a last checkpoint, as the last of several connections does, or as it is."""
        if not self.closed:
            self.closed = True
            if not checkpoint:
                self.apsw.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
            with suppress(apsw.Error):  # a last checkpoint that fails is as good as none
                self.apsw.close(True)


class _Rows:
    """What a statement has answered, all of it: none stays open in a connection that is shared."""

    __slots__ = ("_connection", "_rows")

    def __init__(self, rows: list[Any], connection: apsw.Connection) -> None:
        self._rows = iter(rows)
        self._connection = connection

    @property
    def lastrowid(self) -> int:
        """Of the statement, until the next one."""
        return self._connection.last_insert_rowid()

    def fetchone(self) -> Any:
        return next(self._rows, None)

    def fetchall(self) -> list[Any]:
        return list(self._rows)

    def __iter__(self) -> Iterator[Any]:
        return self._rows

    def close(self) -> None:
        return


class SharedConnection:
    """What is used of sqlite3.Connection, on a connection that is shared; raises what sqlite3 would."""

    def __init__(self, shared: Callable[[], SharedDatabase]) -> None:
        self._shared = shared
        self._settings: list[str] = []
        self._open = True
        self._database = self._entered()

    def _entered(self) -> SharedDatabase:
        try:
            database = self._shared()
        except apsw.Error as error:
            raise _as_sqlite3(error) from error
        database.users += 1
        return database

    def _current(self) -> SharedDatabase:
        """SQLite's connection; a new one, set as the one before, if somebody else has had to give that up."""
        if self._database.closed:
            self._database = self._entered()
            for setting in self._settings:
                self._database.apsw.execute(setting).close()
        return self._database

    @property
    def in_transaction(self) -> bool:
        return not self._database.closed and self._database.apsw.in_transaction

    def execute(self, sql: str, parameters: Sequence[Any] = ()) -> _Rows:
        try:
            database = self._current()
            rows = _Rows(database.cursor.execute(sql, parameters).fetchall(), database.apsw)
        except apsw.Error as error:
            raise self.failed(error) from error
        if sql.startswith("PRAGMA") and "=" in sql:
            self._settings.append(sql)
        return rows

    def executemany(self, sql: str, parameters: Iterable[Sequence[Any]]) -> _Rows:
        try:
            database = self._current()
            return _Rows(database.cursor.executemany(sql, parameters).fetchall(), database.apsw)
        except apsw.Error as error:
            raise self.failed(error) from error

    def executescript(self, script: str) -> _Rows:
        return self.execute(script)

    def failed(self, error: apsw.Error) -> sqlite3.Error:
        """What sqlite3 would raise; after anything but a broken constraint the shared connection is not trusted."""
        self._database.failed = self._database.failed or not isinstance(error, apsw.ConstraintError)
        return _as_sqlite3(error)

    def close(self) -> None:
        database, was_open, self._open = self._database, self._open, False
        if not was_open or database.closed:
            return
        database.users -= 1
        try:
            if database.apsw.in_transaction:
                database.apsw.execute("ROLLBACK")
        except apsw.Error:
            database.failed = True
        if not database.users or database.failed:
            database.close(checkpoint=not database.users)


_KINDS: dict[type[apsw.Error], type[sqlite3.Error]] = {
    apsw.ConstraintError: sqlite3.IntegrityError,
    apsw.CorruptError: sqlite3.DatabaseError,
    apsw.NotADBError: sqlite3.DatabaseError,
}


def _as_sqlite3(error: apsw.Error) -> sqlite3.Error:
    raised = _KINDS.get(type(error), sqlite3.OperationalError)(str(error))
    raised.sqlite_errorcode = getattr(error, "extendedresult", 0) or getattr(error, "result", 0) or apsw.SQLITE_ERROR
    return raised
