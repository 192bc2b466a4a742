"""Absences and deaths: nothing that was someone's is let go of until a person decides."""

from datetime import date

import pytest
from sqlalchemy.exc import IntegrityError

from gateway.access import lists
from gateway.contracts import away, deaths, endings, parties, service
from gateway.contracts.holdings import UNDECIDED
from gateway.contracts.models import Absence, Contract, Death
from gateway.contracts.service import How
from gateway.contracts.states import State, state_at
from gateway.custody import outcomes
from gateway.custody import service as custodies
from gateway.custody.codes import Check, Thing, Witness
from gateway.db import new_id
from gateway.errors import ConflictError, InvalidError
from gateway.people.models import Person
from gateway.schemes import service as schemes
from gateway.schemes.terms import Terms
from tests.unit.gateway.town import DAY, NOON, TODAY, Town
from wire.access_list import Grant

YEARS_LATER = NOON + 3_000 * DAY


def grants(town: Town, now: int) -> list[Grant]:
    with town.reading() as session:
        return list(lists.build(session, town.bank, version=1, now=now).grants)


def leaves(town: Town, person: Person, now: int = NOON) -> None:
    with town.writing() as session:
        away.leave(session, person.id, kind="hospital", from_on=TODAY, expected_on=date(2026, 7, 1), actor="t", now=now)


def returns(town: Town, person: Person, now: int) -> None:
    with town.writing() as session:
        away.back(session, person.id, actor="t", now=now)


def found(town: Town, contract: Contract) -> Contract:
    with town.reading() as session:
        return service.contract_of(session, contract.id)


def test_the_time_to_collect_of_someone_away_has_no_end_until_a_person_decides(town: Town) -> None:
    person = town.person()
    town.badge(person)
    contract = town.assign(person, ends_on=date(2026, 6, 20))
    leaves(town, person)
    now = found(town, contract)
    assert state_at(now, now.until_at) is State.ENDING
    assert state_at(now, YEARS_LATER) is State.ENDING
    assert max(grant.not_after for grant in grants(town, NOON) if grant.kind == "collect") == UNDECIDED
    with pytest.raises(ConflictError) as refused:
        town.assign(town.person("B"), starts_on=date(2030, 1, 1), ends_on=date(2030, 2, 1))
    assert refused.value.code == "locker_taken"
    returns(town, person, now.until_at + 100 * DAY)
    back = found(town, contract)
    assert back.collect_until == now.until_at + 114 * DAY
    assert state_at(back, back.collect_until) is State.ENDED


def test_who_is_back_before_the_end_has_the_dates_they_signed(town: Town) -> None:
    person = town.person()
    contract = town.assign(person)
    leaves(town, person)
    returns(town, person, NOON + DAY)
    assert found(town, contract).collect_until == contract.collect_until
    assert found(town, contract).holdings[0].until_at == contract.collect_until


def test_an_end_decided_while_someone_is_away_leaves_them_all_the_time(town: Town) -> None:
    person = town.person()
    contract = town.assign(person)
    leaves(town, person)
    with town.writing() as session:
        service.end(session, contract.id, reason="prison", collect_days=0, actor="t", now=NOON + 1)
    assert state_at(found(town, contract), YEARS_LATER) is State.ENDING


def test_the_time_to_collect_waits_as_long_as_one_of_two_is_away(town: Town) -> None:
    one, two = town.person("A"), town.person("B")
    contract = town.assign(one)
    with town.writing() as session:
        parties.join(session, contract.id, person_id=two.id, actor="t", now=NOON)
    leaves(town, one, NOON + 1)
    leaves(town, two, NOON + 2)
    returns(town, one, NOON + 3)
    assert found(town, contract).grace_stopped_at is not None
    returns(town, two, NOON + 4)
    assert found(town, contract).grace_stopped_at is None


