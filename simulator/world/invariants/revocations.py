"""What a bank has accepted it does not forget: no older list comes back, whatever was cut, restarted or replayed;
and a badge that a list called dead opens nothing, whatever later lists say."""

from typing import Any

from controller.journal import Opened
from controller.pending import Pending
from simulator.world.gateway import Gateway
from simulator.world.invariants.invariant import Invariant
from simulator.world.invariants.ledger import DEAD, Ledger


class Revocations(Invariant):
    """The version in force never falls, and what was durable is there in the next life."""

    name = "revocation"

    def __init__(self, world: Any, ledger: Ledger) -> None:
        super().__init__(world)
        self._ledger = ledger
        self._durable: dict[str, int] = {}
        self._dead: dict[str, set[tuple[str, str]]] = {bank: set() for bank in world.banks}
        self._carried: dict[str, set[tuple[str, str]]] = {bank: set() for bank in world.banks}

    def written(self, bank: str, entries: Any) -> None:
        """A newer list: is it newer? Once it is durable, the next life must have it."""
        for entry in entries:
            if "list_version" in entry.state:
                self._watch(bank, entry)

    def energised(self, bank: str, locker: int) -> None:
        """Not by a grant of a dead badge; the same badge under another grant was given out again."""
        intent = self._ledger.banks[bank].current
        if intent is not None and (intent.body.get("grant"), intent.body.get("digest")) in self._dead[bank]:
            self.violated(f"{bank} opens locker {locker} by {intent.body['grant']}, which a list before had revoked")

    def reconciled(self, gateway: Gateway, bank: str, *, seen: bool) -> None:  # noqa: ARG002
        """What the bank knows to be dead is carried over; who decides without its list cannot know of it."""
        accepted = self._ledger.banks[bank].accepted
        if seen and accepted is not None:
            lines = {(line.id, line.digest) for line in accepted.revoked}
            self._carried[bank] |= self._dead[bank] & lines

    def replaced(self, gateway: Gateway) -> None:  # noqa: ARG002
        """What was carried over before is gone with the database."""
        for carried in self._carried.values():
            carried.clear()

    def settled(self) -> None:
        """What was carried over is no grant of the list in force."""
        for bank, dead in self._carried.items():
            accepted = self._ledger.banks[bank].accepted
            for name, _ in sorted(dead & {(grant.id, grant.digest) for grant in accepted.grants} if accepted else ()):
                self.violated(f"{bank} is sent {name}, which was carried over as dead when the bank was reconciled")

    def _watch(self, bank: str, entry: Pending) -> None:
        version = int(entry.state["list_version"] or b"0")
        if version < self._durable.get(bank, 0):
            self.violated(f"{bank} accepts list {version} after it has stored {self._durable[bank]}")
        before, accepted = entry.done, self._ledger.banks[bank].accepted

        def done(durable: bool) -> None:
            if durable:
                self._durable[bank] = max(version, self._durable.get(bank, 0))
                if accepted is not None and accepted.version == version:
                    self._dead[bank].update((line.id, line.digest) for line in accepted.revoked if line.why in DEAD)
            if before is not None:
                before(durable)

        entry.done = done

    def opened(self, bank: str, opened: Opened) -> None:
        """What was answered as durable is found, on a disk that takes nothing too; of a spoilt journal some list."""
        found, durable = int(opened.state.get("list_version", b"0")), self._durable.get(bank, 0)
        if found < (durable if opened.cause == "start" else min(1, durable)):
            self.violated(f"{bank} starts with list {found}, and {durable} was durable")
