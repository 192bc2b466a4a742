"""Partners, and referrals from them and to them."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway.audit import service as audit
from gateway.care import files
from gateway.care.codes import Direction, PartnerKind, ReferralResult, Topic
from gateway.care.waiting_models import Partner, Referral
from gateway.db import new_id
from gateway.errors import ConflictError, InvalidError, NotFoundError
from gateway.lockers.models import Organisation
from gateway.paging import PAGE_SIZE, Page, page_of
from gateway.people.service import checked_name


def add_partner(
    session: Session,
    *,
    organisation_id: str,
    name: str,
    kind: PartnerKind,
    contact_name: str | None = None,
    reach: str | None = None,
    actor: str,
    now: int,
) -> Partner:
    """A body this organisation works with; `contact_name` and `reach` say whom to talk to and how.

    Raises NotFoundError (`organisation`), InvalidError (`name`, `note`), ConflictError (`partner_name`).
    """
    if session.get(Organisation, organisation_id) is None:
        raise NotFoundError("organisation", "no such organisation")
    called = checked_name(name)
    same = select(Partner.id).where(Partner.organisation_id == organisation_id, Partner.name == called)
    if session.scalar(same) is not None:
        raise ConflictError("partner_name", f"there is a partner {called!r} already: use it, or give another name")
    partner = Partner(
        id=new_id(now), organisation_id=organisation_id, name=called, kind=kind.value,
        contact_name=files.note(contact_name), reach=files.note(reach), added_at=now,
    )  # fmt: skip
    session.add(partner)
    session.flush()
    audit.record(session, actor=actor, action="partner_added", subject=partner.id, now=now, kind=kind.value)
    return partner


def close_partner(session: Session, partner_id: str, *, actor: str, now: int) -> Partner:
    """No new referrals; those there are stay. Closing again changes nothing. Raises NotFoundError (`partner`)."""
    partner = partner_of(session, partner_id)
    if partner.closed_at is None:
        partner.closed_at = now
        session.flush()
        audit.record(session, actor=actor, action="partner_closed", subject=partner.id, now=now)
    return partner


def partner_of(session: Session, partner_id: str) -> Partner:
    """Raises NotFoundError with code `partner`."""
    partner = session.get(Partner, partner_id)
    if partner is None:
        raise NotFoundError("partner", "no such partner")
    return partner


def list_partners(
    session: Session, *, organisation_id: str | None = None, after: str | None = None, limit: int = PAGE_SIZE
) -> Page[Partner]:
    """Partners in the order of their adding, closed ones too, of one organisation or of all."""
    query = select(Partner)
    if organisation_id is not None:
        query = query.where(Partner.organisation_id == organisation_id)
    return page_of(session, query, Partner.id, after=after, limit=limit)


def refer(
    session: Session,
    person_id: str,
    partner_id: str,
    direction: Direction,
    *,
    topic: Topic = Topic.UNKNOWN,
    contact_name: str | None = None,
    note: str | None = None,
    at: int | None = None,
    actor: str,
    now: int,
) -> Referral:
    """The partner sent the person here, or the person is sent there.

    Raises NotFoundError (`person`, `partner`), InvalidError (`note`, `at`), ConflictError (`erased`,
    `partner_closed`).
    """
    organisation_id, partner = files.open_file(session, person_id), partner_of(session, partner_id)
    if partner.organisation_id != organisation_id:
        raise NotFoundError("partner", "no such partner")
    if partner.closed_at is not None:
        raise ConflictError("partner_closed", f"{partner.name} takes no more referrals: choose another partner")
    referral = Referral(
        id=new_id(now),
        person_id=person_id,
        partner=partner,
        direction=direction.value,
        topic=topic.value,
        contact_name=files.note(contact_name),
        note=files.note(note),
        at=files.happened(at, now),
        recorded_by=actor,
        recorded_at=now,
        result=ReferralResult.PENDING.value,
    )
    session.add(referral)
    session.flush()
    audit.record(
        session, actor=actor, action="referred", subject=person_id, now=now, referral=referral.id,
        direction=direction.value,
    )  # fmt: skip
    return referral


def close_referral(
    session: Session, referral_id: str, result: ReferralResult, *, at: int | None = None, actor: str, now: int
) -> Referral:
    """What became of it. Raises NotFoundError (`referral`), InvalidError (`result`, `at`), ConflictError (`closed`)."""
    referral = session.get(Referral, referral_id)
    if referral is None:
        raise NotFoundError("referral", "no such referral")
    if result is ReferralResult.PENDING:
        raise InvalidError("result", "a referral is pending until you say what became of it")
    if referral.result_at is not None:
        raise ConflictError("closed", f"this referral is {referral.result} already", result=referral.result)
    referral.result, referral.result_by = result.value, actor
    referral.result_at = max(files.happened(at, now), referral.at)
    session.flush()
    audit.record(
        session, actor=actor, action="referral_closed", subject=referral.person_id, now=now, referral=referral.id,
        result=result.value,
    )  # fmt: skip
    return referral


def list_referrals(
    session: Session, person_id: str, *, after: str | None = None, limit: int = PAGE_SIZE
) -> Page[Referral]:
    """A person's referrals, in the order of their writing."""
    query = select(Referral).where(Referral.person_id == person_id)
    return page_of(session, query, Referral.id, after=after, limit=limit)
