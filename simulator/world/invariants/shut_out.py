"""Nobody who holds a grant is shut out by a fault: what a bank has accepted opens, whatever else is broken."""

from collections.abc import Sequence
from typing import Any

from controller.pending import Pending
from simulator.world.invariants.invariant import Invariant
from simulator.world.invariants.ledger import Ledger
from wire.access_list import Grant, Kind
from wire.entries import EntryType

_THEIRS = frozenset({Kind.HOLDER.value, Kind.COLLECT.value})
# What is said for the moment's sake and not of the grant: another tap opens. Of hours the schedule decides; of lockers
# out of service another judge (out_of_service.py).
_OTHERWISE = frozenset(
    {"busy", "stale", "out_of_service", "keypad", "pin", "pin_missing", "slowed", "locker", "hours", "foreign_card"}
)
# Near its ends a grant may be judged either way.
_EDGE_MS = 120_000
# A clock that is alone may end a grant by so much too early, in all: docs/decisions/0015-time.md.
_ALONE_MS = 86_400_000


class ShutOut(Invariant):
    """Asked at each refusal. Wrong clocks, however many, end nobody's grant more than a day early; but a bank that
    nobody tells the time cannot know that a grant has begun since."""

    name = "shut_out"

    def __init__(self, world: Any, ledger: Ledger) -> None:
        super().__init__(world)
        self._ledger = ledger

    def written(self, bank: str, entries: Sequence[Pending]) -> None:
        """Whom has it refused?"""
        for entry in entries:
            if entry.type is EntryType.BADGE_REFUSED:
                self.world.counts["badges refused"] += 1
                self._judge(bank, entry)

    def _judge(self, bank: str, entry: Pending) -> None:
        digest, why = entry.body.get("digest"), entry.body.get("why")
        wrong = self.world.wrong_clocks[bank]
        if not digest or why in _OTHERWISE or (wrong and why == "not_yet"):
            return
        ledger = self._ledger.banks[bank]
        grants = ledger.grants(digest)
        if self._is_told_the_time(bank):
            grants += ledger.owed(digest, self.world.now_ms)
        early_ms = _ALONE_MS if wrong else 0
        suspended = [
            grant for grant in grants if grant.kind == Kind.SUSPENDED.value and self._may_shut(grant, early_ms)
        ]
        shut = {locker for grant in suspended for locker in grant.lockers}
        for grant in grants:
            if grant.kind in _THEIRS and self._holds(grant, early_ms) and not shut.issuperset(grant.lockers):
                self.violated(f"{bank} refuses a holder: {why}, and {grant.id} holds for lockers {grant.lockers}")

    def _is_told_the_time(self, bank: str) -> bool:
        """Whether its own clock is right and has been heard, and no other wrong clock but the gateway's is about."""
        controller = self.world.banks[bank]
        machine, looked_ms = controller.machine, round(controller.pace.look_s * 1_000)
        heard = self.world.now_ms - controller.began_ms > looked_ms + _EDGE_MS
        right = machine.synchronised and not (machine.system_away_ms or machine.battery_away_ms)
        return heard and right and self.world.wrong_clocks[bank] <= 1

    def _may_shut(self, grant: Grant, early_ms: int) -> bool:
        return grant.not_before - _EDGE_MS - early_ms <= self.world.now_ms

    def _holds(self, grant: Grant, early_ms: int) -> bool:
        return grant.not_before + _EDGE_MS <= self.world.now_ms < grant.not_after - _EDGE_MS - early_ms
