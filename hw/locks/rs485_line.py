"""One RS-485 line with lock boards of one kind: asks them in turn, sends releases in between, tells each its part.

One frame at a time: a release goes out at once on an idle line, else right after the exchange under way. It decides
nothing about doors, knows no protocol, and never sends an energising frame twice.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from typing import Generic, Literal, Protocol, TypeVar

from msgspec import Struct

from hw.errors import LineClosed, ReleaseForbidden
from hw.frames.replies import BoardReply, CoilsReply, OffReply, OpenReply, Refusal, StatusReply
from hw.frames.resync import FrameDecoder
from hw.frames.verdict import Verdict
from hw.guarded_line import BoardOnLine, GuardedLine
from hw.poll_plan import CONFIRM_AFTER_MS, PollPlan
from hw.ports import MonoMs, Permit
from hw.release_guard import ACTING_MS, ReleaseGuard
from hw.serial_line import SerialLine

BITS_A_BYTE = 10  # 8N1
# A board turns the line around within a few milliseconds; USB adapters hold bytes for up to 16.
TURNAROUND_MS = 40
# One that did not answer last time: shorter, so that a dead board delays no release by more than two frames' time.
SUSPECT_TURNAROUND_MS = 20
# Some boards answer an open frame only when their pulse is over: this long after it.
OPEN_REPLY_AFTER_MS = 300
UNREADABLE = "its answers are garbled: look at the line's wiring, termination and ground"
UNHEARD = "it does not answer: look at its power, its address switches and the line"

# What says that a board acted on an open frame: the reply to it alone; a status that nobody asked for; any status.
ConfirmedBy = Literal["open_reply", "unasked_status", "any_status"]


class Request(Struct, frozen=True):
    """One frame to a board, the bytes of the longest reply to it, and the kind of reply that ends the exchange.

    An `errand` is no look at the doors: that stays due.
    """

    frame: bytes
    reply_bytes: int
    reply: type[StatusReply | OpenReply | OffReply | CoilsReply]
    confirmed_by: ConfirmedBy = "open_reply"
    errand: bool = False


class BoardAtAddress(Protocol):
    """What the line needs of a board, and tells it."""

    name: str
    address: int
    pulse_ms: int

    def question(self, now_ms: int) -> Request:
        """What to ask the board at its turn; nothing that energises."""

    def opening(self, channel: int, now_ms: int) -> Request:
        """The frame of a release. Raises FrameError for a channel that the board has not."""

    def heard(self, reply: BoardReply, now_ms: int) -> bool:
        """Something the board said. False while it should be asked again soon."""

    def came_up(self, now_ms: int) -> None:
        """The port is open, for the first time or again."""

    def accepted(self, channel: int, now_ms: int) -> None: ...
    def failed(self, channel: int, code: str, now_ms: int) -> None: ...
    def unwell(self, code: str, detail: str) -> None: ...


BoardT = TypeVar("BoardT", bound=BoardAtAddress)


class LineProtocol(Struct, Generic[BoardT], frozen=True):
    """What the boards of one line speak. `gap_ms`: the silence that they need between two frames."""

    baud: int
    classify: Callable[[bytes], Verdict]
    decoder: Callable[[Mapping[int, BoardT]], FrameDecoder[BoardReply]]
    gap_ms: int = 0


class _Release(Struct, Generic[BoardT], frozen=True):
    board: BoardT
    channel: int
    permit: Permit


class _Exchange(Struct, frozen=True):
    """A frame under way; `channel` if it is a release, `garbage` the decoder's count when it began."""

    address: int
    request: Request
    channel: int | None
    garbage: int


class _Unconfirmed(Struct, frozen=True):
    """A release that went out and was not answered yet."""

    timer: asyncio.TimerHandle
    confirmed_by: ConfirmedBy
    garbage: int


