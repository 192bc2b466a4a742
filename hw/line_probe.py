"""Asks the addresses of one serial line who is there, with the drivers stopped: status requests and nothing else."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib import import_module

from hw.errors import FrameError, LineClosed
from hw.frames import monitor
from hw.frames.said import Said, spaced
from hw.frames.verdict import Harmless, Verdict
from hw.serial_line import SerialLine
from hw.settings import DeviceSettings

BITS_A_BYTE = 10  # 8N1
SETTLE_S = 0.1  # the drivers gave the port back a moment ago
OPEN_WITHIN_S = 2.0
QUIET_MS = 30  # an answer is over after this much silence; USB adapters hold bytes for up to 16 ms
ANSWER_WITHIN_MS = 60
LONGEST_ANSWER = 512  # bytes; a line that never falls silent is no answer


@dataclass(frozen=True, slots=True)
class Kind:
    """How boards of one kind are asked who they are: the codec's action, its judge of outgoing bytes, the speed.

    `addresses`: where they may sit; of many only the first ones, which anybody sets: the search takes seconds.
    """

    driver: str
    question: str
    classify: str
    baud: int
    addresses: Sequence[int]


KINDS: Mapping[str, Kind] = {
    "xor_board": Kind("xor_board", "status", "classify", 9600, range(1, 33)),
    "kerong_cu": Kind("kerong_cu", "status", "classify", 19200, range(15)),
    "kerong_cu cu48": Kind("kerong_cu", "status_48", "classify_48", 19200, range(16)),
    "modbus_relay": Kind("modbus_relay", "coils", "classify", 9600, range(1, 33)),
}


def kind_of(settings: DeviceSettings) -> Kind | None:
    """How a board with these settings is asked; None for one that shares no serial line."""
    model = " cu48" if getattr(settings, "model", "") == "cu48" else ""
    kind = KINDS.get(f"{settings.__struct_config__.tag}{model}")
    return kind and replace(kind, baud=getattr(settings, "baud", kind.baud))


@dataclass(slots=True)
class Answers:
    """What one address answered: sound replies of its own, replies in another's name, and broken ones."""

    sound: int = 0
    doubled: int = 0
    foreign: int = 0
    broken: int = 0
    asked: int = 0
    errors: list[str] = field(default_factory=list)


class LineProbe:
    """One port with boards of one kind. Open it with `async with`; raises LineClosed where it cannot be had."""

    def __init__(self, port: str, kind: Kind) -> None:
        self._kind = kind
        self._classify: Callable[[bytes], Verdict] = getattr(import_module(monitor.CODECS[kind.driver]), kind.classify)
        self._byte_ms = BITS_A_BYTE * 1000 / kind.baud
        self._heard = bytearray()
        self._down = f"{port} cannot be opened"
        self._line = SerialLine(
            port, kind.baud, on_bytes=self._heard.extend, on_up=lambda: None, on_down=self._went_down
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
        answers = Answers()
        for _ in range(times):
            reply = await self._exchange(self._request(address))
            answers.asked += 1
            _count(answers, monitor.explain(self._kind.driver, spaced(reply)) if reply else [], address)
        return answers

    async def find(self, addresses: Iterable[int]) -> list[int]:
        """Those of the addresses at which something answers, sound or not."""
        found = []
        for address in addresses:
            answers = await self.ask(address)
            if answers.sound or answers.broken:
                found.append(address)
        return found

    def _request(self, address: int) -> bytes:
        frame = monitor.compose(self._kind.driver, self._kind.question, address)
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
