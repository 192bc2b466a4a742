"""Generated histories: every figure equals what counting day by day, in another way, gives."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from math import floor
from random import Random

import pytest

from gateway.reports.figures import calculate
from gateway.reports.period import Cohort, Period
from gateway.reports.report import Report
from tests.unit.gateway.reports.plain import Act, Agreement, Entry, Facts, Span, Wait

START = date(2019, 1, 1)
DAYS = 900
DAY_MS = 86_400_000
KINDS = ("food", "health", "clothing", "advance")
REASONS = ("own_solution", "work", "prison", "threats", "agreed")
DESTINATIONS = ("own_housing", "treatment", "street", "shelter", "unknown", None)
WORK = ("none", "temporary", "permanent_job", "training", "retired", "unknown")


def day(number: int) -> date:
    return START + timedelta(days=number)


def at(moment: date) -> int:
    return int(datetime(moment.year, moment.month, moment.day, tzinfo=UTC).timestamp()) * 1000


def history(seed: int) -> Facts:
    """A town of up to forty people; contracts of one person touch, overlap or leave gaps."""
    luck = Random(seed)
    people = [f"p{number}" for number in range(luck.randint(1, 40))]
    agreements, entries, supports = [], [], []
    for person in people:
        first = luck.randrange(DAYS)
        for _contract in range(luck.choice((1, 1, 1, 2, 3))):
            last = first + luck.randrange(300)
            agreements.append(
                Agreement(
                    person, day(first), day(last), tuple(luck.sample(REASONS, luck.randrange(3))),
                    luck.choice(("holder", "both", None)), luck.choice(DESTINATIONS), luck.choice(("lasting", None)),
                )
            )  # fmt: skip
            first = last + luck.choice((0, 1, 1, 2, 40))
        entries += [Entry(person, "work", luck.choice(WORK))] if luck.random() < 0.8 else []
        supports += [Act(person, luck.choice(KINDS), day(luck.randrange(DAYS))) for _act in range(luck.randrange(6))]
    lockers = [Span(f"l{number}", at(day(luck.randrange(200)))) for number in range(luck.randint(1, 12))]
    held = [
        Span(locker.locker, at(day(first)), at(day(first + luck.randint(1, 200))))
        for locker in lockers
        for first in range(200, DAYS, 210)
    ]
    waits = [
        Wait(
            day(asked),
            day(asked + luck.randrange(90)) if luck.random() < 0.6 else None,
            luck.choice(("placed", "other")),
        )
        for asked in (luck.randrange(DAYS) for _wait in range(luck.randrange(30)))
    ]
    luck.shuffle(agreements)
    return Facts(agreements, lockers, held, entries, supports, waits=waits)


def care_days(facts: Facts) -> dict[str, list[set[date]]]:
    """Each person's days of care as runs of days that follow each other."""
    runs: dict[str, list[set[date]]] = {}
    for person in {agreement.person for agreement in facts.agreements}:
        every: set[date] = set()
        for one in facts.agreements:
            if one.person == person:
                every |= {one.starts_on + timedelta(days=n) for n in range((one.ends_on - one.starts_on).days + 1)}
        for moment in sorted(every):
            if moment - timedelta(days=1) in every:
                runs[person][-1].add(moment)
            else:
                runs.setdefault(person, []).append({moment})
    return runs


def counted_runs(facts: Facts, period: Period, cohort: Cohort) -> list[tuple[str, set[date]]]:
    asked = {period.starts_on + timedelta(days=n) for n in range((period.as_of - period.starts_on).days + 1)}
    return [
        (person, run)
        for person, runs in care_days(facts).items()
        for run in runs
        if (min(run) in asked if cohort is Cohort.STARTED else run & asked)
    ]


def months_by_counting(run: set[date]) -> int:
    """How often the day of the month of the first day is reached again; at a month's end, never before."""
    first, last = min(run), max(run)
    months = 0
    while True:
        year, month = divmod(first.year * 12 + first.month + months, 12)
        if (last.year, last.month, last.day) < (year, month + 1, first.day):
            return months
        months += 1


def report(facts: Facts, period: Period, cohort: Cohort) -> Report:
    return calculate("town", facts.columns(), period, cohort)


CASES = [(seed, cohort) for seed in range(60) for cohort in Cohort]


