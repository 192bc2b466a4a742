"""A gateway that does not know what a bank follows signs nothing for it until someone has reconciled the two."""

from typing import Any

from controller.journal import Opened
from simulator.world.gateway import Gateway
from simulator.world.invariants.invariant import Invariant
from simulator.world.invariants.ledger import Ledger, _envelopes
from wire.messages import Command, decode
from wire.topics import Topic

_SIGNED = frozenset({Topic.ACCESS, Topic.TRUST, Topic.KEYS, Topic.COMMANDS})
_KNOWN = "SELECT count(*) FROM issued_list WHERE bank_id=? AND version=?"
_HELD = "SELECT count(*) FROM controller WHERE bank_id=? AND held_since IS NOT NULL"


class Held(Invariant):
    """Knows from the banks' own lists who is a stranger to a database that was put back, whatever the gateway notes."""

    name = "held"

    def __init__(self, world: Any, ledger: Ledger) -> None:
        super().__init__(world)
        self._ledger = ledger
        self._strangers: dict[tuple[str, str], Gateway] = {}

    def replaced(self, gateway: Gateway) -> None:
        """Which banks follow a list that it never issued, as far as it knows now?"""
        for bank in self.world.banks:
            self._strangers.pop((gateway.name, bank), None)
            if not self._knows(gateway, bank):
                self._strangers[gateway.name, bank] = gateway

    def written(self, bank: str, entries: Any) -> None:
        """Somebody with the gateway's key gave it a newer one, that the gateway knows."""
        if any("list_version" in entry.state for entry in entries):
            self._look_again(bank)

    def opened(self, bank: str, opened: Opened) -> None:  # noqa: ARG002
        """A list that was not on disk is followed no more."""
        self._look_again(bank)

    def _look_again(self, bank: str) -> None:
        for key, gateway in list(self._strangers.items()):
            if key[1] == bank and self._knows(gateway, bank):
                del self._strangers[key]

    def reconciled(self, gateway: Gateway, bank: str, *, seen: bool) -> None:  # noqa: ARG002
        """It may again."""
        self._strangers.pop((gateway.name, bank), None)

    def misled(self, bank: str) -> None:
        """A gateway that has forgotten the bank's newest words is told older ones of its own: nothing shows their age
        (docs/reliability.md)."""
        for gateway, name in list(self._strangers):
            if name == bank:
                del self._strangers[gateway, name]

    def sent(self, gateway: Gateway, bank: str, topic: Topic, envelope: bytes) -> None:
        """Receipts apart, and the question for its list, nothing."""
        if topic not in _SIGNED:
            return
        if topic is Topic.COMMANDS and decode(_envelopes.decode(envelope).payload, Command).kind == "send_access":
            return
        (held,) = gateway.storage.connection.execute(_HELD, (bank,)).fetchone()
        if held or (gateway.name, bank) in self._strangers:
            self.violated(f"{gateway.name} sends {topic.value} to {bank}, which follows a list that it does not know")

    def _knows(self, gateway: Gateway, bank: str) -> bool:
        accepted = self._ledger.banks[bank].accepted
        if accepted is None:
            return True
        (known,) = gateway.storage.connection.execute(_KNOWN, (bank, accepted.version)).fetchone()
        return bool(known)
