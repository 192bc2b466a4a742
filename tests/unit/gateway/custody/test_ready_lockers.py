"""A locker is ready for the next holder once it was seen empty, cleaned, its lock checked, and its bags put away."""

import pytest
from sqlalchemy import select

from gateway.custody import readiness, service
from gateway.custody.codes import Check, Step, Thing, Witness
from gateway.errors import ConflictError, InvalidError
from gateway.lockers.models import Locker
from gateway.lockers.service import locker_of
from tests.unit.gateway.custody.belongings import OVER, add, begun, checked, found, left_behind
from tests.unit.gateway.town import DAY, NOON, Town


def ready(town: Town, now: int, number: int = 1) -> list[Check]:
    with town.reading() as session:
        return list(readiness.readiness(session, locker_of(session, town.bank, number), now).lacking)


def required(town: Town, now: int, number: int = 1) -> None:
    with town.reading() as session:
        readiness.require_ready(session, locker_of(session, town.bank, number), now)


def test_a_locker_is_ready_when_seen_empty_cleaned_and_its_lock_checked(town: Town) -> None:
    required(town, NOON)
    left_behind(town)
    required(town, NOON)
    assert ready(town, OVER) == [Check.EMPTY, Check.CLEANED, Check.LOCK]
    for check in Check:
        with pytest.raises(ConflictError) as lacking:
            required(town, OVER)
        assert lacking.value.code == "locker_not_ready"
        checked(town, check)
    required(town, OVER)


def test_what_was_checked_before_the_last_holder_counts_no_more(town: Town) -> None:
    checked(town, *Check, now=NOON - DAY)
    left_behind(town)
    assert ready(town, OVER) == list(Check)


def test_a_locker_is_not_confirmed_empty_while_someone_holds_it(town: Town) -> None:
    left_behind(town)
    with pytest.raises(ConflictError) as held:
        checked(town, Check.EMPTY, now=NOON)
    assert held.value.code == "still_held"
    with pytest.raises(InvalidError):
        checked(town, now=OVER)


def test_a_locker_is_not_ready_until_what_was_in_it_is_stored(town: Town) -> None:
    custody = begun(town)
    checked(town, Check.CLEANED, Check.LOCK)
    with pytest.raises(ConflictError) as taken_out:
        checked(town, Check.EMPTY)
    assert taken_out.value.code == "custody_open"
    with pytest.raises(ConflictError) as unresolved:
        required(town, OVER)
    assert unresolved.value.code == "custody_open"
    add(town, custody, Thing.BAG)
    with town.writing() as session:
        service.witness(session, custody.id, witness=Witness.HOLDER, actor="a", now=OVER)
        service.store(session, custody.id, place="x", actor="a", now=OVER)
    required(town, OVER)


def test_a_locker_that_was_empty_after_all_is_confirmed_so(town: Town) -> None:
    custody = begun(town)
    with town.writing() as session:
        service.nothing_left(session, custody.id, actor="a", now=OVER)
    assert ready(town, OVER) == [Check.CLEANED, Check.LOCK]
    assert service.step_of(found(town, custody)) is Step.CLOSED


def test_the_sql_of_not_ready_agrees_with_the_rule(town: Town) -> None:
    left_behind(town, number=1)
    left_behind(town, number=2)
    checked(town, *Check, number=2)
    town.assign(town.person("B"), number=3)
    with town.reading() as session:
        unready = session.scalars(select(Locker.number).where(readiness.unready(OVER)).order_by(Locker.number)).all()
        by_rule = [
            locker.number
            for locker in session.scalars(select(Locker).order_by(Locker.number))
            if not readiness.readiness(session, locker, OVER).ready
        ]
    assert list(unready) == by_rule == [1]
