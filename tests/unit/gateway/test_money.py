"""Deposits, advances and contributions: what is open follows from the receipts, and no receipt is ever lost."""

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError

from gateway.contracts import service as contracts
from gateway.contracts.models import Contract
from gateway.contracts.states import State, state_at
from gateway.db import new_id
from gateway.errors import ConflictError, InvalidError
from gateway.money import contributions, service
from gateway.money.amounts import cents_of, euros
from gateway.money.balance import Balance, balance, total
from gateway.money.codes import ForgivenReason, Kind, Means, Movement
from gateway.money.models import Claim, MoneyMovement
from gateway.people.models import Person
from gateway.schemes.codes import Every
from gateway.schemes.terms import Contribution
from tests.unit.gateway.town import DAY, NOON, TODAY, Town


def opened(town: Town, kind: Kind, cents: int = 1_000, person: Person | None = None) -> Claim:
    who = person or town.person()
    with town.writing() as session:
        return service.open_claim(session, person_id=who.id, kind=kind, cents=cents, actor="a", now=NOON)


def of(town: Town, claim: Claim) -> Balance:
    with town.reading() as session:
        return balance(service.claim_of(session, claim.id))


def test_a_deposit_is_asked_received_in_parts_held_and_refunded(town: Town) -> None:
    claim = opened(town, Kind.DEPOSIT)
    with town.writing() as session:
        service.receive(session, claim.id, cents=600, actor="a", now=NOON)
    assert of(town, claim) == Balance(received=600, owed=400, held=600)
    with town.writing() as session:
        service.receive(session, claim.id, actor="a", now=NOON)
        service.refund(session, claim.id, actor="a", now=NOON + DAY)
    assert of(town, claim) == Balance(received=1_000, refunded=1_000)


def test_an_advance_is_paid_out_paid_back_and_its_rest_forgiven(town: Town) -> None:
    claim = opened(town, Kind.ADVANCE, 5_000)
    assert [one.movement for one in claim.movements] == [Movement.GIVEN]
    with town.writing() as session:
        service.receive(session, claim.id, cents=2_000, actor="a", now=NOON)
    assert of(town, claim).owed == 3_000
    with town.writing() as session:
        service.forgive(session, claim.id, reason=ForgivenReason.HARDSHIP, actor="a", now=NOON)
    assert of(town, claim) == Balance(received=2_000, forgiven=3_000)


@pytest.mark.parametrize("cents", [0, -5, 2_000_000])
def test_an_amount_that_cannot_be_is_refused(town: Town, cents: int) -> None:
    with pytest.raises(InvalidError):
        opened(town, Kind.DEPOSIT, cents)


def test_more_than_is_open_is_not_received_and_more_than_came_is_not_refunded(town: Town) -> None:
    claim = opened(town, Kind.CONTRIBUTION, 300)
    for act in (
        lambda session: service.receive(session, claim.id, cents=301, actor="a", now=NOON),
        lambda session: service.refund(session, claim.id, actor="a", now=NOON),
    ):
        with pytest.raises(ConflictError) as refused, town.writing() as session:
            act(session)
        assert refused.value.code == "too_much"


def raw(claim: Claim, movement: Movement, cents: int, receipt: int = 77) -> MoneyMovement:
    return MoneyMovement(
        id=new_id(NOON), claim_id=claim.id, organisation_id=claim.person.organisation_id, receipt=receipt,
        movement=movement.value, cents=cents, at=NOON, by="a",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("movement", "cents", "text"),
    [
        (Movement.RECEIVED, 301, "more than was asked"),
        (Movement.FORGIVEN, 301, "more than was asked"),
        (Movement.REFUNDED, 1, "more than was received"),
    ],
)
def test_the_database_itself_refuses_amounts_that_do_not_add_up(
    town: Town, movement: Movement, cents: int, text: str
) -> None:
    claim = opened(town, Kind.CONTRIBUTION, 300)
    with pytest.raises(DBAPIError, match=text), town.writing() as session:
        session.add(raw(claim, movement, cents))


def test_receipts_have_numbers_without_holes_and_none_is_taken_out(town: Town) -> None:
    person = town.person()
    claims = [opened(town, Kind.CONTRIBUTION, 300, person) for _ in range(3)]
    for claim in claims:
        with town.writing() as session:
            service.receive(session, claim.id, means=Means.CARD, actor="a", now=NOON)
    with town.reading() as session:
        numbers = session.scalars(select(MoneyMovement.receipt).order_by(MoneyMovement.receipt)).all()
    assert list(numbers) == [1, 2, 3]
    with pytest.raises(DBAPIError, match="void"), town.writing() as session:
        session.delete(session.scalars(select(MoneyMovement)).first())
    with pytest.raises(DBAPIError), town.writing() as session:
        session.add(raw(claims[0], Movement.GIVEN, 1, receipt=3))


def test_a_receipt_written_by_mistake_keeps_its_number_and_counts_no_more(town: Town) -> None:
    claim = opened(town, Kind.CONTRIBUTION, 3_000)
    with town.writing() as session:
        wrong = service.receive(session, claim.id, actor="a", now=NOON)
    with town.writing() as session:
        service.make_void(session, wrong.id, actor="a", now=NOON)
        again = service.receive(session, claim.id, cents=300, actor="a", now=NOON)
    assert again.receipt == 2
    assert of(town, claim).owed == 2_700
    with pytest.raises(ConflictError) as twice, town.writing() as session:
        service.make_void(session, wrong.id, actor="a", now=NOON)
    assert twice.value.code == "void"


