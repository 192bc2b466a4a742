"""The judges of intents, coils, commands, receipts and of what is stored in the end see: each rule is broken once."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from msgspec import structs
from sqlalchemy import text

from controller import journal
from controller.commands import Commands
from controller.journal import Journal, Opened
from controller.journal_writer import Writer
from controller.runtime import Runtime
from controller.store import Store
from gateway.ingest.effects import take_effect
from gateway.ingest.service import Reach, store
from gateway.link.inbox import Inbox
from gateway.link.publisher import Publisher
from hw.ports import Coil
from simulator.world.desk import Desk
from simulator.world.doors import Doors
from simulator.world.world import DAY_MS
from tests.simulation.faulty_town import FaultyTown, faulty_town
from wire import envelope
from wire.entries import EntryType
from wire.topics import Topic

PULSE, RECORD, PREPARE, APPEND = Doors.pulse, Runtime._record, Store._prepare, Journal.append
SEND_RECEIPTS, STEP, OPEN = Publisher.send_receipts, Writer.step, Commands._open


def _open(town: FaultyTown, locker: int = 1) -> None:
    Desk(town.world.gateway, "somebody").open_remotely("bank-1", locker, "maintenance", lambda _: None)


def _opened(town: FaultyTown) -> str:
    """People come, a door is opened from afar; what was found, if anything."""
    town.town.crowd("bank-1", 6, 60_000, town.town.luck("crowd"))
    town.hours(0.1)
    _open(town)
    town.hours(4)
    return _said(town)


def _said(town: FaultyTown) -> str:
    return "; ".join(f"{each.invariant}: {each.text}" for each in town.world.violations)


def test_where_nothing_is_broken_nothing_is_found_of_many_that_were_asked() -> None:
    with faulty_town(9) as town:
        assert _opened(town) == ""
        assert town.found() == set()
        assert town.world.counts["releases"] > 3
        assert town.world.counts["receipts"] > 0
        assert town.world.counts["entries"] > 10


# Intents


def _without_waiting(runtime: Runtime, effect: Any, now: Any) -> None:
    RECORD(runtime, effect, now)
    if effect.release is not None:
        runtime._loop.call_soon(runtime._intent, effect.release, True)


def _unsynced(kept: Store, read_only: bool) -> None:
    PREPARE(kept, read_only)
    kept.connection.execute("PRAGMA synchronous=OFF")


@pytest.mark.parametrize(
    ("where", "what", "planted"),
    [(Runtime, "_record", _without_waiting), (Store, "_prepare", _unsynced)],
    ids=["not waited for", "not synced"],
)
def test_a_release_whose_intent_is_not_on_disk_is_found(
    monkeypatch: pytest.MonkeyPatch, where: object, what: str, planted: object
) -> None:
    monkeypatch.setattr(where, what, planted)
    with faulty_town(9) as town:
        assert "is not on disk" in _opened(town)


def test_an_intent_is_on_disk_though_all_that_has_waited_there_for_the_disk_is_written_behind_it() -> None:
    with faulty_town(9) as town:
        runtime = town.world.controllers[0].runtime
        assert runtime is not None
        town.begin("disk_read_only", hours=1)
        town.hours(0.9)
        for _ in range(60):
            runtime.journal.append(EntryType.BADGE_REFUSED, {"reader": "entrance", "why": "unknown"}, runtime.now())
        town.hours(0.101)
        assert runtime.journal.waiting > 60
        for locker in (1, 2):  # the first finds the disk still read-only; the next, at once behind it, does not
            _open(town, locker)
        town.hours(0.01)
        assert runtime.journal.waiting == 0
        _open(town, 3)
        town.hours(0.01)
        assert _said(town) == ""


def test_a_late_release_that_nobody_names_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def keeps(journal: Journal, kind: EntryType | None, *facts: Any, **more: Any) -> None:
        if kind is not EntryType.JOURNAL_LATE:
            APPEND(journal, kind, *facts, **more)

    monkeypatch.setattr(Journal, "append", keeps)
    with faulty_town(9) as town:
        town.begin("disk_broken", hours=2)
        assert "without a durable intent and has not said so" in _opened(town)


def test_a_journal_that_is_slow_on_a_disk_that_is_fine_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def step(writer: Writer) -> None:
        if not writer._waiting or writer._mono_ms() >= writer._waiting._items[0].mono_ms + 300:
            STEP(writer)

    monkeypatch.setattr(Writer, "step", step)
    monkeypatch.setattr(Writer, "wait_s", property(lambda writer: 0.3 if writer._waiting else 5.0))
    with faulty_town(9) as town:
        assert "after 250 ms, and" in _opened(town)


# Coils

Planted = Callable[[Doors, Coil, int, int], None]


def _again_after_ms(doors: Doors, coil: Coil, pulse_ms: int, permit: int, after_ms: int, times: int) -> None:
    for turn in range(1, times + 1):
        doors._loop.after(turn * (pulse_ms + after_ms), PULSE, doors, coil, pulse_ms, permit)


def _for_long(doors: Doors, coil: Coil, _: int, permit: int) -> None:
    PULSE(doors, coil, 3_500, permit)


def _again_soon(doors: Doors, coil: Coil, pulse_ms: int, permit: int) -> None:
    PULSE(doors, coil, pulse_ms, permit)
    _again_after_ms(doors, coil, pulse_ms, permit, 500, 1)


def _again_and_again(doors: Doors, coil: Coil, pulse_ms: int, permit: int) -> None:
    PULSE(doors, coil, pulse_ms, permit)
    _again_after_ms(doors, coil, pulse_ms, permit, 2_100, 25)


def _a_neighbour_soon(doors: Doors, coil: Coil, pulse_ms: int, permit: int) -> None:
    PULSE(doors, coil, pulse_ms, permit)
    other = next(other for other in doors.by_coil if other != coil)
    doors._loop.after(pulse_ms + 100, PULSE, doors, other, pulse_ms, permit)


def _a_neighbour_too(doors: Doors, coil: Coil, pulse_ms: int, permit: int) -> None:
    PULSE(doors, coil, pulse_ms, permit)
    PULSE(doors, next(other for other in doors.by_coil if other != coil), pulse_ms, permit)


@pytest.mark.parametrize(
    ("planted", "said"),
    [
        (_for_long, "was energised for 3500 ms"), (_again_soon, "rested 500 ms only"),
        (_again_and_again, "ms within a minute"), (_a_neighbour_too, "2 coils are on at once"),
        (_a_neighbour_soon, "100 ms after another"), (_again_soon, "with no intent of this life"),
    ],
)  # fmt: skip
def test_a_coil_that_is_on_beyond_what_the_guard_allows_is_found(
    monkeypatch: pytest.MonkeyPatch, planted: Planted, said: str
) -> None:
    def pulse(doors: Doors, coil: Coil, pulse_ms: int, permit: int) -> bool:
        planted(doors, coil, pulse_ms, permit)
        return True

    monkeypatch.setattr(Doors, "pulse", pulse)
    with faulty_town(9) as town:
        town.hours(0.1)
        _open(town)
        town.hours(0.1)
        assert said in _said(town)


# Commands


def test_an_old_command_that_is_obeyed_again_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Commands, "_why_foreign", lambda *_: None)
    monkeypatch.setattr(Commands, "_why_not_fresh", lambda *_: None)
    with faulty_town(9) as town:
        _open(town)
        town.hours(1)
        order = town.schedule.recorder.newest("bank-1", Topic.COMMANDS)
        assert order is not None
        town.world.banks["bank-1"].kill()
        town.hours(1)
        town.world.broker.forge("casier/1/bank-1/commands", order)
        town.hours(0.1)
        assert "ms old" in _said(town)
        assert "by one command twice" in _said(town)


def test_an_opening_by_a_command_that_no_gateway_is_known_to_have_sent_is_found() -> None:
    with faulty_town(9) as town:
        twin = town.world.gateway.twin("casier-gateway-unknown")
        twin.on_sent = lambda _topic, _envelope: None
        twin.start()
        town.hours(0.1)
        Desk(twin, "somebody").open_remotely("bank-1", 1, "maintenance", lambda _: None)
        town.hours(0.1)
        twin.close()
        assert "by a command that no gateway has sent" in _said(town)


def test_a_command_that_opens_another_locker_than_it_says_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        Commands, "_open", lambda commands, command, lockers, turn: OPEN(commands, command, (lockers[0] + 1,), turn)
    )
    with faulty_town(9) as town:
        _open(town)
        town.hours(0.1)
        assert "bank-1 opens locker 2, and" in _said(town)


# Dates


def test_a_grant_that_opens_after_its_end_is_found_whatever_is_wrong_with_the_clocks() -> None:
    with faulty_town(9) as town:
        ledger = town.watch.ledger.banks["bank-1"]
        over_ms = town.world.now_ms - DAY_MS
        ledger.held = {
            digest: [structs.replace(grant, not_after=over_ms) for grant in grants]
            for digest, grants in ledger.held.items()
        }
        town.world.wrong_clocks["bank-1"] += 1
        assert "after its end" in _opened(town)


# Lists


def test_a_forged_list_that_is_believed_is_found() -> None:
    with faulty_town(9) as town, pytest.MonkeyPatch.context() as planted:
        planted.setattr(envelope, "_check", lambda *_: None)
        town.begin("forged_downwards", hours=12)
        town.hours(13)
        assert "accepts a list that no gateway has sent it" in _said(town)


def test_forged_lists_that_are_refused_break_nothing() -> None:
    with faulty_town(9) as town:
        town.begin("forged_downwards", hours=12)
        town.hours(13)
        assert town.found() == set(), _said(town)


def test_a_bank_that_starts_on_a_disk_that_takes_nothing_and_does_not_find_its_list_is_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(journal, "_readable", lambda *_: Opened(None))
    with faulty_town(9) as town:
        bank = town.world.banks["bank-1"]
        bank.stop()
        town.hours(0.1)
        town.begin("disk_read_only", hours=2)
        bank.start()
        town.hours(1)
        assert "starts with list 0" in _said(town)


# Receipts, and what is stored in the end


def _for_more(reach: Reach) -> Reach:
    return replace(reach, through=reach.through + 1)


def _of_another_hash(reach: Reach) -> Reach:
    return replace(reach, hash="00" * 32)


@pytest.mark.parametrize(("planted", "said"), [(_for_more, "rows are missing"), (_of_another_hash, "another hash")])
def test_a_receipt_that_says_more_than_the_database_is_found(
    monkeypatch: pytest.MonkeyPatch, planted: Callable[[Reach], Reach], said: str
) -> None:
    monkeypatch.setattr(
        Publisher, "send_receipts", lambda publisher, due: SEND_RECEIPTS(publisher, [planted(each) for each in due])
    )
    with faulty_town(9) as town:
        assert said in _opened(town)


def test_a_receipt_before_the_commit_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def hasty(inbox: Inbox, batches: Any) -> Any:
        with inbox._database.writing() as session:
            stored = store(session, batches, now=inbox._now())
            take_effect(session, stored, now=inbox._now())
            inbox._publisher.send_receipts(stored.reaches())
        return stored

    monkeypatch.setattr(Inbox, "_together", hasty)
    with faulty_town(9) as town:
        assert "before that is committed" in _opened(town)


@pytest.mark.parametrize(
    ("planted", "said"),
    [
        ("DELETE FROM event WHERE rowid = (SELECT min(rowid) FROM event WHERE kind = 'door_opened')", "missing ["),
        ("UPDATE event SET line = line || ' ' WHERE kind = 'door_opened'", "other ["),
        ("UPDATE event SET epoch = '00' || substr(epoch, 3) WHERE kind = 'started'", "that the bank never had"),
        ("UPDATE issued_list SET version = version + 1", "was issued"),
    ],
)
def test_rows_that_are_not_the_journal_are_found_in_the_end(planted: str, said: str) -> None:
    with faulty_town(9) as town:
        assert _opened(town) == ""
        with town.world.gateway.storage.database.writing() as session:
            for name in session.scalars(text("SELECT name FROM sqlite_master WHERE type = 'trigger'")).all():
                session.execute(text(f'DROP TRIGGER "{name}"'))
            assert session.execute(text(planted)).rowcount > 0  # type: ignore[attr-defined]
        town.watch.settled()
        assert said in _said(town)
