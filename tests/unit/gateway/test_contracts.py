"""Contracts: their dates, their states, and what the database will not let happen."""

from datetime import date

import pytest
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError, IntegrityError

from gateway.audit.models import AuditRecord
from gateway.contracts import service
from gateway.contracts.models import Contract, Holding
from gateway.contracts.states import State, state_at
from gateway.custody import readiness
from gateway.custody.codes import Check
from gateway.db import new_id
from gateway.errors import ConflictError, InvalidError, NotFoundError
from gateway.lockers.service import locker_of
from tests.unit.gateway.town import DAY, NOON, TODAY, Town

LAST = date(2026, 12, 31)
# Start of 1 January 2027 in Paris.
AFTER = 1_798_758_000_000


def held(town: Town) -> int:
    with town.reading() as session:
        return len(session.scalars(select(Holding)).all())


def test_a_contract_runs_from_its_first_day_to_the_end_of_its_last_and_needs_no_one(town: Town) -> None:
    contract = town.assign(town.person(), starts_on=date(2026, 6, 16), ends_on=LAST)
    assert contract.until_at == AFTER
    assert state_at(contract, NOON) is State.UPCOMING
    assert state_at(contract, contract.from_at - 1) is State.UPCOMING
    assert state_at(contract, contract.from_at) is State.ACTIVE
    assert state_at(contract, AFTER - 1) is State.ACTIVE
    assert state_at(contract, AFTER) is State.ENDING
    assert state_at(contract, AFTER + 14 * DAY - 1) is State.ENDING
    assert state_at(contract, AFTER + 14 * DAY) is State.ENDED


def test_a_day_of_summer_time_has_23_hours(town: Town) -> None:
    contract = town.assign(town.person(), starts_on=date(2026, 3, 29), ends_on=date(2026, 3, 29))
    assert contract.until_at - contract.from_at == 23 * 3_600_000


@pytest.mark.parametrize(
    ("starts_on", "ends_on"),
    [(TODAY, LAST), (date(2026, 12, 31), date(2027, 1, 1)), (date(2026, 1, 1), date(2026, 6, 15))],
)
def test_a_locker_is_not_assigned_twice_for_overlapping_dates(town: Town, starts_on: date, ends_on: date) -> None:
    town.assign(town.person("A"), number=4)
    with pytest.raises(ConflictError) as refused:
        town.assign(town.person("B"), number=4, starts_on=starts_on, ends_on=ends_on)
    assert refused.value.code == "locker_taken"
    assert "locker 4" in refused.value.text
    assert held(town) == 1


def test_contracts_of_one_locker_may_follow_each_other_after_the_time_to_collect(town: Town) -> None:
    town.assign(town.person("A"), number=4)
    town.assign(town.person("B"), number=4, starts_on=date(2027, 1, 15), ends_on=date(2027, 2, 1))
    assert held(town) == 2


def test_the_database_itself_refuses_a_second_holding_of_a_locker(town: Town) -> None:
    contract = town.assign(town.person("A"), number=4)
    holding = contract.holdings[0]
    with pytest.raises(IntegrityError), town.writing() as session:
        session.add(
            Holding(
                id=new_id(NOON), contract_id=contract.id, locker_id=holding.locker_id,
                from_at=holding.until_at - 1, until_at=holding.until_at + DAY,
            )
        )  # fmt: skip
    assert held(town) == 1


def test_the_database_itself_refuses_to_stretch_a_holding_over_the_next(town: Town) -> None:
    town.assign(town.person("A"), number=4)
    later = town.assign(town.person("B"), number=4, starts_on=date(2027, 1, 15), ends_on=date(2027, 2, 1))
    with pytest.raises(IntegrityError), town.writing() as session:
        session.get_one(Holding, later.holdings[0].id).from_at -= DAY


def test_an_unknown_locker_is_refused_and_nothing_changes(town: Town) -> None:
    with pytest.raises(NotFoundError) as refused:
        town.assign(town.person(), number=99)
    assert refused.value.code == "locker"
    assert held(town) == 0


def test_a_badge_of_someone_else_is_refused_and_nothing_changes(town: Town) -> None:
    badge = town.badge(town.person("A"))
    with pytest.raises(ConflictError) as refused:
        town.assign(town.person("B"), badge=badge)
    assert refused.value.code == "badge_in_use"
    assert held(town) == 0


def test_a_last_day_before_the_first_is_refused(town: Town) -> None:
    with pytest.raises(InvalidError) as refused:
        town.assign(town.person(), ends_on=date(2026, 6, 14))
    assert refused.value.code == "dates"


@pytest.mark.parametrize("day", [date(1999, 1, 1), date(9999, 12, 31), date(2099, 6, 1)])
def test_a_date_the_wire_cannot_carry_is_refused(town: Town, day: date) -> None:
    with pytest.raises(InvalidError) as refused:
        town.assign(town.person(), starts_on=min(day, TODAY), ends_on=max(day, TODAY))
    assert refused.value.code == "date"


