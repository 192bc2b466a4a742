"""Two charities at one bank: no address of the API gives the one what is of the other's people, however it asks."""

import re
from dataclasses import dataclass
from datetime import date
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway.access.commands import Beat, Orders
from gateway.badges import enrolling
from gateway.care import contacts, progress
from gateway.care.codes import ContactKind, Topic, WishKind
from gateway.contracts import notices
from gateway.contracts import service as contracts
from gateway.contracts.models import Notice
from gateway.custody import service as custody
from gateway.custody.codes import Thing, Witness
from gateway.custody.left import to_be_emptied
from gateway.custody.models import Custody
from gateway.custody.used import note_badges
from gateway.incidents import codes, exclusions, hazards, police
from gateway.incidents import service as incidents
from gateway.incidents.service import Concerned
from gateway.lockers import keys, winding_down
from gateway.lockers.models import KeyHandover
from gateway.lockers.roles import Role, give_role, take_role
from gateway.lockers.service import locker_of
from gateway.luggage import service as luggage
from gateway.people import names
from gateway.staff import service as accounts
from tests.unit.gateway.loans.library import open_library
from tests.unit.gateway.test_two_organisations import Neighbours, neighbours
from tests.unit.gateway.town import DAY, NOON, TODAY
from wire.messages import Session as WireSession

__all__ = ["neighbours"]

LATER = date(2026, 6, 30)
LANGUAGE = {"Accept-Language": "en"}


