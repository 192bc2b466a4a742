"""Incidents as staff use them: written down in a few taps, decided by people, told to those concerned only."""

import re
from datetime import UTC, datetime

import pytest

from gateway.contracts.models import Contract
from gateway.contracts.states import State, state_at
from gateway.incidents import service
from gateway.incidents.codes import IncidentKind, Part
from gateway.incidents.models import Appeal, Exclusion, Incident
from gateway.incidents.service import Concerned
from gateway.lockers.service import organisation_named, site_of
from gateway.staff.models import Staff
from tests.unit.gateway.town import DAY, NOON

WHEN = {"day": "2026-06-14", "time": "18:30"}


def _report(office, worker, people=(), kind=IncidentKind.THREATS, at=NOON):
    with office.database.writing() as session:
        return service.report(
            session, site_id=office.town.site_id, kind=kind, at=at,
            people={one.id: Concerned(Part.DID) for one in people}, actor=worker.staff_id, now=NOON,
        ).id  # fmt: skip


def _only(office, table):
    with office.database.reading() as session:
        return session.query(table).one()


def _excluded(office, worker, person):
    """An incident with an exclusion from it; the incident's page."""
    url = f"/incidents/{_report(office, worker, [person])}"
    worker.get(url)
    worker.send(f"{url}/exclude", from_on="2026-06-15", until_on="2026-06-29", note="after the quarrel")
    return url


def test_an_incident_is_written_down_from_a_person_s_page(office, worker):
    nadia, _contract = office.holder()
    assert f"/incidents?person={nadia.id}" in worker.get(f"/people/{nadia.id}")
    assert f"/incidents/new?person={nadia.id}" in worker.get(f"/incidents?person={nadia.id}")
    worker.get(f"/incidents/new?person={nadia.id}")
    page = worker.send(
        "/incidents", kind="threats", site=office.town.site_id, part="suffered", note="shouting at the door", **WHEN
    )
    assert "It is written down." in page
    assert "Threats" in page
    assert "Suffered it" in page
    assert "shouting at the door" in page
    found = _only(office, Incident)
    assert (found.at, found.recorded_by) == (NOON - DAY + 6.5 * 3_600_000, worker.staff_id)
    assert "Threats" in worker.get(f"/incidents?person={nadia.id}")


@pytest.mark.parametrize("zone", ["Europe/Lisbon", "Indian/Reunion", "America/Martinique"])
def test_what_happens_now_is_written_down_as_the_form_fills_itself_in_wherever_it_is(office, worker, zone):
    with office.database.writing() as session:
        site_of(session, office.town.site_id).zone = zone
    for reached in ("/incidents/new", "/incidents/new?locker=montreuil-1/3"):
        shown = worker.get(reached)
        when = {name: re.search(rf'name="{name}" [^>]*value="([^"]+)"', shown)[1] for name in ("day", "time")}
        where = {} if "locker" in reached else {"site": office.town.site_id}
        assert "It is written down." in worker.send("/incidents", kind="threats", part="unknown", **where, **when)
    with office.database.reading() as session:
        assert {one.at for one in session.query(Incident)} == {NOON}


def test_what_happens_in_the_hour_that_comes_twice_is_not_yet_to_come_the_first_time(office, worker):
    # 25 October 2026, 02:20 in Paris, for the first time.
    office.now = int(datetime(2026, 10, 25, 0, 20, tzinfo=UTC).timestamp() * 1000)
    worker = office.browser(name="Omar")
    worker.get("/incidents/new")
    said = {"kind": "threats", "part": "unknown", "site": office.town.site_id, "day": "2026-10-25"}
    assert "It is written down." in worker.send("/incidents", time="02:20", **said)
    assert _only(office, Incident).at == office.now


def test_an_incident_at_a_locker_knows_its_place_and_a_name_finds_whom_it_concerned(office, worker):
    office.town.person("Nadia Benali")
    assert "/incidents/new?locker=montreuil-1/3" in worker.get("/lockers/montreuil-1/3")
    worker.get("/incidents/new?locker=montreuil-1/3")
    page = worker.send("/incidents", kind="damage", name="benali", part="unknown", **WHEN)
    assert "Locker 3" in page
    assert "Nadia Benali" in page


