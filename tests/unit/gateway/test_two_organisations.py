"""Over HTTP, two organisations with a place each: nothing of the one is reached by the other, however it is named."""

import json
import secrets
import shutil
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest
from fastapi import FastAPI
from msgspec import structs
from sqlalchemy import select

from gateway.access.commands import Beat, Orders, open_locker
from gateway.access.lists import build
from gateway.access.models import ReportedPart
from gateway.access.service import controller_of, register_badge
from gateway.audit.models import AuditRecord
from gateway.badges.models import Badge
from gateway.contracts import service as contracts
from gateway.contracts import trusted
from gateway.contracts.models import Contract, TrustedPerson
from gateway.custody import readiness
from gateway.custody.codes import Check
from gateway.errors import InvalidError
from gateway.events.service import latest_events, record
from gateway.loans.codes import MovementState
from gateway.lockers import service as lockers
from gateway.lockers.roles import Role, give_role
from gateway.lockers.service import locker_of
from gateway.people import service as people
from gateway.people.models import Person
from gateway.schemes.codes import Service
from gateway.schemes.service import add_scheme, scheme_named
from gateway.settings import Settings
from gateway.staff import service as accounts
from tests.one_app import one_app
from tests.unit.gateway.journal import Journal
from tests.unit.gateway.loans.library import open_library
from tests.unit.gateway.town import NOON, TODAY, Town, found_town
from wire.entries import EntryType
from wire.messages import Session as WireSession
from wire.messages import encode
from wire.topics import Topic

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # the test client says which HTTP library it would rather have
    from fastapi.testclient import TestClient

SUNDAY = date(2026, 6, 21)


@dataclass
class Neighbours:
    """`town` is the first organisation's: Nadia has locker 1 and trusts Karim; `client` a worker of the second."""

    town: Town
    app: FastAPI
    nadia: Person
    contract: Contract
    karim: TrustedPerson
    own: Person
    own_site: str
    own_scheme: str
    client: TestClient
    csrf: str

    def post(self, path: str, **values: str) -> int:
        sent = {"csrf": self.csrf, "once": secrets.token_urlsafe(24), **values}
        return int(self.client.post(path, data=sent).status_code)


@pytest.fixture
def neighbours(tmp_path: Path, sqlite_template: Path, keys_template: Path) -> Iterator[Neighbours]:
    shutil.copytree(keys_template, tmp_path / "keys")
    shutil.copy(sqlite_template, tmp_path / "casier.db")
    app = one_app(Settings(data_dir=tmp_path), now=lambda: NOON)
    database, town = app.state.database, found_town(app.state.database, app.state.keystore)
    nadia = town.person("Nadia Benali")
    contract = town.assign(nadia)
    with database.writing() as session:
        karim = trusted.trust(
            session, contract.id, name="Karim", from_on=TODAY, until_on=SUNDAY, actor="test", now=NOON
        )
        second = lockers.organisation_named(session, "Secours", actor="test", now=NOON)
        site = lockers.site_named(
            session, "Lille", organisation_id=second.id, zone="Europe/Paris", actor="test", now=NOON
        )
        lockers.add_bank(session, bank_id="lille-1", site_id=site.id, name="Lille 1", actor="test", now=NOON)
        scheme = scheme_named(session, second.id, actor="test", now=NOON)
        own = people.add_person(session, organisation_id=second.id, name="Omar", actor="test", now=NOON)
        staff = accounts.add_staff(
            session, email="w@example.org", name="Worker", password="un mot de passe long", role="worker",
            organisation_id=second.id, actor="test", now=NOON,
        )  # fmt: skip
        token = accounts.add_token(session, staff.id, "test", actor="test", now=NOON)
        opened = accounts.open_sign_in(session, staff.id, now=NOON)
    client = TestClient(app, follow_redirects=False)
    client.headers["Authorization"] = f"Bearer {token}"
    client.cookies.set("casier_session", opened.token)
    yield Neighbours(town, app, nadia, contract, karim, own, site.id, scheme.id, client, opened.csrf_token)
    client.close()
    database.close()


