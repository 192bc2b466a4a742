"""A receipt never exceeds what the database holds, or holds as the end of a run that was erased or is lost."""

from typing import Any

from simulator.world.gateway import Gateway
from simulator.world.invariants.invariant import Invariant
from simulator.world.invariants.ledger import _envelopes
from wire.messages import Receipt, decode
from wire.topics import Topic

_COUNT = "SELECT count(*) FROM event WHERE bank_id=? AND epoch=? AND seq>? AND seq<=?"
_POISON = "SELECT first, last FROM quarantine WHERE bank_id=? AND epoch=? AND last>?"
_LOST = "SELECT body FROM event WHERE bank_id=? AND kind='entries_lost'"
_HASH = "SELECT hash FROM event WHERE bank_id=? AND epoch=? AND seq=?"


class Receipts(Invariant):
    """Counts the rows that each receipt is newly about, in the gateway's own database, outside any transaction."""

    name = "receipt"

    def __init__(self, world: Any) -> None:
        super().__init__(world)
        self._counted: dict[tuple[str, str, str], int] = {}

    def replaced(self, gateway: Gateway) -> None:
        """What was counted is not there any more."""
        self._counted = {key: through for key, through in self._counted.items() if key[0] != gateway.name}

    def sent(self, gateway: Gateway, bank: str, topic: Topic, envelope: bytes) -> None:
        """One receipt."""
        if topic is not Topic.RECEIPTS:
            return
        receipt = decode(_envelopes.decode(envelope).payload, Receipt)
        connection = gateway.storage.connection
        if connection.in_transaction:
            self.violated(f"{bank} is told of {receipt.through} before that is committed")
        key = gateway.name, bank, receipt.epoch
        since = self._counted.get(key, 0)
        if receipt.through <= since:
            return
        (found,) = connection.execute(_COUNT, (bank, receipt.epoch, since, receipt.through)).fetchone()
        missing = receipt.through - since - found
        if missing and not self._explained(gateway, bank, receipt.epoch, since, receipt.through, missing):
            self.violated(f"{bank} is told of {receipt.through} in {receipt.epoch[:8]}, and {missing} rows are missing")
        row = connection.execute(_HASH, (bank, receipt.epoch, receipt.through)).fetchone()
        if row is not None and row[0].hex() != receipt.hash:
            self.violated(f"{bank} is told another hash of {receipt.through} than the database holds")
        self._counted[key] = receipt.through
        self.world.counts["receipts"] += 1

    @staticmethod
    def _explained(gateway: Gateway, bank: str, epoch: str, since: int, through: int, missing: int) -> bool:
        connection = gateway.storage.connection
        covered: set[int] = set()
        for first, last in connection.execute(_POISON, (bank, epoch, since)):
            covered.update(range(max(first, since + 1), min(last, through) + 1))
        lost = any(epoch.encode() in (body or b"") for (body,) in connection.execute(_LOST, (bank,)))
        return lost or len(covered) >= missing
