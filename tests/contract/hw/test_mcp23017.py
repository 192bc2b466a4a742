"""What is an MCP23017's own: two contacts and a light for each locker, and coils off that the chip would hold on."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time

from hw.ports import Coil, DeviceFault, DeviceRecovered, DoorSensed, LockAccepted, LockFailed
from simulator.i2c import TIMES_OUT_S, ChipHabit
from tests.contract.hw.pin_libraries import ChipBench

PULSE_MS = 300
GPIO, OLAT = 0x12, 0x14


def of(rig, kind):
    return [event for event in rig.events if isinstance(event, kind)]


def sensed(rig):
    return [(event.channel, event.sensor, event.open) for event in of(rig, DoorSensed)]


def on_stage(rig, until, scene):
    async def play():
        await rig.power()
        try:
            await until(lambda: len(sensed(rig)) >= 6)
            await scene()
        finally:
            await rig.down()

    asyncio.run(play())


def lit(rig):
    return [channel for channel, pin in enumerate(rig.bench.LIGHTS, 1) if rig.bench.chip.level(pin)]


def test_latch_and_door_are_told_apart(mcp23017_rig, until):
    rig = mcp23017_rig

    async def scene():
        assert sorted(sensed(rig)) == sorted(
            (channel, sensor, False) for channel in (1, 2, 3) for sensor in ("door", "latch")
        )
        rig.latch(2, True)
        await until(lambda: sensed(rig)[6:] == [(2, "latch", True)])
        rig.door(2, True)
        await until(lambda: sensed(rig)[7:] == [(2, "door", True)])
        rig.latch(2, False)
        rig.door(2, False)
        await until(lambda: sorted(sensed(rig)[8:]) == [(2, "door", False), (2, "latch", False)])

    on_stage(rig, until, scene)


def test_a_light_shines_at_its_locker_and_again_after_the_keeper_was_lost(mcp23017_rig, until):
    rig = mcp23017_rig

    async def scene():
        board = rig.hardware.boards["a"]
        board.light(2, True)
        board.light(3, True)
        board.light(9, True)
        await until(lambda: lit(rig) == [2, 3])
        board.light(3, False)
        await until(lambda: lit(rig) == [2])
        os.kill(board.keeper_pid, signal.SIGKILL)
        await until(lambda: of(rig, DeviceRecovered))
        await until(lambda: lit(rig) == [2])
        await rig.hardware.stop()
        assert lit(rig) == []
        assert [rig.pulses(channel) for channel in (1, 2, 3)] == [[], [], []]

    on_stage(rig, until, scene)


def test_a_light_that_changes_in_mid_pulse_leaves_the_pulse_as_it_is(mcp23017_rig, until):
    rig = mcp23017_rig

    async def scene():
        rig.hardware.release(Coil("a", 1))
        await until(lambda: rig.pulses(1))
        rig.hardware.boards["a"].light(1, True)
        await until(lambda: lit(rig) == [1])
        await until(lambda: rig.pulses(1)[0][1])
        ((on_ms, off_ms),) = rig.pulses(1)
        assert PULSE_MS - 10 <= off_ms - on_ms <= PULSE_MS + 60
        assert lit(rig) == [1]

    on_stage(rig, until, scene)


def test_a_bus_that_hangs_in_mid_pulse_is_cut_short_by_the_reset_line(mcp23017_rig, until):
    rig = mcp23017_rig

    async def scene():
        rig.hardware.release(Coil("a", 1))
        await until(lambda: rig.pulses(1))
        rig.bench.chip.habit = ChipHabit.HANGS
        await until(lambda: rig.pulses(1)[0][1])
        assert rig.pulses(1)[0][1] - rig.pulses(1)[0][0] <= PULSE_MS + 1000 * TIMES_OUT_S + 60
        await until(lambda: of(rig, DeviceFault))
        rig.bench.chip.habit = ChipHabit.FINE
        await until(lambda: of(rig, DeviceRecovered), within_s=10)
        assert len(rig.pulses(1)) == 1

    on_stage(rig, until, scene)


def test_an_energising_write_that_fails_is_not_repeated(mcp23017_rig, until):
    rig = mcp23017_rig

    async def scene():
        energising = rig.bench.energising
        rig.hardware.release(Coil("a", 1))
        await until(lambda: of(rig, LockFailed))
        await until(lambda: of(rig, DeviceRecovered), within_s=10)
        assert len(energising) == 1
        assert of(rig, LockFailed)[0].code == "keeper_lost"

    refused_once(rig.bench)
    on_stage(rig, until, scene)


def refused_once(bench):
    """The chip hears one energising write and does not acknowledge it."""
    bench.energising = []
    transfer = bench.chip.write

    def write(register, data, at_ns):
        if register == OLAT and any(data[0] >> pin & 1 for pin in bench.LOCKS):
            bench.energising.append(data)
            raise ValueError("not acknowledged")
        transfer(register, data, at_ns)

    bench.chip.write = write


def test_a_chip_that_lost_its_settings_is_a_fault_and_is_set_up_again(mcp23017_rig, until):
    rig = mcp23017_rig

    async def scene():
        rig.hardware.release(Coil("a", 1))
        await until(lambda: rig.pulses(1) and rig.pulses(1)[0][1])
        rig.bench.chip.power_cycle(time.monotonic_ns())
        await until(lambda: of(rig, DeviceFault))
        assert (of(rig, DeviceFault)[0].code, "supply" in of(rig, DeviceFault)[0].detail) == ("failed", True)
        await until(lambda: of(rig, DeviceRecovered))
        rig.hardware.release(Coil("a", 2))
        await until(lambda: rig.pulses(2))
        assert len(rig.pulses(1)) == 1

    on_stage(rig, until, scene)


def test_a_coil_that_a_crashed_host_left_on_is_dropped_at_start_and_no_other_moves(mcp23017_rig, until):
    rig = mcp23017_rig
    rig.bench.chip.write(0x00, b"\xf8\xff", 0)
    rig.bench.chip.write(OLAT, b"\x02\x00", 0)
    assert rig.bench.chip.level(1)

    async def scene():
        assert [rig.bench.chip.level(pin) for pin in rig.bench.LOCKS] == [False, False, False]
        assert [each for each in rig.bench.chip.transitions if each.level and each.line in rig.bench.LOCKS] == []

    rig.bench.chip.transitions.clear()
    on_stage(rig, until, scene)


def test_a_second_program_is_refused_the_chip_and_moves_nothing(mcp23017_rig, until):
    rig = mcp23017_rig

    async def scene():
        words = ["mcp23017", f"bus={rig.bench.path}", f"address={rig.bench.ADDRESS}", "locks=0,1,2", "on=high"]
        rig.hardware.release(Coil("a", 1))
        await until(lambda: rig.pulses(1))
        second = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-m", "hw.pulse_keeper"), *words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE
        )
        said, _ = await second.communicate()
        assert said.startswith(b"fault in_use ")
        assert second.returncode == 1
        assert PULSE_MS - 10 <= rig.pulses(1)[0][1] - rig.pulses(1)[0][0] <= PULSE_MS + 60

    on_stage(rig, until, scene)


# A controller's part, killed together with its keeper in the middle of a pulse.
CONTROLLER = """
import asyncio, json, sys, time
from hw import registry
from hw.assembly import CoilUse, HardwareConfig, build
from hw.ports import Coil, LockAccepted

