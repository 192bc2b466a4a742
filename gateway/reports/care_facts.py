"""Reads what was done with people, who waits, and what was lent, as plain facts."""

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from gateway.care.models import Contact, Snapshot, Step, SupportAct
from gateway.care.waiting_models import WaitingEntry
from gateway.days import local_day
from gateway.imports.columns import ENTRY
from gateway.loans.models import Loan
from gateway.loans.project_models import Project
from gateway.reports import facts
from gateway.reports.period import Period
from gateway.reports.repository import people, within
from gateway.reports.scope import Kind, Scope
from gateway.schemes.models import Scheme


def acts(session: Session, scope: Scope, period: Period, table: type[Contact] | type[SupportAct]) -> list[facts.Act]:
    """Contacts or support acts in the period, one line a person and kind: the database counts them."""
    query = (
        select(table.person_id, table.kind, func.max(table.at), func.count())
        .where(
            within(table.person_id, people(scope)),
            table.withdrawn_at.is_(None),
            table.at >= period.from_at,
            table.at < period.until_at,
        )
        .group_by(table.person_id, table.kind)
    )
    return [
        facts.Act(person, kind, local_day(period.zone, at), count) for person, kind, at, count in session.execute(query)
    ]


def entries(session: Session, scope: Scope, period: Period) -> list[facts.Entry]:
    """What was known on entry, oldest first: of two snapshots the later one counts, question by question."""
    answers = [getattr(Snapshot, question) for question in ENTRY]
    query = (
        select(Snapshot.person_id, *answers)
        .where(within(Snapshot.person_id, people(scope)), Snapshot.moment == "entry", Snapshot.at < period.until_at)
        .order_by(Snapshot.at, Snapshot.id)
    )
    return [
        facts.Entry(person, question, answer)
        for person, *given in session.execute(query)
        for question, answer in zip(ENTRY, given, strict=True)
        if answer is not None
    ]


def steps(session: Session, scope: Scope, period: Period) -> list[facts.Step]:
    """Steps agreed in the period with their results by its end; later ones are not known yet then."""
    query = select(Step.person_id, Step.topic, Step.result, Step.agreed_at, Step.closed_at).where(
        within(Step.person_id, people(scope)), Step.agreed_at >= period.from_at, Step.agreed_at < period.until_at
    )
    return [
        facts.Step(
            person,
            topic,
            result if closed_at is not None and closed_at < period.until_at else "under_way",
            local_day(period.zone, agreed_at),
        )
        for person, topic, result, agreed_at, closed_at in session.execute(query)
    ]


def waits(session: Session, scope: Scope, period: Period) -> list[facts.Wait]:
    """The waiting list; who named no site counts at every site of the scheme's organisation."""
    query = select(WaitingEntry.since, WaitingEntry.closed_at, WaitingEntry.left_why).join(
        Scheme, Scheme.id == WaitingEntry.scheme_id
    )
    if scope.kind is Kind.SITE:
        anywhere = WaitingEntry.site_id.is_(None) & (Scheme.organisation_id == scope.organisation_id)
        query = query.where(or_(WaitingEntry.site_id == scope.id, anywhere))
    elif scope.kind is Kind.ORGANISATION:
        query = query.where(Scheme.organisation_id == scope.id)
    return [
        facts.Wait(
            local_day(period.zone, since), None if closed_at is None else local_day(period.zone, closed_at), left_why
        )
        for since, closed_at, left_why in session.execute(query.where(WaitingEntry.since < period.until_at))
    ]


def loans(session: Session, scope: Scope, period: Period) -> list[facts.Loan]:
    """Loans whose tools were taken."""
    query = select(Loan.taken_at, Loan.due_at, Loan.returned_at).where(
        within(Loan.membership_id, scope.memberships()), Loan.taken_at < period.until_at
    )
    return [
        facts.Loan(taken_at, due_at, returned_at)
        for taken_at, due_at, returned_at in session.execute(query)
        if taken_at is not None
    ]


def projects(session: Session, scope: Scope) -> list[facts.Project]:
    """Projects whose work has begun."""
    rows = session.execute(
        select(Project.started_on, Project.cost_cents, Project.surface_dm2).where(
            within(Project.membership_id, scope.memberships()), Project.started_on.is_not(None)
        )
    )
    return [facts.Project(began, cents, surface) for began, cents, surface in rows if began is not None]
