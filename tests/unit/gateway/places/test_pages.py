"""Places as pages without scripts: what is added and changed, whose it is, and who may."""

from collections.abc import Callable

import pytest
from sqlalchemy import select

from gateway.lockers import keys, roles, winding_down
from gateway.lockers import service as places
from gateway.lockers.models import Allotment, Locker, MechanicalKey, Site, Works
from gateway.schemes.codes import Service
from gateway.schemes.service import add_scheme
from gateway.staff import service as accounts
from tests.unit.gateway.luggage.conftest import Office
from tests.unit.gateway.town import DAY, NOON, TODAY, Town

# The services are tested on both databases.
pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)

Opened = Callable[[int], Office]


def test_an_organisation_a_place_a_block_and_its_lockers_are_added(town: Town, office: Opened) -> None:
    operator = office(NOON).as_role("operator")
    operator.post("/organisations", organisation_name="Secours populaire")
    with town.reading() as session:
        body = next(one for one in places.list_organisations(session) if one.name == "Secours populaire").id
    assert "No such time zone" in operator.post("/sites", 422, organisation=body, site_name="Lille", zone="Mars")
    operator.post("/sites", organisation=body, site_name="Lille", zone="Europe/Paris")
    again = operator.post("/sites", 422, organisation=town.organisation_id, site_name="Lille", zone="Europe/Paris")
    assert "There is a place of that name already" in again
    with town.reading() as session:
        site = session.scalars(select(Site.id).where(Site.name == "Lille")).one()
    operator.post("/blocks", site_id=site, block_id="lille-1", block_name="Room")
    assert "This code is taken" in operator.post("/blocks", 422, site_id=site, block_id="lille-1", block_name="Room")
    block = "/places/lille-1"
    form = {"first": "1", "last": "40", "size": "XL", "litres": "1000", "lock": "key", "since": "2018-10-15"}
    assert operator.post(f"{block}/lockers", **form) == f"{block}?done=place_changed"
    page = operator.page(block)
    assert "Locker 40" in page
    assert "1000 litres" in page
    assert "15 October 2018" in operator.page(f"{block}/7")
    assert "40 lockers in service" in operator.page("/places")


def test_owner_operator_and_charities_of_a_block(town: Town, office: Opened) -> None:
    operator, block = office(NOON).as_role("operator"), f"/places/{town.bank}"
    with town.writing() as session:
        city = places.organisation_named(session, "City", actor="t", now=NOON).id
        other = places.organisation_named(session, "Other", actor="t", now=NOON).id
    operator.post(f"{block}/give-role", organisation=city, role="owner")
    assert "has this role here" in operator.post(f"{block}/give-role", 422, organisation=other, role="owner")
    operator.post(f"{block}/give-role", organisation=other, role="support")
    operator.post(f"{block}/1/allot", organisation=other, until_on="2026-12-31")
    assert "kept for Other" in operator.page(block)
    assert "take it back first" in operator.post(f"{block}/take-role", 422, organisation=other, role="support")
    with town.reading() as session:
        allotment = session.scalars(select(Allotment.id)).one()
    operator.post(f"{block}/1/take-back", allotment=allotment)
    operator.post(f"{block}/take-role", organisation=other, role="support")
    with town.reading() as session:
        assert [one.role for one in roles.roles_at(session, town.bank)] == ["owner"]


def test_a_key_is_handed_over_comes_back_and_gives_way_to_a_badge(town: Town, office: Opened) -> None:
    operator, volunteer = office(NOON).as_role("operator"), office(NOON).as_role("volunteer")
    door = f"/places/{town.bank}/2"
    operator.post(f"{door}/lock", lock="key")
    operator.post(f"{door}/key", key_number="A 17")
    assert "no two keys" in operator.post(f"{door}/key", 422, key_number="A 17")
    contract = town.assign(town.person("Nadia"), number=2)
    other = town.assign(town.person("Ali"), number=3)
    with town.reading() as session:
        key = session.scalars(select(MechanicalKey.id)).one()
    assert "Hand it to Nadia" in volunteer.page(door)
    assert "no locker that the key opens" in volunteer.post(f"/keys/{key}/hand-over", 422, contract=other.id)
    assert volunteer.post(f"/keys/{key}/hand-over", contract=contract.id) == f"{door}?done=key_hand-over"
    assert "key handed over" in volunteer.page(f"/places/{town.bank}")
    volunteer.post(f"/keys/{key}/lost")
    assert "lost" in volunteer.page(door)
    volunteer.post(f"/keys/{key}/take-back")
    volunteer.post(f"{door}/retire-key", 403, key_id=key)
    operator.post(f"{door}/lock", lock="badge")
    with town.reading() as session:
        assert places.locker_of(session, town.bank, 2).lock == "badge"
        assert keys.keys_of(session, town.bank) == []


