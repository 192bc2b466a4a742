"""Planning, handing over, extending and taking back, on both databases."""

from datetime import date, timedelta

import pytest
from sqlalchemy import insert, update
from sqlalchemy.exc import IntegrityError

from gateway.access import lists
from gateway.contracts.models import Holding
from gateway.custody import readiness
from gateway.custody.codes import Check
from gateway.custody.left import to_be_emptied
from gateway.errors import ConflictError, GatewayError, InvalidError
from gateway.loans import catalogue, members, service
from gateway.loans.codes import Condition, LeftWhy, OverLimit, RetiredWhy, StockWhy
from gateway.loans.models import LoanItem, ToolLocker
from gateway.loans.states import LoanState
from gateway.lockers.free import free_lockers
from gateway.lockers.service import locker_of, retire_locker
from tests.unit.gateway.loans.library import LOCKER, Library, at
from tests.unit.gateway.town import DAY, NOON, TODAY
from wire.access_list import decode_access_list
from wire.messages import encode


def refused(library: Library, code: str, *tools: int, **how: object) -> GatewayError:
    with pytest.raises(GatewayError) as caught:
        library.plan(*tools, **how)
    assert caught.value.code == code
    return caught.value


def test_a_loan_is_due_by_the_terms_at_their_time_of_day(library: Library) -> None:
    # A week after Monday the 15th, at six.
    assert library.plan(0).due_at == at(22, 18)


def test_a_due_date_never_falls_on_a_day_off(library: Library) -> None:
    # From Friday the 19th a week is Friday; from Wednesday the 17th it would be a Wednesday.
    assert library.plan(0, from_on=date(2026, 6, 17)).due_at == at(25, 18)
    error = refused(library, "day_off", 1, due_on=date(2026, 6, 17))
    assert error.facts == {"next": "2026-06-18"}


def test_a_tool_is_promised_once_at_a_time(library: Library) -> None:
    first = library.plan(0)
    error = refused(library, "tool_promised", 0, from_on=date(2026, 6, 20))
    assert error.facts["loan"] == first.id
    assert library.plan(0, from_on=date(2026, 6, 23)).from_at == at(23)


def test_the_database_itself_refuses_a_second_promise_of_a_tool(library: Library) -> None:
    library.plan(0)
    other = library.plan(1)
    with pytest.raises(IntegrityError), library.town.writing() as session:
        session.execute(
            insert(LoanItem).values(
                id="x", loan_id=other.id, tool_id=library.tools[0].id, from_at=at(16), until_at=at(17)
            )
        )


def test_the_database_itself_refuses_a_second_loan_of_a_tool_that_is_out(library: Library) -> None:
    library.taken(0)
    later = library.plan(0, from_on=date(2026, 6, 23))
    with pytest.raises(IntegrityError), library.town.writing() as session:
        session.execute(update(LoanItem).where(LoanItem.loan_id == later.id).values(taken_at=at(23)))


def test_a_tool_that_is_still_out_is_not_handed_over(library: Library) -> None:
    library.taken(0)
    later = library.plan(0, from_on=date(2026, 6, 23))
    with pytest.raises(ConflictError, match="still out"), library.town.writing() as session:
        service.hand_over(session, later.id, actor="lea", now=at(23, 9))


def test_due_soon_is_not_overdue_and_the_due_minute_is_not_late(library: Library) -> None:
    loan = library.taken(0)
    # Due on Monday the 22nd: Sunday and Saturday are off, so that Friday is the day to say it.
    assert library.state(loan, at(18, 23, 59)) is LoanState.OUT
    assert library.state(loan, at(19)) is LoanState.DUE_SOON
    assert library.state(loan, loan.due_at) is LoanState.DUE_SOON
    assert library.state(loan, loan.due_at + 1) is LoanState.OVERDUE


def test_a_kit_is_lent_and_comes_back_tool_by_tool(library: Library) -> None:
    loan = library.taken(kit_id=library.kit_id)
    assert {item.tool.name for item in loan.items} == {"Sander", "Ladder"}
    _drill, sander, ladder = library.tools
    with library.town.writing() as session:
        service.take_back(session, loan.id, {sander.id: Condition.DAMAGED}, actor="lea", now=at(16))
    assert library.state(loan, at(16)) is LoanState.OUT
    with library.town.writing() as session:
        service.take_back(session, loan.id, {ladder.id: Condition.GOOD}, actor="lea", now=at(17))
    assert library.state(loan, at(17)) is LoanState.RETURNED
    refused(library, "not_lent", 1, now=at(17, 1))
    assert library.plan(2, now=at(17, 1)).items


