"""What a page says of a decision taken over the API: in force once the controller follows a list that holds it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy.orm import Session

from gateway.access import lists, service
from gateway.access.models import Controller
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
