"""Asks the addresses of one serial line who is there, with the drivers stopped: status requests and nothing else."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

import msgspec
from msgspec import inspect

from hw import registry
from hw.errors import FrameError, LineClosed
from hw.frames import monitor
from hw.frames.said import Said, spaced
from hw.frames.verdict import Harmless, Verdict
from hw.parts import Parts
from hw.release_guard import GuardLimits, ReleaseGuard
from hw.serial_line import SerialLine
from hw.settings import DEFAULT_PULSE_MS, DeviceSettings

MOST = 32  # addresses that are searched
BITS_A_BYTE = 10  # 8N1
SETTLE_S = 0.1  # the drivers gave the port back a moment ago
OPEN_WITHIN_S = 2.0
QUIET_MS = 30  # an answer is over after this much silence; USB adapters hold bytes for up to 16 ms
ANSWER_WITHIN_MS = 60
LONGEST_ANSWER = 512  # bytes; a line that never falls silent is no answer


@dataclass(slots=True)
class Answers:
    """What one address answered: sound replies of its own, replies in another's name, and broken ones."""

    sound: int = 0
    doubled: int = 0
    foreign: int = 0
    broken: int = 0
    asked: int = 0
    errors: list[str] = field(default_factory=list)


def shares_line(settings: DeviceSettings) -> bool:
    """Whether a board with these settings can be asked for: it has an address on a serial line, and a codec."""
    return hasattr(_module(settings), "protocol") and str(settings.__struct_config__.tag) in monitor.CODECS


class LineProbe:
    """The port of `settings`, with any boards of that kind on it; each is asked as its driver asks it.

    Open it with `async with`; raises LineClosed where it cannot be had.
    """

    def __init__(self, settings: DeviceSettings) -> None:
        protocol = _module(settings).protocol(settings)
        port = str(settings.wiring().port)
        self._settings = settings
        self._driver = str(settings.__struct_config__.tag)
        self._classify: Callable[[bytes], Verdict] = protocol.classify
        self._byte_ms = BITS_A_BYTE * 1000 / protocol.baud
        self._heard = bytearray()
        self._down = f"{port} cannot be opened"
        self._line = SerialLine(
            port, protocol.baud, on_bytes=self._heard.extend, on_up=lambda: None, on_down=self._went_down
        )

    async def __aenter__(self) -> LineProbe:
        await asyncio.sleep(SETTLE_S)
        self._line.start()
        try:
            await self._opened()
        except LineClosed:
            self._line.stop()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        self._line.stop()

    async def ask(self, address: int, times: int = 1) -> Answers:
        """Ask one address for its status, `times` over. Raises LineClosed, and FrameError for an impossible address."""
        request = self._request(address)
        answers = Answers()
        for _ in range(times):
            reply = await self._exchange(request)
            answers.asked += 1
            _count(answers, monitor.explain(self._driver, spaced(reply)) if reply else [], address)
        return answers

    async def find(self, known: Collection[int]) -> list[int]:
        """The addresses, but for those `known`, at which something answers, sound or not.

        Of the many that some boards can have only the first ones, which anybody sets: it takes seconds as it is.
        """
        found = []
        for address in _addresses(type(self._settings)):
            if address in known:
                continue
            with suppress(FrameError):  # no address of this model
                answers = await self.ask(address)
                if answers.sound or answers.broken:
                    found.append(address)
        return found

    def _request(self, address: int) -> bytes:
        """What the driver would ask a board at this address. Raises FrameError."""
        try:
            settings = msgspec.structs.replace(self._settings, address=address)
        except ValueError as error:  # the settings' own check
            raise FrameError(str(error)) from error
        parts = Parts(lambda _event: None, ReleaseGuard(GuardLimits(), {}, lambda: 0), lambda: 0, DEFAULT_PULSE_MS)
        frame: bytes = _module(settings).build("probe", settings, parts).question(0).frame
        if not isinstance(self._classify(frame), Harmless):
            raise FrameError(f"{spaced(frame)} is not a harmless question: it is not sent")
        return frame

    async def _opened(self) -> None:
        """An adapter that was given back a moment ago may take a while; the line itself tries again."""
        until = time.monotonic() + OPEN_WITHIN_S
        while not self._line.is_open:
            if time.monotonic() > until:
                raise LineClosed(self._down)
            await asyncio.sleep(0.02)

    async def _exchange(self, request: bytes) -> bytes:
        await self._opened()
        self._heard.clear()
        self._line.write(request)
        await asyncio.sleep((len(request) * self._byte_ms + ANSWER_WITHIN_MS) / 1000)
        length = -1
        while length < len(self._heard) < LONGEST_ANSWER:
            length = len(self._heard)
            await asyncio.sleep(QUIET_MS / 1000)
        return bytes(self._heard)

    def _went_down(self, _code: str, detail: str) -> None:
        self._down = detail


def _module(settings: DeviceSettings) -> Any:
    return import_module(registry.BOARDS[str(settings.__struct_config__.tag)].partition(":")[0])


def _addresses(kind: type[DeviceSettings]) -> range:
    """The first addresses that the settings of this kind allow."""
    described: Any = inspect.type_info(kind)
    (allowed,) = (each.type for each in described.fields if each.name == "address")
    return range(allowed.ge, min(allowed.le + 1, allowed.ge + MOST))


def _count(answers: Answers, said: list[Said], address: int) -> None:
    """Garbage ahead of a sound reply is a habit of some boards; a reply that is only garbage is broken."""
    own = [each for each in said if each.error is None and each.detail.get("address", address) == address]
    others = [each for each in said if each.error is None and each not in own]
    answers.sound += bool(own)
    answers.doubled += len(own) > 1
    answers.foreign += bool(others) and not own
    if said and not own and not others:
        answers.broken += 1
        answers.errors += [each.error for each in said if each.error is not None][:1]
