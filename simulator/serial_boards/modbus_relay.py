"""A Waveshare-type Modbus RTU relay board with inputs; bytes and times in, bytes out.

Written from the published frames, not from the driver: 9600 8N1, CRC-16/Modbus, frames told apart by 3.5 characters of
silence. Protocol V2 of Waveshare's wiki; exception codes of the Modbus application protocol.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Literal

from simulator.devices import NEVER, Unlock
from simulator.errors import InvalidPlanError
from simulator.serial_boards.timed_board import TimedBoard

STEP_MS = 100.0
SILENCE_MS = 3.5 * 10_000 / 9600
READ_COILS, READ_INPUTS, WRITE_COIL, WRITE_REGISTER, WRITE_COILS = 0x01, 0x02, 0x05, 0x06, 0x0F
ON, OFF, FLIP = 0xFF00, 0x0000, 0x5500
EVERY = 0xFF
UNKNOWN_FUNCTION, UNKNOWN_ADDRESS, UNKNOWN_VALUE, BUSY = 1, 2, 3, 6
LONGEST = 256


def crc16(data: Iterable[int]) -> int:
    """CRC-16/Modbus, bit by bit."""
    crc = 0xFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ 0xA001 if crc & 1 else crc >> 1
    return crc


def sealed(fields: Iterable[int]) -> bytes:
    """The frame of these fields: its bytes and their CRC."""
    frame = bytes(fields)
    return frame + crc16(frame).to_bytes(2, "little")


@dataclass(slots=True)
class ModbusRelay(TimedBoard):
    """One board. `doors[0]` is the input of channel 1's contact, `latches[0]` of its second one; none of them: input n.

    `open_bit`: how an open contact reads (wired normally closed: 0). `timer`: False for a look-alike whose timed pulse
    never ends. `knows_all_off`: False for one that refuses the off for all coils. `stuck`: coils that stay on.
    """

    doors: tuple[int, ...] = ()
    latch: Callable[[int], bool] | None = None
    latches: tuple[int, ...] = ()
    inputs: int = 8
    open_bit: Literal[0, 1] = 0
    timer: bool = True
    knows_all_off: bool = True
    stuck: set[int] = field(default_factory=set)
    _last_at: float = field(default=-NEVER, init=False)
    _deaf: bool = field(default=False, init=False)

    def __post_init__(self) -> None:
        if self.address not in range(1, 248) or self.channels not in range(1, 33) or self.inputs not in range(33):
            raise InvalidPlanError("a Modbus relay board has an address of 1-247, 1-32 channels and 0-32 inputs")
        self.doors = self.doors or tuple(range(1, min(self.channels, self.inputs) + 1))

    def byte(self, value: int, at: float) -> tuple[bytes, list[Unlock]]:
        """Hear one byte; a frame is what came since the last silence, and nothing may follow it without one."""
        if at - self._last_at > SILENCE_MS:
            self._drop(len(self._buffer))
            self._deaf = False
        self._last_at = at
        return (b"", []) if self._deaf else TimedBoard.byte(self, value, at)

    def power_off(self, now: float) -> None:
        """All coils drop, a stuck one too: there is nothing left to drive it."""
        stuck, self.stuck = self.stuck, set()
        TimedBoard.power_off(self, now)
        self.stuck = stuck

    def _take_frame(self) -> tuple[bytes, float] | None:
        length = self._frame_length()
        if not self._buffer or length > len(self._buffer):
            return None
        frame, first_at = bytes(self._buffer[:length]), self._first_at[0]
        self._drop(len(self._buffer))
        self._deaf = True
        return (frame, first_at) if length and self._is_sound(frame) else None

    def _frame_length(self) -> int:
        if len(self._buffer) > 6 and self._buffer[1] == WRITE_COILS:
            return min(9 + self._buffer[6], LONGEST)
        return 8

    def _is_sound(self, frame: bytes) -> bool:
        return crc16(frame) == 0

    def _is_for_me(self, frame: bytes) -> bool:
        return frame[0] in (self.address, 0)

    def _act(self, frame: bytes, now: float) -> tuple[bytes, list[int]]:
        function, first, value = frame[1], int.from_bytes(frame[2:4], "big"), int.from_bytes(frame[4:6], "big")
        if function == READ_COILS:
            return self._read(function, first, value, self.channels, self._driven), []
        if function == READ_INPUTS and self.inputs:
            return self._read(function, first, value, self.inputs, self._input_bits), []
        if function == WRITE_COIL:
            answer, opened = self._write(frame, first, value, now)
            return (answer if frame[0] else b""), opened
        if function in (WRITE_REGISTER, WRITE_COILS):  # a driver that sends these is seen: they do as they say
            on = int.from_bytes(frame[7:-2], "little") if function == WRITE_COILS else 0
            wanted = [channel for channel in range(1, self.channels + 1) if on >> channel - 1 & 1]
            return sealed(frame[:6]), self._energise(wanted, now, NEVER)
        return self._refuse(function, UNKNOWN_FUNCTION), []

    def _read(self, function: int, first: int, count: int, there: int, bits: Callable[[], int]) -> bytes:
        if first + count > there:
            return self._refuse(function, UNKNOWN_ADDRESS)
        if not count:
            return self._refuse(function, UNKNOWN_VALUE)
        wanted = bits() >> first & (1 << count) - 1
        size = (count + 7) // 8
        return sealed((self.address, function, size, *wanted.to_bytes(size, "little")))

    def _write(self, frame: bytes, coil: int, value: int, now: float) -> tuple[bytes, list[int]]:
        order, low = coil >> 8, coil & 0xFF
        channels = list(range(1, self.channels + 1)) if low == EVERY else [low + 1]
        if channels[0] > self.channels or (low == EVERY and value == OFF and order == 0 and not self.knows_all_off):
            return self._refuse(WRITE_COIL, UNKNOWN_ADDRESS), []
        if order == 0x02:
            return frame, self._energise(channels, now, value * STEP_MS if self.timer else NEVER)
        if order == 0x00 and value in (ON, FLIP):
            return frame, self._energise([each for each in channels if each not in self._off_at], now, NEVER)
        if order == 0x00 and value == OFF:
            for channel in channels:
                self._switch_off(channel, now)
            return frame, []
        return self._refuse(WRITE_COIL, UNKNOWN_VALUE), []

    def _switch_off(self, channel: int, at: float) -> None:
        if channel in self.stuck and channel in self._off_at:
            self._off_at[channel] = NEVER
        else:
            TimedBoard._switch_off(self, channel, at)

    def _driven(self) -> int:
        return sum(1 << channel - 1 for channel in self._off_at)

    def _input_bits(self) -> int:
        bits = 0
        for contacts, reads_open in ((self.doors, self.feedback), (self.latches, self.latch)):
            if reads_open is not None:
                for channel, number in enumerate(contacts, start=1):
                    bits |= (self.open_bit if reads_open(channel) else 1 - self.open_bit) << number - 1
        return bits

    def _refuse(self, function: int, code: int) -> bytes:
        return sealed((self.address, 0x80 | function, code))

    def _busy(self, frame: bytes) -> bytes:
        return self._refuse(frame[1], BUSY)

    def _as_another(self, reply: bytes) -> bytes:
        return sealed((reply[0] % 247 + 1, *reply[1:-2]))
