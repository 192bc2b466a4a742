"""Safekeeping: a witnessed inventory step by step, and nothing disposed of but by a person's decision."""

from collections.abc import Callable
from datetime import date

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from gateway import migrations
from gateway.audit.models import AuditRecord
from gateway.contracts import parties
from gateway.contracts import service as contracts
from gateway.contracts.models import Absence, Contract, Death
from gateway.custody import outcomes, readiness, service
from gateway.custody.codes import Check, DisposalReason, Outcome, Recipient, Step, Thing, Witness
from gateway.custody.left import to_be_emptied
from gateway.custody.models import Custody, KeptThing
from gateway.custody.used import note_badges
from gateway.db import new_id
from gateway.errors import ConflictError, GatewayError, InvalidError
from gateway.lockers.models import Locker
from gateway.lockers.service import locker_of
from gateway.privacy.erasure import erase_due
from tests.unit.gateway.town import DAY, NOON, TODAY, Town

# The contract's last day is the 15th of June; then come 14 days to collect.
OVER = NOON + 16 * DAY
KEPT_OVER = OVER + 32 * DAY


def left_behind(town: Town, number: int = 1) -> Contract:
    return town.assign(town.person(), number=number, ends_on=TODAY)


def begun(town: Town, now: int = OVER, number: int = 1) -> Custody:
    contract = left_behind(town, number)
    with town.writing() as session:
        return service.begin(session, contract.id, actor="amina", now=now)


def add(town: Town, custody: Custody, kind: Thing, now: int = OVER) -> KeptThing:
    with town.writing() as session:
        return service.add_thing(session, custody.id, kind=kind, description="blue", actor="amina", now=now)


def stored(town: Town, *kinds: Thing, number: int = 1) -> Custody:
    custody = begun(town, number=number)
    for kind in kinds or (Thing.CLOTHING,):
        add(town, custody, kind)
    with town.writing() as session:
        service.witness(session, custody.id, witness=Witness.COLLEAGUE, name="Paul", actor="amina", now=OVER)
    with town.writing() as session:
        return service.store(session, custody.id, place="Shelf 3", actor="amina", now=OVER)


def found(town: Town, custody: Custody) -> Custody:
    with town.reading() as session:
        return service.custody_of(session, custody.id)


def refused(town: Town, act: Callable[[Session], object]) -> str:
    with pytest.raises(GatewayError) as raised, town.writing() as session:
        act(session)
    return raised.value.code


def dispose_all(
    town: Town, custody: Custody, now: int, reason: DisposalReason = DisposalReason.KEPT_LONG_ENOUGH
) -> None:
    with town.writing() as session:
        outcomes.dispose(session, custody.id, reason=reason, actor="amina", now=now)


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


def test_nothing_is_disposed_of_on_the_last_day_of_keeping_and_some_of_it_is_the_day_after(town: Town) -> None:
    custody = stored(town, Thing.CLOTHING, Thing.BEDDING)
    last_day = OVER + 30 * DAY
    dispose = outcomes.dispose
    keep = DisposalReason.KEPT_LONG_ENOUGH
    assert refused(town, lambda s: dispose(s, custody.id, reason=keep, actor="a", now=last_day)) == "still_kept"
    dispose_all(town, custody, last_day + DAY)
    closed = found(town, custody)
    assert {thing.outcome for thing in closed.things} == {Outcome.DISPOSED.value}
    assert service.step_of(closed) is Step.CLOSED