def test_of_several_people_of_a_name_one_is_chosen_and_nobody_gets_a_file_by_an_incident(office, worker):
    nadia, other = office.town.person("Nadia Benali"), office.town.person("Nadia Cohen")
    said = {"kind": "abuse", "site": office.town.site_id, "part": "did", **WHEN}
    worker.get("/incidents/new")
    page = worker.send("/incidents", name="nadia", **said)
    assert other.id in page
    assert "Nobody of that name has a file here" in worker.send("/incidents", name="Zoé", **said)
    worker.send("/incidents", name="nadia", person=nadia.id, **said)
    assert [one.person_id for one in _only(office, Incident).concerned] == [nadia.id]


def test_what_is_yet_to_come_is_no_incident(office, worker):
    worker.get("/incidents/new")
    page = worker.send(
        "/incidents", kind="fire", site=office.town.site_id, part="unknown", day="2026-06-16", time="8:00"
    )
    assert "This is yet to come." in page
    page = worker.send(
        "/incidents", kind="fire", site=office.town.site_id, part="unknown", day="2026-06-14", time="late"
    )
    assert "Write a time like 18:00." in page


@pytest.mark.parametrize("role", ["volunteer", "technician"])
def test_whoever_works_here_reports_and_only_workers_read(office, role):
    one = office.browser(role)
    page = one.get("/incidents/new")
    assert ("Whom did it concern?" in page) == (role == "volunteer")
    assert "It is written down." in one.send(
        "/incidents", kind="intrusion", site=office.town.site_id, part="unknown", **WHEN
    )
    assert one.page.url.path == "/"
    assert one.client.get("/incidents").status_code == 403
    assert one.client.get(f"/incidents/{_only(office, Incident).id}").status_code == 403


def test_someone_else_is_added_while_the_case_is_open_and_once(office, worker):
    nadia, karim = office.town.person("Nadia"), office.town.person("Karim")
    url = f"/incidents/{_report(office, worker, [nadia])}"
    worker.get(url)
    assert "Saw it" in worker.send(f"{url}/people", name="karim", part="saw")
    assert "written down already" in worker.send(f"{url}/people", name="karim", part="did")
    worker.get(url)
    form = worker.form(f"{url}/people")
    page = worker.send(f"{url}/close", became="talked")
    assert "Talked about it" in page
    assert f"{url}/people" not in page
    assert f"{url}/close" not in page
    late = worker.client.post(f"{url}/people", data=form | {"person": karim.id, "name": "x", "part": "did"})
    assert "A colleague has closed this already" in late.text


def test_of_two_who_close_a_case_the_second_is_told(office, worker):
    url, colleague = f"/incidents/{_report(office, worker)}", office.browser(name="Omar")
    for one in (worker, colleague):
        one.get(url)
    colleague.send(f"{url}/close", became="warned")
    assert "A colleague has closed this already" in worker.send(f"{url}/close", became="nothing")
    found = _only(office, Incident)
    assert (found.outcome, found.closed_by) == ("warned", colleague.staff_id)


def test_an_exclusion_is_decided_from_the_incident_and_changes_no_contract(office, worker):
    nadia, contract = office.holder()
    url = _excluded(office, worker, nadia)
    page = worker.page.text
    assert "It locks no door" in page
    assert "until 29 June 2026" in page
    assert f"/contracts/{contract.id}/suspend" in page
    assert f"{url}/exclude" not in page
    assert "Stays away from Montreuil until 29 June 2026" in worker.get(f"/people/{nadia.id}")
    with office.database.reading() as session:
        assert state_at(session.get(Contract, contract.id), NOON) is State.ACTIVE
        made = session.query(Exclusion).one()
        assert (made.incident_id, made.reason, made.warns_elsewhere) == (url.rpartition("/")[2], "threats", False)


def test_an_exclusion_beyond_a_year_is_refused_beside_its_field(office, worker):
    url = f"/incidents/{_report(office, worker, [office.town.person()])}"
    worker.get(url)
    page = worker.send(f"{url}/exclude", from_on="2026-06-15", until_on="2027-06-16")
    assert "comes after the first one, and within a year" in page
    assert 'value="2027-06-16"' in page


