"""The Kerong CU lock boards: CU12 and CU16, and the 48-channel board; several of one kind on one RS-485 line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import msgspec

from hw.frames import kerong_cu as frames
from hw.frames.replies import BoardReply, OpenReply, StatusReply
from hw.locks.rs485_line import LineProtocol, Request, Rs485Line
from hw.locks.serial_board import SerialBoard, opened_of
from hw.parts import Parts
from hw.ports import Emit
from hw.settings import DeviceSettings, PortPath, PulseMs, Wiring

# What the boards are set to when nobody changed it, as far as public drivers tell (unverified).
FACTORY_PULSE_MS = 500
MODELS: Mapping[str, int] = {"cu12": 12, "cu16": 16, "cu48": 48}


class KerongCuSettings(DeviceSettings, frozen=True, tag="kerong_cu"):
    """One board, with a lock on each of its first `channels`. `pulse_ms` is what it is set to: nothing here changes it.

    `infrared = "door"` makes the infrared sensor the door's, and the hook the latch's; else the hook is all there is.
    Polarity (`open_bit` of the hook, `infrared_open_bit`) follows the wiring. `open_reply = "none"` is for boards that
    say nothing to an open frame: their next status then counts as their word. `layout` is the 48-channel board's.
    """

    port: PortPath
    address: Annotated[int, msgspec.Meta(ge=0, le=frames.MAX_ADDRESS_48)]
    model: Literal["cu12", "cu16", "cu48"] = "cu16"
    channels: Annotated[int, msgspec.Meta(ge=1, le=48)] | None = None
    baud: Literal[9600, 19200, 57600, 115200] = 19200
    open_bit: Literal[0, 1] = 0
    infrared: Literal["none", "door"] = "none"
    infrared_open_bit: Literal[0, 1] = 0
    open_reply: Literal["status", "none"] = "status"
    layout: frames.Layout = "etx"
    pulse_ms: PulseMs = FACTORY_PULSE_MS

    def __post_init__(self) -> None:
        if self.locks > MODELS[self.model]:
            raise ValueError(f"channels: a {self.model} has {MODELS[self.model]}; allowed: 1 to {MODELS[self.model]}")
        if self.model == "cu48" and self.infrared != "none":
            raise ValueError("infrared: the 48-channel board has none; allowed: none")
        if self.model != "cu48" and self.address > frames.MAX_ADDRESS:
            raise ValueError(f"address: a {self.model} cannot have that; allowed: 0 to {frames.MAX_ADDRESS}")

    @property
    def locks(self) -> int:
        """How many locks are wired: all that the board has room for, unless `channels` says fewer."""
        return self.channels or MODELS[self.model]

    def wiring(self) -> Wiring:
        kind = "kerong_cu_48" if self.model == "cu48" else "kerong_cu"
        return Wiring(
            port=self.port,
            bus=f"{kind} at {self.baud} baud",
            address=self.address,
            channels=self.locks,
            fixed_pulse_ms=self.pulse_ms,
        )


class KerongCu(SerialBoard):
    """A CU12 or CU16. It times its pulses itself: there is nothing of ours to turn off."""

    def __init__(self, name: str, settings: KerongCuSettings, line: Rs485Line[KerongCu], emit: Emit) -> None:
        self._settings = settings
        super().__init__(name, settings.address, settings.locks, settings.pulse_ms, line, emit)

    def question(self, now_ms: int) -> Request:  # noqa: ARG002 - other boards have errands that fall due
        """The status of all channels."""
        return Request(frames.query_all(self.address), frames.STATUS_REPLY_BYTES, StatusReply)

    def opening(self, channel: int, now_ms: int) -> Request:  # noqa: ARG002
        """The open frame of one channel. Raises FrameError."""
        frame = frames.open_channel(self.address, channel)
        if self._settings.open_reply == "none":
            return Request(frame, 0, StatusReply, "any_status")
        return Request(frame, frames.STATUS_REPLY_BYTES, StatusReply, "unasked_status")

    def heard(self, reply: BoardReply, now_ms: int) -> bool:
        """The status of all channels: two bytes of hooks, then two of infrared sensors."""
        if isinstance(reply, StatusReply):
            self._health.well()
            hooks = opened_of(int.from_bytes(reply.status[:2], "little"), self._settings.open_bit, self.channels)
            beams = int.from_bytes(reply.status[2:], "little")
            if self._settings.infrared == "door":
                self._sense("door", opened_of(beams, self._settings.infrared_open_bit, self.channels), now_ms)
                self._sense("latch", hooks, now_ms)
            else:
                self._sense("door", hooks, now_ms)
        return self._settled()


class KerongCu48(SerialBoard):
    """The 48-channel board."""

    def __init__(self, name: str, settings: KerongCuSettings, line: Rs485Line[KerongCu48], emit: Emit) -> None:
        self.layout: frames.Layout = settings.layout
        self._settings = settings
        super().__init__(name, settings.address, settings.locks, settings.pulse_ms, line, emit)

    def question(self, now_ms: int) -> Request:  # noqa: ARG002
        """The status of all channels."""
        return Request(frames.query_all_48(self.address), frames.STATUS_REPLY_48_BYTES, StatusReply)

    def opening(self, channel: int, now_ms: int) -> Request:  # noqa: ARG002
        """The open frame of one channel. Raises FrameError."""
        frame = frames.open_channel_48(self.address, channel)
        if self._settings.open_reply == "none":
            return Request(frame, 0, StatusReply, "any_status")
        return Request(frame, frames.OPEN_REPLY_48_BYTES, OpenReply)

    def heard(self, reply: BoardReply, now_ms: int) -> bool:
        """The status of all channels: six bytes of hooks."""
        if isinstance(reply, StatusReply):
            self._health.well()
            bits = int.from_bytes(reply.status, "little")
            self._sense("door", opened_of(bits, self._settings.open_bit, self.channels), now_ms)
        return self._settled()


def _decoder_48(boards: Mapping[int, KerongCu48]) -> frames.Cu48Decoder:
    return frames.Cu48Decoder({address: board.layout for address, board in boards.items()})


def protocol(settings: KerongCuSettings) -> LineProtocol[Any]:
    """What a board with these settings speaks."""
    if settings.model == "cu48":
        return LineProtocol(settings.baud, frames.classify_48, _decoder_48)
    return LineProtocol(settings.baud, frames.classify, frames.CuDecoder)


def build(name: str, settings: KerongCuSettings, parts: Parts) -> KerongCu | KerongCu48:
    """The board, on the one line of its port."""
    line: Rs485Line[Any] = parts.shared(
        ("rs485_line", settings.port),
        lambda: Rs485Line(settings.port, protocol(settings), parts.guard, parts.mono_ms),
    )
    return (KerongCu48 if settings.model == "cu48" else KerongCu)(name, settings, line, parts.emit)
