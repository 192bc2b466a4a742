"""The bank's own inputs: the enclosure opened, the mains gone, the supply sagging; and when that is over.

None of them stops a release: people get their belongings on battery, and from an enclosure that stands open.
"""

from collections.abc import Mapping

from controller.faultboard import FaultBoard
from controller.inputs import InputChanged
from controller.suppression import Suppression
from controller.turn import Turn
from wire.entries import EntryType

# The entry, and the code by which fault and entry say what is so.
_TOLD: Mapping[str, tuple[EntryType, str]] = {
    "tamper": (EntryType.TAMPER, "case_opened"),
    "mains": (EntryType.MAINS_FAILED, "mains_failed"),
    "undervoltage": (EntryType.UNDERVOLTAGE, "undervoltage"),
}


class BankInputs:
    """What each input said last."""

    def __init__(self, faults: FaultBoard, suppression: Suppression) -> None:
        self._faults = faults
        self._suppression = suppression
        self._states: dict[str, tuple[str, bool]] = {}

    @property
    def states(self) -> Mapping[str, tuple[str, bool]]:
        """Kind and state of every input that has spoken, by name."""
        return self._states

    def changed(self, event: InputChanged, turn: Turn) -> None:
        """An entry and a fault when it begins, an entry (`active` false) when it is over.

        The first word is a state: it is told only where something is wrong.
        """
        self._states[event.input] = event.kind, event.active
        entry, code = _TOLD[event.kind]
        if self._faults.put(f"input {event.input}", code, event.active):
            self._suppression.record(
                turn,
                entry,
                event.input,
                source=event.input,
                code=code if entry is EntryType.TAMPER else None,
                active=event.active,
            )
