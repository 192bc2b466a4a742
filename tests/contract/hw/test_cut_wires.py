"""Sensors are wired normally closed, so that a cut wire reads open and never hides an open door."""

import asyncio
import time

from hw.ports import DoorSensed


def test_a_cut_door_wire_reads_open(gpio_rig, until):
    async def scene():
        await gpio_rig.power()
        await until(lambda: len(gpio_rig.events) == 3)
        assert {(event.channel, event.open) for event in gpio_rig.events} == {(1, False), (2, False), (3, False)}
        # Nothing holds the line any more; only the pin's own pull is left.
        gpio_rig._pi_loop.call_soon_threadsafe(gpio_rig._pi.wire, gpio_rig.DOORS[1], None, time.monotonic_ns())
        await until(lambda: len(gpio_rig.events) == 4)
        await gpio_rig.down()
        cut = gpio_rig.events[3]
        assert isinstance(cut, DoorSensed)
        assert (cut.channel, cut.open, cut.sensor) == (2, True, "door")

    asyncio.run(scene())
