"""What a page says of a decision taken over the API: in force once the controller follows a list that holds it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy.orm import Session

from gateway.access import lists, service
from gateway.access.models import Controller, IssuedList
from gateway.lockers import keys
from tests.unit.gateway.luggage import conftest as desk
from tests.unit.gateway.town import NOON, Town

office = desk.office
Opened = Callable[[int], desk.Office]


def follow(town: Town, session: Session, now: int) -> None:
    """A list is issued, and the controller takes it."""
    issued = lists.issue(session, town.bank, lambda payload: payload, now=now)
    service.follows(session, town.bank, issued.version, issued.hash, now=now)


@pytest.mark.parametrize("decision", ["badges/{badge}/revoke", "contracts/{contract}/suspend"])
def test_a_list_issued_while_the_decision_waited_for_its_turn_does_not_hold_it(
    town: Town, office: Opened, monkeypatch: pytest.MonkeyPatch, decision: str
) -> None:
    nadia = town.person()
    badge = town.badge(nadia)
    contract = town.assign(nadia, badge=badge)
    with town.writing() as session:
        session.get_one(Controller, town.bank).online = True
    gateway = office(NOON + 60_000)
    worker = gateway.as_role("worker")
    monkeypatch.setattr(gateway.app.state.presence, "heard", lambda _bank: True)
    database = gateway.app.state.database
    writing = database.writing

    @contextmanager
    def after_another() -> Iterator[Session]:
        monkeypatch.setattr(database, "writing", writing)
        with writing() as session:
            follow(town, session, NOON + 65_000)
        gateway.at["now"] = NOON + 70_000
        with writing() as session:
            yield session

    monkeypatch.setattr(database, "writing", after_another)
    body = {"reason": "lost"} if "badges" in decision else {"reason": "safety", "review_on": "2026-07-01"}
    path = decision.format(badge=badge.id, contract=contract.id)
    worker.api("POST", f"/{path}", 200, **body)
    assert "NOT yet in force" in worker.page(f"/people/{nadia.id}")
    gateway.at["now"] = NOON + 80_000
    with town.writing() as session:
        follow(town, session, NOON + 80_000)
    assert "In force on the controller since" in worker.page(f"/people/{nadia.id}")


def joined(town: Town, now: int) -> None:
    with town.writing() as session:
        session.get_one(Controller, town.bank).online = True
        follow(town, session, now)


@pytest.mark.parametrize("lock", ["badge", "key"])
def test_a_hand_over_that_changes_nothing_of_the_list_is_in_force_at_once(
    town: Town, office: Opened, monkeypatch: pytest.MonkeyPatch, lock: str
) -> None:
    """No badge yet, or a mechanical key: the list is looked at again, and not issued again."""
    town.assign(town.person("Omar"), badge=town.badge())
    if lock == "key":
        with town.writing() as session:
            keys.fit_key_lock(session, town.bank, 2, actor="test", now=NOON)
    joined(town, NOON + 1_000)
    gateway = office(NOON + 70_000)
    worker = gateway.as_role("worker")
    monkeypatch.setattr(gateway.app.state.presence, "heard", lambda _bank: True)
    bea = town.person("Bea")
    town.assign(bea, 2, now=NOON + 60_000)
    assert "In force on the controller since" in worker.page(f"/people/{bea.id}")


@pytest.mark.parametrize("follows", ["an older list", "another gateway's list"])
def test_a_hand_over_that_changes_nothing_waits_for_a_bank_that_follows_something_else(
    town: Town, office: Opened, monkeypatch: pytest.MonkeyPatch, follows: str
) -> None:
    joined(town, NOON + 1_000)
    town.assign(town.person("Omar"), badge=town.badge())
    with town.writing() as session:
        bank = session.get_one(Controller, town.bank)
        newest = lists.issue(session, town.bank, lambda payload: payload, now=NOON + 2_000)
        if follows == "another gateway's list":
            bank.list_in_force, bank.held_since = newest.version + 5, NOON + 3_000
    gateway = office(NOON + 70_000)
    worker = gateway.as_role("worker")
    monkeypatch.setattr(gateway.app.state.presence, "heard", lambda _bank: True)
    bea = town.person("Bea")
    town.assign(bea, 2, now=NOON + 60_000)
    assert "In force on the controller since" not in worker.page(f"/people/{bea.id}")


def test_a_badge_is_not_in_force_before_a_list_with_it_was_issued(
    town: Town, office: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The bank follows the newest list, and the one that would be issued now is another."""
    joined(town, NOON + 1_000)
    gateway = office(NOON + 70_000)
    worker = gateway.as_role("worker")
    monkeypatch.setattr(gateway.app.state.presence, "heard", lambda _bank: True)
    bea = town.person("Bea")
    town.assign(bea, 2, badge=town.badge(bea), now=NOON + 60_000)
    assert "NOT yet in force" in worker.page(f"/people/{bea.id}")


