"""Ingest: every entry once, in any order, whatever is poisonous; and what a receipt may say."""

import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, func, select

from gateway.events.models import Event
from gateway.events.service import latest_events
from gateway.ingest.effects import take_effect
from gateway.ingest.models import Epoch, Quarantine
from gateway.ingest.service import GAP_ALARM_MS, Arrived, Stored, alarm_gaps, reaches_at_birth, store
from tests.unit.gateway.journal import Journal
from tests.unit.gateway.town import NOON, Town
from wire.messages import EpochRange


def take(town: Town, *payloads: bytes, now: int = NOON) -> Stored:
    with town.writing() as session:
        stored = store(session, [Arrived(town.bank, payload) for payload in payloads], now=now)
        take_effect(session, stored, now=now)
    return stored


def reach(town: Town, journal: Journal) -> tuple[int, str]:
    with town.reading() as session:
        row = session.get_one(Epoch, (town.bank, journal.epoch))
        return row.through, row.through_hash.hex()


def rows(town: Town) -> list[tuple[int | None, bytes | None]]:
    with town.reading() as session:
        found = session.execute(select(Event.seq, Event.line).where(Event.line.is_not(None)).order_by(Event.seq))
        return [(seq, line) for seq, line in found]


def events(town: Town, kind: str) -> list[dict[str, object]]:
    with town.reading() as session:
        return [item.body for item in latest_events(session, kinds=[kind])]


def journal_of(count: int) -> Journal:
    journal = Journal().start()
    for number in range(count - 1):
        journal.write("door_opened", NOON + number, locker=number % 6 + 1)
    return journal


def test_what_is_stored_is_the_controller_s_journal_byte_for_byte(town: Town) -> None:
    journal = journal_of(250)
    take(town, *journal.batches())
    assert rows(town) == list(enumerate(journal.lines, 1))
    assert reach(town, journal) == (250, journal.hashes[250].hex())


def test_batches_in_any_order_and_more_than_once_are_stored_once(town: Town) -> None:
    journal = journal_of(60)
    batches = journal.batches(7) * 2
    random.Random(7).shuffle(batches)
    for batch in batches:
        take(town, batch)
    assert rows(town) == list(enumerate(journal.lines, 1))
    assert reach(town, journal) == (60, journal.hashes[60].hex())
    assert not events(town, "batch_quarantined")


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_overlapping_cuts_of_a_journal_leave_it_whole(town: Town, data: st.DataObject) -> None:
    with town.writing() as session:
        for table in (Event, Epoch, Quarantine):
            session.execute(delete(table))
    journal = journal_of(30)
    spans = st.tuples(st.integers(1, 30), st.integers(1, 30)).map(lambda pair: (min(pair), max(pair)))
    cuts = [*data.draw(st.lists(spans, max_size=8)), (1, 11), (12, 25), (20, 30)]
    for first, last in data.draw(st.permutations(cuts)):
        take(town, journal.batch(first, last))
    assert rows(town) == list(enumerate(journal.lines, 1))
    assert reach(town, journal) == (30, journal.hashes[30].hex())


def test_a_receipt_says_only_what_nothing_is_missing_below(town: Town) -> None:
    journal = journal_of(30)
    take(town, journal.batch(1, 10), journal.batch(21, 30))
    assert reach(town, journal) == (10, journal.hashes[10].hex())
    take(town, journal.batch(11, 20))
    assert reach(town, journal) == (30, journal.hashes[30].hex())


def test_a_gap_is_alarmed_once_after_a_quarter_of_an_hour(town: Town) -> None:
    journal = journal_of(30)
    take(town, journal.batch(1, 10), journal.batch(21, 30))
    for now in (NOON + 14 * 60_000, NOON + 16 * 60_000, NOON + 20 * 60_000):
        with town.writing() as session:
            alarm_gaps(session, now=now)
    assert [body["after"] for body in events(town, "entries_missing")] == [10]


def test_an_epoch_whose_end_never_came_is_alarmed_too(town: Town) -> None:
    first = journal_of(10)
    take(town, first.batch(1, 7), Journal().start(first).batch())
    with town.writing() as session:
        alarm_gaps(session, now=NOON + GAP_ALARM_MS + 1)
    assert [(body["epoch"], body["after"]) for body in events(town, "entries_missing")] == [(first.epoch, 7)]


def test_an_epoch_whose_end_comes_late_is_not_alarmed(town: Town) -> None:
    first = journal_of(10)
    take(town, first.batch(1, 7), Journal().start(first).batch())
    take(town, first.batch(8, 10))
    with town.writing() as session:
        alarm_gaps(session, now=NOON + GAP_ALARM_MS + 1)
    assert events(town, "entries_missing") == []


