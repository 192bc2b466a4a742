"""What each kind of serial board does beyond the contract: its sensors, its faults, and what never goes out to it."""

import asyncio
import time
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from functools import partial
from pathlib import Path

import pytest

from hw.errors import ReleaseForbidden
from hw.frames import kerong_cu, modbus_rtu
from hw.frames.verdict import Energises, Harmless
from hw.ports import Coil, DeviceFault, DeviceRecovered, DoorSensed, LockAccepted, LockFailed
from simulator.devices import Habit
from tests.contract.hw import serial_rigs
from tests.contract.hw.conftest import assembled

ALL_OFF = modbus_rtu.all_off(1)
PULSE_2 = modbus_rtu.pulse_coil(1, 2, 300)
OPEN_FRAMES = {
    "kerong_cu": kerong_cu.open_channel(2, 1),
    "kerong_cu_48": kerong_cu.open_channel_48(0, 1),
    "modbus_relay": modbus_rtu.pulse_coil(1, 1, 300),
}


@asynccontextmanager
async def running(rig, until):
    await rig.power()
    try:
        await until(lambda: len(of(rig, DoorSensed)) >= 3)
        yield rig
    finally:
        await rig.down()


def of(rig, kind):
    return [event for event in rig.events if isinstance(event, kind)]


def sensed(rig):
    return [(event.sensor, event.channel, event.open) for event in of(rig, DoorSensed)]


def play(rig, until, scene):
    async def whole():
        async with running(rig, until):
            await scene()

    asyncio.run(whole())


@pytest.mark.parametrize("kind", list(OPEN_FRAMES))
def test_a_release_whose_reply_is_lost_is_never_sent_again(kind, tmp_path, until):
    rig = getattr(serial_rigs, kind)(tmp_path, assembled)

    async def scene():
        rig.board.habit = Habit.MUTE
        rig.hardware.release(Coil("a", 1))
        await until(lambda: of(rig, LockFailed))
        await asyncio.sleep(0.3)
        assert [event.code for event in of(rig, LockFailed)] == ["no_reply"]
        assert rig.heard.count(OPEN_FRAMES[kind]) == 1
        assert len(rig.pulses(1)) == 1
        assert of(rig, LockAccepted) == []

    play(rig, until, scene)


def test_every_kind_of_board_that_fails_is_a_fault_and_recovers(tmp_path, until):
    """All kinds at the same time, each on its own line."""
    faults = {Habit.DEAD: {"silent"}, Habit.WRONG_CHECKSUM: {"bad_reply"}, Habit.OTHER_ADDRESS: {"silent", "bad_reply"}}

    async def one(rig):
        for habit, codes in faults.items():
            rig.events.clear()
            rig.board.habit = habit
            await until(lambda: of(rig, DeviceFault))
            rig.board.habit = Habit.FINE
            await until(lambda: of(rig, DeviceRecovered))
            assert {event.code for event in of(rig, DeviceFault)} <= codes

    async def whole():
        async with AsyncExitStack() as stack:
            rigs = []
            for kind in OPEN_FRAMES:
                (tmp_path / kind).mkdir()
                rig = getattr(serial_rigs, kind)(tmp_path / kind, assembled)
                rigs.append(await stack.enter_async_context(running(rig, until)))
            await asyncio.gather(*map(one, rigs))

    asyncio.run(whole())


@pytest.mark.parametrize("kind", list(OPEN_FRAMES))
def test_leading_garbage_harms_nothing(kind, tmp_path, until):
    rig = getattr(serial_rigs, kind)(tmp_path, assembled)

    async def scene():
        rig.board.habit = Habit.LEADING_GARBAGE
        rig.hardware.release(Coil("a", 1))
        await until(lambda: of(rig, LockAccepted))
        rig.door(2, True)
        await until(lambda: sensed(rig)[-1] == ("door", 2, True))
        assert of(rig, DeviceFault) == []

    play(rig, until, scene)


