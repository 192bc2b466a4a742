"""Fixtures of the hardware tests: a clock set by hand, a serial device on a real pty, a list of what was emitted."""

import asyncio
import os
import time
import tty
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from hw.ports import DeviceEvent


class HandClock:
    """Monotonic milliseconds that move only when told."""

    def __init__(self) -> None:
        self.now_ms = 1_000_000

    def __call__(self) -> int:
        return self.now_ms

    def pass_ms(self, milliseconds: int) -> None:
        self.now_ms += milliseconds


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


class PtyDevice:
    """The device's end of a serial cable on a real pty, under a path that stays when the cable is put back."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.master = -1
        self.heard = bytearray()
        self.answer: Callable[[bytes], bytes] = lambda _data: b""
        self._slave = -1

    def plug(self) -> None:
        self.master, self._slave = os.openpty()
        tty.setraw(self._slave)
        os.set_blocking(self.master, False)
        self.path.unlink(missing_ok=True)
        self.path.symlink_to(os.ttyname(self._slave))
        asyncio.get_running_loop().add_reader(self.master, self._readable)

    def unplug(self) -> None:
        if self.master < 0:
            return
        asyncio.get_running_loop().remove_reader(self.master)
        os.close(self._slave)
        os.close(self.master)
        self.master = -1
        self.path.unlink()

    def send(self, data: bytes) -> None:
        os.write(self.master, data)

    def _readable(self) -> None:
        data = os.read(self.master, 4096)
        self.heard += data
        reply = self.answer(data)
        if reply:
            os.write(self.master, reply)


@pytest.fixture
def device(tmp_path: Path) -> PtyDevice:
    return PtyDevice(tmp_path / "device.tty")


async def wait_until(holds: Callable[[], object], within_s: float = 30.0) -> None:
    """Wait for a condition; fail when its deadline passes."""
    deadline = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < deadline, "the condition never came true"
        await asyncio.sleep(0.002)


@pytest.fixture
def until() -> Callable[..., Awaitable[None]]:
    return wait_until


@pytest.fixture
def mono_ms() -> Callable[[], int]:
    return lambda: time.monotonic_ns() // 1_000_000


@pytest.fixture
def events() -> list[DeviceEvent]:
    return []
