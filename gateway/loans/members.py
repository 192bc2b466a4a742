"""Members of a tool library, and the lockers it lends from."""

from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway.audit import service as audit
from gateway.contracts.models import Holding
from gateway.custody.readiness import require_ready
from gateway.custody.used import forget_looks
from gateway.days import day_after, day_start, local_day, term_end
from gateway.db import new_id
from gateway.errors import ConflictError, InvalidError, NotFoundError
from gateway.loans.codes import LeftWhy
from gateway.loans.models import Loan, Membership, ToolLocker
from gateway.lockers.models import Locker, Site
from gateway.lockers.service import locker_of
from gateway.paging import PAGE_SIZE, Page, page_of
from gateway.people.service import open_person
from gateway.schemes.codes import Service
from gateway.schemes.models import Scheme
from gateway.schemes.service import open_scheme, scheme_of


def tool_scheme(session: Session, scheme_id: str) -> Scheme:
    """A scheme that lends tools. Raises NotFoundError (`scheme`), InvalidError (`service`)."""
    scheme = scheme_of(session, scheme_id)
    if scheme.service != Service.TOOLS:
        raise InvalidError("service", f"the scheme {scheme.name!r} is no tool library: choose one that is")
    return scheme


def join(
    session: Session,
    *,
    person_id: str,
    scheme_id: str,
    site_id: str,
    starts_on: date | None = None,
    ends_on: date | None = None,
    actor: str,
    now: int,
) -> Membership:
    """Someone signs: from today, or from `starts_on`, for the scheme's term or until `ends_on`, both days included.

    Raises NotFoundError (`person`, `scheme`, `site`), InvalidError (`service`, `dates`, `date`), ConflictError
    (`scheme_closed`, `member_already`).
    """
    person, scheme = open_person(session, person_id), tool_scheme(session, scheme_id)
    open_scheme(session, scheme.id)
    site = session.get(Site, site_id)
    if site is None:
        raise NotFoundError("site", "no such site")
    first = starts_on or local_day(site.zone, now)
    last = ends_on or term_end(first, scheme.terms.term_months)
    if last < first:
        raise InvalidError("dates", f"the last day ({last}) is before the first ({first})")
    if _open_membership(session, scheme.id, person.id) is not None:
        raise ConflictError("member_already", "this person is a member already: renew the membership, or end it first")
    made = Membership(
        id=new_id(now), scheme=scheme, site=site, person=person, terms=scheme.terms, starts_on=first, ends_on=last,
        from_at=day_start(site.zone, first), until_at=day_start(site.zone, day_after(last)), signed_at=now,
        signed_by=actor,
    )  # fmt: skip
    session.add(made)
    session.flush()
    audit.record(session, actor=actor, action="member_joined", subject=made.id, now=now)
    return made


def renew(session: Session, membership_id: str, *, ends_on: date, actor: str, now: int) -> Membership:
    """A later last day, under the same terms.

    Raises NotFoundError (`membership`), InvalidError (`dates`), ConflictError (`left`, `erased`).
    """
    member = membership_of(session, membership_id)
    if member.ended_at is not None:
        raise ConflictError("left", "this membership has ended: let the person join again")
    open_person(session, member.person_id)
    if ends_on <= member.ends_on:
        raise InvalidError("dates", f"the new last day ({ends_on}) is not later than the present one")
    member.ends_on, member.until_at = ends_on, day_start(member.site.zone, day_after(ends_on))
    audit.record(session, actor=actor, action="member_renewed", subject=member.id, now=now)
    return member


def leave(session: Session, membership_id: str, *, why: LeftWhy, actor: str, now: int) -> Membership:
    """No new loans. Leaving twice changes nothing.

    Raises NotFoundError (`membership`), ConflictError (`tools_out`: take back what is out, cancel what is planned).
    """
    member = membership_of(session, membership_id)
    if member.ended_at is not None:
        return member
    still = session.scalar(
        select(Loan.id)
        .where(Loan.membership_id == member.id, Loan.checked_at.is_(None), Loan.cancelled_at.is_(None))
        .limit(1)
    )
    if still is not None:
        raise ConflictError("tools_out", "a loan is not over: take the tools back or cancel it first", loan=still)
    member.ended_at, member.ended_why = now, why.value
    audit.record(session, actor=actor, action="member_left", subject=member.id, now=now, why=why.value)
    return member


