"""Decisions about contracts: each one recorded, two at once, planned ends, how they ended."""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from gateway import migrations
from gateway.access import lists
from gateway.contracts import endings, service
from gateway.contracts.models import Contract, EndReason, Transition
from gateway.contracts.service import How
from gateway.contracts.states import TRANSITIONS, Action, State, state_at
from gateway.custody.codes import Check
from gateway.db import Database, new_id
from gateway.errors import ConflictError, InvalidError
from gateway.staff import service as accounts
from tests.unit.gateway.town import DAY, NOON, TODAY, Town
from wire.access_list import Grant


def record(town: Town, contract: Contract) -> list[Transition]:
    with town.reading() as session:
        rows = select(Transition).where(Transition.contract_id == contract.id).order_by(Transition.number)
        return list(session.scalars(rows))


def grants(town: Town, now: int = NOON) -> list[Grant]:
    with town.reading() as session:
        return list(lists.build(session, town.bank, version=1, now=now).grants)


def test_each_decision_is_recorded_with_author_reason_time_and_states(town: Town) -> None:
    contract = town.assign(town.person())
    with town.writing() as session:
        service.suspend(
            session,
            contract.id,
            reason="incident",
            review_on=date(2026, 7, 1),
            note="Shouting",
            actor="s-1",
            now=NOON + 1,
        )
    with town.writing() as session:
        service.resume(session, contract.id, actor="s-2", now=NOON + 2)
    made, suspended, resumed = record(town, contract)
    assert (made.number, made.action, made.from_state, made.to_state) == (1, "assign", None, "active")
    assert (suspended.number, suspended.author, suspended.at) == (2, "s-1", NOON + 1)
    assert (suspended.reason, suspended.note) == ("incident", "Shouting")
    assert (suspended.from_state, suspended.to_state) == ("active", "suspended")
    assert (resumed.number, resumed.author, resumed.to_state) == (3, "s-2", "active")


def test_of_two_who_decide_at_once_one_wins_and_the_other_is_told_by_whom(town: Town) -> None:
    contract = town.assign(town.person())
    with town.writing() as session:
        marie = accounts.add_staff(
            session, email="marie@example.org", name="Marie", role="worker", password="a long enough password",
            actor="test", now=NOON,
        )  # fmt: skip
    seen = contract.version
    with town.writing() as session:
        service.end(session, contract.id, reason="agreed", actor=marie.id, now=NOON + 1, seen=seen)
    for decide in (Action.PLAN_END, Action.SUSPEND, Action.RENEW):
        with pytest.raises(ConflictError) as refused, town.writing() as session:
            _decisions(NOON + 2, seen)[decide](session, contract.id)
        assert refused.value.code == "changed_meanwhile"
        assert "Marie" in refused.value.text
        assert (refused.value.facts["by"], refused.value.facts["action"]) == (marie.id, "end")
    assert len(record(town, contract)) == 2


def test_who_says_no_version_and_is_out_of_turn_is_told_who_was_before(town: Town) -> None:
    contract = town.assign(town.person())
    with town.writing() as session:
        service.end(session, contract.id, reason="agreed", actor="s-1", now=NOON + 1)
    with pytest.raises(ConflictError) as refused, town.writing() as session:
        service.suspend(session, contract.id, reason="other", review_on=date(2026, 7, 1), actor="s-2", now=NOON + 2)
    assert refused.value.code == "transition"
    assert refused.value.facts["by"] == "s-1"


@pytest.mark.parametrize("says_version", [True, False])
def test_a_planned_suspension_is_taken_back_and_never_begins(town: Town, says_version: bool) -> None:
    person = town.person()
    town.badge(person)
    contract = town.assign(person)
    with town.writing() as session:
        service.suspend(
            session, contract.id, reason="works", from_on=date(2026, 6, 20), review_on=date(2026, 7, 10), actor="t",
            now=NOON,
        )  # fmt: skip
    assert any(grant.kind == "suspended" for grant in grants(town))
    with town.writing() as session:
        service.resume(session, contract.id, actor="t", now=NOON + DAY, seen=2 if says_version else None)
    with town.reading() as session:
        assert state_at(service.contract_of(session, contract.id), NOON + 6 * DAY) is State.ACTIVE
    assert not any(grant.kind == "suspended" for grant in grants(town, NOON + DAY))
    last = record(town, contract)[-1]
    assert (last.action, last.from_state, last.to_state) == ("resume", "active", "active")


