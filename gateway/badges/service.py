"""Badges: registering, giving, revoking, replacing. Numbers become digests here and are forgotten."""

from sqlalchemy import String, and_, bindparam, select
from sqlalchemy.orm import Session

from gateway.access.changes import access_changed
from gateway.audit import service as audit
from gateway.badges.models import Badge
from gateway.badges.stock import free_number
from gateway.contracts.repository import banks_of_person
from gateway.db import new_id
from gateway.errors import ConflictError, InvalidError, NotFoundError
from gateway.events.service import record
from gateway.loans.repository import banks_of_member
from gateway.lockers.models import Bank
from gateway.paging import PAGE_SIZE, Page, page_of
from gateway.people.models import Person
from gateway.people.service import checked_name, open_person
from gateway.prepared import Prepared
from wire.badge import badge_digest, canonical_number
from wire.errors import MessageError
from wire.limits import REVOKED_KEPT_MS

REVOKE_REASONS = ("lost", "stolen", "broken", "returned", "not_returned", "replaced", "ended", "incident", "other")
STAFF_BADGE_MS = 365 * 86_400_000
_LIVE = Prepared(
    select(Badge.id).where(
        Badge.site_id == bindparam("site", type_=String()),
        Badge.digest == bindparam("digest", type_=String()),
        Badge.revoked_at.is_(None),
    )
)


def digest_of(key: bytes, number: str) -> tuple[str, str]:
    """Digest and technology of a number such as `em4100:62E3086CED`. Raises InvalidError with code `badge`."""
    prefix, colon, raw = number.partition(":")
    if not colon:
        raise InvalidError("badge", "write the badge as technology:number, such as em4100:62E3086CED")
    technology = prefix.strip().lower()
    try:
        return badge_digest(key, canonical_number(technology, raw)), technology
    except MessageError as error:
        raise InvalidError("badge", str(error)) from error


def register(
    session: Session,
    *,
    site_id: str,
    key_id: str,
    digest: str,
    label: str,
    technology: str | None = None,
    person_id: str | None = None,
    staff_id: str | None = None,
    actor: str,
    now: int,
) -> Badge:
    """A badge the site knows from now on; without an owner it is stock, known by its printed number, the `label`.

    Raises ConflictError (`badge_in_use`, `printed`) if the same badge is live already, InvalidError (`printed`),
    NotFoundError (`person`).
    """
    session.flush()  # the question below does not see what is pending
    other = _LIVE.first(session.connection(), {"site": site_id, "digest": digest})
    if other is not None:
        raise ConflictError(
            "badge_in_use", "this badge is in use already: revoke it there first, or take another", badge=other[0]
        )
    if person_id is not None:
        open_person(session, person_id)
    is_stock = person_id is None and staff_id is None
    badge = Badge(
        id=new_id(now),
        site_id=site_id,
        key_id=key_id,
        digest=digest,
        label=checked_name(label)[:64],
        technology=technology,
        person_id=person_id,
        staff_id=staff_id,
        registered_at=now,
        given_at=None if is_stock else now,
        valid_until=None if staff_id is None else now + STAFF_BADGE_MS,
        printed=free_number(session, site_id, label) if is_stock else None,
    )
    session.add(badge)
    changed(session, badge, "badge_registered", actor, now)
    return badge


def give(session: Session, badge_id: str, *, person_id: str, site_id: str, actor: str, now: int) -> Badge:
    """A stock badge becomes a person's; giving it to its owner again changes nothing.

    Raises NotFoundError (`badge`), InvalidError (`badge_elsewhere`), ConflictError (`badge_in_use`, `badge_revoked`).
    """
    badge = badge_of(session, badge_id)
    _refuse_dead(badge, site_id)
    if badge.person_id == person_id:
        return badge
    _refuse_owned(badge)
    badge.person_id, badge.given_at = open_person(session, person_id).id, now
    changed(session, badge, "badge_given", actor, now)
    return badge


