"""One Linux input device: grab it for ourselves alone, read its keys from the loop, open it again when it goes away."""

from __future__ import annotations

import asyncio
import errno
import os
from collections.abc import Callable
from contextlib import suppress
from importlib import import_module
from typing import Any

from hw.backoff import Backoff

# A simulated bank names its stand-in for the library here.
MODULE_VARIABLE = "CASIER_EVDEV"
EV_SYN, EV_KEY, SYN_DROPPED = 0, 1, 3  # linux/input-event-codes.h
KEY_1, KEY_ENTER = 2, 28
PRESSED = 1  # 0 is a release, 2 a repetition
_CODES = {
    errno.ENOENT: "missing",
    errno.ENODEV: "missing",
    errno.ENXIO: "missing",
    errno.EACCES: "permission",
    errno.EPERM: "permission",
    errno.EBUSY: "in_use",
}
_ADVICE = {
    "missing": "plug it in, or correct device",
    "permission": "add the service's user to the group input",
    "in_use": "another program has grabbed it; stop that one",
    "failed": "look at the reader and its cable",
    "unplugged": "look at the reader and its cable",
}


class InputDevice:
    """The device at a path, or the one of a `vendor:product` (four hex digits each). `start` may be called again.

    In the loop's thread: `on_key(code)` for each key pressed, `on_lost()` when the kernel dropped some, `on_up()` and
    `on_down(code, detail)` for each change of its state.
    """

    def __init__(
        self,
        device: str,
        *,
        on_key: Callable[[int], None],
        on_lost: Callable[[], None],
        on_up: Callable[[], None],
        on_down: Callable[[str, str], None],
    ) -> None:
        self._name = device
        self._on_key = on_key
        self._on_lost = on_lost
        self._on_up = on_up
        self._on_down = on_down
        self._backoff = Backoff()
        self._device: Any = None
        self._told_code: str | None = None
        self._retry: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Open and grab it, now or as soon as it is there. Must be called in the loop; raises nothing."""
        self._retry = None
        self._loop = asyncio.get_running_loop()
        try:
            self._device = _grabbed(self._name)
        except OSError as error:
            self._failed(_CODES.get(error.errno or 0, "failed"), error)
            return
        self._told_code = None
        self._loop.add_reader(self._device.fd, self._readable)
        self._on_up()

    def stop(self) -> None:
        """Let it go and try no more. The handlers are not called."""
        if self._retry is not None:
            self._retry.cancel()
            self._retry = None
        if self._device is not None:
            device, self._device = self._device, None
            self._loop.remove_reader(device.fd)
            with suppress(OSError):  # it may be gone already
                device.close()

    def _readable(self) -> None:
        try:
            for event in self._device.read():
                if event.type == EV_KEY and event.value == PRESSED:
                    self._backoff.reset()
                    self._on_key(event.code)
                elif event.type == EV_SYN and event.code == SYN_DROPPED:
                    self._on_lost()
        except BlockingIOError:
            return
        except OSError as error:
            self._failed("unplugged", error)

    def _failed(self, code: str, error: OSError) -> None:
        self.stop()
        self._retry = self._loop.call_later(self._backoff.wait_s(), self.start)
        if code != self._told_code:
            self._told_code = code
            self._on_down(code, f"{self._name}: {error.strerror or error}; {_ADVICE[code]}")


def _grabbed(name: str) -> Any:
    """The device, open and ours alone. Raises OSError."""
    try:
        evdev = import_module(os.environ.get(MODULE_VARIABLE, "evdev"))  # loaded only where such a reader is configured
    except ImportError as error:
        raise OSError(0, "the library evdev is not installed: install casier with the extra keyboard-wedge") from error
    device = evdev.InputDevice(name if name.startswith("/") else _found(evdev, name))
    try:
        device.grab()
    except OSError:
        device.close()
        raise
    return device


def _found(evdev: Any, identity: str) -> str:
    """The path of the one keyboard with this vendor and product. Raises OSError."""
    matching: list[str] = []
    for path in evdev.list_devices():
        with suppress(OSError):  # it went away, or is not ours to open
            device = evdev.InputDevice(path)
            is_keyboard = {KEY_1, KEY_ENTER} <= set(device.capabilities().get(EV_KEY, ()))
            if is_keyboard and f"{device.info.vendor:04x}:{device.info.product:04x}" == identity.lower():
                matching.append(path)
            device.close()
    if not matching:
        raise FileNotFoundError(errno.ENOENT, "no such keyboard that this user may read (group input)")
    if len(matching) > 1:
        raise OSError(0, f"there are {len(matching)} of them: give the path of one, from /dev/input/by-path")
    return matching[0]
