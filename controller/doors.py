"""What the door sensors say: opened by a release or not, left open, closed; and whether to believe them."""

from collections import deque

from controller.bay import RETRY_SENSOR_RELEASES, Bay
from controller.faultboard import FaultBoard
from controller.releases import Releases
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
        releases: Releases,
        agenda: Agenda,
        faults: FaultBoard,
        suppression: Suppression,
        left_open_after_ms: int,
    ) -> None:
        self._releases = releases
        self._agenda = agenda
        self._faults = faults
        self._suppression = suppression
        self._left_open_after_ms = left_open_after_ms
        self._changes: dict[int, deque[int]] = {}
        self._bouncing: set[int] = set()  # each is judged again when it may have become calm
        self._watched: dict[int, int] = {}  # the agenda's note of the look at a door that stands open

    def sensed(self, bay: Bay, is_open: bool, turn: Turn) -> None:
        """A sensor settled. The first word after start is the door's state, not a change."""
        before, bay.door_open = bay.door_open, is_open
        if before == is_open:
            return
        self._suppression.door_moved(bay.source)
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

    def judge_sensor(self, bay: Bay, outcome: str, turn: Turn) -> None:
        """After a release: a sensor that several releases in a row have not moved is a fault, and stops no release."""
        code = {"already_open": "stuck_open", "not_opened": "stuck_closed"}.get(outcome)
        if code is not None and bay.releases_since_change > RETRY_SENSOR_RELEASES:
            self._broken(bay, code, turn)

    def _opened(self, bay: Bay, turn: Turn) -> None:
        bay.opened_by = self._releases.door_opened(bay.number, turn)
        if bay.opened_by is None:
            self._explain(bay, turn)
        self._stands_open(bay, turn)

    def _explain(self, bay: Bay, turn: Turn) -> None:
        """No release awaited this door: a latch that chatters, a door that was ajar, the wrong door, or force."""
        if turn.now.mono_ms <= bay.explained_until_ms:
            bay.opened_by = bay.last_release
            turn.record(EntryType.DOOR_OPENED, locker=bay.number, release=bay.opened_by)
        elif bay.latch_open and bay.latch_explained and bay.latch_believed:
            bay.opened_by = bay.drawn_by
            self._suppression.record(turn, EntryType.DOOR_OPENED, bay.source, locker=bay.number, release=bay.opened_by)
        elif not self._releases.blame_wrong_door(bay.number, turn):
            self._faults.put(bay.source, "door_forced")
            self._suppression.record(turn, EntryType.DOOR_FORCED, bay.source, locker=bay.number)

    def _stands_open(self, bay: Bay, turn: Turn) -> None:
        bay.opened_ms = turn.now.mono_ms
        if bay.number not in self._watched:  # one look ahead for each door, however often it bounces
            self._look_at(bay, bay.opened_ms)

    def _look_at(self, bay: Bay, opened_ms: int) -> None:
        due_ms = opened_ms + self._left_open_after_ms
        self._watched[bay.number] = self._agenda.at(due_ms, lambda later: self._left_open(bay, opened_ms, later))

    def _left_open(self, bay: Bay, opened_ms: int, turn: Turn) -> None:
        del self._watched[bay.number]
        if bay.opened_ms is None:
            return
        if bay.opened_ms != opened_ms:
            self._look_at(bay, bay.opened_ms)
            return
        bay.left_open = True
        self._faults.put(bay.source, "door_left_open")
        self._record(bay, EntryType.DOOR_LEFT_OPEN, turn, turn.now.mono_ms - opened_ms)

    def _closed(self, bay: Bay, turn: Turn) -> None:
        open_ms = None if bay.opened_ms is None else turn.now.mono_ms - bay.opened_ms
        self._record(bay, EntryType.DOOR_CLOSED, turn, open_ms)
        for code in ("door_left_open", "door_forced"):
            self._faults.put(bay.source, code, present=False)
        bay.opened_ms = bay.opened_by = None
        bay.left_open = False
        if bay.number in self._watched and bay.number not in self._bouncing:
            self._agenda.drop(self._watched.pop(bay.number))

    def _record(self, bay: Bay, entry: EntryType, turn: Turn, open_ms: int | None) -> None:
        """Door events of a release are always written; those of a door that moves by itself may become a flood."""
        if bay.opened_by is not None:
            turn.record(entry, locker=bay.number, open_ms=open_ms)
        else:
            self._suppression.record(turn, entry, bay.source, locker=bay.number, open_ms=open_ms)

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
        if self._faults.put(bay.source, code):
            self._suppression.record(turn, EntryType.SENSOR_FAULT, bay.source, locker=bay.number, code=code)

    def _recovered(self, bay: Bay, code: str, turn: Turn) -> None:
        if self._faults.put(bay.source, code, present=False):
            self._suppression.record(turn, EntryType.SENSOR_RECOVERED, bay.source, locker=bay.number, code=code)
