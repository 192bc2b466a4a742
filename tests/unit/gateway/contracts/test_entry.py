"""What is asked before someone comes onto a contract: conditions met or excepted, no exclusion here, a worker."""

from datetime import date, timedelta
from typing import Any

import pytest

from gateway.care import eligibility, looking_after
from gateway.care.codes import Finding
from gateway.care.eligibility import Found
from gateway.contracts import parties
from gateway.contracts import service as contracts
from gateway.contracts.decisions import last_transition
from gateway.contracts.models import Contract
from gateway.errors import ConflictError, InvalidError
from gateway.incidents import exclusions
from gateway.incidents.codes import IncidentKind
from gateway.incidents.models import Exclusion
from gateway.people.models import Person
from gateway.schemes.codes import Service
from gateway.schemes.service import add_scheme, change_terms, scheme_of
from gateway.schemes.terms import Condition
from gateway.staff import closing
from gateway.staff import service as accounts
from tests.unit.gateway.town import NOON, TODAY, Town

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
MET, EXCEPTED = Found(Finding.MET), Found(Finding.EXCEPTION, "emergency")
WEEK = timedelta(days=7)


@pytest.fixture
def luggage(town: Town) -> str:
    """A scheme with the three conditions of a luggage room."""
    with town.writing() as session:
        made = add_scheme(
            session,
            organisation_id=town.organisation_id,
            service=Service.LUGGAGE,
            name="Bagagerie",
            actor="t",
            now=NOON,
        )
        return made.id


def assign(town: Town, person: Person, **asked: Any) -> Contract:
    given = {
        "bank_id": town.bank, "number": 1, "starts_on": TODAY, "ends_on": date(2026, 12, 31), "actor": "test",
        "now": NOON, **asked,
    }  # fmt: skip
    with town.writing() as session:
        return contracts.assign(session, person_id=person.id, **given)


def decide(town: Town, person: Person, scheme: str, found: dict[str, Found], *, eligible: bool = True) -> None:
    with town.writing() as session:
        eligibility.decide(session, person.id, scheme, found, eligible=eligible, actor="test", now=NOON)


def exclude(town: Town, person: Person) -> Exclusion:
    """From here, for a week from today on."""
    actor = staff(town, "lea")
    with town.writing() as session:
        return exclusions.exclude(
            session, person_id=person.id, site_id=town.site_id, from_on=TODAY, until_on=TODAY + WEEK,
            reason=IncidentKind.THREATS, actor=actor, now=NOON,
        )  # fmt: skip


def staff(town: Town, name: str, role: str = "worker") -> str:
    with town.writing() as session:
        return accounts.add_staff(
            session, email=f"{name}@example.org", name=name, password="correct horse", role=role, actor="t", now=NOON
        ).id


def worker_of(town: Town, person: Person) -> str | None:
    with town.reading() as session:
        return looking_after.workers_of(session, [person.id]).get(person.id)


def test_no_contract_before_every_condition_is_met_or_excepted(town: Town, luggage: str) -> None:
    nadia = town.person()
    with pytest.raises(ConflictError) as refused:
        assign(town, nadia, scheme_id=luggage)
    assert refused.value.code == "conditions_open"
    assert refused.value.facts["conditions"] == ["lives_here", "under_way", "referred"]
    decide(town, nadia, luggage, {"lives_here": MET, "referred": EXCEPTED})
    with pytest.raises(ConflictError, match=r"under_way\. Record for each condition"):
        assign(town, nadia, scheme_id=luggage)
    decide(town, nadia, luggage, {"lives_here": MET, "under_way": MET, "referred": EXCEPTED})
    assert assign(town, nadia, scheme_id=luggage).scheme_id == luggage


def test_the_last_decision_holds_also_in_the_same_millisecond(town: Town, luggage: str) -> None:
    nadia, every = town.person(), {"lives_here": MET, "under_way": MET, "referred": MET}
    for _ in range(5):
        decide(town, nadia, luggage, every)
        decide(town, nadia, luggage, every, eligible=False)
        with pytest.raises(ConflictError) as refused:
            assign(town, nadia, scheme_id=luggage)
        assert refused.value.code == "not_eligible"


def test_a_draft_is_asked_when_it_is_signed(town: Town, luggage: str) -> None:
    nadia = town.person()
    draft = assign(town, nadia, scheme_id=luggage, draft=True)
    with pytest.raises(ConflictError), town.writing() as session:
        contracts.sign(session, draft.id, actor="test", now=NOON)
    decide(town, nadia, luggage, {"lives_here": MET, "under_way": MET, "referred": MET})
    with town.writing() as session:
        assert contracts.sign(session, draft.id, actor="test", now=NOON).signed_at == NOON


def test_whoever_joins_a_contract_is_asked_too(town: Town, luggage: str) -> None:
    nadia, paul = town.person(), town.person("Paul")
    decide(town, nadia, luggage, {"lives_here": MET, "under_way": MET, "referred": MET})
    contract = assign(town, nadia, scheme_id=luggage)
    with pytest.raises(ConflictError) as refused, town.writing() as session:
        parties.join(session, contract.id, person_id=paul.id, actor="test", now=NOON)
    assert refused.value.code == "conditions_open"


def _with(town: Town, scheme: str, *conditions: Condition) -> None:
    """The scheme asks this of new contracts from now on."""
    with town.writing() as session:
        terms = scheme_of(session, scheme).terms.model_copy(update={"conditions": conditions})
        change_terms(session, scheme, terms, actor="t", now=NOON)


