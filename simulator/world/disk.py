"""A disk in memory, as a journalling file system (ext4, data=ordered) shows it, down to what a power cut leaves.

A write is durable once its file is synced. Names and sizes are journaled in order: syncing a file commits all changes
up to the last one that concerns that file, syncing the folder commits all. Of the rest a `Survival` decides, sector
by sector; a size may have grown without its data (zeros). What was synced always survives: a disk that lies about
that is not modelled. After a sync that failed, what it should have written never gets there (as on Linux).
"""

import errno
import os
from collections.abc import Callable, Iterator
from pathlib import Path, PurePath
from random import Random
from typing import NoReturn

from simulator.world.disk_database import SharedConnection, SharedDatabase
from simulator.world.disk_vfs import address
from simulator.world.survival import SECTOR_BYTES, Chosen, Survival
from wire.errors import KeyMaterialError

ROOMY = 1 << 30
_KEY_BYTES = 32
_RUN_BYTES = 128 * SECTOR_BYTES
# What a write, sync, truncate, delete, rename or create is about to be asked of: (operation, name).
Watch = Callable[[str, str], None]


class File:
    """One file: what its readers see, and what would be left of it without power."""

    __slots__ = ("changed", "kept", "loose", "now")

    def __init__(self, changed: int = 0, content: bytes = b"") -> None:
        self.now = bytearray(content)
        self.kept = bytearray(content)
        self.changed = changed  # the last operation on its name or size
        self.loose: list[tuple[int, int, bytes | None]] = []  # operation, offset, data; or operation, size, None


