"""Wiegand frames of 26, 34 and 37 bits and keypad bursts: edges of D0 and D1 in, badge numbers and keys out.

Source: SIA AC-01 (pulses, silence, the 26-bit format); the 34- and 37-bit layouts as their makers publish them. Bits
are counted from 1, in the order in which they are sent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Literal

import msgspec

from hw.errors import FrameError
from hw.frames.keypad import Burst, key_of_burst
from hw.frames.said import Said

SILENCE_US = 25_000  # a frame ends after this long without a pulse; pulses come every 0.2 to 20 ms
LONGEST = 64  # bits; what goes on is noise
ENDLESS = 4 * LONGEST  # noise that pauses for no silence is told in pieces of about this many bits

Bit = Annotated[int, msgspec.Meta(ge=1, le=LONGEST)]
Span = Annotated[tuple[Bit, Bit], msgspec.Meta(description="[first, last], bits counted from 1")]
Check = Annotated[
    tuple[Bit, Bit, Bit], msgspec.Meta(description="[parity bit, first, last] of the bits that it covers, from 1")
]
Bits = Literal[26, 34, 37]


class Layout(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where the numbers and the parity bits stand in a frame of `bits` bits.

    The badge's number is `facility-card`, or the card's alone without a facility, both in decimal.
    """

    bits: Bits
    card: Span
    facility: Span | None = None
    even: Check | None = None
    odd: Check | None = None

    def __post_init__(self) -> None:
        if self.bits == 26 and self.facility is None:
            raise ValueError("facility: a 26-bit badge number has one, such as [2, 9]")
        if self.bits == 34 and self.facility is not None:
            raise ValueError("facility: a 34-bit badge number has none: let card cover all its bits")
        for name in ("card", "facility", "even", "odd"):
            places: tuple[int, ...] = getattr(self, name) or ()
            if places and (max(places) > self.bits or places[-2] > places[-1]):
                raise ValueError(f"{name}: from the first bit to the last, within 1 to {self.bits}")

    @property
    def technology(self) -> str:
        """The technology in the badge's canonical number."""
        return f"wiegand{self.bits}"


# 26 bits: SIA AC-01. 34: one number of 32 bits. 37: facility of 16 bits and card of 19 (H10304).
LAYOUTS: Mapping[int, Layout] = {
    26: Layout(26, card=(10, 25), facility=(2, 9), even=(1, 2, 13), odd=(26, 14, 25)),
    34: Layout(34, card=(2, 33), even=(1, 2, 17), odd=(34, 18, 33)),
    37: Layout(37, card=(18, 36), facility=(2, 17), even=(1, 2, 19), odd=(37, 19, 36)),
}


@dataclass(frozen=True, slots=True)
class Badge:
    """A frame of a known length whose parity holds."""

    technology: str
    number: str = field(repr=False)  # no traceback or log may show it


@dataclass(frozen=True, slots=True)
class Key:
    """A key of the reader's keypad."""

    key: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Refused:
    """A frame of no known length, or with wrong parity. `swapped`: it would be sound with D0 and D1 exchanged."""

    why: Literal["length", "parity", "key"]
    bits: int
    swapped: bool = False


Frame = Badge | Key | Refused


class WiegandCodec:
    """Judges whole frames, given as the number that their bits make, the first bit sent on top."""

    def __init__(self, layouts: Sequence[Layout], keypad: Burst | None = None) -> None:
        self._layouts: dict[int, _Places] = {layout.bits: _Places(layout) for layout in layouts}
        self._keypad = keypad

    def judge(self, value: int, bits: int) -> Frame:
        """What a frame of `bits` bits says."""
        if bits == self._keypad:
            key = key_of_burst(value, bits)
            return Refused("key", bits) if key is None else Key(key)
        places = self._layouts.get(bits)
        if places is None:
            return Refused("length", bits)
        if places.parity_holds(value):
            return Badge(places.technology, places.number(value))
        return Refused("parity", bits, swapped=places.parity_holds(value ^ (1 << bits) - 1))


