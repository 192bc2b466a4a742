"""Taking out what was left: a witnessed inventory, step by step, resumed where it stood, kept under a number."""

from datetime import date

import pytest
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError

from gateway.audit.models import AuditRecord
from gateway.custody import outcomes, service
from gateway.custody.codes import Recipient, Step, Thing, Witness
from gateway.custody.models import KeptThing
from gateway.db import new_id
from tests.unit.gateway.custody.belongings import KEPT_OVER, OVER, add, begun, dispose_all, left_behind, refused, stored
from tests.unit.gateway.town import DAY, NOON, Town


def test_nothing_is_taken_out_while_its_holder_may_still_collect(town: Town) -> None:
    contract = left_behind(town)
    for moment in (NOON, NOON + 3 * DAY):
        assert (
            refused(town, lambda session, at=moment: service.begin(session, contract.id, actor="a", now=at))
            == "not_over"
        )
    with town.writing() as session:
        assert service.begin(session, contract.id, actor="amina", now=OVER).begun_by == "amina"


def test_an_interrupted_custody_is_resumed_where_it_stood(town: Town) -> None:
    custody = begun(town)
    thing = add(town, custody, Thing.PAPERS)
    with town.writing() as session:
        again = service.begin(session, custody.contract_id, actor="ben", now=OVER + DAY)
        assert (again.id, again.begun_by) == (custody.id, "amina")
        assert service.step_of(again) is Step.INVENTORY
        assert [one.id for one in again.things] == [thing.id]


def test_the_steps_come_in_their_order(town: Town) -> None:
    custody = begun(town)
    assert refused(town, lambda s: service.store(s, custody.id, place="x", actor="a", now=OVER)) == "custody_step"
    assert (
        refused(town, lambda s: service.witness(s, custody.id, witness=Witness.HOLDER, actor="a", now=OVER))
        == "no_things"
    )
    assert (
        refused(town, lambda s: outcomes.give_back(s, custody.id, recipient=Recipient.HOLDER, actor="a", now=OVER))
        == "custody_step"
    )


@pytest.mark.parametrize(
    ("witness", "code"),
    [(Witness.COLLEAGUE, "witness_name"), (Witness.PARTNER, "witness_name"), (Witness.PHOTOGRAPHS, "photographs_kept")],
)
def test_a_witness_is_named_and_photographs_are_kept_somewhere(town: Town, witness: Witness, code: str) -> None:
    custody = begun(town)
    add(town, custody, Thing.BAG)
    assert refused(town, lambda s: service.witness(s, custody.id, witness=witness, actor="a", now=OVER)) == code


def test_a_witnessed_inventory_neither_grows_nor_shrinks_even_in_the_database(town: Town) -> None:
    custody = stored(town)
    assert (
        refused(town, lambda s: service.add_thing(s, custody.id, kind=Thing.MONEY, actor="a", now=OVER))
        == "custody_step"
    )
    with pytest.raises(DBAPIError, match="does not grow"), town.writing() as session:
        session.add(KeptThing(id=new_id(OVER), custody_id=custody.id, kind="money", singly=False))
    with pytest.raises(DBAPIError, match="does not shrink"), town.writing() as session:
        session.delete(session.get_one(KeptThing, custody.things[0].id))


def test_a_mistaken_line_is_taken_out_before_anyone_has_witnessed_it(town: Town) -> None:
    custody = begun(town)
    thing = add(town, custody, Thing.MONEY)
    with town.writing() as session:
        assert service.drop_thing(session, custody.id, thing.id, actor="a", now=OVER).things == []


def test_it_is_kept_for_as_long_as_the_contract_promised_under_a_number_that_names_nobody(town: Town) -> None:
    custody = stored(town)
    assert custody.label == "D-0001"
    assert custody.keep_until == date(2026, 7, 31)
    assert service.step_of(custody) is Step.KEEPING


def test_two_bags_never_have_the_same_label(town: Town) -> None:
    stored(town)
    contract = left_behind(town, number=2)
    with town.writing() as session:
        second = service.begin(session, contract.id, actor="a", now=OVER)
        service.add_thing(session, second.id, kind=Thing.BAG, actor="a", now=OVER)
        service.witness(session, second.id, witness=Witness.HOLDER, actor="a", now=OVER)
    store = service.store
    assert (
        refused(town, lambda s: store(s, second.id, place="x", label="D-0001", actor="a", now=OVER)) == "label_in_use"
    )
    with town.writing() as session:
        assert store(session, second.id, place="x", actor="a", now=OVER).label == "D-0002"


def test_every_step_is_in_the_audit_trail_without_a_name(town: Town) -> None:
    custody = stored(town, Thing.CLOTHING)
    dispose_all(town, custody, KEPT_OVER)
    with town.reading() as session:
        of_it = select(AuditRecord).where(AuditRecord.subject == custody.id).order_by(AuditRecord.id)
        rows = session.scalars(of_it).all()
    assert [row.action for row in rows] == [
        "custody_begun", "custody_thing_added", "custody_witnessed", "custody_stored", "custody_disposed",
        "custody_closed",
    ]  # fmt: skip
    assert not any("Paul" in str(row.details) or "blue" in str(row.details) for row in rows)


def test_what_is_not_put_away_is_listed_before_what_is_kept_longest(town: Town) -> None:
    longest, kept, under_way = stored(town), stored(town, number=2), begun(town, number=3)
    with town.writing() as session:
        service.keep_longer(session, longest.id, keep_until=date(2036, 1, 1), actor="a", now=OVER)
    listed: list[str] = []
    with town.reading() as session:
        for _ in range(3):
            page = service.list_by_day(session, after=listed[-1] if listed else None, limit=1)
            listed += [one.id for one in page.items]
    assert (listed, page.next) == ([under_way.id, kept.id, longest.id], None)