def test_a_search_finds_people_of_one_s_own_organisation(neighbours: Neighbours) -> None:
    found = [neighbours.client.post("/api/v1/people/search", json={"name": name}) for name in ("nadia", "omar")]
    assert [[one["name"] for one in answer.json()["items"]] for answer in found] == [[], ["Omar"]]


@pytest.mark.parametrize("digits", [20, 4_400])
def test_a_door_s_number_that_nothing_can_hold_is_no_crash_where_a_bank_is_shared(
    neighbours: Neighbours, digits: int
) -> None:
    town, second = neighbours.town, neighbours.own.organisation_id
    with town.writing() as session:
        give_role(session, town.bank, second, Role.SUPPORT, actor="test", now=NOON)
    door = f"{town.bank}/{'9' * digits}"
    assert 400 <= neighbours.post(f"/lockers/{door}/open", reason="maintenance") < 500
    assert 400 <= neighbours.client.post(f"/api/v1/lockers/{door}/open", json={}).status_code < 500


@pytest.mark.parametrize("called", ["application/json", "Application/JSON", "application/vnd.casier+json"])
def test_a_body_is_looked_at_whatever_its_header_calls_it(neighbours: Neighbours, called: str) -> None:
    asked = {
        "number": "em4100:62E3086CED", "label": "mine", "site_id": neighbours.town.site_id,
        "person_id": neighbours.nadia.id,
    }  # fmt: skip
    answer = neighbours.client.post("/api/v1/badges", content=json.dumps(asked), headers={"Content-Type": called})
    assert answer.status_code == 404, answer.text
    with neighbours.town.reading() as session:
        assert session.scalar(select(Badge.id).where(Badge.person_id == neighbours.nadia.id)) is None


def test_what_the_address_says_does_not_hide_what_the_form_names(neighbours: Neighbours) -> None:
    said = {"scheme": neighbours.own_scheme, "source": "outreach_round", "day": TODAY.isoformat()}
    for hiding in ("", f"?person={neighbours.own.id}"):
        assert neighbours.post(f"/waiting{hiding}", person=neighbours.nadia.id, **said) == 404
    assert neighbours.post("/waiting", person=neighbours.own.id, **said) == 303


def test_what_the_form_names_does_not_hide_behind_spaces(neighbours: Neighbours) -> None:
    """Pages read a field without the spaces around it."""
    assert neighbours.post("/safekeeping", contract=f" {neighbours.contract.id} ") == 404


def test_the_badge_of_someone_trusted_is_with_the_contract_s_organisation(neighbours: Neighbours) -> None:
    """Also where both have a role at the place."""
    with neighbours.town.writing() as session:
        give_role(session, neighbours.town.bank, neighbours.own.organisation_id, Role.SUPPORT, actor="test", now=NOON)
        badge = register_badge(
            session, neighbours.town.keystore, site_id=neighbours.town.site_id, number="em4100:62E3086CED", label="K-1",
            actor="test", now=NOON,
        )  # fmt: skip
    assert neighbours.client.get(f"/api/v1/badges/{badge.id}").status_code == 200
    with neighbours.town.writing() as session:
        trusted.give_badge(session, neighbours.karim.id, badge_id=badge.id, actor="test", now=NOON)
    assert neighbours.client.get(f"/api/v1/badges/{badge.id}").status_code == 404
    assert neighbours.post(f"/badges/{badge.id}/revoke", reason="lost") == 404


def test_a_contract_moves_only_within_the_blocks_where_its_organisation_has_a_role(neighbours: Neighbours) -> None:
    town, own = neighbours.town, neighbours.own
    with town.writing() as session:
        give_role(session, town.bank, own.organisation_id, Role.SUPPORT, actor="test", now=NOON)
        lockers.add_bank(
            session, bank_id="montreuil-2", site_id=town.site_id, name="Montreuil 2", actor="test", now=NOON
        )
        lockers.add_lockers(session, "montreuil-2", [1], actor="test", now=NOON)
    contract = town.assign(own, 3)
    offered = neighbours.client.get(f"/contracts/{contract.id}/move").text
    assert ("montreuil-1/4" in offered, "montreuil-2/1" in offered) == (True, False)
    assert neighbours.post(f"/contracts/{contract.id}/move", locker="montreuil-2/1", seen="1") == 422
    assert neighbours.post(f"/contracts/{contract.id}/move", locker="montreuil-1/4", seen="1") == 303


