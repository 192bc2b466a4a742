"""The XOR lock board ("8A/80" boards), 2 to 50 channels, several on one RS-485 line."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from hw.contacts import Contacts
from hw.health import DeviceHealth
from hw.locks.xor_line import XorLine
from hw.parts import Parts
from hw.ports import DoorSensed, Emit, LockAccepted, LockFailed, Permit
from hw.settings import DeviceSettings, PortPath, PulseMs, Wiring

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


class XorBoard:
    """One board at one address. What its line senses and answers becomes device events here.

    It does not decide whether a release is due or a door should be shut, and takes a reply for no more than it says:
    the board acted.
    """

    def __init__(self, name: str, settings: XorBoardSettings, line: XorLine, emit: Emit) -> None:
        self.name = name
        self.address = settings.address
        self.channels = settings.channels
        self.status_bytes = settings.answer_bytes
        self.pulse_ms = settings.board_pulse_ms
        self.pulse_seconds = PULSE_BYTE_MS // 1000 if settings.pulse_byte else None
        self._byte_order: Literal["little", "big"] = "little" if settings.byte_order == "s1_first" else "big"
        self._open_bit = settings.open_bit
        self._mask = (1 << settings.channels) - 1
        self._contacts = Contacts(settings.channels)
        self._health = DeviceHealth(name, "board", emit)
        self._line = line
        self._emit = emit
        line.attach(self)

    async def start(self) -> None:
        """Begin polling. The board has no lines of ours to turn off: it ends its pulses itself."""
        self._line.start(self)

    def release(self, channel: int, permit: Permit) -> None:
        """Send one open frame; see `hw.ports.LockBoard`."""
        self._line.release(self, channel, permit)

    def all_off(self) -> None:
        """Drop the releases that have not gone out."""
        self._line.drop_waiting(self)

    async def stop(self) -> None:
        """Stop polling."""
        self._line.stop(self)

    def sensed_all(self, status: bytes, now_ms: int) -> bool:
        """The status of all channels. False while some contact has to be looked at again."""
        self._health.well()
        bits = int.from_bytes(status, self._byte_order) & self._mask
        opened = bits if self._open_bit else bits ^ self._mask
        for channel, is_open in self._contacts.sample(opened, now_ms):
            self._emit(DoorSensed(self.name, channel, is_open, now_ms))
        return not self._contacts.unsettled

    def sensed_one(self, channel: int, bit: int, now_ms: int) -> bool:
        """The board's own report of one channel. False while that contact has to be looked at again."""
        if channel <= self.channels:
            is_open = bit == self._open_bit
            if self._contacts.sample_one(channel, is_open, now_ms):
                self._emit(DoorSensed(self.name, channel, is_open, now_ms))
        return not self._contacts.unsettled

    def accepted(self, channel: int, now_ms: int) -> None:
        """The board says that it acted."""
        self._emit(LockAccepted(self.name, channel, now_ms))

    def failed(self, channel: int, code: str, now_ms: int) -> None:
        """A release was not confirmed."""
        self._emit(LockFailed(self.name, channel, code, now_ms))

    def unwell(self, code: str, detail: str) -> None:
        """The board does not answer, or its line is down."""
        self._health.fault(code, detail)


def build(name: str, settings: XorBoardSettings, parts: Parts) -> XorBoard:
    """The board, on the one line of its port."""
    line = parts.shared(("xor_line", settings.port), lambda: XorLine(settings.port, parts.guard, parts.mono_ms))
    return XorBoard(name, settings, line, parts.emit)
