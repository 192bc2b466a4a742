"""The desk over HTTP: a lost badge in one request, a trusted person's badge, notes that volunteers do not read."""

from datetime import timedelta

from sqlalchemy import select

from gateway.access import lists
from gateway.badges import service
from gateway.badges.models import Badge
from gateway.contracts import trusted
from gateway.contracts.service import end
from tests.unit.gateway.badges.conftest import As
from tests.unit.gateway.town import NOON, TODAY, Town

RECOGNISED = {"how": "known_to_staff", "note": "Il vient chaque matin"}


def alive(town: Town) -> set[str]:
    with town.reading() as session:
        return {grant.digest for grant in lists.build(session, town.bank, version=1, now=NOON).grants}


def test_a_volunteer_replaces_a_lost_badge_from_a_phone_and_does_not_read_the_notes(town: Town, client_as: As) -> None:
    person = town.person()
    old, stocked = town.badge(person), town.badge()
    town.assign(person)
    volunteer = client_as("volunteer")
    refused = volunteer.post(f"/api/v1/badges/{old.id}/replace", json={"printed": "M-999", "recognised": RECOGNISED})
    assert refused.status_code == 404
    assert alive(town) == set(), "the lost badge is dead although the new one was mistyped"
    done = volunteer.post(f"/api/v1/badges/{old.id}/replace", json={"printed": "m-002", "recognised": RECOGNISED})
    assert done.status_code == 200, done.text
    assert (done.json()["old"]["revoked_why"], done.json()["new"]["id"]) == ("lost", stocked.id)
    assert alive(town) == {stocked.digest}
    note = f"/api/v1/badges/{stocked.id}/recognition"
    assert volunteer.get(note).status_code == 403
    assert client_as("worker").get(note).json()["note"] == RECOGNISED["note"]
    assert volunteer.get("/api/v1/badges/counts").json() == {"stock": 0, "in_use": 1, "dead": {"lost": 1}}


def test_a_volunteer_does_not_read_why_a_contract_ended_nor_whether_its_holder_died(town: Town, client_as: As) -> None:
    contract = town.assign(town.person("Nadia"))
    with town.writing() as session:
        end(session, contract.id, reason="prison", actor="lea", now=NOON)
    addresses = (f"/api/v1/contracts/{contract.id}", "/api/v1/contracts", f"/api/v1/sheets/{contract.id}")

    def read(role: str) -> list[tuple[bool | None, list[str] | None]]:
        client = client_as(role)
        one, page, sheet = (client.get(address).json() for address in addresses)
        return [(out["frozen"], out["end_reasons"]) for out in (one, page["items"][0], sheet["contract"])]

    assert read("volunteer") == [(None, None)] * 3
    assert read("worker") == [(False, ["prison"])] * 3


def test_a_stock_badge_goes_to_a_trusted_person_and_opens_on_their_days_only(town: Town, client_as: As) -> None:
    person = town.person()
    contract, stocked = town.assign(person), town.badge()
    with town.writing() as session:
        one = trusted.trust(
            session, contract.id, name="Rosa", from_on=TODAY, until_on=TODAY + timedelta(days=2), actor="lea", now=NOON
        )
    worker = client_as("worker")
    odd = worker.post("/api/v1/badges/assign", json={"printed": "M-001", "trusted_id": "nobody"})
    assert odd.status_code == 404
    body = {"printed": "M-001", "trusted_id": one.id, "recognised": {"how": "answers"}}
    assert worker.post("/api/v1/badges/assign", json=body).status_code == 200
    assert worker.post("/api/v1/badges/assign", json=body | {"recognised": None}).status_code == 200
    with town.reading() as session:
        listed = [one for one in lists.build(session, town.bank, version=1, now=NOON).grants if one.kind == "holder"]
        assert not service.list_badges(session, stock=True).items
        assert session.scalar(select(Badge.trusted_id).where(Badge.id == stocked.id)) == one.id
    assert [(grant.digest, grant.not_after) for grant in listed] == [(stocked.digest, one.until_at)]


def test_anyone_here_reports_a_case_and_only_workers_read_them(town: Town, client_as: As) -> None:
    volunteer, worker, technician = (client_as(role) for role in ("volunteer", "worker", "technician"))
    told = {"site_id": town.site_id, "kind": "damage", "note": "La porte 3 est pliée"}
    made = volunteer.post("/api/v1/incidents", json=told)
    assert (made.status_code, set(made.json())) == (201, {"id"})
    assert volunteer.get("/api/v1/incidents").status_code == 403
    assert [one["note"] for one in worker.get("/api/v1/incidents").json()["items"]] == [told["note"]]
    used = {"bank": town.bank, "number": 3, "from_at": NOON - 60_000, "until_at": NOON, "reason": "lock_broken"}
    assert technician.post("/api/v1/override-uses", json=used).status_code == 201
    assert len(worker.get(f"/api/v1/override-uses?bank={town.bank}").json()["items"]) == 1
    assert worker.get("/api/v1/police-requests").status_code == 403
    assert technician.get("/api/v1/hazards").status_code == 403