@pytest.mark.parametrize("service", ["lockers", "tools"])
def test_a_contract_is_made_under_a_scheme_of_the_person_s_organisation_and_not_for_tools(
    neighbours: Neighbours, service: str
) -> None:
    town = neighbours.town
    organisation = neighbours.own.organisation_id if service == "lockers" else town.organisation_id
    with town.writing() as session:
        scheme = add_scheme(
            session, organisation_id=organisation, service=Service(service), name="Abri", actor="test", now=NOON
        )
    with pytest.raises(InvalidError) as refused, town.writing() as session:
        contracts.assign(
            session, person_id=neighbours.nadia.id, bank_id=town.bank, number=2, starts_on=TODAY, ends_on=SUNDAY,
            scheme_id=scheme.id, actor="test", now=NOON,
        )  # fmt: skip
    assert refused.value.code == "scheme_unfit"


def test_a_locker_reassigned_to_another_organisation_s_person_comes_under_their_own_scheme(
    neighbours: Neighbours,
) -> None:
    town = neighbours.town
    with town.writing() as session:
        contracts.end(session, neighbours.contract.id, reason="work", collect_days=0, actor="test", now=NOON)
        readiness.confirm(session, locker_of(session, town.bank, 1), list(Check), actor="test", now=NOON)
    with town.writing() as session:
        made = contracts.reassign(
            session, neighbours.contract.id, person_id=neighbours.own.id, starts_on=TODAY, ends_on=SUNDAY,
            actor="test", now=NOON,
        )  # fmt: skip
        assert made.scheme_id == neighbours.own_scheme


def test_no_badge_is_given_to_someone_whom_another_organisation_s_holder_trusts(neighbours: Neighbours) -> None:
    with neighbours.town.writing() as session:
        badge = register_badge(
            session, neighbours.town.keystore, site_id=neighbours.own_site, number="em4100:62E3086CED", label="L-1",
            actor="test", now=NOON,
        )  # fmt: skip
    asked = {"badge_id": badge.id, "site_id": neighbours.own_site, "trusted_id": neighbours.karim.id}
    assert neighbours.client.post("/api/v1/badges/assign", json=asked).status_code == 404


def test_another_organisation_s_block_is_asked_for_no_badge(neighbours: Neighbours) -> None:
    beat = Beat(WireSession(1, "n"), "b")
    neighbours.app.state.orders = Orders(lambda _bank: beat, lambda order: order)
    assert neighbours.post(f"/people/{neighbours.own.id}/enrol", block=neighbours.town.bank) == 404


def test_another_organisation_s_orders_and_breaches_are_out_of_sight(neighbours: Neighbours) -> None:
    town = neighbours.town
    beat = Beat(WireSession(1, "n"), "b")
    with town.writing() as session:
        order = open_locker(
            session, Orders(lambda _bank: beat, lambda order: order), bank_id=town.bank, number=1,
            reason="holder_present", actor="test", now=NOON,
        )  # fmt: skip
        record(session, "breach", now=NOON, bank_id=town.bank, locker=1, why="revoked")
        breach = latest_events(session, kinds=("breach",), limit=1)[0].id
    for path in (f"/commands/{order.id}", f"/api/v1/commands/{order.id}", f"/live/command/{order.id}"):
        assert neighbours.client.get(path).status_code == 404, path
    assert neighbours.post(f"/breaches/{breach}/seen") == 404
    with town.reading() as session:
        assert session.scalar(select(AuditRecord.id).where(AuditRecord.action == "breach_seen")) is None


def test_a_count_of_badges_is_that_of_the_sites_in_sight(neighbours: Neighbours) -> None:
    neighbours.town.badge(neighbours.nadia)
    assert neighbours.client.get("/api/v1/badges/counts").json() == {"stock": 0, "in_use": 0, "dead": {}}
    assert neighbours.client.get(f"/api/v1/badges/counts?site={neighbours.town.site_id}").status_code == 404


