"""What every lock board does, whatever it is made of: one suite over every driver on its simulated hardware."""

import asyncio
import time
from contextlib import suppress

import pytest

from hw.errors import ReleaseForbidden
from hw.ports import Coil, DeviceFault, DeviceRecovered, DoorSensed, LockAccepted, LockFailed
from tests.contract.hw.lateness import Lateness

BOARD = "a"
PULSE_MS = 300
SLACK_MS = 60  # two cores are shared with other tests
EARLY_MS = 10  # what the order to energise may take on its way; the pulse is counted from the order


def on_stage(scene):
    """Run a scene with the rig up, and take it down whatever happens."""

    def test(rig, until):
        async def play():
            await rig.power()
            try:
                await until(lambda: len(doors(rig)) >= 3)
                await scene(rig, until)
            finally:
                await rig.down()

        asyncio.run(play())

    test.__doc__ = scene.__doc__
    return test


def doors(rig):
    return [(event.channel, event.open) for event in rig.events if isinstance(event, DoorSensed)]


def of(rig, kind):
    return [event for event in rig.events if isinstance(event, kind)]


@on_stage
async def test_every_door_is_reported_once_at_start_and_no_coil_moves(rig, until):
    await asyncio.sleep(0.5)
    assert sorted(doors(rig)) == [(1, False), (2, False), (3, False)]
    assert [rig.pulses(channel) for channel in (1, 2, 3)] == [[], [], []]
    assert len(rig.events) == 3


@on_stage
async def test_a_release_energises_its_own_coil_once_for_its_pulse(rig, until):
    rig.hardware.release(Coil(BOARD, 2))
    await until(lambda: of(rig, LockAccepted))
    await until(lambda: rig.pulses(2) and rig.pulses(2)[-1][1])
    await asyncio.sleep(0.7)
    ((on_ms, off_ms),) = rig.pulses(2)
    assert PULSE_MS - EARLY_MS <= off_ms - on_ms <= PULSE_MS + SLACK_MS
    assert rig.pulses(1) == rig.pulses(3) == []
    assert [(event.board, event.channel) for event in of(rig, LockAccepted)] == [(BOARD, 2)]
    assert of(rig, LockFailed) == []


@on_stage
async def test_a_release_reaches_the_coil_at_once(rig, until):
    rig.hardware.release(Coil(BOARD, 1))
    asked_ms = time.monotonic() * 1000
    await until(lambda: rig.pulses(1))
    assert rig.pulses(1)[0][0] - asked_ms < 100  # one exchange under way at 9600 baud, and the frame itself


@on_stage
async def test_a_door_that_opens_and_closes_is_reported_within_250_ms(rig, until):
    lateness = Lateness()
    for is_open in (True, False):
        rig.door(3, is_open)
        asked, late_s = time.monotonic(), lateness.total_s
        await until(lambda is_open=is_open: doors(rig)[-1] == (3, is_open))
        assert time.monotonic() - asked - (lateness.total_s - late_s) < 0.25 + SLACK_MS / 1000
    lateness.stop()
    assert len(doors(rig)) == 5


@on_stage
async def test_a_contact_that_bounces_is_one_change(rig, until):
    for is_open in (True, False, True, False, True):
        rig.door(1, is_open)
        await asyncio.sleep(0.001)
    await until(lambda: len(doors(rig)) == 4)
    await asyncio.sleep(0.4)
    assert doors(rig)[3:] == [(1, True)]


@on_stage
async def test_a_spent_permit_energises_nothing(rig, until):
    board = rig.hardware.boards[BOARD]
    permit = rig.hardware.guard.permit(Coil(BOARD, 1), board.pulse_ms)
    board.release(1, permit)
    await until(lambda: of(rig, LockAccepted))
    board.release(1, permit)
    board.release(2, permit)
    await until(lambda: len(of(rig, LockFailed)) == 2)
    await asyncio.sleep(0.4)
    assert {event.code for event in of(rig, LockFailed)} == {"refused_by_guard"}
    assert len(rig.pulses(1)) == 1
    assert rig.pulses(2) == []


@on_stage
async def test_a_coil_rests_before_its_next_release(rig, until):
    rig.hardware.release(Coil(BOARD, 1))
    await until(lambda: of(rig, LockAccepted))
    with pytest.raises(ReleaseForbidden, match="rest"):
        rig.hardware.release(Coil(BOARD, 1))
    with pytest.raises(ReleaseForbidden, match="no locker"):
        rig.hardware.release(Coil(BOARD, 9))


@on_stage
async def test_hardware_that_breaks_off_is_a_fault_and_comes_back_by_itself(rig, until):
    rig.break_off()
    await until(lambda: of(rig, DeviceFault))
    fault = of(rig, DeviceFault)[0]
    assert (fault.device, fault.kind) == (BOARD, "board")
    assert fault.detail
    rig.mend()
    await until(lambda: of(rig, DeviceRecovered), within_s=15)
    await until(lambda: _release_goes_through(rig), within_s=15)


def _release_goes_through(rig):
    """Whether a release was accepted; asks for one whenever the guard allows it."""
    with suppress(ReleaseForbidden):
        rig.hardware.release(Coil(BOARD, 1))
    return of(rig, LockAccepted)


@on_stage
async def test_a_release_with_the_hardware_gone_fails_at_once_and_is_never_made_up_for(rig, until):
    rig.break_off()
    await until(lambda: of(rig, DeviceFault))
    await asyncio.sleep(0.1)
    rig.hardware.release(Coil(BOARD, 1))
    await until(lambda: of(rig, LockFailed))
    rig.mend()
    await until(lambda: of(rig, DeviceRecovered), within_s=15)
    await asyncio.sleep(0.3)
    assert rig.pulses(1) == []


@on_stage
async def test_stopping_leaves_every_coil_off(rig, until):
    rig.hardware.release(Coil(BOARD, 1))
    await until(lambda: rig.pulses(1))
    await rig.hardware.stop()
    await until(lambda: rig.pulses(1)[0][1] is not None, within_s=1)
    on_ms, off_ms = rig.pulses(1)[0]
    assert off_ms - on_ms <= PULSE_MS + SLACK_MS


def test_missing_hardware_at_start_is_a_fault_and_no_crash(rig, until):
    async def scene():
        await rig.hardware.start()
        await until(lambda: of(rig, DeviceFault))
        rig.hardware.release(Coil(BOARD, 1))
        await rig.hardware.stop()
        assert [event.code for event in of(rig, LockFailed)] == ["closed"]
        assert of(rig, DeviceFault)[0].code == "missing"

    asyncio.run(scene())
