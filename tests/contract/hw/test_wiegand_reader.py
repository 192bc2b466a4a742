"""What only a Wiegand reader has: two wires that can be exchanged, edges from a foreign thread, keys as bursts."""

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from hw.ports import BadgeRead, DeviceFault, DeviceRecovered, KeyPressed
from simulator.devices import Habit
from simulator.readers.wiegand import frame
from simulator.stand_ins import Library
from tests.contract.hw.pin_libraries import pin_library
from tests.contract.hw.reader_rigs import READER, WiegandRig


@pytest.fixture
def wiegand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[WiegandRig]:
    for name in ("GPIOZERO_PIN_FACTORY", "CASIER_SIM_PINS"):
        monkeypatch.setenv(name, "")
    return WiegandRig(tmp_path)


def played(rig, scene):
    async def play():
        await rig.power()
        try:
            await scene()
        finally:
            await rig.down()

    asyncio.run(play())


def of(rig, kind):
    return [event for event in rig.events if isinstance(event, kind)]


def refused(rig):
    return rig.hardware.readers[READER].refused


async def again_until(act, holds):
    """Do it, and do it again where it was not seen within half a second."""
    for _ in range(8):
        act()
        for _ in range(100):
            if holds():
                return
            await asyncio.sleep(0.005)
    raise AssertionError("it was never seen")


def test_exchanged_wires_are_named_in_the_fault_and_recover_with_the_first_badge(wiegand, until):
    async def scene():
        wiegand.ill(Habit.SWAPPED)
        for count in (1, 2, 3):
            wiegand.hold(0, held_ms=60)
            wiegand.press("5")
            await until(lambda count=count: refused(wiegand) >= count)
            wiegand.clear()
        await until(lambda: of(wiegand, DeviceFault))
        (fault,) = of(wiegand, DeviceFault)
        assert (fault.code, fault.device, fault.kind) == ("swapped", READER, "reader")
        assert "D0 and D1" in fault.detail
        assert of(wiegand, BadgeRead) == []
        keys = len(of(wiegand, KeyPressed))
        wiegand.press("7")
        await asyncio.sleep(0.1)
        assert len(of(wiegand, KeyPressed)) == keys  # it would be another key
        wiegand.ill(Habit.FINE)
        wiegand.hold(0)
        await until(lambda: of(wiegand, BadgeRead))
        assert len(of(wiegand, DeviceRecovered)) == 1

    played(wiegand, scene)


@pytest.mark.parametrize("habit", [Habit.GARBAGE, Habit.HALF_FRAME, Habit.WRONG_CHECKSUM])
def test_frames_that_are_none_are_counted_and_become_a_fault(wiegand, until, habit):
    async def scene():
        wiegand.ill(habit)
        for count in range(1, 9):
            wiegand.hold(0, held_ms=60)
            await until(lambda count=count: refused(wiegand) >= count)
            wiegand.clear()
        await until(lambda: of(wiegand, DeviceFault))
        assert of(wiegand, DeviceFault)[0].code == "garbage"
        assert "41551" not in of(wiegand, DeviceFault)[0].detail
        assert of(wiegand, BadgeRead) == []
        wiegand.ill(Habit.FINE)
        wiegand.hold(0)
        await until(lambda: of(wiegand, BadgeRead))
        assert len(of(wiegand, DeviceRecovered)) == 1

    played(wiegand, scene)


def test_a_line_that_pulses_without_pause_is_a_reader_that_cannot_be_used(wiegand, until):
    """A broken shield, a dying reader. Its keypad is dead too, so the fault is none that any card could make."""

    def hum(begin_ms):
        for at_ms in range(begin_ms, begin_ms + 100):
            wiegand.pi.wire(14, False, at_ms * 1_000_000)
            wiegand.pi.wire(14, None, at_ms * 1_000_000 + 50_000)

    async def scene():
        for begin_ms in range(0, 1700, 100):
            wiegand._in_world(lambda begin_ms=begin_ms: hum(begin_ms))
            await asyncio.sleep(0.01)
        await until(lambda: of(wiegand, DeviceFault))
        assert [fault.code for fault in of(wiegand, DeviceFault)] == ["failed"]
        await asyncio.sleep(0.2)
        wiegand.hold(0)
        await until(lambda: of(wiegand, BadgeRead))
        assert len(of(wiegand, DeviceRecovered)) == 1

    played(wiegand, scene)