def give_trusted(session: Session, badge_id: str, *, trusted_id: str, site_id: str, actor: str, now: int) -> Badge:
    """A stock badge becomes that of someone a holder trusts. Raises as give."""
    badge = badge_of(session, badge_id)
    _refuse_dead(badge, site_id)
    _refuse_owned(badge)
    badge.trusted_id, badge.given_at = trusted_id, now
    changed(session, badge, "badge_given", actor, now)
    return badge


def revoke(session: Session, badge_id: str, *, reason: str, actor: str, now: int) -> Badge:
    """The digest is dead at once and for good; revoking again changes nothing.

    Raises NotFoundError (`badge`), InvalidError (`reason`).
    """
    if reason not in REVOKE_REASONS:
        raise InvalidError("reason", f"unknown reason {reason[:40]!r}; known: {', '.join(REVOKE_REASONS)}")
    badge = badge_of(session, badge_id)
    if badge.revoked_at is not None:
        return badge
    badge.revoked_at, badge.revoked_why, badge.pin = now, reason, None
    changed(session, badge, "badge_revoked", actor, now, reason=reason)
    return badge


def _refuse_dead(badge: Badge, site_id: str) -> None:
    if badge.site_id != site_id:
        raise InvalidError("badge_elsewhere", "this badge belongs to another site: register it here")
    if badge.revoked_at is not None:
        raise ConflictError("badge_revoked", "this badge is revoked and stays so: take another")


def _refuse_owned(badge: Badge) -> None:
    if badge.person_id is not None or badge.staff_id is not None or badge.trusted_id is not None:
        raise ConflictError("badge_in_use", "this badge is someone else's: revoke it there first, or take another")


def badge_of(session: Session, badge_id: str) -> Badge:
    """Raises NotFoundError with code `badge`."""
    badge = session.get(Badge, badge_id)
    if badge is None:
        raise NotFoundError("badge", "no such badge")
    return badge


def state_of(badge: Badge) -> str:
    """`stock`, `active`, `revoked` or `replaced`."""
    if badge.revoked_at is not None:
        return "replaced" if badge.revoked_why == "replaced" else "revoked"
    return "active" if badge.person_id or badge.staff_id or badge.trusted_id else "stock"


def list_badges(
    session: Session,
    *,
    person_id: str | None = None,
    site_id: str | None = None,
    stock: bool = False,
    organisation_id: str | None = None,
    after: str | None = None,
    limit: int = PAGE_SIZE,
) -> Page[Badge]:
    """Badges in the order of their registering; `stock` narrows to live ones without an owner.

    An organisation sees its people's, and those that belong to nobody.
    """
    query = select(Badge)
    if organisation_id is not None:
        nobodys = (Badge.person_id.is_(None), Badge.staff_id.is_(None), Badge.trusted_id.is_(None))
        own = select(Person.id).where(Person.organisation_id == organisation_id)
        query = query.where(Badge.person_id.in_(own) | and_(*nobodys))
    if person_id is not None:
        query = query.where(Badge.person_id == person_id)
    if site_id is not None:
        query = query.where(Badge.site_id == site_id)
    if stock:
        nobodys = (Badge.person_id.is_(None), Badge.staff_id.is_(None), Badge.trusted_id.is_(None))
        query = query.where(*nobodys, Badge.revoked_at.is_(None))
    return page_of(session, query, Badge.id, after=after, limit=limit)


def changed(session: Session, badge: Badge, what: str, actor: str, now: int, reason: str | None = None) -> None:
    """Write down what was done to a badge, and have the lists of its banks issued again."""
    session.flush()
    audit.record(session, actor=actor, action=what, subject=badge.id, now=now, **({"reason": reason} if reason else {}))
    if badge.staff_id is not None:
        banks = list(session.scalars(select(Bank.id).where(Bank.site_id == badge.site_id)))
    elif owner := badge.person_id or badge.trusted_id:
        since = now - REVOKED_KEPT_MS
        banks = sorted({*banks_of_person(session, owner, since), *banks_of_member(session, owner, since)})
    else:
        banks = []
    for bank_id in banks:
        record(session, what, now=now, bank_id=bank_id, badge=badge.id, reason=reason)
        access_changed(session, bank_id)
