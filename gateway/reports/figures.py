"""Calculates a report from plain facts: no database, no clock. Definitions are in wording.py, word for word."""

from collections.abc import Mapping

import numpy as np

from gateway.reports.activity import loan_figures, project_figures, waiting_figures
from gateway.reports.columns import NO_TEXT, Marks, Numbers, Texts, day_number, marked
from gateway.reports.facts import Acts, Answers, Facts
from gateway.reports.occupancy import occupancy
from gateway.reports.period import Cohort, Period
from gateway.reports.report import Figure, Report, Section
from gateway.reports.stays import Stays, in_cohort, stays_of
from gateway.reports.tally import UNKNOWN, counted, counts, mean, median, people_by, people_in, rounded, section_of

ALWAYS_ASKED = ("identity_papers", "health_cover", "work")
NOT_WORKING = frozenset({"none", "training", "unable", "retired", UNKNOWN})
POSITIVE_DESTINATIONS = frozenset(
    {"own_housing", "social_housing", "supported_housing", "employer_housing", "community", "treatment"}
)
POSITIVE_REASONS = frozenset({"own_solution", "work"})
TRIED = frozenset({"looked_for"})
# More stays than this are not told one by one, only how many lasted how long.
LISTED_AT_MOST = 500


def calculate(name: str, facts: Facts, period: Period, cohort: Cohort = Cohort.SERVED) -> Report:
    """Every figure of the period, about the people of the cohort."""
    texts, agreements = facts.texts, facts.agreements
    stays = in_cohort(stays_of(agreements), period, cohort)
    ended = stays.only(stays.ends_on <= day_number(period.as_of))
    people = marked(len(texts), stays.person)
    supports, contacts = _counting(facts.supports, people, period), _counting(facts.contacts, people, period)
    steps = people[facts.steps.person] & _within(facts.steps.at, period)
    answers = _answers(facts.entries, people, texts)
    sections = [
        _people(stays, ended, period, people, answers["work"]),
        _lockers(facts, period),
        _duration(ended),
        section_of("stays_by_months", "months", _by_months(ended)),
        counted("ends_by_reason", "reason", _reasons(facts, ended), texts),
        counted("ends_by_decision", "decided_by", agreements.decided_by[ended.last], texts),
        counted("ends_by_destination", "destination", agreements.destination[ended.last], texts),
        counted("ends_by_stability", "stability", agreements.stability[ended.last], texts),
        _positive(facts, ended),
        people_by("people_by_support", "support", supports.person, supports.kind, texts),
        counted("supports", "support", supports.kind, texts),
        *(section_of(f"{question}_on_entry", question, found) for question, found in sorted(answers.items())),
        _contacts(contacts, texts),
        people_by("people_by_contact", "contact", contacts.person, contacts.kind, texts),
        counted("contacts_by_kind", "contact", contacts.kind, texts),
        counted("steps_by_result", "result", facts.steps.result[steps], texts),
        counted("steps_by_kind", "step", facts.steps.kind[steps], texts),
        waiting_figures(facts.waits, period, texts),
        loan_figures(facts.loans, period),
        project_figures(facts.projects, period),
    ]
    return Report(name, period, cohort, sections, _months(ended, facts.codes))


def _within(instants: Numbers, period: Period) -> Marks:
    return (instants >= period.from_at) & (instants < period.until_at)


def _counting(acts: Acts, people: Marks, period: Period) -> Acts:
    some = people[acts.person] & _within(acts.at, period)
    return Acts(acts.person[some], acts.kind[some], acts.at[some])


def _people(stays: Stays, ended: Stays, period: Period, people: Marks, work: Mapping[str, int]) -> Section:
    active = stays.person[stays.ends_on > day_number(period.as_of)]
    figures = {
        "people_served": int(np.count_nonzero(people)),
        "people_active": int(np.count_nonzero(marked(len(people), active))),
        "stays_begun": int(np.count_nonzero(stays.starts_on >= day_number(period.starts_on))),
        "stays_ended": len(ended),
        "working_on_entry": sum(count for answer, count in work.items() if answer not in NOT_WORKING),
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
            Figure("occupancy_percent", rounded(found.percent)),
        ],
    )


def _duration(ended: Stays) -> Section:
    months = ended.months
    return Section(
        "duration",
        [
            Figure("mean_months", mean(months)),
            Figure("median_months", median(months)),
            Figure("shortest_months", int(months.min()) if len(months) else None),
            Figure("longest_months", int(months.max()) if len(months) else None),
        ],
    )


def _by_months(ended: Stays) -> dict[str, int]:
    found, count = np.unique(ended.months, return_counts=True)
    return {str(months): int(stays) for months, stays in zip(found, count, strict=True)}


def _reasons(facts: Facts, ended: Stays) -> Numbers:
    """The reasons of the ends, and nothing said for each that has none."""
    agreements, size = facts.agreements, len(facts.agreements.person)
    given = agreements.reason[marked(size, ended.last)[agreements.reason_of]]
    without = np.count_nonzero(~marked(size, agreements.reason_of)[ended.last])
    return np.append(given, np.full(without, NO_TEXT))


def _positive(facts: Facts, ended: Stays) -> Section:
    agreements = facts.agreements
    good = _coded(facts.texts, POSITIVE_REASONS)[agreements.reason]
    for_a_reason = marked(len(agreements.person), agreements.reason_of[good])[ended.last]
    # The last place of the marks is for what was not said (-1).
    to_a_place = np.append(_coded(facts.texts, POSITIVE_DESTINATIONS), False)[agreements.destination[ended.last]]
    count = int(np.count_nonzero(for_a_reason | to_a_place))
    return Section(
        "positive",
        [
            Figure("positive_ends", count),
            Figure("positive_percent", rounded(100 * count / len(ended) if len(ended) else None)),
        ],
    )


def _coded(texts: Texts, codes: frozenset[str]) -> Marks:
    numbers = np.array([texts[code] for code in codes], np.int64)
    return marked(len(texts), numbers)


def _contacts(contacts: Acts, texts: Texts) -> Section:
    met = contacts.person[~_coded(texts, TRIED)[contacts.kind]]
    return Section("contacts", [Figure("contacts", len(contacts.person)), Figure("people_met", people_in(met, texts))])


def _answers(entries: Mapping[str, Answers], people: Marks, texts: Texts) -> dict[str, dict[str, int]]:
    """Question -> answer -> people; who was not asked counts as unknown."""
    found: dict[str, dict[str, int]] = {}
    for question in {*ALWAYS_ASKED, *entries}:
        asked = entries.get(question, Answers())
        some = people[asked.person]
        if question in ALWAYS_ASKED or some.any():
            answers = np.full(len(people), NO_TEXT)
            # Of several for one person the last stays.
            answers[asked.person[some]] = asked.answer[some]
            found[question] = counts(answers[people], texts)
    return found


def _months(ended: Stays, codes: Mapping[int, str]) -> dict[str, int]:
    """By the code of the imported file, else by a number that means nothing outside this report."""
    months: dict[str, int] = {}
    if len(ended) > LISTED_AT_MOST:
        return months
    for number, (person, count) in enumerate(zip(ended.person.tolist(), ended.months.tolist(), strict=True), 1):
        label = codes.get(person, str(number))
        months[label if label not in months else f"{label} ({number})"] = count
    return months
