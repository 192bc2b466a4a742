"""The registers of an MCP23017, sans-IO: which words make its 16 pins into coils, lights and contacts.

Source: Microchip DS20001952, with the registers as they are after a reset (IOCON.BANK = 0). Every register is a pair,
A then B, so that one word writes or reads all pins: bit 0 is A0, bit 15 is B7.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from hw.errors import FrameError

IODIR = 0x00  # 1: the pin is an input
IPOL = 0x02  # 1: it reads inverted
GPINTEN = 0x04  # 1: it interrupts
IOCON = 0x0A
GPPU = 0x0C  # 1: an input's pull-up of 100k is on
GPIO = 0x12  # the levels
OLAT = 0x14  # what the outputs drive
IOCON_OF_BANK_1 = 0x05  # in the other register map; GPINTENB in this one
ADDRESSES = range(0x20, 0x28)
ALL = 0xFFFF
# Revision D of the data sheet: a change on A7 or B7 while it is read corrupts SDA, so they are outputs only.
OUTPUTS_ONLY = ("A7", "B7")


def bit_of(name: str) -> int:
    """The bit of a pin by the name on the board, `A0` to `B7`. Raises FrameError."""
    if len(name) != 2 or name[0] not in "AB" or name[1] not in "01234567":
        raise FrameError(f"an MCP23017 has no pin {name!r}; allowed: A0 to A7 and B0 to B7")
    return "AB".index(name[0]) * 8 + int(name[1])


def word(bits: Iterable[int]) -> int:
    """The word with these bits set."""
    return sum(1 << bit for bit in set(bits))


@dataclass(frozen=True, slots=True)
class Layout:
    """What each pin of one chip is for, by bit. The level of each kind of output is the one that switches it on."""

    locks: tuple[int, ...]
    locks_high: bool = True
    lights: tuple[int, ...] = ()
    lights_high: bool = True
    inputs: tuple[int, ...] = ()

    @property
    def all_off(self) -> int:
        """What the outputs drive with every coil and every light off."""
        return (0 if self.locks_high else word(self.locks)) | (0 if self.lights_high else word(self.lights))

    @property
    def directions(self) -> int:
        """The directions; pins that nothing is wired to stay inputs."""
        return ALL & ~word((*self.locks, *self.lights))

    def with_pin(self, levels: int, bit: int, on: bool) -> int:
        """`levels` with one coil or light switched."""
        high = on == (self.locks_high if bit in self.locks else self.lights_high)
        return levels | 1 << bit if high else levels & ~(1 << bit)

    def setup(self) -> list[tuple[int, int]]:
        """Registers and their words, in the order that lets no output pulse: levels before directions."""
        return [
            (OLAT, self.all_off),
            (IPOL, 0),
            (GPINTEN, 0),
            (GPPU, word(self.inputs)),
            (IODIR, self.directions),
        ]
