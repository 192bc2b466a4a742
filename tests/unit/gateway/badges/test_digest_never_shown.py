"""A badge's digest, its number and the hash of its PIN come out nowhere: no page, no answer, no export."""

import re
from collections.abc import Iterator

import httpx
import msgspec
import pytest

from gateway.access.models import CommandRecord, CommandStep
from gateway.app import API_FEATURES
from gateway.badges import pins, service
from gateway.badges.models import Badge
from gateway.events.models import Event
from gateway.events.service import record
from gateway.incidents.codes import Asked
from gateway.web.install import PAGES
from tests.unit.gateway.badges.conftest import As
from tests.unit.gateway.town import DAY, NOON, TODAY, Town

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
NUMBER = "7A11C0FFEE"
ENROLLED = "d1" * 16


@pytest.fixture
def badge(town: Town) -> Badge:
    """A badge with a PIN, used at the door, whose old one was lost and whose next one was just presented."""
    person = town.person()
    town.badge(person)
    badge = town.badge(person, number=f"em4100:{NUMBER}", now=NOON - DAY)
    town.assign(person)
    with town.writing() as session:
        pins.set_pin(session, town.keystore, badge.id, pin="82659174", actor="lea", now=NOON)
        entry = {"locker": 1, "digest": badge.digest, "old": badge.digest, "cause": "badge", "grant": "g"}
        for seq, kind in enumerate(("badge_presented", "access_granted", "release_intended", "enrolled")):
            session.add(
                Event(
                    kind=kind, at=NOON - 1000, received_at=NOON, bank_id=town.bank, locker=1, epoch="e" * 32, seq=seq,
                    line=msgspec.json.encode({"body": entry}), hash=bytes(32),
                )
            )  # fmt: skip
        record(session, "badge_registered", now=NOON, bank_id=town.bank, badge=badge.id)
        session.add(
            CommandRecord(
                id="c" * 36, bank_id=town.bank, kind="enrol", args={}, requested_by="lea", reason="enrolment",
                requested_at=NOON, state="enrolled", digest=ENROLLED, key_id=badge.key_id,
                steps=[CommandStep(number=1, state="enrolled", at=NOON, received_at=NOON)],
            )
        )  # fmt: skip
    with town.reading() as session:
        return service.badge_of(session, badge.id)


def addresses() -> Iterator[str]:
    for prefix, modules in (("/api/v1", API_FEATURES), ("", PAGES)):
        for module in modules:
            for route in module.router.routes:
                if "GET" in route.methods and not route.path.startswith("/live/"):
                    yield prefix + route.path


def filled(path: str, names: dict[str, str]) -> str:
    return re.sub(r"\{(\w+)\}", lambda found: names.get(found[1], "none"), path)


def secrets_of(badge: Badge) -> set[str]:
    assert badge.pin is not None
    return {badge.digest, badge.pin, ENROLLED, NUMBER, badge.digest.upper()}


def shown(client: httpx.Client, path: str, badge: Badge) -> int:
    answer = client.get(path, follow_redirects=False)
    for secret in secrets_of(badge):
        assert secret not in answer.text, path
        assert secret not in str(answer.headers), path
    return answer.status_code


def test_no_page_and_no_answer_shows_it(town: Town, badge: Badge, client_as: As) -> None:
    client = client_as("operator")
    listed = client.get("/api/v1/contracts").json()["items"][0]
    names = {
        "person_id": str(badge.person_id), "badge_id": badge.id, "contract_id": listed["id"], "bank": town.bank,
        "number": "1", "command_id": "c" * 36, "decision": "end", "site_id": town.site_id,
    }  # fmt: skip
    paths = [filled(path, names) for path in addresses()]
    answered = {path for path in paths if shown(client, path, badge) == 200}
    assert {
        "/", "/people", f"/people/{badge.person_id}", f"/badges/{badge.id}/revoke", f"/people/{badge.person_id}/badge",
        f"/people/{badge.person_id}/enrol/{'c' * 36}", f"/lockers/{town.bank}/1", "/api/v1/badges", "/api/v1/events",
        f"/api/v1/badges/{badge.id}", f"/api/v1/commands/{'c' * 36}", f"/api/v1/people/{badge.person_id}/export",
    } <= answered  # fmt: skip


def test_the_description_of_the_api_has_no_such_field(client_as: As) -> None:
    described = client_as("operator").get("/api/v1/openapi.json").json()["components"]["schemas"]
    fields = {name for schema in described.values() for name in schema.get("properties", {})}
    assert {"label", "has_pin"} <= fields
    assert not {"digest", "digests", "pin_hash"} & fields


def test_no_change_answers_with_it_and_no_export_carries_it(town: Town, badge: Badge, client_as: As) -> None:
    client = client_as("operator")
    stocked = town.badge()
    answers = [
        client.post(f"/api/v1/badges/enrol/{'c' * 36}", json={"printed": "M-900"}),
        client.post("/api/v1/badges/assign", json={"printed": stocked.printed, "person_id": badge.person_id}),
        client.post(
            f"/api/v1/badges/{badge.id}/replace",
            json={"printed": "M-900", "recognised": {"how": "known_to_staff"}},
        ),
    ]
    asked = {
        "site_id": town.site_id, "authority": "court", "legal_basis": "court_order", "reference": "1",
        "received_on": TODAY.isoformat(), "people": [badge.person_id], "scope": list(Asked), "from_at": NOON - DAY,
        "until_at": NOON,
    }  # fmt: skip
    request = client.post("/api/v1/police-requests", json=asked).json()["id"]
    answers.append(client.post(f"/api/v1/police-requests/{request}/decide", json={"granted": True}))
    answers.append(client.post(f"/api/v1/police-requests/{request}/export"))
    assert [answer.status_code for answer in answers] == [201, 200, 200, 200, 200], [one.text for one in answers]
    for answer in answers:
        assert not any(secret in answer.text for secret in secrets_of(badge))
    assert badge.label in answers[-1].text