def membership_of(session: Session, membership_id: str) -> Membership:
    """Raises NotFoundError with code `membership`."""
    found = session.get(Membership, membership_id)
    if found is None:
        raise NotFoundError("membership", "no such membership")
    return found


def member_here(session: Session, membership_id: str, scheme_id: str) -> Membership:
    """A membership of this library. Raises NotFoundError (`membership`), InvalidError (`member_elsewhere`)."""
    member = membership_of(session, membership_id)
    if member.scheme_id != scheme_id:
        raise InvalidError("member_elsewhere", "this person is a member of another library")
    return member


def list_members(
    session: Session,
    *,
    scheme_id: str | None = None,
    person_id: str | None = None,
    open_at: int | None = None,
    after: str | None = None,
    limit: int = PAGE_SIZE,
) -> Page[Membership]:
    """Memberships in the order of their signing; `open_at` narrows to those in force then."""
    query = select(Membership)
    if scheme_id is not None:
        query = query.where(Membership.scheme_id == scheme_id)
    if person_id is not None:
        query = query.where(Membership.person_id == person_id)
    if open_at is not None:
        query = query.where(Membership.ended_at.is_(None), Membership.from_at <= open_at, Membership.until_at > open_at)
    return page_of(session, query, Membership.id, after=after, limit=limit)


def lend_from(session: Session, bank_id: str, number: int, *, scheme_id: str, actor: str, now: int) -> ToolLocker:
    """The locker lends the scheme's tools from now on, and is given to nobody.

    Raises NotFoundError (`bank`, `locker`, `scheme`), InvalidError (`service`), ConflictError (`tool_locker`,
    `locker_taken`) and as custody.readiness.require_ready: its members find nobody's things inside.
    """
    locker, scheme = locker_of(session, bank_id, number), tool_scheme(session, scheme_id)
    known = session.get(ToolLocker, locker.id)
    if known is not None:
        if known.scheme_id == scheme.id:
            return known
        raise ConflictError("tool_locker", f"locker {number} lends another scheme's tools: stop that first")
    held = select(Holding.id).where(
        Holding.locker_id == locker.id, Holding.until_at > now, Holding.from_at < Holding.until_at
    )
    if session.scalar(held.limit(1)) is not None:
        raise ConflictError("locker_taken", f"locker {number} is held by a contract: end it or move it first")
    require_ready(session, locker, now)
    made = ToolLocker(locker=locker, scheme_id=scheme.id, since=now)
    session.add(made)
    session.flush()
    audit.record(session, actor=actor, action="tool_locker_made", subject=locker.id, now=now, scheme=scheme.id)
    return made


def stop_lending_from(session: Session, bank_id: str, number: int, *, actor: str, now: int) -> None:
    """The locker can be given to people again, once somebody has looked into it.

    Raises NotFoundError (`bank`, `locker`, `tool_locker`), ConflictError (`tools_out`).
    """
    locker = locker_of(session, bank_id, number)
    row = tool_locker_of(session, locker)
    still = select(Loan.id).where(Loan.locker_id == locker.id, Loan.checked_at.is_(None), Loan.cancelled_at.is_(None))
    if session.scalar(still.limit(1)) is not None:
        raise ConflictError("tools_out", f"a loan through locker {number} is not over: take it back or cancel it first")
    session.delete(row)
    session.flush()
    forget_looks(session, locker, by=actor, now=now)
    audit.record(session, actor=actor, action="tool_locker_closed", subject=locker.id, now=now)


def tool_locker_of(session: Session, locker: Locker) -> ToolLocker:
    """Raises NotFoundError with code `tool_locker`."""
    found = session.get(ToolLocker, locker.id)
    if found is None:
        raise NotFoundError("tool_locker", f"locker {locker.number} does not lend tools")
    return found


def _open_membership(session: Session, scheme_id: str, person_id: str) -> Membership | None:
    return session.scalar(
        select(Membership).where(
            Membership.scheme_id == scheme_id, Membership.person_id == person_id, Membership.ended_at.is_(None)
        )
    )