def test_what_is_missing_is_not_out_and_not_lent(library: Library) -> None:
    loan = library.taken(0)
    with library.town.writing() as session:
        service.take_back(session, loan.id, {library.tools[0].id: Condition.MISSING}, actor="lea", now=at(16))
    refused(library, "not_lent", 0, now=at(17))
    with library.town.writing() as session:
        catalogue.retire_tool(session, library.tools[0].id, why=RetiredWhy.LOST, actor="lea", now=at(17))


def test_more_at_once_than_the_terms_say_needs_a_reason(library: Library) -> None:
    with library.town.writing() as session:
        extra = [
            catalogue.add_tool(
                session, scheme_id=library.scheme_id, number=f"E-{number}", name="Bucket", actor="lea", now=NOON
            )
            for number in range(3)
        ]
    library.tools += extra
    library.plan(0, 1, 2)
    error = refused(library, "loan_limit", 3, 4, 5)
    assert error.facts == {"limit": 5}
    assert library.plan(3, 4, 5, over_limit=OverLimit.PROJECT_NEEDS).over_limit == "project_needs"


def test_an_extension_stops_at_another_promise(library: Library) -> None:
    loan = library.taken(0)
    library.plan(0, from_on=date(2026, 6, 25))
    with pytest.raises(ConflictError, match="promised"), library.town.writing() as session:
        service.extend(session, loan.id, actor="lea", now=NOON)
    with library.town.writing() as session:
        later = service.extend(session, loan.id, due_on=date(2026, 6, 23), actor="lea", now=NOON)
        assert (later.due_at, later.extensions) == (at(23, 18), 1)


def test_a_cancelled_loan_promises_nothing(library: Library) -> None:
    loan = library.plan(0)
    with library.town.writing() as session:
        service.cancel(session, loan.id, actor="lea", now=NOON)
    assert library.plan(0).items
    with pytest.raises(ConflictError), library.town.writing() as session:
        service.hand_over(session, loan.id, actor="lea", now=NOON)


def test_a_membership_lends_within_its_days_and_ends_with_nothing_out(library: Library) -> None:
    refused(library, "membership_over", 0, from_on=date(2027, 5, 28))
    loan = library.taken(0)
    with pytest.raises(ConflictError) as caught, library.town.writing() as session:
        members.leave(session, library.member.id, why=LeftWhy.FINISHED, actor="lea", now=NOON)
    assert caught.value.code == "tools_out"
    with library.town.writing() as session:
        service.take_back(session, loan.id, actor="lea", now=at(16))
        members.leave(session, library.member.id, why=LeftWhy.FINISHED, actor="lea", now=at(16))
    refused(library, "left", 0, now=at(16, 1))


def test_one_membership_at_a_time(library: Library) -> None:
    with pytest.raises(ConflictError) as caught, library.town.writing() as session:
        members.join(
            session, person_id=library.person.id, scheme_id=library.scheme_id, site_id=library.town.site_id,
            actor="lea", now=NOON,
        )  # fmt: skip
    assert caught.value.code == "member_already"


def test_a_tool_locker_is_given_to_nobody(library: Library) -> None:
    with library.town.reading() as session:
        assert LOCKER not in [locker.number for locker in free_lockers(session, NOON)]
    with pytest.raises(ConflictError) as caught:
        library.town.assign(library.town.person(), LOCKER)
    assert caught.value.code == "tool_locker"


def test_a_tool_locker_goes_out_of_service_only_once_it_lends_no_more(library: Library) -> None:
    """Its members' loans would go on opening a locker that no page shows any more."""
    with pytest.raises(ConflictError) as caught, library.town.writing() as session:
        retire_locker(session, library.town.bank, LOCKER, actor="lea", now=NOON)
    assert caught.value.code == "tool_locker"


def test_tools_are_lent_from_a_locker_only_once_its_last_holders_things_are_known_to_be_gone(library: Library) -> None:
    town, over = library.town, NOON + 40 * DAY
    town.assign(town.person(), 1, ends_on=TODAY)

    def lend() -> None:
        with town.writing() as session:
            members.lend_from(session, town.bank, 1, scheme_id=library.scheme_id, actor="lea", now=over)

    with pytest.raises(ConflictError) as caught:
        lend()
    assert caught.value.code == "locker_not_ready"
    with town.writing() as session:
        readiness.confirm(session, locker_of(session, town.bank, 1), list(Check), actor="lea", now=over)
    lend()