def test_a_suspension_ends_at_its_review_date_unless_someone_decides(town: Town) -> None:
    contract = town.assign(town.person())
    with town.writing() as session:
        service.suspend(session, contract.id, reason="incident", review_on=date(2026, 6, 20), actor="test", now=NOON)
    with town.reading() as session:
        found = service.contract_of(session, contract.id)
        until = found.suspensions[0].until_at
        assert state_at(found, NOON - 1) is State.ACTIVE
        assert state_at(found, NOON) is State.SUSPENDED
        assert state_at(found, until - 1) is State.SUSPENDED
        assert state_at(found, until) is State.ACTIVE


def test_resuming_ends_a_suspension_at_once_and_its_past_stays_known(town: Town) -> None:
    contract = town.assign(town.person())
    with town.writing() as session:
        service.suspend(session, contract.id, reason="other", review_on=date(2026, 7, 1), actor="test", now=NOON)
    with town.writing() as session:
        service.resume(session, contract.id, actor="test", now=NOON + 1000)
    with town.writing() as session:
        found = service.resume(session, contract.id, actor="test", now=NOON + 2000)
        assert state_at(found, NOON + 999) is State.SUSPENDED
        assert state_at(found, NOON + 1000) is State.ACTIVE


def test_a_draft_made_while_the_locker_was_held_begins_when_it_was_free(town: Town) -> None:
    before = town.assign(town.person("A"), starts_on=date(2026, 6, 1), now=NOON - 14 * DAY)
    drafted = town.assign(town.person("B"), draft=True, now=NOON - 3_600_000)
    with town.writing() as session:
        service.end(session, before.id, reason="work", collect_days=0, actor="test", now=NOON)
        readiness.confirm(session, locker_of(session, town.bank, 1), list(Check), actor="test", now=NOON + 1)
    with town.writing() as session:
        signed = service.sign(session, drafted.id, actor="test", now=NOON + 2 * DAY)
        assert (signed.starts_on, signed.from_at, signed.holdings[0].from_at) == (TODAY, NOON, NOON)
        assert state_at(signed, NOON + 2 * DAY) is State.ACTIVE


def test_a_draft_whose_time_was_over_before_the_locker_was_free_is_refused(town: Town) -> None:
    before = town.assign(town.person("A"), starts_on=date(2026, 6, 1), now=NOON - 14 * DAY)
    drafted = town.assign(town.person("B"), ends_on=TODAY, draft=True)
    with town.writing() as session:
        service.end(session, before.id, reason="work", collect_days=0, actor="test", now=NOON + DAY)
        readiness.confirm(session, locker_of(session, town.bank, 1), list(Check), actor="test", now=NOON + DAY + 1)
    with pytest.raises(ConflictError) as refused, town.writing() as session:
        service.sign(session, drafted.id, actor="test", now=NOON + 2 * DAY)
    assert refused.value.code == "locker_taken"


def test_a_review_date_must_be_after_today(town: Town) -> None:
    contract = town.assign(town.person())
    with pytest.raises(InvalidError) as refused, town.writing() as session:
        service.suspend(session, contract.id, reason="other", review_on=TODAY, actor="test", now=NOON)
    assert refused.value.code == "review_on"


def test_ending_leaves_the_scheme_s_days_to_collect_and_ending_again_changes_nothing(town: Town) -> None:
    contract = town.assign(town.person())
    with town.writing() as session:
        service.end(session, contract.id, reason="agreed", actor="test", now=NOON)
    with town.writing() as session:
        found = service.end(session, contract.id, reason="other", actor="test", now=NOON + 5)
        assert (state_at(found, NOON - 1), state_at(found, NOON)) == (State.ACTIVE, State.ENDING)
        # Fourteen whole days after today.
        assert found.collect_until == NOON + 12 * 3_600_000 + 14 * DAY
        assert ([row.reason for row in found.end_reasons], found.holdings[0].until_at) == (
            ["agreed"],
            found.collect_until,
        )


def test_ending_lifts_a_suspension_so_that_belongings_can_be_fetched(town: Town) -> None:
    contract = town.assign(town.person())
    with town.writing() as session:
        service.suspend(session, contract.id, reason="other", review_on=date(2026, 7, 1), actor="test", now=NOON)
    with town.writing() as session:
        found = service.end(session, contract.id, reason="agreed", actor="test", now=NOON + 1)
        assert state_at(found, NOON + 1) is State.ENDING


def test_a_contract_that_has_not_begun_ends_without_a_time_to_collect(town: Town) -> None:
    contract = town.assign(town.person("A"), starts_on=date(2026, 7, 1))
    with town.writing() as session:
        found = service.end(session, contract.id, reason="other", actor="test", now=NOON)
        assert state_at(found, NOON) is State.ENDED
    town.assign(town.person("B"), starts_on=date(2026, 7, 1))