class _Places:
    """A layout made ready for quick reading."""

    def __init__(self, layout: Layout) -> None:
        self.technology = layout.technology
        self._bits = layout.bits
        self._even, self._odd = self._covered(layout.even), self._covered(layout.odd)
        self._card, self._facility = self._field(layout.card), self._field(layout.facility)

    def _field(self, span: tuple[int, int] | None) -> tuple[int, int] | None:
        """How far to shift a field down, and the mask of what then remains."""
        return None if span is None else (self._bits - span[1], (1 << span[1] - span[0] + 1) - 1)

    def _covered(self, check: tuple[int, int, int] | None) -> int | None:
        """The mask of a parity bit and all that it covers."""
        if check is None:
            return None
        mask = 0
        for bit in (check[0], *range(check[1], check[2] + 1)):
            mask |= 1 << self._bits - bit
        return mask

    def parity_holds(self, value: int) -> bool:
        even_holds = self._even is None or (value & self._even).bit_count() % 2 == 0
        return even_holds and (self._odd is None or (value & self._odd).bit_count() % 2 == 1)

    def number(self, value: int) -> str:
        fields = [each for each in (self._facility, self._card) if each is not None]
        return "-".join(str(value >> shift & mask) for shift, mask in fields)


class WiegandDecoder:
    """Edges with their times in, frames out. Edges of the two lines may come a little out of order.

    `refused` counts the frames that were none. Times are microseconds of whatever clock the edges carry.
    """

    def __init__(self, codec: WiegandCodec) -> None:
        self._codec = codec
        self._edges: list[tuple[int, int]] = []
        self._last_us = 0
        self._count = 0
        self.refused = 0

    @property
    def is_idle(self) -> bool:
        """Whether no frame is under way."""
        return not self._count

    def edge(self, line: int, at_us: int) -> Frame | None:
        """A pulse on D0 (0) or D1 (1); the frame before it, if a silence shows that it had ended, or endless noise."""
        ended = self.silence() if self._count and at_us - self._last_us > SILENCE_US else None
        self._last_us = max(at_us, self._last_us) if self._count else at_us
        self._count += 1
        if self._count <= LONGEST:
            self._edges.append((at_us, line))
        elif self._count == ENDLESS:
            ended, self._count = self.silence(), LONGEST + 1  # whatever is left of it is no frame either
        return ended

    @property
    def looks_whole(self) -> bool:
        """Whether the frame under way would be sound if it ended now."""
        return isinstance(self._judged(), Badge | Key)

    def silence(self) -> Frame | None:
        """The lines have been quiet for 25 ms: the frame that was under way."""
        said = self._judged()
        self._count, self._edges = 0, []
        self.refused += isinstance(said, Refused)
        return said

    def _judged(self) -> Frame | None:
        if not self._count:
            return None
        if self._count > LONGEST:
            return Refused("length", self._count)
        value = 0
        for _, line in sorted(self._edges, key=lambda edge: edge[0]):
            value = value << 1 | line
        return self._codec.judge(value, self._count)

    def lost(self) -> None:
        """Edges were lost: the frame under way is not to be believed."""
        self.refused += bool(self._count)
        self._count, self._edges = 0, []


ACTIONS: Mapping[str, str] = {}


def explain_bits(bits: str) -> list[Said]:
    """What one frame says, its bits written as 0 and 1."""
    if len(bits) in (4, 8):
        key = key_of_burst(int(bits, 2), len(bits))
        if key is None:
            return [Said("refused", None, bits, {"bits": len(bits)}, error="no key of a keypad sends these bits")]
        return [Said("key", key, bits, {"bits": len(bits)})]
    layout = LAYOUTS.get(len(bits))
    if layout is None:
        allowed = "26, 34 or 37 for a badge, 4 or 8 for a key"
        return [Said("refused", None, bits, {"bits": len(bits)}, error=f"{len(bits)} bits; allowed: {allowed}")]
    return [_explained(bits, layout)]


def _explained(bits: str, layout: Layout) -> Said:
    detail: dict[str, object] = {"bits": len(bits), "technology": layout.technology}
    said = WiegandCodec([layout]).judge(int(bits, 2), len(bits))
    if isinstance(said, Badge):
        if layout.facility is not None:
            detail["facility"] = int(_part(bits, layout.facility), 2)
        detail |= {"card": int(_part(bits, layout.card), 2), "undivided": int(bits[1:-1], 2), "parity": "ok"}
        return Said("badge", said.number, bits, detail)
    detail["parity"] = "wrong"
    error = "a parity bit is wrong"
    if isinstance(said, Refused) and said.swapped:
        detail["swapped"] = True
        error += "; with D0 and D1 exchanged the frame would be sound: look at the two wires"
    return Said("refused", None, bits, detail, error=error)


def _part(bits: str, span: tuple[int, int]) -> str:
    return bits[span[0] - 1 : span[1]]


def compose(action: str, address: int | None, channel: int | None, ms: int | None) -> bytes:  # noqa: ARG001 - ACTIONS
    """Raises FrameError: there is nothing that such a reader is sent."""
    raise FrameError("nothing is sent to a Wiegand reader: it only speaks")
