"""The tool library by API and on screen, as a librarian, a worker and others."""

from collections.abc import Callable

import pytest

from gateway.lockers import service as places
from gateway.schemes.codes import Service
from gateway.schemes.service import add_scheme
from gateway.staff import service as accounts
from tests.unit.gateway.loans.library import LOCKER, Library, at
from tests.unit.gateway.luggage.conftest import Office
from tests.unit.gateway.town import NOON, TODAY

# What the services do is tried on both databases; here it is what is asked and shown.
pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)

Opened = Callable[[int], Office]
LAST = "2026-06-30"


def test_a_loan_from_planning_to_the_shelf_by_api(library: Library, office: Opened) -> None:
    librarian = office(NOON).as_role("librarian")
    url = f"/tool-libraries/{library.scheme_id}"
    assert [one["name"] for one in librarian.api("GET", f"{url}/members", 200)["items"]] == ["Samira"]
    made = librarian.api(
        "POST", f"{url}/loans", 201, membership_id=library.member.id, kit_id=library.kit_id,
        place={"bank": library.town.bank, "number": LOCKER}, note="the long ladder",
    )  # fmt: skip
    assert (made["state"], made["due_at"], made["place"]["number"]) == ("planned", at(22, 18), LOCKER)
    loan = f"/loans/{made['id']}"
    assert librarian.api("POST", f"{loan}/hand-over", 200)["state"] == "out"
    assert librarian.api("POST", f"{loan}/extend", 200, due_on=LAST)["extensions"] == 1
    assert librarian.api("POST", f"{loan}/cancel", 409)["code"] == "taken"
    one, other = [item["tool_id"] for item in made["items"]]
    back = librarian.api("POST", f"{loan}/take-back", 200, tools=[{"tool_id": one, "condition": "damaged"}])
    assert back["state"] == "out"
    assert librarian.api("POST", f"{loan}/take-back", 200, tools=[{"tool_id": other}])["state"] == "returned"
    assert librarian.api("GET", f"{url}/loans", 200)["items"] == []
    assert len(librarian.api("GET", f"{url}/loans?running=false", 200)["items"]) == 1


def test_reminders_and_limits_by_api(library: Library, office: Opened) -> None:
    loan = library.taken(0)
    librarian = office(at(19, 10)).as_role("librarian")
    url = f"/tool-libraries/{library.scheme_id}"
    assert [one["kind"] for one in librarian.api("GET", f"{url}/reminders", 200)["items"]] == ["due_soon"]
    librarian.api("POST", f"/loans/{loan.id}/remind", 200, how="phone")
    assert librarian.api("GET", f"{url}/reminders", 200)["items"] == []
    stock = librarian.api("POST", f"{url}/consumables", 201, name="Filler", unit="kg", low_at=2)
    assert librarian.api("GET", f"{url}/attention", 200)["items"][0]["limit"] == "stock_low"
    moved = librarian.api("POST", f"/consumables/{stock['id']}/moves", 200, quantity=9, why="bought", cents=900)
    assert moved["stock"] == 9


def test_a_worker_follows_projects_and_a_librarian_does_not_see_them(library: Library, office: Opened) -> None:
    opened = office(NOON)
    worker, librarian = opened.as_role("worker"), opened.as_role("librarian")
    url = f"/tool-libraries/{library.scheme_id}"
    made = worker.api(
        "POST", f"{url}/projects", 201, membership_id=library.member.id, kind="painting", title="Bedroom",
        asked_on=str(TODAY), surface_dm2=1_200, cost_cents=130_000,
    )  # fmt: skip
    assert made["undecided"] == ["contract_signed", "furniture_cleared"]
    project = f"/projects/{made['id']}"
    assert worker.api("POST", f"{project}/start", 409, on=str(TODAY))["conditions"] == made["undecided"]
    worker.api("POST", f"/memberships/{library.member.id}/conditions", 200, condition="contract_signed", outcome="met")
    worker.api(
        "POST", f"{project}/conditions", 200, condition="furniture_cleared", outcome="excepted", exception="health"
    )
    assert worker.api("POST", f"{project}/start", 200, on=str(TODAY))["undecided"] == []
    figures = worker.api("GET", f"{url}/project-figures?first={TODAY}&last={TODAY}", 200)
    assert (figures["count"], figures["mean_cost_cents"]) == (1, 130_000)
    for method, path in (("GET", f"{url}/projects"), ("POST", f"{project}/finish"), ("GET", "/people")):
        assert librarian.api(method, path, 403, on=str(TODAY))["code"] == "role"


def test_attendance_by_api(library: Library, office: Opened) -> None:
    librarian = office(NOON).as_role("librarian")
    action = librarian.api(
        "POST", f"/tool-libraries/{library.scheme_id}/actions", 201, site_id=library.town.site_id, kind="workshop",
        title="Wallpaper", starts_at=at(20, 9), ends_at=at(20, 12),
    )  # fmt: skip
    seen = librarian.api(
        "POST", f"/actions/{action['id']}/attendance", 200, membership_id=library.member.id, presence="present"
    )
    assert seen["attendances"] == [{"membership_id": library.member.id, "presence": "present"}]


