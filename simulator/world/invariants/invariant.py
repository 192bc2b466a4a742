"""What every invariant is: something that hears of what happens, and says when it must not have."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from controller.journal import Opened
from controller.pending import Pending
from simulator.world.doors import Pulse
from simulator.world.gateway import Gateway
from wire.topics import Topic

if TYPE_CHECKING:
    from simulator.world.world import World


class Invariant:
    """Each says by `world.violated` what does not hold. `bank` is a controller's name."""

    name = ""

    def __init__(self, world: "World") -> None:
        self.world = world

    def violated(self, text: str) -> None:
        """It does not hold."""
        self.world.violated(self.name, text)

    def opened(self, bank: str, opened: Opened) -> None:
        """A controller's program starts from what it has found on its disk."""

    def died(self, bank: str) -> None:
        """A controller's program has ended, however."""

    def written(self, bank: str, entries: Sequence[Pending]) -> None:
        """Entries (or state) were handed to the journal's writer."""

    def energised(self, bank: str, locker: int) -> None:
        """A coil goes on."""

    def pulsed(self, bank: str, pulse: Pulse) -> None:
        """A coil went off."""

    def sent(self, gateway: Gateway, bank: str, topic: Topic, envelope: bytes) -> None:
        """A gateway publishes something to a bank."""

    def replaced(self, gateway: Gateway) -> None:
        """A gateway's database is another one now: restored, or empty."""

    def reconciled(self, gateway: Gateway, bank: str, *, seen: bool) -> None:
        """An operator decided that the gateway's list holds again; `seen`: with the bank's own list at hand."""

    def settled(self) -> None:
        """Everything was healed, and had time to come to rest."""
