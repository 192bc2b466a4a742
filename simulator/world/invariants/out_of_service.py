"""A locker out of service keeps its holder out only as it was ordered, for a day at most, and no other locker does."""

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

import msgspec

from controller.bay import State
from controller.journal import Opened
from controller.pending import Pending
from simulator.world.controller import SimulatedController
from simulator.world.gateway import Gateway
from simulator.world.invariants.invariant import Invariant
from simulator.world.invariants.ledger import Ledger, _envelopes
from wire.access_list import Kind
from wire.entries import EntryType
from wire.messages import Command, decode
from wire.topics import Topic

_WHY = EntryType.OUT_OF_SERVICE.value
_STATE = "service:"
_THEIRS = frozenset({Kind.HOLDER.value, Kind.COLLECT.value})
_AT_MOST_MS = 24 * 3_600_000
# An entry that nobody waits for is handed on within a second; a clock that is right is so to the second.
_SLACK_MS = 10_000
# What waits for its turn is busy for so long; and near its ends a grant may be judged either way.
_WAITS_MS, _EDGE_MS = 70_000, 120_000


class _Mark(NamedTuple):
    """What a bank said of one of its marks; without a reason and an end it stops nobody."""

    reason: str | None
    until: int | None


class OutOfService(Invariant):
    """Marks by what the banks say, and what they find on their disks; ends by the true time where no clock is wrong."""

    name = "shut_out"

    def __init__(self, world: Any, ledger: Ledger) -> None:
        super().__init__(world)
        self._ledger = ledger
        self._ordered: dict[str, tuple[str, int, _Mark]] = {}
        self._said: set[tuple[str, int, _Mark]] = set()
        # Until when each stops holders, true time; a mark that stops nobody is not here.
        self._stops: dict[str, dict[int, int]] = {bank: {} for bank in world.banks}
        self._marks: dict[tuple[str, int], _Mark] = {}

    def sent(self, gateway: Gateway, bank: str, topic: Topic, envelope: bytes) -> None:  # noqa: ARG002
        """What was ordered."""
        if topic is Topic.COMMANDS:
            command = decode(_envelopes.decode(envelope).payload, Command)
            if command.kind == _WHY:
                mark = _Mark(command.args.get("reason"), command.args.get("until"))
                self._ordered[command.id] = bank, command.args["locker"], mark

    def opened(self, bank: str, opened: Opened) -> None:
        """What a bank finds on its disk it once said itself; it counts for a day from now at most."""
        self._stops[bank] = {}
        for name, value in opened.state.items():
            if name.startswith(_STATE):
                locker, body = int(name.removeprefix(_STATE)), msgspec.json.decode(value)
                mark = _Mark(body.get("reason"), body.get("until"))
                if (bank, locker, mark) not in self._said:
                    self.violated(f"{bank} finds a mark of locker {locker} that it never made: {mark}")
                self._take(bank, locker, mark)

    def written(self, bank: str, entries: Sequence[Pending]) -> None:
        """What is marked and what no longer, and who is kept out, in their order."""
        for entry in entries:
            body = entry.body
            if entry.type is EntryType.OUT_OF_SERVICE:
                self._marked(bank, body["locker"], _Mark(body.get("reason"), body.get("until")), body["command"])
            elif entry.type is EntryType.IN_SERVICE:
                self._stops[bank].pop(body["locker"], None)
            elif entry.type is EntryType.BADGE_REFUSED and body.get("why") == _WHY and body.get("digest"):
                self._kept_out(bank, body["digest"])

    def energised(self, bank: str, locker: int) -> None:
        """A door that keeps its holder out opens for orders only; what ends the mark is told a moment later."""
        intent, until_ms = self._ledger.banks[bank].current, self._stops[bank].get(locker, 0)
        if intent is None or intent.body.get("kind") not in _THEIRS or self._is_in_doubt(bank, locker):
            return
        if self.world.now_ms < until_ms - 2 * _SLACK_MS:
            self.world.loop.after(_SLACK_MS, self._still, bank, locker, until_ms)

    def _marked(self, bank: str, locker: int, mark: _Mark, command: str) -> None:
        self.world.counts["out of service"] += 1
        if self._ordered.get(command) != (bank, locker, mark):
            self.violated(f"{bank} puts locker {locker} out of service, and nobody has ordered that: {mark}")
        self._said.add((bank, locker, mark))
        self._take(bank, locker, mark)

    def _take(self, bank: str, locker: int, mark: _Mark) -> None:
        self._stops[bank].pop(locker, None)
        self._marks[bank, locker] = mark
        if mark.reason and mark.until is not None:
            latest_ms = self.world.now_ms + _AT_MOST_MS
            until_ms = latest_ms if self.world.wrong_clocks[bank] else min(mark.until, latest_ms)
            self._stops[bank][locker] = until_ms + _SLACK_MS
            controller = self.world.banks[bank]
            state = controller.lives, controller.hangs
            self.world.loop.at(latest_ms + _SLACK_MS, self._look, controller, locker, mark, state)

    def _look(self, controller: SimulatedController, locker: int, mark: _Mark, state: tuple[int, int]) -> None:
        """A day later, in the same life, it keeps out nobody by that mark any more."""
        runtime, marked = controller.runtime, self._marks.get((controller.name, locker))
        if runtime is None or (controller.lives, controller.hangs) != state or marked is not mark:
            return
        self.world.counts["marks ended"] += 1
        if runtime.bank.is_out_of_service(locker, runtime.now()):
            self.violated(f"{controller.name} keeps locker {locker} out of service for more than a day: {mark}")

    def _kept_out(self, bank: str, digest: str) -> None:
        """All that they hold is out of service, or is being opened."""
        self.world.counts["kept out"] += 1
        theirs = self._lockers(bank, digest)
        open_to_them = {locker for locker in theirs if not self._stops_now(bank, locker)}
        if theirs and open_to_them == theirs:
            self.violated(f"{bank} says that lockers {sorted(theirs)} are out of service, and none is")
        elif any(not self._is_busy(bank, locker) for locker in open_to_them):
            self.violated(f"{bank} keeps somebody out of lockers {sorted(open_to_them)} for another's sake")

    def _lockers(self, bank: str, digest: str) -> Collection[int]:
        now_ms, grants = self.world.now_ms, self._ledger.banks[bank].grants(digest)
        shut = {locker for grant in grants if grant.kind == Kind.SUSPENDED.value for locker in grant.lockers}
        holding = [
            grant for grant in grants
            if grant.kind in _THEIRS and grant.not_before + _EDGE_MS <= now_ms < grant.not_after - _EDGE_MS
        ]  # fmt: skip
        return {locker for grant in holding for locker in grant.lockers} - shut

    def _stops_now(self, bank: str, locker: int) -> bool:
        return self.world.now_ms < self._stops[bank].get(locker, 0)

    def _is_busy(self, bank: str, locker: int) -> bool:
        controller = self.world.banks[bank]
        runtime, door = controller.runtime, controller.doors.by_number.get(locker)
        if runtime is None or door is None or self.world.now_ms - door.energised_ms < _WAITS_MS:
            return True
        return runtime.bank.bays[locker].state is not State.IDLE

    def _is_in_doubt(self, bank: str, locker: int) -> bool:
        """Where one of a bank's clocks says that the mark is over, and one of them is wrong, the holder wins."""
        runtime, mark = self.world.banks[bank].runtime, self._marks.get((bank, locker))
        if runtime is None or mark is None or mark.until is None or not self.world.wrong_clocks[bank]:
            return False
        return runtime.now().starting_at >= mark.until

    def _still(self, bank: str, locker: int, until_ms: int) -> None:
        if self._stops[bank].get(locker) == until_ms:
            self.violated(f"{bank} has opened locker {locker} for its holder, and it is out of service")
