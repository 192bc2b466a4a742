"""Openings: kept for their time and no longer, and read only with a reason that is recorded; alarms stay."""

import pytest
from sqlalchemy import select, text

from gateway.audit import service as audit
from gateway.errors import InvalidError, NotFoundError
from gateway.events import service as events
from gateway.events.models import Event
from gateway.ingest.models import Quarantine
from gateway.ingest.repository import quarantined
from gateway.privacy import openings
from tests.unit.gateway.town import DAY, NOON, Town


def use(town: Town, kind: str, at: int, locker: int = 1) -> None:
    with town.writing() as session:
        events.record(session, kind, now=at, at=at, bank_id=town.bank, locker=locker, grant="g1")


def kinds(town: Town) -> list[str]:
    with town.reading() as session:
        return list(session.scalars(select(Event.kind).where(Event.kind.in_([*events.USES, "door_forced"]))))


def test_openings_are_deleted_after_their_time_and_alarms_stay(town: Town) -> None:
    for days in (100, 91, 90, 1):
        use(town, "door_opened", NOON - days * DAY)
    use(town, "door_forced", NOON - 100 * DAY)
    assert openings.delete_over(town.database, actor="test", now=NOON, apply=False) == 2
    assert len(kinds(town)) == 5
    assert openings.delete_over(town.database, actor="test", now=NOON, apply=True) == 2
    assert sorted(kinds(town)) == ["door_forced", "door_opened", "door_opened"]
    assert openings.delete_over(town.database, actor="test", now=NOON, apply=True) == 0


def test_bytes_of_a_batch_that_made_no_sense_are_let_go_of_with_openings_and_what_it_was_stays(town: Town) -> None:
    """Ingest still needs to know how far it went."""
    with town.writing() as session:
        for days in (91, 89):
            session.add(
                Quarantine(
                    bank_id=town.bank, epoch="e1", first=1, last=9, end_hash=b"h", why="entry", fingerprint=f"f{days}",
                    payload=b"door_opened", received_at=NOON - days * DAY,
                )
            )  # fmt: skip
    openings.delete_over(town.database, actor="test", now=NOON, apply=False)
    with town.reading() as session:
        assert [one.payload for one in quarantined(session)] == [b"door_opened"] * 2
    openings.delete_over(town.database, actor="test", now=NOON, apply=True)
    with town.reading() as session:
        young, old = quarantined(session)
        assert (young.payload, old.payload) == (b"door_opened", None)
        assert (old.first, old.last, old.end_hash, old.why, old.fingerprint) == (1, 9, b"h", "entry", "f91")


def test_nobody_who_writes_waits_while_openings_past_their_time_are_looked_for(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(town, "door_opened", NOON - DAY)
    monkeypatch.setattr(town.database, "writing", None)
    assert openings.delete_over(town.database, actor="test", now=NOON, apply=True) == 0


def leave(town: Town, **changed: object):
    asked = {
        "bank_id": town.bank, "locker": 1, "reason": "holder_asked", "note": "The holder came to the desk",
        "from_at": NOON - 30 * DAY, "until_at": NOON, "actor": "nadia", "now": NOON, **changed,
    }  # fmt: skip
    with town.writing() as session:
        return openings.ask(session, **asked)


def read(town: Town, request_id: str, actor: str = "nadia", now: int = NOON + 1):
    with town.writing() as session:
        return openings.read(session, request_id, limit=100, actor=actor, now=now)


def test_openings_are_read_with_a_reason_and_each_reading_is_recorded(town: Town) -> None:
    use(town, "door_opened", NOON - DAY)
    use(town, "release_intended", NOON - 40 * DAY)
    use(town, "door_opened", NOON - DAY, locker=2)
    request = leave(town)
    assert [(item.kind, item.locker) for item in read(town, request.id)] == [("door_opened", 1)]
    read(town, request.id)
    with town.reading() as session:
        told = [(row.action, row.actor) for row in audit.trail(session, request.id)]
    assert told == [("openings_read", "nadia"), ("openings_read", "nadia"), ("openings_asked", "nadia")]


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"reason": "curious"}, "reason"), ({"note": "x"}, "note"), ({"from_at": NOON - 91 * DAY}, "span"),
        ({"from_at": NOON, "until_at": NOON}, "span"),
    ],
)  # fmt: skip
def test_openings_are_not_given_without_a_reason_or_beyond_their_time(town: Town, changed, code) -> None:
    with pytest.raises(InvalidError) as caught:
        leave(town, **changed)
    assert caught.value.code == code


def test_leave_is_for_one_account_and_for_half_an_hour(town: Town) -> None:
    request = leave(town)
    read(town, request.id, now=request.expires_at - 1)
    from gateway.errors import ForbiddenError

    for actor, now in (("another", NOON + 1), ("nadia", request.expires_at)):
        with pytest.raises(ForbiddenError):
            read(town, request.id, actor=actor, now=now)
    with pytest.raises(NotFoundError):
        read(town, "nothing")


def test_why_someone_asked_is_sealed(town: Town) -> None:
    leave(town)
    with town.reading() as session:
        stored = session.connection().execute(text("SELECT note FROM openings_request")).scalar_one()
    assert "holder" not in stored


def test_uses_leave_the_feed_after_a_quarter_of_an_hour(town: Town) -> None:
    use(town, "door_opened", NOON - 20 * 60_000)
    use(town, "door_forced", NOON - 20 * 60_000)
    use(town, "door_opened", NOON)
    with town.reading() as session:
        shown = events.events_after(session, 0, uses_since=NOON - 15 * 60_000, locker=1)
    assert [item.kind for item in shown] == ["door_forced", "door_opened"]
