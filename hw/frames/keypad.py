"""Keys of a keypad as its reader sends them: Wiegand bursts of 4 or 8 bits, and OSDP's characters."""

from __future__ import annotations

from typing import Literal

Burst = Literal[4, 8]
KEYS = "0123456789*#"  # 10 is `*` and 11 is `#` in every Wiegand burst
_OSDP = {**{ord(key): key for key in KEYS}, 0x7F: "*", 0x0D: "#"}  # 7F clears, 0D enters


def key_of_burst(value: int, bits: int) -> str | None:
    """The key of a burst: 4 bits are its number, 8 bits the same after its inverse (5 is A5). None if it is no key."""
    nibble = value & 0xF
    if bits == 8 and value >> 4 != nibble ^ 0xF:
        return None
    return KEYS[nibble] if bits in (4, 8) and nibble < len(KEYS) else None


def key_of_osdp(character: int) -> str | None:
    """The key of one byte of an osdp_KEYPAD reply, or None if it is no key of ours."""
    return _OSDP.get(character)
