"""Calculates a report from plain facts: no database, no clock. Definitions are in definitions.py, word for word."""

from collections.abc import Iterable, Mapping, Sequence
from statistics import fmean, median

from gateway.reports.activity import loan_figures, project_figures, waiting_figures
from gateway.reports.facts import Act, Entry, Facts
from gateway.reports.occupancy import occupancy
from gateway.reports.period import Cohort, Period
from gateway.reports.report import Figure, Report, Section
from gateway.reports.stays import Stay, in_cohort, stays_of
from gateway.reports.tally import counted, rounded

UNKNOWN = "unknown"
ALWAYS_ASKED = ("identity_papers", "health_cover", "work")
NOT_WORKING = frozenset({"none", "training", "unable", "retired", UNKNOWN})
POSITIVE_DESTINATIONS = frozenset(
    {"own_housing", "social_housing", "supported_housing", "employer_housing", "community", "treatment"}
)
POSITIVE_REASONS = frozenset({"own_solution", "work"})


def calculate(name: str, facts: Facts, period: Period, cohort: Cohort = Cohort.SERVED) -> Report:
    """Every figure of the period, about the people of the cohort."""
    stays = in_cohort(stays_of(facts.agreements), period, cohort)
    ended = [stay for stay in stays if stay.ended_by(period.as_of)]
    people = {stay.person for stay in stays}
    supports = [act for act in facts.supports if act.person in people and act.on in period]
    contacts = [act for act in facts.contacts if act.person in people and act.on in period]
    steps = [step for step in facts.steps if step.person in people and step.on in period]
    answers = _answers(facts.entries, people)
    sections = [
        _people(stays, ended, people, period, answers["work"]),
        _lockers(facts, period),
        _duration(ended),
        counted("ends_by_reason", "reason", (reason for stay in ended for reason in stay.last.reasons or (UNKNOWN,))),
        counted("ends_by_decision", "decided_by", (stay.last.decided_by or UNKNOWN for stay in ended)),
        counted("ends_by_destination", "destination", (stay.last.destination or UNKNOWN for stay in ended)),
        counted("ends_by_stability", "stability", (stay.last.stability or UNKNOWN for stay in ended)),
        _positive(ended),
        counted("people_by_support", "support", {(act.person, act.kind) for act in supports}, code=1),
        _total("supports", "support", supports),
        *(counted(f"{question}_on_entry", question, found.values()) for question, found in sorted(answers.items())),
        _contacts(contacts),
        counted("people_by_contact", "contact", {(act.person, act.kind) for act in contacts}, code=1),
        _total("contacts_by_kind", "contact", contacts),
        counted("steps_by_result", "result", (step.result for step in steps)),
        counted("steps_by_kind", "step", (step.kind for step in steps)),
        waiting_figures(facts.waits, period),
        loan_figures(facts.loans, period),
        project_figures(facts.projects, period),
    ]
    return Report(name, period, cohort, sections, _months(ended, facts.codes))


def _people(
    stays: Sequence[Stay], ended: Sequence[Stay], people: set[str], period: Period, work: Mapping[str, str]
) -> Section:
    active = {stay.person for stay in stays if not stay.ended_by(period.as_of)}
    figures = {
        "people_served": len(people),
        "people_active": len(active),
        "stays_begun": sum(1 for stay in stays if stay.starts_on in period),
        "stays_ended": len(ended),
        "working_on_entry": sum(1 for answer in work.values() if answer not in NOT_WORKING),
    }
    return Section("people", [Figure(key, value) for key, value in figures.items()])


def _lockers(facts: Facts, period: Period) -> Section:
    found = occupancy(facts.lockers, facts.held, period)
    return Section(
        "lockers",
        [
            Figure("lockers_in_service", found.in_service),
            Figure("lockers_held", found.held),
            Figure("highest_held", found.highest),
            Figure("occupancy_percent", rounded(None if found.share is None else 100 * found.share)),
        ],
    )


def _duration(ended: Sequence[Stay]) -> Section:
    months = [stay.months for stay in ended]
    return Section(
        "duration",
        [
            Figure("mean_months", rounded(fmean(months) if months else None)),
            Figure("median_months", rounded(median(months) if months else None)),
            Figure("shortest_months", min(months, default=None)),
            Figure("longest_months", max(months, default=None)),
        ],
    )


def _positive(ended: Sequence[Stay]) -> Section:
    count = sum(
        1
        for stay in ended
        if stay.last.destination in POSITIVE_DESTINATIONS or not POSITIVE_REASONS.isdisjoint(stay.last.reasons)
    )
    return Section(
        "positive",
        [
            Figure("positive_ends", count),
            Figure("positive_percent", rounded(100 * count / len(ended) if ended else None)),
        ],
    )


def _contacts(contacts: Sequence[Act]) -> Section:
    return Section(
        "contacts",
        [
            Figure("contacts", sum(act.times for act in contacts)),
            Figure("people_met", len({act.person for act in contacts})),
        ],
    )


def _total(key: str, by: str, acts: Iterable[Act]) -> Section:
    totals: dict[str, int] = {}
    for act in acts:
        totals[act.kind] = totals.get(act.kind, 0) + act.times
    return Section(key, [Figure(key, totals[kind], kind) for kind in sorted(totals)], by)


def _answers(entries: Iterable[Entry], people: set[str]) -> dict[str, dict[str, str]]:
    """Question -> person -> answer; who was not asked counts as unknown."""
    given: dict[str, dict[str, str]] = {question: {} for question in ALWAYS_ASKED}
    for entry in entries:
        if entry.person in people:
            given.setdefault(entry.question, {})[entry.person] = entry.answer
    return {question: {person: found.get(person, UNKNOWN) for person in people} for question, found in given.items()}


def _months(ended: Sequence[Stay], codes: Mapping[str, str]) -> dict[str, int]:
    """By the code of the imported file, else by a number that means nothing outside this report."""
    months: dict[str, int] = {}
    for number, stay in enumerate(ended, 1):
        label = codes.get(stay.person, str(number))
        months[label if label not in months else f"{label} ({number})"] = stay.months
    return months
