"""What stands on a person's page above everything else: absence, death, who looks after them and who stands in."""

from gateway.care import looking_after
from gateway.contracts.away import absence_of
from gateway.contracts.deaths import death_of
from gateway.contracts.models import Contract
from gateway.incidents import exclusions, stand_ins
from gateway.incidents.codes import IncidentKind
from gateway.incidents.request_models import Leave
from gateway.lockers.service import organisation_named, site_named
from gateway.staff.models import Staff
from tests.unit.gateway.town import NOON, TODAY, ZONE


def test_an_absence_is_noted_shown_first_and_ended_in_one_tap(office, worker):
    nadia, contract = office.holder()
    person = f"/people/{nadia.id}"
    worker.get(f"{person}/absence")
    page = worker.send(
        f"{person}/absence", kind="hospital", from_on="2026-06-10", expected_on="2026-07-01", note="Tenon, ward 4"
    )
    assert "The absence is noted" in page
    assert "In hospital" in page
    assert "expected back on 1 July 2026" in page
    assert "Tenon" in worker.get(f"{person}/absence")
    assert "In hospital" not in office.browser("volunteer").get(person)
    worker.get(person)
    page = worker.send(f"{person}/back")
    assert "the person is back" in page
    assert "In hospital" not in page
    with office.database.reading() as session:
        assert absence_of(session, nadia.id) is None
        assert session.get(Contract, contract.id).grace_stopped_at is None


def test_two_who_note_the_same_absence_are_told_and_see_the_first_one(office, worker):
    nadia, _contract = office.holder()
    absence, colleague = f"/people/{nadia.id}/absence", office.browser(name="Omar Haddad")
    for one in (worker, colleague):
        one.get(absence)
    colleague.send(absence, kind="prison", from_on="2026-06-10")
    page = worker.send(absence, kind="family", from_on="2026-06-12")
    assert "A colleague has noted this absence already" in page
    assert "In prison" in page
    assert "Omar Haddad" in page


def test_a_return_before_the_first_day_is_refused_beside_its_field(office, worker):
    nadia, _contract = office.holder()
    absence = f"/people/{nadia.id}/absence"
    worker.get(absence)
    page = worker.send(absence, kind="family", from_on="2026-06-12", expected_on="2026-06-01")
    assert "The return is before the first day." in page


def test_a_death_keeps_what_is_inside_and_a_mistake_is_taken_back(office, worker):
    nadia, contract = office.holder()
    person = f"/people/{nadia.id}"
    worker.get(f"{person}/death")
    page = worker.send(f"{person}/death", died_on="2026-06-12", note="told by the hospital")
    assert "This person has died" in page
    assert f"/contracts/{contract.id}/renew" not in page
    assert f"{person}/contact" not in page
    with office.database.reading() as session:
        assert death_of(session, nadia.id).recorded_by == worker.staff_id
        assert session.get(Contract, contract.id).frozen_at == NOON
    assert "told by the hospital" in worker.get(f"{person}/death")
    page = worker.send(f"{person}/alive")
    assert "The note was taken back" in page
    assert "This person has died" not in page
    with office.database.reading() as session:
        assert session.get(Contract, contract.id).frozen_at is None


def test_a_day_that_has_not_come_is_no_day_of_death(office, worker):
    nadia, _contract = office.holder()
    worker.get(f"/people/{nadia.id}/death")
    page = worker.send(f"/people/{nadia.id}/death", died_on="2026-09-01")
    assert "This day has not come yet." in page


def test_a_person_s_page_names_their_worker_and_who_stands_in(office, worker):
    nadia, _contract = office.holder()
    omar = office.browser(name="Omar Haddad")
    with office.database.writing() as session:
        looking_after.name_worker(session, nadia.id, worker.staff_id, actor="test", now=NOON)
    assert "Named worker: Léa Martin" in worker.get(f"/people/{nadia.id}")
    worker.get("/leaves")
    page = worker.send(
        "/leaves", staff=worker.staff_id, stand_in=omar.staff_id, from_on="2026-06-15", until_on="2026-06-20"
    )
    assert "who stands in are noted" in page
    assert "on leave until 20 June 2026, Omar Haddad stands in" in worker.get(f"/people/{nadia.id}")
    assert nadia.name in omar.get("/my-people")