def test_a_gap_closes_when_the_birth_says_where_the_journal_begins(town: Town) -> None:
    journal = journal_of(30)
    take(town, journal.batch(1, 10))
    with town.writing() as session:
        due = reaches_at_birth(session, town.bank, [EpochRange(journal.epoch, 21, 30)], now=NOON)
    assert [item.through for item in due] == [10]
    take(town, journal.batch(21, 30))
    assert reach(town, journal) == (30, journal.hashes[30].hex())
    assert [(body["first"], body["last"]) for body in events(town, "entries_lost")] == [(11, 20)]


def birth_says(town: Town, journal: Journal, first: int) -> None:
    """That the journal begins there by now."""
    with town.writing() as session:
        reaches_at_birth(session, town.bank, [EpochRange(journal.epoch, first, len(journal.lines))], now=NOON)


def lost(town: Town) -> list[tuple[object, object]]:
    return sorted((body["first"], body["last"]) for body in events(town, "entries_lost"))


def test_a_gap_closes_up_to_all_that_is_stored_where_what_it_begins_with_came_before_the_birth(town: Town) -> None:
    """As after a database was put back: of all that the bank has to send, nothing is new."""
    journal = journal_of(60)
    take(town, journal.batch(1, 10))
    take(town, journal.batch(21, 60))
    birth_says(town, journal, 21)
    take(town, journal.batch(21, 30))
    assert reach(town, journal) == (60, journal.hashes[60].hex())
    assert lost(town) == [(11, 20)]


def test_a_journal_that_stood_still_behind_stored_entries_goes_on_at_the_next_batch_though_nothing_in_it_is_new(
    town: Town,
) -> None:
    journal = journal_of(60)
    take(town, journal.batch(1, 10), journal.batch(21, 60))
    with town.writing() as session:
        row = session.get_one(Epoch, (town.bank, journal.epoch))
        row.through, row.through_hash, row.available = 20, journal.hashes[20], 21
    take(town, journal.batch(21, 30))
    assert reach(town, journal) == (60, journal.hashes[60].hex())


def test_what_is_stored_in_the_middle_of_a_gap_is_not_called_lost(town: Town) -> None:
    journal = journal_of(60)
    take(town, journal.batch(1, 10), journal.batch(16, 20), journal.batch(31, 40))
    birth_says(town, journal, 51)
    take(town, journal.batch(51, 60))
    assert reach(town, journal) == (60, journal.hashes[60].hex())
    assert lost(town) == [(11, 15), (21, 30), (41, 50)]


def test_a_gap_closes_with_poison_too(town: Town) -> None:
    journal = journal_of(20)
    journal.write_line(b"{").write("tamper")
    take(town, journal.batch(1, 10))
    birth_says(town, journal, 21)
    take(town, journal.batch(21, 21), journal.batch(22, 22))
    assert reach(town, journal) == (22, journal.hashes[22].hex())
    assert lost(town) == [(11, 20)]


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_whatever_came_before_a_birth_all_that_comes_after_it_gets_its_receipt(town: Town, data: st.DataObject) -> None:
    with town.writing() as session:
        for table in (Event, Epoch, Quarantine):
            session.execute(delete(table))
    journal = journal_of(30)
    spans = st.tuples(st.integers(1, 30), st.integers(1, 30)).map(lambda pair: (min(pair), max(pair)))
    came = data.draw(st.lists(spans, max_size=5), label="came before")
    begins, size = data.draw(st.integers(1, 30), label="begins"), data.draw(st.integers(1, 30), label="size")
    for first, last in came:
        take(town, journal.batch(first, last))
    birth_says(town, journal, begins)
    for first in range(begins, 31, size):
        take(town, journal.batch(first, first + size - 1))
    assert reach(town, journal) == (30, journal.hashes[30].hex())
    stored = {seq for seq, _line in rows(town)}
    gone = {seq for first, last in lost(town) for seq in range(int(str(first)), int(str(last)) + 1)}
    assert not stored & gone
    assert stored | gone == set(range(1, 31))


def other_hash(journal: Journal) -> bytes:
    twin = Journal(epoch=journal.epoch, lines=journal.lines[:4], hashes=journal.hashes[:5])
    for _ in range(6):
        twin.write("tamper")
    return twin.batch(5, 10)


def undecodable(journal: Journal) -> bytes:
    twin = Journal(epoch=journal.epoch, lines=journal.lines[:10], hashes=journal.hashes[:11])
    return twin.write_line(b"{").write_line(b"\xff\x00").batch(11, 12)


