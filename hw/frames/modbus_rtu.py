"""Modbus RTU as the Waveshare relay boards speak it: address, function, fields, CRC-16 (low byte first); 9600 8N1.

Coils and inputs count from 0, channels from 1 as printed on the board. A coil write to 0x0200 + coil is the timed
pulse, in steps of 100 ms; the board ends it by itself and echoes the frame. Source: Waveshare's wiki, Modbus RTU Relay,
protocol V2; the Modbus application protocol V1.1b3 for the rest.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from hw.errors import FrameError
from hw.frames.replies import CoilsReply, OffReply, OpenReply, Refusal, StatusReply
from hw.frames.resync import FrameDecoder, beginnings, one_of
from hw.frames.said import Reading, Said, account, refused, spaced
from hw.frames.verdict import Energises, Forbidden, Harmless, Verdict

READ_COILS, READ_INPUTS, WRITE_COIL = 0x01, 0x02, 0x05
PULSE, SWITCH, EVERY_COIL = 0x02, 0x00, 0xFF
REFUSED = 0x80  # added to the function of a request that the board will not do
MAX_ADDRESS, MAX_CHANNEL = 247, 32
STEP_MS, MAX_STEPS = 100, 10  # a pulse is 100 to 1000 ms
WRITE_BYTES, REFUSAL_BYTES = 8, 5
ILLEGAL_ADDRESS, BUSY = 0x02, 0x06

ModbusReply = StatusReply | CoilsReply | OpenReply | OffReply | Refusal


def _crc_of(byte: int) -> int:
    for _ in range(8):
        byte = byte >> 1 ^ 0xA001 if byte & 1 else byte >> 1
    return byte


_CRC_TABLE = tuple(map(_crc_of, range(256)))


def crc16(data: bytes) -> int:
    """The CRC of these bytes; 0 for a whole sound frame."""
    crc = 0xFFFF
    for byte in data:
        crc = crc >> 8 ^ _CRC_TABLE[(crc ^ byte) & 0xFF]
    return crc


def sealed(*fields: int) -> bytes:
    """A frame: the fields, then their CRC."""
    return bytes(fields) + crc16(bytes(fields)).to_bytes(2, "little")


def pulse_coil(address: int, channel: int, pulse_ms: int) -> bytes:
    """Energise one coil for `pulse_ms`, ended by the board. Raises FrameError."""
    steps, rest = divmod(pulse_ms, STEP_MS)
    if rest or not 1 <= steps <= MAX_STEPS:
        raise FrameError(f"a pulse of {pulse_ms} ms cannot be sent; allowed: 100 to 1000 in steps of {STEP_MS}")
    return sealed(_known(address), WRITE_COIL, PULSE, _coil(channel), 0, steps)


def coil_off(address: int, channel: int) -> bytes:
    """Switch one coil off. Raises FrameError."""
    return sealed(_known(address), WRITE_COIL, SWITCH, _coil(channel), 0, 0)


def all_off(address: int) -> bytes:
    """Switch every coil of the board off. Raises FrameError."""
    return sealed(_known(address), WRITE_COIL, SWITCH, EVERY_COIL, 0, 0)


def read_coils(address: int, count: int) -> bytes:
    """Ask which of the first `count` coils are driven. Raises FrameError."""
    return sealed(_known(address), READ_COILS, 0, 0, 0, _coil(count) + 1)


def read_inputs(address: int, count: int) -> bytes:
    """Ask for the first `count` inputs. Raises FrameError."""
    return sealed(_known(address), READ_INPUTS, 0, 0, 0, _coil(count) + 1)


def read_reply_bytes(count: int) -> int:
    """The length of the reply that tells of `count` coils or inputs."""
    return 5 + (count + 7) // 8


def _known(address: int) -> int:
    if not 1 <= address <= MAX_ADDRESS:
        raise FrameError(f"address {address} is no board's; allowed: 1 to {MAX_ADDRESS}")
    return address


def _coil(channel: int) -> int:
    if not 1 <= channel <= MAX_CHANNEL:
        raise FrameError(f"channel {channel} does not exist; allowed: 1 to {MAX_CHANNEL}")
    return channel - 1


def classify(frame: bytes) -> Verdict:
    """What these outgoing bytes would do at the boards. Anything that is not exactly one known frame is forbidden."""
    if len(frame) != WRITE_BYTES or crc16(frame) != 0 or not 1 <= frame[0] <= MAX_ADDRESS:
        return Forbidden("it is not one whole frame to one board")
    address, function, high, low, value_high, value_low = frame[:6]
    if function in (READ_COILS, READ_INPUTS):
        return Harmless()
    if function != WRITE_COIL:
        return Forbidden("only single coils are ever written: anything else may hold a coil or change the board")
    if high == SWITCH and (value_high, value_low) == (0, 0) and (low < MAX_CHANNEL or low == EVERY_COIL):
        return Harmless()
    if high != PULSE or low >= MAX_CHANNEL:
        return Forbidden(_write_said(frame)[2] or "it is no coil of one lock")
    if value_high or not 1 <= value_low <= MAX_STEPS:
        return Forbidden(f"its time is not {STEP_MS} to {MAX_STEPS * STEP_MS} ms")
    return Energises(address, low + 1, value_low * STEP_MS)


class ModbusDecoder(FrameDecoder[ModbusReply]):
    """Bytes from one line in, replies out; the same replies however the bytes are cut.

    The echo of a timed pulse is the board's word that it acted, and cannot be told from an adapter that hears itself.
    """

    def __init__(self, addresses: Iterable[int]) -> None:
        super().__init__(beginnings(_shapes(one_of(addresses))), _whole_length, _reply)


def _shapes(addresses: bytes) -> Iterable[list[bytes]]:
    """Whole replies, their CRC unseen; those first that come most."""
    crc = [b".", b"."]
    for count in range(1, MAX_CHANNEL // 8 + 1):
        yield [addresses, one_of([READ_COILS, READ_INPUTS]), one_of([count]), *[b"."] * count, *crc]
    coils = one_of(range(MAX_CHANNEL))
    write = [addresses, one_of([WRITE_COIL])]
    yield [*write, one_of([PULSE]), coils, one_of([0]), one_of(range(1, MAX_STEPS + 1)), *crc]
    yield [*write, one_of([SWITCH]), one_of([*range(MAX_CHANNEL), EVERY_COIL]), one_of([0]), one_of([0]), *crc]
    functions = one_of(REFUSED | function for function in (READ_COILS, READ_INPUTS, WRITE_COIL))
    yield [addresses, functions, one_of(range(1, 12)), *crc]


def _whole_length(begun: bytes) -> tuple[int]:
    if len(begun) < 3 or begun[1] & REFUSED:
        return (REFUSAL_BYTES,)
    return (WRITE_BYTES if begun[1] == WRITE_COIL else 5 + begun[2],)


def _reply(frame: bytes) -> ModbusReply | None:
    if crc16(frame) != 0:
        return None
    address, function = frame[:2]
    if function & REFUSED:
        return Refusal(address, frame[2])
    if function == READ_INPUTS:
        return StatusReply(address, frame[3:-2])
    if function == READ_COILS:
        return CoilsReply(address, frame[3:-2])
    if frame[2] == PULSE:
        return OpenReply(address, frame[3] + 1)
    return OffReply(address, None if frame[3] == EVERY_COIL else frame[3] + 1)


# For people with a bus monitor

ACTIONS: Mapping[str, str] = {
    "open": "pulse one relay for --ms (100 to 1000 in steps of 100; 300 if not given), ended by the board",
    "status": "ask for the first eight inputs",
    "coils": "ask which of the first eight relays are driven",
    "off": "switch one relay off",
    "all_off": "switch every relay of the board off",
}
_HOLDS = "it holds a coil until it is told otherwise: coils burn so"
_EVERY = "it works every relay of the board"
_WRITES: Mapping[tuple[int, int], tuple[str, str | None]] = {
    (SWITCH, 0xFF00): ("on", _HOLDS),
    (SWITCH, 0x0000): ("off", None),
    (SWITCH, 0x5500): ("flip", _HOLDS),
}
_MEANINGS = {1: "unknown function", 2: "unknown address", 3: "unknown value", 4: "device failure", BUSY: "busy"}
_READS: Mapping[int, str] = {READ_COILS: "coils", READ_INPUTS: "inputs", 0x03: "registers"}
_SETS: Mapping[int, tuple[str, str]] = {
    0x06: ("set_register", "it changes the board's settings"),
    0x0F: ("set_coils", _HOLDS),
    0x10: ("set_registers", "it changes the board's settings"),
}


def explain(data: bytes) -> list[Said]:
    """What a capture of the line says, both directions. Channels count from 1, `coil` and `first` from 0."""
    return account(data, _sound, _broken)


def compose(action: str, address: int | None, channel: int | None, ms: int | None) -> bytes:
    """The frame of an action; address 1 if none is given. Raises FrameError.

    Channel 0, which only a vendor's sheet knows, can mean nothing but the wire's coil 0: it is taken for channel 1.
    """
    address = 1 if address is None else address
    channel = 1 if channel == 0 else channel
    if ms is not None and action != "open":
        raise FrameError("only a pulse has a time: leave --ms out")
    if action in ("open", "off"):
        if channel is None:
            raise FrameError(f"say which channel; allowed: 1 to {MAX_CHANNEL}")
        return (
            coil_off(address, channel) if action == "off" else pulse_coil(address, channel, 300 if ms is None else ms)
        )
    if channel is not None:
        raise FrameError("this frame speaks of all channels: leave --channel out")
    if action == "all_off":
        return all_off(address)
    return read_coils(address, 8) if action == "coils" else read_inputs(address, 8)


def _sound(data: bytes) -> Reading | None:
    for length in _lengths(data):
        frame = data[:length]
        said = _meaning(frame) if len(frame) == length and crc16(frame) == 0 else None
        if said is not None:
            return length, said
    return None


def _broken(data: bytes) -> Reading | None:
    """What has the shape of a frame but not its CRC, or ends with the capture."""
    lengths = _lengths(data) if data[0] <= MAX_ADDRESS else ()
    for length in lengths:
        frame = data[:length]
        if len(frame) == length and _meaning(frame) is not None:
            right = spaced(crc16(frame[:-2]).to_bytes(2, "little"))
            return length, refused(frame, f"the CRC says {spaced(frame[-2:])}, the bytes make {right}")
    if lengths and len(data) < WRITE_BYTES:
        return len(data), refused(data, "cut short: no such frame ends here")
    return None


def _lengths(data: bytes) -> tuple[int, ...]:
    """How long a frame that begins so can be."""
    if len(data) < 2:
        return ()
    function = data[1]
    if function & ~REFUSED in (*_READS, WRITE_COIL, *_SETS) and function & REFUSED:
        return (REFUSAL_BYTES,)
    if function in _READS:
        return (8, 5 + data[2]) if len(data) > 2 and data[2] else (8,)
    if function in (0x0F, 0x10):
        return (8, 9 + data[6]) if len(data) > 6 else (8,)
    return (8,) if function in (WRITE_COIL, 0x06) else ()


def _meaning(frame: bytes) -> Said | None:
    """What a frame says, its CRC unseen; None where it has not the shape of one."""
    address, function = frame[:2]
    if function & REFUSED:
        detail: dict[str, object] = {"address": address, "function": function & ~REFUSED, "direction": "reply"}
        meaning = _MEANINGS.get(frame[2], "other reason")
        return Said("refusal", frame[2], spaced(frame), detail | {"meaning": meaning}) if frame[2] else None
    if function in _READS:
        return _read(frame)
    if function == WRITE_COIL:
        kind, value, forbidden = _write_said(frame)
        detail = {"address": address, "coil": frame[3], "direction": "request, or the identical reply"}
        if frame[2] in (PULSE, 0x04):
            detail["ms"] = int.from_bytes(frame[4:6], "big") * STEP_MS
        return Said(kind, value, spaced(frame), detail, forbidden=_to_all(address) or forbidden)
    kind, forbidden = _SETS[function]
    detail = {"address": address, "direction": "request, or its reply" if len(frame) == 8 else "request"}
    return Said(kind, int.from_bytes(frame[2:4], "big"), spaced(frame), detail, forbidden=forbidden)


def _read(frame: bytes) -> Said | None:
    address, function = frame[:2]
    first, count = int.from_bytes(frame[2:4], "big"), int.from_bytes(frame[4:6], "big")
    if len(frame) == 8 and 1 <= count <= 2000:
        detail = {"address": address, "first": first, "count": count, "direction": "request"}
        return Said("query", _READS[function], spaced(frame), detail)
    if len(frame) != 5 + frame[2] or not frame[2]:
        return None
    values = frame[3:-2]
    detail = {"address": address, "bytes": spaced(values), "direction": "reply"}
    if function == 0x03:
        return Said("registers", list(values), spaced(frame), detail)
    bits = int.from_bytes(values, "little")
    on = [channel for channel in range(1, len(values) * 8 + 1) if bits >> (channel - 1) & 1]
    return Said("status" if function == READ_INPUTS else "coils", on, spaced(frame), detail)


def _write_said(frame: bytes) -> tuple[str, object, str | None]:
    """Kind, channel and what forbids it, of a single coil write."""
    high, low, value = frame[2], frame[3], int.from_bytes(frame[4:6], "big")
    channel: object = "all" if low == EVERY_COIL else low + 1
    if high == PULSE:
        too_long = None if 1 <= value <= MAX_STEPS else "a pulse is 100 to 1000 ms"
        return "open", channel, _EVERY if low == EVERY_COIL else too_long
    if high == 0x04:
        return "off_for_a_time", channel, "it leaves the coil on when its time is over: coils burn so"
    if (high, low) == (0x01, EVERY_COIL):
        return "flip_all", channel, _EVERY
    kind, forbidden = _WRITES.get((high, value), ("write_coil", "it is no order that these boards know"))
    if low == EVERY_COIL and kind != "write_coil":
        return f"{kind}_all" if kind != "off" else "all_off", channel, forbidden and _EVERY
    return kind, channel, forbidden


def _to_all(address: int) -> str | None:
    return None if address else "address 0 speaks to every board of the line"