@pytest.mark.parametrize("kind", ["kerong_cu", "modbus_relay"])
def test_door_and_latch_are_told_apart(kind, tmp_path, until):
    rig = getattr(serial_rigs, kind)(tmp_path, assembled, two_sensors=True)

    async def scene():
        await until(lambda: len(sensed(rig)) == 6)
        rig.latch(3, True)
        await until(lambda: len(sensed(rig)) == 7)
        rig.door(3, True)
        await until(lambda: len(sensed(rig)) == 8)
        assert sorted(sensed(rig)[:6]) == [(sensor, each, False) for sensor in ("door", "latch") for each in (1, 2, 3)]
        assert sensed(rig)[6:] == [("latch", 3, True), ("door", 3, True)]

    play(rig, until, scene)


@pytest.mark.parametrize("kind", ["kerong_cu", "kerong_cu_48"])
def test_a_board_that_says_nothing_to_an_open_frame_is_believed_by_its_next_status(kind, tmp_path, until):
    rig = getattr(serial_rigs, kind)(tmp_path, assembled, open_reply="none")

    async def scene():
        rig.hardware.release(Coil("a", 1))
        await until(lambda: of(rig, LockAccepted))
        assert rig.heard.count(OPEN_FRAMES[kind]) == 1
        assert of(rig, LockFailed) == []

    play(rig, until, scene)


def test_a_status_that_was_asked_for_is_not_the_word_of_a_board_that_has_one(tmp_path, until):
    rig = serial_rigs.kerong_cu(tmp_path, assembled)

    async def scene():
        rig.board.open_reply = "none"
        rig.hardware.release(Coil("a", 1))
        await until(lambda: of(rig, LockFailed))
        assert [event.code for event in of(rig, LockFailed)] == ["no_reply"]
        assert of(rig, LockAccepted) == []

    play(rig, until, scene)


def test_the_48_channel_board_in_its_other_layout_is_understood(tmp_path, until):
    rig = serial_rigs.kerong_cu_48(tmp_path, assembled, layout="length")

    async def scene():
        rig.hardware.release(Coil("a", 3))
        rig.door(1, True)
        await until(lambda: of(rig, LockAccepted) and sensed(rig)[-1] == ("door", 1, True))

    play(rig, until, scene)


# Modbus relays


def test_the_line_is_silent_for_three_and_a_half_characters_after_each_answer(tmp_path, until):
    rig = serial_rigs.modbus_relay(tmp_path, assembled)

    async def scene():
        for channel in (1, 2, 3):
            rig.hardware.release(Coil("a", channel))
        await until(lambda: len(of(rig, LockAccepted)) == 3)
        await until(lambda: len(rig.silences_ms) > 15)
        assert min(rig.silences_ms) >= 3.5 * 10_000 / 9600

    play(rig, until, scene)


def test_all_relays_are_switched_off_before_anything_else_and_at_the_end(tmp_path, until):
    rig = serial_rigs.modbus_relay(tmp_path, assembled)

    async def scene():
        assert rig.heard.startswith(ALL_OFF)
        assert rig.heard.count(ALL_OFF) == 1

    play(rig, until, scene)
    assert rig.heard.endswith(ALL_OFF)
    assert rig.coils == []


def test_a_relay_that_a_dead_program_left_on_goes_off_at_a_start_and_stop(tmp_path, until):
    """What `casier-controller all-off` does after a crash, to a look-alike without a timer."""
    rig = serial_rigs.modbus_relay(tmp_path, assembled, timer=False)

    async def scene():
        await rig.hardware.stop()
        for byte in PULSE_2:
            rig.board.byte(byte, time.monotonic() * 1000 + 1000)
        assert rig.coils[-1][:2] == (2, True)
        after_the_crash = assembled({"driver": "modbus_relay", "port": str(rig.path), "channels": 3}, rig.events)
        await after_the_crash.start()
        await after_the_crash.stop()
        assert rig.coils[-1][:2] == (2, False)

    play(rig, until, scene)


