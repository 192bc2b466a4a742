"""A serial device on a real pty under a stable path, its bytes paced at the baud rate both ways."""

import asyncio
import os
import select
import tty
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

BITS_A_BYTE = 10  # start, eight data, stop: 1.04 ms at 9600 baud
READ_MOST = 4096
ROOM_TO_SEND = 65_536


class PtyPort:
    """The device's end of a serial cable; programs open `path`, a symlink to the pty's other end.

    `received(byte, at_ms)` hears each byte when its last bit would have arrived (at_ms: monotonic, milliseconds). With
    `baud=None` nothing is paced. What nobody reads is lost when the buffer is full, as on a wire.
    """

    def __init__(self, path: Path, received: Callable[[int, float], None], baud: int | None = 9600) -> None:
        self.path = path
        self.byte_ms = 0.0 if baud is None else BITS_A_BYTE * 1000 / baud
        self._received = received
        self._master = -1
        self._arrivals: select.epoll | None = None
        self._incoming: deque[tuple[float, int]] = deque()
        self._outgoing: deque[tuple[float, int]] = deque(maxlen=ROOM_TO_SEND)
        self._line_in_free_at = 0.0
        self._line_out_free_at = 0.0
        self._timer: asyncio.TimerHandle | None = None

    @property
    def plugged(self) -> bool:
        return self._master >= 0

    def plug(self) -> None:
        """Make a new pty and let `path` lead to it. Needs the running event loop."""
        if not self.plugged:
            self._loop = asyncio.get_running_loop()
            self._connect()

    def unplug(self) -> None:
        """Pull the cable: the program on the other end sees the same error as with a real adapter."""
        if not self.plugged:
            return
        self.path.unlink(missing_ok=True)
        self._disconnect()
        self._incoming.clear()
        self._outgoing.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _connect(self) -> None:
        self._master, slave = os.openpty()
        tty.setraw(slave)
        os.set_blocking(self._master, False)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        fresh = self.path.with_name(f".{self.path.name}.new")
        fresh.unlink(missing_ok=True)
        fresh.symlink_to(os.ttyname(slave))
        fresh.replace(self.path)
        os.close(slave)
        # Edge-triggered, because a master whose other end nobody holds reports its hang-up without end.
        self._arrivals = select.epoll()
        self._arrivals.register(self._master, select.EPOLLIN | select.EPOLLET)
        self._arrivals.poll(0)
        self._loop.add_reader(self._arrivals.fileno(), self._readable)

    def _disconnect(self) -> None:
        master, arrivals = self._master, self._arrivals
        self._master, self._arrivals = -1, None
        self._let_go(master, arrivals)

    def _replace(self) -> None:
        """A fresh pty; the old one goes after it, so that `path` leads somewhere at every moment."""
        master, arrivals = self._master, self._arrivals
        self._connect()
        self._let_go(master, arrivals)

    def _let_go(self, master: int, arrivals: select.epoll | None) -> None:
        if arrivals is not None:
            self._loop.remove_reader(arrivals.fileno())
            arrivals.close()
        os.close(master)

    def send(self, data: bytes, after_ms: float = 0.0) -> None:
        """Put bytes on the line, the first after `after_ms`."""
        if not self.plugged or not data:
            return
        if not self.byte_ms:
            self._write(data)
            return
        at = max(self._now(), self._line_out_free_at) + after_ms
        for byte in data:
            at += self.byte_ms
            self._outgoing.append((at, byte))
        self._line_out_free_at = at
        self._arm()

    def _readable(self) -> None:
        if self._arrivals is None:
            return
        hung_up = any(event & select.EPOLLHUP for _, event in self._arrivals.poll(0))
        with suppress(OSError):  # nothing more to read, or nobody holds the other end
            while data := os.read(self._master, READ_MOST):
                self._heard(data)
        if hung_up:
            # A tty stays exclusive (TIOCEXCL) after the program that asked for it died: the next one gets a fresh pty.
            self._replace()

    def _heard(self, data: bytes) -> None:
        now = self._now()
        if not self.byte_ms:
            for byte in data:
                self._received(byte, now)
            return
        at = max(now, self._line_in_free_at)
        for byte in data:
            at += self.byte_ms
            self._incoming.append((at, byte))
        self._line_in_free_at = at
        self._arm()

    def _arm(self) -> None:
        if self._timer is None:
            due = min(queue[0][0] for queue in (self._incoming, self._outgoing) if queue)
            self._timer = self._loop.call_at(due / 1000, self._tick)

    def _tick(self) -> None:
        """Deliver every byte whose time has come; the times are absolute, so lateness does not add up."""
        self._timer = None
        now = self._now()
        while self._incoming and self._incoming[0][0] <= now:
            at, byte = self._incoming.popleft()
            self._received(byte, at)
        arrived = bytearray()
        while self._outgoing and self._outgoing[0][0] <= now:
            arrived.append(self._outgoing.popleft()[1])
        if arrived:
            self._write(arrived)
        if self.plugged and (self._incoming or self._outgoing):
            self._arm()

    def _write(self, data: bytes | bytearray) -> None:
        with suppress(BlockingIOError):
            os.write(self._master, data)

    def _now(self) -> float:
        return self._loop.time() * 1000