@dataclass
class Shared:
    """`theirs`: what is of the first organisation's people, as addresses call it; the client asks for the second."""

    neighbours: Neighbours
    role: Role
    theirs: dict[str, str]
    spec: dict[str, Any]

    def ask(self, method: str, path: str, body: Any = None) -> tuple[int, str]:
        answer = self.neighbours.client.request(method, f"/api/v1{path.removeprefix('/api/v1')}", json=body)
        return answer.status_code, answer.text

    def operations(self) -> list[tuple[str, str, dict[str, Any]]]:
        """Every method, address and what the description says of it."""
        found = self.spec["paths"].items()
        return [(method.upper(), path, told) for path, methods in found for method, told in methods.items()]

    def path(self, template: str) -> str:
        """The address, with what is the first organisation's in it."""
        named = {"bank": self.neighbours.town.bank, "number": "1", **self.theirs}
        return re.sub(r"{(\w+)}", lambda name: named.get(name.group(1), "none"), template)

    def body(self, told: dict[str, Any]) -> Any:
        """The least that the operation takes."""
        content = told.get("requestBody", {}).get("content", {}).get("application/json")
        return self._least(content["schema"]) if content else None

    def _least(self, schema: dict[str, Any]) -> Any:
        if "$ref" in schema:
            return self._least(self.spec["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]])
        if "anyOf" in schema:
            return self._least(schema["anyOf"][0])
        if "enum" in schema:
            return schema["enum"][0]
        least = {
            "object": lambda: {name: self._least(schema["properties"][name]) for name in schema.get("required", ())},
            "array": lambda: [self._least(schema["items"])] * schema.get("minItems", 0),
            "string": lambda: LATER.isoformat() if schema.get("format") == "date" else "x" * schema.get("minLength", 1),
            "integer": lambda: int(schema.get("minimum", 1)),
            "boolean": lambda: True,
        }
        return least[schema["type"]]()


@pytest.fixture(params=[Role.SUPPORT, Role.OPERATOR])
def shared(neighbours: Neighbours, request: pytest.FixtureRequest) -> Shared:
    """The second organisation supports or operates the first one's bank; an account of it with every right asks."""
    town = neighbours.town
    badge = town.badge(neighbours.nadia)
    left = town.assign(town.person("Moussa"), 2, badge=town.badge())
    with town.writing() as session:
        give_role(session, town.bank, neighbours.own.organisation_id, request.param, actor="test", now=NOON)
        lea = accounts.add_staff(
            session, email="lea@example.org", name="Lea", password="un mot de passe long", role="worker",
            organisation_id=town.organisation_id, actor="test", now=NOON,
        )  # fmt: skip
        keys.fit_key_lock(session, town.bank, 3, actor="test", now=NOON)
        contracts.end(session, left.id, reason="agreed", collect_days=0, actor="test", now=NOON)
    by_key = town.assign(town.person("Ines"), 3)
    theirs = {"loan_id": open_library(town).plan(0).id, "badge_id": badge.id, "trusted_id": neighbours.karim.id}
    theirs |= {"person_id": neighbours.nadia.id, "contract_id": neighbours.contract.id, "staff_id": lea.id}
    theirs |= {"their_person": by_key.person_id, "their_contract": by_key.id, "left": left.id}
    with town.writing() as session:
        theirs |= _files(session, neighbours, lea.id) | _cases(session, neighbours, lea.id)
        key = keys.add_key(session, town.bank, 3, key_number="A 1", actor=lea.id, now=NOON)
        keys.hand_over(session, key.id, contract_id=by_key.id, actor=lea.id, now=NOON)
        bag = custody.begin(session, left.id, actor=lea.id, now=NOON + 1)
        thing = custody.add_thing(session, bag.id, kind=Thing.BAG, actor=lea.id, now=NOON + 1)
        theirs |= {"key_id": key.id, "custody_id": bag.id, "thing_id": thing.id}
        winding_down.wind_down(session, town.bank, actor=lea.id, now=NOON)
        staff = accounts.add_staff(
            session, email="all@example.org", name="All", password="un mot de passe long", role="operator",
            organisation_id=neighbours.own.organisation_id, actor="test", now=NOON,
        )  # fmt: skip
        token = accounts.add_token(session, staff.id, "test", actor="test", now=NOON)
    neighbours.client.headers.update({"Authorization": f"Bearer {token}", **LANGUAGE})
    neighbours.app.state.now = lambda: NOON + 60_000
    return Shared(neighbours, request.param, theirs, neighbours.app.openapi())


def _files(session: Session, neighbours: Neighbours, lea: str) -> dict[str, str]:
    person, contract = neighbours.nadia.id, neighbours.contract.id
    notice = notices.leave(session, contract, why="message", text="come by", actor=lea, now=NOON)
    contact = contacts.log_contact(session, person, kind=ContactKind.MET, actor=lea, now=NOON)
    step = progress.agree_step(session, person, topic=Topic.RESIDENCE, actor=lea, now=NOON)
    wish = progress.note_wish(session, person, kind=WishKind.WISH, topic=Topic.RESIDENCE, actor=lea, now=NOON)
    name = names.add_name(session, person, kind="other", name="Nad", actor=lea, now=NOON)
    thing = luggage.take_in(session, contract, kind=Thing.BAG, actor=lea, now=NOON)
    made = {"notice": notice, "contact": contact, "step": step, "wish": wish, "name": name, "luggage": thing}
    return {f"{called}_id": str(one.id) for called, one in made.items()}


def _cases(session: Session, neighbours: Neighbours, lea: str) -> dict[str, str]:
    town, person = neighbours.town, neighbours.nadia.id
    hazard = hazards.report(session, bank_id=town.bank, number=1, kind=codes.HazardKind.WET, actor=lea, now=NOON)
    incident = incidents.report(
        session, site_id=town.site_id, kind=codes.IncidentKind.ABUSE, people={person: Concerned(codes.Part.DID)},
        actor=lea, now=NOON,
    )  # fmt: skip
    excluded = exclusions.exclude(
        session, person_id=person, site_id=town.site_id, from_on=TODAY, until_on=LATER,
        reason=codes.IncidentKind.ABUSE, actor=lea, now=NOON,
    )  # fmt: skip
    appeal = exclusions.appeal(session, excluded.id, made_by=codes.AppealBy.PERSON, actor=lea, now=NOON)
    request = police.log_request(
        session, site_id=town.site_id, authority=codes.Authority.POLICE, legal_basis=codes.LegalBasis.COURT_ORDER,
        reference="1", received_on=TODAY, people=[person], scope=[codes.Asked.IDENTITY], from_at=NOON - DAY,
        until_at=NOON, actor=lea, now=NOON,
    )  # fmt: skip
    made = {"hazard": hazard, "incident": incident, "exclusion": excluded, "appeal": appeal, "request": request}
    return {f"{called}_id": str(one.id) for called, one in made.items()}


def test_no_answer_names_the_other_s_people_or_what_is_theirs(shared: Shared) -> None:
    """What is of the bank is seen where both are: the key, and that something happened there."""
    seen = {"incident_id", "key_id", "hazard_id", "staff_id"}
    secret = {called: value for called, value in shared.theirs.items() if called not in seen}
    asked, told = 0, []
    queries = {"bank": shared.neighbours.town.bank, "site": shared.neighbours.town.site_id, "day": TODAY.isoformat()}
    for method, path, operation in shared.operations():
        if method == "GET":
            wanted = [one["name"] for one in operation.get("parameters", ()) if one["in"] == "query"]
            query = "&".join(f"{name}={value}" for name, value in queries.items() if name in wanted)
            status, text = shared.ask("GET", f"{shared.path(path)}?{query}")
            asked += status == 200
            told += [(path, called) for called, value in secret.items() if value in text]
    assert asked > 20
    assert told == []


def test_whatever_an_address_names_of_the_other_s_is_not_there(shared: Shared) -> None:
    """An incident at a shared place is both's; whoever runs a bank sees to its keys and to what cannot wait there."""
    shown = {"incident_id"} | ({"key_id", "hazard_id"} if shared.role is Role.OPERATOR else set())
    asked, found = set(), []
    for method, path, operation in shared.operations():
        named = set(re.findall(r"{(\w+)}", path)) & shared.theirs.keys()
        if named and not named & shown:
            status, text = shared.ask(method, shared.path(path), shared.body(operation))
            asked |= named
            found += [(method, path, status, text[:200])] if status not in (403, 404) else []
    assert found == []
    assert shared.theirs.keys() - asked - shown <= {"their_person", "their_contract", "left"}


def test_no_message_is_left_for_the_other_s_holder(shared: Shared) -> None:
    """Whoever runs the bank looks into the locker, and the holder's organisation tells them."""
    hazard = shared.theirs["hazard_id"]
    found = {"witness_kind": "photographs", "found": "wet", "action": "dried_or_cleaned"}
    runs = shared.role is Role.OPERATOR
    assert shared.ask("POST", f"/hazards/{hazard}/inspect", found)[0] == (200 if runs else 404)
    assert shared.ask("POST", f"/hazards/{hazard}/notice", {"text": "it was wet"})[0] == (403 if runs else 404)
    with shared.neighbours.town.reading() as session:
        assert session.scalars(select(Notice.text)).all() == ["come by"]


def test_anyone_at_the_place_may_say_that_something_cannot_wait(shared: Shared) -> None:
    told = {"bank": shared.neighbours.town.bank, "number": 3, "kind": "wet"}
    status, text = shared.ask("POST", "/hazards", told)
    assert (status, shared.theirs["their_contract"] in text) == (201, False)


def test_a_key_that_the_other_s_holder_has_is_taken_back_by_whoever_runs_the_bank(shared: Shared) -> None:
    runs = shared.role is Role.OPERATOR
    for step in ("lost", "take-back", "retire"):
        status, text = shared.ask("POST", f"/keys/{shared.theirs['key_id']}/{step}")
        assert (status, shared.theirs["their_contract"] in text) == (200 if runs else 404, False), step
    with shared.neighbours.town.reading() as session:
        assert (session.scalars(select(KeyHandover.returned_at)).one() is not None) is runs


def test_only_whoever_runs_a_bank_says_that_its_keys_open_nothing(shared: Shared) -> None:
    with shared.neighbours.town.writing() as session:
        keys.take_back(session, shared.theirs["key_id"], actor="test", now=NOON)
    status, _text = shared.ask("POST", f"/keys/{shared.theirs['key_id']}/retire")
    assert status == (200 if shared.role is Role.OPERATOR else 403)


def test_a_badge_that_the_other_asked_a_block_for_is_not_taken(shared: Shared) -> None:
    """Their bank is out of sight once there is no role at it any more."""
    town, beat = shared.neighbours.town, Beat(WireSession(1, "n"), "b")
    with town.writing() as session:
        asked = enrolling.ask(
            session, Orders(lambda _bank: beat, lambda order: order), town.bank, actor="test", now=NOON
        )
        take_role(session, town.bank, shared.neighbours.own.organisation_id, shared.role, actor="test", now=NOON)
    body = {"enrolment": asked.id, "person_id": shared.neighbours.own.id, "site_id": shared.neighbours.own_site}
    assert shared.ask("POST", "/badges/assign", body)[0] == 404


def test_the_pages_lead_nobody_to_what_they_do_not_see(shared: Shared) -> None:
    neighbours, runs = shared.neighbours, shared.role is Role.OPERATOR
    sent = {"csrf": neighbours.csrf, "once": "once-0000000000000001", "kind": "wet", "locker": "3"}
    answer = neighbours.client.post("/hazards", data={**sent, "bank": neighbours.town.bank})
    assert (answer.status_code, answer.headers["location"] == "/hazards?done=incident_reported") == (303, not runs)
    hazard = shared.theirs["hazard_id"]
    with neighbours.town.writing() as session:
        hazards.inspect(
            session, hazard, witness_kind=Witness.PHOTOGRAPHS, found=codes.HazardKind.WET,
            action=codes.HazardAction.LEFT_AS_IT_WAS, actor=shared.theirs["staff_id"], now=NOON + 1_000,
        )  # fmt: skip
    page = neighbours.client.get(f"/hazards/{hazard}")
    assert page.status_code == (200 if runs else 404)
    assert ("The organisation that gave the locker tells the holder." in page.text) is runs
    assert f'action="/hazards/{hazard}/notice"' not in page.text


def test_what_is_nobodys_is_kept_by_whoever_runs_the_bank(shared: Shared) -> None:
    town, runs = shared.neighbours.town, shared.role is Role.OPERATOR
    with town.writing() as session:
        note_badges(session, {locker_of(session, town.bank, 4).id: {"cd" * 16}}, NOON)
        listed = to_be_emptied(session, NOON + 1, organisation_id=shared.neighbours.own.organisation_id)
    assert [(contract, locker.number) for contract, locker in listed] == ([(None, 4)] if runs else [])
    status, _text = shared.ask("POST", f"/lockers/{town.bank}/4/custodies")
    assert status == (201 if runs else 403)
    if not runs:
        with town.writing() as session:
            custody.begin_nobodys(session, town.bank, 4, actor="test", now=NOON + 1)
    with town.reading() as session:
        bag = session.scalars(select(Custody.id).where(Custody.contract_id.is_(None))).one()
    assert shared.ask("GET", f"/custodies/{bag}")[0] == (200 if runs else 404)
    assert (bag in shared.ask("GET", "/custodies")[1]) is runs


def test_the_page_of_a_locker_does_not_lead_to_the_other_s_safekeeping(shared: Shared) -> None:
    page = shared.neighbours.client.get(f"/lockers/{shared.neighbours.town.bank}/2/ready").text
    assert ("What was inside is not put away yet." in page, shared.theirs["custody_id"] in page) == (True, False)
