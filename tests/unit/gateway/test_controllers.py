"""Births, orders and reconciliation: what the gateway believes, and what it does not send."""

import secrets
from datetime import date
from typing import Any

import msgspec
import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session as SqlSession

from gateway.access import commands, lists, out_of_service, reconcile, service
from gateway.access.changes import CommandReady
from gateway.access.commands import Beat, Orders
from gateway.access.models import CommandRecord, ReportedPart
from gateway.badges import service as badges
from gateway.contracts import service as contracts
from gateway.errors import ConflictError, InvalidError, OfflineError
from gateway.events.service import latest_events
from gateway.link.presence import Presence
from gateway.lockers import wall
from gateway.staff import service as accounts
from tests.unit.gateway.town import DAY, NOON, Town
from wire.access_list import Revoked, list_hash
from wire.messages import Birth, Health, Reply, Session, encode
from wire.topics import Topic

BEAT = Beat(Session(5, "a" * 32), "b" * 32)
ORDERS = Orders(lambda _bank: BEAT, lambda payload: payload)


def birth(number: int = 5, version: int = 0, digest: str | None = None, nonce: str = "a" * 32, trust: int = 0) -> Birth:
    return Birth(
        "montreuil-1",
        Session(number, nonce),
        secrets.token_hex(16),
        "1.0",
        "boot",
        NOON,
        trust,
        version,
        digest,
        (),
        (),
    )


def be_born(town: Town, message: Birth, *, fresh: bool = True, now: int = NOON) -> str | None:
    with town.writing() as session:
        return service.born(session, town.bank, message, fresh=fresh, now=now)


def is_held_by(town: Town, message: Birth, *, fresh: bool = True) -> bool:
    assert be_born(town, message, fresh=fresh) is None
    with town.reading() as session:
        return service.controller_of(session, town.bank).held_since is not None


def kinds(town: Town) -> list[str]:
    with town.reading() as session:
        return [item.kind for item in latest_events(session)]


def issued(town: Town, now: int = NOON) -> Any:
    with town.writing() as session:
        return lists.issue(session, town.bank, lambda payload: town.keystore.sign(Topic.ACCESS, payload), now=now)


def test_a_lower_session_is_ignored_and_a_second_device_is_an_alarm(town: Town) -> None:
    assert be_born(town, birth(5)) is None
    assert be_born(town, birth(4)) == "lower_session"
    assert be_born(town, birth(5)) is None
    assert be_born(town, birth(5, nonce="c" * 32)) == "session_conflict"
    assert "session_conflict" in kinds(town)


@pytest.mark.parametrize(
    ("since_ours", "name", "held"), [(5, None, True), (0, "c" * 64, True), (0, None, False), (-5, None, False)]
)
def test_what_a_journal_says_holds_the_bank_unless_a_newer_list_is_ours(
    town: Town, since_ours: int, name: str | None, held: bool
) -> None:
    ours = issued(town)
    with town.writing() as session:
        service.has_followed(session, town.bank, ours.version + since_ours, name, at=NOON, now=NOON)
        controller = service.controller_of(session, town.bank)
        assert controller.list_in_force == ours.version + since_ours
        assert (controller.held_why == "unknown_list") is held


def test_a_bank_that_never_had_a_list_or_follows_one_of_ours_is_not_held(town: Town) -> None:
    assert not is_held_by(town, birth())
    known = issued(town)
    assert not is_held_by(town, birth(6, known.version, known.hash))


@pytest.mark.parametrize("wrong", [{"version": NOON + 1}, {"version": NOON, "digest": "0" * 64}, {"trust": 1}])
def test_what_this_database_never_issued_holds_the_bank(town: Town, wrong: dict[str, Any]) -> None:
    issued(town)
    assert is_held_by(town, birth(**wrong))
    assert "controller_held" in kinds(town)
    with pytest.raises(OfflineError) as refused, town.writing() as session:
        commands.open_locker(session, ORDERS, bank_id=town.bank, number=1, reason="emergency", actor="t", now=NOON)
    assert refused.value.code == "held"


