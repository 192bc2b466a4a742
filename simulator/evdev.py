"""Stands in for the library evdev on a machine without input devices: the same calls, on a bank's simulated devices.

Set CASIER_EVDEV=simulator.evdev and CASIER_SIM_INPUT=<folder of the sockets event0, event1, ...>.
"""

import errno
import json
import os
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from glob import glob
from typing import NamedTuple

from simulator.input_device import ANSWER, EV_KEY, EVENT, GRAB

FOLDER_VARIABLE = "CASIER_SIM_INPUT"
ANSWER_WITHIN_S = 5.0


@dataclass(frozen=True, slots=True)
class InputEvent:
    """One event, as evdev.InputEvent."""

    sec: int
    usec: int
    type: int
    code: int
    value: int


class DeviceInfo(NamedTuple):
    """What a device is, as evdev.DeviceInfo."""

    bustype: int
    vendor: int
    product: int
    version: int


def list_devices() -> list[str]:
    """The paths of the simulated devices that are plugged in."""
    return sorted(glob(f"{folder()}/event*"))


def folder() -> str:
    """Where the simulated bank keeps its input devices."""
    return os.environ.get(FOLDER_VARIABLE, "/nonexistent")


class InputDevice:
    """As evdev.InputDevice: raises OSError where the kernel would."""

    def __init__(self, dev: str) -> None:
        self.path = dev
        if not os.path.exists(dev):
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), dev)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.settimeout(ANSWER_WITHIN_S)
        try:
            self._socket.connect(dev)
            about = json.loads(self._line())
        except OSError as error:
            self._socket.close()
            raise OSError(errno.ENODEV, os.strerror(errno.ENODEV), dev) from error
        self.fd = self._socket.fileno()
        self.info = DeviceInfo(3, about["vendor"], about["product"], 1)
        self.name: str = about["name"]
        self._keys: list[int] = about["keys"]
        self._waiting = b""
        self._socket.setblocking(False)

    def capabilities(self) -> dict[int, list[int]]:
        """The codes that it can send, by event type."""
        return {EV_KEY: self._keys}

    def grab(self) -> None:
        """Keep its events from everybody else. Raises OSError EBUSY if another program has it."""
        self._socket.settimeout(ANSWER_WITHIN_S)
        self._socket.sendall(GRAB)
        try:
            while True:
                event = self._whole(self._received(EVENT.size))
                if event is not None and event.type == ANSWER:
                    break
        finally:
            self._socket.setblocking(False)
        if event.value:
            raise OSError(event.value, os.strerror(event.value), self.path)

    def read(self) -> Iterator[InputEvent]:
        """The events that have arrived. Raises BlockingIOError if there are none, OSError ENODEV if it is gone."""
        event = self._whole(self._received(EVENT.size * 64))
        while event is not None:
            yield event
            event = self._whole(b"")

    def close(self) -> None:
        """Let it go."""
        self._socket.close()

    def _whole(self, data: bytes) -> InputEvent | None:
        self._waiting += data
        if len(self._waiting) < EVENT.size:
            return None
        record, self._waiting = self._waiting[: EVENT.size], self._waiting[EVENT.size :]
        return InputEvent(*EVENT.unpack(record))

    def _line(self) -> bytes:
        line = b""
        while not line.endswith(b"\n"):
            line += self._received(1)
        return line

    def _received(self, most: int) -> bytes:
        data = self._socket.recv(most)
        if not data:
            raise OSError(errno.ENODEV, os.strerror(errno.ENODEV), self.path)
        return data
