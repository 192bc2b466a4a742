"""A simulated Linux input device on a unix socket: the kernel's 24-byte events, its exclusive grab, and its cable.

A program reaches it through simulator/evdev.py. The first line it gets says what the device is; it sends `G` to grab.
"""

import asyncio
import json
import struct
import time
from pathlib import Path
from typing import cast

EVENT = struct.Struct("llHHi")  # seconds, microseconds, type, code, value; linux/input.h on a 64-bit machine
EV_SYN, EV_KEY = 0, 1
ANSWER = 0xFFFF  # an event of this type is no event: its value answers a request, 0 or an errno
GRAB = b"G"
EBUSY = 16
KEYBOARD_KEYS = [*range(1, 84), 96]

InputEvent = tuple[int, int, int]
"""Type, code and value."""


class InputDevice:
    """The device's end. What no program has grabbed also lands on the console: `console` keeps those key codes."""

    def __init__(self, path: Path, vendor: int, product: int, name: str = "simulated badge reader") -> None:
        self.path = path
        self.console: list[int] = []
        self._about = {"vendor": vendor, "product": product, "name": name, "keys": KEYBOARD_KEYS}
        self._server: asyncio.Server | None = None
        self._clients: set[_Client] = set()

    @property
    def plugged(self) -> bool:
        """Whether it is in."""
        return self._server is not None

    async def plug(self) -> None:
        """Put it in: its path is there when this returns."""
        if self._server is None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self.path.unlink(missing_ok=True)
            loop = asyncio.get_running_loop()
            self._server = await loop.create_unix_server(lambda: _Client(self._about, self._clients), str(self.path))

    def unplug(self) -> None:
        """Pull it out: its path is gone, and who reads it is told so."""
        if self._server is not None:
            self._server.close()
            self._server = None
        self.path.unlink(missing_ok=True)
        for client in tuple(self._clients):
            client.hang_up()

    def send(self, events: list[InputEvent]) -> None:
        """Report events to the program that has grabbed the device, or to all and the console."""
        seconds, microseconds = divmod(time.time_ns() // 1000, 1_000_000)
        data = b"".join(EVENT.pack(seconds, microseconds, *event) for event in events)
        grabbed = [client for client in self._clients if client.has_grabbed]
        for client in grabbed or self._clients:
            client.send(data)
        if not grabbed and self.plugged:
            self.console += [code for kind, code, value in events if kind == EV_KEY and value == 1]


class _Client(asyncio.Protocol):
    """One program that opened the device."""

    def __init__(self, about: dict[str, object], clients: "set[_Client]") -> None:
        self.has_grabbed = False
        self._about = about
        self._clients = clients
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._transport.write(json.dumps(self._about).encode() + b"\n")
        self._clients.add(self)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  # asyncio's signature
        self._clients.discard(self)

    def data_received(self, data: bytes) -> None:
        for _ in range(data.count(GRAB)):
            taken = any(client.has_grabbed for client in self._clients)
            self.has_grabbed = self.has_grabbed or not taken
            self.send(EVENT.pack(0, 0, ANSWER, 0, EBUSY if taken else 0))

    def send(self, data: bytes) -> None:
        if self._transport is not None:
            self._transport.write(data)

    def hang_up(self) -> None:
        if self._transport is not None:
            self._transport.abort()
