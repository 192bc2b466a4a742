"""One input being handled: its moment, the effects so far, and the agenda of what is due later."""

import heapq
from collections.abc import Callable
from typing import Any

from msgspec import Struct, field

from controller.effects import Effect, Record, SendReply, Show
from controller.inputs import Moment
from hw.ports import Signal
from wire.entries import EntryType


class Turn(Struct):
    """The parts of the core speak through a turn; `effects` are carried out in order."""

    now: Moment
    effects: list[Effect] = field(default_factory=list)

    def record(self, entry: EntryType, *, intent: str | None = None, **body: Any) -> None:
        """Journal an entry; values that are not known (None) are left out. `intent`: the release to answer for."""
        known = {name: value for name, value in body.items() if value is not None}
        self.effects.append(Record(entry, known, intent))

    def show(self, signal: Signal, reader: str | None = None) -> None:
        """Light and sound, for whoever stands at that reader."""
        self.effects.append(Show(signal, reader))

    def reply(self, command: str | None, state: str, locker: int | None = None, why: str | None = None) -> None:
        """One step in the life of a command; nothing where no command asked."""
        if command is not None:
            self.effects.append(SendReply(command, state, why, locker))


Action = Callable[[Turn], None]


class Agenda:
    """What is due when, by the monotonic clock. Actions look for themselves whether they still apply."""

    def __init__(self) -> None:
        self._heap: list[tuple[int, int]] = []
        self._actions: dict[int, Action] = {}
        self._added = 0

    def at(self, mono_ms: int, action: Action) -> int:
        """Run `action` in the first turn at or after `mono_ms`; answers what `drop` takes."""
        self._added += 1
        self._actions[self._added] = action
        heapq.heappush(self._heap, (mono_ms, self._added))
        return self._added

    def drop(self, noted: int) -> None:
        """Nobody need wake for this any more, if it is still to come."""
        self._actions.pop(noted, None)

    def next_ms(self) -> int | None:
        """The earliest instant noted, or None."""
        while self._heap and self._heap[0][1] not in self._actions:
            heapq.heappop(self._heap)
        return self._heap[0][0] if self._heap else None

    def run_due(self, turn: Turn) -> None:
        """Run everything due at this turn, in order."""
        while (due_ms := self.next_ms()) is not None and due_ms <= turn.now.mono_ms:
            self._actions.pop(heapq.heappop(self._heap)[1])(turn)
