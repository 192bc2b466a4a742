"""Safekeeping, the desk and the sheet as pages without scripts, and as the API; each role does what it may."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from gateway.contracts.models import Contract
from gateway.custody import service as custody
from gateway.custody.codes import Step
from gateway.custody.used import note_badges
from gateway.lockers.service import locker_of, organisation_named
from gateway.schemes.codes import Every
from gateway.schemes.terms import Contribution
from gateway.staff.models import Staff
from tests.unit.gateway.luggage.conftest import Office
from tests.unit.gateway.town import DAY, NOON, TODAY, Town

OVER = NOON + 16 * DAY
Opened = Callable[[int], Office]
# The services are tested on both databases.
pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


def test_custody_goes_step_by_step_over_plain_forms_and_can_be_left_in_the_middle(town: Town, office: Opened) -> None:
    contract = town.assign(town.person("Nadia"), number=4, ends_on=TODAY)
    worker = office(OVER).as_role("worker")
    assert "Nadia" in worker.page("/safekeeping")
    bag = worker.post("/safekeeping", contract=contract.id)
    worker.post(f"{bag}/thing", kind="papers", quantity="2", description="a blue folder")
    refused = worker.post(f"{bag}/thing", 422, kind="papers", quantity="many")
    assert "Please give a whole number" in refused
    # Tomorrow someone goes on where it stopped.
    assert worker.post("/safekeeping", contract=contract.id) == bag
    assert "a blue folder" in worker.page(bag)
    assert "Say who was the witness." in worker.post(f"{bag}/witness", 422, witness="colleague")
    worker.post(f"{bag}/witness", witness="colleague", witness_name="Paul")
    worker.post(f"{bag}/store", place="Shelf 3")
    page = worker.page(bag)
    assert "D-0001" in page
    assert "Shelf 3" in page
    with town.reading() as session:
        thing = custody.custody_of(session, bag.rpartition("/")[2]).things[0].id
    assert "Tick what is given back." in worker.post(f"{bag}/give-back", 422, recipient="holder")
    assert "choose it line by line" in worker.post(f"{bag}/dispose", 422, reason="asked_by_holder")
    worker.post(f"{bag}/give-back", recipient="holder", **{f"thing-{thing}": "yes"})
    with town.reading() as session:
        assert custody.step_of(custody.custody_of(session, bag.rpartition("/")[2])) is Step.CLOSED


def test_what_somebody_unknown_left_is_taken_out_from_the_list_and_from_the_lockers_page(
    town: Town, office: Opened
) -> None:
    for number in (4, 5):
        with town.writing() as session:
            note_badges(session, {locker_of(session, town.bank, number).id: {"cd" * 16}}, NOON)
    worker = office(OVER).as_role("worker")
    assert "Not known whose" in worker.page("/safekeeping")
    assert f'name="nobodys" value="{town.bank}/4"' in worker.page(f"/lockers/{town.bank}/4/ready")
    bag = worker.post("/safekeeping", nobodys=f"{town.bank}/4")
    assert "Not known whose" in worker.page(bag)
    assert "Not known whose" in worker.page("/safekeeping")
    begun = worker.api("POST", f"/lockers/{town.bank}/5/custodies", 201)
    assert (begun["contract_id"], begun["step"]) == (None, "inventory")
    assert bag in worker.page(f"/lockers/{town.bank}/4/ready")


def test_the_list_says_that_a_locker_to_be_emptied_has_gone_to_someone_else(town: Town, office: Opened) -> None:
    former = town.assign(town.person("Nadia"), number=4, ends_on=TODAY)
    gateway = office(OVER)
    worker = gateway.as_role("worker")
    worker.post(f"/lockers/{town.bank}/4/ready", all="yes")
    first = TODAY + timedelta(16)
    town.assign(town.person("Paul"), number=4, starts_on=first, ends_on=first + timedelta(90), now=OVER)
    with town.reading() as session:
        locker = locker_of(session, town.bank, 4).id
    refused = worker.post("/safekeeping", 422, contract=former.id, locker=locker)
    assert "Someone else has this locker now, or had it since: what is inside is theirs." in refused


def test_a_locker_is_confirmed_ready_on_its_page_and_free_on_the_wall_then(town: Town, office: Opened) -> None:
    town.assign(town.person("Nadia"), number=4, ends_on=TODAY)
    volunteer = office(OVER).as_role("volunteer")
    ready = f"/lockers/{town.bank}/4/ready"
    assert ready in volunteer.page(f"/lockers/{town.bank}/4")
    assert "Tick what you have seen yourself." in volunteer.post(ready, 422)
    volunteer.post(ready, empty="yes", cleaned="yes")
    assert volunteer.api("GET", f"/lockers/{town.bank}/4/readiness", 200)["lacking"] == ["lock"]
    wall = {one["number"]: one["occupancy"] for one in volunteer.api("GET", "/lockers", 200)["items"]}
    assert (wall[4], wall[5]) == ("to_empty", "free")
    volunteer.post(ready, lock="yes")
    wall = {one["number"]: one["occupancy"] for one in volunteer.api("GET", "/lockers", 200)["items"]}
    assert wall[4] == "free"
    assert "can be given to someone" in volunteer.page(ready)


def test_a_locker_that_was_used_by_somebody_not_known_here_says_so_until_somebody_has_looked(
    town: Town, office: Opened
) -> None:
    with town.writing() as session:
        note_badges(session, {locker_of(session, town.bank, 4).id: {"ab" * 16}}, NOON)
    volunteer = office(NOON + DAY).as_role("volunteer")
    ready, why = f"/lockers/{town.bank}/4/ready", "Somebody used this locker who is not known here as its holder."
    door = volunteer.page(f"/lockers/{town.bank}/4")
    assert ready in door
    hand_over = f"/handover?locker={town.bank}/4"
    worker = office(NOON + DAY).as_role("worker")
    assert hand_over not in worker.page(f"/lockers/{town.bank}/4"), "it would be refused"
    wall = {one["number"]: one["occupancy"] for one in volunteer.api("GET", "/lockers", 200)["items"]}
    assert (wall[4], wall[5]) == ("to_empty", "free")
    assert why in volunteer.page(ready)
    assert volunteer.api("GET", f"/lockers/{town.bank}/4/readiness", 200)["used_at"] == NOON
    volunteer.post(ready, all="yes")
    assert why not in volunteer.page(ready)
    assert "can be given to someone" in volunteer.page(ready)
    assert hand_over in worker.page(f"/lockers/{town.bank}/4")
    assert volunteer.api("GET", f"/lockers/{town.bank}/4/readiness", 200)["used_at"] is None


def test_the_desk_is_opened_counts_and_is_closed(town: Town, office: Opened) -> None:
    contract = town.assign(town.person("Nadia"))
    volunteer = office(NOON).as_role("volunteer")
    volunteer.post("/desk/open", site=town.site_id, float="20,00")
    assert "Nadia" in volunteer.page("/desk")
    volunteer.post("/desk/services", service="shower")
    volunteer.post("/desk/services", service="shower")
    assert "Shower · 2" in volunteer.page("/desk")
    volunteer.post(f"/sheets/{contract.id}/in", kind="bag", quantity="2", description="red")
    assert "example 3.50" in volunteer.post("/desk/close", 422, counted="lots")
    assert volunteer.post("/desk/close", counted="19.50").startswith("/desk?done=")
    assert "-0.50" in volunteer.page("/desk")


def test_the_sheet_takes_things_in_and_out_and_contributions(town: Town, office: Opened) -> None:
    contract = town.assign(town.person("Nadia"))
    with town.writing() as session:
        found = session.get_one(Contract, contract.id)
        found.terms = found.terms.model_copy(update={"contribution": Contribution(cents=300, every=Every.YEAR)})
    volunteer = office(NOON).as_role("volunteer")
    sheet = f"/sheets/{contract.id}"
    volunteer.post(f"{sheet}/in", kind="bag", quantity="2", description="red")
    inside = volunteer.api("GET", sheet, 200)["inside"]
    volunteer.post(f"{sheet}/out", luggage=inside[0]["id"], how_many="1")
    volunteer.post(f"{sheet}/contribution")
    claim = volunteer.api("GET", sheet, 200)["claims"][0]
    assert claim["balance"]["owed"] == 300
    volunteer.post(f"{sheet}/receive", claim=claim["id"], means="cash")
    page = volunteer.page(sheet)
    assert "1 × Bag · red" in page
    assert "Received · 3.00" in page
    assert volunteer.api("GET", sheet, 200)["balance"]["owed"] == 0


def test_a_volunteer_waives_a_contribution_and_sees_no_note(town: Town, office: Opened) -> None:
    contract = town.assign(town.person("Nadia"))
    desk = office(NOON)
    worker, volunteer = desk.as_role("worker"), desk.as_role("volunteer")
    claim = worker.api(
        "POST", "/claims", 201, person_id=contract.person_id, contract_id=contract.id, kind="contribution", cents=300,
        note="lost their wallet",
    )  # fmt: skip
    volunteer.api("POST", f"/claims/{claim['id']}/waive", 201, reason="no_means")
    assert "lost their wallet" not in str(volunteer.api("GET", f"/sheets/{contract.id}", 200))
    assert "lost their wallet" not in volunteer.page(f"/sheets/{contract.id}")


def test_volunteers_decide_nothing_about_belongings_deposits_and_advances(town: Town, office: Opened) -> None:
    contract = town.assign(town.person("Nadia"), ends_on=TODAY)
    volunteer = office(OVER).as_role("volunteer")
    volunteer.page("/safekeeping", 403)
    for path in ("/custodies", "/claims", "/claims/x/refund", "/claims/x/forgive", "/receipts/x/void"):
        volunteer.api("POST", path, 403, contract_id=contract.id)


def test_the_whole_of_custody_over_the_api(town: Town, office: Opened) -> None:
    contract = town.assign(town.person("Nadia"), ends_on=TODAY)
    worker = office(OVER).as_role("worker")
    made = worker.api("POST", "/custodies", 201, contract_id=contract.id)
    here = f"/custodies/{made['id']}"
    worker.api("POST", f"{here}/things", 201, kind="clothing", quantity=2)
    food = worker.api("POST", f"{here}/things", 201, kind="food")
    slip = worker.api("POST", f"{here}/things", 201, kind="money")
    worker.api("POST", f"{here}/things/{slip['id']}/drop", 200)
    worker.api("POST", f"{here}/witness", 200, witness="photographs", photographs_kept="folder 7")
    assert worker.api("POST", f"{here}/store", 200, place="Shelf 1")["step"] == "keeping"
    worker.api("POST", f"{here}/place", 200, place="Shelf 2")
    worker.api("POST", f"{here}/keep-longer", 200, keep_until="2027-01-01")
    worker.api("POST", f"{here}/things/{food['id']}/dispose", 200, reason="perished")
    assert worker.api("POST", f"{here}/dispose", 409, reason="kept_long_enough")["code"] == "still_kept"
    assert worker.api("POST", f"{here}/give-back", 200, recipient="holder")["step"] == "closed"
    assert worker.api("GET", "/custodies?open=true", 200)["items"] == []
    assert len(worker.api("GET", f"/custodies?contract={contract.id}", 200)["items"]) == 1
    worker.api("POST", f"/lockers/{town.bank}/1/checks", 200, checks=["empty", "cleaned", "lock"])


def test_another_organisations_belongings_and_money_are_out_of_sight(town: Town, office: Opened) -> None:
    contract = town.assign(town.person("Nadia"))
    desk = office(NOON)
    worker, operator = desk.as_role("worker"), desk.as_role("operator")
    with town.writing() as session:
        other = organisation_named(session, "Another", actor="t", now=NOON)
        session.get_one(Staff, worker.staff_id).organisation_id = other.id
    claim = operator.api("POST", "/claims", 201, person_id=contract.person_id, kind="deposit", cents=500)
    worker.api("GET", f"/claims/{claim['id']}", 404)
    worker.api("GET", f"/sheets/{contract.id}", 404)
    worker.api("POST", "/luggage", 404, contract_id=contract.id, kind="bag")
    assert worker.api("GET", "/claims", 200)["items"] == []
    assert len(operator.api("GET", "/claims", 200)["items"]) == 1