@pytest.mark.parametrize("dies_there", [True, False])
def test_once_the_absent_one_of_two_is_off_the_contract_the_other_has_the_dates_they_signed(
    town: Town, dies_there: bool
) -> None:
    absent, present = town.person("A"), town.person("B")
    contract = town.assign(absent)
    with town.writing() as session:
        parties.join(session, contract.id, person_id=present.id, actor="t", now=NOON)
    leaves(town, absent)
    with town.writing() as session:
        if dies_there:
            deaths.record(session, absent.id, actor="t", now=NOON + 1)
        else:
            parties.part(session, contract.id, person_id=absent.id, actor="t", now=NOON + 1)
    now = found(town, contract)
    assert (now.grace_stopped_at, now.collect_until) == (None, contract.collect_until)
    with town.writing() as session:
        service.end(session, contract.id, reason="work", actor="t", now=NOON + DAY)
    assert state_at(found(town, contract), NOON + 20 * DAY) is State.ENDED


def test_the_other_one_who_is_away_too_keeps_the_time_without_an_end(town: Town) -> None:
    one, two = town.person("A"), town.person("B")
    contract = town.assign(one)
    with town.writing() as session:
        parties.join(session, contract.id, person_id=two.id, actor="t", now=NOON)
    leaves(town, one)
    leaves(town, two)
    with town.writing() as session:
        parties.part(session, contract.id, person_id=one.id, actor="t", now=NOON + 1)
    assert found(town, contract).collect_until == UNDECIDED


@pytest.mark.parametrize("how", ["assigned", "signed", "joined"])
def test_a_contract_made_or_joined_during_an_absence_waits_for_who_is_away(town: Town, how: str) -> None:
    absent, other = town.person("A"), town.person("B")
    if how == "assigned":
        leaves(town, absent)
    holder = other if how == "joined" else absent
    contract = town.assign(holder, ends_on=date(2026, 6, 30), draft=how == "signed")
    if how != "assigned":
        leaves(town, absent)
    with town.writing() as session:
        if how == "signed":
            service.sign(session, contract.id, actor="t", now=NOON + 1)
        elif how == "joined":
            parties.join(session, contract.id, person_id=absent.id, actor="t", now=NOON + 1)
    now = found(town, contract)
    assert state_at(now, YEARS_LATER) is State.ENDING
    assert now.holdings[0].until_at == UNDECIDED
    returns(town, absent, NOON + DAY)
    assert found(town, contract).collect_until == now.until_at + 14 * DAY


def test_a_draft_of_someone_away_holds_nothing_before_it_is_signed(town: Town) -> None:
    person = town.person()
    leaves(town, person)
    draft = found(town, town.assign(person, draft=True))
    assert (draft.grace_stopped_at, draft.holdings[0].until_at) == (None, draft.from_at)


def test_who_is_away_cannot_join_where_the_locker_is_promised_after_the_time_to_collect(town: Town) -> None:
    absent = town.person("A")
    contract = town.assign(town.person("B"), ends_on=date(2026, 6, 20))
    town.assign(town.person("C"), starts_on=date(2026, 9, 1))
    leaves(town, absent)
    with pytest.raises(ConflictError) as refused, town.writing() as session:
        parties.join(session, contract.id, person_id=absent.id, actor="t", now=NOON)
    assert refused.value.code == "locker_taken"


def without_grace(town: Town, person: Person, ends_on: date = date(2026, 6, 20)) -> Contract:
    with town.writing() as session:
        scheme = schemes.scheme_named(session, town.organisation_id, now=NOON)
        schemes.change_terms(session, scheme.id, Terms(grace_days=0), actor="t", now=NOON)
    return town.assign(person, ends_on=ends_on)


def test_who_was_away_when_a_contract_without_grace_ran_out_has_the_rest_of_the_day(town: Town) -> None:
    person = town.person()
    contract = without_grace(town, person)
    leaves(town, person)
    returns(town, person, NOON + 10 * DAY)
    now = found(town, contract)
    assert now.collect_until == NOON + 10 * DAY + DAY // 2
    assert state_at(now, now.collect_until) is State.ENDED