def test_a_retained_birth_says_nothing_of_the_list_that_is_followed_now(town: Town) -> None:
    assert not is_held_by(town, birth(version=NOON - 5), fresh=False)
    with town.writing() as session:
        service.follows(session, town.bank, NOON - 5, None, now=NOON)
        assert service.controller_of(session, town.bank).held_since == NOON


def reported(town: Town, payload: bytes) -> None:
    """The bank sends its list when asked, in two parts and in no order."""
    with town.writing() as session:
        command = reconcile.ask(session, ORDERS, town.bank, actor="t", now=NOON)
    envelope = town.keystore.sign(Topic.ACCESS, payload)
    for part in (1, 0):
        half = envelope[:100] if part == 0 else envelope[100:]
        reply = Reply(town.bank, BEAT.session, command.id, "list", NOON, part=part, parts=2, data=half)
        with town.writing() as session:
            commands.replied(session, ORDERS, town.bank, reply, now=NOON)


def test_a_list_that_a_bank_sent_once_is_not_taken_for_the_one_that_it_follows_now(town: Town) -> None:
    issued(town)
    with town.reading() as session:
        old = encode(lists.build(session, town.bank, version=NOON + 50, now=NOON))
    be_born(town, birth(version=NOON + 50, digest=list_hash(old)))
    reported(town, old)
    with town.writing() as session:
        reconcile.decide(session, town.bank, actor="t", now=NOON)
    be_born(town, birth(6, version=NOON + 90, digest="0" * 64))
    with town.reading() as session:
        assert reconcile.differences(session, town.bank, now=NOON) is None
    with pytest.raises(ConflictError, match="has not sent its list yet"), town.writing() as session:
        reconcile.decide(session, town.bank, actor="t", now=NOON)
    with town.writing() as session:
        reconcile.decide(session, town.bank, actor="t", now=NOON, unseen=True)
    assert issued(town).version > NOON + 90


def test_a_bank_that_is_asked_again_while_its_list_is_on_its_way_has_sent_it(town: Town) -> None:
    with town.reading() as session:
        payload = encode(lists.build(session, town.bank, version=NOON + 50, now=NOON))
    be_born(town, birth(version=NOON + 50, digest=list_hash(payload)))
    envelope = town.keystore.sign(Topic.ACCESS, payload)
    halves = (envelope[:100], envelope[100:])
    with town.writing() as session:
        asked = [reconcile.ask(session, ORDERS, town.bank, actor="t", now=NOON + at).id for at in range(3)]

    def comes(which: int, part: int) -> None:
        reply = Reply(town.bank, BEAT.session, asked[which], "list", NOON, part=part, parts=2, data=halves[part])
        with town.writing() as session:
            commands.replied(session, ORDERS, town.bank, reply, now=NOON)

    for which, part in ((0, 0), (1, 0), (0, 1)):
        comes(which, part)
    with town.reading() as session:
        assert reconcile.differences(session, town.bank, now=NOON) is not None
    comes(1, 1)
    with town.reading() as session:
        assert [commands.command_of(session, one).state for one in asked[:2]] == ["done", "done"]
        assert {one.command_id for one in session.scalars(select(ReportedPart))} == {asked[1]}


def test_a_suspension_that_only_the_bank_knows_is_shown_before_it_is_lost(town: Town) -> None:
    person = town.person()
    town.badge(person)
    contract = town.assign(person)
    with town.writing() as session:
        contracts.suspend(session, contract.id, reason="safety", review_on=date(2026, 7, 1), actor="t", now=NOON)
        payload = encode(lists.build(session, town.bank, version=NOON + 50, now=NOON))
    with town.writing() as session:
        contracts.resume(session, contract.id, actor="t", now=NOON)
    be_born(town, birth(version=NOON + 50, digest=list_hash(payload)))
    reported(town, payload)
    with town.reading() as session:
        found = reconcile.differences(session, town.bank, now=NOON)
    assert found is not None
    assert [(grant.kind, grant.lockers) for grant in found.suspended_at_bank] == [("suspended", (1,))]
    assert (found.only_bank, found.only_gateway, found.changed) == ((), (), ())