@pytest.mark.parametrize("kind", [Thing.PAPERS, Thing.MEDICINE, Thing.MONEY, Thing.KEYS, Thing.PHOTOGRAPHS])
def test_what_matters_is_never_disposed_of_with_the_rest(town: Town, kind: Thing) -> None:
    custody = stored(town, Thing.CLOTHING, kind)
    dispose_all(town, custody, KEPT_OVER)
    kept = outcomes.still_kept(found(town, custody))
    assert [thing.kind for thing in kept] == [kind.value]
    assert service.step_of(found(town, custody)) is Step.KEEPING
    reason = DisposalReason.KEPT_LONG_ENOUGH
    assert refused(town, lambda s: outcomes.dispose(s, custody.id, reason=reason, actor="a", now=KEPT_OVER)) == (
        "only_protected"
    )
    one = outcomes.dispose_one
    assert refused(
        town, lambda s: one(s, custody.id, kept[0].id, reason=reason, note=" ", actor="a", now=KEPT_OVER)
    ) == ("note")
    with town.writing() as session:
        one(session, custody.id, kept[0].id, reason=reason, note="to the prefecture", actor="a", now=KEPT_OVER)
    assert service.step_of(found(town, custody)) is Step.CLOSED


def test_the_database_itself_refuses_to_dispose_of_papers_with_the_rest(town: Town) -> None:
    custody = stored(town, Thing.PAPERS)
    gone = update(KeptThing).values(outcome="disposed", outcome_at=KEPT_OVER).where(KeptThing.custody_id == custody.id)
    with pytest.raises(DBAPIError), town.writing() as session:
        session.execute(gone)


def test_food_goes_at_once_and_only_food(town: Town) -> None:
    custody = stored(town, Thing.FOOD, Thing.CLOTHING)
    dispose_all(town, custody, OVER, DisposalReason.PERISHED)
    assert [thing.kind for thing in outcomes.still_kept(found(town, custody))] == [Thing.CLOTHING.value]


def test_nothing_is_disposed_of_while_its_owner_is_in_hospital(town: Town) -> None:
    custody = stored(town, Thing.CLOTHING)
    with town.writing() as session:
        session.add(
            Absence(
                id=new_id(NOON), person_id=custody.contract.person_id, kind="hospital", from_on=TODAY,
                recorded_by="a", recorded_at=NOON,
            )
        )  # fmt: skip
    keep = DisposalReason.KEPT_LONG_ENOUGH
    dispose = outcomes.dispose
    assert (
        refused(town, lambda s: dispose(s, custody.id, reason=keep, actor="a", now=KEPT_OVER + 900 * DAY))
        == "owner_away"
    )
    with town.writing() as session:
        session.scalars(select(Absence)).one().ended_at = KEPT_OVER
    dispose_all(town, custody, KEPT_OVER)


def test_what_someone_left_who_has_died_goes_only_to_those_entitled(town: Town) -> None:
    custody = stored(town, Thing.CLOTHING)
    with town.writing() as session:
        session.add(Death(id=new_id(NOON), person_id=custody.contract.person_id, recorded_by="a", recorded_at=NOON))
    keep = DisposalReason.KEPT_LONG_ENOUGH
    dispose = outcomes.dispose
    assert refused(town, lambda s: dispose(s, custody.id, reason=keep, actor="a", now=KEPT_OVER)) == "kept_for_entitled"
    with town.writing() as session:
        outcomes.give_back(
            session, custody.id, recipient=Recipient.ENTITLED, note="her sister, letter seen", actor="a", now=KEPT_OVER
        )
    assert found(town, custody).things[0].outcome == Outcome.RETURNED.value


def test_things_are_given_back_one_by_one_and_the_last_closes_it(town: Town) -> None:
    custody = stored(town, Thing.MEDICINE, Thing.CLOTHING)
    with town.writing() as session:
        outcomes.give_back(
            session, custody.id, recipient=Recipient.HOLDER, things=[custody.things[0].id], actor="a", now=OVER
        )
    assert service.step_of(found(town, custody)) is Step.KEEPING
    again = custody.things[0].id
    give = outcomes.give_back
    assert (
        refused(town, lambda s: give(s, custody.id, recipient=Recipient.HOLDER, things=[again], actor="a", now=OVER))
        == "thing_settled"
    )
    with town.writing() as session:
        give(session, custody.id, recipient=Recipient.HOLDER, actor="a", now=OVER)
    assert service.step_of(found(town, custody)) is Step.CLOSED


