"""The XOR lock board ("8A/80" boards), 2 to 50 channels, several on one RS-485 line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

import msgspec

from hw.frames.replies import BoardReply, ChannelChanged, OpenReply, StatusReply
from hw.frames.xor_board import XorBoardDecoder, classify, open_channel, query_all
from hw.locks.rs485_line import LineProtocol, Request, Rs485Line
from hw.locks.serial_board import SerialBoard, opened_of
from hw.parts import Parts
from hw.ports import Emit
from hw.settings import DeviceSettings, PortPath, PulseMs, Wiring

BAUD = 9600
REPLY_BYTES = 5  # to an open frame
FIXED_PULSE_MS = 300  # what the board does when the frame names no time
PULSE_BYTE_MS = 1000  # the only whole second within the guard's 100 to 1000 ms


class XorBoardSettings(DeviceSettings, frozen=True, tag="xor_board"):
    """One board. Polarity (`open_bit`) and byte order follow the wiring: read them off the board at commissioning."""

    port: PortPath
    address: Annotated[int, msgspec.Meta(ge=1, le=32)]
    channels: Annotated[int, msgspec.Meta(ge=2, le=50)]
    open_bit: Literal[0, 1] = 1
    byte_order: Literal["s1_first", "s1_last"] = "s1_first"
    status_bytes: Annotated[int, msgspec.Meta(ge=3, le=7)] | None = None
    pulse_ms: PulseMs | None = None
    pulse_byte: bool = False

    def __post_init__(self) -> None:
        if self.answer_bytes * 8 < self.channels:
            raise ValueError(
                f"status_bytes: too few for {self.channels} channels; allowed: {-(-self.channels // 8)} to 7"
            )
        if self.pulse_ms not in (None, self.board_pulse_ms):
            if self.pulse_byte:
                raise ValueError(f"pulse_ms: with pulse_byte the board counts whole seconds; allowed: {PULSE_BYTE_MS}")
            raise ValueError(f"pulse_ms: this board times its own pulse; allowed: {FIXED_PULSE_MS}, or leave it out")

    def wiring(self) -> Wiring:
        return Wiring(
            port=self.port,
            bus="xor_board",
            address=self.address,
            channels=self.channels,
            fixed_pulse_ms=self.board_pulse_ms,
        )

    @property
    def answer_bytes(self) -> int:
        """How many status bytes the board answers: three up to 24 channels (an 8-channel board too), else seven.

        Only boards of 24 and of 50 channels are known at first hand; `status_bytes` is for one that answers otherwise.
        """
        return self.status_bytes or (3 if self.channels <= 24 else 7)

    @property
    def board_pulse_ms(self) -> int:
        """How long this board energises a lock, in milliseconds."""
        return PULSE_BYTE_MS if self.pulse_byte else FIXED_PULSE_MS


class XorBoard(SerialBoard):
    """One board at one address of its line. It times its pulses itself: there is nothing of ours to turn off."""

    def __init__(self, name: str, settings: XorBoardSettings, line: Rs485Line[XorBoard], emit: Emit) -> None:
        self.status_bytes = settings.answer_bytes
        self._pulse_seconds = PULSE_BYTE_MS // 1000 if settings.pulse_byte else None
        self._byte_order: Literal["little", "big"] = "little" if settings.byte_order == "s1_first" else "big"
        self._open_bit = settings.open_bit
        super().__init__(name, settings.address, settings.channels, settings.board_pulse_ms, line, emit)

    def question(self, now_ms: int) -> Request:  # noqa: ARG002 - other boards have errands that fall due
        """The status of all channels."""
        return Request(query_all(self.address), self.status_bytes + 4, StatusReply)

    def opening(self, channel: int, now_ms: int) -> Request:  # noqa: ARG002
        """The open frame of one channel. Raises FrameError."""
        return Request(open_channel(self.address, channel, self._pulse_seconds), REPLY_BYTES, OpenReply)

    def heard(self, reply: BoardReply, now_ms: int) -> bool:
        """The status of all channels, or the board's own report of one."""
        if isinstance(reply, StatusReply):
            self._health.well()
            bits = int.from_bytes(reply.status, self._byte_order)
            self._sense("door", opened_of(bits, self._open_bit, self.channels), now_ms)
        elif isinstance(reply, ChannelChanged):
            self._sense_one("door", reply.channel, reply.bit == self._open_bit, now_ms)
        return self._settled()


def _decoder(boards: Mapping[int, XorBoard]) -> XorBoardDecoder:
    return XorBoardDecoder({address: board.status_bytes for address, board in boards.items()})


def protocol(_settings: XorBoardSettings) -> LineProtocol[XorBoard]:
    """What a board with these settings speaks."""
    return LineProtocol(BAUD, classify, _decoder)


def build(name: str, settings: XorBoardSettings, parts: Parts) -> XorBoard:
    """The board, on the one line of its port."""
    line = parts.shared(
        ("rs485_line", settings.port),
        lambda: Rs485Line(settings.port, protocol(settings), parts.guard, parts.mono_ms),
    )
    return XorBoard(name, settings, line, parts.emit)
