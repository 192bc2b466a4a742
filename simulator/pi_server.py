"""Serves a simulated Pi to other processes over a unix socket: one text line per request, edges pushed to watchers.

Requests: `client ID`, `claim N input|output 0|1` (its first level), `pull N up|down|floating`, `read N`, `write N 0|1`
(the hot path: not answered), `watch N both|rising|falling STABLE_US`, `unwatch N`. Answers: `ok`, `0`, `1`,
`error CODE message`. Pushed: `edge N LEVEL MONOTONIC_NS`.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from simulator.errors import InvalidPlanError, LineError
from simulator.pi import SimulatedPi

LONGEST_SOCKET_PATH = 107  # sun_path of Linux, less its end mark
LONGEST_REQUEST = 256


@dataclass(slots=True, eq=False)
class Watch:
    """One watcher of one line; an edge counts once the level stayed for `stable_us` (as lgpio debounces)."""

    connection: "PinConnection"
    line: int
    edges: str
    stable_us: int
    reported: bool
    timer: asyncio.TimerHandle | None = None

    def level_changed(self, level: bool, at_ns: int) -> None:
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None
        if not self.stable_us:
            self.report(level, at_ns)
        elif level != self.reported:
            loop = asyncio.get_running_loop()
            self.timer = loop.call_later(self.stable_us / 1e6, self.report, level, at_ns + self.stable_us * 1000)

    def report(self, level: bool, at_ns: int) -> None:
        self.reported = level
        if self.edges in ("both", "rising" if level else "falling"):
            self.connection.send(f"edge {self.line} {int(level)} {at_ns}")

    def cancel(self) -> None:
        if self.timer is not None:
            self.timer.cancel()


class PiServer:
    """The socket of one simulated Pi. `on_level` hears every level after the watchers did."""

    def __init__(self, pi: SimulatedPi, path: Path, on_level: Callable[[int, bool, int], None] | None = None) -> None:
        self.pi = pi
        self.path = path
        self.watches: list[Watch] = []
        self._on_level = on_level
        self._connections: set[PinConnection] = set()
        self._server: asyncio.Server | None = None
        pi.on_level = self._level_changed

    async def start(self) -> None:
        """Listen on the socket. Raises InvalidPlanError when Linux could not hold its path."""
        if len(str(self.path).encode()) > LONGEST_SOCKET_PATH:
            raise InvalidPlanError(
                f"the socket path {self.path} is too long for Linux: choose a shorter --state folder"
            )
        self.path.unlink(missing_ok=True)
        self._server = await asyncio.get_running_loop().create_unix_server(lambda: PinConnection(self), str(self.path))

    async def stop(self) -> None:
        """Hang up on every client and remove the socket."""
        if self._server is not None:
            self._server.close()
        self._on_level = None
        self.hang_up()
        self.path.unlink(missing_ok=True)

    def hang_up(self) -> None:
        """Cut every client off, as a power cut does."""
        for connection in tuple(self._connections):
            connection.hang_up()

    def joined(self, connection: "PinConnection") -> None:
        self._connections.add(connection)

    def left(self, connection: "PinConnection") -> None:
        """Forget a connection; the client is gone with its last one."""
        self._connections.discard(connection)
        self.unwatch(connection)
        if all(other.client != connection.client for other in self._connections):
            self.pi.client_gone(connection.client, time.monotonic_ns())

    def unwatch(self, connection: "PinConnection", line: int | None = None) -> None:
        for watch in [w for w in self.watches if w.connection is connection and line in (None, w.line)]:
            watch.cancel()
            self.watches.remove(watch)

    def _level_changed(self, line: int, level: bool, at_ns: int) -> None:
        for watch in self.watches:
            if watch.line == line:
                watch.level_changed(level, at_ns)
        if self._on_level is not None:
            self._on_level(line, level, at_ns)


class PinConnection(asyncio.Protocol):
    """One socket of one client: gpiozero's requests on the first, its watched edges on a second."""

    def __init__(self, server: PiServer) -> None:
        self.client = f"stranger-{id(self):x}"
        self._server = server
        self._pi = server.pi
        self._buffer = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._server.joined(self)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  # asyncio's signature
        self._server.left(self)

    def hang_up(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def send(self, text: str) -> None:
        if self._transport is not None:
            self._transport.write(text.encode() + b"\n")

    def data_received(self, data: bytes) -> None:
        at_ns = time.monotonic_ns()
        *requests, self._buffer = (self._buffer + data).split(b"\n")
        if len(self._buffer) > LONGEST_REQUEST:
            self.hang_up()
            return
        for request in requests:
            try:
                answer = self._answer(request.decode("ascii").split(), at_ns)
            except LineError as error:
                answer = f"error {error.code} {error}"
            except (ValueError, IndexError, UnicodeDecodeError):
                answer = "error malformed this is not a request the simulated Pi knows"
            if answer:
                self.send(answer)

    def _answer(self, words: list[str], at_ns: int) -> str:
        match words:
            case ["write", line, level]:
                self._write(int(line), level == "1", at_ns)
                return ""
            case ["read", line]:
                return str(int(self._pi.read(int(line))))
            case ["claim", line, "input" | "output" as function, level]:
                self._pi.claim(self.client, int(line), function, at_ns, level=level == "1")
            case ["pull", line, "up" | "down" | "floating" as pull]:
                self._pi.pull(self.client, int(line), pull, at_ns)
            case ["watch", line, "both" | "rising" | "falling" as edges, stable_us]:
                self._watch(int(line), edges, int(stable_us))
            case ["unwatch", line]:
                self._server.unwatch(self, int(line))
            case ["client", client]:
                self.client = client
            case _:
                raise ValueError(words)
        return "ok"

    def _write(self, line: int, level: bool, at_ns: int) -> None:
        try:
            self._pi.write(self.client, line, level, at_ns)
        except LineError:
            # Nobody waits for an answer to a write: hanging up is how the client learns that it lost the line.
            self.hang_up()

    def _watch(self, line: int, edges: str, stable_us: int) -> None:
        level = self._pi.read(line)
        self._server.unwatch(self, line)
        self._server.watches.append(Watch(self, line, edges, stable_us, level))
