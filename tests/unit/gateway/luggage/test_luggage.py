"""The luggage room: things in and out, shifts with their counts, services, the single sheet."""

import pytest
from sqlalchemy.exc import IntegrityError

from gateway.contracts.models import Contract, Transition
from gateway.custody.codes import Thing
from gateway.db import new_id
from gateway.errors import ConflictError, InvalidError, NotFoundError
from gateway.luggage import service, shifts
from gateway.luggage.codes import DeskService
from gateway.luggage.models import DeskShift, Luggage
from gateway.luggage.sheet import sheet_of
from gateway.money import service as money
from gateway.money.codes import ForgivenReason, Kind, Means
from gateway.staff import service as accounts
from tests.unit.gateway.town import DAY, NOON, TODAY, Town


def volunteer(town: Town, name: str = "ben") -> str:
    with town.writing() as session:
        return accounts.add_staff(
            session, email=f"{name}@example.org", name=name, password="un mot de passe long", role="volunteer",
            actor="test", now=NOON,
        ).id  # fmt: skip


def shift(town: Town, staff_id: str, float_cents: int = 0) -> DeskShift:
    with town.writing() as session:
        return shifts.open_shift(
            session, site_id=town.site_id, staff_id=staff_id, float_cents=float_cents, actor=staff_id, now=NOON
        )


def left(town: Town, contract: Contract, quantity: int = 1, actor: str = "a", now: int = NOON) -> Luggage:
    with town.writing() as session:
        return service.take_in(session, contract.id, kind=Thing.BAG, quantity=quantity, actor=actor, now=now)


def counted(town: Town, which: DeskShift) -> shifts.Counts:
    with town.reading() as session:
        return shifts.counts(session, shifts.shift_of(session, which.id))


def test_part_of_what_was_left_goes_out_and_the_rest_stays(town: Town) -> None:
    contract = town.assign(town.person())
    three = left(town, contract, 3)
    with town.writing() as session:
        gone = service.take_out(session, three.id, quantity=1, actor="a", now=NOON + DAY)
    with town.reading() as session:
        inside, out = (service.luggage_of(session, contract.id, inside=here) for here in (True, False))
        assert [(one.id, one.quantity) for one in inside] == [(three.id, 2)]
        assert [(one.id, one.quantity, one.in_at) for one in out] == [(gone.id, 1, NOON)]


def test_what_a_clock_that_was_ahead_took_in_and_opened_goes_out_and_is_closed(town: Town) -> None:
    ben, ahead = volunteer(town), NOON + 100 * DAY
    bag = left(town, town.assign(town.person()), now=ahead)
    with town.writing() as session:
        begun = shifts.open_shift(session, site_id=town.site_id, staff_id=ben, actor=ben, now=ahead)
    with town.writing() as session:
        assert service.take_out(session, bag.id, actor=ben, now=NOON + DAY).out_at == ahead
        assert shifts.close_shift(session, begun.id, actor=ben, now=NOON + DAY).closed_at == ahead


def test_more_than_is_here_does_not_go_out_and_nothing_goes_out_twice(town: Town) -> None:
    bag = left(town, town.assign(town.person()))
    with pytest.raises(ConflictError) as many, town.writing() as session:
        service.take_out(session, bag.id, quantity=2, actor="a", now=NOON)
    assert many.value.code == "too_many"
    with town.writing() as session:
        service.take_out(session, bag.id, actor="a", now=NOON)
    with pytest.raises(ConflictError) as twice, town.writing() as session:
        service.take_out(session, bag.id, actor="a", now=NOON)
    assert twice.value.code == "out_already"


def test_after_the_contract_nothing_more_is_left_and_everything_can_be_taken(town: Town) -> None:
    contract = town.assign(town.person(), ends_on=TODAY)
    bag = left(town, contract)
    with pytest.raises(ConflictError) as refused:
        left(town, contract, now=NOON + 3 * DAY)
    assert refused.value.code == "not_in_force"
    with town.writing() as session:
        assert service.take_out(session, bag.id, actor="a", now=NOON + 99 * DAY).out_at == NOON + 99 * DAY


def test_a_shift_is_opened_once_even_in_the_database_and_closed_once(town: Town) -> None:
    ben = volunteer(town)
    first = shift(town, ben)
    assert shift(town, ben).id == first.id
    with pytest.raises(IntegrityError), town.writing() as session:
        session.add(DeskShift(id=new_id(NOON), site_id=town.site_id, staff_id=ben, opened_at=NOON))
    with town.writing() as session:
        shifts.close_shift(session, first.id, actor=ben, now=NOON + 1)
    with pytest.raises(ConflictError) as twice, town.writing() as session:
        shifts.close_shift(session, first.id, actor=ben, now=NOON + 1)
    assert twice.value.code == "shift_closed"
    assert shift(town, ben).id != first.id


