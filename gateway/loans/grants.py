"""What loans put into an access list: the member's badge opens the tool locker for the loan's time.

After the due date it opens on, as to collect, for the terms' days of grace: tools must be able to come back offline.
"""

from collections.abc import Sequence

from sqlalchemy.orm import Session

from gateway.access.grants import BADGE_TAIL, Lines
from gateway.access.listed import ListedBadge
from gateway.access.schedules import schedule_name
from gateway.days import day_after, local_day, midnight
from gateway.loans.listed import ListedLoan, badges_of_members
from gateway.schemes.terms import Terms
from wire.access_list import Grant, Kind, Revoked


def loan_lines(session: Session, loans: Sequence[ListedLoan], bank_id: str, site_id: str, since: int) -> list[Lines]:
    """The lines of these loans of the bank for each badge of their members at the site."""
    if not loans:
        return []
    badges = badges_of_members(session, bank_id, site_id, since)
    return [_lines(loan, badge) for loan in loans for badge in badges.get(loan.person_id, ())]


def over_at(loan: ListedLoan) -> int:
    """From when on the locker does not open for this loan any more, as known now."""
    until = opens_until(loan.terms, loan.zone, loan.due_at)
    return min(loan.checked_at or until, loan.cancelled_at or until, until)


def opens_until(terms: Terms, zone: str, due_at: int) -> int:
    """Until when the locker opens for a loan that is due then: to bring the tools back, and for whoever is late."""
    if not terms.grace_days:
        return due_at
    return midnight(zone, day_after(local_day(zone, due_at), terms.grace_days + 1))


def _lines(loan: ListedLoan, badge: ListedBadge) -> Lines:
    grants = [
        _grant(loan, badge, Kind.HOLDER, loan.from_at, loan.due_at),
        _grant(loan, badge, Kind.COLLECT, loan.due_at, opens_until(loan.terms, loan.zone, loan.due_at)),
    ]
    why = _why_dead(loan, badge)
    if why is None:
        return Lines(grants, [])
    return Lines([], [Revoked(grant.id, grant.digest, why) for grant in grants])


def _grant(loan: ListedLoan, badge: ListedBadge, kind: Kind, start: int, end: int) -> Grant:
    hours = schedule_name(loan.terms.hours) if loan.terms.hours else None
    return Grant(
        id=f"l{loan.id[-12:]}{badge.id[-BADGE_TAIL:]}-{kind.value[0]}",
        digest=badge.digest,
        key=badge.key_id,
        lockers=(loan.number,),
        not_before=start,
        not_after=end,
        kind=kind.value,
        hours=hours,
        pin=badge.pin,
        needs=("hours",) if hours else (),
    )


def _why_dead(loan: ListedLoan, badge: ListedBadge) -> str | None:
    if badge.revoked_at is not None:
        return "replaced" if badge.revoked_why == "replaced" else "revoked"
    return "ended" if loan.checked_at is not None or loan.cancelled_at is not None else None