def test_a_mistaken_death_is_taken_back_where_there_is_no_grace(town: Town) -> None:
    person = town.person()
    contract = without_grace(town, person)
    dies(town, person)
    with town.writing() as session:
        deaths.withdraw(session, person.id, actor="t", now=NOON + 10 * DAY)
    now = found(town, contract)
    assert (now.frozen_at, now.collect_until) == (None, NOON + 10 * DAY + DAY // 2)


def test_who_is_back_before_a_contract_without_grace_runs_out_has_its_last_day_and_no_more(town: Town) -> None:
    person = town.person()
    contract = without_grace(town, person)
    leaves(town, person)
    returns(town, person, NOON + DAY)
    assert found(town, contract).collect_until == contract.until_at


def test_a_locker_promised_to_someone_else_must_be_moved_first(town: Town) -> None:
    person = town.person("A")
    town.assign(person, ends_on=date(2026, 6, 20))
    town.assign(town.person("B"), starts_on=date(2026, 9, 1))
    with pytest.raises(ConflictError) as refused:
        leaves(town, person)
    assert refused.value.code == "locker_taken"


def test_one_absence_at_a_time_also_in_the_database(town: Town) -> None:
    person = town.person()
    leaves(town, person)
    with pytest.raises(ConflictError) as refused:
        leaves(town, person)
    assert refused.value.code == "away"
    with pytest.raises(IntegrityError), town.writing() as session:
        session.add(
            Absence(
                id=new_id(NOON), person_id=person.id, kind="family", from_on=TODAY, recorded_by="t", recorded_at=NOON
            )
        )


def test_coming_back_when_nobody_was_away_changes_nothing(town: Town) -> None:
    person = town.person()
    contract = town.assign(person)
    returns(town, person, NOON + 1)
    assert found(town, contract).version == contract.version


def end_reasons(town: Town, contract: Contract) -> list[str]:
    with town.reading() as session:
        return [row.reason for row in session.get_one(Contract, contract.id).end_reasons]


def dies(town: Town, person: Person, now: int = NOON) -> None:
    with town.writing() as session:
        deaths.record(session, person.id, died_on=TODAY, actor="t", now=now)


def test_a_death_freezes_the_locker_and_keeps_what_is_inside(town: Town) -> None:
    person = town.person()
    badge = town.badge(person)
    contract = town.assign(person)
    dies(town, person)
    now = found(town, contract)
    assert state_at(now, YEARS_LATER) is State.ENDING
    assert end_reasons(town, contract) == ["death"]
    (frozen,) = [grant for grant in grants(town, NOON) if grant.kind == "suspended"]
    assert (frozen.digest, frozen.not_before, frozen.not_after) == (badge.digest, NOON, UNDECIDED)
    with pytest.raises(ConflictError):
        town.assign(town.person("B"), now=NOON + 100 * DAY)
    with pytest.raises(ConflictError) as refused, town.writing() as session:
        service.renew(session, contract.id, actor="t", now=NOON + 1)
    assert refused.value.code == "frozen"
    with town.writing() as session:
        service.confirm_emptied(session, contract.id, actor="t", now=NOON + 5 * DAY)
    assert state_at(found(town, contract), NOON + 5 * DAY) is State.ENDED


def test_a_death_ends_reminders_and_what_was_to_begin(town: Town) -> None:
    person = town.person()
    contract = town.assign(person, starts_on=date(2026, 7, 1))
    leaves(town, person)
    dies(town, person, NOON + 1)
    with town.reading() as session:
        assert deaths.death_of(session, person.id) is not None
        assert away.absence_of(session, person.id) is None
    assert state_at(found(town, contract), NOON + 1) is State.ENDED


def test_of_a_couple_the_other_goes_on_with_everything_inside(town: Town) -> None:
    one, two = town.person("A"), town.person("B")
    first, second = town.badge(one), town.badge(two)
    contract = town.assign(one)
    with town.writing() as session:
        parties.join(session, contract.id, person_id=two.id, actor="t", now=NOON)
    dies(town, one, NOON + 1)
    now = found(town, contract)
    assert state_at(now, NOON + 1) is State.ACTIVE
    assert (now.frozen_at, now.person_id) == (None, two.id)
    assert {grant.digest for grant in grants(town, NOON + 1)} == {second.digest}
    assert first.digest != second.digest


def test_a_death_reported_by_mistake_is_taken_back_and_the_contract_goes_on(town: Town) -> None:
    person = town.person()
    badge = town.badge(person)
    contract = town.assign(person)
    dies(town, person)
    with town.writing() as session:
        deaths.withdraw(session, person.id, actor="t", now=NOON + 1)
    now = found(town, contract)
    assert state_at(now, NOON + 1) is State.ACTIVE
    assert (now.until_at, now.collect_until) == (contract.until_at, contract.collect_until)
    assert end_reasons(town, contract) == []
    assert {grant.kind for grant in grants(town, NOON + 1) if grant.digest == badge.digest} == {"holder", "collect"}
    dies(town, person, NOON + 2)
    assert state_at(found(town, contract), NOON + 2) is State.ENDING


def test_a_death_reported_by_mistake_is_taken_back_while_the_contract_is_suspended(town: Town) -> None:
    person = town.person()
    badge = town.badge(person)
    contract = town.assign(person)
    with town.writing() as session:
        service.suspend(session, contract.id, reason="incident", review_on=date(2026, 6, 20), actor="t", now=NOON)
    dies(town, person)
    with town.writing() as session:
        deaths.withdraw(session, person.id, actor="t", now=NOON + 1)
    assert state_at(found(town, contract), NOON + 1) is State.SUSPENDED
    kinds = {grant.kind for grant in grants(town, NOON + 1) if grant.digest == badge.digest}
    assert kinds == {"holder", "collect", "suspended"}


def test_an_absence_never_shortens_the_time_to_collect_that_was_granted(town: Town) -> None:
    person = town.person()
    contract = town.assign(person)
    with town.writing() as session:
        granted = service.end(
            session, contract.id, reason="hospital", collect_days=90, actor="t", now=NOON
        ).collect_until
    leaves(town, person, NOON + DAY)
    returns(town, person, NOON + 3 * DAY)
    assert found(town, contract).collect_until == granted + 3 * DAY
    dies(town, person, NOON + 4 * DAY)
    with town.writing() as session:
        deaths.withdraw(session, person.id, actor="t", now=NOON + 5 * DAY)
    assert found(town, contract).collect_until == granted + 5 * DAY


def how_it_ended(town: Town, contract: Contract) -> tuple[object, ...]:
    now = found(town, contract)
    return (
        {*end_reasons(town, contract)}, now.end_decided_by, now.destination, now.stability, now.end_note,
    )  # fmt: skip


LEFT = How(("own_solution",), "holder", "own_housing", "lasting", "Has the keys")


def test_a_death_after_a_contract_was_over_leaves_how_it_ended(town: Town) -> None:
    person = town.person()
    contract = town.assign(person)
    with town.writing() as session:
        service.end(session, contract.id, reason="work", how=LEFT, actor="t", now=NOON)
    known = how_it_ended(town, contract)
    dies(town, person, NOON + DAY)
    assert how_it_ended(town, contract) == known
    with town.writing() as session:
        deaths.withdraw(session, person.id, actor="t", now=NOON + 2 * DAY)
    assert how_it_ended(town, contract) == known == ({"work", "own_solution"}, *known[1:])


def test_a_mistaken_death_puts_back_what_was_said_of_a_planned_end(town: Town) -> None:
    person = town.person()
    contract = town.assign(person)
    with town.writing() as session:
        endings.plan_end(session, contract.id, ends_on=date(2026, 7, 1), reason="work", how=LEFT, actor="t", now=NOON)
    known = how_it_ended(town, contract)
    dies(town, person, NOON + DAY)
    assert how_it_ended(town, contract) == ({"death"}, "circumstances", "died", "unknown", None)
    with town.writing() as session:
        deaths.withdraw(session, person.id, actor="t", now=NOON + 2 * DAY)
    assert how_it_ended(town, contract) == known == ({"work", "own_solution"}, *known[1:])


@pytest.mark.parametrize("planned", [True, False])
def test_a_mistaken_death_of_a_holder_whose_locker_was_emptied_says_no_more_that_they_died(
    town: Town, planned: bool
) -> None:
    person = town.person()
    contract = town.assign(person)
    if planned:
        with town.writing() as session:
            endings.plan_end(
                session, contract.id, ends_on=date(2026, 7, 1), reason="work", how=LEFT, actor="t", now=NOON
            )
    known = how_it_ended(town, contract)
    dies(town, person, NOON + DAY)
    with town.writing() as session:
        service.confirm_emptied(session, contract.id, also=set(Check), actor="t", now=NOON + 2 * DAY)
    other = town.assign(town.person("Other"), starts_on=date(2026, 6, 18), now=NOON + 3 * DAY)
    with town.writing() as session:
        deaths.withdraw(session, person.id, actor="t", now=NOON + 4 * DAY)
    now = found(town, contract)
    assert (state_at(now, NOON + 4 * DAY), now.frozen_at, now.how_before_death) == (State.ENDED, None, None)
    assert now.ended_at == NOON + DAY
    assert how_it_ended(town, contract) == known
    assert state_at(found(town, other), NOON + 4 * DAY) is State.ACTIVE


def test_what_was_said_of_an_end_after_a_mistaken_death_stays_said(town: Town) -> None:
    person = town.person()
    contract = town.assign(person)
    dies(town, person)
    with town.writing() as session:
        service.confirm_emptied(session, contract.id, actor="t", now=NOON + 1)
        service.tell_how(session, contract.id, reason="work", how=LEFT, actor="t", now=NOON + 2)
        deaths.withdraw(session, person.id, actor="t", now=NOON + 3)
    assert how_it_ended(town, contract)[0] == {"work", "own_solution"}


def test_what_was_put_away_for_those_entitled_is_a_living_holder_s_again(town: Town) -> None:
    person = town.person()
    contract = town.assign(person)
    dies(town, person)
    with town.writing() as session:
        bag = custodies.begin(session, contract.id, actor="t", now=NOON + 1)
        custodies.add_thing(session, bag.id, kind=Thing.CLOTHING, actor="t", now=NOON + 1)
        custodies.witness(session, bag.id, witness=Witness.COLLEAGUE, name="Paul", actor="t", now=NOON + 1)
        custodies.store(session, bag.id, place="Shelf 3", actor="t", now=NOON + 1)
        assert outcomes.what_holds(session, bag) == "kept_for_entitled"
        deaths.withdraw(session, person.id, actor="t", now=NOON + 2)
        assert outcomes.what_holds(session, bag) is None


def test_who_was_away_when_a_death_was_reported_by_mistake_still_is(town: Town) -> None:
    person = town.person()
    contract = town.assign(person, ends_on=date(2026, 6, 20))
    leaves(town, person)
    dies(town, person, NOON + 1)
    with town.writing() as session:
        deaths.withdraw(session, person.id, actor="t", now=NOON + DAY)
        assert away.absence_of(session, person.id) is not None
    now = found(town, contract)
    assert (state_at(now, NOON + DAY), state_at(now, YEARS_LATER)) == (State.ACTIVE, State.ENDING)
    returns(town, person, NOON + 2 * DAY)
    assert found(town, contract).collect_until == contract.collect_until


def test_a_contract_made_before_a_mistaken_death_was_taken_back_waits_for_who_is_away_too(town: Town) -> None:
    person = town.person()
    leaves(town, person)
    dies(town, person, NOON + 1)
    made = town.assign(person, ends_on=date(2026, 6, 20), now=NOON + 2)
    with town.writing() as session:
        deaths.withdraw(session, person.id, actor="t", now=NOON + DAY)
    assert found(town, made).collect_until == UNDECIDED


def test_an_absence_that_was_over_before_a_mistaken_death_stays_over(town: Town) -> None:
    person = town.person()
    leaves(town, person)
    returns(town, person, NOON + 1)
    dies(town, person, NOON + 2)
    with town.writing() as session:
        deaths.withdraw(session, person.id, actor="t", now=NOON + DAY)
        assert away.absence_of(session, person.id) is None


def test_one_death_a_person_also_in_the_database(town: Town) -> None:
    person = town.person()
    dies(town, person)
    with pytest.raises(ConflictError):
        dies(town, person)
    with pytest.raises(IntegrityError), town.writing() as session:
        session.add(Death(id=new_id(NOON), person_id=person.id, recorded_by="t", recorded_at=NOON))


def test_a_death_in_the_future_is_refused(town: Town) -> None:
    person = town.person()
    with pytest.raises(InvalidError), town.writing() as session:
        deaths.record(session, person.id, died_on=date(2026, 7, 1), actor="t", now=NOON)
