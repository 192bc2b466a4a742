"""What had to be told was told: an entry of the journal, a fault in health, a count of what was refused.

That every entry reaches the gateway is another invariant's (comes_to_rest.py).
"""

from collections import deque
from collections.abc import Callable, Collection, Sequence
from typing import Any

from controller.pending import Pending
from simulator.physics import Sensor
from simulator.world.controller import SimulatedController
from simulator.world.gateway import Gateway
from simulator.world.invariants.invariant import Invariant
from wire.entries import EntryType

WITHIN_MS = 15_000
# More than ten a minute of one kind are counted, not written.
_FLOOD_MS = 60_000
# A program that has just begun has yet to hear of every contact.
_SETTLED_MS = 10_000
_REMEMBERED = 21
_EPOCH = "SELECT count(*) FROM event WHERE bank_id=? AND epoch=?"
_KIND = "SELECT count(*) FROM event WHERE bank_id=? AND kind=?"
# By which it shows that two devices write one bank's journal.
_DOUBLES = ("epoch_link_broken", "session_conflict", "batch_quarantined")
_SILENT = frozenset({Sensor.STUCK_CLOSED})

State = tuple[int, ...]
Still = Callable[[], bool]


class Told(Invariant):
    """Faults say when one of them has had occasion to act; each is looked at a while later.

    A controller that died, hung or was disturbed meanwhile need not have told.
    """

    name = "told"

    def __init__(self, world: Any) -> None:
        super().__init__(world)
        self._said: dict[tuple[str, EntryType, int | None], int] = {}
        self._written: dict[str, deque[int]] = {bank: deque(maxlen=_REMEMBERED) for bank in world.banks}
        self._lists: dict[tuple[str, int], tuple[EntryType, int]] = {}
        self._at_rest: list[tuple[Still, str]] = []

    def written(self, bank: str, entries: Sequence[Pending]) -> None:
        """What is said, of which locker."""
        now_ms = self.world.now_ms
        self._written[bank].append(now_ms)
        for entry in entries:
            if entry.type is None:
                continue
            self._said[bank, entry.type, None] = self._said[bank, entry.type, entry.body.get("locker")] = now_ms
            if entry.type is EntryType.ACCESS_APPLIED:
                word, until_ms = self._lists.pop((bank, entry.body["version"]), (None, 0))
                if word is not None and now_ms < until_ms:
                    self.expect(bank, word)

    def energised(self, bank: str, locker: int) -> None:
        """A door that cannot move, or a sensor that cannot say so: `not_opened`."""
        controller = self.world.banks[bank]
        door = controller.doors.by_number[locker]
        if not door.sensed_open and not door.door.open and (door.door.jammed or door.door.sensor in _SILENT):
            sensor = door.door.sensor
            self.expect(
                bank, EntryType.NOT_OPENED, locker=locker,
                still=lambda: not door.sensed_open and door.door.sensor is sensor
                and (door.door.jammed or sensor in _SILENT),
            )  # fmt: skip

    def expect(
        self,
        bank: str,
        word: EntryType,
        *,
        locker: int | None = None,
        fault: tuple[str, str] | None = None,
        still: Still = lambda: True,
        disturbed: bool = False,
    ) -> None:
        """The bank has occasion to say this from now on; with `fault` (source, code) it may have said so earlier in
        its life, and its health says it now; `disturbed`: a device is what is to be told of."""
        controller = self.world.banks[bank]
        if self.hears(controller, disturbed=disturbed):
            self.world.loop.after(
                WITHIN_MS, self._look, controller, word, locker, fault, still, self.world.now_ms, _state_of(controller)
            )

    def hears(self, controller: SimulatedController, *, disturbed: bool = False) -> bool:
        """Whether it runs, and has had time to look around; its boards and readers are there (or `disturbed`)."""
        return (
            controller.runtime is not None
            and (disturbed or controller.devices.is_fine)
            and self.world.now_ms - controller.began_ms > _SETTLED_MS
        )

    def said_since(self, bank: str, word: EntryType, since_ms: int, locker: int | None = None) -> bool:
        """Whether it was said since."""
        return self._said.get((bank, word, locker), -1) >= since_ms

    def written_since(self, bank: str, since_ms: int) -> int:
        """When something was first handed to the journal since, as far as is remembered; far in the future if never."""
        return min((at for at in self._written[bank] if at >= since_ms), default=1 << 62)

    def must(self, holds: bool, text: str) -> None:
        """What is to be seen now."""
        self.world.counts["told"] += 1
        if not holds:
            self.violated(text)

    def of_list(self, bank: str, version: int, word: EntryType, within_ms: int) -> None:
        """A list that makes the bank say this, if it accepts it within that time."""
        self._lists[bank, version] = word, self.world.now_ms + within_ms

    def at_rest(self, holds: Still, text: str) -> None:
        """What the gateway must know in the end."""
        self._at_rest.append((holds, text))

    def poisoned(self, bank: str) -> None:
        """A batch of that bank's that makes no sense is on its way, signed with its own key."""
        world, gateway = self.world, self.world.gateway
        reached = world.broker.is_connected(gateway.name) and world.network.link(gateway.name).open
        if reached and gateway.hears and world.mischief.is_idle:
            text = f"a batch of {bank} made no sense, and nobody was told"
            self.at_rest(lambda: self._rows(_KIND, bank, "batch_quarantined"), text)

    def cloned(self, bank: str, epochs: Collection[str]) -> None:
        """A clone of that bank has written these; if the gateway has any of them, it knows what they are."""

        def holds() -> bool:
            return not any(self._rows(_EPOCH, bank, epoch) for epoch in epochs) or any(
                self._rows(_KIND, bank, kind) for kind in _DOUBLES
            )

        self.at_rest(holds, f"a clone of {bank} was heard, and nobody was told")

    def _rows(self, query: str, bank: str, what: str) -> bool:
        (count,) = self.world.gateway.storage.connection.execute(query, (bank, what)).fetchone()
        return bool(count)

    def replaced(self, gateway: Gateway) -> None:  # noqa: ARG002
        """What the gateway itself had noted is forgotten."""
        self._at_rest.clear()

    def settled(self) -> None:
        """Everything has arrived."""
        for holds, text in self._at_rest:
            self.must(holds(), text)

    def _look(
        self, controller: SimulatedController, word: EntryType, locker: int | None, fault: tuple[str, str] | None,
        still: Still, since_ms: int, state: State,
    ) -> None:  # fmt: skip
        runtime, name = controller.runtime, controller.name
        if runtime is None or _state_of(controller) != state or not still():
            return
        where = name if locker is None else f"{name}/{locker}"
        if fault is not None:
            shown = any((each.source, each.code) == fault for each in runtime.faults)
            self.must(shown, f"the health of {name} does not say {fault}")
            since_ms = controller.began_ms
        else:
            since_ms -= _FLOOD_MS
        self.must(self.said_since(name, word, since_ms, locker), f"{where} had to say {word}, and has not")


def _state_of(controller: SimulatedController) -> State:
    return controller.lives, controller.hangs, controller.devices.disturbances
