"""What each bank has accepted and intends, gathered from what it hands to its journal; the invariants ask it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import msgspec

from controller.access import CarriedOver
from controller.carried_over import decode_carried_over
from controller.journal import Opened
from controller.pending import Pending
from simulator.world.gateway import Gateway
from simulator.world.invariants.invariant import Invariant
from wire.access_list import AccessList, Grant, decode_access_list
from wire.entries import EntryType
from wire.envelope import Envelope
from wire.topics import Topic

_envelopes = msgspec.json.Decoder(Envelope)
# Words on a badge itself; `ended` speaks of one grant alone.
DEAD = frozenset({"revoked", "replaced"})


# By a list from so far ahead a bank ends nobody's way; a clock that is right is so to the second.
_AHEAD_MS = 24 * 3_600_000 + 10_000


def _is_ahead(accepted: AccessList, now_ms: int) -> bool:
    return accepted.issued_at - now_ms > _AHEAD_MS


@dataclass(slots=True)
class Intent:
    """A release that was written down and whose coil has not gone on yet."""

    release: str
    at_ms: int
    body: dict[str, Any]


@dataclass(slots=True)
class BankLedger:
    """The list in force with the grants kept beside it (`held`: all of them by digest), and by locker what is intended.

    `early`: what the list ended or forgot, which counts while its day has not come. `dead`: (grant, digest) of every
    line that any list has called revoked or replaced: they never count again. `before`: what was held by the last list
    that did not come from ahead.
    """

    accepted: AccessList | None = None
    dead: set[tuple[str, str]] = field(default_factory=set)
    held: dict[str, list[Grant]] = field(default_factory=dict)
    early: tuple[Grant, ...] = ()
    before: tuple[Grant, ...] = ()
    intents: dict[int, Intent] = field(default_factory=dict)
    current: Intent | None = None
    """What the coil that just went on belongs to."""

    def grants(self, digest: str) -> list[Grant]:
        """All that this digest holds by the list in force, and by what is kept."""
        return [grant for grant in self.held.get(digest, ()) if (grant.id, digest) not in self.dead]

    def perhaps(self, digest: str) -> list[Grant]:
        """What it may hold besides."""
        return [grant for grant in self.early if grant.digest == digest and (grant.id, digest) not in self.dead]

    def owed(self, digest: str, now_ms: int) -> list[Grant]:
        """What a list from so far ahead ended or forgot: it ends nobody's way."""
        if self.accepted is None or not _is_ahead(self.accepted, now_ms):
            return []
        named = {grant.id for grant in self.accepted.grants}
        theirs = [grant for grant in self.before if grant.digest == digest and grant.id not in named]
        return [grant for grant in theirs if (grant.id, digest) not in self.dead]

    def take(self, accepted: AccessList, carried: CarriedOver, now_ms: int) -> None:
        """This list is in force from now on, with what is kept beside it."""
        self.accepted, self.early = accepted, carried.early
        if not _is_ahead(accepted, now_ms):
            self.before = (*accepted.grants, *carried.holders)
        self.dead.update((line.id, line.digest) for line in accepted.revoked if line.why in DEAD)
        self.held = {}
        for grant in (*accepted.grants, *carried.holders):
            self.held.setdefault(grant.digest, []).append(grant)


class Ledger(Invariant):
    """Comes first among the invariants, so that the others find it up to date.

    What a bank accepts counts for them: so it has to be, byte for byte, what a gateway has made for that bank.
    """

    name = "ledger"

    def __init__(self, world: Any) -> None:
        super().__init__(world)
        self.banks = {bank: BankLedger() for bank in world.banks}
        self._signed: dict[str, set[bytes]] = {bank: set() for bank in world.banks}
        self._newest: dict[str, bytes] = {}

    def sent(self, gateway: Gateway, bank: str, topic: Topic, envelope: bytes) -> None:  # noqa: ARG002
        """Each list that a gateway has made."""
        if topic is Topic.ACCESS:
            self.signed(bank, envelope)

    def signed(self, bank: str, envelope: bytes) -> None:
        """This list bears the gateway's signature, however it came to that."""
        self._signed[bank].add(sha256(envelope).digest())
        self._newest[bank] = envelope

    def newest(self, bank: str) -> bytes | None:
        """The last of these lists: whoever listens at the broker has it."""
        return self._newest.get(bank)

    def opened(self, bank: str, opened: Opened) -> None:
        """What a life begins with is what its disk held."""
        last = self.banks[bank]
        ledger = self.banks[bank] = BankLedger(dead=last.dead, before=last.before if opened.cause == "start" else ())
        self._take(ledger, opened.state)

    def written(self, bank: str, entries: Sequence[Pending]) -> None:
        """Lists and intents."""
        ledger = self.banks[bank]
        for entry in entries:
            if "list" in entry.state:
                self._judge(bank, entry.state["list"])
                self._take(ledger, entry.state)
            if entry.type is EntryType.RELEASE_INTENDED:
                body = entry.body
                ledger.intents[body["locker"]] = Intent(body["release"], self.world.now_ms, body)

    def energised(self, bank: str, locker: int) -> None:
        """The intent is spent."""
        ledger = self.banks[bank]
        ledger.current = ledger.intents.pop(locker, None)

    def _judge(self, bank: str, envelope: bytes | None) -> None:
        if envelope is not None and sha256(envelope).digest() not in self._signed[bank]:
            self.violated(f"{bank} accepts a list that no gateway has sent it")

    def _take(self, ledger: BankLedger, state: Any) -> None:
        envelope = state.get("list")
        if envelope is not None:
            accepted = decode_access_list(_envelopes.decode(envelope).payload)
            ledger.take(accepted, decode_carried_over(state.get("kept") or b"[]"), self.world.now_ms)