def test_a_condition_that_the_scheme_has_dropped_is_decided_for_who_comes_onto_an_older_contract(
    town: Town, luggage: str
) -> None:
    nadia, paul, lea = town.person(), town.person("Paul"), town.person("Lea")
    every = {"lives_here": MET, "under_way": MET, "referred": MET}
    decide(town, nadia, luggage, every)
    contract = assign(town, nadia, scheme_id=luggage)
    draft = assign(town, lea, scheme_id=luggage, number=2, draft=True)
    with town.reading() as session:
        lives_here = next(one for one in scheme_of(session, luggage).terms.conditions if one.code == "lives_here")
    _with(town, luggage, lives_here)
    with pytest.raises(InvalidError, match="unknown exception"):
        decide(town, paul, luggage, {"referred": Found(Finding.EXCEPTION, "none_such")})
    for someone in (paul, lea):
        decide(town, someone, luggage, every)
    with town.writing() as session:
        parties.join(session, contract.id, person_id=paul.id, actor="test", now=NOON)
        assert contracts.sign(session, draft.id, actor="test", now=NOON).signed_at == NOON
    with pytest.raises(InvalidError, match="no condition 'dog'"):
        decide(town, paul, luggage, {"dog": MET})


def test_what_is_kept_of_an_earlier_decision_was_found_by_one_that_let_them_in(town: Town, luggage: str) -> None:
    nadia = town.person()

    def answer(**found: Found) -> dict[str, str]:
        with town.writing() as session:
            made = eligibility.decide(
                session, nadia.id, luggage, found, eligible=True, keep=True, actor="test", now=NOON
            )
            return {one.condition: one.finding for one in made.findings}

    decide(town, nadia, luggage, {"lives_here": MET, "under_way": MET}, eligible=False)
    assert answer(referred=EXCEPTED) == {"lives_here": "unknown", "under_way": "unknown", "referred": "exception"}
    decide(town, nadia, luggage, {"lives_here": MET, "under_way": MET})
    assert answer(referred=EXCEPTED) == {"lives_here": "met", "under_way": "met", "referred": "exception"}
    assert answer(lives_here=EXCEPTED) == {"lives_here": "exception", "under_way": "met", "referred": "exception"}


def test_no_contract_where_someone_is_excluded_unless_the_reason_is_recorded(town: Town) -> None:
    nadia = town.person()
    exclusion = exclude(town, nadia)
    with pytest.raises(ConflictError) as refused:
        assign(town, nadia)
    assert refused.value.code == "excluded_here"
    assert refused.value.facts == {"until_on": (TODAY + WEEK).isoformat(), "ask": exclusion.decided_by}
    assert "threats" not in refused.value.text
    with pytest.raises(InvalidError):
        assign(town, nadia, despite_exclusion="because")
    made = assign(town, nadia, despite_exclusion="accompanied")
    with town.reading() as session:
        recorded = last_transition(session, made.id)
        assert recorded is not None
        assert (recorded.action, recorded.reason) == ("assign", "accompanied")


def test_a_reason_that_was_not_needed_is_not_recorded(town: Town) -> None:
    made = assign(town, town.person(), despite_exclusion="agreed")
    with town.reading() as session:
        recorded = last_transition(session, made.id)
        assert recorded is not None
        assert recorded.reason is None


def test_an_exclusion_hinders_contracts_of_its_own_days_and_none_after(town: Town) -> None:
    nadia = town.person()
    exclude(town, nadia)
    with pytest.raises(ConflictError):
        assign(town, nadia, starts_on=TODAY + WEEK)
    assert assign(town, nadia, starts_on=TODAY + WEEK + timedelta(days=1)).signed_at == NOON


def test_an_exclusion_of_another_site_hinders_nothing_here(town: Town) -> None:
    nadia = town.person()
    exclusion = exclude(town, nadia)
    with town.writing() as session:
        assert exclusions.hindering(session, nadia.id, site_id="another", from_at=NOON, until_at=NOON + 1) is None
        exclusions.lift(session, exclusion.id, actor=exclusion.decided_by, now=NOON)
    assert assign(town, nadia).signed_at == NOON


def test_a_contract_names_whoever_makes_it_as_worker_unless_someone_looks_after_the_person(town: Town) -> None:
    ines, rui = staff(town, "ines"), staff(town, "rui")
    nadia, paul, lea = town.person(), town.person("Paul"), town.person("Lea")
    assign(town, nadia, actor=ines)
    assert worker_of(town, nadia) == ines
    assign(town, paul, number=2, actor=ines, worker_id=rui)
    assert worker_of(town, paul) == rui
    with town.writing() as session:
        looking_after.name_worker(session, lea.id, rui, actor=rui, now=NOON)
    assign(town, lea, number=3, actor=ines)
    assert worker_of(town, lea) == rui


def test_whoever_cannot_look_after_people_names_someone_who_can(town: Town) -> None:
    tom, nadia = staff(town, "tom", role="technician"), town.person()
    with pytest.raises(ConflictError) as refused:
        assign(town, nadia, actor=tom)
    assert refused.value.code == "worker"
    assign(town, nadia, actor=tom, worker_id=staff(town, "ines"))


def test_an_account_is_not_closed_before_its_people_are_handed_on(town: Town) -> None:
    ines, rui = staff(town, "ines"), staff(town, "rui")
    nadia = town.person()
    assign(town, nadia, actor=ines)
    with pytest.raises(ConflictError) as refused, town.writing() as session:
        closing.close_account(session, ines, actor="test", now=NOON)
    assert (refused.value.code, refused.value.facts["people"]) == ("looks_after", [nadia.id])
    with town.writing() as session:
        assert looking_after.hand_on(session, ines, to=rui, actor="test", now=NOON) == [nadia.id]
        closing.close_account(session, ines, actor="test", now=NOON)
    assert worker_of(town, nadia) == rui
