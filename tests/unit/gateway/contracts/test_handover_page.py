"""Handing over on the page: what the scheme asks is said there, and why a contract is made in spite of an exclusion."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest

from gateway.access.service import register_badge
from gateway.care import eligibility
from gateway.care.codes import Finding
from gateway.care.eligibility import Found
from gateway.contracts import service as contracts
from gateway.contracts.decisions import last_transition
from gateway.incidents import exclusions
from gateway.incidents.codes import IncidentKind
from gateway.lockers import service as lockers
from gateway.privacy import erasure
from gateway.schemes.codes import Service
from gateway.schemes.service import add_scheme, close_scheme, scheme_named
from gateway.schemes.terms import Terms
from tests.unit.gateway.luggage import conftest as desk
from tests.unit.gateway.town import NOON, TODAY, ZONE, Town

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
office = desk.office
Opened = Callable[[int], desk.Office]


def test_conditions_are_said_in_the_form_and_recorded_with_the_contract(town: Town, office: Opened) -> None:
    nadia = town.person("Nadia")
    with town.writing() as session:
        scheme = add_scheme(
            session, organisation_id=town.organisation_id, service=Service.LUGGAGE, name="Bags", actor="t", now=NOON
        )
    form: dict[str, Any] = {
        "person": nadia.id, "locker": f"{town.bank}/1", "starts_on": TODAY.isoformat(), "ends_on": "2026-12-31",
        "scheme": scheme.id, "badge_how": "none",
    }  # fmt: skip
    worker = office(NOON).as_role("worker")
    refused = worker.post("/handover", 422, **form)
    assert "The scheme asks for more" in refused
    assert "Lives in the town" in refused
    said: dict[str, Any] = {
        f"condition-{scheme.id}-lives_here": "met",
        f"condition-{scheme.id}-under_way": "met",
        f"condition-{scheme.id}-referred": "came_alone",
    }
    worker.post("/handover", **form, **said)
    with town.reading() as session:
        decided = eligibility.latest(session, nadia.id, scheme.id)
        assert decided is not None
        assert {one.condition: one.exception for one in decided.findings} == {
            "lives_here": None, "under_way": None, "referred": "came_alone",
        }  # fmt: skip


def test_what_was_decided_already_is_left_out_of_the_form_and_holds(town: Town, office: Opened) -> None:
    nadia = town.person("Nadia")
    [scheme] = _schemes(town, "Bags", service=Service.LUGGAGE)
    found = {"lives_here": Found(Finding.MET), "under_way": Found(Finding.MET)}
    with town.writing() as session:
        eligibility.decide(session, nadia.id, scheme, found, eligible=True, actor="t", now=NOON)
    form: dict[str, Any] = {
        "person": nadia.id, "locker": f"{town.bank}/1", "starts_on": TODAY.isoformat(), "ends_on": "2026-12-31",
        "scheme": scheme, "badge_how": "none", f"condition-{scheme}-referred": "met",
    }  # fmt: skip
    office(NOON).as_role("worker").post("/handover", **form)
    with town.reading() as session:
        assert [one.scheme_id for one in contracts.list_contracts(session, person_id=nadia.id, now=NOON).items] == [
            scheme
        ]


def test_a_contract_in_spite_of_an_exclusion_asks_why(town: Town, office: Opened) -> None:
    nadia = town.person("Nadia")
    worker = office(NOON).as_role("worker")
    with town.writing() as session:
        exclusions.exclude(
            session, person_id=nadia.id, site_id=town.site_id, from_on=TODAY, until_on=TODAY + timedelta(days=7),
            reason=IncidentKind.THREATS, actor=worker.staff_id, now=NOON,
        )  # fmt: skip
    form: dict[str, Any] = {
        "person": nadia.id, "locker": f"{town.bank}/1", "starts_on": TODAY.isoformat(), "ends_on": "2026-12-31",
        "scheme": "", "badge_how": "none",
    }  # fmt: skip
    refused = worker.post("/handover", 422, **form)
    assert "This person is excluded from this place then." in refused
    assert "Why a contract all the same" in refused
    worker.post("/handover", **form, despite_exclusion="accompanied")
    with town.reading() as session:
        made = contracts.list_contracts(session, person_id=nadia.id, now=NOON).items[0]
        recorded = last_transition(session, made.id)
        assert recorded is not None
        assert recorded.reason == "accompanied"


def test_what_safety_requires_to_know_of_another_place_is_read_before_a_locker_is_handed_over(
    town: Town, office: Opened
) -> None:
    nadia = town.person("Nadia")
    worker = office(NOON).as_role("worker")
    with town.writing() as session:
        elsewhere = lockers.site_named(
            session, "Bagnolet", organisation_id=town.organisation_id, zone=ZONE, actor="t", now=NOON
        )
        made = exclusions.exclude(
            session, person_id=nadia.id, site_id=elsewhere.id, from_on=TODAY, until_on=TODAY + timedelta(days=7),
            reason=IncidentKind.VIOLENCE, warns_elsewhere=True, actor=worker.staff_id, now=NOON,
        )  # fmt: skip
    said = "Stays away from Bagnolet until 22 June 2026"
    assert said in worker.page(f"/handover?person={nadia.id}")
    form: dict[str, Any] = {
        "person": nadia.id, "locker": f"{town.bank}/1", "starts_on": TODAY.isoformat(), "ends_on": "2026-12-31",
        "scheme": "", "badge_how": "none",
    }  # fmt: skip
    unread = worker.post("/handover", 422, **form)
    assert said in unread
    assert "Read it below, then hand over." in unread
    assert f'<input type="hidden" name="told" value="{made.id}">' in unread
    with town.reading() as session:
        assert contracts.list_contracts(session, person_id=nadia.id, now=NOON).items == []
    worker.post("/handover", **form, told=made.id)
    with town.reading() as session:
        assert len(contracts.list_contracts(session, person_id=nadia.id, now=NOON).items) == 1


def test_an_exclusion_of_another_place_that_safety_does_not_require_to_know_is_not_told(
    town: Town, office: Opened
) -> None:
    nadia = town.person("Nadia")
    worker = office(NOON).as_role("worker")
    with town.writing() as session:
        elsewhere = lockers.site_named(
            session, "Bagnolet", organisation_id=town.organisation_id, zone=ZONE, actor="t", now=NOON
        )
        exclusions.exclude(
            session, person_id=nadia.id, site_id=elsewhere.id, from_on=TODAY, until_on=TODAY + timedelta(days=7),
            reason=IncidentKind.THEFT, actor=worker.staff_id, now=NOON,
        )  # fmt: skip
    assert "Stays away" not in worker.page(f"/handover?person={nadia.id}&locker={town.bank}/1")
    worker.post(
        "/handover", person=nadia.id, locker=f"{town.bank}/1", starts_on=TODAY.isoformat(), ends_on="2026-12-31",
        scheme="", badge_how="none",
    )  # fmt: skip


def _schemes(town: Town, *names: str, organisation_id: str = "", **more: Any) -> list[str]:
    with town.writing() as session:
        of = organisation_id or town.organisation_id
        more = {"service": Service.LOCKERS, "actor": "t", "now": NOON} | more
        return [add_scheme(session, organisation_id=of, name=name, **more).id for name in names]


def test_the_schemes_to_choose_from_are_of_the_person_s_organisation_and_none_is_for_tools(
    town: Town, office: Opened
) -> None:
    nadia = town.person("Nadia")
    with town.writing() as session:
        other = lockers.organisation_named(session, "Autre", actor="t", now=NOON).id
    [others] = _schemes(town, "Abri", organisation_id=other)
    mine, _ = _schemes(town, "Casiers", "Nuit")
    [tools] = _schemes(town, "Atelier", service=Service.TOOLS)
    operator = office(NOON).as_role("operator")
    shown = operator.page(f"/handover?person={nadia.id}")
    assert (mine in shown, others in shown, tools in shown) == (True, False, False)
    unchosen = operator.page("/handover")
    assert (others in unchosen, mine in unchosen, tools in unchosen) == (True, True, False)
    assert "Abri, Autre" in unchosen, "told apart by their organisations"


@pytest.mark.parametrize("role", ["worker", "operator"])
@pytest.mark.parametrize("asked", ["", "?person={person}"])
def test_where_several_schemes_fit_none_is_chosen_and_each_says_its_last_day(
    town: Town, office: Opened, role: str, asked: str
) -> None:
    nadia = town.person("Nadia")
    _schemes(town, "Bagagerie", terms=Terms(term_months=3))
    _schemes(town, "Casiers solidaires", terms=Terms(term_months=12))
    shown = office(NOON).as_role(role).page("/handover" + asked.format(person=nadia.id))
    assert shown.count('type="radio" name="scheme"') == 2
    assert " checked" not in shown
    assert "3 months · 15 June 2026 – 14 September 2026" in shown
    assert "12 months · 15 June 2026 – 14 June 2027" in shown
    assert 'id="ends_on" name="ends_on" type="date" value=""' in shown


def test_without_a_scheme_where_several_fit_nothing_is_made(town: Town, office: Opened) -> None:
    nadia = town.person("Nadia")
    bags, _ = _schemes(town, "Bagagerie", "Casiers solidaires", terms=Terms(term_months=3))
    form: dict[str, Any] = {"person": nadia.id, "locker": f"{town.bank}/1", "starts_on": "2026-06-20", "ends_on": ""}
    worker = office(NOON).as_role("worker")
    refused = worker.post("/handover", 422, **form)
    assert '<p class="field__error" id="scheme-error">' in refused
    with town.reading() as session:
        assert contracts.list_contracts(session, person_id=nadia.id, now=NOON).items == []
    worker.post("/handover", **form, scheme=bags)
    with town.reading() as session:
        made = contracts.list_contracts(session, person_id=nadia.id, now=NOON).items[0]
        assert (made.scheme_id, made.ends_on) == (bags, date(2026, 9, 19)), "the scheme's last day"


def test_the_only_scheme_is_chosen_with_its_last_day(town: Town, office: Opened) -> None:
    [only] = _schemes(town, "Casiers solidaires", terms=Terms(term_months=6))
    shown = office(NOON).as_role("worker").page("/handover")
    assert f'<input type="hidden" name="scheme" value="{only}">' in shown
    assert 'name="ends_on" type="date" value="2026-12-14"' in shown


def test_a_refusal_about_a_field_that_is_not_on_the_page_is_said_above_the_form(town: Town, office: Opened) -> None:
    nadia = town.person("Nadia")
    _open, closed = _schemes(town, "Casiers", "Nuit")
    with town.writing() as session:
        close_scheme(session, closed, actor="t", now=NOON)
    form: dict[str, Any] = {"person": nadia.id, "locker": f"{town.bank}/1", "starts_on": TODAY.isoformat()}
    refused = office(NOON).as_role("worker").post("/handover", 422, **form, ends_on="2026-12-31", scheme=closed)
    notice = refused[refused.index('id="problems"') : refused.index("<form class", refused.index('id="problems"'))]
    assert "This scheme takes no new contracts. Choose another one." in notice
    assert "marked below" not in notice


def test_conditions_stand_under_the_scheme_that_asks_them(town: Town, office: Opened) -> None:
    bags, others = _schemes(town, "Bags", "Left bags", service=Service.LUGGAGE)
    shown = office(NOON).as_role("worker").page("/handover")
    places = [shown.index(text) for text in (
        f'value="{bags}"', f'name="condition-{bags}-lives_here"', f'value="{others}"',
        f'name="condition-{others}-lives_here"',
    )]  # fmt: skip
    assert places == sorted(places)


def test_nobody_whose_file_was_erased_is_there_to_choose(town: Town, office: Opened) -> None:
    here, gone = town.person("Nadia"), town.person("Omar")
    worker = office(NOON).as_role("worker")
    with town.writing() as session:
        erasure.erase(session, gone.id, actor="test", now=NOON)
    shown = worker.page("/handover")
    assert (here.id in shown, gone.id in shown) == (True, False)


def test_badges_in_stock_are_offered_where_the_locker_is(town: Town, office: Opened) -> None:
    """A badge of another place would be refused, and may bear the same number."""
    here = town.badge()
    with town.writing() as session:
        site = lockers.site_named(
            session, "Lille", organisation_id=town.organisation_id, zone="Europe/Paris", actor="t", now=NOON
        )
        lockers.add_bank(session, bank_id="lille-1", site_id=site.id, name="Lille 1", actor="t", now=NOON)
        lockers.add_lockers(session, "lille-1", [1], actor="t", now=NOON)
        there = register_badge(
            session, town.keystore, site_id=site.id, number="em4100:00000000AA", label=here.label, actor="t", now=NOON
        )
    worker = office(NOON).as_role("worker")
    for locker, badges in ((f"{town.bank}/1", [here.id]), ("lille-1/1", [there.id])):
        shown = worker.page(f"/handover?locker={locker}")
        assert [badge.id for badge in (here, there) if badge.id in shown] == badges
    unchosen = worker.page("/handover")
    assert f'value="{here.id}">Montreuil, {here.label}<' in unchosen
    assert f'value="{there.id}">Lille, {there.label}<' in unchosen


@pytest.mark.parametrize("typed", ["9999-12-31", "0001-01-01", "nonsense"])
def test_a_first_day_that_is_no_day_of_ours_is_marked_and_the_form_comes_back(
    town: Town, office: Opened, typed: str
) -> None:
    for service in (Service.LUGGAGE, Service.LOCKERS):
        with town.writing() as session:
            add_scheme(
                session, organisation_id=town.organisation_id, service=service, name=service, actor="t", now=NOON
            )
    page = office(NOON).as_role("worker").post("/handover", 422, locker=f"{town.bank}/1", starts_on=typed)
    assert "Please give a date" in page
    assert f'value="{typed}"' in page


def test_no_contract_is_made_where_the_only_scheme_is_closed(town: Town, office: Opened) -> None:
    town.assign(town.person("Paul"), 2)
    nadia = town.person("Nadia")
    with town.writing() as session:
        close_scheme(session, scheme_named(session, town.organisation_id, now=NOON).id, actor="t", now=NOON)
    form: dict[str, Any] = {
        "person": nadia.id, "locker": f"{town.bank}/1", "starts_on": TODAY.isoformat(), "ends_on": "2026-12-31",
        "badge_how": "none",
    }  # fmt: skip
    refused = office(NOON).as_role("worker").post("/handover", 422, **form)
    assert "This scheme takes no new contracts" in refused
    with town.reading() as session:
        assert not contracts.list_contracts(session, person_id=nadia.id, now=NOON).items
