"""What staff do on a contract's pages: who may open, messages, renewal in one tap, ends planned and told."""

import re
from datetime import date

import pytest

from gateway.badges import service as badges
from gateway.badges.models import Badge
from gateway.contracts import deaths, service
from gateway.contracts.codes import Destination
from gateway.contracts.models import Contract, Notice, TrustedPerson
from gateway.contracts.states import State, state_at
from tests.unit.gateway.town import DAY, NOON


def _people(office, contract):
    with office.database.reading() as session:
        found = session.get(Contract, contract.id)
        return [one.person.name for one in found.parties if one.until_at is None]


def test_a_couple_shares_a_contract_and_parting_is_told_to_nobody(office, worker):
    nadia, contract = office.holder("Nadia")
    karim = office.town.person("Karim")
    url = f"/contracts/{contract.id}"
    worker.get(f"{url}/people")
    assert "their badges open too" in worker.send(f"{url}/join", person=karim.id)
    assert _people(office, contract) == ["Nadia", "Karim"]
    assert "Nadia, Karim" in worker.get(f"/people/{karim.id}")
    worker.get(f"{url}/people")
    form = worker.form(f"{url}/part", person=nadia.id)
    left = worker.client.post(f"{url}/part", data=form)
    assert left.url.path == f"/people/{karim.id}"
    assert _people(office, contract) == ["Karim"]
    assert "Nadia" not in worker.get(f"/people/{karim.id}")
    assert url not in worker.get(f"/people/{nadia.id}")


def test_a_third_person_is_refused_in_words(office, worker):
    _nadia, contract = office.holder("Nadia")
    url, others = f"/contracts/{contract.id}", [office.town.person(name) for name in ("Karim", "Ewa")]
    worker.get(f"{url}/people")
    worker.send(f"{url}/join", person=others[0].id)
    page = worker.client.post(f"{url}/join", data=worker.form(f"{url}/trust") | {"person": others[1].id})
    assert page.status_code == 422
    assert "Two people at most" in page.text


def test_a_trusted_person_gets_a_badge_by_its_printed_number_and_loses_it_with_the_trust(office, worker):
    _nadia, contract = office.holder("Nadia")
    url, stock = f"/contracts/{contract.id}", office.town.badge()
    worker.get(f"{url}/people")
    page = worker.send(f"{url}/trust", name="Fatou", from_on="2026-06-15", until_on="2026-07-15")
    assert "Fatou" in page
    assert stock.label in page
    assert "The badge was given" in worker.send(f"{url}/trusted-badge", badge_given=stock.id)
    assert stock.label in worker.get(f"{url}/people")
    assert "Fatou" in worker.get(f"/people/{contract.person_id}")
    worker.get(f"{url}/people")
    assert "no longer open" in worker.send(f"{url}/distrust")
    with office.database.reading() as session:
        assert session.get(Badge, stock.id).revoked_at == NOON
        assert session.query(TrustedPerson).one().ended_at == NOON


def _trusted_with(office, worker, contract, badge):
    """Someone trusted with the locker; the page of who may open is what the worker sees."""
    url = f"/contracts/{contract.id}"
    worker.get(f"{url}/people")
    worker.send(f"{url}/trust", name="Fatou", from_on="2026-06-15", until_on="2026-07-15", badge=badge.id)
    return url


def _badge(office, badge):
    with office.database.reading() as session:
        return session.get(Badge, badge.id)


def test_a_lost_badge_of_someone_trusted_is_dead_before_another_is_given(office, worker):
    _nadia, contract = office.holder("Nadia")
    lost, new, dead = (office.town.badge() for _ in range(3))
    url = _trusted_with(office, worker, contract, lost)
    with office.database.writing() as session:
        badges.revoke(session, dead.id, reason="broken", actor="t", now=office.now)
    page = worker.get(f"{url}/people")
    assert f"Yes, {lost.label} was lost or is broken" in page
    assert "No, it is one more badge" in page
    worker.client.post(
        f"{url}/trusted-badge", data=worker.form(f"{url}/trusted-badge") | {"replaces": lost.id, "badge_given": dead.id}
    )
    assert _badge(office, lost).revoked_why == "replaced", "whatever is refused then"
    worker.get(f"{url}/people")
    worker.send(f"{url}/trusted-badge", badge_given=new.id, replaces=lost.id)
    assert (_badge(office, new).revoked_at, _badge(office, new).replaces_id) == (None, lost.id)