def test_a_stand_in_is_changed_and_a_leave_cancelled(office, worker):
    omar, ewa = office.browser(name="Omar"), office.browser(name="Ewa")
    worker.get("/leaves")
    page = worker.send(
        "/leaves", staff=worker.staff_id, stand_in=worker.staff_id, from_on="2026-06-15", until_on="2026-06-20"
    )
    assert "Choose someone else of the same organisation who looks after people, with an open account." in page
    worker.send("/leaves", staff=worker.staff_id, stand_in=omar.staff_id, from_on="2026-06-15", until_on="2026-06-20")
    with office.database.reading() as session:
        leave = session.query(Leave).one().id
    assert "Stands in: Ewa" in worker.send(f"/leaves/{leave}/stand-in", instead=ewa.staff_id)
    assert "Stands in" not in worker.send(f"/leaves/{leave}/cancel")
    assert office.browser("volunteer").client.get("/leaves").status_code == 403


def test_a_leave_offers_to_change_only_to_those_who_can_stand_in(office, worker):
    omar, ewa, rui = (office.browser(name=name) for name in ("Omar", "Ewa", "Rui"))
    with office.database.writing() as session:
        other = organisation_named(session, "Aurore", actor="test", now=NOON)
        session.get(Staff, ewa.staff_id).organisation_id = office.town.organisation_id
        session.get(Staff, rui.staff_id).organisation_id = other.id
        stand_ins.go_on_leave(
            session, staff_id=ewa.staff_id, stand_in_id=omar.staff_id, from_on=TODAY, until_on=TODAY, actor="test",
            now=NOON,
        )  # fmt: skip
    offered = worker.get("/leaves").partition('name="instead"')[2].partition("</select>")[0]
    assert {name: name in offered for name in ("Omar", "Ewa", "Rui")} == {"Omar": True, "Ewa": False, "Rui": False}


def test_an_exclusion_is_told_with_where_until_when_and_whom_to_ask_but_not_why(office, worker):
    nadia, _contract = office.holder()
    with office.database.writing() as session:
        exclusions.exclude(
            session, person_id=nadia.id, site_id=office.town.site_id, from_on=TODAY, until_on=TODAY.replace(day=25),
            reason=IncidentKind.THREATS, actor=worker.staff_id, now=NOON,
        )  # fmt: skip
    seen = office.browser("volunteer").get(f"/people/{nadia.id}")
    assert "Stays away from Montreuil until 25 June 2026" in seen
    assert "Ask Léa Martin" in seen
    assert "hreat" not in seen


def test_whoever_has_no_contract_and_stays_away_for_safety_is_said_to_on_their_page(office, worker):
    nadia, operator = office.town.person("Nadia"), office.browser("operator")
    with office.database.writing() as session:
        other = organisation_named(session, "Aurore", actor="test", now=NOON)
        session.get(Staff, worker.staff_id).organisation_id = office.town.organisation_id
        theirs = site_named(session, "Lille", organisation_id=other.id, zone=ZONE, actor="test", now=NOON)
        for site_id, day, warns in ((office.town.site_id, 25, False), (theirs.id, 26, True)):
            exclusions.exclude(
                session, person_id=nadia.id, site_id=site_id, from_on=TODAY, until_on=TODAY.replace(day=day),
                reason=IncidentKind.VIOLENCE, warns_elsewhere=warns, actor=operator.staff_id, now=NOON,
            )  # fmt: skip
    page = worker.get(f"/people/{nadia.id}")
    assert "Stays away from Montreuil until 25 June 2026" in page
    assert "Stays away from Lille until 26 June 2026" in page


def test_leaves_of_another_organisation_s_workers_are_out_of_sight(office, worker):
    omar = office.browser(name="Omar")
    with office.database.writing() as session:
        other = organisation_named(session, "Aurore", actor="test", now=NOON)
        for one, organisation in ((worker, office.town.organisation_id), (omar, office.town.organisation_id)):
            session.get(Staff, one.staff_id).organisation_id = organisation
        leave = stand_ins.go_on_leave(
            session, staff_id=worker.staff_id, stand_in_id=omar.staff_id, from_on=TODAY, until_on=TODAY, actor="test",
            now=NOON,
        )  # fmt: skip
        assert stand_ins.list_leaves(session, organisation_id=office.town.organisation_id).items == [leave]
        assert not stand_ins.list_leaves(session, organisation_id=other.id).items
    stranger = office.browser(name="Ewa")
    with office.database.writing() as session:
        session.get(Staff, stranger.staff_id).organisation_id = other.id
    assert "Omar" not in stranger.get("/leaves")
    cancelling = {**stranger.form("/leaves"), "staff": stranger.staff_id}
    assert stranger.client.post(f"/leaves/{leave.id}/cancel", data=cancelling).status_code == 404
    assert "Stands in: Omar" in worker.get("/leaves")
