"""Lockers out of service; a mark stops holders only with a reason and an end within a day, and ends by itself."""

from collections.abc import Mapping
from dataclasses import dataclass

from controller.bank_config import OutOfService
from controller.inputs import Moment
from controller.turn import Agenda, Turn
from wire.entries import EntryType
from wire.limits import OUT_OF_SERVICE_MAX_MS

# A clock that is heard only after the start may show that a mark is over.
LOOK_EVERY_MS = 60_000


@dataclass(frozen=True, slots=True)
class _Mark:
    """`ends_ms`: monotonic, from the instant asked for; None for a mark without end, which stops nobody."""

    mark: OutOfService
    ends_ms: int | None


class ServiceMarks:
    """The marks of a bank, by locker. Staff commands open marked lockers all the same."""

    def __init__(self, agenda: Agenda) -> None:
        self._agenda = agenda
        self._marks: dict[int, _Mark] = {}

    def start(self, marks: Mapping[int, OutOfService], turn: Turn) -> None:
        """Take up the marks of before the restart; none lasts longer than a day from now."""
        for locker, mark in marks.items():
            self._put(locker, mark, turn)

    def mark(self, locker: int, mark: OutOfService, command: str, turn: Turn) -> None:
        """Mark a locker, in place of any mark it has."""
        self._put(locker, mark, turn)
        turn.record(EntryType.OUT_OF_SERVICE, locker=locker, reason=mark.reason, until=mark.until, command=command)

    def clear(self, locker: int, turn: Turn, command: str | None = None, reason: str | None = None) -> None:
        """Put a locker back in service; said of one without a mark, too, which a gateway may know to have had one."""
        self._marks.pop(locker, None)
        turn.record(EntryType.IN_SERVICE, locker=locker, reason=reason, command=command)

    def stops_holders(self, locker: int, now: Moment) -> bool:
        """Whether a holder's badge must not open this locker now; not where any clock says that its mark is over."""
        mark = self._marks.get(locker)
        if mark is None or mark.ends_ms is None or mark.mark.until is None:
            return False
        return now.mono_ms < mark.ends_ms and now.starting_at < mark.mark.until

    def _put(self, locker: int, mark: OutOfService, turn: Turn) -> None:
        ends_ms = None
        if mark.reason and mark.until is not None:
            left_ms = mark.until - turn.now.starting_at
            ends_ms = turn.now.mono_ms + min(max(left_ms, 0), OUT_OF_SERVICE_MAX_MS)
        placed = self._marks[locker] = _Mark(mark, ends_ms)
        self._look_later(locker, placed, turn)

    def _look_later(self, locker: int, mark: _Mark, turn: Turn) -> None:
        if mark.ends_ms is not None:
            due_ms = min(mark.ends_ms, turn.now.mono_ms + LOOK_EVERY_MS)
            self._agenda.at(due_ms, lambda later: self._look(locker, mark, later))

    def _look(self, locker: int, mark: _Mark, turn: Turn) -> None:
        """Over for good once no doubt of the time is left, or its day is."""
        if self._marks.get(locker) is not mark or mark.ends_ms is None or mark.mark.until is None:
            return
        if turn.now.mono_ms >= mark.ends_ms or turn.now.ending_at >= mark.mark.until:
            self.clear(locker, turn, reason="ended")
        else:
            self._look_later(locker, mark, turn)
