"""An OSDP reader on its line: libosdp's peripheral device, with Secure Channel, keys, a light and a buzzer.

It keeps what it read until the panel asks, as real ones do: badges held while nobody listens come out afterwards.
"""

import ctypes
import secrets
from collections import deque
from collections.abc import Mapping
from random import Random
from typing import Any, ClassVar

import osdp
import osdp_sys

from hw.frames.osdp import OsdpFramer, crc16
from simulator.devices import NEVER, Habit

KEYS = "0123456789*#"
BAUD = 9600
HOUSEKEEPING_MS = 50.0
SILENCE_MS = 20.0  # between two frames of the panel
ORDERS_KEPT = 50
_KEY_CODES = {"*": b"\x7f", "#": b"\x0d"}
_CAPABILITIES = osdp.PDCapabilities(
    [
        (osdp.Capability.CardDataFormat, 1, 0),
        (osdp.Capability.LEDControl, 4, 1),
        (osdp.Capability.AudibleControl, 2, 1),
        (osdp.Capability.Readers, 1, 1),
    ]
)
_COLOURS = {0: "off", 1: "red", 2: "green", 3: "amber"}


class _Wire(osdp.Channel):  # type: ignore[misc]  # osdp has no types
    """The reader's end of the line."""

    def __init__(self) -> None:
        super().__init__()
        self.arrived = bytearray()
        self.to_send = bytearray()

    def read(self, max_bytes: int) -> bytes:
        data = bytes(self.arrived[:max_bytes])
        del self.arrived[:max_bytes]
        return data

    def write(self, buf: bytes) -> int:
        self.to_send += buf
        return len(buf)

    def flush(self) -> None:
        self.arrived.clear()


class OsdpReader:
    """The reader at `address`, with its Secure Channel base key of 16 bytes.

    `number` of a badge: `facility-card` (26 bits). `light` is the colour it was last told to show, `beeps` how often it
    beeped; `orders` keeps the last commands, in libosdp's words.
    """

    habits: ClassVar[frozenset[Habit]] = frozenset(
        {
            Habit.DEAD, Habit.MUTE, Habit.LEADING_GARBAGE, Habit.HALF_FRAME, Habit.WRONG_CHECKSUM,
            Habit.OTHER_ADDRESS, Habit.GARBAGE, Habit.REPEATS, Habit.WRONG_KEY,
        }
    )  # fmt: skip
    keys: ClassVar[str] = KEYS

    def __init__(self, address: int, key: bytes, seed: int = 0) -> None:
        self.address = address
        self.orders: deque[Mapping[str, Any]] = deque(maxlen=ORDERS_KEPT)
        self.light = "off"
        self.beeps = 0
        self._habit = Habit.FINE
        self._key = key
        self._random = Random(seed)
        self._waiting: deque[tuple[float, Mapping[str, Any]]] = deque()
        self._next_ms = self._heard_ms = 0.0
        self._framer = OsdpFramer()
        self._boot()

    @property
    def habit(self) -> Habit:
        """How it behaves."""
        return self._habit

    @habit.setter
    def habit(self, habit: Habit) -> None:
        other_key = Habit.WRONG_KEY in (habit, self._habit) and habit is not self._habit
        self._habit = habit
        if other_key:
            self._boot()

    def hold(self, number: str, held_ms: float, now: float) -> None:
        """Somebody holds a badge to the reader. It says so once, unless it repeats."""
        event = _card(number)
        self._waiting.append((now, event))
        if self._habit is Habit.REPEATS:
            self._waiting += [(now + 400.0 * count, event) for count in range(1, int(max(held_ms, 60_000) // 400))]

    def press(self, key: str, now: float) -> None:
        """Somebody presses one key, after the keys pressed before."""
        data = _KEY_CODES.get(key, key.encode("ascii"))
        self._waiting.append((now, {"event": osdp.Event.KeyPress, "reader_no": 0, "data": data}))

    def clear(self) -> None:
        """Everybody walks away."""
        self._waiting.clear()

    def power_off(self, now: float) -> None:  # noqa: ARG002 - a device's signature
        """Its supply is gone, and all that it remembered."""
        self.clear()
        self._boot()

    def due(self) -> float:
        """When it next looks after itself."""
        return NEVER if self._habit is Habit.DEAD else self._next_ms

    def heard(self, byte: int, at: float) -> bytes:
        """Hear one byte; the answer that it completes."""
        if self._habit is Habit.DEAD:
            return b""
        if at - self._heard_ms > SILENCE_MS:
            self._framer = OsdpFramer()
        self._heard_ms = at
        for frame in self._framer.feed(bytes((byte,))):
            self._wire.arrived += frame
            return self._turn(at)
        return b""

    def advance(self, now: float) -> bytes:
        """Notice badges and time-outs. It speaks only when it is asked."""
        if now < self.due():
            return b""
        self._next_ms = now + HOUSEKEEPING_MS
        return self._turn(now)

    def _boot(self) -> None:
        osdp_sys.set_loglevel(osdp.LogLevel.Emergency)
        self._wire = _Wire()
        key = secrets.token_bytes(16) if self._habit is Habit.WRONG_KEY else self._key
        info = osdp.PDInfo(self.address, self._wire, key, flags=[osdp.LibFlag.EnforceSecure])
        self._device = osdp_sys.PeripheralDevice(info.get(), capabilities=_CAPABILITIES.get())
        self._device.set_command_callback(self._ordered)
        self.light = "off"

    def _turn(self, now: float) -> bytes:
        while self._waiting and self._waiting[0][0] <= now:
            self._device.submit_event(self._waiting.popleft()[1])
        self._device.refresh()
        answer = bytes(self._wire.to_send)
        self._wire.to_send.clear()
        return self._spoilt(answer) if answer else b""

    def _ordered(self, order: Mapping[str, Any]) -> tuple[int, None]:
        self.orders.append(order)
        if order["command"] == osdp.Command.LED:
            shown = order["temporary"] and order["control_code"] == 2
            self.light = _COLOURS.get(order["on_color"], "other") if shown else "off"
        elif order["command"] == osdp.Command.Buzzer and order["control_code"] == 2:
            self.beeps += order["rep_count"]
        # libosdp's binding (3.2.9) gives up a reference to the second value that it was only lent.
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(None))
        return 0, None

    def _spoilt(self, answer: bytes) -> bytes:
        match self._habit:
            case Habit.MUTE:
                return b""
            case Habit.LEADING_GARBAGE:
                return self._random.randbytes(3) + answer
            case Habit.HALF_FRAME:
                return answer[: len(answer) // 2]
            case Habit.WRONG_CHECKSUM:
                return answer[:-1] + bytes((answer[-1] ^ 0xFF,))
            case Habit.OTHER_ADDRESS:
                other = answer[:1] + bytes((answer[1] ^ 1,)) + answer[2:-2]
                return other + crc16(other).to_bytes(2, "little")
            case Habit.GARBAGE:
                return self._random.randbytes(len(answer))
        return answer


def _card(number: str) -> Mapping[str, Any]:
    """A card of 26 bits as osdp_RAW says it: left-aligned, even parity over the first 12 bits, odd over the last."""
    facility, card = (int(part) for part in number.split("-"))
    data = f"{facility:08b}{card:016b}"
    bits = str(data[:12].count("1") % 2) + data + str((data[12:].count("1") + 1) % 2)
    return {
        "event": osdp.Event.CardRead,
        "reader_no": 0,
        "direction": 0,
        "format": osdp.CardFormat.Wiegand,
        "length": 26,
        "data": int(bits.ljust(32, "0"), 2).to_bytes(4),
    }