def test_resuming_what_was_thought_suspended_and_has_nothing_planned_is_refused(town: Town) -> None:
    contract = town.assign(town.person())
    with pytest.raises(ConflictError) as refused, town.writing() as session:
        service.resume(session, contract.id, actor="t", now=NOON, seen=contract.version)
    assert refused.value.code == "transition"
    assert len(record(town, contract)) == 1


def test_the_database_refuses_a_second_decision_of_the_same_number(town: Town) -> None:
    contract = town.assign(town.person())
    with pytest.raises(IntegrityError), town.writing() as session:
        session.add(
            Transition(
                id=new_id(NOON), contract_id=contract.id, number=1, at=NOON, author="s", action="end", to_state="ended"
            )
        )


def _decisions(now: int, seen: int | None = None) -> dict[Action, Callable[[Session, str], object]]:
    later, planned, review = date(2027, 6, 1), date(2026, 11, 1), date(2026, 7, 1)
    by: dict[str, Any] = {"actor": "t", "now": now, "seen": seen}
    return {
        Action.SIGN: lambda db, one: service.sign(db, one, **by),
        Action.SUSPEND: lambda db, one: service.suspend(db, one, reason="other", review_on=review, **by),
        Action.RENEW: lambda db, one: service.renew(db, one, ends_on=later, **by),
        Action.MOVE: lambda db, one: service.move(db, one, bank_id="montreuil-1", number=6, **by),
        Action.PLAN_END: lambda db, one: endings.plan_end(db, one, ends_on=planned, reason="agreed", **by),
        Action.SAY_HOW: lambda db, one: service.tell_how(db, one, reason="agreed", how=How(), **by),
        Action.EMPTIED: lambda db, one: service.confirm_emptied(db, one, **by),
    }


def _in_state(town: Town, state: State) -> Contract:
    starts_on = date(2026, 7, 1) if state is State.UPCOMING else TODAY
    contract = town.assign(town.person(), starts_on=starts_on, draft=state is State.DRAFT)
    with town.writing() as session:
        if state is State.SUSPENDED:
            service.suspend(session, contract.id, reason="other", review_on=date(2026, 7, 1), actor="t", now=NOON)
        elif state in (State.ENDING, State.ENDED):
            days = None if state is State.ENDING else 0
            service.end(session, contract.id, reason="agreed", collect_days=days, actor="t", now=NOON)
    return contract


@pytest.mark.parametrize("state", list(State))
def test_only_what_the_table_lists_is_done_and_anything_else_changes_nothing(town: Town, state: State) -> None:
    contract = _in_state(town, state)
    with town.reading() as session:
        assert state_at(service.contract_of(session, contract.id), NOON + 1) is state
    for action, decide in _decisions(NOON + 1).items():
        outcome = _outcome(town, contract, decide)
        if (state, action) in TRANSITIONS:
            assert outcome in TRANSITIONS[state, action], action
        else:
            assert outcome == "transition", action


def _outcome(town: Town, contract: Contract, decide: Callable[[Session, str], object]) -> State | str:
    """Where a decision leads, or the code of its refusal; none of it is kept."""
    before = len(record(town, contract))
    with town.reading() as session:
        try:
            decide(session, contract.id)
        except ConflictError as refused:
            return refused.code
        lines = session.scalars(select(Transition).where(Transition.contract_id == contract.id)).all()
        assert len(lines) == before + 1
        return state_at(service.contract_of(session, contract.id), NOON + 1)


def test_a_planned_end_travels_ahead_in_the_grants_and_a_message_waits(town: Town) -> None:
    person = town.person()
    town.badge(person)
    contract = town.assign(person)
    with town.writing() as session:
        planned = endings.plan_end(
            session, contract.id, ends_on=date(2026, 7, 1), reason="threats", how=How(decided_by="scheme"), actor="t",
            now=NOON + 1,
        )  # fmt: skip
        assert state_at(planned, NOON + 1) is State.ACTIVE
        assert state_at(planned, planned.until_at) is State.ENDING
    found = {grant.kind: grant for grant in grants(town, NOON + 1)}
    assert found["holder"].not_after == planned.until_at == found["collect"].not_before
    assert found["collect"].not_after == planned.until_at + 14 * DAY
    assert found["holder"].notice
    with town.writing() as session:
        service.renew(session, contract.id, ends_on=date(2026, 12, 31), actor="t", now=NOON + 2)
    assert not any(grant.notice for grant in grants(town, NOON + 2))
    with town.reading() as session:
        assert not service.contract_of(session, contract.id).end_reasons