def broken_chain(journal: Journal) -> bytes:
    twin = Journal(epoch=journal.epoch, lines=journal.lines[:10], hashes=[*journal.hashes[:10], b"\x07" * 32])
    return twin.write("tamper").write("tamper").batch(11, 12)


@pytest.mark.parametrize(
    ("poison", "why"), [(other_hash, "rewritten"), (undecodable, "entry"), (broken_chain, "chain")]
)
def test_poison_is_set_aside_raw_counted_as_stored_and_shown(town: Town, poison: object, why: str) -> None:
    journal = journal_of(10)
    assert callable(poison)
    bad = poison(journal)
    take(town, journal.batch())
    for _ in range(2):
        take(town, bad)
    with town.reading() as session:
        kept = session.scalars(select(Quarantine)).all()
    assert [(row.why, row.payload) for row in kept] == [(why, bad)]
    assert reach(town, journal)[0] == (10 if why == "rewritten" else 12)
    assert len(events(town, "batch_quarantined")) == 1
    assert rows(town) == list(enumerate(journal.lines, 1))


def test_the_journal_goes_on_behind_poison(town: Town) -> None:
    journal = journal_of(10)
    journal.write_line(b"{").write("tamper").write("tamper")
    take(town, journal.batch(1, 10), journal.batch(11, 11), journal.batch(12, 13))
    assert reach(town, journal) == (13, journal.hashes[13].hex())
    assert [seq for seq, _line in rows(town)] == [*range(1, 11), 12, 13]


def test_a_type_that_is_no_code_is_poison(town: Town) -> None:
    assert take(town, Journal().start().write("a\0b").batch()).poison == 1


@pytest.mark.parametrize("payload", [b"", b"\xff", b"{}", b"[]\n[]", b"{}\n" * 200, b"[" * 100_000])
def test_a_batch_that_cannot_even_be_read_is_set_aside(town: Town, payload: bytes) -> None:
    stored = take(town, payload)
    assert (stored.poison, stored.reaches()) == (1, [])


def test_a_flood_of_poison_is_counted_but_not_all_kept(town: Town) -> None:
    take(town, *(b"poison %d" % number for number in range(250)))
    with town.reading() as session:
        kept = session.scalar(select(func.count()).select_from(Quarantine).where(Quarantine.payload.is_not(None)))
        every = session.scalar(select(func.count()).select_from(Quarantine))
    assert (kept, every) == (200, 250)


def test_epochs_that_follow_each_other_raise_no_alarm_in_any_order(town: Town) -> None:
    first = journal_of(5)
    second = Journal().start(first).write("tamper")
    third = Journal().start(second)
    for batch in (third.batch(), second.batch(), first.batch()):
        take(town, batch)
    assert not events(town, "epoch_link_broken")
    with town.reading() as session:
        assert {row.link for row in session.scalars(select(Epoch))} == {"good"}


def test_a_card_restored_from_an_image_is_an_alarm_and_nothing_is_overwritten(town: Town) -> None:
    before = journal_of(20)
    take(town, before.batch())
    restored = Journal().start(before, seq=12)
    take(town, restored.batch())
    assert [body["why"] for body in events(town, "epoch_link_broken")] == ["earlier_went_on"]
    assert reach(town, before) == (20, before.hashes[20].hex())


def test_an_epoch_that_remembers_another_past_is_an_alarm(town: Town) -> None:
    first, other = journal_of(10), journal_of(10)
    take(town, first.batch())
    other.epoch = first.epoch
    take(town, Journal().start(other).batch())
    assert [body["why"] for body in events(town, "epoch_link_broken")] == ["other_hash"]


def test_a_cloned_card_is_an_alarm(town: Town) -> None:
    before = journal_of(20)
    take(town, before.batch())
    take(town, Journal().start(before).batch())
    assert not events(town, "epoch_link_broken")
    take(town, Journal().start(before).write("tamper").batch())
    assert [body["why"] for body in events(town, "epoch_link_broken")] == ["forked"]


def test_a_journal_that_forgets_what_came_before_is_an_alarm(town: Town) -> None:
    take(town, journal_of(5).batch())
    take(town, journal_of(3).batch())
    assert [body["why"] for body in events(town, "epoch_link_broken")] == ["forgets_earlier"]


