"""The faults in force at a bank, as health messages name them."""

from itertools import islice

from wire.messages import Fault

MOST_SHOWN = 256


class FaultBoard:
    """Faults by source and code: raised once, cleared once."""

    def __init__(self) -> None:
        self._faults: dict[tuple[str, str], None] = {}

    def put(self, source: str, code: str, present: bool = True) -> bool:
        """Raise or clear one fault; whether that changed anything."""
        key = (source, code)
        if present == (key in self._faults):
            return False
        if present:
            self._faults[key] = None
        else:
            del self._faults[key]
        return True

    def clear(self, source: str) -> None:
        """Clear every fault of a source."""
        for key in [key for key in self._faults if key[0] == source]:
            del self._faults[key]

    def view(self) -> tuple[Fault, ...]:
        """The faults in force, oldest first, as many as a health message takes."""
        return tuple(Fault(source, code) for source, code in islice(self._faults, MOST_SHOWN))
