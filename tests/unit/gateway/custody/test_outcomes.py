"""What becomes of belongings: given back or kept on, and nothing disposed of but by a person's decision."""

from datetime import date

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import DBAPIError

from gateway.contracts import parties
from gateway.contracts.models import Absence, Death
from gateway.custody import outcomes, service
from gateway.custody.codes import DisposalReason, Outcome, Recipient, Step, Thing
from gateway.custody.models import KeptThing
from gateway.db import new_id
from gateway.errors import ConflictError
from tests.unit.gateway.custody.belongings import KEPT_OVER, OVER, dispose_all, found, left_behind, refused, stored
from tests.unit.gateway.town import DAY, NOON, TODAY, Town


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