def test_a_badge_of_someone_trusted_is_blocked_alone_and_the_holder_s_page_says_whether_it_is_in_force(office, worker):
    nadia, contract = office.holder("Nadia")
    lost, other = office.town.badge(), office.town.badge()
    url = _trusted_with(office, worker, contract, lost)
    worker.get(f"{url}/people")
    worker.send(f"{url}/trusted-badge", badge_given=other.id, replaces="")
    block = f"/badges/{lost.id}/revoke"
    assert f'href="{block}"' in worker.get(f"{url}/people")
    asked = worker.get(block)
    assert f"{lost.label} · Fatou" in asked
    assert f'href="{url}/people"' in asked
    shown = worker.send(block, reason="lost")
    assert worker.page.url.path == f"/people/{nadia.id}"
    assert re.search(rf"Badge blocked[^<]*{lost.label}|{lost.label}[^<]*Badge blocked", shown), "said to be followed"
    assert (_badge(office, lost).revoked_why, _badge(office, other).revoked_at) == ("lost", None)


def test_no_badge_of_anyone_else_is_replaced_through_someone_trusted(office, worker):
    nadia, contract = office.holder("Nadia")
    hers, new = office.town.badge(nadia), office.town.badge()
    url = _trusted_with(office, worker, contract, office.town.badge())
    worker.get(f"{url}/people")
    form = worker.form(f"{url}/trusted-badge") | {"badge_given": new.id, "replaces": hers.id}
    assert worker.client.post(f"{url}/trusted-badge", data=form).status_code == 404
    assert _badge(office, hers).revoked_at is None


def test_a_trust_that_ends_before_it_begins_is_refused_beside_its_field(office, worker):
    _nadia, contract = office.holder()
    url = f"/contracts/{contract.id}"
    worker.get(f"{url}/people")
    page = worker.send(f"{url}/trust", name="Fatou", from_on="2026-07-15", until_on="2026-06-20")
    assert "The last day is before the first." in page
    assert 'value="Fatou"' in page


def test_nobody_is_distrusted_through_another_contract_s_page(office, worker):
    _nadia, contract = office.holder("Nadia")
    _karim, other = office.holder("Karim", 2)
    url = f"/contracts/{contract.id}"
    worker.get(f"{url}/people")
    worker.send(f"{url}/trust", name="Fatou", from_on="2026-06-15", until_on="2026-07-15")
    page = worker.client.post(f"/contracts/{other.id}/distrust", data=worker.form(f"{url}/distrust"))
    assert page.status_code == 422
    with office.database.reading() as session:
        assert session.query(TrustedPerson).one().ended_at is None


def test_a_message_waits_on_the_person_s_page_until_it_was_given(office, worker):
    nadia, contract = office.holder()
    url, person = f"/contracts/{contract.id}", f"/people/{nadia.id}"
    worker.get(f"{url}/message")
    page = worker.send(f"{url}/message", why="mail", text="a letter at the desk")
    assert "the light will say so" in page
    assert "a letter at the desk" in page
    volunteer = office.browser("volunteer", "Vera")
    seen = volunteer.get(person)
    assert "A message waits" in seen
    assert "a letter at the desk" not in seen
    page = worker.send(f"{url}/given")
    assert "the message was given" in page
    assert "A message waits" not in page
    with office.database.reading() as session:
        assert session.query(Notice).one().given_by == worker.staff_id


