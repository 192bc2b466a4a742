"""Every figure of a report, counted again one by one from what was done, with no code of the reports."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from math import floor
from random import Random

from sqlalchemy.exc import DBAPIError

from gateway.reports import service as reports
from gateway.reports.ledger import Ledger
from gateway.reports.period import Cohort
from simulator.world.invariants.loans import Reading, readings
from simulator.world.lives.arrivals import Scheme
from simulator.world.lives.calendar import day_of, days_on, midnight
from simulator.world.lives.lending import Member, Project
from simulator.world.lives.office import Office
from simulator.world.lives.pacts import Pact
from simulator.world.lives.records import Act, Box, Records, Waiting

Counted = dict[str, Mapping[str, int | float | None]]
_ALWAYS_ASKED = ("identity_papers", "health_cover", "work")
_NEVER = 1 << 62
_NO_WORK = {"none", "training", "unable", "retired", "unknown"}
_GOOD_REASONS = {"own_solution", "work"}
_GOOD_PLACES = {
    "own_housing", "social_housing", "supported_housing", "employer_housing", "community", "treatment",
}  # fmt: skip


Span = tuple[date, date, Pact | Member | None]


@dataclass(frozen=True)
class Stay:
    """One person's time of care: its days, and how its last contract ended for them (None: it went on for others)."""

    person: str
    first: date
    last: date
    how: Pact | Member | None


class FigureJudge:
    """Asks for the report of each site and of the network, as of a day of its own choice."""

    def __init__(self, office: Office, schemes: Collection[Scheme]) -> None:
        self._office = office
        self._schemes = schemes

    def judge(self, chance: Random) -> None:
        """Compares figure by figure what is read afresh and what the gateway keeps; not while the database is away."""
        for scheme in (None, *self._schemes):
            self._compare(chance, scheme, afresh=True)

    def glance(self, chance: Random) -> None:
        """One report of what the gateway has kept and followed; nothing while it does not run."""
        self._compare(chance, chance.choice((None, *self._schemes)), afresh=False)

    def _compare(self, chance: Random, scheme: Scheme | None, *, afresh: bool) -> None:
        gateway = self._office.gateway
        if not (afresh or gateway.running):
            return
        as_of = days_on(day_of(gateway.now()), -chance.randint(0, 10))
        first = days_on(as_of, -chance.randint(0, 40))
        cohort = chance.choice(list(Cohort))
        name = f"site:{scheme.site}" if scheme else "network"
        told: dict[str, Counted] = {}  # by the ledger it was made from
        try:
            with gateway.reading() as session:
                ledgers = {"read afresh": Ledger.read(session)} if afresh else {}
                if gateway.running:
                    ledgers["kept"] = gateway.ledger.now(session)
                for how, ledger in ledgers.items():
                    report = reports.report_on(
                        session, name, starts_on=first, as_of=as_of, cohort=cohort, ledger=ledger
                    )
                    told[how] = {section.key: section.values for section in report.sections}
                loans, _ = readings(session, self._office.records)
        except DBAPIError:
            return
        counted = count(self._office.records, scheme, first, as_of, started=cohort is Cohort.STARTED)
        counted["loans"] = _loans(self._office.records, loans, scheme, first, as_of)
        for how, said in told.items():
            for key in sorted({*counted, *said}):
                if counted.get(key) != said.get(key):
                    self._office.violated(
                        "figures",
                        f"{name} {first} to {as_of} ({cohort}), {key}: the report ({how}) says {_shown(said, key)}, "
                        f"counted was {_shown(counted, key)}",
                    )


def _shown(figures: Counted, key: str) -> dict[str, int | float | None] | None:
    return dict(sorted(figures[key].items())) if key in figures else None


