"""What loans put into an access list is made from, as plain rows (see gateway/access/listed.py): loans and badges."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from msgspec import Struct
from sqlalchemy import BigInteger, String, and_, bindparam, or_, select
from sqlalchemy.orm import Session

from gateway.access.listed import BADGE, ListedBadge
from gateway.badges.models import Badge
from gateway.loans.models import Loan, Membership
from gateway.lockers.models import Locker, Site
from gateway.prepared import Prepared, Row
from gateway.schemes.terms import Terms, stored_terms


class ListedLoan(Struct):
    """A loan through a locker of the bank, with its member and the zone of their library."""

    id: str
    terms: Terms
    zone: str
    person_id: str
    number: int
    from_at: int
    due_at: int
    checked_at: int | None
    cancelled_at: int | None


_SINCE = bindparam("since", type_=BigInteger())
_THEIRS = and_(
    Locker.bank_id == bindparam("bank", type_=String()),
    Locker.lock == bindparam("lock", type_=String()),
    or_(Loan.checked_at.is_(None), Loan.checked_at > _SINCE),
    or_(Loan.cancelled_at.is_(None), Loan.cancelled_at > _SINCE),
    or_(Loan.taken_at.is_not(None), Loan.due_at > _SINCE),
)
_LISTED = (
    select(
        Loan.id, Membership.terms, Site.zone, Membership.person_id, Locker.number, Loan.from_at, Loan.due_at,
        Loan.checked_at, Loan.cancelled_at,
    )
    .join(Locker, Locker.id == Loan.locker_id)
    .join(Membership, Membership.id == Loan.membership_id)
    .join(Site, Site.id == Membership.site_id)
    .order_by(Loan.id)
)  # fmt: skip
_LOANS = Prepared(_LISTED.where(_THEIRS))
_OF_PERSON = Prepared(
    _LISTED.where(
        Locker.bank_id == bindparam("bank", type_=String()), Membership.person_id == bindparam("person", type_=String())
    )
)
_BADGES = Prepared(
    select(*BADGE)
    .where(
        Badge.site_id == bindparam("site", type_=String()),
        Badge.person_id.in_(
            select(Membership.person_id)
            .join(Loan, Loan.membership_id == Membership.id)
            .join(Locker, Locker.id == Loan.locker_id)
            .where(_THEIRS)
        ),
        or_(Badge.revoked_at.is_(None), Badge.revoked_at > _SINCE),
    )
    .order_by(Badge.id)
)


def loans_of_bank(session: Session, bank_id: str, since: int) -> Sequence[ListedLoan]:
    """Loans through the bank's lockers that were not over at `since`, in a stable order."""
    return _listed(_LOANS.run(session.connection(), {"bank": bank_id, "lock": "badge", "since": since}))


def loans_of_person(session: Session, bank_id: str, person_id: str) -> Sequence[ListedLoan]:
    """Every loan of someone's through the bank's lockers."""
    return _listed(_OF_PERSON.run(session.connection(), {"bank": bank_id, "person": person_id}))


def _listed(rows: Sequence[Row]) -> Sequence[ListedLoan]:
    return [ListedLoan(loan_id, stored_terms(terms), *facts) for loan_id, terms, *facts in rows]


def badges_of_members(session: Session, bank_id: str, site_id: str, since: int) -> Mapping[str, Sequence[ListedBadge]]:
    """Badges at the site of those loans' members, by person: live, or revoked after `since`."""
    found: dict[str, list[ListedBadge]] = defaultdict(list)
    values = {"bank": bank_id, "lock": "badge", "site": site_id, "since": since}
    for facts in _BADGES.run(session.connection(), values):
        badge = ListedBadge(*facts)
        found[badge.person_id or ""].append(badge)
    return found
