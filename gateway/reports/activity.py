"""Waiting times, loans and projects: what is counted by period, not by cohort."""

from collections.abc import Iterable, Sequence
from statistics import fmean, median

from gateway.reports.facts import Loan, Project, Wait
from gateway.reports.period import Period
from gateway.reports.report import Figure, Section
from gateway.reports.tally import rounded

# What a line of the waiting list ends with when the person got a place.
GIVEN_A_PLACE = "placed"


def waiting_figures(waits: Sequence[Wait], period: Period) -> Section:
    """Who asked in the period, who waits at its end, and how long those waited who got a place in it."""
    days = [
        (wait.left_on - wait.asked_on).days
        for wait in waits
        if wait.left_on is not None and wait.left_on in period and wait.outcome == GIVEN_A_PLACE
    ]
    waiting = [
        wait
        for wait in waits
        if wait.asked_on <= period.as_of and (wait.left_on is None or wait.left_on > period.as_of)
    ]
    return Section(
        "waiting",
        [
            Figure("asked", sum(1 for wait in waits if wait.asked_on in period)),
            Figure("still_waiting", len(waiting)),
            Figure("given_a_place", len(days)),
            Figure("mean_days_waited", rounded(fmean(days) if days else None)),
            Figure("median_days_waited", rounded(median(days) if days else None)),
        ],
    )


def loan_figures(loans: Iterable[Loan], period: Period) -> Section:
    """Loans begun in the period, and all those that are out or late at its end."""
    first, last = period.from_at, period.until_at
    known = [loan for loan in loans if loan.taken_at < last]
    out = [loan for loan in known if loan.returned_at is None or loan.returned_at >= last]
    back = [loan for loan in known if loan.returned_at is not None and first <= loan.returned_at < last]
    return Section(
        "loans",
        [
            Figure("loans_begun", sum(1 for loan in known if loan.taken_at >= first)),
            Figure("loans_returned", len(back)),
            Figure("returned_late", sum(1 for loan in back if (loan.returned_at or 0) > loan.due_at)),
            Figure("loans_out", len(out)),
            Figure("loans_late", sum(1 for loan in out if loan.due_at < last)),
        ],
    )


def project_figures(projects: Iterable[Project], period: Period) -> Section:
    """Projects begun in the period; means are over those whose cost or surface is known."""
    begun = [project for project in projects if project.starts_on in period]
    euros = [project.cost_cents / 100 for project in begun if project.cost_cents is not None]
    metres = [project.surface_dm2 / 100 for project in begun if project.surface_dm2 is not None]
    return Section(
        "projects",
        [
            Figure("projects", len(begun)),
            Figure("mean_cost_euros", rounded(fmean(euros) if euros else None)),
            Figure("mean_surface_m2", rounded(fmean(metres) if metres else None)),
            Figure("largest_surface_m2", rounded(max(metres, default=None))),
        ],
    )
