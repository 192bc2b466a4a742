"""The PIN of a badge: set, changed or taken away. It becomes a keyed hash here and is forgotten."""

from sqlalchemy.orm import Session

from gateway.access.service import BadgeKeys
from gateway.audit import service as audit
from gateway.badges.models import Badge
from gateway.badges.service import badge_of, changed
from gateway.errors import ConflictError, InvalidError
from gateway.lockers.service import bank_of
from wire.errors import MessageError
from wire.pin import pin_hash


def set_pin(session: Session, store: BadgeKeys, badge_id: str, *, pin: str, actor: str, now: int) -> Badge:
    """From the next list on, this badge opens with this PIN only, wherever the block has a keypad that works.

    Raises NotFoundError (`badge`), ConflictError (`badge_revoked`), InvalidError (`pin`), NotReadyError (`keys`).
    """
    badge = badge_of(session, badge_id)
    if badge.revoked_at is not None:
        raise ConflictError("badge_revoked", "this badge is revoked and stays so: take another")
    try:
        hashed = pin_hash(store.badge_key(badge.key_id), badge.digest, pin)
    except MessageError as error:
        raise InvalidError("pin", str(error)) from error
    if badge.pin != hashed:
        badge.pin = hashed
        changed(session, badge, "badge_pin_set", actor, now)
    return badge


def clear_pin(session: Session, badge_id: str, *, actor: str, now: int) -> Badge:
    """The badge opens alone again; taking away what is not there changes nothing. Raises NotFoundError (`badge`)."""
    badge = badge_of(session, badge_id)
    if badge.pin is not None:
        badge.pin = None
        changed(session, badge, "badge_pin_cleared", actor, now)
    return badge


def ask_for_pins(session: Session, bank_id: str, *, asks: bool, actor: str, now: int) -> None:
    """Whether every badge of the bank's site ought to have a PIN: staff are shown those that have none.

    It shuts nobody out: a badge without a PIN opens until someone gives it one. Raises NotFoundError (`bank`).
    """
    site = bank_of(session, bank_id).site
    if site.asks_pin != asks:
        site.asks_pin = asks
        audit.record(session, actor=actor, action="site_asks_pin", subject=site.id, now=now, asks=asks)
