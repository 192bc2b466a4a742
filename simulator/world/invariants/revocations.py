"""What a bank has accepted it does not forget: no older list comes back, whatever was cut, restarted or replayed."""

from typing import Any

from controller.journal import Opened
from controller.pending import Pending
from simulator.world.invariants.invariant import Invariant
from simulator.world.invariants.ledger import Ledger


class Revocations(Invariant):
    """The version in force never falls, and what was durable is there in the next life."""

    name = "revocation"

    def __init__(self, world: Any, ledger: Ledger) -> None:
        super().__init__(world)
        self._ledger = ledger
        self._durable: dict[str, int] = {}

    def written(self, bank: str, entries: Any) -> None:
        """A newer list: is it newer? Once it is durable, the next life must have it."""
        for entry in entries:
            if "list_version" in entry.state:
                self._watch(bank, entry)

    def _watch(self, bank: str, entry: Pending) -> None:
        version = int(entry.state["list_version"] or b"0")
        if version < self._durable.get(bank, 0):
            self.violated(f"{bank} accepts list {version} after it has stored {self._durable[bank]}")
        before = entry.done

        def done(durable: bool) -> None:
            if durable:
                self._durable[bank] = max(version, self._durable.get(bank, 0))
            if before is not None:
                before(durable)

        entry.done = done

    def opened(self, bank: str, opened: Opened) -> None:
        """What was answered as durable is found."""
        found = int(opened.state.get("list_version", b"0"))
        if opened.cause == "start" and opened.store is not None and found < self._durable.get(bank, 0):
            self.violated(f"{bank} starts with list {found}, and {self._durable[bank]} was durable")
