"""Virtual time: what is due when, and what becomes of a process that is held or dies."""

import asyncio

import pytest

from simulator.errors import WorldError
from simulator.world.loop import VirtualLoop

START = 1_800_000_000_000
DAY = 86_400_000


@pytest.fixture
def loop():
    loop = VirtualLoop(START)
    yield loop
    loop.close()


def test_a_year_of_sleeping_takes_no_time_and_ends_on_the_millisecond(loop: VirtualLoop) -> None:
    async def doze() -> int:
        for _ in range(365):
            await asyncio.sleep(86_400)
        return loop.now_ms

    assert loop.run_until_complete(doze()) == START + 365 * DAY
    assert loop.time() == 365 * 86_400


def test_what_is_due_together_runs_in_the_order_it_was_asked_for(loop: VirtualLoop) -> None:
    seen: list[int] = []
    for number in range(50):
        loop.call_later(0.25, seen.append, number)
    loop.run_until(START + 250)
    assert seen == list(range(50))


def test_a_delay_is_never_cut_short_by_rounding(loop: VirtualLoop) -> None:
    seen: list[int] = []
    loop.at(START + 100, lambda: loop.call_later(0.25, lambda: seen.append(loop.now_ms - START)))
    loop.call_later(0.0001, lambda: seen.append(loop.now_ms - START))
    loop.run_until(START + 1_000)
    assert seen == [1, 350]


def test_the_run_stops_between_two_timers_and_goes_on_from_there(loop: VirtualLoop) -> None:
    seen: list[str] = []
    loop.after(100, seen.append, "first")
    loop.after(200, seen.append, "second")
    loop.run_until(START + 150)
    assert (seen, loop.now_ms) == (["first"], START + 150)
    loop.run_until(START + 200)
    assert seen == ["first", "second"]


def test_a_cancelled_timer_does_not_run_however_many_there_are(loop: VirtualLoop) -> None:
    seen: list[int] = []
    timers = [loop.after(number, seen.append, number) for number in range(1_000)]
    for timer in timers[::2] + timers[1:900:2]:
        timer.cancel()
    loop.run_until(START + DAY)
    assert seen == list(range(901, 1_000, 2))


def test_waiting_for_what_nobody_will_do_is_an_error_and_no_hang(loop: VirtualLoop) -> None:
    with pytest.raises(WorldError, match="nothing will ever happen"):
        loop.run_until_complete(loop.create_future())


def test_a_thread_is_refused(loop: VirtualLoop) -> None:
    with pytest.raises(WorldError, match="no thread"):
        loop.run_in_executor(None, print)


def test_an_exception_in_the_world_itself_ends_the_run(loop: VirtualLoop) -> None:
    loop.after(10, lambda: [][0])
    with pytest.raises(IndexError):
        loop.run_until(START + DAY)


def test_a_life_is_the_running_loop_of_its_own_callbacks_and_counts_from_its_machines_boot(loop: VirtualLoop) -> None:
    loop.run_until(START + 5_000)
    life = loop.life(loop.now_ms)
    seen: list[object] = []

    async def live() -> None:
        await asyncio.sleep(2.5)
        seen.extend([asyncio.get_running_loop(), life.time(), loop.now_ms - START])

    task = life.create_task(live())
    loop.run_until(START + DAY)
    assert task.done()
    assert seen == [life, 2.5, 7_500]


def test_nothing_of_a_dead_life_ever_runs_again(loop: VirtualLoop) -> None:
    life = loop.life(START)
    seen: list[str] = []
    woken = life.create_future()

    async def wait() -> None:
        await woken
        seen.append("woken")

    async def tick() -> None:
        while True:
            seen.append("tick")
            await asyncio.sleep(1)

    life.create_task(wait())
    life.create_task(tick())
    life.call_at(2.5, seen.append, "timer")
    loop.run_until(START + 1_500)
    life.call_soon(seen.append, "ready")
    life.end()
    woken.set_result(None)
    life.call_soon(seen.append, "late")
    life.call_later(1, seen.append, "later")
    loop.run_until(START + DAY)
    assert seen == ["tick", "tick"]


def test_a_dying_lifes_coroutines_unwind_at_its_death_and_not_when_memory_is_collected(loop: VirtualLoop) -> None:
    life = loop.life(START)
    unwound: list[tuple[int, bool]] = []

    async def hold() -> None:
        try:
            await asyncio.sleep(3_600)
        finally:
            unwound.append((loop.now_ms - START, life.ended))
            await asyncio.sleep(1)
            unwound.append((-1, life.ended))

    life.create_task(hold())
    loop.run_until(START + 1_000)
    life.end()
    assert unwound == [(1_000, True)]
    loop.run_until(START + DAY)
    assert unwound == [(1_000, True)]


def test_a_life_that_ends_itself_does_not_come_back(loop: VirtualLoop) -> None:
    life = loop.life(START)
    seen: list[str] = []

    async def die() -> None:
        life.end()
        seen.append("the rest of this turn")
        await asyncio.sleep(0)
        seen.append("never")

    life.create_task(die())
    loop.run_until(START + 1_000)
    assert seen == ["the rest of this turn"]


def test_a_held_life_misses_nothing_and_does_it_late_and_in_order(loop: VirtualLoop) -> None:
    life = loop.life(START)
    seen: list[tuple[str, int]] = []

    def note(what: str) -> None:
        seen.append((what, loop.now_ms - START))

    for ms in (100, 300, 200):
        life.call_later(ms / 1_000, note, str(ms))
    loop.at(START + 150, life.hold)
    loop.at(START + 250, life.call_soon, note, "from outside")
    loop.at(START + 1_000, life.resume)
    loop.run_until(START + 2_000)
    assert seen == [("100", 100), ("200", 1_000), ("from outside", 1_000), ("300", 1_000)]


def test_an_exception_in_a_life_goes_to_its_own_handler(loop: VirtualLoop) -> None:
    life = loop.life(START)
    heard: list[object] = []
    life.set_exception_handler(lambda _, context: heard.append(context["exception"]))
    life.call_soon(lambda: {}["missing"])
    loop.run_until(START + 10)
    assert [type(error) for error in heard] == [KeyError]
