"""Debounced door contacts of a board that is sampled: a change counts when it is seen again 30 ms later."""

from __future__ import annotations

DEBOUNCE_MS = 30  # reeds bounce for 0.5 to 1 ms


class Contacts:
    """The states of channels 1 to `channels`, as bits of one number: bit 0 is channel 1, 1 means open."""

    def __init__(self, channels: int) -> None:
        self._all = (1 << channels) - 1
        self._known = 0  # channels whose state is known
        self._open = 0
        self._changing: dict[int, int] = {}  # channel -> when it first looked changed

    @property
    def unsettled(self) -> bool:
        """Whether another look is needed."""
        return bool(self._changing)

    def sample(self, opened: int, now_ms: int) -> list[tuple[int, bool]]:
        """All channels as seen now. Returns (channel, open) for each that is new or has changed for good."""
        if self._known == self._all and opened == self._open and not self._changing:
            return []
        seen = ((channel, bool(opened >> (channel - 1) & 1)) for channel in range(1, self._all.bit_length() + 1))
        return [(channel, is_open) for channel, is_open in seen if self.sample_one(channel, is_open, now_ms)]

    def sample_one(self, channel: int, is_open: bool, now_ms: int) -> bool:
        """One channel as seen now. True if its state is new or has changed for good."""
        bit = 1 << (channel - 1)
        if not self._known & bit:
            self._known |= bit
            self._open |= bit if is_open else 0
            return True
        if bool(self._open & bit) == is_open:
            self._changing.pop(channel, None)
            return False
        if now_ms - self._changing.setdefault(channel, now_ms) < DEBOUNCE_MS:
            return False
        del self._changing[channel]
        self._open ^= bit
        return True
