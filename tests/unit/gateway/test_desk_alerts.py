"""What waits for people is told once to who can act, comes to an end when someone saw to it, and names nobody."""

from datetime import date, timedelta

import pytest

from gateway.alerts import delivery, raising, service
from gateway.alerts.desk import EVERY_MS, Desk, Part
from gateway.alerts.kinds import Kind
from gateway.alerts.occasions import Occasion
from gateway.care import contacts, reviews
from gateway.care.codes import ContactKind, ReviewDecision
from gateway.contracts import service as contracts
from gateway.custody import service as custodies
from gateway.custody.codes import Thing, Witness
from gateway.custody.models import Custody
from gateway.days import day_after, day_start
from gateway.loans import catalogue, reminders
from gateway.loans.codes import Told
from gateway.lockers.winding_down import keep, wind_down
from tests.unit.gateway.loans.library import at, open_library
from tests.unit.gateway.town import DAY, NOON, TODAY, ZONE, Town

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
ADDRESS = "json://127.0.0.1:9/secret"
PLACE = "Montreuil, Montreuil 1, Locker 1"


class Office:
    """One channel, told what the desk finds; `at` looks once at that moment."""

    def __init__(self, town: Town, kinds: list[Kind] | None = None, quiet: tuple[int, int] | None = None) -> None:
        self.town, self.desk, self.letters = town, Desk(), list[tuple[str, str]]()
        with town.writing() as session:
            service.add_channel(
                session, label="Desk", address=ADDRESS, language="en", kinds=kinds or tuple(Kind), quiet=quiet,
                actor="test", now=NOON,
            )  # fmt: skip

    def at(self, now: int) -> list[str]:
        """The titles told at that moment."""
        before = len(self.letters)
        raising.look(self.town.database, (self.desk.standing,), now=now)
        delivery.deliver(self.town.database, self._send, clock=lambda: now)
        return [title for title, _body in self.letters[before:]]

    def _send(self, address: str, title: str, body: str) -> bool:
        assert address == ADDRESS
        self.letters.append((title, body))
        return True


def test_a_loan_is_told_as_due_soon_once_and_as_overdue_once(town: Town) -> None:
    library = open_library(town)
    office = Office(town)
    loan = library.taken(0)
    assert office.at(at(18)) == []
    assert office.at(at(22, 9)) == ["A loan is due soon: Montreuil"]
    assert office.at(at(22, 10)) == []
    assert office.at(at(22, 18, 30)) == ["A loan has not come back in time: Montreuil"]
    assert office.at(at(23, 12)) == []
    with town.writing() as session:
        reminders.tell(session, loan.id, how=Told.PHONE, actor="lea", now=at(23, 13))
    assert office.at(at(24, 12)) == []


def test_who_was_reminded_in_the_night_needs_no_letter_in_the_morning(town: Town) -> None:
    library = open_library(town)
    office = Office(town, quiet=(20 * 60, 8 * 60))
    loan = library.taken(0)
    assert office.at(at(22, 20, 30)) == []
    with town.writing() as session:
        reminders.tell(session, loan.id, how=Told.PHONE, actor="lea", now=at(22, 21))
    assert office.at(at(22, 21, 30)) == []
    assert office.at(at(23, 8, 30)) == []


def test_limits_of_the_tool_library_are_told(town: Town) -> None:
    library = open_library(town)
    office = Office(town, kinds=[Kind.LOAN_LIMIT])
    assert office.at(at(16)) == []
    library.taken(0, due_on=date(2026, 7, 20))
    with town.writing() as session:
        catalogue.add_consumable(
            session, scheme_id=library.scheme_id, name="Paint", unit="l", low_at=2, actor="lea", now=NOON
        )
    assert office.at(at(17)) == ["A limit of the tool library is passed: Montreuil"] * 2
    assert office.at(at(18)) == []


def test_missed_contacts_and_then_a_review_are_told_until_someone_decides(town: Town) -> None:
    nadia = town.person("Nadia Benali")
    town.assign(nadia)
    office = Office(town)
    assert office.at(NOON + 7 * DAY) == []
    assert office.at(NOON + 8 * DAY) == ["Someone is to be seen: Montreuil"]
    assert office.at(NOON + 29 * DAY) == ["A review is due: Montreuil"]
    with town.writing() as session:
        reviews.decide(session, nadia.id, ReviewDecision.GO_ON, actor="test", now=NOON + 29 * DAY)
        contacts.log_contact(session, nadia.id, kind=ContactKind.MET, actor="test", now=NOON + 29 * DAY)
    assert office.at(NOON + 30 * DAY) == []
    assert not any("Nadia" in text or nadia.id in text for letter in office.letters for text in letter)


def test_a_move_is_told_when_its_date_is_near_and_ends_when_the_block_is_kept(town: Town) -> None:
    town.assign(town.person())
    office = Office(town, kinds=[Kind.MOVE_DUE])
    with town.writing() as session:
        wind_down(session, town.bank, closes_on=TODAY + timedelta(days=30), actor="test", now=NOON)
    assert office.at(NOON + DAY) == []
    assert office.at(NOON + 20 * DAY) == [f"Someone has to change lockers: {PLACE}"]
    assert office.letters[-1][1].startswith("To be done by ")
    assert office.at(NOON + 21 * DAY) == []
    with town.writing() as session:
        keep(session, town.bank, actor="test", now=NOON + 21 * DAY)
        wind_down(session, town.bank, actor="test", now=NOON + 21 * DAY)
    assert office.at(NOON + 22 * DAY) == []


