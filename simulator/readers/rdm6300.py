"""The frame of an RDM6300 (125 kHz, 9600 8N1): 02, ten hex digits, two of checksum, 03; repeated while held."""

from functools import reduce
from operator import xor

REPEAT_MS = 65.0


def frame(number: str) -> bytes:
    """The 14 bytes for a badge number of ten hex digits; the checksum is the XOR of its five bytes."""
    checksum = reduce(xor, bytes.fromhex(number))
    return b"\x02" + number.upper().encode("ascii") + f"{checksum:02X}".encode("ascii") + b"\x03"
