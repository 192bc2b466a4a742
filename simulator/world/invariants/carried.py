"""What a bank keeps beside a new list: every badge that was called dead, and those forgotten for three days at most."""

from collections.abc import Sequence
from typing import Any

from controller.access import CarriedOver
from controller.carried_over import decode_carried_over
from controller.journal import Opened
from controller.pending import Pending
from simulator.world.invariants.invariant import Invariant
from simulator.world.invariants.ledger import DEAD, Ledger
from wire.access_list import AccessList, Grant, Kind

_KEPT_MS = 72 * 3_600_000
# By a list from so far ahead a bank ends nobody's way: whom it forgets keeps theirs to its end.
_AHEAD_MS = 24 * 3_600_000
# A clock that is right is so to the second.
_SLACK_MS = 10_000

_Lines = frozenset[tuple[str, str]]


class Carried(Invariant):
    """Reads what is stored with a list. Worlds are shorter than a gateway repeats that a badge is dead."""

    name = "carried"

    def __init__(self, world: Any, ledger: Ledger) -> None:
        super().__init__(world)
        self._ledger = ledger
        self._dead: dict[str, _Lines] = {}
        self._holders: dict[str, frozenset[Grant]] = {}
        self._collecting: dict[str, _Lines] = {}
        self._shut: dict[str, dict[tuple[str, int], int]] = {}
        self._grants: dict[str, Sequence[Grant]] = {}

    def opened(self, bank: str, opened: Opened) -> None:
        """A life goes on from what its disk has kept."""
        self._take(bank, decode_carried_over(opened.state.get("kept") or b"[]"))

    def written(self, bank: str, entries: Sequence[Pending]) -> None:
        """A list, and what is kept beside it."""
        for entry in entries:
            if "list" in entry.state:
                dead, holders = self._dead.get(bank, frozenset()), self._holders.get(bank, frozenset())
                collecting = self._collecting.get(bank, frozenset())
                kept = decode_carried_over(entry.state.get("kept") or b"[]")
                shut = self._shut.get(bank, {}) | _shut(self._grants[bank], self.world.now_ms)
                still = {(one.digest, at) for one in kept.holders for at in one.lockers}
                self._shut[bank] = {way: until for way, until in shut.items() if way in still}
                self._take(bank, kept)
                self._judge_dead(bank, dead - self._dead[bank])
                self._judge_forgotten(bank, frozenset(kept.holders) - holders, collecting)

    def energised(self, bank: str, locker: int) -> None:
        """Not for whom a list forgot while the locker was shut to them for what is inside, or by a death."""
        intent, runtime = self._ledger.banks[bank].current, self.world.banks[bank].runtime
        if runtime is None or runtime.now().clock != "trusted" or self.world.wrong_clocks[bank]:
            return
        if intent is None:
            return
        if self.world.now_ms >= self._shut.get(bank, {}).get((str(intent.body.get("digest")), locker), 0):
            return
        if intent.body.get("grant") in {grant.id for grant in self._holders[bank]}:
            self.violated(f"{bank} opens locker {locker} by {intent.body['grant']}: forgotten, and shut until then")

    def _judge_dead(self, bank: str, dropped: _Lines) -> None:
        if dropped:
            self.violated(f"{bank} takes a list and forgets that badges are dead: {sorted(dropped)[:3]}")

    def _judge_forgotten(self, bank: str, kept: frozenset[Grant], collecting: _Lines) -> None:
        forgotten = frozenset(grant for grant in kept if grant.kind == Kind.COLLECT.value)
        self.world.counts["ways kept"] += len(forgotten)
        runtime = self.world.banks[bank].runtime
        accepted = self._ledger.banks[bank].accepted
        if runtime is None or runtime.now().clock != "trusted" or self.world.wrong_clocks[bank]:
            return
        if accepted is None or accepted.issued_at - self.world.now_ms > _AHEAD_MS - _SLACK_MS:
            return
        until_ms = self.world.now_ms + _KEPT_MS
        for grant in forgotten:
            # A time to collect is not made longer.
            over_ms = grant.not_after - until_ms
            if over_ms > _SLACK_MS or (over_ms < -_SLACK_MS and (grant.id, grant.digest) not in collecting):
                self.violated(f"{bank} keeps a forgotten {grant.id} {over_ms} ms longer than three days")

    def _take(self, bank: str, kept: CarriedOver) -> None:
        accepted: AccessList | None = self._ledger.banks[bank].accepted
        lines = {(line.id, line.digest) for line in accepted.revoked if line.why in DEAD} if accepted else set()
        self._dead[bank] = frozenset(lines | {(line.id, line.digest) for line in kept.dead})
        self._holders[bank] = frozenset(kept.holders)
        self._grants[bank] = accepted.grants if accepted else ()
        grants = (*(accepted.grants if accepted else ()), *kept.holders)
        self._collecting[bank] = frozenset((one.id, one.digest) for one in grants if one.kind == Kind.COLLECT.value)


def _shut(grants: Sequence[Grant], now_ms: int) -> dict[tuple[str, int], int]:
    """Digest and locker that are shut to their holder now, and were from the first day on, or are to the end, by what
    is inside, or a death; and until when: with the contract such a suspension ends, and the time to collect begins."""
    holders = [grant for grant in grants if grant.kind == Kind.HOLDER.value and now_ms < grant.not_after]
    shut: dict[tuple[str, int], int] = {}
    for one in grants:
        if one.kind == Kind.SUSPENDED.value and one.not_before <= now_ms < one.not_after:
            for way in holders:
                ever = one.not_before <= way.not_before or way.not_after <= one.not_after
                if way.digest == one.digest and ever:
                    both = ((one.digest, locker) for locker in one.lockers if locker in way.lockers)
                    shut |= {at: max(one.not_after, shut.get(at, 0)) for at in both}
    return shut
