"""Trusted time from three witnesses, and its floor (sans-IO): nobody alone can push the clock, and it never runs back.

The caller reads the monotonic clock, hears the witnesses, keeps `state` on disk and journals what is returned.
Two witnesses are as good as they are independent: the machine's own clocks are one between them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import combinations

from controller.effects import Record
from controller.inputs import Moment
from wire.entries import EntryType
from wire.limits import MAX_INSTANT, MIN_INSTANT

AGREE_MS = 5 * 60_000
CREDIT_MS = 24 * 3_600_000
# No clock that is right says less: the first day of the year this version was made (2026-01-01, UTC).
FIRST_FLOOR = 1_767_225_600_000
# A step of the clock that is worth an entry; smaller ones are the witnesses' own latency. So little behind the floor is
# at the floor: a clock that is right, and had raised it, reads some milliseconds less at every other look.
STEP_MS = 60_000
# How far a monotonic clock may run off in 10,000 ms: twice what the crystals of these machines are sold for (50 ppm).
DRIFT_PER_10_S_MS = 1
# How much of the floor's rise a power cut may forget, against wear of the card.
SAVE_EVERY_MS = 10 * 60_000


class Witness(StrEnum):
    """Who says what time it is, the most exact first."""

    SYSTEM = "system"  # the system clock, when NTP says it is synchronised
    GATEWAY = "gateway"  # `issued_at` of a message that answers this session
    BATTERY = "battery"  # the battery clock, at boot
    TECHNICIAN = "technician"  # `casier-controller time set`, on the spot


# The kernel writes what NTP says into the battery clock every 11 minutes, and starts from it: a time server that is
# wrong before a restart and after it must not agree with itself.
_OWN = frozenset({Witness.SYSTEM, Witness.BATTERY})
_INDEPENDENT = tuple(pair for pair in combinations(Witness, 2) if not _OWN.issuperset(pair))
# They speak again and again: where two others outvote them, that they are wrong is told until they are right.
_SPEAK_ON = (Witness.SYSTEM, Witness.GATEWAY)


@dataclass(frozen=True, slots=True)
class TimeState:
    """What outlives a restart: the floor (instant), and how much of a day it is ahead of what two agreed on."""

    floor: int = MIN_INSTANT
    credit_used_ms: int = 0


@dataclass(frozen=True, slots=True)
class _Reading:
    """An instant and when, monotonically, it was true."""

    instant: int
    mono_ms: int

    def at(self, mono_ms: int) -> int:
        return self.instant + mono_ms - self.mono_ms


class Timekeeper:
    """Makes the Moment of every input. All `mono_ms` are of one boot's monotonic clock.

    `own` is what the machine's clocks say at the start, where they may be heard. They are one witness: the least of
    them spends the credit, whichever it is.
    """

    def __init__(self, state: TimeState, mono_ms: int, own: Mapping[Witness, int | None] | None = None) -> None:
        self._floor = _Reading(state.floor, mono_ms)
        self._credit_used_ms = state.credit_used_ms
        self._saved = state
        self._claims: dict[Witness, _Reading] = {
            witness: _Reading(instant, mono_ms)
            for witness, instant in (own or {}).items()
            if instant is not None and MIN_INSTANT <= instant <= MAX_INSTANT
        }
        self._outvoted: dict[Witness, _Reading] = {}  # to be told; supports nobody
        self._trusted: _Reading | None = None
        self._agreed: _Reading | None = None  # what two agreed on last
        self._weigh(mono_ms)

    def hear(self, witness: Witness, instant: int, mono_ms: int) -> list[Record]:
        """A witness says it is `instant`. Instants outside 2020 to 2100 are not heard. Returns entries to journal."""
        if not MIN_INSTANT <= instant <= MAX_INSTANT:
            return []
        before = self.moment(mono_ms)
        self._outvoted.pop(witness, None)
        self._claims[witness] = _Reading(instant, mono_ms)
        self._weigh(mono_ms)
        return self._changes(before, mono_ms)

    def lose(self, witness: Witness, mono_ms: int) -> list[Record]:
        """A witness no longer vouches for what it said: NTP is not synchronised any more."""
        self._outvoted.pop(witness, None)
        if witness not in self._claims:
            return []
        before = self.moment(mono_ms)
        del self._claims[witness]
        self._weigh(mono_ms)
        return self._changes(before, mono_ms)

    def set_by_technician(self, instant: int, mono_ms: int) -> list[Record]:
        """A technician on the spot says the time: it may lower the floor, and counts as one witness.

        Everything heard before is forgotten; the others may speak again. Raises ValueError outside 2020 to 2100.
        """
        if not MIN_INSTANT <= instant <= MAX_INSTANT:
            raise ValueError("a time between 2020 and 2100 is needed: look at the clock on the wall")
        before = self.moment(mono_ms)
        self._credit_used_ms = self._spent_at(mono_ms)
        self._trusted = self._agreed = None
        self._claims, self._outvoted = {Witness.TECHNICIAN: _Reading(instant, mono_ms)}, {}
        if instant < self._floor_at(mono_ms):
            self._floor = _Reading(instant, mono_ms)
        self._weigh(mono_ms)
        return self._changes(before, mono_ms, always=True)

    def moment(self, mono_ms: int) -> Moment:
        """The time of an input."""
        floor = self._floor_at(mono_ms)
        if self._trusted is not None:
            instant = self._trusted.at(mono_ms)
            # The wall clock is slewed and read in milliseconds: being a little behind is no step back.
            clock = "trusted" if floor - instant < STEP_MS else "floor"
            at = max(instant, floor)
            return Moment(mono_ms, at, at, at, clock, instant)
        claims, told = self._claims_at(floor, mono_ms), self._told(floor, mono_ms)
        if not claims:
            return Moment(mono_ms, floor, floor, floor, "floor", told)
        return Moment(mono_ms, min(claims), floor, max(claims), "claimed", told)

    def state(self, mono_ms: int) -> TimeState:
        """What to keep on disk now."""
        return TimeState(self._floor_at(mono_ms), self._spent_at(mono_ms))

    def waits(self, mono_ms: int) -> bool:
        """Whether the floor is ahead of the trusted time: contracts end so much too early meanwhile."""
        return self._trusted is not None and self._spent_at(mono_ms) > AGREE_MS

    def is_contradicted(self, mono_ms: int) -> bool:
        """Whether somebody tells another time than the trusted one: nothing follows it, and somebody should know."""
        trusted, told = self._trusted, (*self._claims.values(), *self._outvoted.values())
        return trusted is not None and any(
            abs(claim.at(mono_ms) - trusted.at(mono_ms)) > AGREE_MS + _drift_ms(claim, mono_ms) for claim in told
        )

    def unsaved(self, mono_ms: int) -> TimeState | None:
        """The state to save, where it is worth a write: lowered, or ten minutes on. Then `saved`."""
        state = self.state(mono_ms)
        rise_ms = state.floor - self._saved.floor
        spent_ms = state.credit_used_ms - self._saved.credit_used_ms
        if 0 <= rise_ms < SAVE_EVERY_MS and abs(spent_ms) < SAVE_EVERY_MS:
            return None
        return state

    def saved(self, state: TimeState) -> None:
        """This state is on disk."""
        self._saved = state

    def _floor_at(self, mono_ms: int) -> int:
        """The floor: carried on by elapsed time, but waiting for a trusted time that is still behind it."""
        if self._trusted is None:
            return self._floor.at(mono_ms)
        return max(self._floor.instant, self._trusted.at(mono_ms))

    def _spent_at(self, mono_ms: int) -> int:
        """How much of the day is spent: a floor that waits for the trusted time gives it back as that comes nearer."""
        if self._trusted is None:
            return self._credit_used_ms
        return max(0, self._floor.instant - self._trusted.at(mono_ms))

    def _weigh(self, mono_ms: int) -> None:
        """Two that agree are trusted, and whoever differs must speak anew; one alone is followed slowly from there, or
        spends the credit where no two have agreed."""
        agreed = _agreeing(self._claims, mono_ms)
        if agreed is not None:
            chosen, lower = agreed
            floor = self._floor_at(mono_ms)
            self._trusted = self._agreed = chosen
            self._floor = _Reading(max(floor, lower), mono_ms)
            for witness, claim in tuple(self._claims.items()):
                if not _agree(claim, chosen, mono_ms):
                    del self._claims[witness]
                    if witness in _SPEAK_ON:
                        self._outvoted[witness] = claim
        elif self._agreed is not None:
            self._follow(self._agreed, mono_ms)
        elif self._claims:
            self._spend_credit(mono_ms)

    def _follow(self, agreed: _Reading, mono_ms: int) -> None:
        """Let whoever speaks on correct the crystal that has carried the trusted time since two agreed on it.

        By no more than a crystal can be wrong since then: one that creeps away is not followed further.
        """
        floor, drift_ms = self._floor_at(mono_ms), _drift_ms(agreed, mono_ms)
        for witness in _SPEAK_ON:
            claim = self._claims.get(witness)
            away_ms = 0 if claim is None else claim.at(mono_ms) - agreed.at(mono_ms)
            if claim is not None and abs(away_ms) <= AGREE_MS + drift_ms:
                self._trusted = _Reading(agreed.at(mono_ms) + max(-drift_ms, min(away_ms, drift_ms)), mono_ms)
                self._floor = _Reading(floor, mono_ms)
                return

    def _claims_at(self, floor: int, mono_ms: int) -> list[int]:
        """What those say who are not behind the floor."""
        claims = self._claims.values()
        return [max(instant, floor) for claim in claims if floor - (instant := claim.at(mono_ms)) < STEP_MS]

    def _told(self, floor: int, mono_ms: int) -> int | None:
        """The least that anyone says who is not further behind the floor than one alone may have moved it."""
        told = [claim.at(mono_ms) for claim in self._claims.values()]
        return min((instant for instant in told if floor - instant < STEP_MS + self._credit_used_ms), default=None)

    def _spend_credit(self, mono_ms: int) -> None:
        """Move the floor towards the least that is claimed and not behind it; no more than a day in all."""
        floor = self._floor_at(mono_ms)
        claims = self._claims_at(floor, mono_ms)
        step_ms = min(min(claims) - floor, CREDIT_MS - self._credit_used_ms) if claims else 0
        if step_ms > 0:
            self._credit_used_ms += step_ms
            self._floor = _Reading(floor + step_ms, mono_ms)

    def _changes(self, before: Moment, mono_ms: int, always: bool = False) -> list[Record]:
        after = self.moment(mono_ms)
        if not always and after.clock == before.clock and abs(after.at - before.at) < STEP_MS:
            return []
        body = {"from": before.clock, "to": after.clock, "before_ms": before.at, "after_ms": after.at}
        return [Record(EntryType.CLOCK_CHANGED, body)]


def _agreeing(claims: Mapping[Witness, _Reading], mono_ms: int) -> tuple[_Reading, int] | None:
    """The most exact reading that an independent one agrees with, and the lesser of the two instants now."""
    for one, other in _INDEPENDENT:
        first, second = claims.get(one), claims.get(other)
        if first is not None and second is not None and _agree(first, second, mono_ms):
            return first, min(first.at(mono_ms), second.at(mono_ms))
    return None


def _drift_ms(reading: _Reading, mono_ms: int) -> int:
    return (mono_ms - reading.mono_ms) * DRIFT_PER_10_S_MS // 10_000


def _agree(first: _Reading, second: _Reading, mono_ms: int) -> bool:
    return abs(first.at(mono_ms) - second.at(mono_ms)) <= AGREE_MS
