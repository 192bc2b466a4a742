"""Police requests: logged with a legal basis, granted by a person, and exactly their scope leaves."""

import hashlib
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from gateway.audit import service as audit
from gateway.badges import service as badges
from gateway.badges.models import Badge
from gateway.contracts import parties
from gateway.contracts import service as contracts
from gateway.custody import readiness
from gateway.custody.codes import Check
from gateway.errors import ConflictError, InvalidError, NotFoundError
from gateway.events.models import Event
from gateway.incidents import exclusions, handing_out, police, service
from gateway.incidents.codes import Asked, Authority, IncidentKind, LegalBasis, Part
from gateway.incidents.request_models import PoliceRequest
from gateway.incidents.service import Concerned
from gateway.lockers.service import locker_of
from gateway.people.models import Person
from tests.unit.gateway.incidents.conftest import Cast
from tests.unit.gateway.town import DAY, NOON, TODAY, Town

LATER = NOON + 30 * DAY


def logged(town: Town, cast: Cast, *people: str, **more: Any) -> PoliceRequest:
    values: dict[str, Any] = {
        "site_id": town.site_id, "authority": Authority.POLICE, "legal_basis": LegalBasis.PROSECUTOR_REQUEST,
        "reference": "PV 2026/118", "officer": "Brigadier Rey", "received_on": TODAY, "people": people,
        "scope": [Asked.IDENTITY], "from_at": NOON - DAY, "until_at": NOON + DAY, "actor": cast.lea, "now": LATER,
    }  # fmt: skip
    with town.writing() as session:
        return police.log_request(session, **values | more)


def granted(town: Town, cast: Cast, *people: str, **more: Any) -> str:
    request = logged(town, cast, *people, **more)
    with town.writing() as session:
        police.decide(session, request.id, granted=True, actor=cast.operator, now=LATER)
    return request.id


def handed_out(town: Town, cast: Cast, request: str) -> dict[str, Any]:
    with town.writing() as session:
        made, content = handing_out.hand_out(session, request, actor=cast.operator, now=LATER)
    assert made.sha256 == hashlib.sha256(content).hexdigest()
    found: dict[str, Any] = msgspec.json.decode(content)
    return found


def opened(town: Town, badge: Badge, at: int, number: int = 1) -> None:
    line = msgspec.json.encode({"body": {"digest": badge.digest, "locker": number}})
    with town.writing() as session:
        session.add(Event(kind="release_intended", at=at, received_at=at, bank_id=town.bank, locker=number, line=line))


def nadia_and_mo(town: Town) -> tuple[Person, Person, Badge, Badge]:
    nadia, mo = town.person("Nadia"), town.person("Mo")
    hers, his = town.badge(nadia), town.badge(mo)
    town.assign(nadia, 1)
    town.assign(mo, 2)
    return nadia, mo, hers, his


def test_only_the_kinds_people_and_time_of_the_request_leave(town: Town, cast: Cast) -> None:
    nadia, mo, hers, his = nadia_and_mo(town)
    for badge, at, number in (
        (hers, NOON, 1), (hers, NOON + 2 * DAY, 1), (hers, NOON - 2 * DAY, 1), (his, NOON, 2), (his, NOON, 1),
    ):  # fmt: skip
        opened(town, badge, at, number)
    request = granted(town, cast, nadia.id, scope=[Asked.OPENINGS])
    content = handed_out(town, cast, request)
    assert content["people"] == {
        nadia.id: {"openings": [{"at": NOON, "block": town.bank, "number": 1, "badge": hers.label}]}
    }
    assert mo.id not in str(content)


