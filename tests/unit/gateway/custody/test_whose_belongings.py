"""Whose it is: what was left is the last holder's alone, and nobody's where somebody unknown used the locker."""

from datetime import date

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from gateway import migrations
from gateway.contracts import service as contracts
from gateway.custody import outcomes, readiness, service
from gateway.custody.codes import Check, DisposalReason, Recipient, Step, Thing, Witness
from gateway.custody.left import to_be_emptied
from gateway.custody.models import Custody
from gateway.custody.used import note_badges
from gateway.lockers.service import locker_of
from gateway.privacy.erasure import erase_due
from tests.unit.gateway.custody.belongings import KEPT_OVER, OVER, add, checked, found, left_behind, refused, stored
from tests.unit.gateway.town import DAY, NOON, TODAY, Town


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
