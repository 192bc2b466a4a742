"""What is sent next, what is in flight, and what a receipt lets go of."""

from controller.outbox import (
    FEW_ENTRIES,
    QUICK_MS,
    RESEND_AFTER_MS,
    RESEND_AT_MOST_EVERY_MS,
    SLOW_MS,
    Outbox,
    PageWanted,
)
from controller.store import EpochState
from wire.limits import MAX_BATCH_ENTRIES, MAX_BATCHES_IN_FLIGHT


def outbox(last: int = 1_000, through: int = 0, pruned: int = 0) -> Outbox:
    box = Outbox()
    box.load([EpochState(1, "a", through, pruned, last, bytes(32))])
    return box


def send(box: Outbox, now_ms: int = 0, count: int = 10, *, acknowledged: bool = True) -> list[PageWanted]:
    sent = []
    while (wanted := box.next_page()) is not None:
        box.sent(wanted, count, now_ms)
        sent.append(wanted)
    if acknowledged:
        acknowledge(box, len(sent), now_ms)
    return sent


def acknowledge(box: Outbox, count: int, now_ms: int) -> None:
    for _ in range(count):
        box.acknowledged(now_ms)


def test_nothing_is_sent_without_a_session() -> None:
    box = outbox()
    assert box.next_page() is None
    box.session_started(0)
    assert box.next_page() == PageWanted(1, "a", 1, FEW_ENTRIES)
    box.session_ended()
    assert box.next_page() is None


def test_twenty_batches_are_in_flight_at_most() -> None:
    box = outbox()
    box.session_started(0)
    assert len(send(box)) == MAX_BATCHES_IN_FLIGHT
    box.received("a", 10, 1, 0)
    assert [wanted.first for wanted in send(box)] == [201]


def test_without_progress_all_is_sent_again_from_the_receipt_on_less_and_less_often() -> None:
    box = outbox(last=30)
    box.session_started(0)
    send(box)
    box.received("a", 10, 1, 1_000)
    assert not box.tick(1_000 + RESEND_AFTER_MS - 1)
    now_ms, waits = 1_000, []
    for _ in range(8):
        before = now_ms
        while not box.tick(now_ms):
            now_ms += 500
        waits.append(now_ms - before)
        assert [wanted.first for wanted in send(box, now_ms)] == [11, 21]
    assert waits == sorted(waits)
    assert waits[0] == RESEND_AFTER_MS
    assert waits[-1] == RESEND_AT_MOST_EVERY_MS


def test_nothing_is_sent_again_while_the_broker_owes_an_acknowledgement() -> None:
    box = outbox(last=30)
    box.session_started(0)
    send(box, acknowledged=False)
    acknowledge(box, 2, 60_000)
    assert not box.tick(250_000)
    assert box.due_ms(300_000) == 300_000
    acknowledge(box, 1, 250_000)
    assert box.tick(250_000)
    assert [wanted.first for wanted in send(box, 250_000)] == [1, 11, 21]


def test_a_receipt_is_late_only_when_its_batch_has_been_acknowledged_for_that_long() -> None:
    box = outbox(last=10)
    box.session_started(0)
    send(box, acknowledged=False)
    acknowledge(box, 1, 60_000)
    assert not box.tick(60_000 + RESEND_AFTER_MS - 1)
    assert box.due_ms(300_000) == 60_000 + RESEND_AFTER_MS
    assert box.tick(60_000 + RESEND_AFTER_MS)


