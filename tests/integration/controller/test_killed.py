"""The real controller killed, stopped, crashed, hung or restarted in a loop, at random moments of releases.

Whatever its end, every pulse ends on time, no coil is left on, and nothing fires that nobody asked for.
"""

import signal
import time
from collections.abc import Callable
from random import Random
from typing import Any

import pytest

from simulator.scenario import GpioPlan, XorPlan
from tests.integration.controller.conftest import World, eventually

IN_CI, IN_SOAK = 50, 500
PULSE_MS, SLACK_MS = 300, 250  # two busy cores; the cap above all pulses is 3 s
BOARDS = {
    "pins": GpioPlan(locks=(17, 27, 22, 10, 9, 11), doors=(5, 6, 7, 8, 12, 26)),
    "line": XorPlan(channels=6),
}
LOCKERS = range(1, 13)
# Each life has another badge than the three before, so that its lock has rested.
BADGES = {"valid": 1, "other": 7, "staff": 2, "stranger": 8}
# The program with a signal upon which its one thread never returns: what a defect in a library would do.
HANGS = """
import signal
def hang(*_):
    while True:
        pass
signal.signal(signal.SIGUSR1, hang)
from controller.__main__ import main
main()
"""
# How it ends, and what systemd then does to a process that is still there.
ENDINGS: dict[str, tuple[signal.Signals, signal.Signals | None]] = {
    "killed": (signal.SIGKILL, None),
    "crashed": (signal.SIGSEGV, None),
    "stopped": (signal.SIGSTOP, signal.SIGKILL),
    "hung": (signal.SIGUSR1, signal.SIGKILL),
    "ended": (signal.SIGTERM, None),
}


class Coils:
    """What the coils of the bank did."""

    def __init__(self, world: World) -> None:
        self._bench = world.bench

    def _read(self, look: Callable[[Any], Any]) -> list[Any]:
        def all_doors() -> list[Any]:
            self._bench.bank.settle()
            return [look(self._bench.bank.doors[number]) for number in LOCKERS]

        return list(self._bench.do(all_doors))

    @property
    def releases(self) -> int:
        return sum(self._read(lambda door: door.releases))

    @property
    def on(self) -> int:
        return sum(self._read(lambda door: door.coil))

    @property
    def longest_ms(self) -> float:
        return max(self._read(lambda door: door.last_pulse_ms or 0.0))

    def shut_all(self) -> None:
        self._bench.do(lambda: [self._bench.bank.push(number) for number in LOCKERS])


def ends_well(world: World, coils: Coils, random: Random, how: str, badge: str) -> None:
    """One life: start, a badge, an end at a random moment; then look at the coils."""
    end, afterwards = ENDINGS[how]
    before = coils.releases
    world.start("-c", HANGS)
    assert (coils.releases, coils.on) == (before, 0), "a start moves nothing"
    world.bench.tap(badge)
    time.sleep(random.uniform(0, 0.45))  # the random moment itself
    assert world.process is not None
    world.process.send_signal(end)
    eventually(lambda: coils.on == 0, within_s=(PULSE_MS + 200) / 1000)
    if afterwards is not None:
        world.process.send_signal(afterwards)
    world.process.wait(5)
    assert world.process.stdout is not None
    world.process.stdout.close()
    world.process = None
    assert coils.releases - before <= 1, "one badge, one release at most"
    assert coils.longest_ms <= PULSE_MS + SLACK_MS
    coils.shut_all()


def lives(make_world: Callable[..., World], count: int, seed: int) -> int:
    """So many lives on one disk, the kinds of end in turn; answers how many releases there were."""
    world = make_world(boards=BOARDS)
    world.join(*(world.gateway.grant(label, locker) for label, locker in BADGES.items()))
    world.end()
    coils, random = Coils(world), Random(seed)
    for turn in range(count):
        how = list(ENDINGS)[turn % len(ENDINGS)]
        try:
            ends_well(world, coils, random, how, list(BADGES)[turn % len(BADGES)])
        except AssertionError as error:
            raise AssertionError(f"seed {seed}, life {turn} ({how}): {error}") from error
    return coils.releases


def test_however_the_controller_ends_every_pulse_ends_on_time_and_nothing_fires_unasked(
    make_world: Callable[..., World],
) -> None:
    assert lives(make_world, IN_CI, seed=3) > IN_CI // 2, "most of these badges came to a release"


@pytest.mark.soak
def test_however_often_the_controller_ends_every_pulse_ends_on_time(
    make_world: Callable[..., World], soak_seed: int
) -> None:
    assert lives(make_world, IN_SOAK, soak_seed) > IN_SOAK // 2
