"""One RS-485 line with XOR boards on it: asks them in turn, sends releases in between, and tells each board its part.

One frame at a time: a release goes out at once on an idle line, else right after the exchange under way. It decides
nothing about doors, and never sends an energising frame twice.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from hw.errors import LineClosed, ReleaseForbidden
from hw.frames.xor_board import (
    BoardFrame,
    ChannelChanged,
    OpenReply,
    StatusReply,
    XorBoardDecoder,
    classify,
    open_channel,
    query_all,
)
from hw.guarded_line import BoardOnLine, GuardedLine
from hw.poll_plan import PollPlan
from hw.ports import MonoMs, Permit
from hw.release_guard import ReleaseGuard
from hw.serial_line import SerialLine

BAUD = 9600
BYTE_MS = 10_000 / BAUD  # 8N1: ten bits
REQUEST_BYTES = 5
# A board turns the line around within a few milliseconds; USB adapters hold bytes for up to 16.
TURNAROUND_MS = 40
# Some boards answer an open frame only when their pulse is over.
OPEN_REPLY_WITHIN_MS = 600


class BoardAtAddress(Protocol):
    """What the line needs of a board, and tells it."""

    name: str
    address: int
    status_bytes: int
    pulse_ms: int
    pulse_seconds: int | None

    def sensed_all(self, status: bytes, now_ms: int) -> bool: ...
    def sensed_one(self, channel: int, bit: int, now_ms: int) -> bool: ...
    def accepted(self, channel: int, now_ms: int) -> None: ...
    def failed(self, channel: int, code: str, now_ms: int) -> None: ...
    def unwell(self, code: str, detail: str) -> None: ...


@dataclass(frozen=True, slots=True)
class _Release:
    board: BoardAtAddress
    channel: int
    permit: Permit


@dataclass(frozen=True, slots=True)
class _Exchange:
    """A frame under way and the reply that ends it; `garbage` is the decoder's count when it began."""

    address: int
    reply: type[StatusReply | OpenReply]
    garbage: int


@dataclass(frozen=True, slots=True)
class _Unconfirmed:
    """A release that went out and was not answered yet."""

    timer: asyncio.TimerHandle
    garbage: int