def count(records: Records, scheme: Scheme | None, first: date, as_of: date, *, started: bool) -> Counted:
    """Every section of the report of one site (None: of the network) from `first` to `as_of`."""
    begin, end = midnight(first), midnight(days_on(as_of, 1))
    every = (*records.boxes.values(), *records.lending)
    boxes = [box for box in every if scheme is None or box.site == scheme.site]
    places = {(box.bank, box.number) for box in boxes}
    pacts = [
        pact
        for pact in records.pacts.values()
        if pact.signed_at is not None
        and not pact.lost
        and pact.from_at < min(pact.until_at, end)
        and any((hold.bank, hold.number) in places for hold in pact.holds)
    ]
    members = [
        member
        for member in records.members
        if not member.lost and member.from_at < end and (scheme is None or member.site == scheme.site)
    ]
    stays = [
        stay
        for stay in _stays(pacts, members)
        if stay.first <= as_of and (stay.first >= first if started else stay.last >= first)
    ]
    ended = [stay for stay in stays if stay.last <= as_of]
    people = {stay.person for stay in stays}
    answers = _answers(records, people, end)
    months = sorted(_months(stay.first, stay.last) for stay in ended)
    supports = [act for act in records.supports if act.person in people and begin <= act.at < end]
    contacts = [act for act in records.contacts if act.person in people and begin <= act.at < end]
    steps = [step for step in records.steps if step.person in people and begin <= step.at < end]
    return {
        "people": {
            "people_served": len(people),
            "people_active": len({stay.person for stay in stays if stay.last > as_of}),
            "stays_begun": sum(stay.first >= first for stay in stays),
            "stays_ended": len(ended),
            "working_on_entry": sum(one for answer, one in answers["work"].items() if answer not in _NO_WORK),
        },
        "lockers": _lockers(boxes, begin, end),
        "duration": {
            "mean_months": _mean(months),
            "median_months": _median(months),
            "shortest_months": months[0] if months else None,
            "longest_months": months[-1] if months else None,
        },
        "stays_by_months": Counter(str(one) for one in months),
        **_ends(ended),
        "people_by_support": _people_by(supports),
        "supports": Counter(act.kind for act in supports),
        **{f"{question}_on_entry": found for question, found in answers.items()},
        "contacts": {
            "contacts": len(contacts),
            "people_met": len({act.person for act in contacts if act.kind != "looked_for"}),
        },
        "people_by_contact": _people_by(contacts),
        "contacts_by_kind": Counter(act.kind for act in contacts),
        "steps_by_result": Counter(
            step.result if step.closed_at is not None and step.closed_at < end else "under_way" for step in steps
        ),
        "steps_by_kind": Counter(step.topic for step in steps),
        "waiting": _waiting(records.waiting, scheme, first, as_of),
        "projects": _projects(records.projects, scheme, first, as_of),
    }


def _stays(pacts: Iterable[Pact], members: Iterable[Member]) -> list[Stay]:
    """Contracts and memberships of one person that follow each other without a gap are one stay."""
    times: dict[str, list[Span]] = {}
    for member in members:
        last = member.ends_on if member.ended_at is None else min(member.ends_on, day_of(member.ended_at))
        times.setdefault(member.person, []).append((member.starts_on, max(member.starts_on, last), member))
    for pact in pacts:
        for part in pact.parts:
            first = max(pact.starts_on, day_of(pact.from_at))
            if part.from_at > pact.from_at:
                first = max(first, day_of(part.from_at))
            over = [day_of(at) for at in (pact.ended_at, part.until_at) if at is not None]
            last = min([pact.ends_on, *over])
            if first <= last:
                times.setdefault(part.person, []).append((first, last, None if part.until_at else pact))
    stays = []
    for person, spans in times.items():
        chain: list[Span] = []
        for span in sorted(spans, key=lambda one: one[:2]):
            if chain and span[0] > days_on(max(one[1] for one in chain), 1):
                stays.append(_stay(person, chain))
                chain = []
            chain.append(span)
        stays.append(_stay(person, chain))
    return stays


def _stay(person: str, chain: list[Span]) -> Stay:
    first, last = chain[0][0], max(one[1] for one in chain)
    return Stay(person, first, last, [one[2] for one in chain if one[1] == last][-1])


def _ends(ended: list[Stay]) -> Counted:
    reasons: Counter[str] = Counter()
    good = 0
    for stay in ended:
        why = _reasons(stay.how)
        reasons.update(why)
        good += bool(why & _GOOD_REASONS) or (stay.how is not None and stay.how.destination in _GOOD_PLACES)
    hows = [stay.how for stay in ended]
    return {
        "ends_by_reason": reasons,
        "ends_by_decision": Counter((how and how.decided_by) or "unknown" for how in hows),
        "ends_by_destination": Counter((how and how.destination) or "unknown" for how in hows),
        "ends_by_stability": Counter((how and how.stability) or "unknown" for how in hows),
        "positive": {
            "positive_ends": good,
            "positive_percent": _rounded(Fraction(100 * good, len(ended))) if ended else None,
        },
    }


def _reasons(how: Pact | Member | None) -> set[str]:
    if how is None:
        return {"unknown"}
    return how.reasons or ({"term_over"} if how.ended_at is None else {"unknown"})


