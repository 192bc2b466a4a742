"""Finds loans and what stands in the way of a new one."""

from collections.abc import Collection, Sequence

from sqlalchemy import ColumnElement, Select, and_, bindparam, exists, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased

from gateway.contracts.models import Absence, Death
from gateway.loans.models import Loan, LoanItem, Membership, ToolLocker
from gateway.lockers.models import Bank, Locker
from gateway.prepared import Prepared

# Made once: they are asked with each release or access list of a bank, or with whatever is done to a badge.
_TOOL_LOCKERS = Prepared(
    select(Locker.number).join(ToolLocker, ToolLocker.locker_id == Locker.id).where(Locker.bank_id == bindparam("bank"))
)
_BANKS_OF_MEMBER = Prepared(
    select(Locker.bank_id)
    .join(Loan, Loan.locker_id == Locker.id)
    .join(Membership, Membership.id == Loan.membership_id)
    .where(
        Membership.person_id == bindparam("person"),
        or_(Loan.checked_at.is_(None), Loan.checked_at > bindparam("since")),
        or_(Loan.cancelled_at.is_(None), Loan.cancelled_at > bindparam("since")),
    )
    .distinct()
    .order_by(Locker.bank_id)
)
_HAVE_LENT = Prepared(
    select(Locker.number).where(Locker.bank_id == bindparam("bank"), exists().where(Loan.locker_id == Locker.id))
)
_OUT = and_(LoanItem.taken_at.is_not(None), LoanItem.returned_at.is_(None))
_OF_TOOL = LoanItem.tool_id == bindparam("tool")
_OUT_ELSEWHERE = Prepared(select(LoanItem.loan_id).where(_OF_TOOL, LoanItem.loan_id != bindparam("but"), _OUT))
_OTHER = aliased(LoanItem)
_AWAITED = Prepared(
    select(LoanItem.id)
    .join(Loan, Loan.id == LoanItem.loan_id)
    .where(
        _OF_TOOL,
        LoanItem.taken_at.is_(None),
        Loan.taken_at.is_not(None),
        Loan.returned_at.is_(None),
        ~exists().where(_OTHER.tool_id == LoanItem.tool_id, _OTHER.taken_at.is_not(None), _OTHER.returned_at.is_(None)),
    )
    .order_by(Loan.taken_at)
)


def promised(session: Session, tool_id: str, from_at: int, until_at: int, loan_id: str) -> LoanItem | None:
    """Another loan's promise of the tool within [from_at, until_at), the first of them."""
    return session.scalar(
        select(LoanItem)
        .where(
            LoanItem.tool_id == tool_id,
            LoanItem.loan_id != loan_id,
            LoanItem.from_at < until_at,
            LoanItem.until_at > from_at,
            LoanItem.from_at < LoanItem.until_at,
        )
        .order_by(LoanItem.from_at)
        .limit(1)
    )


def out_elsewhere(session: Session, tool_id: str, loan_id: str) -> str | None:
    """The other loan with which the tool is out."""
    session.flush()  # the question below does not see what is pending
    found = _OUT_ELSEWHERE.first(session.connection(), {"tool": tool_id, "but": loan_id})
    return None if found is None else str(found[0])


def awaited(session: Session, tool_id: str) -> LoanItem | None:
    """The tool in a loan that was taken without it, because it was thought to be out with another; it is not now."""
    session.flush()  # the question below does not see what is pending
    found = _AWAITED.first(session.connection(), {"tool": tool_id})
    return None if found is None else session.get_one(LoanItem, found[0])


def tools_at_once(session: Session, membership_id: str, from_at: int, until_at: int) -> int:
    """How many tools the member has, or is promised, within [from_at, until_at)."""
    then = and_(LoanItem.from_at < until_at, LoanItem.until_at > from_at, LoanItem.from_at < LoanItem.until_at)
    query = (
        select(func.count())
        .select_from(LoanItem)
        .join(Loan, Loan.id == LoanItem.loan_id)
        .where(Loan.membership_id == membership_id, LoanItem.returned_at.is_(None), or_(_OUT, then))
    )
    return session.scalar(query) or 0


def open_loans(session: Session, *, scheme_id: str | None = None) -> Sequence[Loan]:
    """Loans that are neither cancelled nor seen back, the one due first first."""
    query = select(Loan).where(Loan.cancelled_at.is_(None), Loan.checked_at.is_(None)).order_by(Loan.due_at, Loan.id)
    return session.scalars(in_scheme(query, scheme_id)).unique().all()


def site_of(session: Session, scheme_id: str) -> str | None:
    """Where a tool library lends from, else where its members belong; None for one that has neither yet."""
    lends = (
        select(Bank.site_id).join(Locker, Locker.bank_id == Bank.id).join(ToolLocker, ToolLocker.locker_id == Locker.id)
    )
    found = session.scalar(lends.where(ToolLocker.scheme_id == scheme_id).order_by(ToolLocker.since).limit(1))
    members = select(Membership.site_id).where(Membership.scheme_id == scheme_id).order_by(Membership.id).limit(1)
    return found or session.scalar(members)


def in_scheme(query: Select[Loan], scheme_id: str | None) -> Select[Loan]:
    """The query narrowed to one scheme, if one is given."""
    if scheme_id is None:
        return query
    return query.where(Loan.membership.has(Membership.scheme_id == scheme_id))


def of_people_at(session: Session, bank_id: str, people: Collection[str], earliest: int, latest: int) -> Sequence[Loan]:
    """These people's loans through the bank's lockers that had begun, and were not over, within that time."""
    if not people:
        return []
    return (
        session.scalars(
            select(Loan)
            .join(Membership, Membership.id == Loan.membership_id)
            .join(Locker, Locker.id == Loan.locker_id)
            .where(
                Locker.bank_id == bank_id,
                Membership.person_id.in_(people),
                Loan.from_at <= latest,
                func.coalesce(Loan.cancelled_at, Loan.checked_at, earliest + 1) > earliest,
            )
            .order_by(Loan.id)
        )
        .unique()
        .all()
    )


def banks_of_member(session: Session, person_id: str, since: int) -> Sequence[str]:
    """Banks whose lists hold the person's loans: those not over at `since`."""
    session.flush()  # the question below does not see what is pending
    rows = _BANKS_OF_MEMBER.run(session.connection(), {"person": person_id, "since": since})
    return [bank_id for (bank_id,) in rows]


def have_lent(session: Session, bank_id: str) -> Sequence[int]:
    """The numbers of the bank's lockers through which anything was ever lent."""
    return [number for (number,) in _HAVE_LENT.run(session.connection(), {"bank": bank_id})]


def tool_locker_numbers(session: Session, bank_id: str) -> frozenset[int]:
    """The numbers of the bank's tool lockers."""
    return frozenset(number for (number,) in _TOOL_LOCKERS.run(session.connection(), {"bank": bank_id}))


def is_not_disturbed(person_id: InstrumentedAttribute[str]) -> ColumnElement[bool]:
    """Whether someone is away or has died: nobody reminds them."""
    return or_(
        exists().where(Absence.person_id == person_id, Absence.ended_at.is_(None)),
        exists().where(Death.person_id == person_id, Death.withdrawn_at.is_(None)),
    )