def test_a_receipt_whose_money_was_refunded_is_not_made_void(town: Town) -> None:
    claim = opened(town, Kind.DEPOSIT)
    with town.writing() as session:
        got = service.receive(session, claim.id, actor="a", now=NOON)
        service.refund(session, claim.id, actor="a", now=NOON)
    with pytest.raises(ConflictError) as refused, town.writing() as session:
        service.make_void(session, got.id, actor="a", now=NOON)
    assert refused.value.code == "refunded_already"


def test_the_desk_waives_contributions_and_only_those(town: Town) -> None:
    contribution, advance = opened(town, Kind.CONTRIBUTION, 300), opened(town, Kind.ADVANCE)
    with town.writing() as session:
        service.waive(session, contribution.id, reason=ForgivenReason.NO_MEANS, actor="a", now=NOON)
    assert of(town, contribution).owed == 0
    with pytest.raises(ConflictError) as refused, town.writing() as session:
        service.waive(session, advance.id, reason=ForgivenReason.NO_MEANS, actor="a", now=NOON)
    assert refused.value.code == "not_a_contribution"


def test_someone_elses_contract_is_not_charged(town: Town) -> None:
    contract, other = town.assign(town.person("A")), town.person("B")
    with pytest.raises(ConflictError) as refused, town.writing() as session:
        service.open_claim(
            session, person_id=other.id, kind=Kind.DEPOSIT, cents=1, contract_id=contract.id, actor="a",
            now=NOON,
        )  # fmt: skip
    assert refused.value.code == "other_person"


def asking(town: Town, every: Every, **how: Any) -> Contract:
    contract = town.assign(town.person(), **how)
    with town.writing() as session:
        found = session.get_one(Contract, contract.id)
        found.terms = found.terms.model_copy(update={"contribution": Contribution(cents=300, every=every)})
        return found


def test_a_contribution_is_asked_once_a_period_and_never_where_the_scheme_asks_none(town: Town) -> None:
    none = town.assign(town.person(), number=2)
    contract = asking(town, Every.MONTH)
    with town.writing() as session:
        assert contributions.ask(session, session.get_one(Contract, none.id), actor="a", now=NOON) is None
        assert contributions.ask(session, session.get_one(Contract, contract.id), actor="a", now=NOON) is not None
        assert contributions.ask(session, session.get_one(Contract, contract.id), actor="a", now=NOON + DAY) is None
        later = contributions.ask(session, session.get_one(Contract, contract.id), actor="a", now=NOON + 16 * DAY)
        assert later is not None
        assert later.period == "2026-07"
    with pytest.raises(ConflictError) as twice, town.writing() as session:
        service.open_claim(
            session, person_id=contract.person_id, kind=Kind.CONTRIBUTION, cents=1, contract_id=contract.id,
            period="2026-07", actor="a", now=NOON,
        )  # fmt: skip
    assert twice.value.code == "asked_already"


def test_a_contribution_is_asked_neither_of_a_draft_nor_of_a_contract_that_is_over(town: Town) -> None:
    contract, draft = asking(town, Every.VISIT), asking(town, Every.VISIT, draft=True)
    with town.writing() as session:
        contracts.end(session, contract.id, reason="other", collect_days=0, actor="a", now=NOON + DAY)
    with town.writing() as session:
        over, unsigned = (session.get_one(Contract, one.id) for one in (contract, draft))
        assert contributions.ask(session, unsigned, actor="a", now=NOON) is None
        assert contributions.ask(session, over, actor="a", now=NOON + DAY) is None
        assert contributions.due_today(session, over, NOON) is not None


def test_a_year_is_asked_once_of_whoever_pays_when_signing_and_none_in_the_time_to_collect(town: Town) -> None:
    first = TODAY + timedelta(days=7)
    contract = asking(town, Every.YEAR, starts_on=first, ends_on=first + timedelta(days=364))
    with town.writing() as session:
        mine = session.get_one(Contract, contract.id)
        asked = contributions.ask(session, mine, actor="a", now=NOON)
        assert asked is not None
        assert (asked.period, asked.due_on) == ("year-1", first)
        for days in (7, 371, 372):  # the first day, the last, and the first of the time to collect
            assert contributions.ask(session, mine, actor="a", now=NOON + days * DAY) is None
        assert state_at(mine, NOON + 372 * DAY) is State.ENDING


@pytest.mark.parametrize(
    ("every", "day", "period"),
    [
        (Every.ONCE, date(2027, 1, 1), "once"),
        (Every.VISIT, date(2026, 6, 16), "2026-06-16"),
        (Every.YEAR, date(2027, 6, 14), "year-1"),
        (Every.YEAR, date(2027, 6, 15), "year-2"),
    ],
)
def test_periods_are_visits_months_and_years_of_the_contract(every: Every, day: date, period: str) -> None:
    assert contributions.period_of(Contribution(cents=300, every=every), TODAY, day) == period


def test_the_open_balance_of_a_person_is_the_sum(town: Town) -> None:
    person = town.person()
    opened(town, Kind.CONTRIBUTION, 300, person)
    deposit = opened(town, Kind.DEPOSIT, 500, person)
    with town.writing() as session:
        service.receive(session, deposit.id, actor="a", now=NOON)
        claims = service.list_claims(session, person_id=person.id).items
        assert total(claims) == Balance(received=500, owed=300, held=500)


@pytest.mark.parametrize(
    ("text", "cents"), [("3", 300), ("3,5", 350), ("3.05 €", 305), ("", None), ("-3", None), ("3,555", None)]
)
def test_amounts_are_read_as_people_write_them(text: str, cents: int | None) -> None:
    assert cents_of(text) == cents


def test_amounts_are_written_as_people_read_them() -> None:
    assert (euros(350, "fr"), euros(-5, "en")) == ("3,50\u00a0€", "-0.05\u00a0€")
