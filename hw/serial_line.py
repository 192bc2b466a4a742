"""One serial port: open it for ourselves alone, read it from the loop, open it again with back-off when it goes away.

It knows no protocol: bytes go to `on_bytes`; `on_up` and `on_down(code, detail)` tell each change of its state.
"""

from __future__ import annotations

import asyncio
import errno
import fcntl
import os
import select
import termios
from collections.abc import Callable
from contextlib import suppress
from threading import Thread
from typing import TYPE_CHECKING

from hw.backoff import Backoff
from hw.errors import LineClosed

if TYPE_CHECKING:
    from serial import Serial

READ_SIZE = 4096
# A port that opens and fails at once must not count as working, or its back-off would never grow.
STEADY_S = 2.0
# A port is closed at once, or only after the kernel has waited for its bytes to leave: up to 30 s with a stuck adapter.
CLOSED_WITHIN_S = 0.05
_CODES = {
    errno.ENOENT: "missing",
    errno.ENODEV: "missing",
    errno.ENXIO: "missing",
    errno.EACCES: "permission",
    errno.EPERM: "permission",
    errno.EBUSY: "in_use",
    errno.EAGAIN: "in_use",
}
_ADVICE = {
    "missing": "plug it in, or correct the path",
    "permission": "add the service's user to the group of the port (dialout)",
    "in_use": "another program has it open; stop that one",
    "failed": "look at the cable and the adapter",
    "unplugged": "look at the cable and the adapter",
}


class SerialLine:
    """A port at 8N1. The handlers are called in the loop's thread; `start` and `stop` may be called again."""

    def __init__(
        self,
        path: str,
        baud: int,
        *,
        on_bytes: Callable[[bytes], None],
        on_up: Callable[[], None],
        on_down: Callable[[str, str], None],
    ) -> None:
        self.path = path
        self._baud = baud
        self._on_bytes = on_bytes
        self._on_up = on_up
        self._on_down = on_down
        self._backoff = Backoff()
        self._port: Serial | None = None
        self._closing: Thread | None = None
        self._told_code: str | None = None
        self._retry: asyncio.TimerHandle | None = None
        self._steady: asyncio.TimerHandle | None = None

    @property
    def is_open(self) -> bool:
        """Whether bytes can be written now."""
        return self._port is not None

    def start(self) -> None:
        """Open the port, now or as soon as it is there. Must be called in the loop; raises nothing."""
        self._loop = asyncio.get_running_loop()
        self._open()

    def stop(self) -> None:
        """Close the port and try no more. The handlers are not called."""
        if self._retry is not None:
            self._retry.cancel()
            self._retry = None
        self._close()

    def write(self, data: bytes) -> None:
        """Hand the bytes to the port at once. Raises LineClosed if it is not open, fails or does not take them all."""
        if self._port is None:
            raise LineClosed(f"{self.path} is not open")
        try:
            written = os.write(self._port.fileno(), data)
        except OSError as error:
            self._fail(error)
            raise LineClosed(f"{self.path} failed: {error.strerror}") from error
        if written != len(data):
            self.discard_output()
            raise LineClosed(f"{self.path} took {written} of {len(data)} bytes: nothing drains it")

    def discard_output(self) -> None:
        """Throw away what has not left yet, so that no frame goes out long after it was meant."""
        if self._port is not None:
            try:
                termios.tcflush(self._port.fileno(), termios.TCOFLUSH)
            except termios.error as error:
                self._fail(OSError(*error.args))

    def _open(self) -> None:
        self._retry = None
        if self._closing is not None and self._closing.is_alive():  # to open it would wait as long
            if self._told_code is None:
                self._report("failed", OSError(errno.EBUSY, "it takes no bytes and is still being closed"))
            self._retry = self._loop.call_later(self._backoff.wait_s(), self._open)
            return
        try:
            self._port = _open_alone(self.path, self._baud)
        except OSError as error:  # SerialException is one
            self._report(_CODES.get(error.errno or 0, "failed"), error)
            self._retry = self._loop.call_later(self._backoff.wait_s(), self._open)
            return
        self._told_code = None
        self._steady = self._loop.call_later(STEADY_S, self._backoff.reset)
        self._loop.add_reader(self._port.fileno(), self._readable)
        self._on_up()

    def _readable(self) -> None:
        assert self._port is not None
        try:
            data = os.read(self._port.fileno(), READ_SIZE)
        except BlockingIOError:
            return
        except OSError as error:
            self._fail(error)
            return
        if data:
            self._on_bytes(data)
        elif _hung_up(self._port.fileno()):
            self._fail(OSError(errno.EIO, "end of file"))

    def _fail(self, error: OSError) -> None:
        if self._port is None:
            return
        self._close()
        self._retry = self._loop.call_later(self._backoff.wait_s(), self._open)
        self._report("unplugged", error)

    def _close(self) -> None:
        if self._steady is not None:
            self._steady.cancel()
            self._steady = None
        if self._port is None:
            return
        port, self._port = self._port, None
        self._loop.remove_reader(port.fileno())
        with suppress(OSError, termios.error):  # the device may be gone, and its exclusive mode with it
            termios.tcflush(port.fileno(), termios.TCOFLUSH)
            fcntl.ioctl(port.fileno(), termios.TIOCNXCL)
        # In a thread, since the drivers of USB adapters throw nothing away: the loop has doors to open meanwhile.
        self._closing = Thread(target=port.close, daemon=True)
        self._closing.start()
        self._closing.join(CLOSED_WITHIN_S)

    def _report(self, code: str, error: OSError) -> None:
        if code != self._told_code:
            self._told_code = code
            self._on_down(code, f"{self.path}: {error.strerror or error}; {_ADVICE[code]}")


def _hung_up(fd: int) -> bool:
    """Whether an empty read was the port's end: still readable, or hung up. An idle raw tty reads empty too."""
    poll = select.poll()
    poll.register(fd, select.POLLIN)
    return bool(poll.poll(0))


def _open_alone(path: str, baud: int) -> Serial:
    from serial import Serial  # loaded only where a serial device is configured

    port = None
    try:
        port = Serial(path, baud, timeout=0, exclusive=True)  # exclusive: flock, which root obeys too
        fcntl.ioctl(port.fileno(), termios.TIOCEXCL)
        port.reset_input_buffer()
    except (OSError, termios.error) as error:
        if port is not None:
            port.close()
        raise OSError(*error.args) from error
    return port
