"""A PN532 on its serial port (115200 8N1) and the cards in its field, faults included; bytes and times in, bytes out.

Written from NXP UM0701-02, not from the driver: asleep until woken, silent until SAMConfiguration, an ACK before each
reply, and a look for a card that lasts until there is one or the host ends it with an ACK.
"""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from random import Random
from typing import ClassVar

from simulator.devices import NEVER, Habit
from simulator.readers import desfire_card
from simulator.readers.desfire_card import DesfireCard
from simulator.readers.presentation import GAP_MS, LEADING_GARBAGE, REPEATS_FOR_MS, WAITING_MOST

BAUD = 115_200
ACK = bytes.fromhex("00 00 FF 00 FF 00")
SYNTAX_ERROR = bytes.fromhex("00 00 FF 01 FF 7F 81 00")
CHIP = bytes.fromhex("32 01 06 07")  # a PN532, firmware 1.6
CARD_TIMED_OUT, NO_SUCH_TARGET = 0x01, 0x27
WAKE = 0x55


@dataclass(frozen=True, slots=True)
class PlainCard:
    """A card that says its number to anyone, and nothing else; 4, 7 or 10 bytes."""

    uid: bytes


Card = PlainCard | DesfireCard
_PLAIN = {4: bytes.fromhex("00 04 08"), 7: bytes.fromhex("00 44 00"), 10: bytes.fromhex("00 84 00")}  # ATQA, SAK


def sealed(body: bytes) -> bytes:
    """The frame of `body`, TFI first: LEN and LCS, DCS, preamble and postamble."""
    return bytes((0, 0, 0xFF, len(body), -len(body) & 0xFF)) + body + bytes((-sum(body) & 0xFF, 0))