def test_a_locker_that_lent_tools_is_given_to_people_after_a_look_and_holds_nobodys_things(library: Library) -> None:
    town, over = library.town, NOON + 40 * DAY
    town.assign(town.person(), 1, ends_on=TODAY)
    with town.writing() as session:
        readiness.confirm(session, locker_of(session, town.bank, 1), list(Check), actor="lea", now=over)
        members.lend_from(session, town.bank, 1, scheme_id=library.scheme_id, actor="lea", now=over)
        members.stop_lending_from(session, town.bank, 1, actor="lea", now=over + DAY)
    with pytest.raises(ConflictError) as caught:
        town.assign(town.person(), 1, starts_on=TODAY + timedelta(41), now=over + DAY)
    assert caught.value.code == "locker_not_ready"
    with town.writing() as session:
        assert 1 not in [locker.number for locker in free_lockers(session, over + DAY)]
        left = [contract for contract, _locker in to_be_emptied(session, over + DAY)]
        assert left == [None], "its holder took all of theirs"
        readiness.confirm(session, locker_of(session, town.bank, 1), list(Check), actor="lea", now=over + DAY)
    town.assign(town.person(), 1, starts_on=TODAY + timedelta(41), now=over + DAY)


def test_the_database_itself_keeps_contracts_and_tools_apart(library: Library) -> None:
    contract = library.town.assign(library.town.person(), 1)
    with library.town.reading() as session:
        tools, held = (locker_of(session, library.town.bank, number).id for number in (LOCKER, 1))
    with pytest.raises(IntegrityError), library.town.writing() as session:
        session.execute(
            insert(Holding).values(id="x", contract_id=contract.id, locker_id=tools, from_at=at(16), until_at=at(17))
        )
    with pytest.raises(IntegrityError), library.town.writing() as session:
        session.execute(insert(ToolLocker).values(locker_id=held, scheme_id=library.scheme_id, since=NOON))
    with pytest.raises(ConflictError) as caught, library.town.writing() as session:
        members.lend_from(session, library.town.bank, 1, scheme_id=library.scheme_id, actor="lea", now=NOON)
    assert caught.value.code == "locker_taken"


def test_a_stock_never_falls_below_nothing_and_a_count_sets_it_right(library: Library) -> None:
    with library.town.writing() as session:
        paint = catalogue.add_consumable(
            session, scheme_id=library.scheme_id, name="White paint", unit="l", low_at=3, actor="lea", now=NOON
        )
        catalogue.move_stock(session, paint.id, 10, why=StockWhy.BOUGHT, cents=4_500, actor="lea", now=NOON)
        catalogue.move_stock(session, paint.id, 4, why=StockWhy.USED, actor="lea", now=NOON)
    with pytest.raises(ConflictError), library.town.writing() as session:
        catalogue.move_stock(session, paint.id, 7, why=StockWhy.USED, actor="lea", now=NOON)
    with library.town.writing() as session:
        move = catalogue.move_stock(session, paint.id, 5, why=StockWhy.COUNTED, actor="lea", now=NOON)
        assert move is not None
        assert move.quantity == -1
        assert catalogue.consumable_of(session, paint.id).stock == 5
        assert catalogue.move_stock(session, paint.id, 5, why=StockWhy.COUNTED, actor="lea", now=NOON) is None
    with pytest.raises(IntegrityError), library.town.writing() as session:
        catalogue.consumable_of(session, paint.id).stock = -1


def test_a_loan_that_ends_before_it_begins_is_refused(library: Library) -> None:
    with pytest.raises(InvalidError):
        library.plan(0, due_on=TODAY, due_minute=60)


def test_a_loan_for_good_leaves_its_block_a_list(library: Library) -> None:
    """As far ahead as a day may be given: the days to bring the tools back come after that."""
    with library.town.writing() as session:
        members.renew(session, library.member.id, ends_on=date(2098, 12, 29), actor="lea", now=NOON)
    library.plan(0, place=library.place, due_on=date(2098, 12, 29))
    with library.town.reading() as session:
        listed = lists.build(session, library.town.bank, version=1, now=NOON)
    assert sorted(grant.kind for grant in decode_access_list(encode(listed)).grants) == ["collect", "holder"]
