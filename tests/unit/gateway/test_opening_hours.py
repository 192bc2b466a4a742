"""Opening hours go with the contract into the access list, and the controller keeps them with no network."""

from datetime import UTC, date, datetime

import pytest

from controller.access import AccessIndex, Denied, decide
from controller.inputs import Moment
from gateway.access import lists
from gateway.access.changes import AccessChanged
from gateway.badges.models import Badge
from gateway.contracts import service as contracts
from gateway.contracts.models import Contract
from gateway.schemes import service as schemes
from gateway.schemes.codes import Service
from gateway.schemes.opening import bring_hours
from gateway.schemes.terms import OpeningHours, Terms
from tests.unit.controller.core.driver import NOON as DRIVER_NOON
from tests.unit.controller.core.driver import entries, make_driver
from tests.unit.gateway.loans.library import open_library
from tests.unit.gateway.town import DAY, NOON, Town
from wire.access_list import AccessList, decode_access_list
from wire.messages import encode

SUNDAY_2_TO_3 = OpeningHours(days=(*[()] * 6, ((120, 180),)))
SUNDAY_1_TO_4 = OpeningHours(days=(*[()] * 6, ((60, 240),)))
MORNINGS = OpeningHours(days=(((540, 720),),) * 7)


def utc(*parts: int) -> int:
    return int(datetime(*parts, tzinfo=UTC).timestamp() * 1000)  # type: ignore[misc,arg-type]


def signed(town: Town, hours: OpeningHours | None, now: int = NOON) -> tuple[Contract, Badge]:
    with town.writing() as session:
        scheme = schemes.add_scheme(
            session, organisation_id=town.organisation_id, service=Service.LUGGAGE, name=f"room {town.badges_made}",
            terms=Terms(hours=hours), actor="t", now=now,
        )  # fmt: skip
    person = town.person()
    badge = town.badge(person)
    with town.writing() as session:
        contract = contracts.assign(
            session, person_id=person.id, bank_id=town.bank, number=1, starts_on=date(2026, 1, 1),
            ends_on=date(2027, 6, 30), scheme_id=scheme.id, actor="t", now=now,
        )  # fmt: skip
    return contract, badge


def listed(town: Town, now: int = NOON) -> AccessList:
    """As the controller reads it."""
    with town.reading() as session:
        return decode_access_list(encode(lists.build(session, town.bank, version=1, now=now)))


def answer(access_list: AccessList, badge: Badge, at: int, clock: str = "trusted") -> str:
    decision = decide(badge.digest, AccessIndex(access_list), Moment(1_000_000, at, at, at, clock))
    return decision.why if isinstance(decision, Denied) else "opens"


def test_a_badge_opens_within_the_hours_and_not_outside(town: Town) -> None:
    _, badge = signed(town, MORNINGS)
    found = listed(town)
    # Paris is two hours ahead of UTC in June.
    assert [answer(found, badge, utc(2026, 6, 20, hour, minute)) for hour, minute in ((6, 59), (7, 0), (9, 59))] == [
        "hours", "opens", "opens",
    ]  # fmt: skip
    assert answer(found, badge, utc(2026, 6, 20, 10)) == "hours"


@pytest.mark.parametrize(
    ("at", "expected"),
    [  # 25 October 2026: three o'clock summer time becomes two, so that the hour from two comes twice.
        (utc(2026, 10, 24, 23, 59), "hours"),
        (utc(2026, 10, 25, 0, 0), "opens"),
        (utc(2026, 10, 25, 0, 59), "opens"),
        (utc(2026, 10, 25, 1, 0), "opens"),
        (utc(2026, 10, 25, 1, 59), "opens"),
        (utc(2026, 10, 25, 2, 0), "hours"),
    ],
)
def test_an_hour_that_comes_twice_is_open_both_times(town: Town, at: int, expected: str) -> None:
    _, badge = signed(town, SUNDAY_2_TO_3)
    assert answer(listed(town), badge, at) == expected


def test_an_hour_that_never_comes_never_opens_and_the_hours_around_it_do(town: Town) -> None:
    # 29 March 2026: two o'clock winter time becomes three.
    _, badge = signed(town, SUNDAY_2_TO_3, now=utc(2026, 3, 1))
    minutes = range(utc(2026, 3, 28, 23), utc(2026, 3, 29, 22), 60_000)
    found = listed(town, utc(2026, 3, 1))
    assert {answer(found, badge, at) for at in minutes} == {"hours"}


