"""No lock moves when a program starts or ends, on either pin library: shown on every level that the lines ever had."""

import asyncio
import subprocess
import sys
import time

import pytest

from simulator.pi import SimulatedPi
from simulator.pi_server import PiServer
from tests.contract.hw.pin_libraries import LoopThread, pin_library

LOCKS = (17, 27, 22)
LIBRARIES = ("lgpio", "rpi_gpio")
KEEPER = (sys.executable, "-P", "-m", "hw.pulse_keeper", "gpio", "locks=17,27,22")


class RecordedPi:
    """A Pi whose lock lines are held off by resistors, with all their levels recorded."""

    def __init__(self, folder, active_high):
        self.pi = SimulatedPi()
        self.words = (*KEEPER, f"on={'high' if active_high else 'low'}")
        for line in LOCKS:
            self.pi.fit(line, "down" if active_high else "up")
        self._thread = LoopThread()
        self._server = PiServer(self.pi, folder / "pins.sock")
        self._thread.run(self._server.start())

    def states(self, line=17):
        return [each.level for each in self.pi.transitions if each.line == line]

    def run(self, *command, feed=b""):
        return subprocess.run(command, input=feed, capture_output=True, timeout=20, check=False)

    def close(self):
        self._thread.run(self._server.stop())
        self._thread.close()


@pytest.fixture(params=[(name, high) for name in LIBRARIES for high in (True, False)], ids=str)
def recorded(request, tmp_path, monkeypatch):
    library, active_high = request.param
    monkeypatch.setenv("CASIER_SIM_PINS", str(tmp_path / "pins.sock"))
    with pin_library(library, monkeypatch):
        made = RecordedPi(tmp_path, active_high)
        yield made, library, active_high
        made.close()


def test_no_lock_line_moves_while_the_keeper_starts_and_ends(recorded):
    pi, _, _ = recorded
    done = pi.run(*pi.words)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"ready\n", b"")
    assert [each for each in pi.pi.transitions if each.line in LOCKS] == []
    assert {pi.pi.lines[line].function for line in LOCKS} == {"output"}  # claimed, and left driven off


def test_a_pulse_is_one_change_to_on_and_one_back(recorded):
    pi, _, active_high = recorded

    async def scene():
        keeper = await asyncio.create_subprocess_exec(*pi.words, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert await keeper.stdout.readline() == b"ready\n"
        now_ms = time.monotonic_ns() // 1_000_000
        keeper.stdin.write(f"pulse 17 100 1 {now_ms}\n".encode())
        assert [await keeper.stdout.readline() for _ in range(2)] == [b"on 1\n", b"off 1\n"]
        keeper.stdin.close()
        await keeper.wait()

    asyncio.run(scene())
    assert pi.states() == [active_high, not active_high]
    assert pi.states(27) == pi.states(22) == []


def test_a_coil_left_on_by_a_crash_is_dropped_by_the_next_start_and_no_other_moves(recorded):
    pi, _, active_high = recorded
    pi.pi.claim("crashed", 17, "output", 0, level=active_high)
    pi.pi.client_gone("crashed", 0)
    pi.pi.transitions.clear()
    assert pi.run(*pi.words).returncode == 0
    assert pi.states() == [not active_high]
    assert pi.states(27) == pi.states(22) == []


def test_the_recording_shows_the_pulse_that_gpiozero_itself_gives_on_lgpio(tmp_path, monkeypatch):
    """The trap is real: were lines claimed as gpiozero does it, these tests would see it."""
    monkeypatch.setenv("CASIER_SIM_PINS", str(tmp_path / "pins.sock"))
    with pin_library("lgpio", monkeypatch):
        pi = RecordedPi(tmp_path, active_high=False)
        try:
            program = "import gpiozero; gpiozero.OutputDevice(17, active_high=False, initial_value=False)"
            assert pi.run(sys.executable, "-c", program).returncode == 0
            assert pi.states() == [False, True]
        finally:
            pi.close()
