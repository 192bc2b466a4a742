"""A reader that types badge numbers like a USB keyboard, Enter at the end: key codes in, numbers out.

Codes: linux/input-event-codes.h. The reader must be set to a US keyboard, as most come.
"""

from __future__ import annotations

from typing import Literal

Characters = Literal["digits", "hex"]
SHORTEST, LONGEST = 4, 64  # characters; less is somebody's finger, more is no badge
GAP_MS = 500  # a reader types without a pause: what was begun before one is not the same number

ENTERS = frozenset({28, 96})  # KEY_ENTER, KEY_KPENTER
_SILENT = frozenset({29, 42, 54, 58, 69})  # control, both shifts, caps lock, num lock: they type nothing
_DIGITS = dict(zip(range(2, 12), "1234567890", strict=True)) | dict(
    zip((82, 79, 80, 81, 75, 76, 77, 71, 72, 73), "0123456789", strict=True)  # the numeric pad
)
_LETTERS = {30: "A", 48: "B", 46: "C", 32: "D", 18: "E", 33: "F"}
_KEYS = {"digits": _DIGITS, "hex": _DIGITS | _LETTERS}


class KeyboardDecoder:
    """Keys pressed in, badge numbers out: upper case, of `length` characters where that is given.

    `refused` counts the numbers that were none: another character, another length, a pause in the middle.
    """

    def __init__(self, characters: Characters, length: int | None = None) -> None:
        self._keys = _KEYS[characters]
        self._length = length
        self._typed = ""
        self._begun = self._spoilt = False
        self._last_ms = 0
        self.refused = 0

    def press(self, code: int, at_ms: int) -> str | None:
        """One key went down. The number that it ends, if it does."""
        if code in _SILENT:
            return None
        if at_ms - self._last_ms > GAP_MS:
            self.refused += self._begun
            self._forget()
        self._last_ms = at_ms
        if code in ENTERS:
            return self._end()
        self._begun = True
        character = self._keys.get(code)
        if character is None or len(self._typed) >= LONGEST:
            self._spoilt = True
        else:
            self._typed += character
        return None

    def lost(self, at_ms: int) -> None:
        """Keys were lost: what goes on now without a pause is not to be believed."""
        self._spoilt = True
        self._last_ms = at_ms

    def _end(self) -> str | None:
        number, spoilt, begun = self._typed, self._spoilt, self._begun
        self._forget()
        wanted = len(number) == self._length if self._length is not None else len(number) >= SHORTEST
        if wanted and not spoilt:
            return number
        self.refused += begun  # some readers end with two Enters
        return None

    def _forget(self) -> None:
        self._typed = ""
        self._begun = self._spoilt = False