def test_a_birth_is_answered_for_the_newest_epoch_though_the_bank_has_nothing_to_send(town: Town) -> None:
    """What a database that was put back lacks of it comes with that; and a bank that is there answers with a beat."""
    first = journal_of(5)
    second = Journal().start(first).write("tamper")
    take(town, first.batch(), second.batch(1, 1))
    with town.writing() as session:
        due = reaches_at_birth(session, town.bank, [], now=NOON)
    assert [(item.epoch, item.through) for item in due] == [(second.epoch, 1)]


def test_an_epoch_whose_first_entry_is_lost_is_not_said_to_forget_what_came_before(town: Town) -> None:
    """After a database was put back to before it: the bank has let go of all but the end of it."""
    first = journal_of(5)
    second = Journal().start(first).write("tamper").write("tamper")
    take(town, first.batch())
    birth_says(town, second, 3)
    take(town, second.batch(3, 3))
    assert reach(town, second) == (3, second.hashes[3].hex())
    assert lost(town) == [(1, 2)]
    assert not events(town, "epoch_link_broken")


def born(town: Town, *held: tuple[Journal, int]) -> dict[str, tuple[int, str]]:
    """What a birth is answered that says so many entries of these journals are still on disk."""
    with town.writing() as session:
        ranges = [EpochRange(journal.epoch, 1, last) for journal, last in held]
        due = reaches_at_birth(session, town.bank, ranges, now=NOON)
    return {item.epoch: (item.through, item.hash) for item in due}


def test_of_an_epoch_whose_end_a_card_has_lost_a_birth_is_answered_as_far_as_the_card_holds_it(town: Town) -> None:
    before = journal_of(100)
    take(town, before.batch())
    restored = Journal().start(before, seq=50)
    assert born(town, (before, 50), (restored, 1))[before.epoch] == (50, before.hashes[50].hex())
    take(town, restored.batch())
    assert born(town, (before, 50))[before.epoch] == (50, before.hashes[50].hex()), "the newest has its receipt"
    assert reach(town, before) == (100, before.hashes[100].hex())
    assert [body["why"] for body in events(town, "epoch_link_broken")] == ["earlier_went_on"]


def test_a_birth_of_long_ago_is_answered_with_all_that_came_since(town: Town) -> None:
    """The broker retains it: a gateway that starts reads it anew, and the newest epoch has grown."""
    journal = journal_of(60)
    take(town, journal.batch())
    assert born(town, (journal, 1)) == {journal.epoch: (60, journal.hashes[60].hex())}


def test_a_card_that_ends_within_what_was_set_aside_is_answered_with_all_that_is_stored(town: Town) -> None:
    before = journal_of(10)
    before.write_line(b"{").write("tamper").write("tamper")
    take(town, before.batch(1, 10), before.batch(11, 12), before.batch(13, 13))
    restored = Journal().start(before, seq=11)
    assert born(town, (before, 11), (restored, 1))[before.epoch] == (13, before.hashes[13].hex())
    assert born(town, (before, 12), (restored, 1))[before.epoch] == (12, before.hashes[12].hex())


def test_a_restored_database_asks_at_the_birth_for_the_epoch_it_lacks(town: Town) -> None:
    before = journal_of(20)
    after = Journal().start(before)
    take(town, after.batch())
    with town.writing() as session:
        due = reaches_at_birth(session, town.bank, [EpochRange(after.epoch, 1, 1)], now=NOON)
    assert {(item.epoch, item.through, item.hash) for item in due} == {
        (before.epoch, 0, "00" * 32),
        (after.epoch, 1, after.hashes[1].hex()),
    }


def test_a_restored_database_asks_its_way_back_from_epoch_to_epoch_at_once(town: Town) -> None:
    first = journal_of(5)
    second = Journal().start(first)
    third = Journal().start(second)
    assert {item.epoch: item.through for item in take(town, third.batch()).reaches()} == {
        second.epoch: 0,
        third.epoch: 1,
    }
    assert {item.epoch: item.through for item in take(town, second.batch()).reaches()} == {
        first.epoch: 0,
        second.epoch: 1,
    }
    assert {item.epoch: item.through for item in take(town, first.batch()).reaches()} == {first.epoch: 5}
    assert [item.epoch for item in take(town, second.batch()).reaches()] == [second.epoch]


def test_hostile_bodies_change_nothing_and_stop_nothing(town: Town) -> None:
    journal = Journal().start()
    for locker in (None, 0, 2**53 - 1, "4", "\0", True, [1]):
        journal.write("door_opened", locker=locker).write("access_applied", version=locker)
        journal.write("release_intended", locker=locker, digest=locker, command=locker, release=locker)
    stored = take(town, *journal.batches())
    assert stored.poison == 0
    assert reach(town, journal)[0] == len(journal.lines)
