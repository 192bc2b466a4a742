"""A second contact and a light for each locker on the pins of the Pi."""

import asyncio
import os
import signal
import time

import pytest

from hw import registry
from hw.assembly import HardwareConfig, build
from hw.ports import DeviceFault, DeviceRecovered, DoorSensed
from simulator.pi import SimulatedPi
from simulator.pi_server import PiServer
from tests.contract.hw.pin_libraries import LoopThread

LOCKS, DOORS, LATCHES, LIGHTS = (17, 27), (5, 6), (7, 8), (20, 21)
TABLE = {"driver": "gpio", "locks": LOCKS, "doors": DOORS, "latches": LATCHES, "lights": LIGHTS}


@pytest.fixture
def bench(tmp_path, simulated_libraries):
    class Bench:
        def __init__(self):
            self.events = []
            self.pi = SimulatedPi()
            for line in (*DOORS, *LATCHES):
                self.pi.wire(line, False, 0)
            self._thread = LoopThread()
            self._server = PiServer(self.pi, tmp_path / "pins.sock")
            self._thread.run(self._server.start())

        def hardware(self, **choices):
            table = {key: list(value) if isinstance(value, tuple) else value for key, value in TABLE.items()}
            config = HardwareConfig(boards={"a": registry.decode("boards", table | choices)})
            return build(config, self.events.append, lambda: time.monotonic_ns() // 1_000_000)

        def wire(self, line, level):
            self._thread.call(self.pi.wire, line, level, time.monotonic_ns())

        def sensed(self):
            sensed = [event for event in self.events if isinstance(event, DoorSensed)]
            return [(event.channel, event.sensor, event.open) for event in sensed]

        def lit(self):
            return [self.pi.read(line) for line in LIGHTS]

        def close(self):
            self._thread.run(self._server.stop())
            self._thread.close()

    made = Bench()
    yield made
    made.close()


def play(hardware, scene):
    async def run():
        await hardware.start()
        try:
            await scene()
        finally:
            await hardware.stop()

    asyncio.run(run())


def test_latch_and_door_are_told_apart(bench, until, forget_pins_after):
    async def scene():
        await until(lambda: len(bench.sensed()) == 4)
        assert set(bench.sensed()) == {(c, sensor, False) for c in (1, 2) for sensor in ("door", "latch")}
        bench.wire(LATCHES[1], None)
        await until(lambda: bench.sensed()[4:] == [(2, "latch", True)])
        bench.wire(DOORS[1], None)
        await until(lambda: bench.sensed()[5:] == [(2, "door", True)])

    play(bench.hardware(), scene)


def test_a_latch_may_be_wired_the_other_way_round(bench, until, forget_pins_after):
    async def scene():
        await until(lambda: len(bench.sensed()) == 4)
        assert {each for each in bench.sensed() if each[1] == "latch"} == {(1, "latch", True), (2, "latch", True)}

    play(bench.hardware(latches_open_level="low"), scene)


def test_lights_shine_one_by_one_and_again_after_the_keeper_was_lost(bench, until, forget_pins_after):
    hardware = bench.hardware()

    async def scene():
        board = hardware.boards["a"]
        board.light(2, True)
        await until(lambda: bench.lit() == [False, True])
        os.kill(board.keeper_pid, signal.SIGKILL)
        await until(lambda: [type(each) for each in bench.events if not isinstance(each, DoorSensed)][1:])
        assert [type(each) for each in bench.events if not isinstance(each, DoorSensed)] == [
            DeviceFault,
            DeviceRecovered,
        ]
        await until(lambda: bench.lit() == [False, True])
        board.light(2, False)
        board.light(1, True)
        await until(lambda: bench.lit() == [True, False])

    play(hardware, scene)
    assert bench.lit() == [False, False]


def test_lights_that_shine_at_a_low_level_start_dark(bench, until, forget_pins_after):
    for line in LIGHTS:
        bench.pi.fit(line, "up")
    hardware = bench.hardware(lights_active_high=False)

    async def scene():
        assert bench.lit() == [True, True]
        hardware.boards["a"].light(1, True)
        await until(lambda: bench.lit() == [False, True])

    play(hardware, scene)
    assert [each.level for each in bench.pi.transitions if each.line == LIGHTS[1]] == []


def test_a_board_without_lights_is_asked_in_vain(bench, until, forget_pins_after):
    hardware = bench.hardware(lights=[])

    async def scene():
        hardware.boards["a"].light(1, True)
        await until(lambda: len(bench.sensed()) == 4)

    play(hardware, scene)
    assert bench.lit() == [False, False]
