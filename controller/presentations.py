"""A badge held to a reader: too old, too many strangers, enrolling, refused, or one more door."""

from collections import defaultdict, deque
from collections.abc import Mapping
from dataclasses import dataclass, field

from controller.access import Denied, Granted, decide
from controller.access_lists import AccessLists
from controller.bay import Bay
from controller.effects import SendReply
from controller.inputs import BadgePresented, CardRefused
from controller.out_of_service import ServiceMarks
from controller.pin_entry import CHECKED, NO_KEYPAD, MakeKeypads, PinEntry
from controller.releases import Releases
from controller.request import Request
from controller.suppression import Suppression
from controller.turn import Agenda, Turn
from hw.ports import Signal
from wire.access_list import Grant
from wire.badge import badge_digest, canonical_number
from wire.entries import EntryType
from wire.errors import MessageError

STALE_MS = 2_000
STRANGERS = 10
STRANGERS_WINDOW_MS = 60_000
SLOWED_EVERY_MS = 3_000
# Long enough for the eye to have seen green before amber says that a message is waiting.
NOTICE_AFTER_MS = 1_500
# Amber: a person at the site can explain these. A staff badge tapped is none of them, nor is it granted: red.
_SEE_WORKER = frozenset({"suspended", "out_of_service", "keypad"})


@dataclass(slots=True)
class _Reader:
    """The strangers of a reader's last minute, when it last took a presentation, and of which known badge that was."""

    strangers: deque[int] = field(default_factory=lambda: deque(maxlen=STRANGERS))
    taken_ms: int = 0
    last: str | None = None

    def is_closed_for_now(self, now_ms: int) -> bool:
        """After ten strangers in a minute a reader takes one presentation every three seconds; it never closes."""
        flooded = len(self.strangers) == STRANGERS and now_ms < self.strangers[0] + STRANGERS_WINDOW_MS
        return flooded and now_ms < self.taken_ms + SLOWED_EVERY_MS


@dataclass(frozen=True, slots=True)
class _Enrolment:
    command: str
    until_ms: int


def refusal_signal(why: str) -> Signal:
    """What the light says to a badge that opens nothing."""
    return Signal.SEE_WORKER if why in _SEE_WORKER else Signal.REFUSED