@pytest.mark.parametrize(("seed", "cohort"), CASES)
def test_figures_equal_counting_day_by_day(seed: int, cohort: Cohort) -> None:
    facts, luck = history(seed), Random(seed + 1_000)
    first = luck.randrange(DAYS)
    period = Period(day(first), day(first + luck.randrange(700)), "UTC")
    made = report(facts, period, cohort)
    runs = counted_runs(facts, period, cohort)
    over = [(person, run) for person, run in runs if max(run) <= period.as_of]
    people = {person for person, _run in runs}

    figures = made.section("people").values
    assert figures["people_served"] == len(people)
    assert figures["stays_ended"] == len(over)
    assert figures["people_active"] == len({person for person, run in runs if max(run) > period.as_of})
    assert figures["stays_begun"] == sum(min(run) >= period.starts_on for _person, run in runs)
    assert sorted(made.months.values()) == sorted(months_by_counting(run) for _person, run in over)

    given = {(act.person, act.kind) for act in facts.supports if act.person in people}
    given = {(p, k) for p, k in given if any(a.on in period for a in facts.supports if (a.person, a.kind) == (p, k))}
    assert made.section("people_by_support").values == Counter(kind for _person, kind in given)
    work = {entry.person: entry.answer for entry in facts.entries}
    assert made.section("work_on_entry").values == Counter(work.get(person, "unknown") for person in people)
    assert figures["working_on_entry"] == sum(work.get(person) in ("temporary", "permanent_job") for person in people)


def test_a_half_of_a_tenth_of_a_per_cent_of_occupancy_is_rounded_up() -> None:
    """23 of 80 lockers are 28.75 per cent."""
    lockers = [Span(str(number), at(day(0))) for number in range(80)]
    made = report(Facts(lockers=lockers, held=lockers[:23]), Period(day(1), day(1), "UTC"), Cohort.SERVED)
    assert made.section("lockers").values["occupancy_percent"] == 28.8


@pytest.mark.parametrize("seed", range(60))
def test_lockers_and_waiting_equal_counting_day_by_day(seed: int) -> None:
    facts, luck = history(seed), Random(seed + 2_000)
    first = luck.randrange(DAYS)
    period = Period(day(first), day(first + luck.randrange(400)), "UTC")
    made = report(facts, period, Cohort.SERVED)
    served = held = highest = 0
    moment = period.starts_on
    while moment <= period.as_of:
        noon = at(moment) + DAY_MS // 2
        now_held = sum(one.from_at <= noon < (one.until_at or noon + 1) for one in facts.held)
        served += sum(one.from_at <= noon for one in facts.lockers)
        held, highest = held + now_held, max(highest, now_held)
        moment += timedelta(days=1)
    figures = made.section("lockers").values
    assert figures["highest_held"] == highest
    assert figures["lockers_held"] == now_held
    if served:
        assert figures["occupancy_percent"] == floor(Fraction(1000 * held, served) + Fraction(1, 2)) / 10
    else:
        assert figures["occupancy_percent"] is None

    waiting = made.section("waiting").values
    assert waiting["asked"] == sum(wait.asked_on in period for wait in facts.waits)
    still = [w for w in facts.waits if w.asked_on <= period.as_of and not (w.left_on and w.left_on <= period.as_of)]
    assert waiting["still_waiting"] == len(still)
    placed = [w for w in facts.waits if w.outcome == "placed" and w.left_on and w.left_on in period]
    assert waiting["given_a_place"] == len(placed)


@pytest.mark.parametrize("seed", range(20))
def test_ends_and_their_positive_share_equal_a_count_over_last_contracts(seed: int) -> None:
    facts = history(seed)
    period = Period(START, day(2_000), "UTC")
    made = report(facts, period, Cohort.SERVED)
    reasons, destinations, positive = Counter[str](), Counter[str](), 0
    for person, run in counted_runs(facts, period, Cohort.SERVED):
        several = [one for one in facts.agreements if one.person == person and one.ends_on == max(run)]
        last = max(several, key=lambda one: one.starts_on)
        reasons.update(last.reasons or ("unknown",))
        destinations[last.destination or "unknown"] += 1
        good = last.destination in ("own_housing", "treatment") or {"work", "own_solution"} & {*last.reasons}
        positive += bool(good)
    assert made.section("ends_by_reason").values == reasons
    assert made.section("ends_by_destination").values == destinations
    assert made.section("positive").values["positive_ends"] == positive