def test_works_and_giving_up_list_who_must_move_and_are_taken_back(town: Town, office: Opened) -> None:
    operator, block = office(NOON).as_role("operator"), f"/places/{town.bank}"
    town.assign(town.person("Nadia"), number=2)
    assert "Nadia" not in operator.page(block)
    assert "Please give a date" in operator.post(f"{block}/2/works", 422, first_on="soon", last_on="", reason="repair")
    operator.post(f"{block}/2/works", first_on="2026-07-01", last_on="2026-07-03", reason="repair")
    page = operator.page(block)
    assert "Nadia" in page
    assert "from 1 July 2026 to 3 July 2026" in page
    assert "Nadia" not in office(NOON).as_role("technician").page(block)
    with town.reading() as session:
        works = session.scalars(select(Works)).one()
        assert works.locker_id == places.locker_of(session, town.bank, 2).id
    operator.post(f"{block}/2/end-works", works=works.id)
    assert "Nadia" not in operator.page(block)
    operator.post(f"{block}/wind-down", closes_on=TODAY.replace(month=9).isoformat())
    assert "it takes no new contracts" in operator.page(block)
    assert "Closes: 15 September 2026" in operator.page("/places")
    with town.reading() as session:
        assert len(winding_down.to_move(session, NOON, bank_id=town.bank)) == 1
    operator.post(f"{block}/keep")
    assert "it takes no new contracts" not in operator.page(block)


def test_a_locker_is_measured_and_taken_out_for_good_only_when_nobody_has_it(town: Town, office: Opened) -> None:
    operator = office(NOON).as_role("operator")
    town.assign(town.person("Nadia"), number=2)
    operator.post(f"/places/{town.bank}/2/size", size="M", litres="300")
    assert "300 litres" in operator.page(f"/places/{town.bank}/2")
    for step, said in (("retire", {}), ("lock", {"lock": "key"})):
        refused = operator.post(f"/places/{town.bank}/2/{step}", 422, **said)
        assert "Someone has this locker, or will have it. Move or end that contract first." in refused
        assert "Choose another locker" not in refused
    operator.post(f"/places/{town.bank}/3/retire")
    operator.page(f"/places/{town.bank}/3", 404)
    assert "Taken out for good (1)" in operator.page(f"/places/{town.bank}")
    with town.reading() as session:
        assert session.scalars(select(Locker).where(Locker.number == 3)).one().retired_at == NOON


def test_a_locker_nobody_has_seen_empty_is_neither_taken_out_nor_lends_tools_and_the_refusal_says_what_to_do(
    town: Town, office: Opened
) -> None:
    town.assign(town.person("Nadia"), number=2, ends_on=TODAY)
    with town.writing() as session:
        library = add_scheme(
            session, organisation_id=town.organisation_id, service=Service.TOOLS, name="Tools", actor="t", now=NOON
        )
    operator, door = office(NOON + 40 * DAY).as_role("operator"), f"/places/{town.bank}/2"
    url = f"/lockers/{town.bank}/2"
    refused = operator.post(f"{door}/retire", 422)
    assert "Look into it, then confirm that on its page." in refused
    assert f'href="{url}/ready"' in refused
    assert "Nobody has confirmed yet" in operator.post(f"{door}/tools", 422, library=library.id)
    assert "once somebody has seen that it is empty and clean" in operator.page(url)
    told = operator.api("POST", f"{url}/retire", 409)
    assert (told["code"], "look, then confirm it" in told["detail"]) == ("locker_not_empty", True)
    told = operator.api("POST", f"{url}/tools", 409, library_id=library.id)
    assert (told["code"], "look, then confirm it" in told["detail"]) == ("locker_not_ready", True)
    assert "Nadia" in operator.page("/safekeeping")
    operator.post(f"{url}/ready", empty="yes")
    assert operator.post(f"{door}/retire") == f"/places/{town.bank}?done=place_changed"


def test_who_does_not_run_a_block_reads_and_changes_nothing(town: Town, office: Opened) -> None:
    opened = office(NOON)
    worker, operator = opened.as_role("worker"), opened.as_role("operator")
    block = f"/places/{town.bank}"
    assert "Give this block up" not in worker.page(block)
    worker.post(f"{block}/wind-down", 403)
    with town.writing() as session:
        other = places.organisation_named(session, "Elsewhere", actor="t", now=NOON).id
        accounts.staff_of(session, operator.staff_id).organisation_id = other
    operator.page(block, 404)
    operator.post(f"{block}/wind-down", 404)
    assert "Montreuil" not in operator.page("/places")
    with town.writing() as session:
        roles.give_role(session, town.bank, other, roles.Role.SUPPORT, actor="t", now=NOON)
    assert "Give this block up" not in operator.page(block)
    operator.post(f"{block}/wind-down", 403)
    operator.post("/sites", 403, organisation=town.organisation_id, site_name="Theirs", zone="Europe/Paris")


def test_the_page_of_the_rest_leads_only_where_one_may_go(town: Town, office: Opened) -> None:
    opened = office(NOON)
    assert "/tools" in opened.as_role("librarian").page("/more")
    technician = opened.as_role("technician").page("/more")
    assert "/places" in technician
    assert "/reports" not in technician
