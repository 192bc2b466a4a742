"""Entries from one source that come in floods: ten a minute of a type are written, the rest become one `suppressed`.

Never for releases and the door events of a release: those are recorded by the turn itself.
"""

from dataclasses import dataclass
from typing import Any

from controller.turn import Agenda, Turn
from wire.entries import EntryType

WINDOW_MS = 60_000
WRITTEN_IN_WINDOW = 10


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

    def record(self, turn: Turn, entry: EntryType, source: str, /, **body: Any) -> None:
        """Write the entry, or count it."""
        window = self._window(turn, entry, source)
        if window.written < WRITTEN_IN_WINDOW:
            window.written += 1
            turn.record(entry, **body)
        else:
            window.suppressed += 1

    def count(self, turn: Turn, entry: EntryType, source: str) -> None:
        """Count something that was not even looked at."""
        self._window(turn, entry, source).suppressed += 1

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
        window = self._windows.pop(key)
        if window.suppressed:
            turn.record(EntryType.SUPPRESSED, type=key[0].value, source=key[1], count=window.suppressed)