def test_no_edge_is_lost_or_out_of_order_while_the_loop_is_busy(wiegand, until):
    async def scene():
        for which in (0, 1):
            wiegand.hold(which, held_ms=60)
            wiegand.press("42")
            await asyncio.sleep(0.02)  # in the middle of the frame
            time.sleep(0.3)  # noqa: ASYNC251 - the loop hangs: only the pin library's thread goes on
            wiegand.clear()
        await until(lambda: len(of(wiegand, KeyPressed)) == 4)
        assert "".join(event.key for event in of(wiegand, KeyPressed)) == "4242"
        assert [event.number for event in of(wiegand, BadgeRead)] == ["68-41551", "1-5"]
        assert refused(wiegand) == 0

    played(wiegand, scene)


def test_edges_that_are_delivered_late_still_belong_to_their_frame(wiegand, until):
    async def scene():
        pins = wiegand.hardware.readers[READER]._pins
        began = time.monotonic()
        for index, bit in enumerate(frame("68-41551", 26)):
            if index == 13:
                await asyncio.sleep(0.08)  # the pin library's thread did not get to run
            pins._watchers[int(bit)](began + index * 0.002, False)
        await until(lambda: of(wiegand, BadgeRead))
        assert (of(wiegand, BadgeRead)[0].number, refused(wiegand)) == ("68-41551", 0)

    played(wiegand, scene)


def test_a_reading_carries_the_time_of_its_pulses_not_of_the_loop(wiegand, until):
    async def scene():
        held_ms = wiegand.now_ms()
        wiegand.hold(0, held_ms=60)
        time.sleep(0.4)  # noqa: ASYNC251 - the loop hangs
        await until(lambda: of(wiegand, BadgeRead))
        assert held_ms <= of(wiegand, BadgeRead)[0].at_ms < held_ms + 250

    played(wiegand, scene)


def test_a_line_held_low_is_a_fault_and_recovers_by_itself(wiegand, until):
    async def scene():
        wiegand._in_world(lambda: wiegand.pi.wire(15, False, time.monotonic_ns()))
        await until(lambda: of(wiegand, DeviceFault))
        assert of(wiegand, DeviceFault)[0].code == "silent"
        assert "D1 low" in of(wiegand, DeviceFault)[0].detail
        wiegand._in_world(lambda: wiegand.pi.wire(15, None, time.monotonic_ns()))
        await until(lambda: of(wiegand, DeviceRecovered))

    played(wiegand, scene)


def test_a_floating_wire_does_not_fill_the_memory(wiegand, until):
    async def scene():
        pins = wiegand.hardware.readers[READER]._pins
        for at in range(20_000):
            pins._watchers[at % 2](at / 1000, False)
        assert len(pins._edges) <= 4096
        await until(lambda: not pins._edges)
        await asyncio.sleep(0.1)
        wiegand.hold(0)
        await until(lambda: of(wiegand, BadgeRead))

    played(wiegand, scene)


@pytest.mark.parametrize("library", ["lgpio", "rpi_gpio"])
def test_badges_and_keys_are_read_by_the_pin_libraries_of_a_pi(wiegand, until, monkeypatch, library: Library):
    async def scene():
        # RPi.GPIO does not tell when an edge was: a busy machine tears or joins frames, and people do it again.
        await again_until(lambda: wiegand.hold(0, held_ms=60), lambda: of(wiegand, BadgeRead))
        for count, key in enumerate("4711#", start=1):
            await again_until(
                lambda key=key: wiegand.press(key), lambda count=count: len(of(wiegand, KeyPressed)) == count
            )
        assert "".join(event.key for event in of(wiegand, KeyPressed)) == "4711#"
        assert [event.number for event in of(wiegand, BadgeRead)] == ["68-41551"]
        if library == "rpi_gpio":
            return  # it cannot lose the Pi that it runs on
        wiegand.break_off()
        await until(lambda: of(wiegand, DeviceFault))
        wiegand.mend()
        await until(lambda: of(wiegand, DeviceRecovered))
        wiegand.clear()
        wiegand.hold(1)
        await until(lambda: len(of(wiegand, BadgeRead)) == 2)
        assert of(wiegand, BadgeRead)[1].stale

    with pin_library(library, monkeypatch):
        played(wiegand, scene)
