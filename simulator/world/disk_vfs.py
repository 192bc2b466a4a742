"""SQLite's virtual file system over the simulated disks of this process, which a path's first part tells apart."""

import errno
import os
from itertools import count
from typing import TYPE_CHECKING, Any, NoReturn
from weakref import WeakValueDictionary

import apsw

if TYPE_CHECKING:
    from simulator.world.disk import Disk, File

VFS = "casier-world"
_SECTOR_BYTES = 4096
# A Linux error number, and what SQLite's own layer makes of it.
_FAILURES = {errno.ENOSPC: apsw.SQLITE_FULL}
_disks: "WeakValueDictionary[int, Disk]" = WeakValueDictionary()
_numbers = count(1)


def address(disk: "Disk", name: str) -> str:
    """What SQLite opens to get that file of that disk."""
    for number, known in _disks.items():
        if known is disk:
            return f"/{number}{name}"
    number = next(_numbers)
    _disks[number] = disk
    return f"/{number}{name}"


def _found(path: str) -> tuple["Disk", str]:
    _, number, name = path.split("/", 2)
    return _disks[int(number)], f"/{name}"


def _raise(error: OSError, otherwise: int) -> NoReturn:
    raise apsw.exception_for(_FAILURES.get(error.errno or 0, otherwise)) from error


class _OpenFile:
    """One file that SQLite has open. After its process has died it does nothing."""

    def __init__(self, disk: "Disk", name: str, file: "File", *, forget: bool, fresh_log: bool) -> None:
        self._disk = disk
        self._name = name
        self._file = file
        self._forget = forget
        self._sync_folder = (
            fresh_log  # SQLite syncs the folder with the first sync of a new log, as its unix layer does
        )
        self._generation = disk.generation

    def xRead(self, amount: int, offset: int) -> bytes:
        return bytes(self._file.now[offset : offset + amount])

    def xWrite(self, data: bytes, offset: int) -> None:
        disk = self._disk
        if disk.generation == self._generation:
            try:
                disk.write(self._name, self._file, offset, data)
            except OSError as error:
                _raise(error, apsw.SQLITE_IOERR_WRITE)

    def xTruncate(self, size: int) -> None:
        if self._disk.generation == self._generation:
            try:
                self._disk.truncate(self._name, self._file, size)
            except OSError as error:
                _raise(error, apsw.SQLITE_IOERR_TRUNCATE)

    def xSync(self, _flags: int) -> None:
        disk = self._disk
        if disk.generation == self._generation:
            try:
                disk.sync(self._name, self._file)
                if self._sync_folder:
                    disk.sync_folder()
                    self._sync_folder = False
            except OSError as error:
                _raise(error, apsw.SQLITE_IOERR_FSYNC)

    def xClose(self) -> None:
        if self._forget and self._disk.generation == self._generation and self._name in self._disk.files:
            self._disk.delete(self._name)

    def xFileSize(self) -> int:
        return len(self._file.now)

    def xLock(self, _level: int) -> None:
        return

    def xUnlock(self, _level: int) -> None:
        return

    def xCheckReservedLock(self) -> bool:
        return False

    def xFileControl(self, _op: int, _ptr: int) -> bool:
        return False

    def xSectorSize(self) -> int:
        return _SECTOR_BYTES

    def xDeviceCharacteristics(self) -> int:
        return apsw.SQLITE_IOCAP_POWERSAFE_OVERWRITE


class _FileSystem(apsw.VFS):
    """Names, and files opened; temporary ones are refused (they stay in memory)."""

    def __init__(self) -> None:
        super().__init__(VFS, "")

    def xFullPathname(self, name: str) -> str:
        return name

    def xOpen(self, name: str | apsw.URIFilename | None, flags: list[int]) -> Any:
        if name is None:
            raise apsw.exception_for(apsw.SQLITE_CANTOPEN)  # they stay in memory
        disk, path = _found(name if isinstance(name, str) else name.filename())
        wanted = flags[0]
        file = disk.files.get(path)
        log = bool(wanted & (apsw.SQLITE_OPEN_WAL | apsw.SQLITE_OPEN_MAIN_JOURNAL))
        fresh = file is None
        if file is None:
            if not wanted & apsw.SQLITE_OPEN_CREATE:
                raise apsw.exception_for(apsw.SQLITE_CANTOPEN)
            try:
                file = disk.create(path)
            except OSError as error:
                raise apsw.exception_for(apsw.SQLITE_CANTOPEN) from error
        flags[1] = wanted
        if disk.read_only and wanted & apsw.SQLITE_OPEN_READWRITE:
            flags[1] = wanted & ~apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_READONLY
        forget = bool(wanted & apsw.SQLITE_OPEN_DELETEONCLOSE)
        return _OpenFile(disk, path, file, forget=forget, fresh_log=log and fresh)

    def xDelete(self, path: str, sync_folder: bool) -> None:
        disk, name = _found(path)
        try:
            disk.delete(name)
            if sync_folder:
                disk.sync_folder()
        except FileNotFoundError as error:
            raise apsw.exception_for(apsw.SQLITE_IOERR_DELETE_NOENT) from error
        except OSError as error:
            _raise(error, apsw.SQLITE_IOERR_DELETE)

    def xAccess(self, path: str, flags: int) -> bool:
        disk, name = _found(path)
        return name in disk.files and not (flags == apsw.SQLITE_ACCESS_READWRITE and disk.read_only)

    def xRandomness(self, amount: int) -> bytes:
        return os.urandom(amount)

    def xSleep(self, microseconds: int) -> int:
        return microseconds

    def xCurrentTime(self) -> float:
        return 0.0

    def xGetLastError(self) -> tuple[int, str | None]:
        return 0, None


_FILE_SYSTEM = _FileSystem()
