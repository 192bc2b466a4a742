"""What a bank tells of a door was seen there, and of each release it tells what became of it."""

from collections.abc import Sequence
from typing import Any

import msgspec

from controller.pending import Pending
from simulator.physics import Sensor
from simulator.world.invariants.invariant import Invariant
from wire.entries import EntryType

# A program that hung, up to its watchdog's time, tells late what it has seen.
_TOLD_WITHIN_MS = 10_000
# A door whose bolt its own coil has just drawn is not forced.
_BY_ITS_COIL_MS = 2_000
_TOLD = (
    "SELECT kind, line FROM event WHERE bank_id=? "
    "AND kind IN ('release_intended', 'released', 'release_failed', 'release_unknown')"
)
_LOST = "SELECT count(*) FROM event WHERE bank_id=? AND kind='entries_lost'"
_body = msgspec.json.Decoder(dict[str, Any])


class Observed(Invariant):
    """An acknowledgement is not an opening; and nobody is called for a door that was opened as it should be."""

    name = "observed"

    def written(self, bank: str, entries: Sequence[Pending]) -> None:
        """Doors that opened, with and without a release."""
        for entry in entries:
            if entry.type is EntryType.DOOR_OPENED:
                self._opened(bank, entry.body["locker"])
            elif entry.type is EntryType.DOOR_FORCED:
                self._forced(bank, entry.body["locker"])

    def settled(self) -> None:
        """Every intent has its outcome, in the journal or in the start that followed it."""
        connection = self.world.gateway.storage.connection
        for bank in self.world.banks:
            if connection.execute(_LOST, (bank,)).fetchone()[0]:
                continue
            intended, known = set[str](), set[str]()
            for kind, line in connection.execute(_TOLD, (bank,)):
                (intended if kind == EntryType.RELEASE_INTENDED.value else known).add(
                    _body.decode(line)["body"]["release"]
                )
            if forgotten := intended - known:
                self.violated(f"{bank} intended {sorted(forgotten)[:3]}, and does not say what became of that")

    def _opened(self, bank: str, locker: int) -> None:
        door = self.world.banks[bank].doors.by_number[locker]
        if not door.sensed_open and self.world.now_ms - door.sensed_ms > _TOLD_WITHIN_MS:
            self.violated(f"{bank} says that locker {locker} was opened, and its sensor has not seen that")

    def _forced(self, bank: str, locker: int) -> None:
        door = self.world.banks[bank].doors.by_number[locker]
        by_its_coil = 0 <= door.sensed_ms - door.energised_ms < _BY_ITS_COIL_MS
        if door.door.sensor is Sensor.FINE and by_its_coil:
            self.violated(f"{bank} says that locker {locker} was forced, and its own coil has opened it")