class XorLine:
    """The boards of one port. Attach them all before any starts."""

    def __init__(self, path: str, guard: ReleaseGuard, mono_ms: MonoMs) -> None:
        self._serial = SerialLine(path, BAUD, on_bytes=self._received, on_up=self._came_up, on_down=self._went_down)
        self._guard = guard
        self._mono_ms = mono_ms
        self._boards: dict[int, BoardAtAddress] = {}
        self._running: set[int] = set()
        self._waiting: deque[_Release] = deque()
        self._unconfirmed: dict[tuple[int, int], _Unconfirmed] = {}
        self._exchange: _Exchange | None = None
        self._timer: asyncio.TimerHandle | None = None  # the exchange's time-out, or the next poll

    def attach(self, board: BoardAtAddress) -> None:
        """Put a board on the line."""
        self._boards[board.address] = board

    def start(self, board: BoardAtAddress) -> None:
        """The board starts; the first one opens the port."""
        first = not self._running
        self._running.add(board.address)
        if first:
            self._loop = asyncio.get_running_loop()
            self._decoder = XorBoardDecoder({at: each.status_bytes for at, each in self._boards.items()})
            self._plan = PollPlan(self._boards, self._mono_ms())
            on_line = {at: BoardOnLine(each.name, each.pulse_ms) for at, each in self._boards.items()}
            self._guarded = GuardedLine(self._serial.write, self._guard, classify, on_line)
            self._serial.start()

    def stop(self, board: BoardAtAddress) -> None:
        """The board stops; the last one closes the port."""
        self.drop_waiting(board)
        self._running.discard(board.address)
        if not self._running:
            self._end_exchange()
            self._give_up_unconfirmed()
            self._serial.stop()

    def release(self, board: BoardAtAddress, channel: int, permit: Permit) -> None:
        """Send one energising frame now, or right after the exchange under way."""
        if not self._serial.is_open:
            self._guard.withdraw(permit)
            board.failed(channel, "closed", self._mono_ms())
            return
        self._waiting.append(_Release(board, channel, permit))
        if self._exchange is None:
            self._pump()

    def drop_waiting(self, board: BoardAtAddress) -> None:
        """Forget this board's releases that have not gone out."""
        dropped = [release for release in self._waiting if release.board is board]
        self._waiting = deque(release for release in self._waiting if release.board is not board)
        for release in dropped:
            self._guard.withdraw(release.permit)
            board.failed(release.channel, "closed", self._mono_ms())

    def _pump(self) -> None:
        """Use the idle line: releases first, then the poll that is due."""
        self._end_exchange()
        while self._waiting and self._exchange is None:
            self._send_release(self._waiting.popleft())
        if self._exchange is not None or not self._serial.is_open:
            return
        address, due_ms = self._plan.next()
        wait_ms = due_ms - self._mono_ms()
        if wait_ms > 0:
            self._arm(wait_ms, self._pump)
        else:
            self._ask(address)

    def _ask(self, address: int) -> None:
        try:
            self._guarded.write(query_all(address))
        except LineClosed as error:
            if self._serial.is_open:  # nothing drains the port: the same as no answer
                self._missed(address, "silent", str(error))
                self._arm(TURNAROUND_MS, self._pump)
            return
        self._begin(address, StatusReply, self._boards[address].status_bytes + 4)

    def _send_release(self, release: _Release) -> None:
        board, channel = release.board, release.channel
        try:
            self._guarded.write(open_channel(board.address, channel, board.pulse_seconds), release.permit)
        except ReleaseForbidden:
            self._guard.withdraw(release.permit)
            board.failed(channel, "refused_by_guard", self._mono_ms())
            return
        except LineClosed:
            board.failed(channel, "closed", self._mono_ms())
            return
        key = (board.address, channel)
        timer = self._loop.call_later(OPEN_REPLY_WITHIN_MS / 1000, self._not_confirmed, key)
        self._unconfirmed[key] = _Unconfirmed(timer, self._decoder.garbage)
        self._begin(board.address, OpenReply, REQUEST_BYTES)

    def _begin(self, address: int, reply: type[StatusReply | OpenReply], reply_bytes: int) -> None:
        self._exchange = _Exchange(address, reply, self._decoder.garbage)
        self._arm((REQUEST_BYTES + reply_bytes) * BYTE_MS + TURNAROUND_MS, self._timed_out)

    def _end_exchange(self) -> None:
        self._exchange = None
        self._disarm()

    def _arm(self, wait_ms: float, then: Callable[[], None]) -> None:
        self._disarm()
        self._timer = self._loop.call_later(wait_ms / 1000, then)

    def _disarm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _timed_out(self) -> None:
        exchange = self._exchange
        for frame in self._decoder.silence():
            self._take(frame)
        if exchange is None or self._exchange is not exchange:
            return
        self._serial.discard_output()
        if exchange.reply is StatusReply:
            garbled = self._decoder.garbage > exchange.garbage
            self._missed(
                exchange.address,
                "bad_reply" if garbled else "silent",
                "its answers are garbled: look at the line's wiring, termination and ground"
                if garbled
                else "it does not answer: look at its power, its address switches and the line",
            )
        if self._serial.is_open:
            self._pump()

    def _missed(self, address: int, code: str, detail: str) -> None:
        if self._plan.missed(address, self._mono_ms()):
            self._boards[address].unwell(code, f"board at address {address}: {detail}")

    def _received(self, data: bytes) -> None:
        for frame in self._decoder.feed(data):
            self._take(frame)

    def _take(self, frame: BoardFrame) -> None:
        board = self._boards.get(frame.address)
        if board is None:
            return
        now_ms = self._mono_ms()
        settled = True
        if isinstance(frame, StatusReply):
            settled = board.sensed_all(frame.status, now_ms)
            self._plan.answered(frame.address, now_ms)
        elif isinstance(frame, ChannelChanged):
            settled = board.sensed_one(frame.channel, frame.bit, now_ms)
        elif unconfirmed := self._unconfirmed.pop((frame.address, frame.channel), None):
            unconfirmed.timer.cancel()
            board.accepted(frame.channel, now_ms)
        if not settled:
            self._plan.confirm(frame.address, now_ms)
        exchange = self._exchange
        if exchange is None and not settled:
            self._pump()  # the next poll moved forward
        elif exchange is not None and exchange.address == frame.address and isinstance(frame, exchange.reply):
            self._pump()

    def _not_confirmed(self, key: tuple[int, int]) -> None:
        unconfirmed = self._unconfirmed.pop(key)
        address, channel = key
        code = "bad_reply" if self._decoder.garbage > unconfirmed.garbage else "no_reply"
        self._boards[address].failed(channel, code, self._mono_ms())

    def _came_up(self) -> None:
        self._plan = PollPlan(self._boards, self._mono_ms())
        self._pump()

    def _went_down(self, code: str, detail: str) -> None:
        self._end_exchange()
        self._decoder.silence()
        for board in self._boards.values():
            board.unwell(code, detail)
            self.drop_waiting(board)
        self._give_up_unconfirmed()

    def _give_up_unconfirmed(self) -> None:
        for key, unconfirmed in list(self._unconfirmed.items()):
            unconfirmed.timer.cancel()
            self._not_confirmed(key)
