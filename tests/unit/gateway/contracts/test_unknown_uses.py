"""A locker that somebody used of whom this database does not know is not given before somebody has looked into it."""

from datetime import date, timedelta

import msgspec
import pytest
from sqlalchemy import select

from gateway.access import lists
from gateway.access.reconcile import decide
from gateway.badges.models import Badge
from gateway.contracts import service as contracts
from gateway.contracts.models import Contract
from gateway.custody import readiness
from gateway.custody.codes import Check
from gateway.custody.withdrawn import withdraw_looks
from gateway.errors import ConflictError
from gateway.events.service import latest_events
from gateway.ingest.effects import take_effect
from gateway.ingest.service import Arrived, store
from gateway.lockers.free import free_lockers
from gateway.lockers.models import Locker
from gateway.lockers.service import locker_of
from tests.unit.gateway.journal import Journal
from tests.unit.gateway.loans.library import LOCKER, open_library
from tests.unit.gateway.test_controllers import be_born, birth, reported
from tests.unit.gateway.town import DAY, NOON, TODAY, Town
from wire.access_list import Grant, Kind, list_hash
from wire.messages import encode

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
HOUR = DAY // 24
TOMORROW = TODAY + timedelta(days=1)
SOMEBODY = "cd" * 16


def told(town: Town, now: int = NOON, digest: str | None = SOMEBODY, kind: str | None = "holder", number: int = 1,
         **order: str) -> None:  # fmt: skip
    """The bank says at `now` that the locker was opened by that badge."""
    journal = Journal().start()
    facts = {"locker": number, "cause": "badge", "attempt": 1, "digest": digest, "kind": kind, **order}
    journal.write("release_intended", now, release="r", **facts)
    with town.writing() as session:
        take_effect(session, store(session, [Arrived(town.bank, journal.batch())], now=now), now=now)


def looked(town: Town, now: int, number: int = 1) -> None:
    with town.writing() as session:
        readiness.confirm(session, locker_of(session, town.bank, number), tuple(Check), actor="amina", now=now)


def free(town: Town, now: int) -> list[int]:
    """By the query and by the rule, which agree."""
    with town.reading() as session:
        found = [locker.number for locker in free_lockers(session, now)]
        for locker in session.scalars(select(Locker)):
            assert readiness.readiness(session, locker, now).ready or locker.number not in found
    return found


def asked_for(town: Town) -> int:
    with town.reading() as session:
        return len(latest_events(session, kinds=["locker_used_unknown"], bank_id=town.bank, locker=1))


def waits_since(town: Town, contract: Contract) -> int | None:
    with town.reading() as session:
        return contracts.contract_of(session, contract.id).holdings[0].waits_since


def test_a_locker_that_somebody_used_whom_nobody_here_knows_is_given_after_a_look(town: Town) -> None:
    assert 1 in free(town, NOON)
    told(town)
    assert 1 not in free(town, NOON + HOUR)
    with pytest.raises(ConflictError, match="used by somebody who is not known here") as refused:
        town.assign(town.person("Paul"), now=NOON + HOUR)
    assert refused.value.code == "locker_not_ready"
    looked(town, NOON + 2 * HOUR)
    assert 1 in free(town, NOON + 2 * HOUR)
    town.assign(town.person("Paul"), now=NOON + 2 * HOUR)


def test_each_use_after_a_look_asks_for_another_one_and_is_told_once(town: Town) -> None:
    told(town)
    told(town, NOON + 1)
    assert asked_for(town) == 1
    looked(town, NOON + HOUR)
    told(town, NOON + 2 * HOUR)
    assert asked_for(town) == 2
    assert 1 not in free(town, NOON + 3 * HOUR)


def test_a_draft_that_was_signed_before_a_restore_holds_nothing_here_and_its_locker_is_looked_into(town: Town) -> None:
    holder = town.person("Nadia")
    badge = town.badge(holder)
    town.assign(holder, draft=True)
    told(town, digest=badge.digest)
    assert 1 not in free(town, NOON + HOUR)


def test_a_partial_look_does_not_make_it_free(town: Town) -> None:
    told(town)
    with town.writing() as session:
        readiness.confirm(session, locker_of(session, town.bank, 1), [Check.CLEANED], actor="amina", now=NOON + HOUR)
    with town.reading() as session:
        found = readiness.readiness(session, locker_of(session, town.bank, 1), NOON + HOUR)
    assert (found.lacking, found.used_at) == ([Check.EMPTY, Check.LOCK], NOON)
    assert 1 not in free(town, NOON + HOUR)


def test_what_its_next_holder_leaves_is_looked_for_as_theirs(town: Town) -> None:
    told(town)
    looked(town, NOON + HOUR)
    town.assign(town.person("Paul"), ends_on=TODAY, now=NOON + HOUR)
    later = NOON + 30 * DAY
    with town.reading() as session:
        found = readiness.readiness(session, locker_of(session, town.bank, 1), later)
    assert (found.lacking, found.used_at) == (list(Check), None)
    looked(town, later)
    assert 1 in free(town, later)


