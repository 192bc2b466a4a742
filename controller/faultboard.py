"""The faults in force at a bank, as health messages name them."""

from itertools import islice

from wire.messages import Fault

MOST_SHOWN = 256


class FaultBoard:
    """Faults by source and code: raised once, cleared once. Devices of two kinds (`reader`, ...) may share a name."""

    def __init__(self) -> None:
        self._faults: dict[tuple[str, str, str], None] = {}

    def put(self, source: str, code: str, present: bool = True, kind: str = "") -> bool:
        """Raise or clear one fault; whether that changed anything."""
        key = (kind, source, code)
        if present == (key in self._faults):
            return False
        if present:
            self._faults[key] = None
        else:
            del self._faults[key]
        return True

    def become(self, source: str, code: str, kind: str) -> bool:
        """The one fault that a device has now, in place of any it had; whether that changed anything."""
        if (kind, source, code) in self._faults:
            return False
        self.clear(source, kind)
        return self.put(source, code, kind=kind)

    def clear(self, source: str, kind: str) -> None:
        """Clear every fault of a device."""
        for key in [key for key in self._faults if key[:2] == (kind, source)]:
            del self._faults[key]

    def view(self) -> tuple[Fault, ...]:
        """The faults in force, oldest first and each once, as many as a health message takes."""
        faults = dict.fromkeys(Fault(source, code) for _, source, code in self._faults)
        return tuple(islice(faults, MOST_SHOWN))
