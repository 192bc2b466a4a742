"""Asserts nothing: tells the timeline what banks write, what gateways send, and which links are cut."""

from collections.abc import Sequence
from typing import Any

from controller.pending import Pending
from simulator.world.gateway import Gateway
from simulator.world.invariants.invariant import Invariant
from simulator.world.invariants.ledger import _envelopes
from wire.access_list import decode_access_list
from wire.messages import Command, Receipt, decode
from wire.topics import Topic

_SHORT = 13  # of a digest, an id, an epoch: enough to find it again


class Narrated(Invariant):
    """Only where the lines of the trace are kept. None of it goes into the digest."""

    name = "narrated"

    def __init__(self, world: Any) -> None:
        super().__init__(world)
        world.network.changed.append(lambda client, state: self._tell(client, f"link {state}"))

    def written(self, bank: str, entries: Sequence[Pending]) -> None:
        """Each entry, with what is short in it."""
        for entry in entries:
            if entry.type is not None:
                facts = {name: value for name, value in entry.body.items() if isinstance(value, int | str)}
                self._tell(bank, entry.type.value, **facts)

    def sent(self, gateway: Gateway, bank: str, topic: Topic, envelope: bytes) -> None:
        """To whom, and what of it tells it from others of its kind."""
        payload = _envelopes.decode(envelope).payload
        facts: dict[str, int | str] = {}
        if topic is Topic.ACCESS:
            facts["version"] = decode_access_list(payload).version
        elif topic is Topic.COMMANDS:
            command = decode(payload, Command)
            facts = {"kind": command.kind, "command": command.id}
        elif topic is Topic.RECEIPTS:
            receipt = decode(payload, Receipt)
            facts = {"epoch": receipt.epoch, "through": receipt.through}
        self._tell(gateway.name, f"sends {topic.value}", to=bank, **facts)

    def _tell(self, who: str, what: str, **facts: int | str) -> None:
        short = {name: value[:_SHORT] if isinstance(value, str) else value for name, value in facts.items()}
        self.world.trace.tell(self.world.now_ms, who, what, **short)
