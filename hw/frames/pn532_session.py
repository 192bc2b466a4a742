"""What is said to a PN532, and when: wake it, look for a card, end a look that takes too long, ask the card for proof.

Sans-IO: bytes and times in; `take_outgoing` and what was learnt out. Each presentation is told once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from hw.errors import FrameError
from hw.frames import pn532
from hw.frames.desfire import Authentication, Outcome, SiteKeys
from hw.frames.pn532 import Ack, Frame, Information, Pn532Decoder
from hw.frames.presentation import Presentations

ACK_MS = 100  # it acknowledges within 15 ms; the line and a busy machine add to that
LOOK_MS = 1000  # a look with no card blocks: each is ended by us, so that the next ACK shows that the reader lives
ANSWER_MS = 1000  # the reader gives up on a card long before this
AWAKE_MS = 100  # how often the host looks up while a card is held: what it slept through is no silence
REST_MS = 50  # between two looks at a card that is there, so that the next one is not missed
MISSES = 3  # orders in a row that were not answered in sound frames before the reader counts as broken
WAKE_AGAIN_MS = 500
LOSSES = 8  # a card at the edge of the field comes nearer within a second; one that goes on saying nothing is foreign


@dataclass(frozen=True, slots=True)
class CardShown:
    """A presentation of a card that was asked for its number only; anyone can copy that."""

    number: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class CardProved:
    """A presentation of a card that has the key made from its number, which is therefore its own."""

    number: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class CardTurnedAway:
    """A presentation of a card that proved nothing: it is foreign, or its key is wrong."""

    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Answering:
    """The reader does what it is told."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """The reader does not answer: `silent`, or `garbage` if what comes makes no sense."""

    code: str


Learnt = CardShown | CardProved | CardTurnedAway | Answering | Trouble


class Pn532Session:
    """Talks to one reader. With `site`, a card counts once it has proved itself; its number alone is never told."""

    def __init__(self, site: SiteKeys | None = None) -> None:
        self._site = site
        self._decoder = Pn532Decoder()
        self._presentations = Presentations()
        self._outgoing = b""
        self._learnt: list[Learnt] = []
        self._expected: int | None = None  # the reply's code; None: nothing is being waited for
        self._acknowledged = False
        self._within_ms = 0
        self._answered: Callable[[bytes, int], None] = self._configured
        self._asked: str | None = None  # the number of the card that is proving itself
        self._losses: tuple[str, int] = ("", 0)  # how often in a row the card of this number fell silent
        self._misses = 0
        self._well = False
        self._deadline_ms = self._awake_ms = 0

    @property
    def due_ms(self) -> int:
        """When `tick` is wanted next, at the latest."""
        if self._presentations.any_at(self._awake_ms):
            return min(self._deadline_ms, self._awake_ms + AWAKE_MS)
        return self._deadline_ms

    def begin(self, now_ms: int) -> None:
        """The port is open: wake the reader."""
        self._awake_ms = now_ms
        self._wake(now_ms)

    def take_outgoing(self) -> bytes:
        """The bytes to send now, once."""
        outgoing, self._outgoing = self._outgoing, b""
        return outgoing

    def received(self, data: bytes, now_ms: int) -> list[Learnt]:
        """What follows from these bytes of the reader."""
        self._look_up(now_ms)
        return self._take(self._decoder.feed(data), now_ms)

    def tick(self, now_ms: int) -> list[Learnt]:
        """What follows from the time alone; nothing before `due_ms`."""
        self._look_up(now_ms)
        deadline_ms = self._deadline_ms
        if now_ms < deadline_ms:
            return []
        learnt = self._take(self._decoder.silence(), now_ms)
        if self._deadline_ms == deadline_ms:  # nothing was hidden behind what never came
            self._overdue(now_ms)
            learnt += self._told()
        return learnt

    def _look_up(self, now_ms: int) -> None:
        late_ms = now_ms - self.due_ms
        if late_ms > 0:
            self._presentations.unheard(late_ms)
        self._awake_ms = now_ms

    def _take(self, frames: list[Frame], now_ms: int) -> list[Learnt]:
        for frame in frames:
            if isinstance(frame, Ack):
                self._take_ack(now_ms)
            elif isinstance(frame, Information):
                self._take_reply(frame, now_ms)
        return self._told()

    def _told(self) -> list[Learnt]:
        learnt, self._learnt = self._learnt, []
        return learnt

    def _take_ack(self, now_ms: int) -> None:
        if self._expected is not None and not self._acknowledged:
            self._acknowledged = True
            self._deadline_ms = now_ms + self._within_ms

    def _take_reply(self, frame: Information, now_ms: int) -> None:
        """A reply counts once, after the ACK of its own command: what an ended look still says is late."""
        if self._expected is None or not self._acknowledged:
            return
        if frame.sender == pn532.SYNTAX_ERROR:
            self._missed(now_ms)
        elif (frame.sender, frame.code) == (pn532.FROM_READER, self._expected):
            self._expected = None
            self._answered(frame.data, now_ms)

    def _overdue(self, now_ms: int) -> None:
        if self._expected is None:
            self._look(now_ms)
        elif not self._acknowledged:
            self._missed(now_ms)
        elif self._expected == pn532.LIST + 1 and not self._decoder.garbage_since_frame:
            self._outgoing += pn532.ACK
            self._works()
            self._look(now_ms)
        else:
            self._outgoing += pn532.ACK
            self._missed(now_ms)

    def _order(self, frame: bytes, code: int, within_ms: int, answered: Callable[[bytes, int], None]) -> None:
        self._outgoing += frame
        self._expected = code + 1
        self._acknowledged = False
        self._within_ms = within_ms
        self._answered = answered

    def _wake(self, now_ms: int) -> None:
        self._order(pn532.wake_up(), pn532.SAM, ANSWER_MS, self._configured)
        self._deadline_ms = now_ms + (ACK_MS if self._misses < MISSES else WAKE_AGAIN_MS)

    def _missed(self, now_ms: int) -> None:
        """The reader did not answer: it may have lost its supply and be asleep again."""
        self._forget_asked()
        self._misses += 1
        if self._misses >= MISSES:
            self._well = False
            self._learnt.append(Trouble("garbage" if self._decoder.garbage_since_frame else "silent"))
        self._wake(now_ms)

    def _works(self) -> None:
        self._misses = 0
        if not self._well:
            self._well = True
            self._learnt.append(Answering())

    def _configured(self, _data: bytes, now_ms: int) -> None:
        if not self._misses:
            self._works()
        self._look(now_ms)

    def _look(self, now_ms: int) -> None:
        self._order(pn532.list_targets(), pn532.LIST, LOOK_MS, self._found)
        self._deadline_ms = now_ms + ACK_MS

    def _rest(self, now_ms: int) -> None:
        self._expected = None
        self._deadline_ms = now_ms + REST_MS

    def _found(self, data: bytes, now_ms: int) -> None:
        self._works()
        self._rest(now_ms)
        try:
            target = pn532.listed(data)
        except FrameError:
            return
        if target is None or not self._presentations.is_new(target.number, now_ms):
            return
        if self._site is None:
            self._learnt.append(CardShown(target.number))
        elif target.takes_commands and not target.is_random:
            self._asked = target.number
            card = Authentication(self._site, bytes.fromhex(target.number))
            self._hand(card.begin(), card, now_ms)
        else:
            self._learnt.append(CardTurnedAway(Outcome.FOREIGN))

    def _hand(self, data: bytes, card: Authentication, now_ms: int) -> None:
        def answered(reply: bytes, now_ms: int) -> None:
            self._card_answered(reply, card, now_ms)

        self._order(pn532.exchange(data), pn532.EXCHANGE, ANSWER_MS, answered)
        self._deadline_ms = now_ms + ACK_MS

    def _card_answered(self, reply: bytes, card: Authentication, now_ms: int) -> None:
        after = card.answer(reply[1:]) if reply[:1] == b"\x00" else self._lost()
        if isinstance(after, bytes):
            self._hand(after, card, now_ms)
            return
        self._rest(now_ms)
        if after is None:
            return
        number, self._asked = self._asked or "", None
        self._losses = ("", 0)
        self._presentations.is_new(number, now_ms)  # the exchange took a part of the time until the next look
        self._learnt.append(CardProved(number) if after is Outcome.PROVED else CardTurnedAway(after))

    def _lost(self) -> Outcome | None:
        """The card is gone, or too far away: whoever still holds it is asked again, for a while."""
        number, losses = self._asked or "", self._losses[1] + 1 if self._losses[0] == self._asked else 1
        if losses == LOSSES:
            return Outcome.FOREIGN
        self._losses = (number, losses)
        self._forget_asked()
        return None

    def _forget_asked(self) -> None:
        if self._asked is not None:
            self._presentations.forget(self._asked)
            self._asked = None