class Pn532:
    """One reader. `cards`: those that are more than a number, by the name that `hold` is given."""

    habits: ClassVar[frozenset[Habit]] = frozenset(
        {
            Habit.DEAD,
            Habit.MUTE,
            Habit.GARBAGE,
            Habit.LEADING_GARBAGE,
            Habit.HALF_FRAME,
            Habit.WRONG_CHECKSUM,
            Habit.REPEATS,
            Habit.WRONG_KEY,
        }
    )

    def __init__(self, cards: Mapping[str, DesfireCard] | None = None, seed: int = 0) -> None:
        self.habit = Habit.FINE
        self._cards = dict(cards or {})
        self._random = Random(seed)
        self._waiting: deque[tuple[str, float]] = deque(maxlen=WAITING_MOST)
        self._next_at = -NEVER
        self._held: Card | None = None
        self._until = 0.0
        self._buffer = bytearray()
        self._awake = self._configured = self._looking = False
        self._listed: Card | None = None

    def hold(self, number: str, held_ms: float, now: float) -> None:
        """Somebody holds a card to the reader: one of `cards`, or the plain one with this UID in hex."""
        self._settle(now)
        if self._held is None and not self._waiting:
            self._next_at = max(self._next_at, now)
        self._waiting.append((number, REPEATS_FOR_MS if self.habit is Habit.REPEATS else held_ms))

    def clear(self) -> None:
        """Everybody walks away."""
        self._waiting.clear()
        self._held = None

    def power_off(self, now: float) -> None:  # noqa: ARG002 - as every device
        """It forgets everything, and will be asleep when its supply comes back."""
        self.clear()
        self._sleep()

    def due(self) -> float:
        """When the next card comes into the field that it is looking at; NEVER while it is not looking."""
        return self._next_at if self._looking and self._held is None and self._waiting else NEVER

    def advance(self, now: float) -> bytes:
        """What it says of the card that came."""
        self._settle(now)
        return self._with_habit(self._found()) if self._looking and self._held is not None else b""

    def heard(self, byte: int, at: float) -> bytes:
        """Hear one byte; the answer that it completes."""
        if self.habit is Habit.DEAD:
            return b""
        self._settle(at)
        self._buffer.append(byte)
        self._awake = self._awake or bytes(self._buffer[-2:]) == bytes((WAKE, WAKE))
        if not self._awake:
            del self._buffer[:-1]
            return b""
        body = self._take_frame()
        return b"" if body is None else self._with_habit(self._obey(body, at))

    def _sleep(self) -> None:
        self._awake = self._configured = self._looking = False
        self._listed = None
        self._buffer.clear()

    def _settle(self, now: float) -> None:
        """Cards leave and come until `now`."""
        while True:
            if self._held is not None and self._until <= now:
                self._held = None
                self._next_at = self._until + GAP_MS
            elif self._held is None and self._waiting and self._next_at <= now:
                number, held_ms = self._waiting.popleft()
                self._held = self._card(number)
                self._until = self._next_at + held_ms
            else:
                return

    def _card(self, number: str) -> Card:
        card = self._cards.get(number)
        if card is None:
            return PlainCard(bytes.fromhex(number))
        card = card.copied() if self.habit is Habit.WRONG_KEY else card
        card.enter()
        return card

    def _take_frame(self) -> bytes | None:
        """The body of the frame that the last byte completed; empty for the host's ACK."""
        while (start := self._buffer.find(b"\x00\xff")) >= 0:
            del self._buffer[:start]
            if len(self._buffer) < 4:
                return None
            length, check = self._buffer[2:4]
            if (length, check) == (0, 0xFF):
                del self._buffer[:4]
                return b""
            if length == 0 or (length + check) & 0xFF:
                del self._buffer[:1]
                continue
            if len(self._buffer) < length + 5:
                return None
            body, dcs = bytes(self._buffer[4 : 4 + length]), self._buffer[4 + length]
            del self._buffer[: length + 5]
            if (sum(body) + dcs) & 0xFF == 0:
                return body
        del self._buffer[:-1]
        return None

    def _obey(self, body: bytes, at: float) -> bytes:
        """An ACK and the reply; any frame ends the look that is under way."""
        self._looking = False
        if not body or body[0] != 0xD4 or len(body) < 2:
            return b""
        code, data = body[1], body[2:]
        if code == 0x14:
            self._configured = True
            return ACK + sealed(b"\xd5\x15")
        if not self._configured:
            return b""
        if code == 0x02:
            return ACK + sealed(b"\xd5\x03" + CHIP)
        if code == 0x4A and len(data) >= 2 and data[1] == 0:
            self._looking = True
            return ACK + (self._found() if self._held is not None else b"")
        if code == 0x40 and len(data) >= 2:
            return ACK + sealed(b"\xd5\x41" + self._exchanged(data, at))
        return ACK + SYNTAX_ERROR

    def _found(self) -> bytes:
        self._looking = False
        self._listed = card = self._held
        assert card is not None
        if isinstance(card, PlainCard):
            kind, ats = _PLAIN[len(card.uid)], b""
        else:
            card.enter()  # it is selected anew
            kind, ats = desfire_card.ATQA + bytes((desfire_card.SAK,)), desfire_card.ATS
        return sealed(b"\xd5\x4b\x01\x01" + kind + bytes((len(card.uid),)) + card.uid + ats)

    def _exchanged(self, data: bytes, at: float) -> bytes:
        card = self._listed
        if data[0] != 1 or card is None:
            return bytes((NO_SUCH_TARGET,))
        if card is not self._held or isinstance(card, PlainCard):
            return bytes((CARD_TIMED_OUT,))
        answer = card.answer(data[1:])
        if answer is None:
            self._until = at
            return bytes((CARD_TIMED_OUT,))
        return b"\x00" + answer

    def _with_habit(self, said: bytes) -> bytes:
        match self.habit:
            case Habit.MUTE:
                return b""
            case Habit.GARBAGE:
                return self._random.randbytes(self._random.randint(3, 14)) if said else b""
            case Habit.LEADING_GARBAGE:
                return LEADING_GARBAGE + said if said else b""
            case Habit.HALF_FRAME:
                return said[: len(said) // 2]
            case Habit.WRONG_CHECKSUM:
                return said[:-2] + bytes((said[-2] ^ 0x55, 0)) if said else b""
            case _:
                return said
