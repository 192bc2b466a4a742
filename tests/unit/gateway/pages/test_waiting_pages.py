"""The waiting list as workers use it: who waits and how long, offers, tries, and nothing closed but by a worker."""

import re
from datetime import date

import pytest

from gateway.care import offers, partners, waiting
from gateway.care.codes import Direction, PartnerKind, Source
from gateway.care.waiting import Wait
from gateway.care.waiting_models import Attempt, WaitingEntry
from gateway.care.waiting_shown import how_long
from gateway.contracts import deaths
from gateway.lockers.service import organisation_named
from gateway.people.models import Person
from gateway.schemes.service import scheme_named
from gateway.staff.models import Staff
from tests.unit.gateway.town import DAY, NOON


def _waits(office, name="Nadia", days=10, **more):
    person = office.town.person(name)
    with office.database.writing() as session:
        scheme = scheme_named(session, office.town.organisation_id, now=NOON)
        return waiting.add_to_list(
            session, person.id, Wait(scheme.id, Source.OUTREACH_ROUND, **more), since=NOON - days * DAY, actor="test",
            now=NOON,
        )  # fmt: skip


def _offered(office, entry, answer_by=None):
    with office.database.writing() as session:
        offers.make_offer(session, entry.id, locker=("montreuil-1", 4), answer_by=answer_by, actor="test", now=NOON)


def _entry(office, entry):
    with office.database.reading() as session:
        return session.get(WaitingEntry, entry.id)


def test_those_who_wait_longest_come_first_with_how_long_and_where_from(office, worker):
    _waits(office, "Karim", 20)
    _waits(office, "Nadia", 400)
    page = worker.get("/waiting")
    assert page.index("Nadia") < page.index("Karim")
    assert "for 13 months, since" in page
    assert "for 3 weeks, since" in page
    assert "Met on an outreach round" in page
    assert "No offer yet" in page
    assert re.findall(r'class="wait".*?bars__fill" width="(\d+)"', page) == ["100", "5"]


def test_the_picture_counts_everyone_once():
    since = [NOON - days * DAY for days in (0, 29, 30, 90, 181, 182, 364, 365, 900)]
    bars = how_long(since, NOON)
    assert [bar.count for bar in bars] == [2, 2, 1, 2, 2]
    assert [bar.share for bar in bars] == [100, 100, 50, 100, 100]


def test_a_long_list_is_told_in_pages(office, worker):
    for number in range(26):
        _waits(office, f"Person {number}", 100 - number)
    page = worker.get("/waiting")
    assert "Person 24" in page
    assert "Person 25" not in page
    following = re.search(r'href="(/waiting\?[^"]*after=[^"]+)"', page)
    assert "Person 25" in worker.get(following[1].replace("&amp;", "&"))


def test_someone_met_on_a_round_gets_a_file_and_waits_in_one_form(office, worker):
    worker.get("/waiting/new")
    scheme = _scheme(office)
    page = worker.send(
        "/waiting", name="Samir", scheme=scheme, source="outreach_round", day="2026-06-01", reach="square, evenings"
    )
    assert "They are on the list now." in page
    assert "square, evenings" in page
    assert "2 weeks" in page
    with office.database.reading() as session:
        person = session.query(Person).one()
    assert "On the waiting list" in worker.get(f"/people/{person.id}")


def test_a_name_that_has_a_file_is_asked_about_before_a_second_one_is_made(office, worker):
    nadia = office.town.person("Nadia Benali")
    said = {"name": "nadia", "scheme": _scheme(office), "source": "partner", "day": "2026-06-01"}
    worker.get("/waiting/new")
    page = worker.send("/waiting", **said)
    assert worker.page.status_code == 422
    assert "Is it one of them?" in page
    assert "File of 15 June 2026" in page
    worker.send("/waiting", **said, person=nadia.id)
    with office.database.reading() as session:
        assert session.query(WaitingEntry).one().person_id == nadia.id
        assert session.query(Person).count() == 1
    worker.get("/waiting/new")
    worker.send("/waiting", **said, person="new")
    with office.database.reading() as session:
        assert session.query(Person).count() == 2