def test_a_shift_counts_people_things_services_and_the_cash_that_ought_to_be_there(town: Town) -> None:
    ben, eva = volunteer(town), volunteer(town, "eva")
    mine, other = shift(town, ben, 2_000), shift(town, eva)
    nadia, omar = town.person("Nadia"), town.person("Omar")
    contract = town.assign(nadia)
    bags = left(town, contract, 3, actor=ben)
    left(town, contract, actor=eva)
    with town.writing() as session:
        service.take_out(session, bags.id, quantity=2, actor=ben, now=NOON)
        for who in (None, omar.id, omar.id):
            service.count_service(
                session, site_id=town.site_id, service=DeskService.SHOWER, person_id=who, actor=ben, now=NOON
            )
        slip = service.count_service(session, site_id=town.site_id, service=DeskService.MEAL, actor=ben, now=NOON)
        service.undo_service(session, slip.id, actor=ben, now=NOON)
        for means, cents in ((Means.CASH, 300), (Means.CARD, 500)):
            claim = money.open_claim(
                session, person_id=nadia.id, kind=Kind.CONTRIBUTION, cents=1_000, actor=ben, now=NOON
            )
            money.receive(session, claim.id, cents=cents, means=means, shift_id=mine.id, actor=ben, now=NOON)
            money.waive(
                session, claim.id, reason=ForgivenReason.NO_MEANS, cents=100, shift_id=mine.id, actor=ben, now=NOON
            )
        void = money.receive(session, claim.id, cents=50, shift_id=mine.id, actor=ben, now=NOON)
        money.make_void(session, void.id, actor=ben, now=NOON)
        money.open_claim(
            session, person_id=nadia.id, kind=Kind.ADVANCE, cents=120, shift_id=mine.id, actor=ben, now=NOON
        )
    assert counted(town, mine) == shifts.Counts(
        people=2, things_in=3, things_out=2, services={"shower": 3}, cash_cents=180, forgiven_cents=200,
        expected_cents=2_180,
    )  # fmt: skip
    assert counted(town, other).things_in == 1


def test_what_is_done_without_a_shift_is_done_all_the_same(town: Town) -> None:
    assert left(town, town.assign(town.person())).in_shift_id is None


def test_unknown_places_people_and_amounts_are_refused(town: Town) -> None:
    ben = volunteer(town)
    with pytest.raises(NotFoundError), town.writing() as session:
        shifts.open_shift(session, site_id="nowhere", staff_id=ben, actor=ben, now=NOON)
    with pytest.raises(InvalidError):
        shift(town, ben, -1)
    with pytest.raises(NotFoundError), town.writing() as session:
        service.count_service(
            session, site_id=town.site_id, service=DeskService.POST, person_id="nobody", actor=ben, now=NOON
        )


def test_the_sheet_has_person_contract_inventory_money_and_history_on_one_page(town: Town) -> None:
    contract = town.assign(town.person("Nadia"))
    bag = left(town, contract, 2)
    with town.writing() as session:
        service.take_out(session, bag.id, quantity=1, actor="a", now=NOON + DAY)
        claim = money.open_claim(
            session, person_id=contract.person_id, kind=Kind.CONTRIBUTION, cents=300, contract_id=contract.id,
            actor="a", now=NOON,
        )  # fmt: skip
        money.receive(session, claim.id, cents=100, actor="a", now=NOON + 2 * DAY)
    with town.reading() as session:
        sheet = sheet_of(session, contract.id)
        assert sheet.contract.person.name == "Nadia"
        assert (len(sheet.inside), len(sheet.gone), sheet.balance.owed) == (1, 1, 200)
        assert [one.what for one in sheet.history][:2] == ["money_received", "luggage_out"]
        assert [one.count for one in sheet.history][:2] == [100, 1]
        assert any(one.what.startswith("contract_") for one in sheet.history)


def test_the_sheet_says_nothing_of_absences_and_reasons(town: Town) -> None:
    contract = town.assign(town.person("Nadia"))
    with town.writing() as session:
        for number, action in enumerate(("away", "part", "suspend"), 50):
            session.add(
                Transition(
                    id=new_id(NOON), contract_id=contract.id, number=number, at=NOON, author="a", action=action,
                    to_state="suspended", reason="prison",
                )
            )  # fmt: skip
    with town.reading() as session:
        happened = sheet_of(session, contract.id).history
    assert {one.what for one in happened} == {"contract_assign", "contract_suspend"}
    assert all(one.detail is None for one in happened)
