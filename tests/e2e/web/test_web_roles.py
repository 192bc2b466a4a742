"""What volunteers and technicians see and may do on the pages, and what staff see while the database is away."""

import pytest
from sqlalchemy.exc import OperationalError

from gateway.days import unix_ms
from gateway.staff.service import add_staff
from tests.e2e.web.conftest import PASSWORD


@pytest.fixture
def as_role(site, visitor):
    def sign_in(role: str):
        email = f"{role}@example.org"
        with site.app.state.database.writing() as db:
            add_staff(db, email=email, name=role.title(), password=PASSWORD, role=role, actor="t", now=unix_ms())
        visitor.get("/")
        visitor.send("/sign-out")
        visitor.get("/sign-in")
        visitor.send("/sign-in", email=email, password=PASSWORD)
        return visitor

    return sign_in


def test_a_technician_sees_doors_and_blocks_but_no_name(site, as_role):
    technician = as_role("technician")
    for path in ("/", "/blocks", "/lockers/montreuil-1/2", "/lockers/montreuil-1/2/open", "/blocks/montreuil-1"):
        page = technician.get(path)
        assert page.status_code == 200
        assert not [name for name in site.people if name in page.text]
        assert 'href="/people' not in page.text
    assert "Someone has this locker" in technician.get("/lockers/montreuil-1/2").text
    refused = technician.get(f"/people/{next(iter(site.people.values()))}")
    assert refused.status_code == 403
    assert "Your account does not include this" in refused.text


def test_a_volunteer_opens_and_replaces_badges_but_decides_nothing_about_contracts(site, as_role):
    volunteer = as_role("volunteer")
    name, contract = next(iter(site.contracts.items()))
    page = volunteer.get(f"/people/{site.people[name]}").text
    assert f"/badges/{site.badges[name]}/revoke" in page
    assert f"/contracts/{contract}/" not in page
    assert "/handover" not in page
    assert volunteer.get(f"/contracts/{contract}/end").status_code == 403
    volunteer.get(f"/badges/{site.badges[name]}/revoke")
    stolen = volunteer.hidden(f"/badges/{site.badges[name]}/revoke")
    answer = volunteer.client.post(f"/contracts/{contract}/end", data=stolen | {"reason": "other"})
    assert answer.status_code == 403
    with site.app.state.database.reading() as db:
        from gateway.contracts.service import contract_of

        assert contract_of(db, contract).ended_at is None


def test_while_the_database_is_away_pages_say_so_in_the_readers_language(site, visitor, monkeypatch):
    visitor.get("/")

    def away(*_args, **_more):
        raise OperationalError("SELECT 1", {}, Exception("connection refused"))

    monkeypatch.setattr(site.app.state.database, "reading", away)
    monkeypatch.setattr(site.app.state.database, "writing", away)
    for language, words in (("en", "The data cannot be reached right now"), ("fr", "Les données sont inaccessibles")):
        answer = visitor.client.get("/", headers={"Accept-Language": language})
        assert answer.status_code == 503
        assert words in answer.text
        assert "<h1>" in answer.text
        assert answer.headers["content-security-policy"]