def test_that_someone_who_waits_has_died_is_said_and_nothing_is_offered_to_them(office, worker):
    nadia, karim = _waits(office), _waits(office, "Karim", 5)
    _offered(office, karim)
    with office.database.writing() as session:
        for one in (nadia, karim):
            deaths.record(session, one.person_id, actor="test", now=NOON)
    page = worker.get("/waiting")
    assert page.count("Has died") == 2
    assert "No offer yet" not in page
    page = worker.get(f"/waiting/{nadia.id}")
    assert "This person has died" in page
    assert "Offer a place" not in page
    page = worker.send(f"/waiting/{nadia.id}/close", why="other")
    assert "Nadia" not in worker.get("/waiting")
    page = worker.get(f"/waiting/{karim.id}")
    assert "Close the offer" in page
    assert "hand over a locker" not in page
    with office.database.writing() as session:
        deaths.withdraw(session, karim.person_id, actor="test", now=NOON)
    assert "Offer open" in worker.get("/waiting")


def test_a_locker_that_is_offered_says_so_in_a_hand_over_to_anyone_else(office, worker):
    entry, mo = _waits(office), office.town.person("Mo")
    _offered(office, entry)
    said = "Montreuil, Montreuil 1, 4 · offered to someone who waits"
    assert said in worker.get("/handover")
    assert said in worker.get(f"/handover?person={mo.id}")
    assert said not in worker.get(f"/handover?entry={entry.id}")
    assert said not in worker.get(f"/handover?person={entry.person_id}")
    assert worker.page.text.count("Montreuil, Montreuil 1, ") == 6


def test_an_offer_of_a_locker_that_somebody_else_has_got_says_so(office, worker):
    entry = _waits(office)
    _offered(office, entry)
    gone = "This locker cannot be given to them any more"
    assert gone not in worker.get(f"/waiting/{entry.id}")
    office.town.assign(office.town.person("Mo"), 4)
    assert gone in worker.get(f"/waiting/{entry.id}")
    office.town.assign(office.town.person("Ewa"), 5)
    with office.database.reading() as session:
        nadia = session.get(Person, entry.person_id)
    office.town.assign(nadia, 6)
    assert gone not in worker.get(f"/waiting/{entry.id}"), "they have one"


def test_a_day_that_has_not_come_is_refused_beside_its_field(office, worker):
    worker.get("/waiting/new")
    page = worker.send("/waiting", name="Samir", scheme=_scheme(office), source="unknown", day="2026-09-01")
    assert "This is yet to come." in page
    assert 'value="Samir"' in page


def test_who_sent_someone_can_be_said_and_stands_on_the_page(office, worker):
    nadia = office.town.person("Nadia")
    with office.database.writing() as session:
        partner = partners.add_partner(
            session, organisation_id=office.town.organisation_id, name="Maison sociale", kind=PartnerKind.OUTREACH,
            actor="test", now=NOON,
        )  # fmt: skip
        sent = partners.refer(session, nadia.id, partner.id, Direction.FROM_PARTNER, actor="test", now=NOON)
    assert "Maison sociale, 15 June 2026" in worker.get(f"/waiting/new?person={nadia.id}")
    page = worker.send("/waiting", scheme=_scheme(office), source="partner", day="2026-06-15", referral=sent.id)
    assert worker.page.url.path.startswith("/waiting/")
    assert "Maison sociale, 15 June 2026" in page


def test_an_offer_goes_from_its_making_over_tries_to_its_end(office, worker):
    entry = _waits(office)
    url = f"/waiting/{entry.id}"
    worker.get(url)
    page = worker.send(f"{url}/offer", locker="montreuil-1/4", answer_by="2026-06-20")
    assert "Montreuil 1, 4" in page
    assert "answer by 20 June 2026" in page
    page = worker.send(f"{url}/outcome", outcome="not_reached")
    assert "Nobody has tried to reach the person yet." in page
    page = worker.send(f"{url}/attempt", kind="phoned", result="message_left", note="her brother's voice mail")
    assert "Phoned · Message left" in page
    assert "her brother&#39;s voice mail" in page
    page = worker.send(f"{url}/outcome", outcome="not_reached")
    assert "They stay on the list." in page
    assert "Offer a place" in page
    assert _entry(office, entry).closed_at is None


