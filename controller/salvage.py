"""Sets a corrupt journal aside and saves what can still be read of it: state, and entries that have no receipt.

Of a journal that is gone altogether there is the copy of its state. A power cut in the middle of it loses nothing: the
next start goes on where it ended.
"""

import logging
import re
import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path

from controller.state_copy import COPY_NAME, read_copy
from controller.storage import MACHINE, Connection, Storage
from controller.store import Store
from wire.chain import link

_log = logging.getLogger("controller.salvage")
# Sessions begun since the copy was made are unknown; numbers must still rise.
SESSION_MARGIN = 1_000_000
# State that says: what was set aside, or its copy, has been brought over, and no epoch has told of it yet.
BROUGHT_OVER = "set_aside"
# State that names the journal set aside that was brought over last: a copy that says so was made since.
SALVAGED = "salvaged"
_ASIDE = re.compile(r".*\.set-aside-(\d+)")


def set_aside(path: Path, storage: Storage = MACHINE) -> None:
    """Move the database and its WAL out of the way, under a name that keeps them together. Raises OSError.

    The database goes last: where it still stands beside a WAL already moved, `open_store` moves it too.
    """
    names = storage.names(path.parent)
    target = path.with_name(f"{path.name}.set-aside-{max(_asides(names), default=0) + 1}")
    for suffix in ("-wal", "-shm", ""):
        if path.name + suffix in names:
            storage.move(path.with_name(path.name + suffix), target.with_name(target.name + suffix))


def newest_aside(path: Path, storage: Storage = MACHINE) -> Path | None:
    """The database that was set aside last, if any was."""
    number = max(_asides(storage.names(path.parent)), default=None)
    return None if number is None else path.with_name(f"{path.name}.set-aside-{number}")


def _asides(names: Iterable[str]) -> list[int]:
    return [int(found[1]) for name in names if (found := _ASIDE.fullmatch(name.removesuffix("-wal")))]


def open_store(path: Path, storage: Storage = MACHINE) -> Store:
    """The database; an empty one gets what can be read of the one that was set aside, and of the copy of its state.

    Raises sqlite3.Error, OSError.
    """
    aside = newest_aside(path, storage)
    names = storage.names(path.parent)
    if aside is not None and aside.name not in names and path.name in names:
        storage.move(path, aside)
    store = Store(path, storage)
    try:
        if store.is_empty():
            copied = copied_state(path, storage)
            if aside is not None or copied:
                _salvage(aside, copied, store, storage)
    except BaseException:
        store.close()
        raise
    return store


def copied_state(path: Path, storage: Storage = MACHINE) -> dict[str, bytes]:
    """The copy of the state beside the database `path`, with a session number that none before it has reached."""
    state = read_copy(path.with_name(COPY_NAME), storage)
    if "session" in state:
        state["session"] = b"%d" % (int(state["session"]) + SESSION_MARGIN)
    return state


def _salvage(old: Path | None, copied: dict[str, bytes], new: Store, storage: Storage) -> None:
    """Bring over what is readable: each state value, else its copy; each epoch's entries without receipt.

    A copy that was made since `old` was brought over, into a database that is gone too, knows better. Entries are taken
    only as far as their chain holds. sqlite3.Error of `new` passes through; that of `old` ends the reading of a part.
    """
    name = b"" if old is None else old.name.encode()
    new.begin()
    try:
        found = {} if old is None else _bring_over(old, new, storage)
        is_since = copied.get(SALVAGED) == name != found.get(SALVAGED)
        state = found | copied if is_since else copied | found
        new.put_state({**state, SALVAGED: name, BROUGHT_OVER: b""})
        new.commit()
    except BaseException:
        new.roll_back()
        raise


def _bring_over(old: Path, new: Store, storage: Storage) -> dict[str, bytes]:
    """Bring over the entries; answers the state."""
    try:
        source = storage.connect(old, read_only=True)
    except sqlite3.Error:
        _log.warning("nothing can be read of the journal that was set aside")
        return {}
    try:
        _bring_entries(source, new)
        return dict(_readable_state(source))
    finally:
        source.close()


def _readable_state(source: Connection) -> Iterator[tuple[str, bytes]]:
    try:
        names = [name for (name,) in source.execute("SELECT name FROM state")]
    except sqlite3.Error:
        return
    for name in names:
        try:
            row = source.execute("SELECT value FROM state WHERE name=?", (name,)).fetchone()
        except sqlite3.Error:
            _log.warning("state %s cannot be read; its copy is used", name)
            continue
        if row is not None and isinstance(row[0], bytes):
            yield name, row[0]


def _bring_entries(source: Connection, new: Store) -> None:
    try:
        epochs = source.execute("SELECT no, epoch, through, pruned, pruned_hash FROM epoch ORDER BY no").fetchall()
    except sqlite3.Error:
        return
    for no, epoch, through, pruned, pruned_hash in epochs:
        rows, start, start_hash = _unreceipted(source, no, max(through, pruned), pruned, pruned_hash)
        is_newest = (
            no == epochs[-1][0]
        )  # the epoch to come names its end, or a gateway would take this for another card
        if start_hash is None or not (rows or (is_newest and start)):
            continue
        number = new.add_epoch(epoch)
        new.connection.execute(
            "UPDATE epoch SET through=?, pruned=?, pruned_hash=? WHERE no=?", (start, start, start_hash, number)
        )
        new.add_entries((number, seq, line, digest) for seq, line, digest in rows)


def _unreceipted(
    source: Connection, no: int, after: int, pruned: int, pruned_hash: bytes
) -> tuple[list[tuple[int, bytes, bytes]], int, bytes | None]:
    """The entries behind `after` as far as their chain holds, `after` and the hash there, None if it is unreadable."""
    rows: list[tuple[int, bytes, bytes]] = []
    start_hash: bytes | None = None
    try:
        previous = pruned_hash
        if after > pruned:
            (previous,) = source.execute("SELECT hash FROM entry WHERE no=? AND seq=?", (no, after)).fetchone()
        start_hash = previous if isinstance(previous, bytes) else None
        for seq, line, digest in source.execute(
            "SELECT seq, line, hash FROM entry WHERE no=? AND seq>? ORDER BY seq", (no, after)
        ):
            if seq != after + len(rows) + 1 or link(previous, line) != digest:
                break
            rows.append((seq, line, digest))
            previous = digest
    except (sqlite3.Error, TypeError):
        _log.warning("not all entries of epoch %d can be read", no)
    return rows, after, start_hash
