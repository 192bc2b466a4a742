"""Events as the API gives them."""

from typing import Any

from gateway.edge import Schema


class EventOut(Schema):
    """One event of the feed: a bank's journal entry (`source` bank) or the gateway's own (`source` gateway)."""

    id: int
    kind: str
    at: int
    received_at: int
    source: str
    bank: str | None
    locker: int | None
    body: dict[str, Any]
    epoch: str | None
    seq: int | None
