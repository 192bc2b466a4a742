"""Charities that share a bank: each sees its own people, and elsewhere only that a locker is occupied."""

import asyncio
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import httpx
import pytest

from gateway.access.keystore import Keystore
from gateway.contracts import service as contracts
from gateway.contracts.models import Contract, Notice
from gateway.db import Database, new_id
from gateway.errors import ForbiddenError, GatewayError
from gateway.loans import members
from gateway.lockers import service as lockers
from gateway.lockers.allotments import allot
from gateway.lockers.roles import Role, give_role
from gateway.lockers.wall import LockerView, banks
from gateway.lockers.wall import lockers as wall_lockers
from gateway.people import service as people
from gateway.people.models import Person
from gateway.schemes.codes import Service
from gateway.schemes.service import add_scheme
from gateway.settings import Settings
from gateway.staff import service as accounts
from gateway.staff.rights import Right
from gateway.staff.scope import require_organisation, require_own
from tests.one_app import one_app
from tests.unit.gateway.town import NOON, TODAY, Town, found_town


@dataclass
class Shared:
    """The town's bank run by its own organisation; two charities with a locker each, one person each."""

    town: Town
    first: str
    second: str
    person: Person
    contract: Contract

    def view(self, organisation_id: str | None, number: int) -> LockerView:
        with self.town.reading() as session:
            found = wall_lockers(session, lambda _bank: True, now=NOON, organisation_id=organisation_id)
        return next(one for one in found if one.number == number)

    def refusal(self, organisation_id: str | None, right: Right, *, changing: bool = False, **named: str) -> str | None:
        with self.town.reading() as session:
            try:
                require_own(session, organisation_id, named, right=right, changing=changing, now=NOON)
            except GatewayError as error:
                return f"{type(error).__name__}:{error.code}"
        return None


def share(town: Town) -> Shared:
    with town.writing() as session:
        ids = []
        for number, name in ((3, "Secours"), (4, "Croix")):
            made = lockers.organisation_named(session, name, actor="t", now=NOON)
            give_role(session, town.bank, made.id, Role.SUPPORT, actor="t", now=NOON)
            allot(session, town.bank, number, organisation_id=made.id, actor="t", now=NOON)
            ids.append(made.id)
        person = people.add_person(session, organisation_id=ids[0], name="Nadia", actor="t", now=NOON)
        contract = contracts.assign(
            session, person_id=person.id, bank_id=town.bank, number=3, starts_on=TODAY, ends_on=date(2026, 12, 31),
            actor="t", now=NOON,
        )  # fmt: skip
    return Shared(town, ids[0], ids[1], person, contract)


@pytest.fixture
def shared(town: Town) -> Shared:
    return share(town)


def test_a_charity_sees_its_own_locker_in_full(shared: Shared) -> None:
    view = shared.view(shared.first, 3)
    assert (view.contract_id, view.person_id, view.occupancy) == (shared.contract.id, shared.person.id, "occupied")
    assert shared.view(shared.second, 4).occupancy == shared.view(None, 4).occupancy


def test_elsewhere_a_charity_sees_occupied_and_nothing_more(shared: Shared) -> None:
    for organisation, number in ((shared.second, 3), (shared.first, 4)):
        view = shared.view(organisation, number)
        assert (view.state, view.occupancy, view.door) == ("occupied", "occupied", "unknown")
        assert {view.contract_id, view.person_id, view.contract_state, view.collect_until, view.last_opened_at} == {
            None
        }


def test_whoever_runs_the_bank_sees_its_doors_but_no_one_s_contract(shared: Shared) -> None:
    view = shared.view(shared.town.organisation_id, 3)
    assert (view.occupancy, view.contract_id, view.person_id) == ("occupied", None, None)
    assert (view.online, view.door) == (shared.view(None, 3).online, shared.view(None, 3).door)


def test_an_organisation_without_a_role_sees_no_locker_of_the_bank(shared: Shared) -> None:
    with shared.town.writing() as session:
        stranger = lockers.organisation_named(session, "Elsewhere", actor="t", now=NOON).id
        assert wall_lockers(session, lambda _bank: True, now=NOON, organisation_id=stranger) == []
        assert banks(session, lambda _bank: True, organisation_id=stranger) == []
    assert shared.refusal(stranger, Right.SEE_LOCKERS, bank=shared.town.bank) == "NotFoundError:bank"


def test_files_of_another_organisation_are_not_found(shared: Shared) -> None:
    badge = shared.town.badge(shared.person)
    for name, value in (("person_id", shared.person.id), ("contract_id", shared.contract.id), ("badge_id", badge.id)):
        assert shared.refusal(shared.second, Right.SEE_PEOPLE, **{name: value}) == f"NotFoundError:{name[:-3]}"
        assert shared.refusal(shared.first, Right.SEE_PEOPLE, **{name: value}) is None
        assert shared.refusal(None, Right.SEE_PEOPLE, **{name: value}) is None


def test_what_belongs_to_a_contract_or_a_person_is_out_of_sight_with_them(shared: Shared) -> None:
    with shared.town.writing() as session:
        notice = Notice(id=new_id(NOON), contract_id=shared.contract.id, why="other", left_by="t", left_at=NOON)
        session.add(notice)
    assert shared.refusal(shared.second, Right.SEE_PEOPLE, notice_id=notice.id) == "NotFoundError:notice"
    assert shared.refusal(shared.first, Right.SEE_PEOPLE, notice_id=notice.id) is None
    assert shared.refusal(shared.first, Right.SEE_PEOPLE, notice_id="unknown") is None


