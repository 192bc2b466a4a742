"""What a second sensor, at the latch, says together with the door's: shut, open, ajar, or what cannot be.

One sensor cannot tell a door that is closed to from a locked one, nor a forced lock from a forced sensor. No reading
stands between a person and their locker: what cannot be is told, and a release goes ahead.
"""

from collections.abc import Mapping
from enum import Enum
from types import MappingProxyType

from controller.bay import RETRY_SENSOR_RELEASES, Bay
from controller.faultboard import FaultBoard
from controller.releases import Releases
from controller.suppression import Suppression
from controller.turn import Agenda, Turn
from wire.entries import EntryType

# A door swings to and its bolt falls in; two contacts are seen one after the other. What lasts longer is told.
MOMENT_MS = 3_000


class Reading(Enum):
    """What door and latch say together; a value is the code of what is wrong."""

    SHUT = None
    OPEN = ""
    AJAR = "ajar"  # closed to, the bolt still drawn since a release or since the door stood open
    LATCH_RELEASED = "latch_released"  # the bolt was drawn behind a closed door, and no release did it
    OPEN_WHILE_LATCHED = "open_while_latched"  # the door is off its frame and the bolt says that it holds it


_TAMPERED = frozenset({Reading.LATCH_RELEASED, Reading.OPEN_WHILE_LATCHED})

# (door open, latch open, the open latch is explained) -> reading
READINGS: Mapping[tuple[bool, bool, bool], Reading] = MappingProxyType(
    {
        (False, False, False): Reading.SHUT,
        (False, False, True): Reading.SHUT,
        (False, True, False): Reading.LATCH_RELEASED,
        (False, True, True): Reading.AJAR,
        (True, False, False): Reading.OPEN_WHILE_LATCHED,
        (True, False, True): Reading.OPEN_WHILE_LATCHED,
        (True, True, False): Reading.OPEN,
        (True, True, True): Reading.OPEN,
    }
)


class Latches:
    """The latch sensors of a bank. Lockers without one are never looked at."""

    def __init__(
        self,
        bays: Mapping[int, Bay],
        releases: Releases,
        agenda: Agenda,
        faults: FaultBoard,
        suppression: Suppression,
    ) -> None:
        self._bays = bays
        self._releases = releases
        self._agenda = agenda
        self._faults = faults
        self._suppression = suppression
        self._readings: dict[int, tuple[Reading, int]] = {}  # and since when
        self._told: dict[int, tuple[Reading, int]] = {}

    def sensed(self, bay: Bay, is_open: bool, turn: Turn) -> None:
        """The latch sensor settled. The first word after start is a state, and blames nobody."""
        before, bay.latch_open = bay.latch_open, is_open
        if before == is_open:
            return
        bay.drawn_by = self._releases.explains(bay.number, turn) if is_open else None
        bay.latch_explained = before is None or bay.drawn_by is not None or bay.door_open is not False
        if before is not None:
            bay.latch_proven, bay.releases_since_latch = True, 0
            if self._faults.put(bay.source, "latch_stuck", present=False):
                self._sensor(bay, EntryType.SENSOR_RECOVERED, turn)
        self._look(bay, turn)

    def door_moved(self, bay: Bay, turn: Turn) -> None:
        """The door sensor settled: behind an open door a bolt may be drawn by anyone."""
        if bay.latch_open is None:
            return
        bay.latch_explained = bay.latch_explained or bool(bay.door_open)
        self._look(bay, turn)

    def judge_sensor(self, bay: Bay, outcome: str, turn: Turn) -> None:
        """After a release: a latch that doors opened past several times in a row cannot be believed."""
        if outcome != "opened" or bay.latch_open is None:
            return
        bay.releases_since_latch += 1
        if bay.releases_since_latch > RETRY_SENSOR_RELEASES and self._faults.put(bay.source, "latch_stuck"):
            self._sensor(bay, EntryType.SENSOR_FAULT, turn)
            self._look(bay, turn)

    def _look(self, bay: Bay, turn: Turn) -> None:
        reading = self._reading(bay)
        if reading is self._readings.get(bay.number, (None, 0))[0]:
            return
        self._readings[bay.number] = reading, turn.now.mono_ms
        self._over(bay, turn)
        if reading.value:
            since_ms = turn.now.mono_ms
            self._agenda.at(since_ms + MOMENT_MS, lambda later: self._lasted(bay, reading, since_ms, later))

    def _reading(self, bay: Bay) -> Reading:
        """What is believed: a latch that never moved, or not for several releases, makes nobody a burglar."""
        if bay.door_open is None or bay.latch_open is None:
            return Reading.SHUT
        reading = READINGS[bay.door_open, bay.latch_open, bay.latch_explained]
        if reading in _TAMPERED and not bay.latch_believed:
            return Reading.OPEN if bay.door_open else Reading.SHUT
        return reading

    def _lasted(self, bay: Bay, reading: Reading, since_ms: int, turn: Turn) -> None:
        if self._readings[bay.number] != (reading, since_ms) or bay.number in self._told:
            return
        self._told[bay.number] = reading, since_ms
        if reading is Reading.AJAR:
            self._faults.put(bay.source, "ajar")
            self._suppression.record(
                turn,
                EntryType.DOOR_LEFT_OPEN,
                bay.source,
                locker=bay.number,
                open_ms=turn.now.mono_ms - since_ms,
                sensor="latch",
                code="ajar",
            )
        else:
            self._faults.put(bay.source, "tampered")
            self._tamper(bay, reading, True, turn)

    def _over(self, bay: Bay, turn: Turn) -> None:
        """What was told is so no longer."""
        reading, since_ms = self._told.pop(bay.number, (Reading.SHUT, 0))
        if reading is Reading.AJAR:
            self._faults.put(bay.source, "ajar", present=False)
            if not bay.door_open:  # an opening is told by the door
                self._suppression.record(
                    turn,
                    EntryType.DOOR_CLOSED,
                    bay.source,
                    locker=bay.number,
                    open_ms=turn.now.mono_ms - since_ms,
                    sensor="latch",
                )
        elif reading in _TAMPERED:
            self._faults.put(bay.source, "tampered", present=False)
            self._tamper(bay, reading, False, turn)

    def _tamper(self, bay: Bay, reading: Reading, active: bool, turn: Turn) -> None:
        self._suppression.record(
            turn,
            EntryType.TAMPER,
            bay.source,
            source=bay.source,
            locker=bay.number,
            sensor="latch",
            code=reading.value,
            active=active,
        )

    def _sensor(self, bay: Bay, entry: EntryType, turn: Turn) -> None:
        self._suppression.record(turn, entry, bay.source, locker=bay.number, code="latch_stuck", sensor="latch")
