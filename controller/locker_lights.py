"""The light at each locker, where its board has one: on while that door is to be opened, blinking to be found."""

from collections.abc import Collection

from controller.effects import Light
from controller.turn import Agenda, Turn

# Long enough to find a door at night; it goes out sooner when the door is closed again.
LIT_MS = 30_000
BLINK_MS = 500


class LockerLights:
    """Lights of the lockers in `lit`; others have none, and nothing is asked of them."""

    def __init__(self, lit: Collection[int], agenda: Agenda) -> None:
        self._lit = frozenset(lit)
        self._agenda = agenda
        self._until_ms: dict[int, int] = {}

    def released(self, locker: int, turn: Turn) -> None:
        """Light the door whose lock is being released."""
        if locker in self._lit:
            until_ms = self._until_ms[locker] = turn.now.mono_ms + LIT_MS
            turn.effects.append(Light(locker, True))
            self._agenda.at(until_ms, lambda later: self._out(locker, until_ms, later))

    def closed(self, locker: int, turn: Turn) -> None:
        """The door is shut again."""
        if self._until_ms.pop(locker, None) is not None:
            turn.effects.append(Light(locker, False))

    def blink(self, locker: int, until_ms: int, turn: Turn) -> None:
        """Blink until then (monotonic); a release takes the light over."""
        if locker in self._lit and locker not in self._until_ms:
            self._until_ms[locker] = until_ms
            self._blink(locker, until_ms, True, turn)

    def _blink(self, locker: int, until_ms: int, on: bool, turn: Turn) -> None:
        if self._until_ms.get(locker) != until_ms:
            return
        if turn.now.mono_ms >= until_ms:
            self.closed(locker, turn)
            return
        turn.effects.append(Light(locker, on))
        self._agenda.at(turn.now.mono_ms + BLINK_MS, lambda later: self._blink(locker, until_ms, not on, later))

    def _out(self, locker: int, until_ms: int, turn: Turn) -> None:
        if self._until_ms.get(locker) == until_ms:
            self.closed(locker, turn)