def test_a_lease_renewed_while_the_bank_is_away_unsays_nothing(
    town: Town, office: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The renewed list says what the one before said, which the bank follows."""
    joined(town, NOON + 1_000)
    bea = town.person("Bea")
    town.assign(bea, 2, now=NOON + 60_000)
    gateway = office(NOON + 70_000)
    worker = gateway.as_role("worker")
    monkeypatch.setattr(gateway.app.state.presence, "heard", lambda _bank: False)
    assert "In force on the controller since" in worker.page(f"/people/{bea.id}")
    with town.writing() as session:
        held = lists.issue(session, town.bank, lambda payload: payload, now=NOON + 70_000)
        monkeypatch.setattr(lists, "is_young", lambda _issued, _now: False)
        assert lists.issue(session, town.bank, lambda payload: payload, now=NOON + 80_000).version > held.version
    assert "In force on the controller since" in worker.page(f"/people/{bea.id}")


def test_two_lists_of_another_gateway_are_not_taken_for_the_same(
    town: Town, office: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is known of what they say."""
    bea = town.person("Bea")
    town.assign(bea, 2, now=NOON + 60_000)
    with town.writing() as session:
        bank = session.get_one(Controller, town.bank)
        bank.online, bank.list_in_force, bank.list_in_force_since = True, NOON + 50_000, NOON + 50_000
        for at in (NOON + 50_000, NOON + 65_000):
            session.add(
                IssuedList(
                    bank_id=town.bank, version=at, hash="0" * 64, issued_at=at, lease_until=at, content="reported",
                    envelope=None,
                )
            )  # fmt: skip
    gateway = office(NOON + 70_000)
    worker = gateway.as_role("worker")
    monkeypatch.setattr(gateway.app.state.presence, "heard", lambda _bank: True)
    assert "NOT yet in force" in worker.page(f"/people/{bea.id}")


def test_a_suspension_that_is_planned_is_told_with_its_first_day(
    town: Town, office: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    nadia = town.person()
    contract = town.assign(nadia, badge=town.badge(nadia))
    joined(town, NOON + 1_000)
    gateway = office(NOON + 70_000)
    worker = gateway.as_role("worker")
    monkeypatch.setattr(gateway.app.state.presence, "heard", lambda _bank: True)
    body = {"reason": "works", "from_on": "2026-06-20", "review_on": "2026-07-10"}
    worker.api("POST", f"/contracts/{contract.id}/suspend", 200, **body)
    assert "Contract suspended from 20 June 2026 ·" in worker.page(f"/people/{nadia.id}")
    gateway.at["now"] = NOON + 80_000
    with town.writing() as session:
        follow(town, session, NOON + 80_000)
    told = "Contract suspended from 20 June 2026 · Montreuil 1, 1</strong><br>The controller has known it since"
    assert told in worker.page(f"/people/{nadia.id}")