def test_sites_without_a_role_are_out_of_sight(shared: Shared) -> None:
    with shared.town.writing() as session:
        stranger = lockers.organisation_named(session, "Elsewhere", actor="t", now=NOON).id
    assert shared.refusal(stranger, Right.SEE_LOCKERS, site=shared.town.site_id) == "NotFoundError:site"
    assert shared.refusal(shared.first, Right.SEE_LOCKERS, site=shared.town.site_id) is None


def test_a_locker_kept_for_others_is_not_opened_by_a_charity_but_by_whoever_runs_the_bank(shared: Shared) -> None:
    def opening(organisation_id: str, number: int) -> str | None:
        return shared.refusal(organisation_id, Right.OPEN, changing=True, bank=shared.town.bank, number=str(number))

    assert opening(shared.first, 3) is None
    assert opening(shared.second, 3) == "ForbiddenError:organisation"
    assert opening(shared.first, 4) == "ForbiddenError:organisation"
    assert opening(shared.town.organisation_id, 3) is None


def test_a_locker_of_tools_is_opened_by_its_library_and_by_whoever_runs_the_bank(shared: Shared) -> None:
    with shared.town.writing() as session:
        scheme = add_scheme(
            session, organisation_id=shared.first, service=Service.TOOLS, name="Outils", actor="t", now=NOON
        )
        members.lend_from(session, shared.town.bank, 6, scheme_id=scheme.id, actor="t", now=NOON)

    def opening(organisation_id: str) -> str | None:
        return shared.refusal(organisation_id, Right.OPEN, changing=True, bank=shared.town.bank, number="6")

    assert opening(shared.first) is None
    assert opening(shared.second) == "ForbiddenError:organisation"
    assert opening(shared.town.organisation_id) is None


def test_only_whoever_runs_a_bank_changes_it_or_reads_its_events(shared: Shared) -> None:
    bank = shared.town.bank
    for right in (Right.PLACES, Right.RECONCILE, Right.SEE_EVENTS):
        assert shared.refusal(shared.first, right, changing=True, bank=bank) == "ForbiddenError:organisation"
        assert shared.refusal(shared.town.organisation_id, right, changing=True, bank=bank) is None
    assert shared.refusal(shared.town.organisation_id, Right.SEE_EVENTS) == "ForbiddenError:organisation"


def test_what_is_another_organisation_s_is_not_changed() -> None:
    require_organisation(None, "b")
    require_organisation("a", "a")
    with pytest.raises(ForbiddenError):
        require_organisation("a", "b")


def test_the_list_of_people_is_the_organisation_s_own(shared: Shared) -> None:
    shared.town.person("Amal")
    with shared.town.reading() as session:
        names = [one.name for one in people.list_people(session, organisation_id=shared.first).items]
        assert (names, len(people.list_people(session).items)) == (["Nadia"], 2)


def test_the_api_gives_each_account_its_own(tmp_path: Path) -> None:
    app = one_app(Settings(data_dir=tmp_path), now=lambda: NOON)
    database: Database = app.state.database
    shared = share(found_town(database, Keystore(tmp_path)))
    tokens = {}
    with database.writing() as session:
        for name, organisation_id in (("a", shared.first), ("b", shared.second), ("all", None)):
            member = accounts.add_staff(
                session, email=f"{name}@example.org", name=name, password="a long enough one", role="worker",
                organisation_id=organisation_id, actor="t", now=NOON,
            )  # fmt: skip
            tokens[name] = accounts.add_token(session, member.id, "test", actor="t", now=NOON)

    async def ask(who: str, method: str, path: str, body: dict[str, object] | None) -> httpx.Response:
        transport = httpx.ASGITransport(app)
        headers = {"Authorization": f"Bearer {tokens[who]}"}
        async with httpx.AsyncClient(transport=transport, base_url="http://casier") as client:
            return await client.request(method, f"/api/v1{path}", headers=headers, json=body)

    def get(who: str, path: str) -> tuple[int, str]:
        answer = asyncio.run(ask(who, "GET", path, None))
        return answer.status_code, answer.text

    def assign(who: str, number: int) -> int:
        body: dict[str, object] = {
            "person_id": shared.person.id, "bank": shared.town.bank, "number": number, "starts_on": "2026-06-15",
            "ends_on": "2026-12-31",
        }  # fmt: skip
        return asyncio.run(ask(who, "POST", "/contracts", body)).status_code

    for path in (f"/people/{shared.person.id}", f"/contracts/{shared.contract.id}"):
        assert [get(who, path)[0] for who in ("a", "b", "all")] == [200, 404, 200]
    badge = shared.town.badge(shared.person)
    assert [badge.id in get(who, "/badges")[1] for who in ("a", "b", "all")] == [True, False, True]
    assert [assign("b", 1), assign("a", 4), assign("a", 1)] == [404, 409, 201]
    for path in ("/people", "/contracts", "/lockers"):
        assert [shared.person.id in get(who, path)[1] for who in ("a", "b", "all")] == [True, False, True]
    database.close()