def _answers(records: Records, people: set[str], end: int) -> dict[str, Counter[str]]:
    asked: dict[str, dict[str, str]] = {question: {} for question in _ALWAYS_ASKED}
    for person, at, facts in records.entries:
        if person in people and at < end:
            for question, answer in facts.items():
                asked.setdefault(question, {})[person] = answer
    return {question: Counter(given.get(person, "unknown") for person in people) for question, given in asked.items()}


def _lockers(boxes: list[Box], begin: int, end: int) -> dict[str, int | float | None]:
    spans = [
        (max(hold.from_at, begin, box.in_service_since), min(hold.until_at, end))
        for box in boxes
        for hold in box.held
        if hold.from_at < hold.until_at and not hold.lost
    ]
    spans = [span for span in spans if span[0] < span[1]]
    service = [(max(begin, box.in_service_since), end) for box in boxes if max(begin, box.in_service_since) < end]
    taken, served = sum(until - start for start, until in spans), sum(until - start for start, until in service)
    return {
        "lockers_in_service": len(service),
        "lockers_held": sum(until == end for _, until in spans),
        "highest_held": max((sum(start <= at < until for start, until in spans) for at, _ in spans), default=0),
        "occupancy_percent": _rounded(Fraction(100 * taken, served)) if served else None,
    }


def _waiting(
    entries: list[Waiting], scheme: Scheme | None, first: date, as_of: date
) -> dict[str, int | float | None]:  # fmt: skip
    here = [
        one
        for one in entries
        if scheme is None or one.site == scheme.site or (one.site is None and one.organisation == scheme.organisation)
    ]
    known = [one for one in here if day_of(one.since) <= as_of]
    days = sorted(
        (day_of(one.closed_at) - day_of(one.since)).days
        for one in known
        if one.closed_at is not None and one.why == "placed" and first <= day_of(one.closed_at) <= as_of
    )
    return {
        "asked": sum(day_of(one.since) >= first for one in known),
        "still_waiting": sum(one.closed_at is None or day_of(one.closed_at) > as_of for one in known),
        "given_a_place": len(days),
        "mean_days_waited": _mean(days),
        "median_days_waited": _median(days),
    }


def _loans(
    records: Records, read: Mapping[str, Reading], scheme: Scheme | None, first: date, as_of: date
) -> dict[str, int | float | None]:
    begin, end = midnight(first), midnight(days_on(as_of, 1))
    taken = [
        (found.taken_at, records.lent[name].due_at, found.returned_at or _NEVER)
        for name, found in read.items()
        if found.taken_at is not None
        and found.taken_at < end
        and (scheme is None or records.lent[name].member.site == scheme.site)
    ]
    back = [(due, returned) for _, due, returned in taken if begin <= returned < end]
    out = [due for _, due, returned in taken if returned >= end]
    return {
        "loans_begun": sum(at >= begin for at, _, _ in taken),
        "loans_returned": len(back),
        "returned_late": sum(returned > due for due, returned in back),
        "loans_out": len(out),
        "loans_late": sum(due < end for due in out),
    }


def _projects(
    projects: list[Project], scheme: Scheme | None, first: date, as_of: date
) -> dict[str, int | float | None]:  # fmt: skip
    begun = [
        one
        for one in projects
        if not (one.lost or one.given_up)
        and one.started_on is not None
        and first <= one.started_on <= as_of
        and (scheme is None or one.member.site == scheme.site)
    ]
    cents = [one.cost_cents for one in begun if one.cost_cents is not None]
    surfaces = [one.surface_dm2 for one in begun if one.surface_dm2 is not None]
    return {
        "projects": len(begun),
        "mean_cost_euros": _mean(cents, 100),
        "mean_surface_m2": _mean(surfaces, 100),
        "largest_surface_m2": _rounded(Fraction(max(surfaces), 100)) if surfaces else None,
    }


def _people_by(acts: list[Act]) -> Counter[str]:
    return Counter(kind for kind, _ in {(act.kind, act.person) for act in acts})


def _months(first: date, last: date) -> int:
    return (last.year - first.year) * 12 + last.month - first.month - (last.day < first.day)


def _mean(values: list[int], unit: int = 1) -> float | None:
    return _rounded(Fraction(sum(values), len(values) * unit)) if values else None


def _median(values: list[int]) -> float | None:
    middle = len(values) // 2
    return _rounded(Fraction(values[middle] + values[~middle], 2)) if values else None


def _rounded(value: Fraction) -> float:
    """To one decimal, halves up."""
    return floor(value * 10 + Fraction(1, 2)) / 10
