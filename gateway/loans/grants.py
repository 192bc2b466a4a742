"""What loans put into an access list: the member's badge opens the tool locker for the loan's time.

After the due date it opens on, as to collect, for the terms' days of grace: tools must be able to come back offline.
"""

from collections.abc import Sequence

from sqlalchemy.orm import Session

from gateway.access.grants import BADGE_TAIL, Lines
from gateway.access.repository import badges_of_owners
from gateway.access.schedules import schedule_name
from gateway.badges.models import Badge
from gateway.days import day_after, day_start, local_day
from gateway.loans.models import Loan
from wire.access_list import Grant, Kind, Revoked


def loan_lines(session: Session, loans: Sequence[Loan], site_id: str, since: int) -> list[Lines]:
    """The lines of these loans for each badge of their members at the site."""
    if not loans:
        return []
    badges = badges_of_owners(session, site_id, (loan.membership.person_id for loan in loans), since)
    return [_lines(loan, badge) for loan in loans for badge in badges.get(loan.membership.person_id, ())]


def returns_until(loan: Loan) -> int:
    """Until when the locker opens to bring the tools back."""
    member = loan.membership
    if not member.terms.grace_days:
        return loan.due_at
    return day_start(member.site.zone, day_after(local_day(member.site.zone, loan.due_at), member.terms.grace_days + 1))


def over_at(loan: Loan) -> int:
    """From when on the locker does not open for this loan any more, as known now."""
    return min(loan.checked_at or returns_until(loan), loan.cancelled_at or returns_until(loan), returns_until(loan))


def _lines(loan: Loan, badge: Badge) -> Lines:
    grants = [
        _grant(loan, badge, Kind.HOLDER, loan.from_at, loan.due_at),
        _grant(loan, badge, Kind.COLLECT, loan.due_at, returns_until(loan)),
    ]
    why = _why_dead(loan, badge)
    if why is None:
        return Lines(grants, [])
    return Lines([], [Revoked(grant.id, grant.digest, why) for grant in grants])


def _grant(loan: Loan, badge: Badge, kind: Kind, start: int, end: int) -> Grant:
    if loan.locker is None:
        raise ValueError("a loan at the desk opens no locker")
    hours = schedule_name(loan.membership.terms.hours) if loan.membership.terms.hours else None
    return Grant(
        id=f"l{loan.id[-12:]}{badge.id[-BADGE_TAIL:]}-{kind.value[0]}",
        digest=badge.digest,
        key=badge.key_id,
        lockers=(loan.locker.number,),
        not_before=start,
        not_after=end,
        kind=kind.value,
        hours=hours,
        pin=badge.pin,
        needs=("hours",) if hours else (),
    )


def _why_dead(loan: Loan, badge: Badge) -> str | None:
    if badge.revoked_at is not None:
        return "replaced" if badge.revoked_why == "replaced" else "revoked"
    return "ended" if loan.checked_at is not None or loan.cancelled_at is not None else None