async def main():
    accepted = asyncio.Event()
    config = HardwareConfig(
        boards={"a": registry.decode("boards", json.loads(sys.argv[1]))},
        coils=(CoilUse(Coil("a", 1), "supply", ()),), pulse_ms=1000,
    )
    emit = lambda event: accepted.set() if isinstance(event, LockAccepted) else None
    hardware = build(config, emit, lambda: time.monotonic_ns() // 1_000_000)
    await hardware.start()
    hardware.release(Coil("a", 1))
    await accepted.wait()
    print(hardware.boards["a"].keeper_pid, flush=True)
    await asyncio.sleep(60)

asyncio.run(main())
"""


def killed_in_mid_pulse(bench, until, kill):
    """When the coil was energised, when it was dropped, after `kill(controller's pid, keeper's pid)`."""

    async def scene(process):
        try:
            keeper = int(await asyncio.to_thread(process.stdout.readline))
            await until(lambda: bench.pulses.get(0))
            kill(process.pid, keeper)
            await until(lambda: bench.pulses[0][0][1], within_s=10)
        finally:
            process.kill()
            process.wait()
            process.stdout.close()
        return bench.pulses[0][0]

    bench.serve()
    try:
        command = [sys.executable, "-c", CONTROLLER, json.dumps(bench.table)]
        return asyncio.run(scene(subprocess.Popen(command, stdout=subprocess.PIPE, start_new_session=True)))
    finally:
        bench.unserve()


def test_a_controller_killed_in_mid_pulse_leaves_the_coil_off(tmp_path, simulated_libraries, until):
    on_ms, off_ms = killed_in_mid_pulse(ChipBench(tmp_path), until, lambda pid, _: os.kill(pid, signal.SIGKILL))
    assert off_ms - on_ms < 900


def test_a_controller_stopped_in_mid_pulse_leaves_the_coil_on_for_its_pulse_only(tmp_path, simulated_libraries, until):
    on_ms, off_ms = killed_in_mid_pulse(ChipBench(tmp_path), until, lambda pid, _: os.kill(pid, signal.SIGSTOP))
    assert 998 <= off_ms - on_ms <= 1060


def test_a_bus_that_hangs_while_the_controller_is_stopped_is_cut_short_within_one_transfer(
    tmp_path, simulated_libraries, until
):
    bench = ChipBench(tmp_path)

    def kill(pid, _):
        os.kill(pid, signal.SIGSTOP)
        bench.chip.habit = ChipHabit.HANGS

    on_ms, off_ms = killed_in_mid_pulse(bench, until, kill)
    assert off_ms - on_ms <= 1000 + 1000 * TIMES_OUT_S + 60


def test_with_controller_and_keeper_killed_at_once_the_reset_line_drops_the_coil(tmp_path, simulated_libraries, until):
    """With strict_gpiod the kernel lets go of a dead program's pins, and RESET is pulled down."""
    bench = ChipBench(tmp_path, strict_gpiod=True)

    def kill(pid, keeper):
        os.kill(keeper, signal.SIGKILL)
        os.kill(pid, signal.SIGKILL)

    on_ms, off_ms = killed_in_mid_pulse(bench, until, kill)
    assert off_ms - on_ms < 900


def test_a_release_is_accepted_when_the_chip_has_been_told(mcp23017_rig, until):
    rig = mcp23017_rig

    async def scene():
        rig.hardware.release(Coil("a", 3))
        await until(lambda: of(rig, LockAccepted))
        assert rig.pulses(3)

    on_stage(rig, until, scene)


def test_contacts_that_one_look_alone_sees_open_are_not_told(mcp23017_rig, until):
    rig = mcp23017_rig

    async def scene():
        disturbed_once(rig.bench.chip)
        rig.hardware.release(Coil("a", 1))  # its coil disturbs the bus
        await until(lambda: rig.bench.chip.disturbed)
        await asyncio.sleep(0.25)
        assert sensed(rig)[6:] == []

    on_stage(rig, until, scene)


def disturbed_once(chip):
    """The next look at the pins finds every contact open: a bounce, or noise on a bus that has no checksum."""
    chip.disturbed = False
    read = chip.read

    def disturbed(register, count):
        levels = read(register, count)
        if register != GPIO or chip.disturbed:
            return levels
        chip.disturbed = True
        return bytes((levels[0], 0xFF))

    chip.read = disturbed
