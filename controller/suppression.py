"""Entries from one source that come in floods: ten a minute of a type are written, the rest become one `suppressed`.

Never for releases and the door events of a release: those are recorded by the turn itself. Of entries that say how
something stands the last is written all the same, once its type's minute is over: who reads them believes the last.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from controller.turn import Agenda, Turn
from wire.entries import EntryType

WINDOW_MS = 60_000
WRITTEN_IN_WINDOW = 10

# What an entry says the state of.
_STATES: Mapping[EntryType, str] = {
    EntryType.DOOR_OPENED: "door",
    EntryType.DOOR_CLOSED: "door",
    EntryType.DOOR_FORCED: "door",
    EntryType.DOOR_LEFT_OPEN: "door",
    EntryType.TAMPER: "tamper",
    EntryType.MAINS_FAILED: "mains",
    EntryType.UNDERVOLTAGE: "undervoltage",
}


@dataclass(slots=True)
class _Window:
    ends_ms: int
    written: int = 0
    suppressed: int = 0


class Suppression:
    """Counts entries by (type, source). Sources are readers, devices, lockers and topics: few and known."""

    def __init__(self, agenda: Agenda) -> None:
        self._agenda = agenda
        self._windows: dict[tuple[EntryType, str], _Window] = {}
        # By state and source: the suppressed entry after which nothing was written of it.
        self._last: dict[tuple[str, str], tuple[EntryType, dict[str, Any]]] = {}

    def record(self, turn: Turn, entry: EntryType, source: str, /, **body: Any) -> None:
        """Write the entry, or count it."""
        window, state = self._window(turn, entry, source), _STATES.get(entry)
        if window.written < WRITTEN_IN_WINDOW:
            window.written += 1
            turn.record(entry, **body)
            if state is not None:
                self._last.pop((state, source), None)
        else:
            window.suppressed += 1
            if state is not None:
                self._last[state, source] = entry, body

    def count(self, turn: Turn, entry: EntryType, source: str) -> None:
        """Count something that was not even looked at."""
        self._window(turn, entry, source).suppressed += 1

    def door_moved(self, source: str) -> None:
        """What was suppressed of this door is no longer how it stands; its next entry may be a release's own."""
        self._last.pop(("door", source), None)

    def close(self, turn: Turn) -> None:
        """Write what is still to be told, as the program ends."""
        for key in tuple(self._windows):
            self._close(key, turn)

    def _window(self, turn: Turn, entry: EntryType, source: str) -> _Window:
        key = (entry, source)
        window = self._windows.get(key)
        if window is not None and turn.now.mono_ms >= window.ends_ms:
            self._close(key, turn)
            window = None
        if window is None:
            window = _Window(turn.now.mono_ms + WINDOW_MS)
            self._windows[key] = window
            self._agenda.at(window.ends_ms, lambda later: self._end(key, later))
        return window

    def _end(self, key: tuple[EntryType, str], turn: Turn) -> None:
        window = self._windows.get(key)
        if window is not None and turn.now.mono_ms >= window.ends_ms:
            self._close(key, turn)

    def _close(self, key: tuple[EntryType, str], turn: Turn) -> None:
        window, (entry, source) = self._windows.pop(key), key
        last = (_STATES.get(entry, ""), source)
        if last in self._last and self._last[last][0] is entry:
            window.suppressed -= 1
            turn.record(entry, **self._last.pop(last)[1])
        if window.suppressed:
            turn.record(EntryType.SUPPRESSED, type=entry.value, source=source, count=window.suppressed)