def test_whoever_decides_second_is_told_who_was_first_and_nothing_is_done_twice(office, worker):
    _nadia, contract = office.holder()
    url, colleague = f"/contracts/{contract.id}", office.browser(name="Omar Haddad")
    for one in (worker, colleague):
        one.get(f"{url}/message")
    colleague.send(f"{url}/message", why="mail", text="first")
    page = worker.send(f"{url}/message", why="appointment", text="second")
    assert worker.page.status_code == 422
    assert "Last decision: Message left, by Omar Haddad" in page
    assert 'value="second"' in page
    with office.database.reading() as session:
        assert session.query(Notice).count() == 1


def test_renewal_is_one_tap_when_the_last_day_is_near_and_not_before(office, worker):
    nadia, contract = office.holder()
    person = f"/people/{nadia.id}"
    assert "Extend until" not in worker.get(person)
    with office.database.writing() as session:
        changed = session.get(Contract, contract.id)
        ends_on = changed.ends_on
    office.now = contract.until_at - 20 * DAY
    assert "Extend until 31 December 2027" in office.browser(name="Omar").get(person)
    later = office.browsers[-1]
    assert "was renewed" in later.send(f"/contracts/{contract.id}/renew")
    with office.database.reading() as session:
        assert session.get(Contract, contract.id).ends_on == ends_on.replace(year=2027)


def test_an_end_can_be_planned_and_the_badge_opens_until_then(office, worker):
    _nadia, contract = office.holder()
    url = f"/contracts/{contract.id}"
    worker.get(f"{url}/end")
    page = worker.send(f"{url}/end", reason="work", last_day="2026-07-01", decided_by="both")
    assert "The last day is set" in page
    assert "1 July 2026" in page
    with office.database.reading() as session:
        planned = session.get(Contract, contract.id)
        assert state_at(planned, NOON) is State.ACTIVE
        assert state_at(planned, NOON + 17 * DAY) is State.ENDING
    worker.get(f"{url}/end")
    page = worker.send(f"{url}/end", reason="work", last_day="2026-12-31")
    assert "no later than the present one" in page


def test_how_a_contract_ended_is_said_afterwards_and_shown_to_workers_only(office, worker):
    nadia, contract = office.holder()
    url = f"/contracts/{contract.id}"
    worker.get(f"{url}/end")
    worker.send(f"{url}/end", reason="unknown")
    worker.get(f"{url}/how")
    page = worker.send(
        f"{url}/how", reason="own_solution", also_work="yes", decided_by="holder", destination="own_housing"
    )
    assert "Noted how it ended" in page
    assert "A home of their own" in page
    assert "A home of their own" not in office.browser("volunteer").get(f"/people/{nadia.id}")
    with office.database.reading() as session:
        assert session.get(Contract, contract.id).destination == Destination.OWN_HOUSING


def test_a_suspension_shows_everyone_at_the_desk_how_things_are_fetched(office, worker):
    nadia, contract = office.holder()
    url = f"/contracts/{contract.id}"
    worker.get(f"{url}/suspend")
    worker.send(f"{url}/suspend", reason="incident", review_on="2026-06-22", fetch="phone", fetch_note="01 23 45 67 89")
    seen = office.browser("volunteer").get(f"/people/{nadia.id}")
    assert "By telephone: the locker is opened remotely" in seen
    assert "01 23 45 67 89" in seen
    assert "Incident" not in seen


def test_a_planned_suspension_is_shown_and_can_be_taken_back(office, worker):
    nadia, contract = office.holder()
    url, person = f"/contracts/{contract.id}", f"/people/{nadia.id}"
    assert f'href="{url}/resume"' not in worker.get(person)
    with office.database.writing() as session:
        service.suspend(
            session, contract.id, reason="works", from_on=date(2026, 6, 20), review_on=date(2026, 7, 10), actor="t",
            now=office.now,
        )  # fmt: skip
    page = worker.get(person)
    assert "Will be suspended from" in page
    assert f'href="{url}/resume"' in page
    assert "Take the planned suspension back" in worker.get(f"{url}/resume")
    assert "The planned suspension was taken back" in worker.send(f"{url}/resume")
    assert "Will be suspended from" not in worker.get(person)


