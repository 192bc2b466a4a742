"""Debounced contacts of sampled boards, and the plan by which they are sampled."""

from hw.contacts import Contacts
from hw.poll_plan import POLL_EVERY_MS, SILENT_EVERY_MS, PollPlan

STATUS_MS = 12.5 + 8  # 5 + 7 bytes at 9600 baud, and a turn-around


def test_the_first_look_tells_every_door() -> None:
    assert Contacts(3).sample(0b010, 0) == [(1, False), (2, True), (3, False)]


def test_a_change_counts_when_it_is_seen_again_30_ms_later() -> None:
    contacts = Contacts(2)
    contacts.sample(0, 0)
    assert contacts.sample(0b10, 100) == []
    assert contacts.unsettled
    assert contacts.sample(0b10, 129) == []
    assert contacts.sample(0b10, 130) == [(2, True)]
    assert not contacts.unsettled


def test_a_bounce_is_not_a_change() -> None:
    contacts = Contacts(1)
    contacts.sample(0, 0)
    contacts.sample(1, 100)
    assert contacts.sample(0, 110) == []
    assert contacts.sample(1, 150) == []
    assert contacts.sample(1, 180) == [(1, True)]


def test_a_board_that_reports_one_channel_before_any_poll_makes_only_that_one_known() -> None:
    contacts = Contacts(2)
    assert contacts.sample_one(2, True, 0)
    assert contacts.sample(0b10, 5) == [(1, False)]


def worst_door_delay_ms(boards: int) -> float:
    """The longest time from an opened door to its event, over every moment at which it could open."""
    worst = 0.0
    for opened_at in range(1000, 1400, 7):
        plan = PollPlan(range(1, boards + 1), 0)
        contacts = Contacts(24)
        contacts.sample(0, 0)
        now = 0.0
        while True:
            address, due = plan.next()
            now = max(now, due)
            asked_at, now = now, now + STATUS_MS
            plan.answered(address, int(now))
            if address == boards:
                if contacts.sample(int(asked_at >= opened_at), int(now)):
                    break
                if contacts.unsettled:
                    plan.confirm(address, int(now))
        worst = max(worst, now - opened_at)
    return worst


def test_a_door_of_sixty_lockers_on_three_boards_is_seen_within_250_ms() -> None:
    assert worst_door_delay_ms(3) < 250


def test_three_boards_leave_the_line_free_most_of_the_time() -> None:
    assert 3 * STATUS_MS / POLL_EVERY_MS < 0.5


def test_a_silent_board_is_faulty_after_about_a_second_and_then_asked_rarely() -> None:
    plan, timeout_ms, now = PollPlan([1], 0), 55, 0
    while not plan.missed(1, now + timeout_ms):
        address, due = plan.next()
        assert (address, due - now <= timeout_ms + POLL_EVERY_MS) == (1, True)
        now = due
    assert 700 <= now + timeout_ms <= 1_300
    assert plan.next() == (1, now + timeout_ms + SILENT_EVERY_MS)


def test_a_silent_board_does_not_keep_the_others_waiting() -> None:
    plan = PollPlan([1, 2], 0)
    assert not plan.missed(1, 0)
    assert plan.next() == (2, 0)


def test_a_board_that_answers_again_may_miss_again_before_it_is_faulty() -> None:
    plan = PollPlan([1], 0)
    for _ in range(5):
        plan.missed(1, 0)
    plan.answered(1, 0)
    assert not plan.missed(1, 0)