def test_whoever_is_promised_the_locker_waits_for_the_look(town: Town) -> None:
    promised = town.assign(town.person("Paul"), starts_on=TOMORROW, ends_on=date(2026, 12, 31))
    told(town, NOON + HOUR)
    assert waits_since(town, promised) == NOON + HOUR
    looked(town, NOON + 2 * HOUR)
    assert waits_since(town, promised) is None


def test_whoever_comes_early_to_a_locker_that_is_planned_for_them_uses_what_is_theirs(town: Town) -> None:
    holder = town.person("Paul")
    badge = town.badge(holder)
    planned = town.assign(holder, starts_on=TOMORROW, ends_on=date(2026, 12, 31))
    told(town, NOON + HOUR, badge.digest)
    assert (asked_for(town), waits_since(town, planned)) == (0, None)


def test_whoever_has_the_locker_goes_on_whoever_else_used_it(town: Town) -> None:
    held = town.assign(town.person("Paul"))
    told(town, NOON + HOUR)
    assert (asked_for(town), waits_since(town, held)) == (0, None)


@pytest.mark.parametrize(
    ("digest", "kind", "order"),
    [(SOMEBODY, "staff", {}), (SOMEBODY, "technician", {}), (None, None, {}), (None, None, {"command": "c" * 36})],
)
def test_staff_and_orders_leave_nothing_in_a_locker_that_nobody_had(
    town: Town, digest: str | None, kind: str | None, order: dict[str, str]
) -> None:
    told(town, NOON, digest, kind, **order)
    assert asked_for(town) == 0
    assert 1 in free(town, NOON)


def test_what_is_fetched_from_a_locker_that_lends_tools_asks_for_no_look(town: Town) -> None:
    open_library(town)
    told(town, number=LOCKER)
    with town.reading() as session:
        assert not latest_events(session, kinds=["locker_used_unknown"])


def test_a_look_counts_where_the_clock_was_ahead_when_the_use_was_told(town: Town) -> None:
    told(town, NOON + 20 * HOUR)
    with town.writing() as session:
        withdraw_looks(session, [town.bank], NOON)
    assert 1 not in free(town, NOON)
    looked(town, NOON + HOUR)
    assert 1 in free(town, NOON + HOUR)


def compared(town: Town, *grants: Grant) -> None:
    """The bank follows those, and somebody has looked at what differs."""
    with town.reading() as session:
        theirs = lists.build(session, town.bank, version=NOON + 50, now=NOON)
    payload = encode(msgspec.structs.replace(theirs, grants=(*theirs.grants, *grants)))
    be_born(town, birth(version=NOON + 50, digest=list_hash(payload)))
    reported(town, payload)
    with town.writing() as session:
        decide(session, town.bank, actor="amina", now=NOON)


def granted(town: Town, kind: Kind, from_at: int = NOON - DAY, until_at: int = NOON + DAY) -> Grant:
    with town.reading() as session:
        key = session.scalars(select(Badge.key_id)).first() or "k"
    return Grant(f"g{kind}", SOMEBODY, key, (1,), from_at, until_at, kind.value)


@pytest.mark.parametrize("kind", [Kind.HOLDER, Kind.COLLECT])
def test_a_locker_of_which_only_the_list_of_its_bank_says_that_somebody_has_it_is_looked_into(
    town: Town, kind: Kind
) -> None:
    compared(town, granted(town, kind))
    assert asked_for(town) == 1
    assert 1 not in free(town, NOON + HOUR)
    looked(town, NOON + HOUR)
    assert 1 in free(town, NOON + HOUR)


@pytest.mark.parametrize(
    ("kind", "from_at", "until_at"),
    [(Kind.STAFF, NOON - DAY, NOON + DAY), (Kind.HOLDER, NOON + 1, NOON + DAY), (Kind.HOLDER, NOON - DAY, NOON)],
)
def test_what_opens_for_staff_or_not_yet_or_no_more_asks_for_no_look(
    town: Town, kind: Kind, from_at: int, until_at: int
) -> None:
    compared(town, granted(town, kind, from_at, until_at))
    assert asked_for(town) == 0


def test_a_locker_that_somebody_has_here_too_is_theirs_whoever_else_has_it_at_the_bank(town: Town) -> None:
    held = town.assign(town.person("Paul"))
    compared(town, granted(town, Kind.HOLDER))
    assert (asked_for(town), waits_since(town, held)) == (0, None)


def test_a_contract_that_this_database_has_ended_itself_asks_for_no_other_look_than_its_own(town: Town) -> None:
    holder = town.person("Nadia")
    town.badge(holder)
    contract = town.assign(holder)
    with town.reading() as session:
        theirs = lists.build(session, town.bank, version=NOON + 40, now=NOON).grants
    with town.writing() as session:
        contracts.end(session, contract.id, reason="unknown", actor="amina", now=NOON)
        contracts.confirm_emptied(
            session, contract.id, also=(Check.CLEANED, Check.LOCK), actor="amina", now=NOON
        )  # fmt: skip
    compared(town, *theirs)
    assert asked_for(town) == 0
    assert 1 in free(town, NOON + HOUR)