class Disk:
    """One disk with one folder that matters; implements `controller.storage.Storage`."""

    def __init__(self, capacity: int = ROOMY) -> None:
        self.files: dict[str, File] = {}
        self.capacity = capacity
        self.read_only = False
        self.broken = False  # every write and sync is an I/O error
        self.stalled_until_ms = 0  # unix; until then it answers nothing (see disk_work)
        self.refuses: Callable[[str, str], int | None] | None = None  # (operation, name) -> errno of a single failure
        self.watch: Watch | None = None
        self.refusals = 0  # how many changes it has refused
        self.mended_ms = 0  # unix; when it last began to take changes again
        self.generation = 0  # handles of an earlier one are dead: their process or their machine has ended
        self._kept_names: dict[str, File] = {}
        self._moves: list[tuple[int, str, File | None]] = []  # operation, name, what it names from then on
        self._operations = 0
        self._committed = 0
        self._used = 0
        self._databases: dict[str, SharedDatabase] = {}
        # What the next boot will find, and how many changes were in doubt, once power has gone within an operation.
        self._found: tuple[Disk, int] | None = None

    @property
    def used(self) -> int:
        """Bytes in use."""
        return self._used

    @property
    def takes_nothing(self) -> bool:
        """Whether no change is taken now; SQLite, once told so, does not ask again."""
        return self.read_only or self.broken

    # Operations

    def _begin(self, operation: str, name: str) -> int:
        """Every change of the disk passes here. Raises OSError. Answers the operation's number."""
        if self.watch is not None:
            self.watch(operation, name)
        if self.read_only and operation != "sync":
            self._refuse(errno.EROFS, "read-only file system", name)
        if self.broken:
            self._refuse(errno.EIO, "the disk does not answer", name)
        if self.refuses is not None and (number := self.refuses(operation, name)) is not None:
            if operation == "sync" and name in self.files:
                self._forget_unwritten(self.files[name])
            self._refuse(number, "refused", name)
        self._operations += 1
        return self._operations

    def _refuse(self, number: int, why: str, name: str) -> NoReturn:
        self.refusals += 1
        raise OSError(number, why, name)

    def create(self, name: str) -> File:
        """A new, empty file. Raises OSError."""
        number = self._begin("create", name)
        file = self.files[name] = File(number)
        self._moves.append((number, name, file))
        return file

    def write(self, name: str, file: File, offset: int, data: bytes) -> None:
        """Overwrite or append. Raises OSError."""
        number = self._begin("write", name)
        now, end = file.now, offset + len(data)
        size = len(now)
        if end > size:
            if self._used + end - size > self.capacity:
                self._refuse(errno.ENOSPC, "no space left on device", name)
            self._resize(number, file, end)
        now[offset:end] = data
        file.loose.append((number, offset, data))

    def truncate(self, name: str, file: File, size: int) -> None:
        """Give a file that size. Raises OSError."""
        self._resize(self._begin("truncate", name), file, size)

    def _resize(self, number: int, file: File, size: int) -> None:
        self._used += size - len(file.now)
        _give_size(file.now, size)
        file.changed = number
        file.loose.append((number, size, None))

    def sync(self, name: str, file: File) -> None:
        """Make a file durable. Raises OSError."""
        self._begin("sync", name)
        kept = file.kept
        for _, offset, data in file.loose:
            if data is None:
                _give_size(kept, offset)
            else:
                kept[offset : offset + len(data)] = data
        file.loose.clear()
        self._commit(file.changed)

    def sync_folder(self) -> None:
        """Make all names durable. Raises OSError."""
        self._begin("sync", "/")
        self._commit(self._operations)

    def _commit(self, number: int) -> None:
        if number <= self._committed:
            return
        self._committed = number
        self._kept_names = _renamed(self._kept_names, self._moves, number)
        self._moves = [move for move in self._moves if move[0] > number]

    def _forget_unwritten(self, file: File) -> None:
        """A sync has failed: Linux takes its pages for clean, and no later sync writes them."""
        file.loose = [change for change in file.loose if change[2] is None]

    def delete(self, name: str) -> None:
        """Take a name away. Raises OSError."""
        if name not in self.files:
            raise FileNotFoundError(errno.ENOENT, "no such file", name)
        number = self._begin("delete", name)
        self._used -= len(self.files.pop(name).now)
        self._moves.append((number, name, None))

    def rename(self, name: str, target: str) -> None:
        """Give a file another name, in one step, in the place of another file if there is one. Raises OSError."""
        if name not in self.files:
            raise FileNotFoundError(errno.ENOENT, "no such file", name)
        number = self._begin("rename", name)
        if (database := self._databases.pop(name, None)) is not None:
            database.close(checkpoint=False)  # whoever still reads it opens what bears the name now
        if target in self.files:
            self._used -= len(self.files[target].now)
        file = self.files[target] = self.files.pop(name)
        file.changed = number
        self._moves += [(number, name, None), (number, target, file)]

    # What controller.storage.Storage asks

    def connect(self, path: Path, *, read_only: bool = False) -> SharedConnection:
        """See Storage. All connections to one database share one of SQLite's, for they have one thread."""
        name = str(path)
        return SharedConnection(lambda: self._shared(name, read_only))

    def _shared(self, name: str, read_only: bool) -> SharedDatabase:
        found = self._databases.get(name)
        if found is None or found.closed:
            found = self._databases[name] = SharedDatabase(address(self, name), read_only=read_only)
        return found

    def size(self, path: Path) -> int:
        """See Storage."""
        return len(self._file(path).now)

    def names(self, folder: Path) -> list[str]:
        """See Storage."""
        return [PurePath(name).name for name in self.files if PurePath(name).parent == folder]

    def read(self, path: Path) -> bytes:
        """See Storage."""
        return bytes(self._file(path).now)

    def replace(self, path: Path, content: bytes) -> None:
        """See Storage: the same calls as MachineStorage."""
        draft = f"{path}.new"
        if draft in self.files:
            file = self.files[draft]
            self.truncate(draft, file, 0)
        else:
            file = self.create(draft)
        self.write(draft, file, 0, content)
        self.sync(draft, file)
        self.rename(draft, str(path))
        self.sync_folder()

    def write_again(self, path: Path) -> None:
        """See Storage. Bytes that are given what they hold already are taken to keep it."""
        file = self._file(path)
        for at in _changed(file):
            new, old = file.now[at : at + SECTOR_BYTES], file.kept[at : at + SECTOR_BYTES]
            same = next((n for n, (a, b) in enumerate(zip(new, old, strict=False)) if a != b), len(old))
            self.write(str(path), file, at + same, bytes(new[same:]))
        self.sync(str(path), file)

    def key(self, path: Path) -> bytes:
        """See Storage: the same calls as wire.keys.load_or_make_key."""
        if str(path) not in self.files:
            self.replace(path, os.urandom(_KEY_BYTES))
        raw = self.read(path)
        if len(raw) != _KEY_BYTES:
            raise KeyMaterialError(
                "file", f"{path} is not a key (32 bytes): restore it, or delete it to make a new one"
            )
        return raw

    def move(self, path: Path, target: Path) -> None:
        """See Storage."""
        self.rename(str(path), str(target))

    def free_bytes(self, folder: Path) -> int:  # noqa: ARG002 - one disk
        """See Storage."""
        return max(0, self.capacity - self._used)

    def _file(self, path: Path) -> File:
        try:
            return self.files[str(path)]
        except KeyError:
            raise FileNotFoundError(errno.ENOENT, "no such file", str(path)) from None

    # Deaths

    @property
    def unsynced(self) -> list[tuple[int, str, int, bytes | None]]:
        """What a power cut may undo, in order: operation, name, offset (or size) and data of writes."""
        found: list[tuple[int, str, int, bytes | None]] = [(number, name, 0, None) for number, name, _ in self._moves]
        for name, file in self.files.items():
            found += [(number, name, offset, data) for number, offset, data in file.loose]
        return sorted(found, key=lambda change: change[0])

    def left_by(self, survival: Survival) -> "Disk":
        """The disk as it would be found after a power cut now; this one goes on."""
        left = Disk(self.capacity)
        committed = max(survival.names, self._committed)
        names = _renamed(self._kept_names, self._moves, committed)
        left.files = {
            name: File(0, _replayed(place, file, survival, committed))
            for place, (name, file) in enumerate(names.items())
        }
        left._kept_names = dict(left.files)
        left._used = sum(len(file.now) for file in left.files.values())
        return left

    @property
    def is_lost(self) -> bool:
        """Whether its power has gone within an operation: what is still done until `cut` is done to nothing."""
        return self._found is not None

    def lose_power(self, chance: Random) -> None:
        """The power goes within this operation (its `watch` asks for it), before any of that is carried out.

        Whoever asked for the operation goes on for the rest of its turn, and `cut` ends it.
        """
        if self._found is None:
            self._found = self._left_by_chance(chance)

    def cut(self, chance: Random) -> int:
        """The power goes; of what was not synced chance decides. Every connection is dead.

        Answers how many changes were not synced.
        """
        (left, in_doubt), self._found = self._found or self._left_by_chance(chance), None
        self.drop()
        self.files, self._kept_names, self._used = left.files, left._kept_names, left._used
        self._moves, self._operations, self._committed = [], 0, 0
        return in_doubt

    def _left_by_chance(self, chance: Random) -> tuple["Disk", int]:
        return self.left_by(Chosen.by(chance, self._committed + 1, self._operations)), len(self.unsynced)

    def drop(self) -> None:
        """The process that had files open has been killed: what it wrote stays, its connections are dead."""
        self.generation += 1
        for database in self._databases.values():
            database.close(checkpoint=False)
        self._databases.clear()

    def spoil(self, name: str, offset: int, data: bytes) -> None:
        """The card has gone bad there: what is read is something else than what was written."""
        file = self.files[name]
        for content in (file.now, file.kept):
            content[offset : offset + len(data)] = data[: max(0, len(content) - offset)]


