"""A pulse on direct GPIO ends on time whatever becomes of the controller, and nothing late or doubled begins one."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import asynccontextmanager

import pytest

from hw.keeper_link import KeeperLink
from hw.ports import Coil, DeviceFault, DeviceRecovered, LockAccepted, LockFailed

PULSE_MS = 300
SLACK_MS = 60
KEEPER = (sys.executable, "-P", "-m", "hw.pulse_keeper")
LINES = ("gpio", "locks=17,27,22", "on=high")

# A controller's part: starts the board of the rig, releases channel 1, and tells that it did.
CONTROLLER = """
import asyncio, sys, time
from hw import registry
from hw.assembly import CoilUse, HardwareConfig, build
from hw.ports import Coil, LockAccepted

async def main():
    accepted = asyncio.Event()
    table = {"driver": "gpio", "locks": [17, 27, 22]}
    config = HardwareConfig(
        boards={"a": registry.decode("boards", table)}, coils=(CoilUse(Coil("a", 1), "supply", ()),), pulse_ms=1000
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

# A keeper's part on lines that another process can watch: each takes a moment to drop, as many on a bus do.
SLOW_KEEPER = """
import os, sys, time
from hw import pulse_keeper

class Lines:
    def __init__(self):
        self.lit = set()

    def __contains__(self, line):
        return 0 <= line < 13

    def on(self, line):
        self.lit.add(line)

    def off(self, line):
        if not self.lit:
            return
        os.write(2, b"%d\\n" % line)
        time.sleep(float(sys.argv[1]))
        self.lit.discard(line)

    def hold_off(self, busy):
        pass

    def all_off(self):
        for line in range(13):
            self.off(line)

    def inputs(self):
        return None

lines = Lines()
pulse_keeper._lines = lambda arguments: lines
try:
    status = pulse_keeper.main([])
finally:
    os.write(2, b"left on: %d\\n" % len(lines.lit))
"""


def of(rig, kind):
    return [event for event in rig.events if isinstance(event, kind)]


def alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def with_pins(rig, scene):
    async def play():
        await rig.serve()
        try:
            await scene()
        finally:
            await rig.unserve()

    asyncio.run(play())


def with_board(rig, scene):
    async def play():
        await rig.power()
        try:
            await scene()
        finally:
            await rig.down()

    asyncio.run(play())


def ended(rig):
    """When the first pulse of channel 1 ended; None while there is none or it is on."""
    return rig.pulses(1)[0][1] if rig.pulses(1) else None


def start_controller():
    return subprocess.Popen([sys.executable, "-c", CONTROLLER], stdout=subprocess.PIPE, start_new_session=True)


@asynccontextmanager
async def releasing_controller(rig, until):
    """A controller process in the middle of a pulse of one second; and its keeper's process id."""
    process = start_controller()
    try:
        line = await asyncio.to_thread(process.stdout.readline)
        await until(lambda: rig.pulses(1))
        assert ended(rig) is None
        yield process, int(line)
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def test_a_controller_killed_in_mid_pulse_leaves_the_coil_off_at_once(gpio_rig, until):
    async def scene():
        async with releasing_controller(gpio_rig, until) as (process, keeper):
            killed_ms = time.monotonic() * 1000
            process.kill()
            await until(lambda: ended(gpio_rig))
            assert ended(gpio_rig) - killed_ms < 500
            await until(lambda: not alive(keeper))
            assert len(gpio_rig.pulses(1)) == 1

    with_pins(gpio_rig, scene)


def test_a_controller_stopped_in_mid_pulse_leaves_the_coil_on_for_its_pulse_only(gpio_rig, until):
    async def scene():
        async with releasing_controller(gpio_rig, until) as (process, _):
            os.killpg(process.pid, signal.SIGSTOP)
            await until(lambda: ended(gpio_rig))
            assert 1000 - 2 <= ended(gpio_rig) - gpio_rig.pulses(1)[0][0] <= 1000 + SLACK_MS

    with_pins(gpio_rig, scene)


def test_ctrl_c_reaches_the_controller_and_not_its_keeper(gpio_rig, until):
    async def scene():
        async with releasing_controller(gpio_rig, until) as (process, keeper):
            assert os.getsid(keeper) != os.getsid(process.pid)
            os.kill(keeper, signal.SIGINT)
            await until(lambda: ended(gpio_rig))
            assert 1000 - 2 <= ended(gpio_rig) - gpio_rig.pulses(1)[0][0] <= 1000 + SLACK_MS
            assert alive(keeper)

    with_pins(gpio_rig, scene)


def test_a_keeper_that_is_terminated_drops_its_lines(gpio_rig, until):
    async def scene():
        async with releasing_controller(gpio_rig, until) as (_, keeper):
            os.kill(keeper, signal.SIGTERM)
            await until(lambda: ended(gpio_rig))
            assert ended(gpio_rig) - gpio_rig.pulses(1)[0][0] < 900

    with_pins(gpio_rig, scene)


def test_a_keeper_that_is_told_to_end_as_all_of_a_service_are_is_no_fault_of_the_board(gpio_rig, until):
    async def scene():
        board = gpio_rig.hardware.boards["a"]
        before = board.keeper_pid
        os.kill(before, signal.SIGTERM)
        await until(lambda: board.keeper_pid not in (None, before) and board._keeper.is_ready)
        gpio_rig.hardware.release(Coil("a", 1))
        await until(lambda: of(gpio_rig, LockAccepted))
        assert of(gpio_rig, DeviceFault) == []

    with_board(gpio_rig, scene)


def test_a_keeper_that_is_killed_is_a_fault_and_the_next_one_drops_the_coil(gpio_rig, until):
    async def scene():
        gpio_rig.hardware.release(Coil("a", 1))
        await until(lambda: of(gpio_rig, LockAccepted))
        board = gpio_rig.hardware.boards["a"]
        os.kill(board.keeper_pid, signal.SIGKILL)
        await until(lambda: of(gpio_rig, DeviceFault))
        assert of(gpio_rig, DeviceFault)[0].code == "keeper_lost"
        await until(lambda: of(gpio_rig, DeviceRecovered))
        await until(lambda: ended(gpio_rig))
        assert ended(gpio_rig) - gpio_rig.pulses(1)[0][0] < 1000
        gpio_rig.hardware.release(Coil("a", 2))
        await until(lambda: len(of(gpio_rig, LockAccepted)) == 2)
        assert len(gpio_rig.pulses(1)) == 1

    with_board(gpio_rig, scene)


def test_a_keeper_that_hangs_is_replaced_and_what_it_was_asked_is_not_done_late(gpio_rig, until):
    async def scene():
        os.kill(gpio_rig.hardware.boards["a"].keeper_pid, signal.SIGSTOP)
        asked_ms = now_ms()
        gpio_rig.hardware.release(Coil("a", 1))
        await until(lambda: of(gpio_rig, LockFailed))
        assert of(gpio_rig, LockFailed)[0].code == "keeper_lost"
        assert of(gpio_rig, LockFailed)[0].at_ms - asked_ms < 500  # it is not waited for until the pulse is over
        await until(lambda: of(gpio_rig, DeviceRecovered))
        await asyncio.sleep(0.2)
        assert gpio_rig.pulses(1) == []

    with_board(gpio_rig, scene)


@pytest.fixture
def keeper(gpio_rig):
    """A keeper process spoken to over its pipes."""

    class Keeper:
        def __enter__(self):
            self.process = subprocess.Popen([*KEEPER, *LINES], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            assert self.process.stdout.readline() == b"ready\n"
            return self

        def ask(self, request):
            self.process.stdin.write(request.encode() + b"\n")
            self.process.stdin.flush()
            return self.process.stdout.readline().decode().strip()

        def __exit__(self, *_):
            self.process.stdin.close()
            self.process.wait(5)
            self.process.stdout.close()

    return Keeper


def now_ms():
    return time.monotonic_ns() // 1_000_000


def test_the_keeper_refuses_what_is_late_repeated_too_long_or_not_its_line(gpio_rig, keeper, until):
    async def scene():
        def talk():
            with keeper() as asked:
                assert asked.ask(f"pulse 17 300 1 {now_ms() - 201}") == "refused 1 permit_late"
                assert asked.ask(f"pulse 17 300 1 {now_ms() + 1000}") == "refused 1 permit_late"
                assert asked.ask(f"pulse 17 1001 1 {now_ms()}") == "refused 1 pulse_length"
                assert asked.ask(f"pulse 17 0 1 {now_ms()}") == "refused 1 pulse_length"
                assert asked.ask(f"pulse 18 300 1 {now_ms()}") == "refused 1 not_understood"
                assert asked.ask("pulse 17") == "refused 0 not_understood"
                assert asked.ask("nonsense") == "refused 0 not_understood"
                assert gpio_rig.pulses(1) == []
                assert asked.ask(f"pulse 17 300 5 {now_ms()}") == "on 5"
                assert asked.ask(f"pulse 27 300 5 {now_ms()}") == "refused 5 permit_spent"
                assert asked.ask(f"pulse 17 300 6 {now_ms()}") == "refused 6 busy"
                assert asked.ask("all_off") == "off 5"

        await asyncio.to_thread(talk)
        await until(lambda: ended(gpio_rig))  # the pins are another process's: what is answered may reach them later
        ((on_ms, off_ms),) = gpio_rig.pulses(1)
        assert off_ms - on_ms < 300
        assert gpio_rig.pulses(2) == []

    with_pins(gpio_rig, scene)


def start_hanging_keeper():
    command = [sys.executable, "-c", HANGING, *LINES]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)


# A keeper whose pin library hangs once it has turned a line on.
HANGING = """
import sys, time
from hw import pulse_keeper
from hw.kept_lines import GpioLines
on = GpioLines.on
def hang(self, line):
    on(self, line)
    time.sleep(60)
GpioLines.on = hang
pulse_keeper.HARD_CAP_MS = 500
pulse_keeper.main(sys.argv[1:])
"""


def test_a_keeper_that_hangs_with_its_first_line_on_drops_it_at_the_hard_cap(gpio_rig, until):
    async def scene():
        process = start_hanging_keeper()
        try:
            assert await asyncio.to_thread(process.stdout.readline) == b"ready\n"
            process.stdin.write(f"pulse 17 300 1 {now_ms()}\n".encode())
            process.stdin.flush()
            await until(lambda: ended(gpio_rig))
            assert ended(gpio_rig) - gpio_rig.pulses(1)[0][0] <= 500 + SLACK_MS
        finally:
            process.kill()
            process.wait()
            process.stdin.close()
            process.stdout.close()

    with_pins(gpio_rig, scene)


def test_what_a_pin_library_prints_is_no_answer_of_the_keeper():
    heard = []
    link = KeeperLink(
        LINES, on_ready=heard.append, on_answer=lambda *answer: heard.append(answer), on_lost=heard.append
    )
    for line in ("", "on", "on the whole it works", "lgpio: chip 0", "off x7"):
        link._heard(line)
    assert heard == []


def test_a_keeper_without_input_turns_all_off_and_leaves(gpio_rig):
    async def scene():
        done = await asyncio.to_thread(
            subprocess.run, [*KEEPER, *LINES], stdin=subprocess.DEVNULL, capture_output=True, timeout=10
        )
        assert (done.returncode, done.stdout, done.stderr) == (0, b"ready\n", b"")

    with_pins(gpio_rig, scene)


def test_a_keeper_without_pins_says_why(gpio_rig):
    done = subprocess.run(
        [*KEEPER, "gpio", "locks=17", "on=high"], stdin=subprocess.DEVNULL, capture_output=True, timeout=10
    )
    assert done.returncode == 1
    assert done.stdout.startswith(b"fault missing ")
    assert done.stderr == b""


@pytest.mark.parametrize("ends", [(signal.SIGTERM,), (signal.SIGALRM,), (signal.SIGTERM, signal.SIGTERM)])
def test_a_keeper_told_to_end_while_it_drops_all_lines_drops_them_all_the_same(ends):
    ours, theirs = socket.socketpair()
    with (
        ours,
        subprocess.Popen(
            [sys.executable, "-c", SLOW_KEEPER, "0.02"], stdin=theirs, stdout=theirs, stderr=subprocess.PIPE
        ) as keeper,
    ):
        theirs.close()
        assert ours.recv(100).startswith(b"ready")
        ours.send(b"pulse 12 500 1 %d\n" % (time.monotonic_ns() // 1_000_000))
        assert ours.recv(100)
        ours.shutdown(socket.SHUT_RDWR)  # the controller has died
        for end in ends:
            assert keeper.stderr.readline() == b"0\n", (
                "it begins with the first line, and once more after the first end"
            )
            keeper.send_signal(end)
        assert keeper.stderr.read().endswith(b"left on: 0\n")


def test_a_keeper_whose_lines_hang_while_it_drops_them_ends_all_the_same():
    ours, theirs = socket.socketpair()
    with (
        ours,
        subprocess.Popen(
            [sys.executable, "-c", SLOW_KEEPER, "60"], stdin=theirs, stdout=theirs, stderr=subprocess.PIPE
        ) as keeper,
    ):
        theirs.close()
        assert ours.recv(100).startswith(b"ready")
        ours.send(b"pulse 12 500 1 %d\n" % (time.monotonic_ns() // 1_000_000))
        assert ours.recv(100)
        ours.shutdown(socket.SHUT_RDWR)
        assert keeper.stderr.readline() == b"0\n"
        try:
            assert keeper.wait(8) == -signal.SIGALRM
        finally:
            keeper.kill()
