"""How fast each codec reads valid frames, and skips what is none, in this process: no line may starve the loop."""

import random
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from statistics import median
from typing import NamedTuple, Protocol

from hw.frames import kerong_cu, modbus_rtu, osdp, pn532, wiegand, xor_board
from hw.frames.keyboard_wedge import KeyboardDecoder
from hw.frames.rdm6300 import Rdm6300Decoder
from simulator.readers import id20la, rdm6300
from tests.bench.figures import Figure
from tests.bench.site import badge_number

FRAMES = 2_000
NOISE_BYTES = 200_000
REPEATS = 5
CHUNK = 64  # a serial port gives a few frames at a time


class Feeding(Protocol):
    """A decoder of a stream of bytes."""

    def feed(self, data: bytes) -> list[object]: ...


class Work(NamedTuple):
    """One codec at work: `read` finds the frames in `FRAMES` sound ones; `skip` passes over `NOISE_BYTES` of garbage.

    Edges and keys are no bytes: those codecs have no `skip`.
    """

    read: Callable[[], int]
    skip: Callable[[], int] | None = None


def measure(_folder: Path, say: Callable[[str], None]) -> Iterator[Figure]:
    """Medians over a few repetitions."""
    say("codecs")
    for name, work in CODECS.items():
        yield Figure(f"{name}_frames_per_s", FRAMES / _seconds(work.read, FRAMES))
        if work.skip is not None:
            yield Figure(f"{name}_garbage_mb_per_s", NOISE_BYTES / 1e6 / _seconds(work.skip, 0))


def _seconds(work: Callable[[], int], least: int) -> float:
    times = []
    for _ in range(REPEATS):
        began = time.perf_counter()
        found = work()
        times.append(time.perf_counter() - began)
        if found < least:
            raise RuntimeError(f"only {found} of {least} frames were decoded")
    return median(times)


def _bytes(decoder: Callable[[], Feeding], frames: Iterable[bytes]) -> Work:
    stream, noise = b"".join(frames), random.Random(3).randbytes(NOISE_BYTES)

    def fed(data: bytes) -> int:
        reader = decoder()
        return sum(len(reader.feed(data[at : at + CHUNK])) for at in range(0, len(data), CHUNK))

    return Work(lambda: fed(stream), lambda: fed(noise))


def _wiegand() -> Work:
    """Bits as the edges of two lines, 1 ms apart."""
    frames = [_with_parity(at * 7919 % (1 << 24)) for at in range(FRAMES)]
    edges = [[(frame >> 25 - bit & 1, bit * 1000) for bit in range(26)] for frame in frames]

    def seen() -> int:
        decoder, found = wiegand.WiegandDecoder(wiegand.WiegandCodec(list(wiegand.LAYOUTS.values()))), 0
        for frame in edges:
            for line, at_us in frame:
                decoder.edge(line, at_us)
            found += isinstance(decoder.silence(), wiegand.Badge)
        return found

    return Work(seen)


def _with_parity(value: int) -> int:
    even, odd = (value >> 12).bit_count() % 2, 1 - (value & 0xFFF).bit_count() % 2
    return even << 25 | value << 1 | odd


def _keyboard() -> Work:
    """Key codes as the kernel gives them: ten digits and Enter."""
    keys = [*range(2, 12), 28] * FRAMES

    def typed() -> int:
        decoder = KeyboardDecoder("hex")
        return sum(decoder.press(key, 0) is not None for key in keys)

    return Work(typed)


def _seeds() -> Iterator[tuple[int, int]]:
    return ((at, at % 256) for at in range(FRAMES))


CODECS = {
    "rdm6300": _bytes(Rdm6300Decoder, (rdm6300.frame(badge_number(at)) for at, _ in _seeds())),
    "id12la": _bytes(Rdm6300Decoder, (id20la.frame(badge_number(at)) for at, _ in _seeds())),
    "xor_board": _bytes(
        lambda: xor_board.XorBoardDecoder({1: 3, 2: 3, 3: 3}),
        (xor_board.sealed(0x80, at % 3 + 1, byte, 0, 7, 0x33) for at, byte in _seeds()),
    ),
    "kerong_cu": _bytes(
        lambda: kerong_cu.CuDecoder([0, 1, 2, 3]),
        (kerong_cu.sealed(2, at % 4 << 4, 0x35, byte, 0xFF, 0, 0, 3) for at, byte in _seeds()),
    ),
    "kerong_cu_48": _bytes(
        lambda: kerong_cu.Cu48Decoder({0: "etx", 1: "etx"}),
        (kerong_cu.sealed(2, at % 2, 0, 0x75, byte, 1, 2, 3, 4, 5, 3) for at, byte in _seeds()),
    ),
    "modbus_relay": _bytes(
        lambda: modbus_rtu.ModbusDecoder([1, 2]),
        (modbus_rtu.sealed(at % 2 + 1, 2, 4, byte, 1, 2, 3) for at, byte in _seeds()),
    ),
    "pn532": _bytes(
        pn532.Pn532Decoder,
        (
            pn532.information(pn532.FROM_READER, pn532.LIST + 1, bytes((1, 1, 0, 4, 8, 4, byte, 1, 2, 3)))
            for _, byte in _seeds()
        ),
    ),
    "osdp": _bytes(osdp.OsdpFramer, (osdp.command(at % 8, 0x60, bytes((byte,))) for at, byte in _seeds())),
    "wiegand": _wiegand(),
    "keyboard_wedge": _keyboard(),
}
FIGURES = tuple(
    f"{name}_{what}"
    for name, work in CODECS.items()
    for what in ("frames_per_s", *(("garbage_mb_per_s",) if work.skip else ()))
)
