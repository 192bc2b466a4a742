"""What the door sensors say: opened by a release or not, left open, closed; and whether to believe them."""

from collections import deque
from collections.abc import Mapping

from controller.bay import Bay
from controller.faultboard import FaultBoard
from controller.releases import RETRY_SENSOR_RELEASES, Releases
from controller.suppression import Suppression
from controller.turn import Agenda, Turn
from wire.entries import EntryType

BOUNCING_WINDOW_MS = 60_000
# Nobody opens and closes a door ten times in a minute.
BOUNCING_CHANGES = 20


class Doors:
    """The observed side of a bank. A sensor is never asked whether a lock may be released."""

    def __init__(
        self,
        bays: Mapping[int, Bay],
        releases: Releases,
        agenda: Agenda,
        faults: FaultBoard,
        suppression: Suppression,
        left_open_after_ms: int,
    ) -> None:
        self._bays = bays
        self._releases = releases
        self._agenda = agenda
        self._faults = faults
        self._suppression = suppression
        self._left_open_after_ms = left_open_after_ms
        self._changes: dict[int, deque[int]] = {}
        self._bouncing: set[int] = set()  # each is judged again when it may have become calm
        self._watched: set[int] = set()

    def sensed(self, locker: int, is_open: bool, turn: Turn) -> None:
        """A sensor settled. The first word after start is the door's state, not a change."""
        bay = self._bays.get(locker)
        if bay is None:
            return
        before, bay.door_open = bay.door_open, is_open
        if before == is_open:
            return
        if before is None:
            if is_open:
                self._stands_open(bay, turn)
            return
        bay.sensor_proven, bay.releases_since_change = True, 0
        for code in ("stuck_open", "stuck_closed"):
            self._recovered(bay, code, turn)
        self._watch_bouncing(bay, turn)
        if is_open:
            self._opened(bay, turn)
        else:
            self._closed(bay, turn)

    def judge_sensor(self, locker: int, outcome: str, turn: Turn) -> None:
        """After a release: a sensor that several releases in a row have not moved is a fault, and stops no release."""
        bay = self._bays[locker]
        code = {"already_open": "stuck_open", "not_opened": "stuck_closed"}.get(outcome)
        if code is not None and bay.releases_since_change > RETRY_SENSOR_RELEASES:
            self._broken(bay, code, turn)

    def _opened(self, bay: Bay, turn: Turn) -> None:
        bay.opened_by = self._releases.door_opened(bay.number, turn)
        if bay.opened_by is None and turn.now.mono_ms <= bay.explained_until_ms:
            bay.opened_by = bay.last_release
            turn.record(EntryType.DOOR_OPENED, locker=bay.number, release=bay.opened_by)
        if bay.opened_by is None and not self._releases.blame_wrong_door(bay.number, turn):
            self._faults.put(_source(bay), "door_forced")
            self._suppression.record(turn, EntryType.DOOR_FORCED, _source(bay), locker=bay.number)
        self._stands_open(bay, turn)

    def _stands_open(self, bay: Bay, turn: Turn) -> None:
        bay.opened_ms = turn.now.mono_ms
        if bay.number not in self._watched:  # one look ahead for each door, however often it bounces
            self._look_at(bay, bay.opened_ms)

    def _look_at(self, bay: Bay, opened_ms: int) -> None:
        self._watched.add(bay.number)
        self._agenda.at(opened_ms + self._left_open_after_ms, lambda later: self._left_open(bay, opened_ms, later))

    def _left_open(self, bay: Bay, opened_ms: int, turn: Turn) -> None:
        self._watched.discard(bay.number)
        if bay.opened_ms is None:
            return
        if bay.opened_ms != opened_ms:
            self._look_at(bay, bay.opened_ms)
            return
        self._faults.put(_source(bay), "door_left_open")
        self._record(bay, EntryType.DOOR_LEFT_OPEN, turn, turn.now.mono_ms - opened_ms)

    def _closed(self, bay: Bay, turn: Turn) -> None:
        open_ms = None if bay.opened_ms is None else turn.now.mono_ms - bay.opened_ms
        self._record(bay, EntryType.DOOR_CLOSED, turn, open_ms)
        for code in ("door_left_open", "door_forced"):
            self._faults.put(_source(bay), code, present=False)
        bay.opened_ms = bay.opened_by = None

    def _record(self, bay: Bay, entry: EntryType, turn: Turn, open_ms: int | None) -> None:
        """Door events of a release are always written; those of a door that moves by itself may become a flood."""
        if bay.opened_by is not None:
            turn.record(entry, locker=bay.number, open_ms=open_ms)
        else:
            self._suppression.record(turn, entry, _source(bay), locker=bay.number, open_ms=open_ms)

    def _watch_bouncing(self, bay: Bay, turn: Turn) -> None:
        changes = self._changes.setdefault(bay.number, deque(maxlen=BOUNCING_CHANGES))
        changes.append(turn.now.mono_ms)
        if bay.number not in self._bouncing:
            self._judge_bouncing(bay, turn)

    def _judge_bouncing(self, bay: Bay, turn: Turn) -> None:
        changes = self._changes[bay.number]
        calm_ms = changes[0] + BOUNCING_WINDOW_MS
        if len(changes) == BOUNCING_CHANGES and turn.now.mono_ms < calm_ms:
            self._bouncing.add(bay.number)
            self._broken(bay, "bouncing", turn)
            self._agenda.at(calm_ms, lambda later: self._judge_bouncing(bay, later))
        else:
            self._bouncing.discard(bay.number)
            self._recovered(bay, "bouncing", turn)

    def _broken(self, bay: Bay, code: str, turn: Turn) -> None:
        if self._faults.put(_source(bay), code):
            self._suppression.record(turn, EntryType.SENSOR_FAULT, _source(bay), locker=bay.number, code=code)

    def _recovered(self, bay: Bay, code: str, turn: Turn) -> None:
        if self._faults.put(_source(bay), code, present=False):
            self._suppression.record(turn, EntryType.SENSOR_RECOVERED, _source(bay), locker=bay.number, code=code)


def _source(bay: Bay) -> str:
    return f"locker {bay.number}"
