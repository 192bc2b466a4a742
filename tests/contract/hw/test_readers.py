"""What every badge reader does, whatever it is made of: one suite over every driver on its simulated hardware."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from hw.ports import BadgeRead, DeviceFault, DeviceRecovered, KeyPressed
from simulator.devices import Habit
from tests.contract.hw.reader_rigs import READER, RIGS, ReaderRig


@pytest.fixture(params=list(RIGS))
def reader_rig(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ReaderRig]:
    for name in ("GPIOZERO_PIN_FACTORY", "CASIER_SIM_PINS", "CASIER_EVDEV", "CASIER_SIM_INPUT"):
        monkeypatch.setenv(name, "")  # the rigs set them; undone afterwards
    return RIGS[request.param](tmp_path)


def on_stage(scene):
    """Run a scene with the reader up and trusted, and take it down whatever happens."""

    def test(reader_rig, until):
        async def play():
            await reader_rig.power()
            try:
                await ready(reader_rig, until)
                await scene(reader_rig, until)
            finally:
                await reader_rig.down()

        asyncio.run(play())

    test.__doc__ = scene.__doc__
    return test


async def ready(rig, until):
    """OSDP shakes hands first, and its first second may hold what was queued: a badge there is stale."""
    if not rig.forgets_at_start:
        await until(lambda: rig.hardware.readers[READER]._line._links[0].is_secured)
        rig.pass_ms(1_050)


def of(rig, kind):
    return [event for event in rig.events if isinstance(event, kind)]


def numbers(rig):
    return [event.number for event in of(rig, BadgeRead)]


@on_stage
async def test_a_held_badge_is_read_once_with_its_number_and_time(rig, until):
    asked_ms = rig.now_ms()
    rig.hold(0, held_ms=250)
    await until(lambda: of(rig, BadgeRead))
    assert rig.now_ms() - asked_ms < 500
    await asyncio.sleep(0.25)
    (read,) = rig.events
    assert (read.reader, read.technology, read.number, read.stale) == (READER, rig.technology, rig.numbers[0], False)
    assert asked_ms - 2 <= read.at_ms <= rig.now_ms()
    assert rig.numbers[0] not in repr(read)


@on_stage
async def test_badges_are_read_in_their_order_and_each_presentation_once(rig, until):
    for which in (0, 1):
        rig.hold(which)
        await until(lambda which=which: len(numbers(rig)) > which)
        rig.clear()
    await asyncio.sleep(rig.settles_s)  # what is on the line still arrives
    rig.pass_ms(1_100)  # the first badge has been away for long enough, whatever the reader
    rig.hold(0)
    await until(lambda: len(numbers(rig)) > 2)
    await asyncio.sleep(0.1)
    assert numbers(rig) == [rig.numbers[0], rig.numbers[1], rig.numbers[0]]
    assert not of(rig, DeviceFault)


@on_stage
async def test_a_reader_that_says_a_badge_again_and_again_is_one_presentation(rig, until):
    if Habit.REPEATS not in getattr(rig.reader(), "habits", ()):
        rig.hold(0, held_ms=1500)
    else:
        rig.ill(Habit.REPEATS)
        rig.hold(0, held_ms=1500)
    await asyncio.sleep(0.95)
    assert numbers(rig) == [rig.numbers[0]]


@on_stage
async def test_noise_is_no_badge_and_does_not_hide_the_next_one(rig, until):
    rig.ill(Habit.GARBAGE)
    rig.hold(1, held_ms=200)
    await asyncio.sleep(0.4)
    assert numbers(rig) == []
    rig.clear()
    rig.ill(Habit.FINE)
    await asyncio.sleep(0.6)  # OSDP may have to shake hands again
    rig.hold(0)
    await until(lambda: numbers(rig) == [rig.numbers[0]])


@on_stage
async def test_a_reader_that_breaks_off_is_a_fault_and_comes_back_by_itself_with_stale_readings_first(rig, until):
    rig.break_off()
    await until(lambda: of(rig, DeviceFault))
    fault = of(rig, DeviceFault)[0]
    assert (fault.device, fault.kind) == (READER, "reader")
    assert fault.detail
    rig.mend()
    await until(lambda: of(rig, DeviceRecovered), within_s=15)
    assert len(of(rig, DeviceFault)) <= 2  # unplugged, then missing
    rig.hold(0)
    await until(lambda: of(rig, BadgeRead))
    assert of(rig, BadgeRead)[0].stale
    rig.pass_ms(1_350)
    rig.hold(1)
    await until(lambda: len(numbers(rig)) == 2)
    assert not of(rig, BadgeRead)[1].stale


@on_stage
async def test_a_stopped_reader_says_nothing(rig, until):
    await rig.hardware.stop()
    rig.hold(0)
    rig.clear()
    await asyncio.sleep(0.2)
    assert rig.events == []


@pytest.mark.parametrize("reader_rig", [name for name, rig in RIGS.items() if rig.has_keys], indirect=True)
@on_stage
async def test_keys_come_in_their_order_and_are_not_shown(rig, until):
    rig.press("0123456789*#")
    await until(lambda: len(of(rig, KeyPressed)) == 12)
    assert "".join(event.key for event in of(rig, KeyPressed)) == "0123456789*#"
    assert repr(rig.events[0]).startswith(f"KeyPressed(reader='{READER}', at_ms=")
    rig.hold(0)
    await until(lambda: numbers(rig) == [rig.numbers[0]])


def test_a_reader_missing_at_start_is_a_fault_and_is_found_when_it_comes(reader_rig, until):
    async def scene():
        reader_rig.world()
        await reader_rig.hardware.start()
        await until(lambda: of(reader_rig, DeviceFault))
        assert of(reader_rig, DeviceFault)[0].code == "missing"
        reader_rig.mend()
        await until(lambda: of(reader_rig, DeviceRecovered), within_s=10)
        await reader_rig.down()

    asyncio.run(scene())
