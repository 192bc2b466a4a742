"""The hardware of a bank as one: what is shown where, and which lockers have a light."""

import asyncio
from typing import Any

import pytest

from hw import registry, wiring
from hw.assembly import Hardware, HardwareConfig
from hw.ports import Coil, Signal
from hw.release_guard import GuardLimits, ReleaseGuard


class Lamp:
    """An indicator that remembers what it was told."""

    def __init__(self) -> None:
        self.shown: list[Signal] = []

    def show(self, signal: Signal) -> None:
        self.shown.append(signal)


class Lit:
    """A board with a light at each locker."""

    def __init__(self) -> None:
        self.lights: list[tuple[int, bool]] = []

    def light(self, channel: int, on: bool) -> None:
        self.lights.append((channel, on))


class Broken:
    """A board whose driver has a defect."""

    def all_off(self) -> None:
        raise ZeroDivisionError

    async def stop(self) -> None:
        raise ZeroDivisionError


class Sound:
    """A board that does what it is told."""

    def __init__(self) -> None:
        self.off = 0
        self.closed = False

    def all_off(self) -> None:
        self.off += 1

    async def stop(self) -> None:
        self.closed = True


def made(boards: dict[str, Any], lamps: dict[str, Any], beside: dict[str, str]) -> Hardware:
    return Hardware(ReleaseGuard(GuardLimits(), {}, lambda: 0), {}, boards, lamps, {}, beside)


def test_a_signal_is_shown_at_its_own_reader_and_on_the_lights_of_the_whole_bank() -> None:
    lamps = {"yard": Lamp(), "hall": Lamp(), "bank": Lamp()}
    hardware = made({}, lamps, {"yard": "yard-reader", "hall": "hall-reader"})
    hardware.show(Signal.GRANTED, "yard-reader")
    hardware.show(Signal.IDENTIFY)
    both, one = [Signal.GRANTED, Signal.IDENTIFY], [Signal.IDENTIFY]
    assert {name: lamp.shown for name, lamp in lamps.items()} == {"yard": both, "hall": one, "bank": both}


def test_only_boards_that_have_lights_are_asked_for_one() -> None:
    lit = Lit()
    hardware = made({"a": lit, "b": object()}, {}, {})
    assert (hardware.has_light(Coil("a", 1)), hardware.has_light(Coil("b", 1))) == (True, False)
    hardware.light(Coil("a", 2), True)
    hardware.light(Coil("b", 2), True)
    assert lit.lights == [(2, True)]


@pytest.mark.parametrize(("reader", "problems"), [("entrance", 0), ("entrnace", 1)])
def test_lights_that_stand_at_a_reader_that_is_not_there_are_a_problem(reader: str, problems: int) -> None:
    config = HardwareConfig(
        readers={"entrance": registry.decode("readers", {"driver": "rdm6300", "port": "/dev/ttyUSB0"})},
        indicators={"main": registry.decode("indicators", {"driver": "gpio", "green": 13, "reader": reader})},
    )
    found = list(wiring.check(config))
    assert [problem.path for problem in found] == [("indicators", "main", "reader")] * problems


def test_a_board_that_fails_keeps_no_other_from_dropping_its_coils(caplog: pytest.LogCaptureFixture) -> None:
    first, last = Sound(), Sound()
    hardware = made({"a": first, "b": Broken(), "c": last}, {}, {})
    hardware.all_off()
    assert (first.off, last.off) == (1, 1)
    assert "board b did not take the order to drop its coils" in caplog.text
    asyncio.run(hardware.stop())
    assert (last.off, first.closed, last.closed) == (2, True, True)
