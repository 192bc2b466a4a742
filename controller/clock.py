"""The bank's clock: the timekeeper, what this machine's witnesses tell it, and what of it is worth keeping."""

import msgspec

from controller.effects import Record
from controller.inputs import Moment
from controller.machine import Machine
from controller.timekeeping import FIRST_FLOOR, Timekeeper, TimeState, Witness


class Clock:
    """One for each process; `kept` is the state of before. The records that methods answer are to be journaled."""

    def __init__(self, kept: bytes | None, machine: Machine) -> None:
        self._mono_ms = machine.mono_ms
        self._system_ms = machine.system_ms
        own = {Witness.SYSTEM: machine.system_ms(), Witness.BATTERY: machine.battery_ms()}
        self._keeper = Timekeeper(_time_state(kept), self._mono_ms(), own)

    def now(self) -> Moment:
        """The time, read once for one input."""
        return self._keeper.moment(self._mono_ms())

    def hear(self, witness: Witness, instant: int) -> list[Record]:
        """A witness says what time it is."""
        return self._keeper.hear(witness, instant, self._mono_ms())

    def set_by_technician(self, instant: int) -> list[Record]:
        """A technician on the spot says it. Raises ValueError outside 2020 to 2100."""
        return self._keeper.set_by_technician(instant, self._mono_ms())

    def look(self) -> list[Record]:
        """Hear the system clock while it may be heard."""
        instant = self._system_ms()
        if instant is not None:
            return self._keeper.hear(Witness.SYSTEM, instant, self._mono_ms())
        return self._keeper.lose(Witness.SYSTEM, self._mono_ms())

    def waits(self) -> bool:
        """Whether its floor is ahead of the trusted time."""
        return self._keeper.waits(self._mono_ms())

    def is_contradicted(self) -> bool:
        """Whether a witness tells another time than the trusted one."""
        return self._keeper.is_contradicted(self._mono_ms())

    def to_save(self) -> bytes | None:
        """The state to keep now, where it is worth a write."""
        state = self._keeper.unsaved(self._mono_ms())
        if state is None:
            return None
        self._keeper.saved(state)
        return msgspec.json.encode(state)

    def state(self) -> bytes:
        """The state to keep at the end."""
        return msgspec.json.encode(self._keeper.state(self._mono_ms()))


def _time_state(kept: bytes | None) -> TimeState:
    state = msgspec.json.decode(kept, type=TimeState) if kept else TimeState()
    return TimeState(max(state.floor, FIRST_FLOOR), state.credit_used_ms)