def test_another_organisation_s_loans_are_left_as_the_doors_said(neighbours: Neighbours) -> None:
    """Their movements are called in an address as those of money are."""
    library = open_library(neighbours.town)
    loan = library.plan(0, place=library.place)
    journal = Journal().start()
    journal.write(
        EntryType.RELEASE_INTENDED, NOON, release="r1", locker=library.place[1], digest=library.badge.digest, attempt=1
    )
    library.hear(journal)
    [taken] = library.loan(loan).movements
    for decision in ("confirm", "reject"):
        assert neighbours.client.post(f"/api/v1/movements/{taken.id}/{decision}").status_code == 404
    assert library.loan(loan).movements[0].state == MovementState.PROPOSED


@pytest.mark.parametrize("page", ["/blocks", "/desk"])
def test_a_page_offers_only_what_one_may_go_on_with(neighbours: Neighbours, page: str) -> None:
    shown = neighbours.client.get(page).text
    assert "Lille" in shown
    assert "Montreuil" not in shown


def test_of_a_door_that_another_organisation_s_holder_had_before_only_what_came_since_is_read(
    neighbours: Neighbours,
) -> None:
    """Both have a role at the block; the one that does not run it reads no trail of the other's people."""
    town, left = neighbours.town, NOON + 3_600_000
    with town.writing() as session:
        give_role(session, town.bank, neighbours.own.organisation_id, Role.SUPPORT, actor="test", now=NOON)
        for at in (NOON + 60_000, left + 60_000):
            record(session, "door_opened", now=at, bank_id=town.bank, locker=1)
    with town.writing() as session:
        contracts.end(session, neighbours.contract.id, reason="agreed", collect_days=0, actor="test", now=left)
        readiness.confirm(session, locker_of(session, town.bank, 1), [Check.EMPTY], actor="test", now=left)
    neighbours.app.state.now = lambda: left + 120_000
    asked = {
        "bank": town.bank, "locker": 1, "reason": "fault", "note": "the door was found open", "from_at": NOON,
        "until_at": left + 120_000,
    }  # fmt: skip
    made = neighbours.client.post("/api/v1/openings", json=asked).json()
    found = neighbours.client.get(f"/api/v1/openings/{made['id']}").json()["items"]
    assert [one["at"] for one in found] == [left + 60_000]


def test_what_a_block_follows_names_only_one_s_own_people(neighbours: Neighbours) -> None:
    """The second organisation operates the block; Nadia and Lea are the first one's."""
    town = neighbours.town
    with town.writing() as session:
        give_role(session, town.bank, neighbours.own.organisation_id, Role.OPERATOR, actor="test", now=NOON)
        lea = accounts.add_staff(
            session, email="lea@example.org", name="Lea Martin", password="un mot de passe long", role="worker",
            organisation_id=town.organisation_id, actor="test", now=NOON,
        )  # fmt: skip
        for number, owner in (("1", {"staff_id": lea.id}), ("2", {"person_id": neighbours.nadia.id})):
            register_badge(
                session, town.keystore, site_id=town.site_id, number=f"em4100:FF0000000{number}", label=f"K-{number}",
                actor="test", now=NOON, **owner,
            )  # fmt: skip
    town.assign(neighbours.own, 2, badge=town.badge())
    with town.writing() as session:
        theirs = build(session, town.bank, version=NOON, now=NOON)
        bank = controller_of(session, town.bank)
        bank.held_since, bank.list_in_force = NOON, NOON
        empty = encode(structs.replace(theirs, grants=(), revoked=()))
        envelope = town.keystore.sign(Topic.ACCESS, empty)
        session.add(ReportedPart(bank_id=town.bank, command_id="c1", part=0, parts=1, data=envelope, received_at=NOON))
    shown = neighbours.client.get(f"/blocks/{town.bank}/reconcile").text
    assert "Omar" in shown
    assert [name for name in ("Nadia", "Lea Martin", "Karim") if name in shown] == []
    assert "une autre organisation" in shown