def put_away(town: Town) -> Custody:
    """Things that someone left in locker 1."""
    contract = town.assign(town.person())
    with town.writing() as session:
        contracts.end(session, contract.id, reason="agreed", collect_days=0, actor="test", now=NOON)
        custody = custodies.begin(session, contract.id, actor="test", now=NOON + 1)
        custodies.add_thing(session, custody.id, kind=Thing.CLOTHING, actor="test", now=NOON + 1)
        custodies.witness(session, custody.id, witness=Witness.HOLDER, actor="test", now=NOON + 1)
        return custodies.store(session, custody.id, place="Shelf", actor="test", now=NOON + 1)


@pytest.mark.parametrize("last", [date(2099, 12, 31), date.max])
def test_what_is_kept_for_good_silences_nothing_else(town: Town, last: date) -> None:
    custody = put_away(town)
    with town.writing() as session:
        custodies.keep_longer(session, custody.id, keep_until=last, actor="test", now=NOON + 2)
    office = Office(town, kinds=[Kind.LOCKER_NOT_READY, Kind.KEEPING_ENDS])
    town.assign(town.person("Next"), number=2, ends_on=TODAY)
    town.assign(town.person("After"), number=2, starts_on=TODAY + timedelta(days=16), now=NOON + 1)
    begins = day_start(ZONE, TODAY + timedelta(days=16))
    assert office.at(begins) == ["A contract starts and its locker is not ready: Montreuil, Montreuil 1, Locker 2"]


def test_a_keeping_time_is_told_before_it_ends_and_not_where_it_does_not_count(town: Town) -> None:
    until = put_away(town).keep_until
    assert until is not None
    office = Office(town, kinds=[Kind.KEEPING_ENDS])
    ends = day_start(ZONE, day_after(until))
    assert office.at(ends - 4 * DAY) == []
    assert office.at(ends - 2 * DAY) == ["A time of safekeeping ends: Montreuil"]
    assert office.at(ends) == []


def test_a_contract_that_starts_in_a_locker_that_is_not_ready_is_told_the_day_before(town: Town) -> None:
    last = TODAY + timedelta(days=10)
    town.assign(town.person("First"), ends_on=last)
    first_day = last + timedelta(days=15)
    town.assign(town.person("Second"), starts_on=first_day, ends_on=date(2026, 12, 31))
    office = Office(town, kinds=[Kind.LOCKER_NOT_READY])
    begins = day_start(ZONE, first_day)
    assert office.at(begins - 2 * DAY) == []
    assert office.at(begins - DAY // 2) == [f"A contract starts and its locker is not ready: {PLACE}"]
    assert office.at(begins + DAY) == []


def test_the_desk_looks_at_everything_first_and_then_at_a_few_parts_in_each_round(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[str] = []

    def look(_session: object, scope: str, _now: int) -> tuple[()]:
        looked.append(scope)
        return ()

    places = sorted(f"place {number}" for number in range(1_000))
    monkeypatch.setattr("gateway.alerts.desk._parts", lambda _session: [Part(look, place) for place in places])
    desk = Desk()
    with town.reading() as session:
        desk.standing(session, NOON)
        assert looked == places
        desk.standing(session, NOON + EVERY_MS - 1)
        assert looked == places
        rounds = range(NOON + EVERY_MS, NOON + 2 * EVERY_MS, 5_000)
        most = 0
        for now in rounds:
            before = len(looked)
            desk.standing(session, now)
            most = max(most, len(looked) - before)
    assert sorted(looked[1_000:]) == places
    assert most < 10


def test_what_a_part_found_stands_until_it_is_looked_at_again(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    there = {"here": True}

    def look(_session: object, scope: str, now: int) -> list[Occasion]:
        return [Occasion(scope, Kind.MOVE_DUE, scope, None, None, now)] if there[scope] else []

    monkeypatch.setattr("gateway.alerts.desk._parts", lambda _session: [Part(look, place) for place in there])
    desk = Desk()
    with town.reading() as session:
        assert len(desk.standing(session, NOON)) == 1
        there["here"] = False
        assert len(desk.standing(session, NOON + 5_000)) == 1
        assert desk.standing(session, NOON + EVERY_MS) == []
        there.clear()
        assert desk.standing(session, NOON + EVERY_MS) == []


def test_a_part_of_the_desk_that_fails_silences_no_other_and_is_asked_again_with_them(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def look(_session: object, scope: str, now: int) -> list[Occasion]:
        asked.append(scope)
        return [Occasion(scope, Kind.MOVE_DUE, {"here": town.site_id}[scope], None, None, now)]

    monkeypatch.setattr("gateway.alerts.desk._parts", lambda _session: [Part(look, at) for at in ("nowhere", "here")])
    office = Office(town)
    assert office.at(NOON) == ["Someone has to change lockers: Montreuil"]
    assert office.desk.failing_since == NOON
    assert office.at(NOON + EVERY_MS - 1) == []
    assert asked == ["nowhere", "here"]
    office.at(NOON + 2 * EVERY_MS)
    assert sorted(asked) == ["here", "here", "nowhere", "nowhere"]
