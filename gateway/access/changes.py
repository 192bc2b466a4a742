"""The announcements that make the link act after a commit."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from gateway.db import announce


@dataclass(frozen=True)
class AccessChanged:
    """What a bank's access list is made from has changed: issue and publish a new one."""

    bank_id: str


@dataclass(frozen=True)
class ControllersChanged:
    """A controller was added, re-keyed, or released from being held: load keys again, publish what it lacks."""

    bank_id: str


@dataclass(frozen=True)
class CommandReady:
    """A signed command waits to be sent; it is never retained and expires with its freshness."""

    bank_id: str
    envelope: bytes


def access_changed(session: Session, bank_id: str) -> None:
    """Called by every service that changes a contract, a badge or a locker."""
    announce(session, AccessChanged(bank_id))
