"""Joining and signing on the page: what the scheme asks is said there, and why in spite of an exclusion."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

import pytest

from gateway.contracts import service as contracts
from gateway.contracts.decisions import last_transition
from gateway.contracts.models import Contract
from gateway.incidents import exclusions
from gateway.incidents.codes import IncidentKind
from gateway.people.models import Person
from gateway.schemes.codes import Service
from gateway.schemes.service import add_scheme
from tests.unit.gateway.contracts.test_entry import MET, assign, decide
from tests.unit.gateway.luggage import conftest as desk
from tests.unit.gateway.town import NOON, TODAY, Town

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
office = desk.office
Opened = Callable[[int], desk.Office]
CODES = ("lives_here", "under_way", "referred")
EVERY = dict.fromkeys(CODES, MET)


@pytest.fixture
def luggage(town: Town) -> str:
    """A scheme with the three conditions of a luggage room."""
    with town.writing() as session:
        return add_scheme(
            session, organisation_id=town.organisation_id, service=Service.LUGGAGE, name="Bags", actor="t", now=NOON
        ).id


def said(key: str, codes: tuple[str, ...] = CODES) -> Mapping[str, Any]:
    return {f"condition-{key}-{code}": "met" for code in codes}


def exclude(town: Town, person: Person, by: str) -> None:
    with town.writing() as session:
        exclusions.exclude(
            session, person_id=person.id, site_id=town.site_id, from_on=TODAY, until_on=TODAY + timedelta(days=7),
            reason=IncidentKind.THREATS, actor=by, now=NOON,
        )  # fmt: skip


def found(town: Town, contract: Contract) -> tuple[int, str | None, bool]:
    """How many people are on it, the reason of its last decision, whether it is signed."""
    with town.reading() as session:
        now = contracts.contract_of(session, contract.id)
        last = last_transition(session, contract.id)
        return len(now.parties), last.reason if last else None, now.signed_at is not None


def test_a_partner_joins_with_what_the_scheme_asks_said_on_the_page(town: Town, office: Opened, luggage: str) -> None:
    nadia, paul = town.person("Nadia"), town.person("Paul")
    decide(town, nadia, luggage, EVERY)
    contract = assign(town, nadia, scheme_id=luggage)
    worker, url = office(NOON).as_role("worker"), f"/contracts/{contract.id}"
    exclude(town, paul, worker.staff_id)
    assert "Lives in the town" in worker.page(f"{url}/people")
    refused = worker.post(f"{url}/join", 422, person=paul.id)
    assert "The scheme asks for more" in refused
    refused = worker.post(f"{url}/join", 422, person=paul.id, **said(luggage))
    assert "excluded from this place" in refused
    assert "Why a contract all the same" in refused
    worker.post(f"{url}/join", person=paul.id, despite_exclusion="accompanied", **said(luggage))
    assert found(town, contract) == (2, "accompanied", True)


def test_a_draft_is_signed_with_what_is_open_said_of_each_on_the_page(town: Town, office: Opened, luggage: str) -> None:
    nadia, paul = town.person("Nadia"), town.person("Paul")
    decide(town, nadia, luggage, {"lives_here": MET, "under_way": MET})
    draft = assign(town, nadia, scheme_id=luggage, draft=True)
    worker, url = office(NOON).as_role("worker"), f"/contracts/{draft.id}"
    assert "Lives in the town" not in worker.page(f"{url}/people"), "a draft's people are asked when it is signed"
    worker.post(f"{url}/join", person=paul.id)
    shown = worker.page(f"{url}/sign")
    assert f'name="condition-{nadia.id}-lives_here"' not in shown, "it was decided"
    assert f'name="condition-{nadia.id}-referred"' in shown
    assert f'name="condition-{paul.id}-lives_here"' in shown
    exclude(town, paul, worker.staff_id)
    assert "Why a contract all the same" in worker.page(f"{url}/sign")
    answers = {**said(nadia.id, ("referred",)), **said(paul.id)}
    worker.post(f"{url}/sign", 422, despite_exclusion="agreed", **said(paul.id))
    worker.post(f"{url}/sign", 422, **answers)
    worker.post(f"{url}/sign", despite_exclusion="agreed", **answers)
    assert found(town, draft) == (2, "agreed", True)