def test_an_end_that_the_holder_decided_needs_no_message(town: Town) -> None:
    person = town.person()
    town.badge(person)
    contract = town.assign(person)
    with town.writing() as session:
        service.end(session, contract.id, reason="work", how=How(decided_by="holder"), actor="t", now=NOON)
    assert not any(grant.notice for grant in grants(town, NOON))


def test_a_planned_end_is_neither_past_nor_later_than_the_contract(town: Town) -> None:
    contract = town.assign(town.person(), ends_on=date(2026, 8, 1))
    for day in (date(2026, 6, 14), date(2026, 8, 2)):
        with pytest.raises(InvalidError) as refused, town.writing() as session:
            endings.plan_end(session, contract.id, ends_on=day, reason="agreed", actor="t", now=NOON)
        assert refused.value.code == "ends_on"


def test_an_end_keeps_several_reasons_who_decided_and_where_to(town: Town) -> None:
    contract = town.assign(town.person())
    how = How(("support_refused", "threats"), "both", "shelter", "temporary", "Said goodbye")
    with town.writing() as session:
        service.end(session, contract.id, reason="threats", how=how, actor="t", now=NOON)
    with town.writing() as session:
        found = service.contract_of(session, contract.id)
        assert {row.reason for row in found.end_reasons} == {"threats", "support_refused"}
        assert (found.end_decided_by, found.destination, found.stability) == ("both", "shelter", "temporary")
        service.tell_how(session, contract.id, reason="threats", how=How(("work",)), actor="t", now=NOON + 1)
    with town.reading() as session:
        rows = session.scalars(select(EndReason.reason).where(EndReason.contract_id == contract.id))
        assert set(rows) == {"threats", "work"}


@pytest.mark.parametrize("field", ["more_reasons", "decided_by", "destination", "stability"])
def test_what_is_not_a_known_code_is_refused_and_the_contract_goes_on(town: Town, field: str) -> None:
    contract = town.assign(town.person())
    how = How(**{field: ("bored",) if field == "more_reasons" else "bored"})  # type: ignore[arg-type]
    with pytest.raises(InvalidError), town.writing() as session:
        service.end(session, contract.id, reason="agreed", how=how, actor="t", now=NOON)
    with town.reading() as session:
        assert state_at(service.contract_of(session, contract.id), NOON) is State.ACTIVE


def test_why_it_ended_is_kept_though_its_date_ended_it_meanwhile(town: Town) -> None:
    contract = town.assign(town.person(), ends_on=TODAY)
    how, midnight = How(("work",), "holder", "own_housing", "lasting"), contract.until_at
    with town.writing() as session:
        service.end(session, contract.id, reason="own_solution", how=how, actor="t", now=midnight + 1, seen=1)
    with town.writing() as session:  # sent again, it changes nothing
        service.end(session, contract.id, reason="other", actor="t", now=midnight + 2)
    with town.reading() as session:
        found = service.contract_of(session, contract.id)
        assert {row.reason for row in found.end_reasons} == {"own_solution", "work"}
        assert (found.end_decided_by, found.destination, found.stability) == ("holder", "own_housing", "lasting")
        assert (found.ended_at, found.collect_until) == (None, contract.collect_until)
    assert [one.action for one in record(town, contract)] == ["assign", "say_how"]


def test_renewing_without_a_date_adds_one_term_of_the_contract(town: Town) -> None:
    contract = town.assign(town.person(), ends_on=date(2026, 8, 31))
    with town.writing() as session:
        renewed = service.renew(session, contract.id, actor="t", now=NOON)
        assert renewed.ends_on == date(2027, 8, 31)


def test_a_suspension_to_come_is_known_to_the_bank_and_says_how_to_fetch_things(town: Town) -> None:
    person = town.person()
    town.badge(person)
    contract = town.assign(person)
    with town.writing() as session:
        service.suspend(
            session, contract.id, reason="works", from_on=date(2026, 6, 20), review_on=date(2026, 6, 22),
            fetch="worker", fetch_note="Ask Marie", actor="t", now=NOON,
        )  # fmt: skip
    (pause,) = [grant for grant in grants(town) if grant.kind == "suspended"]
    assert (pause.not_before - NOON) // DAY == 4
    assert pause.not_after - pause.not_before == 2 * DAY
    with town.reading() as session:
        found = service.contract_of(session, contract.id)
        assert [state_at(found, at) for at in (NOON, pause.not_before, pause.not_after)] == [
            State.ACTIVE,
            State.SUSPENDED,
            State.ACTIVE,
        ]
        assert (found.suspensions[0].fetch, found.suspensions[0].fetch_note) == ("worker", "Ask Marie")


