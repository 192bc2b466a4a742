"""Every release had a grant or a command that held at that moment; what was revoked or has ended opens nothing."""

from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec

from controller.journal import Opened
from controller.pending import Pending
from controller.timekeeping import TimeState
from simulator.world.doubt import until_in_touch
from simulator.world.gateway import Gateway
from simulator.world.invariants.invariant import Invariant
from simulator.world.invariants.ledger import BankLedger, Intent, Ledger, _envelopes
from wire.access_list import Grant
from wire.entries import EntryType
from wire.messages import Command, decode
from wire.topics import Topic

# As the wire's contract has it. Of the product's own numbers a judge that asks them knows nothing.
_FRESH_MS, _WAIT_MS = 30_000, 60_000
# A clock that is right is so to the second; a release waits a minute for its coil, its retries some seconds more.
_SLACK_MS = 10_000
_HOUR_MS = 3_600_000
# The world's controllers look around, and keep their floor, every six hours: what has risen since is gone with a life.
_UNSAVED_MS = 6 * _HOUR_MS


class _Ordered(NamedTuple):
    """A command that a gateway really sent: to whom, when, and which lockers it opens."""

    bank: str
    sent_ms: int
    lockers: frozenset[int]


class Permissions(Invariant):
    """Judges from the newest list that the bank has accepted, and from the commands that a gateway really sent."""

    name = "permission"

    def __init__(self, world: Any, ledger: Ledger) -> None:
        super().__init__(world)
        self._ledger = ledger
        self._commands: dict[str, _Ordered] = {}
        self._carried_out: set[tuple[str, int]] = set()
        self._ended: dict[tuple[str, str], int] = {}
        self._died: dict[str, tuple[int, int]] = {}
        # How late a bank's floor may be after its starts, while nobody tells it the time: so late it may end grants.
        self._late_ms: Counter[str] = Counter()

    def sent(self, gateway: Gateway, bank: str, topic: Topic, envelope: bytes) -> None:  # noqa: ARG002
        """Remember commands by their true time, and what they open."""
        if topic is Topic.COMMANDS:
            command = decode(_envelopes.decode(envelope).payload, Command)
            self._commands.setdefault(command.id, _Ordered(bank, self.world.now_ms, _opened_by(command)))

    def opened(self, bank: str, opened: Opened) -> None:
        """What ended in the life before may be in doubt anew: its floor was kept up to a while ago."""
        self._ended = {key: until for key, until in self._ended.items() if key[0] != bank}
        if bank in self._died:
            died_ms, lived_ms = self._died[bank]
            lost_ms = self.world.now_ms - died_ms + min(lived_ms, _UNSAVED_MS)
            if kept := opened.state.get("time"):  # a disk that took nothing for days has kept none of it
                lost_ms = max(lost_ms, self.world.now_ms - msgspec.json.decode(kept, type=TimeState).floor)
            self._late_ms[bank] += lost_ms
            until_in_touch(self.world, bank, self._late_ms, lost_ms, _HOUR_MS, self._is_right)

    def _is_right(self, bank: str) -> bool:
        """One that is told two times believes neither, and what it has lost stays lost until then."""
        return not self.world.wrong_clocks[bank]

    def died(self, bank: str) -> None:
        """What of its floor was not saved is lost, and the next life does not know how long it was away."""
        self._died[bank] = self.world.now_ms, self.world.now_ms - self.world.banks[bank].began_ms

    def written(self, bank: str, entries: Sequence[Pending]) -> None:
        """What a grant was refused for as ended stays ended."""
        for entry in entries:
            if entry.type is EntryType.BADGE_REFUSED and entry.body.get("why") == "ended" and entry.body.get("grant"):
                grants = self._ledger.banks[bank].grants(entry.body.get("digest") or "")
                for grant in grants:
                    if grant.id == entry.body["grant"]:
                        self._ended[bank, grant.id] = grant.not_after

    def energised(self, bank: str, locker: int) -> None:
        """Who asked for it, and whether they might."""
        ledger = self._ledger.banks[bank]
        intent = ledger.current
        if intent is None:
            return  # intents.py has said so
        if intent.body.get("command"):
            self._by_command(bank, locker, intent)
        else:
            self._by_badge(bank, locker, intent, ledger)

    def _by_command(self, bank: str, locker: int, intent: Intent) -> None:
        name = intent.body["command"]
        ordered = self._commands.get(name)
        if ordered is None:
            self.violated(f"{bank} opens locker {locker} by a command that no gateway has sent: {name}")
            return
        if ordered.bank != bank or locker not in ordered.lockers:
            self.violated(f"{bank} opens locker {locker}, and {name} orders {ordered.bank} {sorted(ordered.lockers)}")
        age_ms = self.world.now_ms - ordered.sent_ms
        if age_ms > _FRESH_MS + _WAIT_MS + _SLACK_MS:
            self.violated(f"{bank} opens locker {locker} by a command that is {age_ms} ms old")
        if intent.body.get("attempt") == 1:
            if (name, locker) in self._carried_out:
                self.violated(f"{bank} opens locker {locker} by one command twice: {name}")
            self._carried_out.add((name, locker))

    def _by_badge(self, bank: str, locker: int, intent: Intent, ledger: BankLedger) -> None:
        digest, name = intent.body.get("digest", ""), intent.body.get("grant", "")
        known = (*ledger.grants(digest), *ledger.perhaps(digest))
        held = [grant for grant in known if grant.id == name and locker in grant.lockers]
        if not held:
            self.violated(f"{bank} opens locker {locker} by {name}, which is in no list that it has accepted")
        elif {self._ended.get((bank, name))} == {grant.not_after for grant in held}:
            self.violated(f"{bank} opens locker {locker} by {name} after it was refused as ended")
        elif not self.world.wrong_clocks[bank] and not any(self._has_begun(grant) for grant in held):
            self.violated(f"{bank} opens locker {locker} by {name} before it begins, and its clock is right")
        elif not any(self._holds(bank, grant) for grant in held):
            self.violated(f"{bank} opens locker {locker} by {name} after its end")
        if (name, digest) in ledger.dead:
            self.violated(f"{bank} opens locker {locker} by {name}, which it knows to be revoked")

    def _has_begun(self, grant: Grant) -> bool:
        return grant.not_before - _SLACK_MS <= self.world.now_ms

    def _holds(self, bank: str, grant: Grant) -> bool:
        """Whether it has not ended yet: a clock that is wrong, however it is, takes no floor back."""
        return self.world.now_ms < grant.not_after + _WAIT_MS + _SLACK_MS + self._late_ms[bank]


def _opened_by(command: Command) -> frozenset[int]:
    if command.kind == "open":
        return frozenset({command.args["locker"]})
    return frozenset(command.args["lockers"]) if command.kind == "walk_test" else frozenset()
