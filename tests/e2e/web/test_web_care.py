"""Whom to look for and logging a contact, as plain forms and over the API; volunteers write and do not read."""

import pytest

from gateway.care.contacts import latest_contacts
from gateway.care.models import Contact
from gateway.days import unix_ms
from gateway.staff.service import add_staff, add_token
from tests.e2e.web.conftest import PASSWORD

DAY = 86_400_000


@pytest.fixture
def person(site) -> str:
    return next(iter(site.people.values()))


@pytest.fixture
def call(site, visitor):
    """Calls the API with the token of someone in a role."""

    def make(role: str):
        with site.app.state.database.writing() as db:
            staff = add_staff(
                db, email=f"{role}@api.org", name="Api", password=PASSWORD, role=role, actor="t", now=unix_ms()
            )
            token = add_token(db, staff.id, "test", actor="t", now=unix_ms())

        def send(method: str, path: str, status: int, **body):
            answer = visitor.client.request(
                method, f"/api/v1{path}", json=body or None, headers={"authorization": f"Bearer {token}"}
            )
            assert answer.status_code == status, answer.text
            return answer.json() if answer.content else None

        send.staff_id = staff.id
        return send

    return make


def test_a_contact_is_logged_with_one_tap_and_twice_sent_once_kept(site, visitor, person):
    page = visitor.get(f"/people/{person}")
    assert f'href="/people/{person}/contact"' in page.text
    page = visitor.get(f"/people/{person}/contact")
    assert page.text.count(" checked") == 2
    fields = visitor.hidden(f"/people/{person}/contact")
    for _ in range(2):
        sent = visitor.client.post(f"/people/{person}/contact", data={**fields, "kind": "met", "place": "lockers"})
        assert "The contact is logged." in sent.text
    with site.app.state.database.reading() as db:
        assert [(one.kind, one.place) for one in latest_contacts(db, person)] == [("met", "lockers")]


def test_a_wrong_contact_is_refused_beside_its_field_and_keeps_the_note(site, visitor, person):
    visitor.get(f"/people/{person}/contact")
    page = visitor.send(f"/people/{person}/contact", kind="dreamt_of", place="lockers", note="was here")
    assert page.status_code == 422
    assert "Please choose one." in page.text
    assert 'value="was here"' in page.text
    assert site.count(Contact) == 0


@pytest.mark.parametrize(
    ("language", "words"),
    [("en", ("My people", "To see")), ("fr", ("Mes suivis", "À voir")), ("pt", ("As minhas pessoas", "A contactar"))],
)
def test_i_look_after_someone_and_see_when_to_see_them(site, visitor, person, language, words):
    visitor.get("/my-people")
    page = visitor.send(f"/people/{person}/worker")
    assert page.url.path == "/my-people"
    visitor.client.cookies.set("casier_language", language)
    page = visitor.get("/my-people")
    name = next(name for name, found in site.people.items() if found == person)
    assert name in page.text
    assert all(word in page.text for word in words)
    assert f"/people/{person}/contact?back=mine" in page.text
    visitor.get(f"/people/{person}/contact?back=mine")
    page = visitor.send(f"/people/{person}/contact", kind="phoned", place="elsewhere")
    assert page.url.path == "/my-people"


def test_a_volunteer_logs_what_they_saw_and_reads_nobody_s_notes(site, call, person):
    worker, volunteer = call("worker"), call("volunteer")
    worker("POST", f"/people/{person}/contacts", 201, kind="met", note="wants a card")
    made = volunteer("POST", f"/people/{person}/contacts", 201, kind="seen")
    assert made["note"] is None
    volunteer("POST", f"/people/{person}/supports", 201, kind="food")
    for path in (
        f"/people/{person}/contacts", f"/people/{person}/supports", f"/people/{person}/care",
        f"/care?worker={worker.staff_id}", "/waiting",
    ):  # fmt: skip
        volunteer("GET", path, 403)
    assert [one["note"] for one in worker("GET", f"/people/{person}/contacts", 200)["items"]] == ["wants a card", None]


def test_the_api_says_whom_to_look_for(site, call, person):
    worker = call("worker")
    worker("POST", f"/people/{person}/worker", 204, staff_id=worker.staff_id)
    worker("POST", f"/people/{person}/cadence", 204, days=1)
    found = worker("GET", f"/care?worker={worker.staff_id}", 200)["items"]
    assert [(one["person_id"], one["every_days"]) for one in found] == [(person, 1)]
    worker("POST", f"/people/{person}/cadence", 204, as_scheme=True)
    assert worker("GET", f"/people/{person}/care", 200)["every_days"] == 7
    worker("GET", "/care", 422)
    worker("GET", "/care?worker=nobody", 404)
    worker("POST", f"/people/{person}/reviews", 200, why="asked")
    decided = worker("POST", f"/people/{person}/reviews/decide", 200, decision="go_on")
    assert decided["decided_by"] == worker.staff_id


def test_from_the_waiting_list_to_an_offer_over_the_api(site, call, person):
    worker = call("worker")
    scheme = worker("GET", "/schemes", 200)["items"][0]
    entry = worker("POST", f"/people/{person}/waiting", 201, scheme_id=scheme["id"], source="outreach_round")
    offer = worker("POST", f"/waiting/{entry['id']}/offers", 201, answer_by="2026-12-01")
    worker("POST", f"/waiting/{entry['id']}/offers", 409, answer_by="2026-12-02")
    problem = worker("POST", f"/offers/{offer['id']}/close", 409, outcome="not_reached")
    assert problem["code"] == "no_attempt"
    worker("POST", f"/offers/{offer['id']}/attempts", 201, kind="phoned", result="not_reached")
    worker("POST", f"/offers/{offer['id']}/close", 200, outcome="not_reached")
    waits = worker("GET", f"/waiting?scheme={scheme['id']}", 200)["items"]
    assert [(one["person_id"], len(one["offers"][0]["attempts"])) for one in waits] == [(person, 1)]
    worker("POST", f"/waiting/{entry['id']}/close", 200, why="not_reached")
    assert worker("GET", "/waiting", 200)["items"] == []


def test_steps_wishes_snapshots_and_eligibility_over_the_api(site, call, person):
    worker = call("worker")
    step = worker("POST", f"/people/{person}/steps", 201, topic="identity_papers", what="go to the town hall")
    assert worker("POST", f"/steps/{step['id']}/close", 200, result="obtained")["result"] == "obtained"
    wish = worker("POST", f"/people/{person}/wishes", 201, kind="refusal", topic="housing")
    assert worker("POST", f"/wishes/{wish['id']}/end", 200)["ended_at"]
    worker("POST", f"/people/{person}/snapshots", 200, moment="entry", work="none", address="unknown")
    again = worker("POST", f"/people/{person}/snapshots", 200, moment="entry", work="temporary")
    assert (again["work"], again["address"], again["income"]) == ("temporary", "unknown", None)
    worker("POST", f"/people/{person}/snapshots", 422, moment="entry", work="astronaut")
    scheme = worker("GET", "/schemes", 200)["items"][0]
    decided = worker("POST", f"/people/{person}/eligibility", 201, scheme_id=scheme["id"], eligible=True)
    assert decided["findings"] == []
    for path in ("steps", "wishes", "snapshots", "eligibility", "reviews", "referrals"):
        worker("GET", f"/people/{person}/{path}", 200)
        worker("GET", f"/people/nobody/{path}", 404)
