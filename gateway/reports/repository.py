"""Reads a scope's contracts, memberships and lockers as plain facts. What is withdrawn or a draft counts nowhere."""

from dataclasses import dataclass

import numpy as np
from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from gateway.lockers.models import Allotment, Bank, Locker, Site
from gateway.reports.columns import ABSENT, NO_TEXT, Marks, Numbers, local_days, marked, pairs, texts
from gateway.reports.facts import Agreements, Spans
from gateway.reports.ledger import Ledger
from gateway.reports.period import Period
from gateway.reports.scope import Kind, Scope
from gateway.schemes.models import Scheme

# A contract or membership that ran out, with nobody's word on it.
RAN_OUT = "term_over"


@dataclass(frozen=True)
class Places:
    """A scope's lockers and its organisation's schemes, each text marked; None: all of them count."""

    lockers: Marks | None
    schemes: Marks | None
    site: int


def places_of(session: Session, scope: Scope, ledger: Ledger) -> Places:
    """What of the network belongs to the scope."""
    if scope.kind is Kind.NETWORK:
        return Places(None, None, NO_TEXT)
    lockers = session.scalars(select(Locker.id).join(Bank, Bank.id == Locker.bank_id).where(_place(scope))).all()
    schemes = session.scalars(select(Scheme.id).where(Scheme.organisation_id == scope.organisation_id)).all()
    known = ledger.known
    numbers, site = (texts(lockers, known), texts(schemes, known)), known[scope.id]
    return Places(marked(len(known), numbers[0]), marked(len(known), numbers[1]), site)


def agreements(ledger: Ledger, scope: Scope, places: Places, period: Period) -> Agreements:
    """Everyone's part in a signed contract that began before the period was over, and memberships of tool libraries."""
    contracts, parties = ledger["contract"], ledger["party"]
    counting = (contracts["signed_at"] != ABSENT) & (contracts["from_at"] < contracts["until_at"])
    counting &= (contracts["from_at"] < period.until_at) & _of_scope(ledger, scope, places)
    row = np.full(len(ledger.known), -1)
    row[contracts.owner[counting]] = np.flatnonzero(counting)
    part = np.flatnonzero(row[parties.owner] >= 0)
    of = row[parties.owner[part]]
    begun, ends, over = contracts["from_at"][of], contracts["ends_on"][of], contracts["ended_at"][of]
    # One that was signed after its first day begins once its locker is free.
    starts = np.maximum(contracts["starts_on"][of], local_days(scope.zone, begun))
    joined, parted = parties["from_at"][part], parties["until_at"][part]
    later = joined > begun
    starts[later] = np.maximum(starts[later], local_days(scope.zone, joined[later]))
    for instants in (over, parted):
        ends = np.minimum(ends, local_days(scope.zone, instants))
    some = starts <= ends
    of, part, left = of[some], part[some], parted[some] != ABSENT
    reason_of, reason = _reasons(ledger, contracts.owner[of], over[some] != ABSENT)

    # How the contract ended is about those who stayed on it.
    def told(how: str) -> Numbers:
        return np.where(left, NO_TEXT, contracts[how][of])

    stayed = ~left[reason_of]
    return _with_memberships(
        ledger, scope, places, period,
        Agreements(
            parties["person_id"][part], starts[some], ends[some],
            told("end_decided_by"), told("destination"), told("stability"),
            reason_of[stayed], reason[stayed],
        ),
    )  # fmt: skip


def _of_scope(ledger: Ledger, scope: Scope, places: Places) -> Marks:
    """Which contracts are the scope's: a site's held a locker of it, an organisation's are those of its schemes."""
    contracts, holdings = ledger["contract"], ledger["holding"]
    if places.lockers is None or places.schemes is None:
        return np.ones(len(contracts.owner), np.bool_)
    if scope.kind is Kind.ORGANISATION:
        return places.schemes[contracts["scheme_id"]]
    return marked(len(ledger.known), holdings.owner[places.lockers[holdings["locker_id"]]])[contracts.owner]


def _reasons(ledger: Ledger, contracts: Numbers, ended: Marks) -> tuple[Numbers, Numbers]:
    """For each part in a contract the reasons on record; of one that ran out that it did."""
    given = ledger["end_reason"]
    rows, found = pairs(contracts, given.owner)
    silent = np.flatnonzero(~ended & ~marked(len(contracts), rows))
    ran_out = np.full(len(silent), ledger.known[RAN_OUT])
    return np.append(rows, silent), np.append(given["reason"][found], ran_out)


def _with_memberships(
    ledger: Ledger, scope: Scope, places: Places, period: Period, contracts: Agreements
) -> Agreements:
    members = ledger["membership"]
    some = members_of(ledger, scope, places) & (members["from_at"] < period.until_at)
    starts = members["starts_on"][some]
    ends = np.minimum(members["ends_on"][some], local_days(scope.zone, members["ended_at"][some]))
    why = members["ended_why"][some]
    why = np.where((why == NO_TEXT) & (members["ended_at"][some] == ABSENT), ledger.known[RAN_OUT], why)
    told = np.flatnonzero(why != NO_TEXT)
    unsaid = np.full(len(starts), NO_TEXT)
    return Agreements(
        np.append(contracts.person, members["person_id"][some]),
        np.append(contracts.starts_on, starts),
        np.append(contracts.ends_on, np.maximum(starts, ends)),
        np.append(contracts.decided_by, unsaid),
        np.append(contracts.destination, unsaid),
        np.append(contracts.stability, unsaid),
        np.append(contracts.reason_of, told + len(contracts.person)),
        np.append(contracts.reason, why[told]),
    )


def members_of(ledger: Ledger, scope: Scope, places: Places) -> Marks:
    """Which memberships of tool libraries are the scope's."""
    members = ledger["membership"]
    if places.schemes is None:
        return np.ones(len(members.owner), np.bool_)
    if scope.kind is Kind.ORGANISATION:
        return places.schemes[members["scheme_id"]]
    of_site: Marks = members["site_id"] == places.site
    return of_site


def lockers(session: Session, ledger: Ledger, scope: Scope, places: Places, period: Period) -> tuple[Spans, Spans]:
    """When lockers were in service: of the site; of the organisation's sites or allotted to it; all. And when these
    were held in that time, by whomever, the time to collect included."""
    every, holdings = ledger["locker"], ledger["holding"]
    some = every["in_service_since"] < period.until_at
    if places.lockers is not None:
        some &= places.lockers[every.owner]
    locker, since, until = every.owner[some], every["in_service_since"][some], every["retired_at"][some]
    if scope.kind is Kind.ORGANISATION:
        rows = session.execute(
            select(Allotment.locker_id, Allotment.from_at, Allotment.until_at).where(
                Allotment.organisation_id == scope.id
            )
        )
        for name, start, end in rows:
            if ledger.known[name] not in locker[: np.count_nonzero(some)]:
                locker, since = np.append(locker, ledger.known[name]), np.append(since, start)
                until = np.append(until, ABSENT if end is None else end)
    starts, ends = holdings["from_at"], holdings["until_at"]
    held = np.flatnonzero((starts < period.until_at) & (ends > period.from_at) & (starts < ends))
    rows_held, served = pairs(holdings["locker_id"][held], locker)
    held = held[rows_held]
    return Spans(since, until), Spans(np.maximum(starts[held], since[served]), np.minimum(ends[held], until[served]))


def _place(scope: Scope) -> ColumnElement[bool]:
    if scope.kind is Kind.SITE:
        return Bank.site_id == scope.id
    return Bank.site_id.in_(select(Site.id).where(Site.organisation_id == scope.id))