def test_an_explicit_off_follows_each_pulse_and_nothing_that_holds_ever_goes_out(tmp_path, until):
    rig = serial_rigs.modbus_relay(tmp_path, assembled)

    async def scene():
        rig.hardware.release(Coil("a", 2))
        await until(lambda: modbus_rtu.coil_off(1, 2) in rig.heard)
        on_ms, off_ms = rig.pulses(2)[0]
        assert 298 <= off_ms - on_ms <= 302  # by the board's own timer, before our off
        assert rig.heard.index(PULSE_2) < rig.heard.index(modbus_rtu.coil_off(1, 2))

    play(rig, until, scene)
    frames = [bytes(rig.heard[at : at + 8]) for at in range(0, len(rig.heard), 8)]
    verdicts = [modbus_rtu.classify(frame) for frame in frames]
    assert [verdict for verdict in verdicts if isinstance(verdict, Energises)] == [Energises(1, 2, 300)]
    assert all(isinstance(verdict, Energises | Harmless) for verdict in verdicts)


def test_a_look_alike_without_a_timer_is_switched_off_when_the_pulse_is_over(tmp_path, until):
    rig = serial_rigs.modbus_relay(tmp_path, assembled, timer=False)

    async def scene():
        rig.hardware.release(Coil("a", 2))
        await until(lambda: rig.pulses(2) and rig.pulses(2)[0][1])
        on_ms, off_ms = rig.pulses(2)[0]
        assert 290 <= off_ms - on_ms <= 300 + 20 + 50 + 60  # an exchange under way, a busy machine
        assert of(rig, DeviceFault) == []

    play(rig, until, scene)


def test_a_look_alike_that_knows_no_off_for_all_gets_one_for_each(tmp_path, until):
    rig = serial_rigs.modbus_relay(tmp_path, assembled, knows_all_off=False)

    async def scene():
        offs = [modbus_rtu.coil_off(1, channel) for channel in (1, 2, 3)]
        await until(lambda: all(off in rig.heard for off in offs))
        assert rig.heard.count(ALL_OFF) == 1
        assert of(rig, DeviceFault) == []

    play(rig, until, scene)


def test_a_relay_that_stays_on_is_a_fault_until_it_is_off(tmp_path, until):
    rig = serial_rigs.modbus_relay(tmp_path, assembled, stuck={2})

    async def scene():
        rig.hardware.release(Coil("a", 2))
        await until(lambda: of(rig, DeviceFault))
        assert of(rig, DeviceFault)[0].code == "stays_on"
        assert "channel 2" in of(rig, DeviceFault)[0].detail
        rig.door(1, True)
        await until(lambda: sensed(rig)[-1] == ("door", 1, True))  # its doors are still watched
        assert of(rig, DeviceRecovered) == []
        rig.board.stuck.clear()
        await until(lambda: of(rig, DeviceRecovered))
        assert rig.pulses(2)[0][1] is not None
        assert len(of(rig, DeviceFault)) == 1

    play(rig, until, scene)


def test_a_busy_relay_board_fires_nothing_and_says_so_at_once(tmp_path, until):
    rig = serial_rigs.modbus_relay(tmp_path, assembled)

    async def scene():
        rig.board.habit = Habit.BUSY
        asked = time.monotonic()
        rig.hardware.release(Coil("a", 1))
        await until(lambda: of(rig, LockFailed))
        assert time.monotonic() - asked < 0.4  # no time-out was waited for
        assert of(rig, LockFailed)[0].code == "bad_reply"
        await until(lambda: of(rig, DeviceFault))
        rig.board.habit = Habit.FINE
        await until(lambda: of(rig, DeviceRecovered))
        await until(partial(_released, rig), within_s=8)
        assert len(rig.pulses(1)) == 1

    play(rig, until, scene)


def _released(rig):
    with suppress(ReleaseForbidden):
        rig.hardware.release(Coil("a", 1))
    return of(rig, LockAccepted)


def test_a_relay_board_without_contacts_is_watched_by_its_coils(tmp_path: Path, until):
    rig = serial_rigs.modbus_relay(tmp_path, assembled, inputs=0)
    rig.hardware = assembled({"driver": "modbus_relay", "port": str(rig.path), "address": 1, "channels": 3}, rig.events)

    async def whole():
        await rig.power()
        try:
            rig.hardware.release(Coil("a", 1))
            await until(lambda: of(rig, LockAccepted))
            rig.board.habit = Habit.DEAD
            await until(lambda: of(rig, DeviceFault))
            assert of(rig, DeviceFault)[0].code == "silent"
            assert of(rig, DoorSensed) == []
        finally:
            await rig.down()

    asyncio.run(whole())
