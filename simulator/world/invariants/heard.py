"""A bank whose line, broker and gateway are there is heard: nobody ignores it for long, whatever its disk forgot."""

from collections import Counter
from typing import Any

from simulator.world.doubt import in_touch
from simulator.world.invariants.invariant import Invariant

_LOOK_EVERY_MS = 3_600_000
# What a fault leaves behind is over within an hour or two: a bank that hears no receipts connects anew every hour.
_LOOKS = 24


class Heard(Invariant):
    """Looks every hour: the gateway knows the session that the bank lives in."""

    name = "heard"

    def __init__(self, world: Any) -> None:
        super().__init__(world)
        self._unheard: Counter[str] = Counter()
        world.loop.after(_LOOK_EVERY_MS, self._look)

    def _look(self) -> None:
        for bank in self.world.banks:
            self._unheard[bank] = 0 if self._is_heard(bank) else self._unheard[bank] + 1
            if self._unheard[bank] == _LOOKS:
                self.violated(f"the gateway does not hear {bank}, which has been in touch with it for {_LOOKS} hours")
        self.world.loop.after(_LOOK_EVERY_MS, self._look)

    def _is_heard(self, bank: str) -> bool:
        """Or need not be."""
        gateway, runtime = self.world.gateway, self.world.banks[bank].runtime
        if not (gateway.hears and in_touch(self.world, bank)) or runtime is None or runtime.uplink is None:
            return True
        birth = gateway.steps.presence.birth_of(bank)
        return birth is not None and birth.session == runtime.uplink.session