def test_another_organisation_sees_nothing_of_the_library(library: Library, office: Opened) -> None:
    loan = library.taken(0)
    librarian = office(NOON).as_role("librarian")
    with library.town.writing() as session:
        other = places.organisation_named(session, "Elsewhere", actor="test", now=NOON)
        accounts.staff_of(session, librarian.staff_id).organisation_id = other.id
    librarian.api("GET", f"/tool-libraries/{library.scheme_id}/loans", 404)
    librarian.api("GET", f"/loans/{loan.id}", 404)
    librarian.api("POST", f"/tools/{library.tools[0].id}/retire", 404, why="lost")
    librarian.page(f"/tools/loans/{loan.id}", 404)


def test_a_loan_through_a_locker_says_which_one_until_the_tools_are_back(library: Library, office: Opened) -> None:
    loan = library.plan(0, place=library.place)
    worker = office(NOON).as_role("operator")
    page = worker.page(f"/tools/loans/{loan.id}")
    assert "Montreuil 1, 6" in page
    assert "badge opens it until the tools are back" in page
    refused = worker.post(f"/places/{library.town.bank}/{LOCKER}/no-tools", 422)
    assert f'href="/tools/{library.scheme_id}"' in refused
    worker.post(f"/tools/loans/{loan.id}/cancel")
    assert "badge opens it until" not in worker.page(f"/tools/loans/{loan.id}")


def test_lending_and_taking_back_at_the_desk_with_plain_forms(library: Library, office: Opened) -> None:
    opened = office(NOON)
    librarian, url = opened.as_role("librarian"), f"/tools/{library.scheme_id}"
    assert "Nothing is lent right now." in librarian.page(url)
    form = {"member": library.member.id, f"tool-{library.tools[0].id}": "1", "place": "", "due_on": ""}
    assert librarian.post(f"{url}/lend", **form) == f"{url}?done=lent"
    page = librarian.page(url)
    assert "P-1 Drill" in page
    assert "Samira" in page
    assert "promised to someone else" in librarian.post(f"{url}/lend", 422, **form)
    loan = page.split("/tools/loans/")[1].split('"')[0]
    assert "How" not in librarian.page(f"/tools/loans/{loan}")
    assert "Say of at least one tool" in librarian.post(f"/tools/loans/{loan}/back", 422)
    librarian.post(f"/tools/loans/{loan}/back", **{f"tool-{library.tools[0].id}": "worn"})
    assert "Nothing is lent right now." in librarian.page(url)


def test_a_member_of_another_library_borrows_nothing_at_this_one(library: Library, office: Opened) -> None:
    with library.town.writing() as session:
        other = add_scheme(
            session, organisation_id=library.town.organisation_id, service=Service.TOOLS, name="Other", actor="t",
            now=NOON,
        )  # fmt: skip
    librarian = office(NOON).as_role("librarian")
    form = {"member": library.member.id, f"tool-{library.tools[0].id}": "1"}
    assert "member of another tool library" in librarian.post(f"/tools/{other.id}/lend", 422, **form)
    refused = librarian.api(
        "POST", f"/tool-libraries/{other.id}/loans", 422, membership_id=library.member.id,
        tool_ids=[library.tools[0].id],
    )  # fmt: skip
    assert refused["code"] == "member_elsewhere"


def test_a_reason_to_lend_more_that_there_is_not_is_asked_for_again(library: Library, office: Opened) -> None:
    said = {"member": library.member.id, f"tool-{library.tools[0].id}": "yes", "over_limit": "because"}
    page = office(NOON).as_role("librarian").post(f"/tools/{library.scheme_id}/lend", 422, **said)
    assert "Please choose one." in page


def test_a_loan_through_the_locker_waits_for_the_badge(library: Library, office: Opened) -> None:
    librarian, url = office(NOON).as_role("librarian"), f"/tools/{library.scheme_id}"
    librarian.post(
        f"{url}/lend", member=library.member.id, kit=library.kit_id, place=f"{library.town.bank}/{LOCKER}",
        due_on="2026-06-18",
    )  # fmt: skip
    page = librarian.page(url)
    assert "Planned" in page
    assert "Choose at least one tool" in librarian.post(f"{url}/lend", 422, member=library.member.id)
    assert "does not work on that day" in librarian.post(
        f"{url}/lend", 422, member=library.member.id, kit=library.kit_id, due_on="2026-06-24"
    )
    loan = page.split("/tools/loans/")[1].split('"')[0]
    assert librarian.post(f"/tools/loans/{loan}/cancel") == f"{url}?done=loan_cancel"


def test_only_who_lends_sees_the_desk(library: Library, office: Opened) -> None:
    opened = office(NOON)
    for role in ("volunteer", "technician"):
        opened.as_role(role).page(f"/tools/{library.scheme_id}", 403)
    assert opened.as_role("worker").page("/tools", 303) == ""


def test_the_wall_and_its_own_page_show_a_tool_locker_as_one_and_not_as_free(library: Library, office: Opened) -> None:
    opened = office(NOON)
    librarian, technician = opened.as_role("librarian"), opened.as_role("technician")
    town, desk = library.town, f"/tools/{library.scheme_id}"
    seen = {one["number"]: one["occupancy"] for one in librarian.api("GET", "/lockers", 200)["items"]}
    assert (seen[LOCKER], seen[1]) == ("tools", "free")
    tile = librarian.page("/").split(f't-{town.bank}-{LOCKER}"')[1].split("</li>")[0]
    assert "#tools" in tile
    assert "Tool locker" in tile
    page = librarian.page(f"/lockers/{town.bank}/{LOCKER}")
    assert "A tool library lends from this locker" in page
    assert desk in page
    assert "Nobody has this locker" not in page
    assert desk not in technician.page(f"/lockers/{town.bank}/{LOCKER}")
