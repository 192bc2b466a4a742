"""The Kerong CU boards: CU12 and CU16, and the 48-channel board; bytes and times in, bytes out.

Written from the boards' published frames, not from the driver: 19200 8N1, `02` fields `03`, then the sum of all before.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

from simulator.errors import InvalidPlanError
from simulator.serial_boards.timed_board import TimedBoard

PULSE_MS = 500.0  # until 0x37 sets another
STX, ETX = 0x02, 0x03
EVERY_BOARD = 0xF
GET_STATUS, UNLOCK, GET_ALL, UNLOCK_ALL, SET_PULSE, SET_DELAY = 0x30, 0x31, 0x32, 0x33, 0x37, 0x39
DATA_BYTES = {GET_STATUS: 0, UNLOCK: 0, GET_ALL: 0, UNLOCK_ALL: 0, SET_PULSE: 2, SET_DELAY: 1}
GET_STATUS_48, UNLOCK_48, REPLY_48 = 0x60, 0x61, 0x75


def sealed(fields: Iterable[int]) -> bytes:
    """The frame of these fields: its bytes and their sum."""
    frame = bytes(fields)
    return frame + bytes((sum(frame) & 0xFF,))


@dataclass(slots=True)
class KerongCu(TimedBoard):
    """A CU12 or CU16. `feedback` is the hook; where there is a `latch`, that is the hook and `feedback` the infrared.

    `open_bit` and `infrared_open_bit` mean open. `open_reply`: whether an unlock order is answered with the status.
    """

    open_bit: Literal[0, 1] = 0
    latch: Callable[[int], bool] | None = None
    infrared_open_bit: Literal[0, 1] = 0
    open_reply: Literal["status", "none"] = "status"
    pulse_ms: float = PULSE_MS

    def __post_init__(self) -> None:
        if self.address not in range(EVERY_BOARD) or self.channels not in (12, 16):
            raise InvalidPlanError("a Kerong CU board has an address of 0-14 and 12 or 16 channels")

    def _frame_length(self) -> int:
        if self._buffer[0] != STX:
            return 0
        if len(self._buffer) < 3:
            return 5
        data = DATA_BYTES.get(self._buffer[2])
        return 0 if data is None else 5 + data

    def _is_sound(self, frame: bytes) -> bool:
        return frame[-2] == ETX and sealed(frame[:-1]) == frame

    def _is_for_me(self, frame: bytes) -> bool:
        return frame[1] >> 4 in (self.address, EVERY_BOARD)

    def _act(self, frame: bytes, now: float) -> tuple[bytes, list[int]]:
        channel, command = (frame[1] & 0xF) + 1, frame[2]
        if command == UNLOCK and channel <= self.channels:
            opened = self._energise([channel], now, self.pulse_ms)
            return (self._status(frame[1]) if self.open_reply == "status" else b""), opened
        if command == UNLOCK_ALL:
            return b"", self._energise(list(range(1, self.channels + 1)), now, self.pulse_ms)
        if command in (GET_STATUS, GET_ALL):
            return self._status(self.address << 4), []
        if command == SET_PULSE:
            self.pulse_ms = int.from_bytes(frame[3:5], "big") * 10.0
        return b"", []

    def _status(self, address: int) -> bytes:
        hooks = self._bits(self.latch or self.feedback, self.open_bit)
        beams = 0 if self.latch is None else self._bits(self.feedback, self.infrared_open_bit)
        return sealed((STX, address, 0x35, *hooks.to_bytes(2, "little"), *beams.to_bytes(2, "little"), ETX))

    def _as_another(self, reply: bytes) -> bytes:
        return sealed((reply[0], (reply[1] + 0x10) % 0xF0, *reply[2:-1]))


@dataclass(slots=True)
class KerongCu48(TimedBoard):
    """The 48-channel board; `feedback` is the hook. `layout`: how its status stands in the reply, as sources differ."""

    open_bit: Literal[0, 1] = 0
    open_reply: Literal["status", "none"] = "status"
    layout: Literal["etx", "length"] = "etx"
    pulse_ms: float = PULSE_MS

    def __post_init__(self) -> None:
        if self.address not in range(32) or self.channels != 48:
            raise InvalidPlanError("the 48-channel Kerong board has an address of 0-31 and 48 channels")

    def _frame_length(self) -> int:
        return 6 if self._buffer[0] == STX else 0

    def _is_sound(self, frame: bytes) -> bool:
        return frame[4] == ETX and sealed(frame[:-1]) == frame

    def _is_for_me(self, frame: bytes) -> bool:
        return frame[1] == self.address

    def _act(self, frame: bytes, now: float) -> tuple[bytes, list[int]]:
        lock, command = frame[2:4]
        if command == UNLOCK_48 and lock < self.channels:
            opened = self._energise([lock + 1], now, self.pulse_ms)
            reply = sealed((STX, self.address, lock, REPLY_48, ETX if self.layout == "etx" else 0))
            return (reply if self.open_reply == "status" else b""), opened
        return (self._status() if command == GET_STATUS_48 else b""), []

    def _status(self) -> bytes:
        status = self._bits(self.feedback, self.open_bit).to_bytes(6, "little")
        data = (*status, ETX) if self.layout == "etx" else (len(status), *status)
        return sealed((STX, self.address, 0, REPLY_48, *data))

    def _as_another(self, reply: bytes) -> bytes:
        return sealed((reply[0], (reply[1] + 1) % 32, *reply[2:-1]))
