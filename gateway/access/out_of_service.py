"""Lockers out of service and back: orders to their bank. A mark stops holders only if asked, and for a day at most."""

from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy.orm import Session

from gateway.access.commands import Orders, order
from gateway.access.models import CommandRecord
from gateway.errors import ConflictError, InvalidError
from gateway.events.service import latest_events
from gateway.lockers.models import Observation
from gateway.lockers.service import locker_of
from wire.limits import OUT_OF_SERVICE_MAX_MS


class ServiceReason(StrEnum):
    """Why a locker is taken out of service."""

    LOCK = "lock"
    DOOR = "door"
    CLEANING = "cleaning"
    WORKS = "works"
    SAFETY = "safety"
    OTHER = "other"


@dataclass(frozen=True)
class Mark:
    """A locker's mark as its bank told it: since when, why, and until when it stops holders, if it does."""

    since: int
    reason: str
    stops_until: int | None
    command_id: str


def take_out(
    session: Session, orders: Orders, *, bank_id: str, number: int, reason: ServiceReason,
    stops_until: int | None = None, actor: str, now: int,
) -> CommandRecord:  # fmt: skip
    """Orders the locker out of service: it is given to nobody new. Its holder's badge is stopped until `stops_until`.

    Raises NotFoundError (`bank`, `locker`, `controller`), InvalidError (`until`), ConflictError (`key_lock`),
    OfflineError (`offline`, `held`).
    """
    _require_controlled(session, bank_id, number)
    if stops_until is not None and not now < stops_until <= now + OUT_OF_SERVICE_MAX_MS:
        raise InvalidError("until", "a mark that stops holders ends within 24 hours: give an earlier end, or none")
    args = {"locker": number, "reason": reason.value, **({} if stops_until is None else {"until": stops_until})}
    return order(
        session, orders, bank_id=bank_id, kind="out_of_service", args=args, reason=reason.value, actor=actor, now=now
    )


def put_back(session: Session, orders: Orders, *, bank_id: str, number: int, actor: str, now: int) -> CommandRecord:
    """Orders the locker back in service. Raises as take_out."""
    _require_controlled(session, bank_id, number)
    return order(
        session, orders, bank_id=bank_id, kind="in_service", args={"locker": number}, reason="maintenance",
        actor=actor, now=now,
    )  # fmt: skip


def mark_of(session: Session, bank_id: str, number: int) -> Mark | None:
    """The locker's mark, None where it is in service as far as its bank has told."""
    seen = session.get(Observation, (bank_id, number))
    if seen is None or not seen.out_of_service:
        return None
    told = latest_events(session, kinds=("out_of_service",), bank_id=bank_id, locker=number, limit=1)
    if not told:
        return Mark(seen.since, "", None, "")
    body = told[0].body
    until = body.get("until") if body.get("reason") else None
    return Mark(
        told[0].at, str(body.get("reason") or ""), until if isinstance(until, int) else None,
        str(body.get("command") or ""),
    )  # fmt: skip


def _require_controlled(session: Session, bank_id: str, number: int) -> None:
    if locker_of(session, bank_id, number).lock == "key":
        raise ConflictError("key_lock", f"locker {number} opens with its key only: plan works on it instead")