def test_whoever_was_put_out_since_the_backup_is_shown_as_let_in_again_unless_that_is_done_here_too(town: Town) -> None:
    person = town.person()
    town.badge(person)
    contract = town.assign(person)
    with town.reading() as session:
        before = lists.build(session, town.bank, version=1, now=NOON)
    ended = tuple(Revoked(grant.id, grant.digest, "ended") for grant in before.grants)
    payload = encode(msgspec.structs.replace(before, version=NOON + 50, grants=(), revoked=ended))
    be_born(town, birth(version=NOON + 50, digest=list_hash(payload)))
    reported(town, payload)
    with town.reading() as session:
        found = reconcile.differences(session, town.bank, now=NOON)
    assert found is not None
    assert {grant.kind for grant in found.ended_at_bank} == {"holder", "collect"}
    assert (found.only_gateway, found.revoked_at_bank) == ((), ())
    with town.writing() as session:
        contracts.end(session, contract.id, reason="other", collect_days=0, actor="t", now=NOON)
        found = reconcile.differences(session, town.bank, now=NOON + 1)
        assert found is not None
        assert (found.ended_at_bank, found.revoked_at_bank) == ((), ())
        reconcile.decide(session, town.bank, actor="t", now=NOON + 1)
        assert not lists.build(session, town.bank, version=1, now=NOON + 1).grants


def test_what_has_other_dates_at_the_bank_is_shown_with_both(town: Town) -> None:
    person = town.person()
    town.badge(person)
    contract = town.assign(person)
    with town.reading() as session:
        payload = encode(lists.build(session, town.bank, version=NOON + 50, now=NOON))
    with town.writing() as session:
        contracts.renew(session, contract.id, ends_on=date(2027, 12, 31), actor="t", now=NOON)
    be_born(town, birth(version=NOON + 50, digest=list_hash(payload)))
    reported(town, payload)
    with town.reading() as session:
        found = reconcile.differences(session, town.bank, now=NOON)
    assert found is not None
    assert {(theirs.kind, theirs.not_after < ours.not_after) for theirs, ours in found.changed} == {
        ("holder", True),
        ("collect", True),
    }


def test_deciding_carries_the_bank_s_revocations_over(town: Town) -> None:
    person = town.person()
    badge = town.badge(person)
    town.assign(person)
    with town.reading() as session:
        theirs = lists.build(session, town.bank, version=NOON + 50, now=NOON)
    dead = tuple(Revoked(grant.id, grant.digest, "revoked") for grant in theirs.grants)
    theirs = msgspec.structs.replace(theirs, grants=(), revoked=dead)
    payload = encode(theirs)
    be_born(town, birth(version=theirs.version, digest=list_hash(payload)))
    with pytest.raises(ConflictError) as refused, town.writing() as session:
        reconcile.decide(session, town.bank, actor="t", now=NOON)
    assert refused.value.code == "not_reported"
    reported(town, payload)
    with town.writing() as session:
        found = reconcile.differences(session, town.bank, now=NOON)
        assert found is not None
        # What is dead at the bank stays dead: it is not shown as what will open.
        assert (found.only_gateway, found.revoked_at_bank) == ((), dead)
        reconcile.decide(session, town.bank, actor="t", now=NOON)
    ours = issued(town, NOON + 1)
    assert ours.version > theirs.version
    with town.reading() as session:
        again = lists.build(session, town.bank, version=1, now=NOON + 1)
        assert again.grants == ()
        assert {(line.id, line.why) for line in again.revoked} == {(line.id, "revoked") for line in dead}
        assert badges.state_of(badges.badge_of(session, badge.id)) == "revoked"
        assert service.controller_of(session, town.bank).held_since is None