def test_what_is_sent_later_does_not_put_off_sending_again_what_was_lost() -> None:
    box = outbox(last=10)
    box.session_started(0)
    send(box)
    for now_ms in range(1_000, RESEND_AFTER_MS, 1_000):
        box.durable(1, "a", 10 + now_ms // 100)
        send(box, now_ms)
    assert box.tick(RESEND_AFTER_MS)
    again = box.next_page()
    assert again is not None
    assert again.first == 1


def test_the_next_session_owes_nothing_of_a_broker_that_never_acknowledges() -> None:
    box = outbox(last=30)
    box.session_started(0)
    send(box, acknowledged=False)
    assert not box.tick(299_999)
    assert box.stalled(300_000, 300_000)
    box.session_ended()
    box.session_started(300_000)
    assert [wanted.first for wanted in send(box, 300_000)] == [1, 11, 21]
    assert box.tick(300_000 + RESEND_AFTER_MS)


def test_what_waits_for_a_broker_that_delivers_and_does_not_acknowledge_has_stalled() -> None:
    box = outbox(last=30)
    box.session_started(0)
    send(box, acknowledged=False)
    box.received("a", 30, 1, 1_000)
    assert not box.stalled(301_000, 300_000), "nothing waits"
    box.durable(1, "a", 31)
    assert box.stalled(301_000, 300_000)
    acknowledge(box, 3, 301_000)
    assert not box.stalled(900_000, 300_000)


def test_the_newest_receipt_wins_even_if_it_is_lower() -> None:
    box = outbox(last=30)
    box.session_started(0)
    send(box)
    assert box.received("a", 30, 100, 0)
    assert not box.received("a", 20, 99, 0)
    assert box.queue == 0
    assert box.received("a", 5, 101, 0)
    assert box.queue == 25
    assert send(box)[0].first == 6


def test_a_receipt_of_an_earlier_session_does_not_hold_back_a_new_one() -> None:
    box = outbox(last=30)
    box.session_started(0)
    send(box)
    box.received("a", 30, 10_000, 0)
    box.session_ended()
    box.session_started(1)
    assert box.received("a", 3, 5, 1), "the gateway's clock may have been set back between the sessions"


def test_what_was_receipted_before_a_restart_is_not_sent_again() -> None:
    box = outbox(last=30, through=20)
    box.session_started(0)
    assert box.next_page() == PageWanted(1, "a", 21, FEW_ENTRIES)


def test_the_birth_names_the_first_entry_still_on_disk() -> None:
    box = outbox(last=30, through=25, pruned=20)
    (held,) = box.ranges()
    assert (held.first, held.last) == (21, 30)
    box.session_started(0)
    box.received("a", 30, 1, 0)
    assert box.ranges() == ()


def test_an_unreadable_page_does_not_hold_up_other_epochs() -> None:
    box = outbox(last=30)
    box.durable(2, "b", 5)
    box.session_started(0)
    wanted = box.next_page()
    assert wanted is not None
    box.unreadable(wanted, 0)
    assert box.next_page() == PageWanted(2, "b", 1, FEW_ENTRIES)
    box.session_started(1)
    assert box.next_page() == wanted


def test_an_unreadable_page_is_tried_again_in_the_same_session_less_and_less_often() -> None:
    box = outbox(last=30)
    box.session_started(0)
    now_ms, waits = 0, []
    for _ in range(8):
        wanted = box.next_page()
        assert wanted == PageWanted(1, "a", 1, FEW_ENTRIES)
        box.unreadable(wanted, now_ms)
        assert box.next_page() is None
        waits.append(box.due_ms(300_000) - now_ms)
        now_ms = box.due_ms(300_000)
        assert not box.tick(now_ms - 1)
        assert box.tick(now_ms)
    assert waits == sorted(waits)
    assert (waits[0], waits[-1]) == (RESEND_AFTER_MS, RESEND_AT_MOST_EVERY_MS)
    assert not box.stalled(now_ms, 300_000), "a new connection would read the same disk"
    assert len(send(box, now_ms)) == 3
    assert not box.has_unreadable


def test_an_epoch_stays_unreadable_until_that_page_is_read_or_has_its_receipt_or_is_gone() -> None:
    box = outbox(last=30)
    box.durable(2, "b", 5)
    box.session_started(0)
    wanted = box.next_page()
    assert wanted is not None
    box.unreadable(wanted, 0)
    send(box)  # of the other epoch
    assert box.has_unreadable
    box.received("a", 10, 1, 0)
    assert not box.has_unreadable
    box.load([EpochState(1, "a", 0, 0, 30, bytes(32)), EpochState(2, "b", 0, 0, 5, bytes(32))])
    box.received("a", 0, 2, 0)
    assert box.has_unreadable
    box.load([EpochState(2, "b", 0, 0, 5, bytes(32))])
    assert not box.has_unreadable


def test_what_could_be_saved_of_a_journal_set_aside_is_sent_at_once() -> None:
    """The page was read from the file that was corrupt; the epoch now stands in another, under another number."""
    box = Outbox()
    box.load([EpochState(7, "a", 10, 0, 30, bytes(32))])
    box.session_started(0)
    wanted = box.next_page()
    assert wanted is not None
    box.unreadable(wanted, 0)
    box.load([EpochState(1, "a", 10, 10, 30, bytes(32)), EpochState(2, "b", 0, 0, 1, bytes(32))])
    assert box.next_page() == PageWanted(1, "a", 11, FEW_ENTRIES)


def test_what_could_not_be_saved_of_a_journal_set_aside_is_not_waited_for() -> None:
    box = outbox(last=5_000, through=10)
    box.session_started(0)
    box.load([EpochState(1, "a", 10, 10, 2_000, bytes(32)), EpochState(2, "b", 0, 0, 1, bytes(32))])
    assert [(held.first, held.last) for held in box.ranges()] == [(11, 2_000), (1, 1)]
    box.received("a", 2_000, 1, 0)
    assert box.queue == 1


def test_the_newest_epoch_may_have_grown_since_it_was_read() -> None:
    box = outbox(last=30)
    box.durable(1, "a", 40)
    box.load([EpochState(1, "a", 0, 0, 35, bytes(32))])
    assert box.queue == 40


def test_silence_after_sending_is_a_stall_and_a_receipt_ends_it() -> None:
    box = outbox(last=30)
    box.session_started(0)
    assert not box.stalled(10_000_000, 300_000)
    send(box, 1_000)
    assert not box.stalled(300_999, 300_000)
    assert box.stalled(301_000, 300_000)
    box.received("a", 10, 1, 301_500)
    assert not box.stalled(302_000, 300_000)


def _most(box: Outbox, *, each_ms: int, batches: int) -> list[int]:
    """How many entries each batch may hold, one sent after the other, where the broker has one every `each_ms`."""
    held = []
    for number in range(batches):
        wanted = box.next_page()
        assert wanted is not None
        held.append(wanted.most)
        box.sent(wanted, wanted.most, number * each_ms)
        box.acknowledged((number + 1) * each_ms)
        box.received("a", wanted.first + wanted.most - 1, number + 1, (number + 1) * each_ms)
    return held


def test_a_quick_network_soon_carries_full_batches() -> None:
    box = outbox(last=10_000)
    box.session_started(0)
    held = _most(box, each_ms=QUICK_MS, batches=12)
    assert held == [*range(FEW_ENTRIES, MAX_BATCH_ENTRIES, FEW_ENTRIES), *[MAX_BATCH_ENTRIES] * 3]


def test_batches_grow_smaller_while_the_network_is_slow_but_never_empty() -> None:
    box = outbox(last=10_000)
    box.session_started(0)
    assert _most(box, each_ms=SLOW_MS, batches=3) == [FEW_ENTRIES] * 3
    box.session_started(0)
    assert _most(box, each_ms=SLOW_MS + 1, batches=6) == [10, 5, 2, 1, 1, 1]


def test_batches_that_left_together_are_timed_one_after_the_other() -> None:
    box = outbox()
    box.session_started(0)
    sent = send(box, acknowledged=False)
    for number in range(1, len(sent) + 1):
        box.acknowledged(number * (QUICK_MS + 1))
    box.received("a", 10, 1, 60_000)
    wanted = box.next_page()
    assert wanted is not None
    assert wanted.most == FEW_ENTRIES, "the last took no longer than the first"


def test_a_new_session_begins_with_small_batches() -> None:
    box = outbox(last=10_000)
    box.session_started(0)
    _most(box, each_ms=1, batches=9)
    box.session_started(100)
    assert box.next_page() == PageWanted(1, "a", 451, FEW_ENTRIES)