def test_whoever_is_not_the_holder_is_recognised_first(town: Town) -> None:
    custody = stored(town)
    give = outcomes.give_back
    assert refused(town, lambda s: give(s, custody.id, recipient=Recipient.AUTHORITY, actor="a", now=OVER)) == "note"
    with town.writing() as session:
        give(session, custody.id, recipient=Recipient.AUTHORITY, note="receipt 12", actor="a", now=OVER)
    assert found(town, custody).things[0].outcome == Outcome.HANDED_OVER.value


def test_keeping_is_made_longer_and_never_shorter(town: Town) -> None:
    custody = stored(town)
    keep = service.keep_longer
    assert (
        refused(town, lambda s: keep(s, custody.id, keep_until=date(2026, 7, 30), actor="a", now=OVER)) == "keep_until"
    )
    with town.writing() as session:
        keep(session, custody.id, keep_until=date(2026, 12, 1), actor="a", now=OVER)
    with pytest.raises(ConflictError) as still:
        dispose_all(town, custody, KEPT_OVER)
    assert still.value.code == "still_kept"


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


def checked(town: Town, *checks: Check, number: int = 1, now: int = OVER) -> None:
    with town.writing() as session:
        readiness.confirm(session, locker_of(session, town.bank, number), set(checks), actor="a", now=now)


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


def test_a_custody_of_a_locker_that_is_someone_elses_by_now_is_refused(town: Town) -> None:
    former = left_behind(town)
    checked(town, *Check)
    with town.writing() as session:
        contracts.assign(
            session, person_id=former.person_id, bank_id=town.bank, number=1,
            starts_on=date(2026, 7, 1), ends_on=date(2026, 8, 1), actor="a", now=OVER,
        )  # fmt: skip
    assert refused(town, lambda s: service.begin(s, former.id, actor="a", now=OVER)) == "locker_taken"


def test_what_the_last_holder_left_is_not_written_down_under_one_before(town: Town) -> None:
    former = left_behind(town)
    with town.writing() as session:
        contracts.end(session, former.id, reason="agreed", collect_days=0, actor="amina", now=NOON)
        locker = locker_of(session, town.bank, 1)
        readiness.confirm(session, locker, {Check.EMPTY, Check.CLEANED, Check.LOCK}, actor="amina", now=NOON + 1_000)
    last = town.assign(town.person("Omar"), ends_on=TODAY, badge=town.badge(), now=NOON + 60_000)
    assert refused(town, lambda session: service.begin(session, former.id, actor="amina", now=OVER)) == "locker_taken"
    with town.writing() as session:
        assert service.begin(session, last.id, actor="amina", now=OVER).contract_id == last.id


def test_the_death_of_one_who_had_parted_long_ago_holds_nothing_of_the_other(town: Town) -> None:
    contract, second = left_behind(town), town.person("Omar")
    with town.writing() as session:
        parties.join(session, contract.id, person_id=second.id, actor="amina", now=NOON)
        parties.part(session, contract.id, person_id=second.id, actor="amina", now=NOON + 1_000)
    with town.writing() as session:
        bag = service.begin(session, contract.id, actor="amina", now=OVER)
    for person_id, holds in ((second.id, None), (contract.person_id, "kept_for_entitled")):
        with town.writing() as session:
            session.add(Death(id=new_id(OVER), person_id=person_id, recorded_by="amina", recorded_at=OVER))
        with town.reading() as session:
            assert outcomes.what_holds(session, service.custody_of(session, bag.id)) == holds


def used_by_somebody(town: Town, number: int = 1, now: int = NOON) -> None:
    with town.writing() as session:
        note_badges(session, {locker_of(session, town.bank, number).id: {"cd" * 16}}, now)


def kept_for_nobody_known(town: Town, now: int = NOON + DAY) -> Custody:
    used_by_somebody(town)
    with town.writing() as session:
        custody = service.begin_nobodys(session, town.bank, 1, actor="amina", now=now)
    add(town, custody, Thing.PAPERS, now)
    with town.writing() as session:
        service.witness(session, custody.id, witness=Witness.COLLEAGUE, name="Paul", actor="amina", now=now)
        return service.store(session, custody.id, place="Shelf 3", actor="amina", now=now)