def _changed(file: File) -> Iterator[int]:
    """Where the sectors begin that would be others without power: looked for in long runs first."""
    for begin in _differing(file, 0, len(file.now), _RUN_BYTES):
        yield from _differing(file, begin, min(begin + _RUN_BYTES, len(file.now)), SECTOR_BYTES)


def _differing(file: File, begin: int, end: int, size: int) -> Iterator[int]:
    return (at for at in range(begin, end, size) if file.now[at : at + size] != file.kept[at : at + size])


def _give_size(content: bytearray, size: int) -> None:
    if size < len(content):
        del content[size:]
    else:
        content.extend(bytes(size - len(content)))


def _renamed(names: dict[str, File], moves: list[tuple[int, str, File | None]], until: int) -> dict[str, File]:
    names = dict(names)
    for number, name, file in moves:
        if number > until:
            break
        if file is None:
            names.pop(name, None)
        else:
            names[name] = file
    return names


def _replayed(place: int, file: File, survival: Survival, committed: int) -> bytes:
    content, size = bytearray(file.kept), len(file.kept)
    for number, offset, data in file.loose:
        if data is None:
            if number <= committed:
                size = offset
                if size < len(content):
                    del content[size:]
            continue
        for at, piece in survival.pieces(place, number, offset, data):
            if at > len(content):
                content.extend(bytes(at - len(content)))
            content[at : at + len(piece)] = piece
    _give_size(content, size)
    return bytes(content)
