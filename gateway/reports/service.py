"""Makes a report: finds what it is about, reads the facts, calculates."""

from datetime import date

from sqlalchemy.orm import Session

from gateway.days import day_after, local_day
from gateway.reports import care_facts, repository
from gateway.reports.facts import Facts
from gateway.reports.figures import calculate
from gateway.reports.ledger import Ledger
from gateway.reports.period import Cohort, Period
from gateway.reports.report import Report
from gateway.reports.scope import Kind, Scope, no_scope, scope_of


def report_on(
    session: Session,
    name: str,
    *,
    starts_on: date,
    as_of: date,
    cohort: Cohort = Cohort.SERVED,
    ledger: Ledger | None = None,
) -> Report:
    """The report of a site, an organisation or the `network`, at the end of the day `as_of`.

    `ledger`: the facts where they are kept; without it they are read. Raises NotFoundError (`scope`), InvalidError
    (`period`, `date`).
    """
    scope = scope_of(session, name)
    period = Period(starts_on, as_of, scope.zone)
    facts = facts_of(session, ledger or Ledger.read(session), scope, period)
    return calculate(scope.name, facts, period, cohort)


def facts_of(session: Session, ledger: Ledger, scope: Scope, period: Period) -> Facts:
    """Everything that the figures of a scope and a period are made of."""
    places = repository.places_of(session, scope, ledger)
    lockers, held = repository.lockers(session, ledger, scope, places, period)
    return Facts(
        texts=ledger.known,
        agreements=repository.agreements(ledger, scope, places, period),
        lockers=lockers,
        held=held,
        entries=care_facts.entries(ledger, period),
        supports=care_facts.acts(ledger, "support_act"),
        contacts=care_facts.acts(ledger, "contact"),
        steps=care_facts.steps(ledger, period),
        waits=care_facts.waits(ledger, scope, places, period),
        loans=care_facts.loans(ledger, scope, places),
        projects=care_facts.projects(ledger, scope, places),
        codes=care_facts.codes(ledger),
    )


def asked_report(
    session: Session,
    name: str,
    *,
    starts_on: date | None,
    as_of: date | None,
    cohort: Cohort,
    organisation_id: str | None,
    now: int,
    ledger: Ledger,
) -> Report:
    """A report for someone who sees one organisation's figures and the network's (None: everyone's).

    Raises NotFoundError (`scope`), InvalidError (`period`, `date`).
    """
    scope = scope_of(session, name)
    if scope.kind is not Kind.NETWORK and organisation_id not in (None, scope.organisation_id):
        raise no_scope(name)
    first, last = default_period(session, scope.reference, starts_on, as_of, now)
    return report_on(session, scope.reference, starts_on=first, as_of=last, cohort=cohort, ledger=ledger)


def default_period(
    session: Session, name: str, starts_on: date | None, as_of: date | None, now: int
) -> tuple[date, date]:
    """The days asked for; without a last one today at the place, without a first one a year. Raises as report_on."""
    last = as_of or local_day(scope_of(session, name).zone, now)
    return starts_on or year_before(last), last


def year_before(last: date) -> date:
    """The first day of the year that ends with `last`; of the calendar's first year its first day."""
    if last.year == date.min.year:
        return date.min
    day = last.day if (last.month, last.day) != (2, 29) else 28
    return day_after(date(last.year - 1, last.month, day))
