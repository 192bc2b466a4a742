"""systemd's watchdog is fed by the control loop alone: whatever else hangs it goes on, and a loop that hangs is ended.

`Unit` does here what systemd does with deploy/systemd/casier-controller@.service.
"""

import os
import signal
import socket
import sqlite3
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from controller.journal import NAME
from simulator.fault_kinds import Target
from simulator.faults import FAULTS
from simulator.plans.badge import BadgePlan
from simulator.plans.pn532 import Pn532Plan
from simulator.plans.serial_rfid import Rdm6300Plan
from simulator.plans.xor_board import XorPlan
from simulator.scenario import BankPlan
from tests.integration.controller.conftest import BADGES as NUMBERS
from tests.integration.controller.conftest import CONTROLLER, World, eventually
from tests.integration.controller.test_killed import BADGES, BOARDS, HANGS, Coils

UNIT = Path(__file__).resolve().parents[3] / "deploy/systemd/casier-controller@.service"
PING_EVERY_S, SLACK_S = 1.0, 1.0  # two busy cores; the unit ends it after five


def setting(name: str) -> str:
    """One setting of the unit."""
    (found,) = (line.removeprefix(f"{name}=") for line in UNIT.read_text().splitlines() if line.startswith(f"{name}="))
    return found


class Unit:
    """The notification socket of a service, when it was last fed, and what systemd does when it is fed no more."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        address = world.folder / "notify"
        self._socket.bind(str(address))
        world.environment["NOTIFY_SOCKET"] = str(address)
        self.fed: list[float] = []
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def _listen(self) -> None:
        while data := self._socket.recv(100):
            if data == b"WATCHDOG=1":
                self.fed.append(time.monotonic())

    def close(self) -> None:
        with closing(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)) as last:
            last.sendto(b"", self._socket.getsockname())
        self._thread.join(5)
        self._socket.close()

    def hungriest_s(self, since: float) -> float:
        """The longest time without food since then."""
        times = [since, *(at for at in self.fed if at >= since), time.monotonic()]
        return max(later - earlier for earlier, later in pairwise(times))

    def bites(self) -> None:
        """Waits until nothing was heard for WatchdogSec, then does what the unit says."""
        patience_s = float(setting("WatchdogSec"))
        eventually(lambda: time.monotonic() - self.fed[-1] >= patience_s, patience_s + 2)
        self._world.end(signal.Signals[setting("WatchdogSignal")])
        off = [sys.executable, "-m", "controller", "all-off", "--config", str(self._world.config)]  # ExecStopPost
        subprocess.run(off, env=self._world.environment, check=True, capture_output=True, timeout=20)


@pytest.fixture
def supervised(make_world: Callable[..., World]) -> Iterator[Callable[..., tuple[World, Unit]]]:
    units: list[Unit] = []

    def made(**options: Any) -> tuple[World, Unit]:
        world = make_world(**options)
        units.append(Unit(world))
        return world, units[-1]

    yield made
    for unit in units:
        unit.close()


@contextmanager
def stalled_disk(data: Path) -> Iterator[None]:
    """Somebody else holds the journal's file: every write to it waits."""
    with closing(sqlite3.connect(data / NAME, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


@contextmanager
def mute_broker(port: int) -> Iterator[None]:
    """Takes connections at the broker's place and never says a word."""
    with socket.create_server(("127.0.0.1", port)):
        yield


def test_a_hung_disk_a_hung_broker_and_a_babbling_reader_stop_neither_the_loop_nor_a_holder(
    supervised: Callable[..., tuple[World, Unit]],
) -> None:
    world, unit = supervised()
    world.join(world.gateway.grant("valid", 3))
    world.gateway.stop()
    world.broker.kill()
    with mute_broker(world.broker.port), stalled_disk(world.data):
        since = time.monotonic()
        world.bench.finish(FAULTS["reader_garbage"].switch(world.bench.bank, True, Target()))
        world.bench.tap("stranger")
        world.bench.finish(FAULTS["reader_garbage"].switch(world.bench.bank, False, Target()))
        world.bench.tap("valid")
        assert world.unlocked(1) == [3]
        eventually(lambda: time.monotonic() - since >= 5, 7)
        assert unit.hungriest_s(since) <= PING_EVERY_S + SLACK_S


@contextmanager
def hung(line: Path) -> Iterator[None]:
    """Whatever is on that line takes no byte, and says none."""
    port = os.open(line, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
    try:
        termios.tcflow(port, termios.TCOOFF)
        yield
        termios.tcflow(port, termios.TCOON)
    finally:
        os.close(port)


def test_a_reader_that_hangs_stops_neither_the_loop_nor_a_holder_at_another(
    supervised: Callable[..., tuple[World, Unit]],
) -> None:
    readers = {"entrance": Rdm6300Plan(), "hall": Pn532Plan()}
    badges = tuple(BadgePlan(label, number) for label, number in NUMBERS.items())
    world, unit = supervised(
        plan=BankPlan(CONTROLLER, {"a": XorPlan(channels=24)}, readers=readers, light=None, badges=badges)
    )
    world.join(world.gateway.grant("valid", 3))
    with hung(next(world.folder.rglob("pn532.tty"))):
        since = time.monotonic()
        world.gateway.stored("reader_fault")
        world.bench.tap("valid")
        assert world.unlocked(1) == [3]
        eventually(lambda: time.monotonic() - since >= 5, 7)
        assert unit.hungriest_s(since) <= PING_EVERY_S + SLACK_S
    world.gateway.stored("reader_recovered")


def test_a_hung_loop_is_restarted_and_no_coil_is_on_meanwhile(
    supervised: Callable[..., tuple[World, Unit]],
) -> None:
    world, unit = supervised(boards=BOARDS)
    world.join(*(world.gateway.grant(label, locker) for label, locker in BADGES.items()))
    world.end()
    world.start("-c", HANGS)
    coils = Coils(world)
    eventually(lambda: unit.fed)
    world.bench.tap("valid")
    eventually(lambda: coils.on == 1)
    assert world.process is not None
    world.process.send_signal(signal.SIGUSR1)
    eventually(lambda: coils.on == 0, 1)
    hung = time.monotonic()
    unit.bites()
    assert coils.on == 0
    assert not [at for at in unit.fed if at > hung + SLACK_S], "a hung loop feeds nobody"
    world.start()
    eventually(lambda: unit.fed[-1] > hung + float(setting("WatchdogSec")))
    world.gateway.stored("release_unknown")
    assert coils.releases == 1, "nothing fires again"