def test_a_staff_badge_that_the_bank_knows_to_be_dead_dies_here_too(town: Town) -> None:
    with town.writing() as session:
        member = accounts.add_staff(session, email="t@e.org", name="T", password="x" * 12, actor="t", now=NOON)
        badge = service.register_badge(
            session, town.keystore, site_id=town.site_id, number="em4100:00000000FE", label="T-1",
            staff_id=member.id, actor="t", now=NOON,
        )  # fmt: skip
    with town.reading() as session:
        theirs = lists.build(session, town.bank, version=NOON + 50, now=NOON)
    dead = tuple(Revoked(grant.id, grant.digest, "revoked") for grant in theirs.grants)
    payload = encode(msgspec.structs.replace(theirs, grants=(), revoked=dead))
    be_born(town, birth(version=NOON + 50, digest=list_hash(payload)))
    reported(town, payload)
    with town.writing() as session:
        reconcile.decide(session, town.bank, actor="t", now=NOON)
    with town.reading() as session:
        assert badges.state_of(badges.badge_of(session, badge.id)) == "revoked"


def test_a_bank_reconciled_while_it_is_away_is_not_held_again_for_the_trust_it_named(town: Town) -> None:
    assert is_held_by(town, birth(5, trust=NOON))
    with town.writing() as session:
        reconcile.decide(session, town.bank, actor="t", now=NOON, unseen=True)
    assert not is_held_by(town, birth(6, trust=NOON))


def ordered(town: Town, now: int = NOON, **other: Any) -> CommandRecord:
    given = {"bank_id": town.bank, "number": 1, "reason": "holder_present", "actor": "t", **other}
    with town.writing() as session:
        return commands.open_locker(session, ORDERS, now=now, **given)


def reply(
    town: Town, command: str, state: str, *, why: str | None = None, orders: Orders = ORDERS, now: int = NOON
) -> None:
    with town.writing() as session:
        commands.replied(session, orders, town.bank, Reply(town.bank, BEAT.session, command, state, now, why), now=now)


def state(town: Town, command: str, now: int = NOON) -> str:
    with town.reading() as session:
        return commands.state_of(commands.latest_of(session, command), now)


def test_an_order_goes_out_only_after_it_is_committed(town: Town) -> None:
    heard: list[object] = []
    town.database.listeners.append(heard.append)
    with pytest.raises(InvalidError), town.writing() as session:
        _order_then_fail(town, session)
    assert not any(isinstance(news, CommandReady) for news in heard)
    ordered(town)
    assert sum(isinstance(news, CommandReady) for news in heard) == 1


def _order_then_fail(town: Town, session: SqlSession) -> None:
    commands.open_locker(session, ORDERS, bank_id=town.bank, number=1, reason="emergency", actor="t", now=NOON)
    raise InvalidError("later", "something after the order was wrong")


def test_nothing_is_ordered_of_a_bank_that_is_not_heard(town: Town) -> None:
    deaf = Orders(lambda _bank: None, lambda payload: payload)
    with pytest.raises(OfflineError), town.writing() as session:
        commands.open_locker(session, deaf, bank_id=town.bank, number=1, reason="emergency", actor="t", now=NOON)
    with town.reading() as session:
        assert session.query(CommandRecord).count() == 0


def test_a_reason_nobody_knows_is_refused(town: Town) -> None:
    with pytest.raises(InvalidError):
        ordered(town, reason="curiosity")


def test_steps_never_go_back_and_a_final_one_stays(town: Town) -> None:
    command = ordered(town).id
    for step in ("accepted", "released", "accepted", "opened", "refused", "released"):
        reply(town, command, step)
    with town.reading() as session:
        found = commands.command_of(session, command)
        assert [step.state for step in found.steps] == ["requested", "accepted", "released", "opened"]


def test_silence_is_shown_as_silence(town: Town) -> None:
    command = ordered(town).id
    assert state(town, command, NOON + 30_000) == "requested"
    assert state(town, command, NOON + 36_000) == "no_answer"


