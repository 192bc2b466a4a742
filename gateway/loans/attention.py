"""Where a limit is passed, so that someone looks: it alerts, and refuses nothing."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway.days import local_day
from gateway.loans import repository
from gateway.loans.due import due_day, limits_of, working_days
from gateway.loans.models import Consumable, Loan, Membership
from gateway.loans.project_models import Project
from gateway.loans.states import OUT_STATES, LoanState, state_at


class Limit(StrEnum):
    """Which limit was passed."""

    AT_ONCE = "at_once"
    TOO_LONG = "too_long"
    EXTENDED = "extended"
    NOT_TAKEN = "not_taken"
    STILL_OUT = "still_out"
    STOCK_LOW = "stock_low"
    WORK_LONG = "work_long"
    PROJECT_LONG = "project_long"
    SUPPORT_LONG = "support_long"


@dataclass(frozen=True)
class Attention:
    """One limit passed: of a loan, a project, a membership or a stock (`subject`), with what is and what was agreed.

    `site_id` is None only for the stock of a library that has no site yet.
    """

    limit: Limit
    subject: str
    found: int
    agreed: int
    person_id: str | None = None
    site_id: str | None = None


def attention(session: Session, *, scheme_id: str, now: int) -> Sequence[Attention]:
    """Every limit that is passed now in a scheme."""
    return [
        *_of_loans(session, scheme_id, now),
        *_of_members(session, scheme_id, now),
        *_of_projects(session, scheme_id, now),
        *_of_stocks(session, scheme_id),
    ]


def _of_loans(session: Session, scheme_id: str, now: int) -> Iterator[Attention]:
    for loan in repository.open_loans(session, scheme_id=scheme_id):
        member = loan.membership
        limits, zone = limits_of(member.terms), member.site.zone
        first, last = local_day(zone, loan.from_at), local_day(zone, loan.due_at)
        if loan.extensions > limits.extensions:
            yield _about(Limit.EXTENDED, loan, loan.extensions, limits.extensions)
        elif loan.extensions == 0 and last > due_day(member.terms, first):
            yield _about(Limit.TOO_LONG, loan, (last - first).days, limits.days)
        state = state_at(loan, now)
        if state is LoanState.NOT_TAKEN:
            yield _about(Limit.NOT_TAKEN, loan, 0, len(loan.items))
        if state is LoanState.PLANNED and now >= loan.from_at:
            out = [item for item in loan.items if repository.out_elsewhere(session, item.tool_id, loan.id)]
            if out:
                yield _about(Limit.STILL_OUT, loan, len(out), 0)


def _of_members(session: Session, scheme_id: str, now: int) -> Iterator[Attention]:
    held: dict[str, tuple[Membership, int]] = {}
    for loan in repository.open_loans(session, scheme_id=scheme_id):
        if state_at(loan, now) in OUT_STATES:
            count = sum(item.returned_at is None for item in loan.items)
            held[loan.membership_id] = (loan.membership, held.get(loan.membership_id, (None, 0))[1] + count)
    for member, count in held.values():
        if count > limits_of(member.terms).at_once:
            yield Attention(
                Limit.AT_ONCE, member.id, count, limits_of(member.terms).at_once, member.person_id, member.site_id
            )


def _of_projects(session: Session, scheme_id: str, now: int) -> Iterator[Attention]:
    projects = session.scalars(
        select(Project)
        .join(Membership, Membership.id == Project.membership_id)
        .where(Membership.scheme_id == scheme_id, Project.cancelled_at.is_(None), Project.support_ended_on.is_(None))
        .order_by(Project.id)
    ).unique()
    for project in projects:
        yield from _of_project(project, local_day(project.membership.site.zone, now))


def _of_project(project: Project, today: date) -> Iterator[Attention]:
    terms = project.membership.terms
    limits = limits_of(terms)
    until = project.finished_on or today
    if (until - project.asked_on).days > limits.project_days:
        yield _project(Limit.PROJECT_LONG, project, (until - project.asked_on).days, limits.project_days)
    if (today - project.asked_on).days > limits.support_days:
        yield _project(Limit.SUPPORT_LONG, project, (today - project.asked_on).days, limits.support_days)
    if project.started_on is not None:
        worked = working_days(terms.calendar, project.started_on, until)
        if worked > limits.work_days:
            yield _project(Limit.WORK_LONG, project, worked, limits.work_days)


def _of_stocks(session: Session, scheme_id: str) -> Iterator[Attention]:
    low = session.scalars(
        select(Consumable)
        .where(
            Consumable.scheme_id == scheme_id, Consumable.retired_at.is_(None), Consumable.stock <= Consumable.low_at
        )
        .order_by(Consumable.id)
    )
    for item in low:
        yield Attention(
            Limit.STOCK_LOW, item.id, item.stock, item.low_at, site_id=repository.site_of(session, scheme_id)
        )


def _about(limit: Limit, loan: Loan, found: int, agreed: int) -> Attention:
    return Attention(limit, loan.id, found, agreed, loan.membership.person_id, loan.membership.site_id)


def _project(limit: Limit, project: Project, found: int, agreed: int) -> Attention:
    return Attention(limit, project.id, found, agreed, project.membership.person_id, project.membership.site_id)