def test_an_offer_past_its_day_is_one_to_decide_about_and_stays_open(office, worker):
    entry = _waits(office)
    _offered(office, entry, answer_by=date(2026, 6, 14))
    assert "Offer to decide about" in worker.get("/waiting")
    assert "The offer stays open until you decide." in worker.get(f"/waiting/{entry.id}")
    assert waiting.open_offer(_entry(office, entry)) is not None


def test_handing_over_what_was_offered_ends_the_wait(office, worker):
    entry = _waits(office)
    _offered(office, entry)
    badge = office.town.badge()
    page = worker.get(f"/handover?entry={entry.id}")
    assert 'value="montreuil-1/4" selected' in page
    assert "Nadia" in page
    worker.send("/handover", locker="montreuil-1/4", badge=badge.id, starts_on="2026-06-15", ends_on="2027-06-14")
    assert worker.page.url.path == f"/people/{entry.person_id}", worker.page.text
    found = _entry(office, entry)
    assert (found.left_why, found.closed_by) == ("placed", worker.staff_id)
    assert found.offers[0].outcome == "accepted"
    assert "Nadia" not in worker.get("/waiting")


def test_someone_who_has_a_place_by_now_is_taken_off_the_list_with_it(office, worker):
    nadia, contract = office.holder()
    with office.database.writing() as session:
        scheme = scheme_named(session, office.town.organisation_id, now=NOON)
        entry = waiting.add_to_list(session, nadia.id, Wait(scheme.id, Source.UNKNOWN), actor="test", now=NOON)
    url = f"/waiting/{entry.id}"
    assert "They have a locker: Montreuil 1, 1" in worker.get(url)
    assert "no longer on the list" in worker.send(f"{url}/placed")
    assert _entry(office, entry).contract_id == contract.id


def test_whoever_decides_second_is_told_and_nothing_is_done_twice(office, worker):
    entry = _waits(office)
    url, colleague = f"/waiting/{entry.id}", office.browser(name="Omar Haddad")
    for one in (worker, colleague):
        one.get(url)
    colleague.send(f"{url}/close", why="other_solution")
    page = worker.send(f"{url}/offer", locker="", answer_by="")
    assert "A colleague has changed this meanwhile" in page
    assert "Waits no more" in page
    assert "Found another solution" in page
    found = _entry(office, entry)
    assert (found.left_why, found.closed_by, found.offers) == ("other_solution", colleague.staff_id, [])


def test_two_who_try_to_reach_someone_are_both_noted(office, worker):
    entry = _waits(office)
    _offered(office, entry)
    url, colleague = f"/waiting/{entry.id}", office.browser(name="Omar Haddad")
    for one in (worker, colleague):
        one.get(url)
    for one in (colleague, worker):
        one.send(f"{url}/attempt", kind="looked_for", result="not_reached")
    with office.database.reading() as session:
        assert session.query(Attempt).count() == 2


def test_another_organisations_list_is_out_of_sight(office):
    entry = _waits(office)
    stranger = office.browser(name="Ewa")
    with office.database.writing() as session:
        other = organisation_named(session, "Aurore", actor="test", now=NOON)
        session.get(Staff, stranger.staff_id).organisation_id = other.id
    assert "Nadia" not in stranger.get("/waiting")
    assert stranger.client.get(f"/waiting/{entry.id}").status_code == 404
    assert stranger.client.get(f"/handover?entry={entry.id}").status_code == 404
    stranger.get("/waiting/new")
    form = stranger.form("/waiting")
    for step in ("offer", "close"):
        assert stranger.client.post(f"/waiting/{entry.id}/{step}", data=form).status_code == 404
    scheme = _scheme(office)
    page = stranger.client.post("/waiting", data=form | {"name": "X", "scheme": scheme, "source": "unknown",
                                                         "day": "2026-06-01"})  # fmt: skip
    assert page.status_code == 422
    assert _entry(office, entry).closed_at is None


@pytest.mark.parametrize("path", ["", "/new"])
def test_the_list_is_for_workers(office, path):
    assert office.browser("volunteer").client.get(f"/waiting{path}").status_code == 403


def _scheme(office):
    with office.database.writing() as session:
        return scheme_named(session, office.town.organisation_id, now=NOON).id