def test_reassigning_is_refused_while_the_earlier_holder_may_still_collect(town: Town) -> None:
    contract, other = town.assign(town.person("A"), number=4), town.person("B")
    dates = {"starts_on": TODAY, "ends_on": LAST}
    with pytest.raises(ConflictError) as refused, town.writing() as session:
        service.reassign(session, contract.id, person_id=other.id, **dates, actor="test", now=NOON)
    assert refused.value.code == "still_held"
    with town.writing() as session:
        service.end(session, contract.id, reason="agreed", actor="test", now=NOON)
    with pytest.raises(ConflictError) as refused, town.writing() as session:
        service.reassign(session, contract.id, person_id=other.id, **dates, actor="test", now=NOON)
    assert refused.value.code == "still_collecting"
    with pytest.raises(ConflictError) as refused:
        town.assign(other, number=4)
    assert refused.value.code == "still_collecting"
    with town.writing() as session:
        service.confirm_emptied(session, contract.id, also={Check.CLEANED, Check.LOCK}, actor="test", now=NOON + 1)
    with town.writing() as session:
        made = service.reassign(session, contract.id, person_id=other.id, **dates, actor="test", now=NOON + 2)
        assert state_at(made, NOON + 2) is State.ACTIVE
        assert made.holdings[0].locker.number == 4


def test_renewing_leaves_no_gap_and_stops_at_the_next_contract(town: Town) -> None:
    contract = town.assign(town.person("A"), number=4, ends_on=date(2026, 6, 20))
    town.assign(town.person("B"), number=4, starts_on=date(2026, 10, 1), ends_on=date(2026, 11, 1))
    with town.writing() as session:
        renewed = service.renew(session, contract.id, ends_on=date(2026, 7, 31), actor="test", now=NOON)
        assert state_at(renewed, NOON + 30 * DAY) is State.ACTIVE
    with pytest.raises(ConflictError) as refused, town.writing() as session:
        service.renew(session, contract.id, ends_on=date(2026, 9, 30), actor="test", now=NOON)
    assert refused.value.code == "locker_taken"


def test_moving_keeps_the_contract_and_both_doors_for_a_day(town: Town) -> None:
    contract = town.assign(town.person(), number=1)
    with town.writing() as session:
        moved = service.move(session, contract.id, bank_id=town.bank, number=2, actor="test", now=NOON)
        held_at = {holding.locker.number: (holding.from_at, holding.until_at) for holding in moved.holdings}
    assert held_at[1][1] == NOON + DAY
    assert held_at[2] == (NOON, moved.collect_until)


def test_a_draft_holds_nothing_until_it_is_signed(town: Town) -> None:
    draft = town.assign(town.person("A"), number=4, draft=True)
    town.assign(town.person("B"), number=4)
    assert state_at(draft, NOON) is State.DRAFT
    with pytest.raises(ConflictError) as refused, town.writing() as session:
        service.sign(session, draft.id, actor="test", now=NOON)
    assert refused.value.code == "locker_taken"


def test_what_is_not_in_the_table_of_transitions_is_refused(town: Town) -> None:
    contract = town.assign(town.person())
    with pytest.raises(ConflictError) as refused, town.writing() as session:
        service.confirm_emptied(session, contract.id, actor="test", now=NOON)
    assert refused.value.code == "transition"


@pytest.mark.parametrize("state", list(State))
def test_the_state_found_by_sql_is_the_state_derived(town: Town, state: State) -> None:
    people = [town.person(name) for name in "ABCDEF"]
    town.assign(people[0], number=1)
    town.assign(people[1], number=2, starts_on=date(2026, 7, 1))
    town.assign(people[2], number=3, draft=True)
    ending, suspended = town.assign(people[3], number=4), town.assign(people[4], number=5)
    town.assign(people[5], number=6, starts_on=date(2026, 1, 1), ends_on=date(2026, 2, 1))
    with town.writing() as session:
        service.end(session, ending.id, reason="agreed", actor="test", now=NOON - 1)
        service.suspend(session, suspended.id, reason="other", review_on=date(2026, 7, 1), actor="test", now=NOON - 1)
    with town.reading() as session:
        every = service.list_contracts(session, now=NOON).items
        found = service.list_contracts(session, state=state, now=NOON).items
        assert [one.id for one in found] == [one.id for one in every if state_at(one, NOON) is state]
        assert len(found) == 1


def test_every_decision_is_in_an_audit_trail_that_cannot_be_rewritten(town: Town) -> None:
    contract = town.assign(town.person("Secret Name"))
    with town.reading() as session:
        records = session.scalars(select(AuditRecord)).all()
        assert "contract_assigned" in {record.action for record in records if record.subject == contract.id}
        assert not any("Secret" in str(record.details) + record.subject for record in records)
    with pytest.raises(DBAPIError), town.writing() as session:
        session.get_one(AuditRecord, records[0].id).actor = "someone else"
    with pytest.raises(DBAPIError), town.writing() as session:
        session.delete(session.get_one(AuditRecord, records[0].id))


def test_pages_of_contracts_hold_each_once(town: Town) -> None:
    made = [town.assign(town.person(), number=number).id for number in range(1, 7)]
    seen: list[str] = []
    after: str | None = None
    with town.reading() as session:
        while True:
            page = service.list_contracts(session, after=after, limit=4, now=NOON)
            seen += [contract.id for contract in page.items]
            after = page.next
            if after is None:
                break
    assert seen == sorted(made)
    assert isinstance(page.items[0], Contract)