@pytest.mark.parametrize(("reached", "patience"), [("accepted", 75_000), ("released", 30_000)])
def test_an_order_whose_end_is_never_told_is_not_under_way_for_ever(town: Town, reached: str, patience: int) -> None:
    command = ordered(town)
    reply(town, command.id, reached, now=NOON + 1_000)
    last = NOON + 1_000 + patience
    assert (state(town, command.id, last), state(town, command.id, last + 1)) == (reached, "no_answer")
    with town.reading() as session:
        tiles = [wall.lockers(session, lambda _bank: True, now=now)[0] for now in (last, last + 1)]
    assert [tile.pending for tile in tiles] == [True, False]
    reply(town, command.id, "opened", now=last + 60_000)
    assert state(town, command.id, last + 60_000) == "opened"


def test_a_refused_beat_is_tried_again_at_most_twice_and_not_for_long(town: Town) -> None:
    first = ordered(town).id
    for attempt in range(3):
        with town.reading() as session:
            latest = commands.latest_of(session, first)
        assert latest.attempt == attempt + 1
        reply(town, latest.id, "refused", why="session")
    assert state(town, first) == "refused"
    late = ordered(town, NOON + 60_000).id
    reply(town, late, "refused", why="beat", now=NOON + 91_000)
    assert state(town, late, NOON + 91_000) == "refused"


def test_another_bank_cannot_reply_to_an_order(town: Town) -> None:
    command = ordered(town)
    with town.writing() as session:
        stranger = Reply("lille-1", BEAT.session, command.id, "opened", NOON)
        assert commands.replied(session, ORDERS, "lille-1", stranger, now=NOON) is None
    assert state(town, command.id) == "requested"


def test_a_door_that_is_being_taken_out_of_service_is_not_shown_as_being_opened(town: Town) -> None:
    reason = out_of_service.ServiceReason.LOCK
    with town.writing() as session:
        out_of_service.take_out(session, ORDERS, bank_id=town.bank, number=1, reason=reason, actor="t", now=NOON)
    with town.reading() as session:
        assert not any(tile.pending for tile in wall.lockers(session, lambda _bank: True, now=NOON))


def test_an_order_of_a_time_when_the_clock_was_ahead_keeps_no_door_from_being_opened(town: Town) -> None:
    ahead = ordered(town, NOON + 30 * DAY).id
    assert state(town, ahead, NOON) == "no_answer"
    with town.reading() as session:
        assert not any(tile.pending for tile in wall.lockers(session, lambda _bank: True, now=NOON))
    assert ordered(town, NOON).id != ahead


def test_the_same_order_within_five_seconds_is_one_and_later_another(town: Town) -> None:
    first = ordered(town)
    assert ordered(town, NOON + 4_999).id == first.id
    assert ordered(town, NOON + 5_001).id != first.id


def test_other_refusals_are_final(town: Town) -> None:
    command = ordered(town).id
    reply(town, command, "refused", why="held")
    with town.reading() as session:
        found = commands.command_of(session, command)
        assert (found.state, found.why, found.replaced_by) == ("refused", "held", None)


def test_a_beat_is_fresh_for_thirty_seconds_by_the_monotonic_clock() -> None:
    clock = [0]
    presence = Presence(lambda: clock[0])
    presence.born("m", birth(), retained=True)
    assert presence.fresh_beat("m") is None
    health = Health("m", Session(5, "a" * 32), "f" * 32, NOON, "trusted", None, None, 0, 7, ())
    assert presence.beats("m", health)
    assert not presence.beats("m", msgspec.structs.replace(health, session=Session(4, "a" * 32)))
    clock[0] = 30_000
    beat = presence.fresh_beat("m")
    assert beat is not None
    assert beat.beat == "f" * 32
    presence.born("m", birth(), retained=True)
    assert presence.fresh_beat("m") == beat
    clock[0] = 30_001
    assert presence.fresh_beat("m") is None
    assert presence.heard("m")
    clock[0] = 45_001
    assert not presence.heard("m")
