"""Exclusions as staff use them: also those that were decided without an incident are listed, appealed and lifted."""

import re
from datetime import date, timedelta

import pytest

from gateway.audit.models import AuditRecord
from gateway.incidents import exclusions, hazard_pages, hazards
from gateway.incidents.codes import HazardKind, IncidentKind
from gateway.incidents.models import Appeal, Exclusion
from gateway.lockers import wall
from gateway.lockers.service import organisation_named
from gateway.staff.models import Staff
from tests.unit.gateway.town import DAY, NOON

TODAY = date(2026, 6, 15)


def _exclude(office, worker, person, *, days=14, now=NOON, later=0):
    first = TODAY - timedelta((NOON - now) // DAY) + timedelta(later)
    with office.database.writing() as session:
        return exclusions.exclude(
            session, person_id=person.id, site_id=office.town.site_id, from_on=first,
            until_on=first + timedelta(days), reason=IncidentKind.THREATS, text="after the quarrel",
            actor=worker.staff_id, now=now,
        ).id  # fmt: skip


def test_an_exclusion_without_an_incident_is_listed_appealed_and_lifted(office, worker):
    nadia, _contract = office.holder()
    made = _exclude(office, worker, nadia)
    assert 'href="/exclusions"' in worker.get("/incidents")
    page = worker.get("/exclusions")
    assert nadia.name in page
    assert "until 29 June 2026" in page
    url = f"/exclusions/{made}"
    assert f'href="{url}"' in page
    page = worker.get(url)
    assert "after the quarrel" in page
    assert "Threats" in page
    assert f"/people/{nadia.id}" in page
    assert "An appeal waits for a decision" in worker.send(f"{url}/appeal", made_by="person", note="come mornings")
    assert "Who appeals: The person" in worker.get(url)
    assert "Appeal to decide" in worker.get("/exclusions")
    worker.get(url)
    assert "Someone else decides whether your own decision stands" in worker.send(f"{url}/decide", outcome="upheld")
    colleague = office.browser(name="Omar")
    colleague.get(url)
    assert "until 20 June 2026" in colleague.send(f"{url}/decide", outcome="shortened", shortened_to="2026-06-20")
    office.now += 1
    colleague.get(url)
    assert "Lifted" in colleague.send(f"{url}/lift")
    with office.database.reading() as session:
        assert session.query(Exclusion).one().lifted_by == colleague.staff_id
        assert session.query(Appeal).one().decided_by == colleague.staff_id
        told = {row.action for row in session.query(AuditRecord).filter(AuditRecord.subject == nadia.id)}
        assert {"person_excluded", "exclusion_appealed", "appeal_decided", "exclusion_lifted"} <= told


def test_the_list_is_narrowed_to_a_place_and_to_what_is_over_and_goes_on_in_pages(office, worker):
    for number in range(27):
        _exclude(office, worker, office.town.person(f"Person {number:02d}"), days=0 if number else 3, now=NOON - DAY)
    page = worker.get("/exclusions?state=over")
    assert len(re.findall('class="row"', page)) == 25
    assert "Person 26" in page
    following = re.search(r'href="(/exclusions\?[^"]*after=[^"]+)"', page)
    page = worker.get(following[1].replace("&amp;", "&"))
    assert re.findall(r"Person \d\d", page) == ["Person 01"]
    assert re.findall(r"Person \d\d", worker.get("/exclusions?state=open")) == ["Person 00"]
    assert len(re.findall('class="row"', worker.get(f"/exclusions?site={office.town.site_id}"))) == 25
    assert "Nobody is excluded here." in worker.get("/exclusions?site=nowhere")


def test_one_lifted_before_its_first_day_is_shown_as_lifted_and_not_to_be_lifted_again(office, worker):
    nadia, _contract = office.holder()
    made = _exclude(office, worker, nadia, later=10)
    url = f"/exclusions/{made}"
    worker.get(url)
    page = worker.send(f"{url}/lift")
    assert "Lifted" in page
    assert "Lift it now" not in page
    assert "Someone appeals" not in page
    assert nadia.name not in worker.get("/exclusions?state=open")
    assert nadia.name in worker.get("/exclusions?state=over")


def test_in_three_languages(office, worker):
    _exclude(office, worker, office.town.person())
    for language, text in (("fr", "avec recours possible"), ("pt", "com possibilidade de recurso")):
        worker.client.cookies.set("casier_language", language)
        assert text in worker.get("/exclusions")


@pytest.mark.parametrize("role", ["volunteer", "technician"])
def test_only_workers_read_exclusions(office, worker, role):
    made = _exclude(office, worker, office.town.person())
    one = office.browser(role)
    for url in ("/exclusions", f"/exclusions/{made}"):
        assert one.client.get(url).status_code == 403


def test_another_organisations_exclusions_are_out_of_sight(office, worker):
    made = _exclude(office, worker, office.town.person("Nadia"))
    stranger = office.browser(name="Ewa")
    stranger.get(f"/exclusions/{made}")
    form = stranger.form(f"/exclusions/{made}/lift")
    with office.database.writing() as session:
        other = organisation_named(session, "Aurore", actor="test", now=NOON)
        session.get(Staff, stranger.staff_id).organisation_id = other.id
    assert "Nobody is excluded here." in stranger.get("/exclusions")
    assert stranger.client.get(f"/exclusions/{made}").status_code == 404
    assert stranger.client.post(f"/exclusions/{made}/lift", data=form).status_code == 404
    with office.database.reading() as session:
        assert session.query(Exclusion).one().lifted_at is None


def test_hazards_come_in_pages_and_no_door_is_asked_for_them(office, worker, monkeypatch):
    monkeypatch.setattr(hazard_pages, "SHOWN", 3)
    monkeypatch.setattr(wall, "lockers", None)
    with office.database.writing() as session:
        for number in range(1, 6):
            hazards.report(
                session, bank_id=office.town.bank, number=number, kind=HazardKind.WET, actor=worker.staff_id,
                now=NOON + number,
            )  # fmt: skip
    page = worker.get("/hazards?locker=montreuil-1/6")
    assert re.findall(r'row__title">Locker (\d)', page) == ["1", "2", "3"]
    assert page.index('action="/hazards"') < page.index("row__title")
    assert re.search(r'name="locker"[^>]* value="6"', page)
    following = re.search(r'href="(/hazards\?after=[^"]+)"', page)
    page = worker.get(following[1])
    assert re.findall(r'row__title">Locker (\d)', page) == ["4", "5"]
    assert 'href="/hazards?after=' not in page


def test_a_hazard_is_reported_of_a_locker_by_its_block_and_number(office, worker):
    worker.get("/hazards")
    said = {"bank": office.town.bank, "kind": "wet"}
    assert "There is no such locker any more." in worker.send("/hazards", locker="77", **said)
    assert "Please give a whole number" in worker.send("/hazards", locker="", **said)
    assert "Locker 6" in worker.send("/hazards", locker="6", **said)
