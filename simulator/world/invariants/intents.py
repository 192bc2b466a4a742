"""No release without a durable intent, or one that is named late; none twice; none from a life before."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from controller.journal import NAME, Opened
from controller.pending import MAX_WAITING, Pending
from simulator.world.disk import Disk
from simulator.world.disk_database import SharedConnection
from simulator.world.invariants.invariant import Invariant
from simulator.world.invariants.ledger import Ledger
from simulator.world.survival import nothing
from wire.entries import EntryType

_PATH = Path("/data") / NAME
_WAL = f"{_PATH}-wal"
# Nearly always an intent is the last entry; where a disk works again all that has waited in memory may come after it.
# A limit that is a parameter has SQLite plan anew each time.
_LOOKS = tuple(f"SELECT line FROM entry ORDER BY no DESC, seq DESC LIMIT {most}" for most in (1, 50, 2 * MAX_WAITING))  # noqa: S608
# So long a disk is waited for.
_DISK_WITHIN_MS = 250
# So often a disk that took nothing is tried again; a connection that was made meanwhile stays read-only until then.
_TRIED_EVERY_MS = 300_000
# A late release is named in the same breath; what nobody waits for is handed on within a second.
_NAMED_WITHIN_MS = 5_000


class Intents(Invariant):
    """Reads the disk itself, as a power cut in this instant would leave it."""

    name = "intent"

    def __init__(self, world: Any, ledger: Ledger) -> None:
        super().__init__(world)
        self._ledger = ledger
        self._released: set[str] = set()
        self._unnamed: dict[tuple[str, str], int] = {}
        # How often the disk had refused, and the program hung, when the newest intent of each bank was handed over.
        self._before: dict[str, tuple[int, int]] = {}

    def energised(self, bank: str, locker: int) -> None:
        """Rule 1 and rule 2."""
        self._overdue()
        intent = self._ledger.banks[bank].current
        if intent is None:
            self.violated(f"{bank} releases locker {locker} with no intent of this life")
            return
        if intent.release in self._released:
            self.violated(f"{bank} releases locker {locker} a second time for {intent.release}")
        self._released.add(intent.release)
        if self._is_durable(bank, intent.release):
            return
        waited_ms = self.world.now_ms - intent.at_ms
        if not self._may_be_late(bank, intent.at_ms, waited_ms):
            self.violated(f"{bank} releases locker {locker} after {waited_ms} ms, and {intent.release} is not on disk")
        self.world.counts["released late"] += 1
        self._unnamed[bank, intent.release] = self.world.now_ms

    def written(self, bank: str, entries: Sequence[Pending]) -> None:
        """A late release is named."""
        for entry in entries:
            if entry.type is EntryType.RELEASE_INTENDED:
                controller = self.world.banks[bank]
                self._before[bank] = controller.disk.refusals, controller.hangs
            if entry.type is EntryType.JOURNAL_LATE and "release" in entry.body:
                self._unnamed.pop((bank, entry.body["release"]), None)

    def opened(self, bank: str, opened: Opened) -> None:  # noqa: ARG002
        """What was in memory is gone."""
        self.died(bank)

    def died(self, bank: str) -> None:
        """Nobody is left to name it."""
        self._unnamed = {key: at for key, at in self._unnamed.items() if key[0] != bank}

    def settled(self) -> None:
        """Nothing stays unnamed."""
        self._overdue()

    def _overdue(self) -> None:
        if not self._unnamed:
            return
        for (bank, release), at_ms in list(self._unnamed.items()):
            if self.world.now_ms - at_ms > _NAMED_WITHIN_MS and self.world.banks[bank].running:
                self.violated(f"{bank} released {release} without a durable intent and has not said so")
                del self._unnamed[bank, release]

    def _may_be_late(self, bank: str, since_ms: int, waited_ms: int) -> bool:
        """Whether the disk itself takes nothing, or has kept the intent waiting: whatever its journal says."""
        controller = self.world.banks[bank]
        disk, (refusals, hangs) = controller.disk, self._before[bank]
        refuses = disk.takes_nothing or disk.refusals != refusals or since_ms - disk.mended_ms < _TRIED_EVERY_MS
        waits = disk.stalled_until_ms > since_ms or controller.hangs != hangs
        return refuses or (waits and waited_ms >= _DISK_WITHIN_MS)

    def _is_durable(self, bank: str, release: str) -> bool:
        disk = self.world.banks[bank].disk
        log = disk.files.get(_WAL)
        if log is not None and log.loose:
            disk = disk.left_by(nothing())
        return _holds(disk, release.encode())


def _holds(disk: Disk, release: bytes) -> bool:
    connection = disk.connect(_PATH)
    try:
        return any(_is_among(release, connection, look) for look in _LOOKS)
    except Exception:  # noqa: BLE001 - whatever it says, the entry cannot be read there
        return False
    finally:
        connection.close()


def _is_among(release: bytes, connection: SharedConnection, query: str) -> bool:
    return any(b'"release_intended"' in line and release in line for (line,) in connection.execute(query))
