"""What only a USB reader has: an exclusive grab, and a device to be found."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from hw.ports import BadgeRead, DeviceFault, DeviceRecovered
from simulator.devices import Habit
from simulator.evdev import InputDevice as OtherProgram
from simulator.input_device import InputDevice
from simulator.readers.keyboard_wedge import stroke
from tests.contract.hw.reader_rigs import KeyboardWedgeRig


@pytest.fixture
def wedge(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[KeyboardWedgeRig]:
    for name in ("CASIER_EVDEV", "CASIER_SIM_INPUT"):
        monkeypatch.setenv(name, "")
    return KeyboardWedgeRig(tmp_path)


def of(rig, kind):
    return [event for event in rig.events if isinstance(event, kind)]


def played(rig, scene, start=True):
    async def play():
        rig.world()
        try:
            rig.mend()
            if start:
                await rig.hardware.start()
            await scene()
        finally:
            await rig.down()

    asyncio.run(play())


def test_nothing_that_is_typed_reaches_the_console(wedge, until):
    async def scene():
        wedge.hold(0)
        await until(lambda: of(wedge, BadgeRead))
        assert wedge.keyboard.console == []
        await wedge.hardware.stop()
        wedge.clear()
        wedge.hold(0)
        await until(lambda: len(wedge.keyboard.console) == 11)  # without the grab it would

    played(wedge, scene)


def test_a_reader_that_another_program_has_grabbed_is_a_fault_until_it_lets_go(wedge, until):
    async def scene():
        other = OtherProgram(str(wedge.folder / "event0"))
        other.grab()
        await wedge.hardware.start()
        assert [event.code for event in of(wedge, DeviceFault)] == ["in_use"]
        other.close()
        await until(lambda: of(wedge, DeviceRecovered))

    played(wedge, scene, start=False)


def test_a_reader_is_found_by_its_path(wedge, until):
    wedge.hardware = wedge.assembled({"driver": "keyboard_wedge", "device": str(wedge.folder / "event0")})

    async def scene():
        wedge.hold(0)
        await until(lambda: of(wedge, BadgeRead))

    played(wedge, scene)


def test_two_readers_of_a_kind_must_be_told_apart_by_path(wedge):
    async def scene():
        twin = InputDevice(wedge.folder / "event1", 0x08FF, 0x0009)
        asyncio.run_coroutine_threadsafe(twin.plug(), wedge._loop).result(5)
        await wedge.hardware.start()
        (fault,) = of(wedge, DeviceFault)
        assert fault.code == "failed"
        assert "by-path" in fault.detail
        wedge._in_world(twin.unplug)

    played(wedge, scene, start=False)


def test_a_library_that_is_not_installed_is_a_fault_that_says_so(wedge, monkeypatch):
    async def scene():
        monkeypatch.setenv("CASIER_EVDEV", "evdev_is_not_here")
        await wedge.hardware.start()
        assert "extra keyboard-wedge" in of(wedge, DeviceFault)[0].detail

    played(wedge, scene, start=False)


def test_a_number_that_is_broken_off_does_not_spoil_or_lengthen_the_next_one(wedge, until):
    async def scene():
        wedge.ill(Habit.HALF_FRAME)
        wedge.hold(0)
        await asyncio.sleep(0.1)
        wedge.ill(Habit.FINE)
        wedge.clear()
        wedge.pass_ms(600)
        wedge.hold(1)
        await until(lambda: of(wedge, BadgeRead))
        assert [event.number for event in of(wedge, BadgeRead)] == [wedge.numbers[1]]

    played(wedge, scene)


def test_a_reader_set_to_other_letters_is_a_fault_that_says_what_to_set(wedge, until):
    async def scene():
        def type_letters():
            for _ in range(4):
                for code in (16, 17, 18, 19, 20, 28):
                    wedge.keyboard.send(stroke(code))

        wedge._in_world(type_letters)
        await until(lambda: of(wedge, DeviceFault))
        assert of(wedge, DeviceFault)[0].code == "garbage"
        assert "US keyboard" in of(wedge, DeviceFault)[0].detail
        wedge.hold(0)
        await until(lambda: of(wedge, DeviceRecovered))

    played(wedge, scene)