@pytest.mark.parametrize(
    ("language", "planned", "withdrawn"),
    [
        ("en", "Contract suspended from 20 June 2026", "Suspension planned for 20 June 2026 taken back"),
        ("fr", "Contrat suspendu à partir du 20 juin 2026", "Suspension prévue le 20 juin 2026 annulée"),
        (
            "pt",
            "Contrato suspenso a partir de 20 de junho de 2026",
            "Suspensão prevista para 20 de junho de 2026 anulada",
        ),
    ],
)
def test_what_happened_lately_says_from_which_day_a_suspension_is_planned(office, worker, language, planned, withdrawn):
    _nadia, contract = office.holder()
    worker.client.cookies.set("casier_language", language)
    with office.database.writing() as session:
        service.suspend(
            session, contract.id, reason="works", from_on=date(2026, 6, 20), review_on=date(2026, 7, 10), actor="t",
            now=office.now,
        )  # fmt: skip
    assert f"<div>{planned}<br>" in worker.get("/lockers/montreuil-1/1")
    worker.get(f"/contracts/{contract.id}/resume")
    worker.send(f"/contracts/{contract.id}/resume")
    page = worker.get("/lockers/montreuil-1/1")
    assert f"<div>{planned}<br>" in page
    assert f"<div>{withdrawn}<br>" in page


def test_the_sheet_tells_a_suspension_that_was_planned_from_one_that_began(office, worker):
    _nadia, contract = office.holder()
    sheet = f"/sheets/{contract.id}"
    with office.database.writing() as session:
        service.suspend(
            session, contract.id, reason="works", from_on=date(2026, 6, 20), review_on=date(2026, 7, 10), actor="t",
            now=office.now,
        )  # fmt: skip
    assert "Suspension planned" in (page := worker.get(sheet))
    assert "Contract suspended" not in page
    with office.database.writing() as session:
        service.resume(session, contract.id, actor="t", now=office.now)
    assert "Planned suspension taken back" in (page := worker.get(sheet))
    assert "Contract resumed" not in page


@pytest.mark.parametrize("path", ["people", "message", "how", "end"])
def test_a_volunteer_decides_nothing_about_contracts(office, path):
    _nadia, contract = office.holder()
    assert office.browser("volunteer").client.get(f"/contracts/{contract.id}/{path}").status_code == 403


def test_a_locker_is_ready_for_someone_else_in_one_tap(office, worker):
    _nadia, contract = office.holder()
    worker.get(f"/contracts/{contract.id}/end")
    worker.send(f"/contracts/{contract.id}/end", reason="agreed")
    worker.get(f"/contracts/{contract.id}/emptied")
    worker.send(f"/contracts/{contract.id}/emptied")
    office.now += DAY
    ready = "/lockers/montreuil-1/1/ready"
    page = office.browser(name="Omar").get(ready)
    assert "Confirm all of it" in page
    assert "It was cleaned" in page
    office.browsers[-1].send(ready, all="yes")
    assert "it can be given to someone" in office.browsers[-1].get(ready)


def test_where_no_locker_is_free_the_hand_over_leads_to_the_waiting_list(office, worker):
    assert "No locker is free right now." not in worker.get("/handover")
    for number in range(1, 7):
        office.holder(f"Holder {number}", number)
    paul = office.town.person("Paul")
    page = worker.get(f"/handover?person={paul.id}")
    assert "No locker is free right now." in page
    assert f'href="/waiting/new?person={paul.id}"' in page
    assert 'class="button button--wide"' not in page


def test_the_inventory_of_what_someone_who_died_left_is_begun_from_their_contract(office, worker):
    nadia, contract = office.holder()
    url = f"/contracts/{contract.id}/inventory"
    assert url not in worker.get(f"/people/{nadia.id}")
    with office.database.writing() as session:
        deaths.record(session, nadia.id, actor="test", now=NOON)
    assert url in worker.get(f"/people/{nadia.id}")
    worker.get(url)
    assert "Add what you find" in worker.send(url)
    worker.get(url)
    with office.database.writing() as session:
        service.confirm_emptied(session, contract.id, actor="test", now=NOON)
    assert "meanwhile" in worker.send(url)