class Presentations:
    """What follows from each badge. One presentation asks for at most one release."""

    def __init__(
        self,
        bays: Mapping[int, Bay],
        lists: AccessLists,
        releases: Releases,
        marks: ServiceMarks,
        agenda: Agenda,
        suppression: Suppression,
        make_keypads: MakeKeypads,
    ) -> None:
        self._bays = bays
        self._lists = lists
        self._releases = releases
        self._marks = marks
        self._agenda = agenda
        self._suppression = suppression
        self._readers: defaultdict[str, _Reader] = defaultdict(_Reader)
        self._last_locker: dict[str, int] = {}
        self._rekeyed: set[str] = set()
        self._enrolment: _Enrolment | None = None
        self.pins = PinEntry(bays, lists, releases, make_keypads, self._refuse, self._pin_checked)

    def present(self, event: BadgePresented, turn: Turn) -> None:
        """Answer one presentation with a light, and a door at most."""
        now_ms, reader = turn.now.mono_ms, self._readers[event.reader]
        if event.stale or now_ms - event.read_ms > STALE_MS:
            reader.last = None
            self._refuse(event.reader, Denied("stale"), turn)
            return
        if reader.is_closed_for_now(now_ms):
            self._suppression.count(turn, EntryType.BADGE_REFUSED, event.reader)
            return
        reader.taken_ms, reader.last = now_ms, None
        try:
            canonical = canonical_number(event.technology, event.number)
        except MessageError:
            reader.strangers.append(now_ms)
            self._refuse(event.reader, Denied("unknown"), turn)
            return
        known = self._lists.recognise(canonical)
        reader.last = None if known is None else known[0]
        decision = self._decide(known, turn)
        newest = self._lists.newest_key
        if self._enrolment is not None and newest is not None and _may_be_enrolled(decision):
            self._enrol(self._enrolment, canonical, newest, event.reader, turn)
        elif known is None:
            reader.strangers.append(now_ms)
            self._refuse(event.reader, Denied("unknown"), turn)
        else:
            self.pins.keypads.dismiss(event.reader, turn)
            self._answer(event.reader, known[0], decision, turn)
            self._tell_rekeyed(canonical, known, decision, turn)

    def turn_away(self, event: CardRefused, turn: Turn) -> None:
        """A card that proved nothing: red, and an entry. Its number was never told, so it cannot be enrolled."""
        self._readers[event.reader].last = None
        self._refuse(event.reader, Denied(event.why), turn)

    def released(self, request: Request, turn: Turn) -> None:
        """A board acted for this badge: whoever has a message waiting is told so, while they are the last there."""
        if request.notice:
            self._agenda.at(turn.now.mono_ms + NOTICE_AFTER_MS, lambda later: self._notice(request, later))

    def _notice(self, request: Request, turn: Turn) -> None:
        if request.reader is not None and self._readers[request.reader].last == request.digest:
            turn.show(Signal.MESSAGE_WAITING, request.reader)

    @property
    def is_enrolling(self) -> bool:
        """Whether a command waits for a badge to enrol."""
        return self._enrolment is not None

    def expect_enrolment(self, command: str, seconds: int, turn: Turn) -> None:
        """Report the next badge without a live grant to this command; one command at a time."""
        enrolment = _Enrolment(command, turn.now.mono_ms + seconds * 1_000)
        self._enrolment = enrolment
        self._agenda.at(enrolment.until_ms, lambda later: self._end_enrolment(enrolment, later))

    def _decide(self, known: tuple[str, str] | None, turn: Turn) -> Granted | Denied:
        index = self._lists.index
        if known is None or index is None:
            return Denied("unknown")
        return decide(known[0], index, turn.now)

    def _pin_checked(self, reader: str, digest: str, pin: str, turn: Turn) -> None:
        index = self._lists.index
        if index is not None:
            self._answer(reader, digest, decide(digest, index, turn.now), turn, pin)

    def _answer(
        self, reader: str, digest: str, decision: Granted | Denied, turn: Turn, checked: str | None = None
    ) -> None:
        """Open, ask or refuse; `checked` is the hash of the PIN that was typed."""
        if isinstance(decision, Denied):
            if decision.why != "staff_badge" or not self.pins.ask_staff(reader, digest, turn):
                self._refuse(reader, decision, turn, digest)
            return
        way = self._next_door(digest, decision, turn)
        if isinstance(way, Denied):
            self._refuse(reader, way, turn, digest)
            return
        locker, grant = way
        pin = None
        if grant.pin is not None:
            pin = CHECKED if grant.pin == checked else NO_KEYPAD
            if pin is NO_KEYPAD and not self.pins.settle(reader, digest, grant, turn):
                return
        if len(decision.ways) > 1:
            self._last_locker[digest] = locker
        request = Request(
            locker=locker,
            cause="badge",
            asked_ms=turn.now.mono_ms,
            reader=reader,
            grant=grant.id,
            digest=digest,
            kind=grant.kind,
            notice=grant.notice,
            pin=pin,
        )
        self._releases.ask(request, turn)
        turn.show(Signal.GRANTED, reader)

    def _next_door(self, digest: str, granted: Granted, turn: Turn) -> tuple[int, Grant] | Denied:
        """The door for this tap: the one after the last, shut doors before those that have just been opened."""
        why = "locker"
        fallback: tuple[int, Grant] | None = None
        for way in self._in_turn(digest, granted.ways):
            locker = way[0]
            bay = self._bays.get(locker)
            if bay is None:
                continue
            if self._marks.stops_holders(locker, turn.now):
                why = "out_of_service" if why != "busy" else why
            elif self._releases.is_under_way(locker):
                why = "busy"
            elif not bay.door_open or bay.left_open:  # a cut sensor wire reads open for ever
                return way
            else:
                fallback = fallback or way
        return fallback or Denied(why, granted.ways[0][1].id)

    def _in_turn(self, digest: str, ways: tuple[tuple[int, Grant], ...]) -> tuple[tuple[int, Grant], ...]:
        last = self._last_locker.get(digest)
        for index, (locker, _) in enumerate(ways):
            if locker == last:
                return (*ways[index + 1 :], *ways[: index + 1])
        return ways

    def _refuse(self, reader: str, denied: Denied, turn: Turn, digest: str | None = None, lit: bool = True) -> None:
        """Red or amber, and an entry. The door that is being opened for this very badge stays green."""
        self._suppression.record(
            turn,
            EntryType.BADGE_REFUSED,
            reader,
            reader=reader,
            why=denied.why,
            digest=digest,
            grant=denied.grant,
        )
        if lit:
            turn.show(Signal.GRANTED if denied.why == "busy" else refusal_signal(denied.why), reader)

    def _tell_rekeyed(self, canonical: str, known: tuple[str, str], decision: Granted | Denied, turn: Turn) -> None:
        """Once for each badge that is still in the list under an older key."""
        old, key = known
        newest = self._lists.newest_key
        if newest is None or key == newest[0] or old in self._rekeyed or isinstance(decision, Denied):
            return
        self._rekeyed.add(old)
        new = badge_digest(newest[1], canonical)
        turn.record(EntryType.BADGE_REKEYED, old=old, new=new, grant=decision.ways[0][1].id)

    def _enrol(self, enrolment: _Enrolment, canonical: str, newest: tuple[str, bytes], reader: str, turn: Turn) -> None:
        self._enrolment = None
        name, key = newest
        digest = badge_digest(key, canonical)
        turn.record(EntryType.BADGE_ENROLLED, command=enrolment.command, digest=digest, key=name)
        turn.effects.append(SendReply(enrolment.command, "enrolled", digest=digest, key=name))
        turn.show(Signal.GRANTED, reader)

    def _end_enrolment(self, enrolment: _Enrolment, turn: Turn) -> None:
        if self._enrolment is enrolment:
            self._enrolment = None
            turn.reply(enrolment.command, "expired")


# Refusals of a badge whose grant is alive all the same: it answers as ever while someone enrols.
_LIVE_REFUSALS = frozenset({"suspended", "hours", "staff_badge"})


def _may_be_enrolled(decision: Granted | Denied) -> bool:
    return isinstance(decision, Denied) and decision.why not in _LIVE_REFUSALS