def openings_of(town: Town, cast: Cast, person: Person) -> list[int]:
    """In days from noon of today."""
    span = {"from_at": NOON - 30 * DAY, "until_at": NOON + 20 * DAY}
    content = handed_out(town, cast, granted(town, cast, person.id, scope=[Asked.OPENINGS], **span))
    return [(row["at"] - NOON) // DAY for row in content["people"][person.id]["openings"]]


def card(town: Town, person: Person, day: int) -> Badge:
    """The same card each time, registered on that day."""
    return town.badge(person, number="em4100:00000000BB", now=NOON + day * DAY)


def revoked(town: Town, badge: Badge, day: int, reason: str) -> None:
    with town.writing() as session:
        badges.revoke(session, badge.id, reason=reason, actor="t", now=NOON + day * DAY)


def test_openings_by_an_earlier_owner_of_the_card_and_the_locker_are_nobody_elses(town: Town, cast: Cast) -> None:
    karim, nadia = town.person("Karim"), town.person("Nadia")
    his = card(town, karim, -20)
    contract = town.assign(karim, starts_on=TODAY - timedelta(20), now=NOON - 20 * DAY)
    opened(town, his, NOON - 10 * DAY)
    revoked(town, his, -1, "returned")
    with town.writing() as session:
        contracts.end(session, contract.id, reason="work", collect_days=0, actor="t", now=NOON - DAY)
        readiness.confirm(session, locker_of(session, town.bank, 1), set(Check), actor="t", now=NOON - DAY + 1)
    hers = card(town, nadia, 0)
    town.assign(nadia)
    opened(town, hers, NOON + DAY)
    assert openings_of(town, cast, nadia) == [1]
    assert openings_of(town, cast, karim) == [-10]


def test_openings_with_a_lost_card_are_not_those_of_whom_it_is_given_to_later(town: Town, cast: Cast) -> None:
    nadia, mo = town.person("Nadia"), town.person("Mo")
    contract = town.assign(nadia)
    with town.writing() as session:
        parties.join(session, contract.id, person_id=mo.id, actor="t", now=NOON)
    hers = card(town, nadia, 0)
    opened(town, hers, NOON + DAY)
    revoked(town, hers, 2, "lost")
    opened(town, hers, NOON + 3 * DAY)
    his = card(town, mo, 4)
    opened(town, his, NOON + 5 * DAY)
    assert openings_of(town, cast, mo) == [5]
    assert openings_of(town, cast, nadia) == [1]


def test_openings_of_a_couple_are_each_ones_own_and_of_the_time_they_are_on_the_contract(
    town: Town, cast: Cast
) -> None:
    nadia, mo = town.person("Nadia"), town.person("Mo")
    hers, his = town.badge(nadia), town.badge(mo)
    contract = town.assign(nadia)
    with town.writing() as session:
        parties.join(session, contract.id, person_id=mo.id, actor="t", now=NOON + 2 * DAY)
    with town.writing() as session:
        parties.part(session, contract.id, person_id=mo.id, actor="t", now=NOON + 4 * DAY)
    for badge, day in ((hers, 1), (his, 1), (his, 2), (hers, 3), (his, 3), (his, 4)):
        opened(town, badge, NOON + day * DAY)
    assert openings_of(town, cast, mo) == [2, 3]
    assert openings_of(town, cast, nadia) == [1, 3]


def test_who_parted_is_not_told_of_with_the_lockers_that_the_other_had_afterwards(town: Town, cast: Cast) -> None:
    nadia, mo = town.person("Nadia"), town.person("Mo")
    contract = town.assign(nadia)
    with town.writing() as session:
        parties.join(session, contract.id, person_id=mo.id, actor="t", now=NOON + 2 * DAY)
        parties.part(session, contract.id, person_id=nadia.id, actor="t", now=NOON + 4 * DAY)
    with town.writing() as session:
        contracts.move(session, contract.id, bank_id=town.bank, number=2, actor="t", now=NOON + 6 * DAY)
    found = []
    for person in (nadia, mo):
        request = granted(town, cast, person.id, scope=[Asked.CONTRACTS], until_at=NOON + 20 * DAY)
        (row,) = handed_out(town, cast, request)["people"][person.id]["contracts"]
        lockers = [(one["number"], one["from"], one["until"]) for one in row["lockers"]]
        found.append((row["from"], row["until"], lockers))
    parted, joined, moved = NOON + 4 * DAY, NOON + 2 * DAY, NOON + 6 * DAY
    first, last = contract.from_at, contract.until_at
    assert found == [
        (first, parted, [(1, first, parted)]),
        (joined, last, [(1, joined, moved + DAY), (2, moved, contract.collect_until)]),
    ]


def test_an_exclusion_that_was_lifted_before_it_began_is_not_handed_out(town: Town, cast: Cast) -> None:
    nadia = town.person("Nadia")
    with town.writing() as session:
        made = exclusions.exclude(
            session, person_id=nadia.id, site_id=town.site_id, from_on=TODAY + timedelta(5),
            until_on=TODAY + timedelta(9), reason=IncidentKind.THEFT, actor=cast.lea, now=NOON,
        )  # fmt: skip
        exclusions.lift(session, made.id, actor=cast.lea, now=NOON + DAY)
    request = granted(town, cast, nadia.id, scope=[Asked.EXCLUSIONS], until_at=NOON + 20 * DAY)
    assert handed_out(town, cast, request)["people"][nadia.id]["exclusions"] == []


def test_each_kind_is_what_it_says_and_no_note_or_digest_is_in_any(town: Town, cast: Cast) -> None:
    nadia, _mo, hers, _his = nadia_and_mo(town)
    opened(town, hers, NOON)
    with town.writing() as session:
        told = {nadia.id: Concerned(Part.SUFFERED, "Une note secrète")}
        service.report(
            session, site_id=town.site_id, kind=IncidentKind.THEFT, at=NOON, people=told, text="Une autre note secrète",
            actor=cast.lea, now=LATER,
        )  # fmt: skip
    content = handed_out(town, cast, granted(town, cast, nadia.id, scope=list(Asked)))
    of_her = content["people"][nadia.id]
    assert {kind: len(rows) for kind, rows in of_her.items()} == {
        "identity": 1, "contracts": 1, "badges": 1, "openings": 1, "incidents": 1, "exclusions": 0,
    }  # fmt: skip
    assert of_her["identity"] == [{"kind": "chosen", "name": "Nadia"}]
    assert of_her["contracts"][0]["lockers"][0]["number"] == 1
    assert "secrète" not in str(content)
    assert hers.digest not in str(content)


def test_nothing_leaves_unless_someone_granted_it_and_every_leaving_is_recorded(town: Town, cast: Cast) -> None:
    nadia = town.person()
    request = logged(town, cast, nadia.id)
    with town.writing() as session, pytest.raises(ConflictError):
        handing_out.hand_out(session, request.id, actor=cast.lea, now=LATER)
    with town.writing() as session:
        police.decide(session, request.id, granted=False, text="Trop large", actor=cast.operator, now=LATER)
        with pytest.raises(ConflictError):
            police.decide(session, request.id, granted=True, actor=cast.operator, now=LATER)
        with pytest.raises(ConflictError):
            handing_out.hand_out(session, request.id, actor=cast.lea, now=LATER)
    other = granted(town, cast, nadia.id)
    handed_out(town, cast, other)
    handed_out(town, cast, other)
    with town.reading() as session:
        assert len(police.request_of(session, other, actor=cast.lea).handed_out) == 2
        actions = [one.action for one in audit.trail(session, other)]
    assert actions == ["police_export", "police_export", "police_request_granted", "police_request_logged"]


def test_without_a_legal_basis_a_request_can_only_be_refused(town: Town, cast: Cast) -> None:
    request = logged(town, cast, town.person().id, legal_basis=LegalBasis.NONE)
    with town.writing() as session:
        with pytest.raises(ConflictError):
            police.decide(session, request.id, granted=True, actor=cast.operator, now=LATER)
        police.decide(session, request.id, granted=False, actor=cast.operator, now=LATER)


@pytest.mark.parametrize(
    "odd", [{"reference": " "}, {"people": []}, {"scope": []}, {"until_at": LATER + 1}, {"until_at": NOON - DAY}]
)
def test_a_request_without_reference_people_scope_or_past_time_is_not_logged(
    town: Town, cast: Cast, odd: dict[str, Any]
) -> None:
    person = town.person()
    with pytest.raises(InvalidError):
        logged(town, cast, **{"people": [person.id]} | odd)


def test_nobody_else_s_file_is_asked_for_here_and_the_paper_s_details_are_sealed(town: Town, cast: Cast) -> None:
    with pytest.raises(NotFoundError):
        logged(town, cast, cast.theirs)
    request = logged(town, cast, town.person().id)
    with town.reading() as session:
        raw = session.connection().exec_driver_sql("SELECT * FROM police_request").all()
        with pytest.raises(NotFoundError):
            police.request_of(session, request.id, actor=cast.neighbour)
    assert "Brigadier Rey" not in repr(raw)
    assert "PV 2026/118" not in repr(raw)
