"""A lost badge: the old one is dead first, then another is given to whom staff recognised, and how is written down."""

from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway.audit import service as audit
from gateway.badges import service
from gateway.badges.models import Badge, Recognition
from gateway.errors import ConflictError, InvalidError, NotFoundError
from gateway.people.service import open_person

MAX_NOTE = 2000
LOST_REASONS = ("lost", "stolen", "broken", "replaced")


class How(StrEnum):
    """How someone was recognised; no identity card is ever asked for."""

    KNOWN_TO_STAFF = "known_to_staff"
    KNOWN_TO_COLLEAGUE = "known_to_colleague"
    PARTNER_CONFIRMED = "partner_confirmed"
    ANSWERS = "answers"
    PHOTOGRAPH = "photograph"
    PAPERS_SHOWN = "papers_shown"
    OTHER_BADGE = "other_badge"
    UNKNOWN = "unknown"


def recognise(
    session: Session, badge_id: str, *, how: str, note: str | None = None, actor: str, now: int
) -> Recognition:
    """Writes down how whoever has this badge was recognised when it was given; once a badge.

    Raises NotFoundError (`badge`), InvalidError (`how`, `note`), ConflictError (`recognised`, `erased`).
    """
    badge = service.badge_of(session, badge_id)
    if how not in tuple(How):
        raise InvalidError("how", f"unknown way to recognise someone {how[:40]!r}; known: {', '.join(How)}")
    if note is not None and len(note) > MAX_NOTE:
        raise InvalidError("note", f"a note has at most {MAX_NOTE} characters")
    if session.get(Recognition, badge.id) is not None:
        raise ConflictError("recognised", "it is written down already how this person was recognised")
    if note and badge.person_id is not None:
        open_person(session, badge.person_id)
    written = Recognition(badge_id=badge.id, how=how, note=(note or "").strip() or None, staff_id=actor, at=now)
    session.add(written)
    session.flush()
    audit.record(session, actor=actor, action="person_recognised", subject=badge.id, now=now, how=how)
    return written


def recognition_of(session: Session, badge_id: str) -> Recognition:
    """Raises NotFoundError (`badge`, `recognition`)."""
    found = session.get(Recognition, service.badge_of(session, badge_id).id)
    if found is None:
        raise NotFoundError("recognition", "nobody wrote down how this person was recognised")
    return found


def dead_first(session: Session, badge_id: str, *, reason: str = "lost", actor: str, now: int) -> Badge:
    """Kills a badge that will be replaced: commit this before another is given, whatever is refused then.

    Raises NotFoundError (`badge`), InvalidError (`reason`), ConflictError (`badge_in_stock`, `badge_replaced`).
    """
    if reason not in LOST_REASONS:
        raise InvalidError("reason", f"unknown reason {reason[:40]!r}; known: {', '.join(LOST_REASONS)}")
    badge = service.badge_of(session, badge_id)
    if badge.person_id is None and badge.trusted_id is None:
        raise ConflictError("badge_in_stock", "this badge is nobody's who is served: nothing to replace")
    if session.scalar(select(Badge.id).where(Badge.replaces_id == badge.id).limit(1)) is not None:
        raise ConflictError("badge_replaced", "this badge was replaced already: block the one that replaced it")
    return service.revoke(session, badge.id, reason=reason, actor=actor, now=now)


def succeed(old: Badge, new: Badge) -> None:
    """Notes which badge the new one came after. Raises ConflictError (`badge_alive`) while the old one works."""
    if old.revoked_at is None:
        raise ConflictError("badge_alive", "the old badge still works: block it first")
    new.replaces_id = old.id
