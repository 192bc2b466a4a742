"""Which board of a line is asked next: all in turn, second looks first, and failed ones only where there is room."""

import itertools
import tracemalloc

import pytest

from hw.contacts import Contacts
from hw.poll_plan import CONFIRM_AFTER_MS, MISSES_TO_FAULT, POLL_EVERY_MS, ROOM_MS, SILENT_EVERY_MS, PollPlan

EXCHANGE_MS = 20  # 5 + 7 bytes at 9600 baud, and a turn-around of 8 ms
TIMEOUT_MS = 35  # one that says nothing, once it failed before


class Line:
    """A line on paper: who is asked when, while some boards say nothing."""

    def __init__(self, boards: int, silent: set[int]) -> None:
        self.now_ms = 0
        self.silent = silent
        self.plan = PollPlan(range(1, boards + 1), 0)
        self.asked: list[tuple[int, int]] = []

    def step(self) -> None:
        address, due_ms = self.plan.next(self.now_ms)
        if due_ms > self.now_ms:
            self.now_ms = due_ms
            return
        self.asked.append((address, self.now_ms))
        if address in self.silent:
            self.now_ms += TIMEOUT_MS if self.plan.is_suspect(address) else TIMEOUT_MS + 20
            self.plan.missed(address, self.now_ms)
        else:
            self.now_ms += EXCHANGE_MS
            self.plan.answered(address, self.now_ms)

    def run(self, until_ms: int) -> None:
        while self.now_ms < until_ms:
            self.step()

    def gaps(self, address: int, since_ms: int = 0) -> list[int]:
        times = [at for each, at in self.asked if each == address and at >= since_ms]
        return [later - earlier for earlier, later in itertools.pairwise(times)]


def test_every_board_is_asked_in_its_turn() -> None:
    line = Line(3, set())
    line.run(10_000)
    for address in (1, 2, 3):
        assert max(line.gaps(address)) <= POLL_EVERY_MS + 3 * EXCHANGE_MS


def test_boards_that_fall_silent_keep_no_other_waiting() -> None:
    for silent in ({2}, {1, 3}):
        line = Line(3, set())
        line.run(1000)
        line.silent |= silent
        line.run(1200)  # each may cost one full time-out before it is known to fail
        line.run(20_000)
        for address in {1, 2, 3} - silent:
            assert max(line.gaps(address, since_ms=1200)) <= POLL_EVERY_MS + 3 * EXCHANGE_MS


def test_a_silent_board_is_a_fault_within_two_seconds_and_is_asked_once_a_second_from_then_on() -> None:
    line = Line(3, {2})
    faults = []
    missed = line.plan.missed
    line.plan.missed = lambda address, now_ms: faults.append(now_ms) if missed(address, now_ms) else None
    line.run(10_000)
    assert faults[0] < 2000
    assert len(line.gaps(2, since_ms=2000)) >= 6
    assert min(line.gaps(2, since_ms=2000)) >= SILENT_EVERY_MS


def test_a_board_that_is_dead_for_days_costs_no_more_than_at_first() -> None:
    plan = PollPlan([1], 0)
    for now_ms in range(0, 6 * 24 * 3600 * 1000, SILENT_EVERY_MS):
        plan.missed(1, now_ms)
    tracemalloc.start()  # one call only: other threads' memory is counted, too
    try:
        plan.missed(1, 6 * 24 * 3600 * 1000)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 10_000


def worst_door_delay_ms(boards: int, silent: int = 0, for_ms: int = 0) -> float:
    """The longest time from an opened door to its event, over every moment at which it could open.

    The board `silent` said its last word `for_ms` before.
    """
    worst = 0
    for opened_at in range(6000, 6000 + 1400, 7):
        line, contacts = Line(boards, set()), Contacts(24)
        contacts.sample(0, 0)
        line.run(opened_at - for_ms)
        line.silent = {silent}
        told: list[int] = []
        while not told:
            line.step()
            address, asked_at = line.asked[-1]
            if address == boards and line.now_ms != asked_at:
                told = [each for each, _ in contacts.sample(int(asked_at >= opened_at), line.now_ms)]
                if contacts.unsettled:
                    line.plan.look_again(address, line.now_ms + CONFIRM_AFTER_MS)
        worst = max(worst, line.now_ms - opened_at)
    return worst


def test_a_door_of_sixty_lockers_on_three_boards_is_seen_within_250_ms() -> None:
    assert worst_door_delay_ms(3) < 250


@pytest.mark.parametrize("for_ms", [0, 40, 80, 120, 500, 5000])
def test_a_door_is_seen_within_250_ms_while_another_board_falls_silent_and_ever_after(for_ms: int) -> None:
    assert worst_door_delay_ms(3, silent=1, for_ms=for_ms) < 250


def test_three_boards_leave_the_line_free_half_of_the_time() -> None:
    assert 3 * EXCHANGE_MS / POLL_EVERY_MS <= 0.5


def test_a_board_that_answers_again_may_miss_again_before_it_is_faulty() -> None:
    plan = PollPlan([1], 0)
    for _ in range(MISSES_TO_FAULT - 1):
        assert not plan.missed(1, 0)
    plan.answered(1, 0)
    assert not plan.missed(1, 0)


def test_a_board_that_answers_again_is_no_suspect_any_more() -> None:
    line = Line(2, {2})
    line.run(5000)
    assert line.plan.is_suspect(2)
    line.silent.clear()
    line.run(7000)
    assert not line.plan.is_suspect(2)
    assert max(line.gaps(2, since_ms=6500)) <= POLL_EVERY_MS + 2 * EXCHANGE_MS


def test_a_second_look_goes_before_polls_that_are_due() -> None:
    plan = PollPlan([1, 2, 3], 0)
    for address in (1, 2, 3):
        plan.answered(address, 10)
    plan.look_again(3, 10 + POLL_EVERY_MS + 5)
    plan.look_again(3, 10 + POLL_EVERY_MS)
    assert plan.next(10 + POLL_EVERY_MS) == (3, 10 + POLL_EVERY_MS)


def test_second_looks_without_end_starve_no_board() -> None:
    plan, asked, now_ms = PollPlan([1, 2, 3], 0), [], 0
    while now_ms < 10_000:
        address, due_ms = plan.next(now_ms)
        now_ms = max(now_ms, due_ms)
        asked.append((address, now_ms))
        now_ms += EXCHANGE_MS
        plan.answered(address, now_ms)
        if address != 3:
            plan.look_again(address, now_ms + CONFIRM_AFTER_MS // 3)  # contacts that never come to rest
    times = [at for address, at in asked if address == 3]
    assert max(later - earlier for earlier, later in itertools.pairwise(times)) < 250


def test_a_suspect_on_a_line_without_room_is_asked_after_a_second_all_the_same() -> None:
    line = Line(12, {5})
    assert 12 * EXCHANGE_MS > POLL_EVERY_MS - ROOM_MS
    line.run(10_000)
    asked = [at for address, at in line.asked if address == 5]
    assert len(asked) >= MISSES_TO_FAULT - 1
    assert max(line.gaps(5)) < 3 * SILENT_EVERY_MS


def test_when_all_are_silent_all_are_still_asked() -> None:
    line = Line(3, {1, 2, 3})
    line.run(10_000)
    assert {address for address, at in line.asked if at > 8000} == {1, 2, 3}