def test_an_appeal_is_decided_by_someone_else_than_who_excluded(office, worker):
    url = _excluded(office, worker, office.town.person())
    assert "An appeal waits for a decision" in worker.send(f"{url}/appeal", made_by="person", note="come mornings")
    assert "Someone else decides whether your own decision stands" in worker.send(f"{url}/decide", outcome="upheld")
    colleague = office.browser(name="Omar")
    colleague.get(url)
    page = colleague.send(f"{url}/decide", outcome="shortened", shortened_to="2026-06-29")
    assert "Choose a day before the present last day" in page
    page = colleague.send(f"{url}/decide", outcome="shortened", shortened_to="2026-06-20", note="sorry was said")
    assert "until 20 June 2026" in page
    assert "Made shorter" in page
    assert "sorry was said" in page
    assert _only(office, Appeal).decided_by == colleague.staff_id


def test_whoever_lifts_what_a_colleague_has_changed_meanwhile_is_told(office, worker):
    url, colleague = _excluded(office, worker, office.town.person()), office.browser(name="Omar")
    for one in (worker, colleague):
        one.get(url)
    office.now += 1
    assert "Lifted" in colleague.send(f"{url}/lift")
    assert "A colleague has changed this meanwhile" in worker.send(f"{url}/lift")
    assert _only(office, Exclusion).lifted_by == colleague.staff_id


def test_nobody_is_excluded_through_an_incident_that_does_not_concern_them(office, worker):
    nadia, karim = office.town.person("Nadia"), office.town.person("Karim")
    url = f"/incidents/{_report(office, worker, [nadia])}"
    worker.get(url)
    form = worker.form(f"{url}/exclude") | {"person": karim.id, "from_on": "2026-06-15", "until_on": "2026-06-16"}
    assert worker.client.post(f"{url}/exclude", data=form).status_code == 422
    with office.database.reading() as session:
        assert session.query(Exclusion).count() == 0


def test_the_list_shows_the_newest_first_narrowed_and_in_pages(office, worker):
    for number in range(26):
        _report(office, worker, kind=IncidentKind.THEFT if number else IncidentKind.FIRE, at=NOON - number * 20 * DAY)
    page = worker.get("/incidents?kind=theft&state=open")
    assert len(re.findall('class="row"', page)) == 25
    page = worker.get("/incidents?state=open")
    assert '<span class="row__title">Fire' not in page
    following = re.search(r'href="(/incidents\?[^"]*after=[^"]+)"', page)
    assert '<span class="row__title">Fire' in worker.get(following[1].replace("&amp;", "&"))
    assert "Nothing is written down here." in worker.get("/incidents?state=closed")


def test_the_months_are_counted_and_said_to_those_who_do_not_see_them(office, worker):
    for days in (0, 1, 40):
        _report(office, worker, at=NOON - days * DAY)
    page = worker.get("/incidents")
    assert "June 2026: 2" in page
    assert "May 2026: 1" in page
    assert "April 2026: 0" in page
    assert page.count('class="months__one"') == 12


def test_another_organisations_incidents_and_people_are_out_of_sight(office, worker):
    nadia = office.town.person("Nadia")
    url = f"/incidents/{_report(office, worker, [nadia])}"
    stranger = office.browser(name="Ewa")
    with office.database.writing() as session:
        other = organisation_named(session, "Aurore", actor="test", now=NOON)
        session.get(Staff, stranger.staff_id).organisation_id = other.id
    assert "Threats" not in re.sub("<select.*?</select>", "", stranger.get("/incidents"), flags=re.S)
    assert stranger.client.get(url).status_code == 404
    assert stranger.client.get(f"/incidents?person={nadia.id}").status_code == 404
    stranger.get("/incidents/new")
    form = stranger.form("/incidents") | {"kind": "fire", "part": "unknown", **WHEN}
    assert stranger.client.post("/incidents", data=form | {"site": office.town.site_id}).status_code == 404
    assert stranger.client.post(f"{url}/close", data=form | {"became": "nothing"}).status_code == 404
    assert _only(office, Incident).closed_at is None