def test_a_span_over_the_missing_hour_is_an_hour_shorter_at_the_door(town: Town) -> None:
    _, badge = signed(town, SUNDAY_1_TO_4, now=utc(2026, 3, 1))
    found = listed(town, utc(2026, 3, 1))
    day = range(utc(2026, 3, 28, 23), utc(2026, 3, 29, 22), 60_000)
    assert sum(answer(found, badge, at) == "opens" for at in day) == 120


def test_without_hours_a_badge_opens_day_and_night(town: Town) -> None:
    _, badge = signed(town, None)
    found = listed(town)
    assert found.schedules == {}
    assert {answer(found, badge, NOON + hour * 3_600_000) for hour in range(24)} == {"opens"}


def test_a_clock_in_doubt_shuts_no_door(town: Town) -> None:
    _, badge = signed(town, SUNDAY_2_TO_3)
    assert answer(listed(town), badge, NOON, "claimed") == "opens"


def test_collecting_keeps_the_same_hours(town: Town) -> None:
    contract, badge = signed(town, MORNINGS)
    with town.writing() as session:
        contracts.end(session, contract.id, reason="agreed", actor="t", now=NOON)
    found = listed(town, NOON + 1)
    assert answer(found, badge, NOON + DAY - 3 * 3_600_000) == "opens"
    assert answer(found, badge, NOON + DAY) == "hours"


def test_a_suspension_is_named_as_such_at_every_hour(town: Town) -> None:
    contract, badge = signed(town, MORNINGS)
    with town.writing() as session:
        contracts.suspend(session, contract.id, reason="other", review_on=date(2026, 7, 1), actor="t", now=NOON)
    found = listed(town, NOON)
    assert {answer(found, badge, NOON + hour * 3_600_000) for hour in range(24)} == {"suspended"}


def test_new_hours_of_a_scheme_leave_signed_contracts_alone_until_someone_brings_them(town: Town) -> None:
    contract, badge = signed(town, MORNINGS)
    evening = utc(2026, 6, 20, 18)
    with town.writing() as session:
        schemes.change_terms(session, contract.scheme_id, Terms(term_months=3), actor="t", now=NOON)
    assert answer(listed(town), badge, evening) == "hours"
    with town.writing() as session:
        assert bring_hours(session, contract.scheme_id, actor="t", now=NOON) == 1
    assert answer(listed(town), badge, evening) == "opens"
    with town.reading() as session:
        assert contracts.contract_of(session, contract.id).terms.term_months == 12


def test_the_hours_of_a_tool_library_are_brought_to_its_members_loans(town: Town) -> None:
    library = open_library(town)
    library.plan(0, place=library.place, due_on=date(2026, 6, 19))
    evening = utc(2026, 6, 17, 18)
    assert answer(listed(town), library.badge, evening) == "opens"
    with town.writing() as session:
        schemes.change_terms(session, library.scheme_id, Terms(hours=MORNINGS), actor="t", now=NOON)
    told: list[object] = []
    town.database.listeners.append(told.append)
    with town.writing() as session:
        assert bring_hours(session, library.scheme_id, actor="t", now=NOON) == 1
    assert told == [AccessChanged(town.bank)]
    assert answer(listed(town), library.badge, evening) == "hours"


@pytest.mark.parametrize(
    ("at", "opens"),
    [
        (utc(2026, 10, 24, 23, 59), False),
        (utc(2026, 10, 25, 0, 30), True),
        (utc(2026, 10, 25, 1, 30), True),
        (utc(2026, 10, 25, 2, 0), False),
        (utc(2027, 3, 28, 0, 59), False),
        (utc(2027, 3, 28, 1, 0), False),
    ],
)
def test_a_bank_with_no_network_moves_the_lock_within_the_hours_alone(town: Town, at: int, opens: bool) -> None:
    signed(town, SUNDAY_2_TO_3)
    found = listed(town)
    key = town.keystore.badge_key(found.badge_keys[0])
    bank = make_driver(access_list=found, badge_keys={found.badge_keys[0]: key})
    bank.skew_ms = at - DRIVER_NOON
    came = bank.tap(1)
    assert len(bank.energised) == int(opens)
    assert [body["why"] for body in entries(came, "badge_refused")] == ([] if opens else ["hours"])