class Rs485Line(Generic[BoardT]):
    """The boards of one port. Attach them all before any starts."""

    def __init__(self, path: str, protocol: LineProtocol[BoardT], guard: ReleaseGuard, mono_ms: MonoMs) -> None:
        self._serial = SerialLine(
            path, protocol.baud, on_bytes=self._received, on_up=self._came_up, on_down=self._went_down
        )
        self._protocol = protocol
        self._byte_ms = BITS_A_BYTE * 1000 / protocol.baud
        self._guard = guard
        self._mono_ms = mono_ms
        self._boards: dict[int, BoardT] = {}
        self._running: set[int] = set()
        self._waiting: deque[_Release[BoardT]] = deque()
        self._unconfirmed: dict[tuple[int, int], _Unconfirmed] = {}
        self._exchange: _Exchange | None = None
        self._free_at_ms = 0  # when the line has been silent for long enough
        self._timer: asyncio.TimerHandle | None = None  # the exchange's time-out, or the next poll

    def attach(self, board: BoardT) -> None:
        """Put a board on the line."""
        self._boards[board.address] = board

    def start(self, board: BoardT) -> None:
        """The board starts; the first one opens the port."""
        first = not self._running
        self._running.add(board.address)
        if first:
            self._loop = asyncio.get_running_loop()
            self._decoder = self._protocol.decoder(self._boards)
            self._plan = PollPlan(self._boards, self._mono_ms())
            on_line = {at: BoardOnLine(each.name, each.pulse_ms) for at, each in self._boards.items()}
            self._guarded = GuardedLine(self._serial.write, self._guard, self._protocol.classify, on_line)
            self._serial.start()

    def stop(self, board: BoardT) -> None:
        """The board stops; the last one closes the port."""
        self.drop_waiting(board)
        self._running.discard(board.address)
        if not self._running:
            self._end_exchange()
            self._give_up_unconfirmed()
            self._serial.stop()

    def release(self, board: BoardT, channel: int, permit: Permit) -> None:
        """Send one energising frame now, or right after the exchange under way."""
        if not self._serial.is_open:
            self._guard.withdraw(permit)
            board.failed(channel, "closed", self._mono_ms())
            return
        self._waiting.append(_Release(board, channel, permit))
        if self._exchange is None:
            self._pump()

    def drop_waiting(self, board: BoardT) -> None:
        """Forget this board's releases that have not gone out."""
        dropped = [release for release in self._waiting if release.board is board]
        self._waiting = deque(release for release in self._waiting if release.board is not board)
        for release in dropped:
            self._guard.withdraw(release.permit)
            board.failed(release.channel, "closed", self._mono_ms())

    def ask_now(self, board: BoardT) -> None:
        """Ask this board before all others: it has something to say that cannot wait."""
        if self._serial.is_open:
            self._plan.look_again(board.address, self._mono_ms())
            if self._exchange is None:
                self._pump()

    @property
    def is_open(self) -> bool:
        """Whether bytes can be written now."""
        return self._serial.is_open

    def _pump(self) -> None:
        """Use the idle line: releases first, then the poll that is due."""
        self._end_exchange()
        now_ms = self._mono_ms()
        if now_ms < self._free_at_ms:
            self._arm(self._free_at_ms - now_ms, self._pump)
            return
        while self._waiting and self._exchange is None:
            self._send_release(self._waiting.popleft())
        if self._exchange is not None or not self._serial.is_open:
            return
        address, due_ms = self._plan.next(now_ms)
        if due_ms > now_ms:
            self._arm(due_ms - now_ms, self._pump)
        else:
            self._ask(address)

    def _ask(self, address: int) -> None:
        request = self._boards[address].question(self._mono_ms())
        try:
            self._guarded.write(request.frame)
        except LineClosed as error:
            if self._serial.is_open:  # nothing drains the port: the same as no answer
                self._missed(address, "silent", str(error))
                self._arm(TURNAROUND_MS, self._pump)
            return
        turnaround_ms = SUSPECT_TURNAROUND_MS if self._plan.is_suspect(address) else TURNAROUND_MS
        self._begin(_Exchange(address, request, None, self._decoder.garbage), turnaround_ms)

    def _send_release(self, release: _Release[BoardT]) -> None:
        board, channel = release.board, release.channel
        now_ms = self._mono_ms()
        request = board.opening(channel, now_ms)
        try:
            self._guarded.write(request.frame, release.permit)
        except ReleaseForbidden:
            self._guard.withdraw(release.permit)
            board.failed(channel, "refused_by_guard", now_ms)
            return
        except LineClosed:
            board.failed(channel, "closed", now_ms)
            return
        key = (board.address, channel)
        within_s = (board.pulse_ms + OPEN_REPLY_AFTER_MS) / 1000
        timer = self._loop.call_later(within_s, self._not_confirmed, key)
        self._unconfirmed[key] = _Unconfirmed(timer, request.confirmed_by, self._decoder.garbage)
        self._loop.call_later((board.pulse_ms + ACTING_MS) / 1000, self.ask_now, board)  # the pulse is over then
        self._begin(_Exchange(board.address, request, channel, self._decoder.garbage), TURNAROUND_MS)

    def _begin(self, exchange: _Exchange, turnaround_ms: int) -> None:
        self._exchange = exchange
        bytes_on_line = len(exchange.request.frame) + exchange.request.reply_bytes
        self._arm(bytes_on_line * self._byte_ms + turnaround_ms, self._timed_out)

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
        for reply in self._decoder.silence():
            self._take(reply)
        if exchange is None or self._exchange is not exchange:
            return
        self._serial.discard_output()
        if exchange.channel is None:
            garbled = self._decoder.garbage > exchange.garbage
            self._missed(exchange.address, "bad_reply" if garbled else "silent", UNREADABLE if garbled else UNHEARD)
        if self._serial.is_open:
            self._pump()

    def _missed(self, address: int, code: str, detail: str) -> None:
        if self._plan.missed(address, self._mono_ms()):
            self._boards[address].unwell(code, f"board at address {address}: {detail}")

    def _received(self, data: bytes) -> None:
        for reply in self._decoder.feed(data):
            self._take(reply)

    def _take(self, reply: BoardReply) -> None:
        board = self._boards.get(reply.address)
        if board is None:
            return
        now_ms = self._mono_ms()
        exchange = self._exchange
        if exchange is not None and exchange.address != reply.address:
            exchange = None
        self._confirm(board, reply, exchange, now_ms)
        settled = board.heard(reply, now_ms)
        ends = exchange is not None and isinstance(reply, (exchange.request.reply, Refusal))
        if isinstance(reply, Refusal):
            if exchange is not None and exchange.channel is None:
                self._missed(reply.address, "bad_reply", f"it refuses what it is asked, with code {reply.code}")
        elif ends and exchange is not None and exchange.request.errand:
            self._plan.alive(reply.address)
        elif isinstance(reply, StatusReply) or (ends and not isinstance(reply, OpenReply)):
            self._plan.answered(reply.address, now_ms)
        if not settled:
            self._plan.look_again(reply.address, now_ms + CONFIRM_AFTER_MS)
        if ends:
            self._free_at_ms = now_ms + self._protocol.gap_ms
            self._pump()
        elif self._exchange is None and not settled:
            self._pump()  # the next poll moved forward

    def _confirm(self, board: BoardT, reply: BoardReply, exchange: _Exchange | None, now_ms: int) -> None:
        """Settle the release that this reply speaks of, if it does."""
        key = self._spoken_of(reply, exchange)
        if key is None or key not in self._unconfirmed:
            return
        self._unconfirmed.pop(key).timer.cancel()
        if isinstance(reply, Refusal):
            board.failed(key[1], "bad_reply", now_ms)
        else:
            board.accepted(key[1], now_ms)

    def _spoken_of(self, reply: BoardReply, exchange: _Exchange | None) -> tuple[int, int] | None:
        if isinstance(reply, OpenReply):
            return reply.address, reply.channel
        opening = None if exchange is None else exchange.channel
        if isinstance(reply, Refusal):
            return None if opening is None else (reply.address, opening)
        if not isinstance(reply, StatusReply):
            return None
        asked = exchange is not None and opening is None
        for key, waiting in self._unconfirmed.items():
            if key[0] == reply.address and waiting.confirmed_by != "open_reply":
                return None if asked and waiting.confirmed_by == "unasked_status" else key
        return None

    def _not_confirmed(self, key: tuple[int, int]) -> None:
        unconfirmed = self._unconfirmed.pop(key)
        address, channel = key
        code = "bad_reply" if self._decoder.garbage > unconfirmed.garbage else "no_reply"
        self._boards[address].failed(channel, code, self._mono_ms())

    def _came_up(self) -> None:
        now_ms = self._mono_ms()
        self._plan = PollPlan(self._boards, now_ms)
        self._free_at_ms = now_ms
        for board in self._boards.values():
            board.came_up(now_ms)
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
