"""Lights and buzzer on the simulated pins."""

import asyncio

from hw import registry
from hw.assembly import HardwareConfig, build
from hw.indicators import PATTERNS
from hw.ports import DeviceFault, DeviceRecovered, Signal

PINS = {"green": 13, "red": 16, "amber": 19, "buzzer": 20}


def with_lights(rig, scene):
    """Play a scene with the lights on the rig's Pi; `lit` tells which are on."""
    config = HardwareConfig(indicators={"main": registry.decode("indicators", {"driver": "gpio", **PINS})})
    hardware = build(config, rig.events.append, lambda: 0)

    def lit():
        return {lamp for lamp, pin in PINS.items() if rig.level(pin)}

    async def play():
        await rig.power()
        rig.events.clear()
        await hardware.start()
        try:
            await scene(hardware, lit)
        finally:
            await hardware.stop()
            await rig.down()

    asyncio.run(play())


def test_every_signal_has_a_pattern_that_ends():
    assert set(PATTERNS) == set(Signal)
    assert all(sum(for_ms for for_ms, _ in steps) <= 15_000 for steps in PATTERNS.values())


def test_beeps_and_colours_are_as_people_were_told():
    def beeps(signal):
        lamps = [step[1] for step in PATTERNS[signal]]
        return sum(
            "buzzer" in now and "buzzer" not in before for before, now in zip([set(), *lamps], lamps, strict=False)
        )

    colours = {signal: set().union(*(lamps for _, lamps in steps)) - {"buzzer"} for signal, steps in PATTERNS.items()}
    assert (beeps(Signal.GRANTED), colours[Signal.GRANTED]) == (1, {"green"})
    assert (beeps(Signal.REFUSED), colours[Signal.REFUSED]) == (2, {"red"})
    assert (beeps(Signal.SEE_WORKER), colours[Signal.SEE_WORKER]) == (1, {"amber"})
    assert colours[Signal.MESSAGE_WAITING] == {"green", "amber"}


def test_a_granted_badge_is_green_with_a_short_beep(gpio_rig, until):
    async def scene(hardware, lit):
        assert lit() == set()
        hardware.show(Signal.GRANTED)
        await until(lambda: lit() == {"green", "buzzer"})
        await until(lambda: lit() == {"green"}, within_s=1)

    with_lights(gpio_rig, scene)


def test_a_new_signal_takes_the_place_of_the_one_shown(gpio_rig, until):
    async def scene(hardware, lit):
        hardware.show(Signal.REFUSED)
        await until(lambda: "red" in lit())
        hardware.show(Signal.GRANTED)
        await until(lambda: lit() == {"green"}, within_s=1)
        hardware.show(Signal.IDLE)
        await until(lambda: lit() == set())

    with_lights(gpio_rig, scene)


def test_stopping_leaves_the_lights_dark(gpio_rig, until):
    async def scene(hardware, lit):
        hardware.show(Signal.FAULT)
        await until(lambda: "red" in lit())
        await hardware.stop()
        await until(lambda: lit() == set())

    with_lights(gpio_rig, scene)


def test_lights_that_lose_their_pins_are_a_fault_and_shine_again_when_they_are_back(gpio_rig, until):
    def of_lights():
        return [event for event in gpio_rig.events if getattr(event, "kind", "") == "indicator"]

    async def scene(hardware, lit):
        gpio_rig.break_off()
        hardware.show(Signal.GRANTED)
        await until(of_lights)
        hardware.show(Signal.REFUSED)
        gpio_rig.mend()
        await until(lambda: len(of_lights()) == 2)
        await until(lambda: [type(event) for event in gpio_rig.events].count(DeviceRecovered) == 2)
        assert [type(event) for event in of_lights()] == [DeviceFault, DeviceRecovered]
        hardware.show(Signal.GRANTED)
        await until(lambda: "green" in lit())
        await asyncio.sleep(1.2)  # the door contacts have looked again by then
        assert len(of_lights()) == 2

    with_lights(gpio_rig, scene)
