"""What is inside the locker of someone who died, or is away without an end, is taken out once a person decides it."""

from datetime import timedelta

import pytest

from gateway.contracts import away, deaths
from gateway.contracts import service as contracts
from gateway.contracts.holdings import UNDECIDED
from gateway.contracts.models import Contract
from gateway.contracts.states import State, state_at
from gateway.custody import outcomes, readiness, service
from gateway.custody.codes import DisposalReason, Thing, Witness
from gateway.custody.models import Custody
from gateway.custody.readiness import Readiness
from gateway.errors import ConflictError, NotFoundError
from gateway.lockers.service import locker_of
from tests.unit.gateway.town import DAY, NOON, TODAY, Town

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
LATER = NOON + 400 * DAY


def died(town: Town) -> Contract:
    person = town.person()
    contract = town.assign(person)
    with town.writing() as session:
        deaths.record(session, person.id, actor="amina", now=NOON)
    return contract


def in_prison(town: Town) -> Contract:
    person = town.person()
    contract = town.assign(person, ends_on=TODAY)
    with town.writing() as session:
        away.leave(session, person.id, kind="prison", from_on=TODAY, actor="amina", now=NOON)
    return contract


def begun(town: Town, contract: Contract, now: int = LATER) -> Custody:
    with town.writing() as session:
        return service.begin(session, contract.id, actor="amina", now=now)


def written_down(town: Town, custody: Custody) -> None:
    with town.writing() as session:
        service.add_thing(session, custody.id, kind=Thing.PAPERS, actor="amina", now=LATER)
        service.witness(session, custody.id, witness=Witness.COLLEAGUE, name="Paul", actor="amina", now=LATER)


def stored(town: Town, custody: Custody) -> None:
    with town.writing() as session:
        service.store(session, custody.id, place="Shelf 3", actor="amina", now=LATER)


def found(town: Town, contract: Contract) -> tuple[Contract, Readiness]:
    with town.reading() as session:
        now = contracts.contract_of(session, contract.id)
        return now, readiness.readiness(session, locker_of(session, town.bank, 1), LATER + 1)


@pytest.mark.parametrize(("left", "holds"), [(died, "kept_for_entitled"), (in_prison, "owner_away")])
def test_what_someone_dead_or_away_without_an_end_left_is_written_down_and_kept(town, left, holds) -> None:
    contract = left(town)
    custody = begun(town, contract)
    written_down(town, custody)
    assert found(town, contract)[0].collect_until == UNDECIDED
    stored(town, custody)
    now, locker = found(town, contract)
    assert (state_at(now, LATER), now.collect_until) == (State.ENDED, LATER)
    assert [check.value for check in locker.lacking] == ["cleaned", "lock"]
    with town.writing() as session:
        (papers,) = service.custody_of(session, custody.id).things
        with pytest.raises(ConflictError) as refused:
            outcomes.dispose_one(
                session, custody.id, papers.id, reason=DisposalReason.KEPT_LONG_ENOUGH, note="x", actor="amina",
                now=LATER + 100 * DAY,
            )  # fmt: skip
    assert refused.value.code == holds


def test_where_nothing_was_inside_that_ends_the_time_to_collect_too(town: Town) -> None:
    contract = died(town)
    custody = begun(town, contract)
    with town.writing() as session:
        service.nothing_left(session, custody.id, actor="amina", now=LATER)
    assert state_at(found(town, contract)[0], LATER) is State.ENDED


def test_while_a_contract_runs_its_absent_holder_s_things_stay_where_they_are(town: Town) -> None:
    person = town.person()
    contract = town.assign(person)
    with town.writing() as session:
        away.leave(session, person.id, kind="hospital", from_on=TODAY, actor="amina", now=NOON)
    with pytest.raises(ConflictError) as refused:
        begun(town, contract, NOON + DAY)
    assert refused.value.code == "not_over"


def test_who_is_back_before_all_is_put_away_keeps_the_time_to_collect(town: Town) -> None:
    contract = in_prison(town)
    custody = begun(town, contract)
    written_down(town, custody)
    with town.writing() as session:
        away.back(session, contract.person_id, actor="amina", now=LATER)
    granted = found(town, contract)[0].collect_until
    stored(town, custody)
    assert LATER < granted == found(town, contract)[0].collect_until < UNDECIDED


def test_a_mistaken_death_withdrawn_before_all_is_put_away_leaves_the_contract_as_signed(town: Town) -> None:
    contract = died(town)
    custody = begun(town, contract, NOON + 1)
    written_down(town, custody)
    with town.writing() as session:
        deaths.withdraw(session, contract.person_id, actor="amina", now=NOON + 2)
    stored(town, custody)
    now, _ = found(town, contract)
    assert (now.until_at, now.collect_until) == (contract.until_at, contract.collect_until)


def test_nothing_is_taken_out_in_the_name_of_who_was_never_let_in(town: Town) -> None:
    """Whoever died while they waited for the locker has nothing inside: it is the one's before."""
    first = town.assign(town.person("First"), ends_on=TODAY)
    waits = town.person("Waits")
    second = town.assign(waits, starts_on=TODAY + timedelta(days=20))
    with town.writing() as session:
        deaths.record(session, waits.id, actor="amina", now=NOON + 21 * DAY)
    with pytest.raises(NotFoundError):
        begun(town, second)
    assert begun(town, first).contract_id == first.id
