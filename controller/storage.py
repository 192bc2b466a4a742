"""What a controller asks of the disk it lives on, and this machine's own. All of it raises OSError or sqlite3.Error."""

import os
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

from wire.keys import load_or_make_key


class Rows(Protocol):
    """What a statement answers."""

    @property
    def lastrowid(self) -> int | None:
        """The number that SQLite gave the row inserted."""

    def fetchone(self) -> Any:
        """The next row, None behind the last."""

    def fetchall(self) -> list[Any]:
        """All rows that are left."""

    def __iter__(self) -> Iterator[Any]:
        """The rows that are left, one by one."""

    def close(self) -> None:
        """No more rows are wanted."""


class Connection(Protocol):
    """What is used of sqlite3.Connection (isolation_level None: nothing begins by itself)."""

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction is open."""

    def execute(self, sql: str, parameters: Sequence[Any] = ..., /) -> Rows:
        """Run one statement."""

    def executemany(self, sql: str, parameters: Iterable[Sequence[Any]], /) -> Rows:
        """Run one statement for each row of parameters."""

    def executescript(self, script: str, /) -> Rows:
        """Run several statements."""

    def close(self) -> None:
        """Roll back what is open and close."""


class Storage(Protocol):
    """One disk: SQLite databases, and small files that are replaced whole."""

    def connect(self, path: Path, *, read_only: bool = False) -> Connection:
        """A connection to the database in `path`, which may be used by one thread after the other."""

    def size(self, path: Path) -> int:
        """The size of a file in bytes."""

    def names(self, folder: Path) -> list[str]:
        """The names in a folder, in no order."""

    def read(self, path: Path) -> bytes:
        """A whole file."""

    def replace(self, path: Path, content: bytes) -> None:
        """Write a file (mode 0600) in one step: a power cut leaves the old one or the new one, afterwards the new.

        What root writes belongs to its folder's owner.
        """

    def write_again(self, path: Path) -> None:
        """Write a file's own content over it and sync: a sync that failed may have left it in memory only."""

    def key(self, path: Path) -> bytes:
        """The 32 private bytes kept in a file, made if absent. Raises KeyMaterialError if it holds something else."""

    def move(self, path: Path, target: Path) -> None:
        """Give a file another name in the same folder."""

    def free_bytes(self, folder: Path) -> int:
        """Room for this program on the disk that holds `folder`."""


class MachineStorage:
    """The disk under this machine's file system."""

    def connect(self, path: Path, *, read_only: bool = False) -> Connection:
        """See Storage."""
        return _only_reading(path) if read_only else _connected(str(path))

    def size(self, path: Path) -> int:
        """See Storage."""
        return path.stat().st_size

    def names(self, folder: Path) -> list[str]:
        """See Storage."""
        return os.listdir(folder)

    def read(self, path: Path) -> bytes:
        """See Storage."""
        return path.read_bytes()

    def replace(self, path: Path, content: bytes) -> None:
        """See Storage."""
        draft = path.with_name(path.name + ".new")
        draft.unlink(missing_ok=True)  # somebody else's, perhaps, or a link to what is
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            if os.geteuid() == 0:  # a tool that was run as root, for whoever the folder belongs to
                folder = path.parent.stat()
                os.fchown(file.fileno(), folder.st_uid, folder.st_gid)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
        directory = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)

    def write_again(self, path: Path) -> None:
        """See Storage."""
        with path.open("r+b") as file:
            content = file.read()
            file.seek(0)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())

    def key(self, path: Path) -> bytes:
        """See Storage."""
        return load_or_make_key(path)

    def move(self, path: Path, target: Path) -> None:
        """See Storage."""
        path.replace(target)

    def free_bytes(self, folder: Path) -> int:
        """See Storage."""
        disk = os.statvfs(folder)
        return disk.f_bavail * disk.f_frsize


def _connected(address: str) -> sqlite3.Connection:
    uri = address.startswith("file:")
    return sqlite3.connect(address, isolation_level=None, check_same_thread=False, uri=uri, timeout=2.0)


def _only_reading(path: Path) -> sqlite3.Connection:
    """A full or read-only disk has no room for a log's index; after an orderly end there is none, and no log either."""
    address = path.absolute().as_uri()
    connection = _connected(f"{address}?mode=ro")
    try:
        connection.execute("PRAGMA schema_version").fetchone()
    except sqlite3.Error as error:
        connection.close()
        log = path.with_name(path.name + "-wal")
        if not isinstance(error, sqlite3.OperationalError) or (log.exists() and log.stat().st_size):
            raise
        return _connected(f"{address}?immutable=1")
    return connection


MACHINE = MachineStorage()
