"""Reads a scope's contracts, memberships and lockers as plain facts. What is withdrawn or a draft counts nowhere."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date

from sqlalchemy import ColumnElement, CompoundSelect, Select, or_, select, true
from sqlalchemy.orm import InstrumentedAttribute, Session

from gateway.contracts.models import Contract, EndReason, Holding, Party
from gateway.days import local_day
from gateway.imports.models import ImportedPerson
from gateway.loans.models import Membership
from gateway.lockers.models import Allotment, Bank, Locker, Site
from gateway.reports.facts import Agreement, Span
from gateway.reports.period import Period
from gateway.reports.scope import Kind, Scope

# A contract that ran out, with nobody's word on it.
RAN_OUT = "term_over"
Ids = Select[str] | CompoundSelect[str]


def within(column: InstrumentedAttribute[str], ids: Ids | None) -> ColumnElement[bool]:
    """The condition that a column is one of the ids; true where all of them count."""
    return true() if ids is None else column.in_(ids)


def agreements(session: Session, scope: Scope, period: Period) -> list[Agreement]:
    """Everyone's part in a signed contract that began before the period was over, and memberships of tool libraries."""
    reasons = _reasons(session, scope)
    rows = session.execute(
        select(
            Party.person_id, Party.from_at, Party.until_at, Contract.id, Contract.starts_on, Contract.ends_on,
            Contract.from_at, Contract.ended_at, Contract.end_decided_by, Contract.destination, Contract.stability,
        )
        .join(Contract, Contract.id == Party.contract_id)
        .where(
            within(Contract.id, scope.contracts()), Contract.signed_at.is_not(None),
            Contract.from_at < Contract.until_at, Contract.from_at < period.until_at,
        )
    )  # fmt: skip
    found = []
    for (
        person,
        joined,
        parted,
        contract,
        starts_on,
        ends_on,
        from_at,
        ended_at,
        decided,
        destination,
        stability,
    ) in rows:
        first = starts_on if joined <= from_at else max(starts_on, local_day(scope.zone, joined))
        last = _earliest(scope.zone, ends_on, (ended_at, parted))
        said = reasons.get(contract) or (() if ended_at is not None else (RAN_OUT,))
        if first <= last:
            found.append(Agreement(person, first, last, said, decided, destination, stability))
    return found + _memberships(session, scope, period)


def _reasons(session: Session, scope: Scope) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = defaultdict(tuple)
    query = select(EndReason.contract_id, EndReason.reason).where(within(EndReason.contract_id, scope.contracts()))
    for contract, reason in session.execute(query.order_by(EndReason.reason)):
        found[contract] += (reason,)
    return found


def _memberships(session: Session, scope: Scope, period: Period) -> list[Agreement]:
    rows = session.execute(
        select(
            Membership.person_id, Membership.starts_on, Membership.ends_on, Membership.ended_at, Membership.ended_why
        ).where(within(Membership.id, scope.memberships()), Membership.from_at < period.until_at)
    )
    return [
        Agreement(person, starts_on, max(starts_on, _earliest(scope.zone, ends_on, (ended_at,))), (why,) if why else ())
        for person, starts_on, ends_on, ended_at, why in rows
    ]


def _earliest(zone: str, day: date, instants: Iterable[int | None]) -> date:
    return min([day, *(local_day(zone, at) for at in instants if at is not None)])


def people(scope: Scope) -> Ids | None:
    """The ids of everyone who ever had a part in a contract or a membership of the scope; None: everyone."""
    contracts, memberships = scope.contracts(), scope.memberships()
    if contracts is None or memberships is None:
        return None
    return (
        select(Party.person_id)
        .where(Party.contract_id.in_(contracts))
        .union(select(Membership.person_id).where(Membership.id.in_(memberships)))
    )


def codes(session: Session, scope: Scope) -> dict[str, str]:
    """What an imported file called people."""
    query = select(ImportedPerson.person_id, ImportedPerson.code).where(
        ImportedPerson.code.is_not(None), within(ImportedPerson.person_id, people(scope))
    )
    return {person: code for person, code in session.execute(query) if code is not None}


def lockers(session: Session, scope: Scope, period: Period) -> list[Span]:
    """Lockers in service before the period's end: of the site; of the organisation's sites or allotted to it; all."""
    query = select(Locker.id, Locker.in_service_since, Locker.retired_at).join(Bank, Bank.id == Locker.bank_id)
    spans = [
        Span(locker, since, retired)
        for locker, since, retired in session.execute(
            query.where(_place(scope), Locker.in_service_since < period.until_at)
        )
    ]
    if scope.kind is not Kind.ORGANISATION:
        return spans
    own = {span.locker for span in spans}
    allotted = session.execute(
        select(Allotment.locker_id, Allotment.from_at, Allotment.until_at).where(Allotment.organisation_id == scope.id)
    )
    return spans + [Span(locker, start, end) for locker, start, end in allotted if locker not in own]


def held(session: Session, scope: Scope, period: Period, spans: Sequence[Span]) -> list[Span]:
    """When the scope's lockers were held in the period, by whomever, the time to collect included."""
    query = select(Holding.locker_id, Holding.from_at, Holding.until_at).where(
        Holding.from_at < period.until_at, Holding.until_at > period.from_at, Holding.from_at < Holding.until_at
    )
    if scope.kind is not Kind.NETWORK:
        counted = select(Locker.id).join(Bank, Bank.id == Locker.bank_id).where(_place(scope))
        allotted = select(Allotment.locker_id).where(Allotment.organisation_id == scope.id)
        query = query.where(or_(Holding.locker_id.in_(counted), Holding.locker_id.in_(allotted)))
    known = defaultdict(list)
    for span in spans:
        known[span.locker].append(span)
    return [
        Span(locker, max(start, span.from_at), end if span.until_at is None else min(end, span.until_at))
        for locker, start, end in session.execute(query)
        for span in known[locker]
    ]


def _place(scope: Scope) -> ColumnElement[bool]:
    match scope.kind:
        case Kind.SITE:
            return Bank.site_id == scope.id
        case Kind.ORGANISATION:
            return Bank.site_id.in_(select(Site.id).where(Site.organisation_id == scope.id))
        case _:
            return true()