def test_a_suspension_that_does_not_say_how_things_are_fetched_is_refused(town: Town) -> None:
    contract = town.assign(town.person())
    with pytest.raises(InvalidError) as refused, town.writing() as session:
        service.suspend(
            session, contract.id, reason="other", review_on=date(2026, 7, 1), fetch="never", actor="t", now=NOON
        )
    assert refused.value.code == "fetch"


def test_a_locker_goes_to_nobody_else_until_seen_empty_cleaned_and_its_lock_checked(town: Town) -> None:
    contract, other = town.assign(town.person("A")), town.person("B")
    with town.writing() as session:
        service.end(session, contract.id, reason="agreed", collect_days=0, actor="t", now=NOON)
    with pytest.raises(ConflictError) as refused:
        town.assign(other, now=NOON + 1)
    assert refused.value.code == "locker_not_ready"
    assert refused.value.facts["lacking"] == ["empty", "cleaned", "lock"]


def test_a_locker_confirmed_empty_cleaned_and_checked_is_given_again(town: Town) -> None:
    contract, other = town.assign(town.person("A")), town.person("B")
    with town.writing() as session:
        service.end(session, contract.id, reason="agreed", actor="t", now=NOON)
    with town.writing() as session:
        service.confirm_emptied(session, contract.id, also={Check.CLEANED, Check.LOCK}, actor="t", now=NOON + 1)
    with town.writing() as session:
        made = service.reassign(
            session, contract.id, person_id=other.id, starts_on=TODAY, ends_on=date(2026, 7, 1), actor="t", now=NOON + 2
        )
        assert state_at(made, NOON + 2) is State.ACTIVE


def test_an_older_database_keeps_who_held_each_contract_and_why_it_ended(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'old.db'}")
    config = migrations._config()
    for revision, lines in (("0010", _OLD), ("0011", ())):
        with database.engine.begin() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, revision)
            for line in lines:
                connection.exec_driver_sql(line)
    with database.engine.connect() as connection:
        parties = connection.exec_driver_sql("SELECT contract_id, person_id, place, from_at, until_at FROM party").all()
        reasons = connection.exec_driver_sql("SELECT contract_id, reason FROM end_reason").all()
        version = connection.exec_driver_sql("SELECT version FROM contract").scalar()
    database.close()
    assert [tuple(row) for row in parties] == [("c", "p", 1, 5, None)]
    assert [tuple(row) for row in reasons] == [("c", "threats")]
    assert version == 1


_OLD = (
    "INSERT INTO organisation VALUES ('o', 'Emmaus', 1)",
    "INSERT INTO scheme (id, organisation_id, name, created_at) VALUES ('s', 'o', 'lockers', 1)",
    "INSERT INTO person (id, organisation_id, name, language, created_at) VALUES ('p', 'o', 'Nadia', 'fr', 1)",
    "INSERT INTO contract (id, person_id, scheme_id, starts_on, ends_on, from_at, until_at, collect_until, created_at, "
    "end_reason) VALUES ('c', 'p', 's', '2026-01-01', '2026-02-01', 5, 6, 7, 1, 'threats')",
)


def test_a_contract_whose_last_day_is_over_is_renewed_although_its_suspension_is_not(town: Town) -> None:
    contract = town.assign(town.person(), ends_on=date(2026, 6, 16))
    later = NOON + 3 * DAY
    with town.writing() as session:
        service.suspend(session, contract.id, reason="incident", review_on=date(2026, 6, 25), actor="t", now=NOON)
        assert state_at(service.contract_of(session, contract.id), later) is State.ENDING
    with town.writing() as session:
        service.renew(session, contract.id, ends_on=date(2026, 7, 31), actor="t", now=later)
    with town.reading() as session:
        renewed = service.contract_of(session, contract.id)
        assert state_at(renewed, later) is State.SUSPENDED
        assert state_at(renewed, NOON + 10 * DAY) is State.ACTIVE


def test_a_contract_that_never_began_delays_no_other_one(town: Town) -> None:
    cancelled = town.assign(town.person(), starts_on=date(2026, 6, 20))
    with town.writing() as session:
        service.end(session, cancelled.id, reason="agreed", actor="t", now=NOON)
    contract = town.assign(town.person(), now=NOON + 1)
    assert contract.from_at == NOON - 12 * 3_600_000
