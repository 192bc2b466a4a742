"""When the core is woken: on time, and after a hang only once the devices have been heard."""

from collections.abc import Iterator

import pytest

from controller.wake import HUNG_S, LISTENS_S, Wake
from simulator.world.loop import Life, VirtualLoop

START = 1_800_000_000_000
HUNG_MS, LISTENS_MS = round(HUNG_S * 1_000), round(LISTENS_S * 1_000)


class Program:
    """A program in which a wake rings; `rung` are the instants (its monotonic ms) at which it did."""

    def __init__(self, loop: VirtualLoop) -> None:
        self.loop = loop
        self.life: Life = loop.life(START)
        self.rung: list[int] = []
        self.wake = Wake(self.life, lambda: self.rung.append(self.loop.now_ms - START))

    def hangs(self, from_ms: int, for_ms: int) -> None:
        self.loop.at(START + from_ms, self.life.hold)
        self.loop.at(START + from_ms + for_ms, self.life.resume)

    def runs_until(self, ms: int) -> None:
        self.loop.run_until(START + ms)


@pytest.fixture
def program() -> Iterator[Program]:
    loop = VirtualLoop(START)
    yield Program(loop)
    loop.close()


def test_it_rings_on_time_and_once(program: Program) -> None:
    program.wake.at(3_000)
    program.wake.at(3_000)
    program.runs_until(10_000)
    assert program.rung == [3_000]


def test_what_was_asked_before_is_forgotten(program: Program) -> None:
    program.wake.at(3_000)
    program.wake.at(2_000)
    program.runs_until(2_500)
    program.wake.at(None)
    program.runs_until(10_000)
    assert program.rung == [2_000]


def test_what_is_long_due_rings_at_once(program: Program) -> None:
    program.runs_until(5_000)
    program.wake.at(1)
    program.runs_until(5_001)
    assert program.rung == [5_000]


def test_a_loop_that_is_slow_rings_late_and_at_once(program: Program) -> None:
    program.wake.at(3_000)
    program.hangs(2_900, 100 + HUNG_MS)
    program.runs_until(10_000)
    assert program.rung == [3_000 + HUNG_MS]


def test_after_a_hang_it_listens_first(program: Program) -> None:
    program.wake.at(3_000)
    program.hangs(1_000, 4_000)
    program.runs_until(10_000)
    assert program.rung == [5_000 + LISTENS_MS]


def test_what_becomes_due_while_it_listens_waits_too(program: Program) -> None:
    program.wake.at(3_000)
    program.hangs(1_000, 4_000)
    program.runs_until(5_100)
    program.wake.at(2_000)
    program.runs_until(10_000)
    assert program.rung == [5_000 + LISTENS_MS]


def test_a_second_hang_is_listened_after_again(program: Program) -> None:
    program.wake.at(3_000)
    program.hangs(1_000, 4_000)
    program.hangs(5_100, 3_000)
    program.runs_until(20_000)
    assert program.rung == [8_100 + LISTENS_MS]