@pytest.mark.parametrize("had_a_holder", [False, True])
def test_a_locker_that_somebody_unknown_used_is_to_be_emptied_under_nobodys_name(
    town: Town, had_a_holder: bool
) -> None:
    now = NOON
    former = left_behind(town) if had_a_holder else None
    if former is not None:
        now = OVER
    used_by_somebody(town, now=now)
    if former is not None:
        # It may be another's: the last holder is neither shown it nor given it as theirs.
        assert refused(town, lambda s: service.begin(s, former.id, actor="amina", now=now + 1)) == "used_since"
    with town.reading() as session:
        assert [(contract, locker.number) for contract, locker in to_be_emptied(session, now + 1)] == [(None, 1)]
    with town.writing() as session:
        custody = service.begin_nobodys(session, town.bank, 1, actor="amina", now=now + 2)
        assert service.begin_nobodys(session, town.bank, 1, actor="paul", now=now + 3).id == custody.id
        assert to_be_emptied(session, now + 3) == []


def test_what_is_nobodys_is_kept_and_given_to_whoever_is_recognised(town: Town) -> None:
    custody = kept_for_nobody_known(town)
    assert (custody.contract_id, custody.keep_until) == (None, date(2026, 7, 16))
    with town.reading() as session:
        assert Check.EMPTY not in readiness.readiness(session, locker_of(session, town.bank, 1), NOON + DAY).lacking
    assert refused(town, lambda s: outcomes.dispose(s, custody.id, reason=DisposalReason.KEPT_LONG_ENOUGH, actor="a",
                                                    now=KEPT_OVER)) == "only_protected"  # fmt: skip
    with town.writing() as session:
        outcomes.give_back(session, custody.id, recipient=Recipient.HOLDER, actor="amina", now=NOON + 2 * DAY)
    assert service.step_of(found(town, custody)) is Step.CLOSED


def test_what_a_known_holder_left_is_not_written_down_under_nobodys_name(town: Town) -> None:
    contract = left_behind(town)
    nobodys = {"bank_id": town.bank, "number": 1, "actor": "a"}
    assert refused(town, lambda s: service.begin_nobodys(s, **nobodys, now=NOON)) == "locker_taken"
    assert refused(town, lambda s: service.begin_nobodys(s, **nobodys, now=OVER)) == "holder_known"
    with town.writing() as session:
        service.begin(session, contract.id, actor="amina", now=OVER)
    assert refused(town, lambda s: service.begin_nobodys(s, **nobodys, now=OVER)) == "custody_open"


def test_what_was_written_of_nobodys_things_goes_as_long_after_as_a_file_is_kept(town: Town) -> None:
    custody = kept_for_nobody_known(town)
    with town.writing() as session:
        outcomes.give_back(
            session, custody.id, recipient=Recipient.WORKER, note="to Samir", actor="amina", now=NOON + 2 * DAY
        )
    noted = []
    for now in (NOON + 700 * DAY, NOON + 740 * DAY):
        erase_due(town.database, actor="test", now=now)
        known = found(town, custody)
        noted.append((known.witness_name, known.things[0].description, known.things[0].outcome_note))
    assert noted == [("Paul", "blue", "to Samir"), ("", "", "")]


def test_the_migration_to_nobodys_belongings_keeps_all_there_is_and_what_it_refuses(town: Town) -> None:
    custody = stored(town, Thing.PAPERS, Thing.CLOTHING)
    with town.writing() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '0023'"))
        session.execute(text("DROP INDEX ix_epoch_bank_id_previous_epoch"))  # of a later migration
    town.database.engine.dispose()
    migrations.migrate(town.database)
    known = found(town, custody)
    assert (known.contract_id, len(known.things), known.label) == (custody.contract_id, 2, "D-0001")
    thing = known.things[0].id
    for statement in (f"DELETE FROM kept_thing WHERE id = '{thing}'", "DELETE FROM custody"):
        with pytest.raises(DBAPIError), town.writing() as session:
            session.execute(text(statement))


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
