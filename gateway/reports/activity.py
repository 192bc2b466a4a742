"""Waiting times, loans and projects: what is counted by period, not by cohort."""

import numpy as np

from gateway.reports.columns import ABSENT, Texts, day_number
from gateway.reports.facts import Loans, Projects, Waits
from gateway.reports.period import Period
from gateway.reports.report import Figure, Section, Value
from gateway.reports.tally import mean, median, rounded

# What a line of the waiting list ends with when the person got a place.
GIVEN_A_PLACE = "placed"


def waiting_figures(waits: Waits, period: Period, texts: Texts) -> Section:
    """Who asked in the period, who waits at its end, and how long those waited who got a place in it."""
    first, last = day_number(period.starts_on), day_number(period.as_of)
    placed = waits.outcome == texts[GIVEN_A_PLACE]
    placed &= (waits.left_on >= first) & (waits.left_on <= last)
    days = (waits.left_on - waits.asked_on)[placed]
    asked = waits.asked_on <= last
    return _section(
        "waiting",
        asked=int(np.count_nonzero(asked & (waits.asked_on >= first))),
        still_waiting=int(np.count_nonzero(asked & (waits.left_on > last))),
        given_a_place=len(days),
        mean_days_waited=mean(days),
        median_days_waited=median(days),
    )


def loan_figures(loans: Loans, period: Period) -> Section:
    """Loans begun in the period, and all those that are out or late at its end."""
    first, last = period.from_at, period.until_at
    known = loans.taken_at < last
    out = known & (loans.returned_at >= last)
    back = known & (loans.returned_at >= first) & (loans.returned_at < last)
    return _section(
        "loans",
        loans_begun=int(np.count_nonzero(known & (loans.taken_at >= first))),
        loans_returned=int(np.count_nonzero(back)),
        returned_late=int(np.count_nonzero(back & (loans.returned_at > loans.due_at))),
        loans_out=int(np.count_nonzero(out)),
        loans_late=int(np.count_nonzero(out & (loans.due_at < last))),
    )


def project_figures(projects: Projects, period: Period) -> Section:
    """Projects begun in the period; means are over those whose cost or surface is known."""
    first, last = day_number(period.starts_on), day_number(period.as_of)
    begun = (projects.starts_on >= first) & (projects.starts_on <= last)
    cents = projects.cost_cents[begun & (projects.cost_cents != ABSENT)]
    surfaces = projects.surface_dm2[begun & (projects.surface_dm2 != ABSENT)]
    return _section(
        "projects",
        projects=int(np.count_nonzero(begun)),
        mean_cost_euros=mean(cents, 100),
        mean_surface_m2=mean(surfaces, 100),
        largest_surface_m2=rounded(int(surfaces.max()) / 100 if len(surfaces) else None),
    )


def _section(key: str, **figures: Value) -> Section:
    return Section(key, [Figure(name, value) for name, value in figures.items()])
