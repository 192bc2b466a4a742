"""Nobody loses access without a recorded decision or a date on their contract, and nobody has it without one.

A badge that a controller answers is judged by what was decided up to the list that it follows; and where nothing was
broken for hours, by what was decided before that, whatever list it follows: a decision that no list tells has not
reached anybody.

Where the gateway's time or memory was disturbed any of its decisions may be the last that a list knows, until a bank
follows one that was made, and numbered, after that: there it is judged by what the gateway knows since. Only whoever
had a way by what is lost keeps it for a while.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from controller.inputs import Moment
from gateway.schemes.templates import LUGGAGE_ROOM
from simulator.world.lives.calendar import DAY, HOUR, minute_of_week
from simulator.world.lives.lending import Lent
from simulator.world.lives.office import Office
from simulator.world.lives.pacts import Pact, View
from simulator.world.lives.people import Presented
from simulator.world.lives.records import Card, Records

_HOURS = LUGGAGE_ROOM.terms.hours
# A list goes out with the decision, and again when a bank of the world says, every six hours, that it follows another:
# what the last fault at a bank has left is mended by then, unless it is held.
_REACHES_MS = 8 * HOUR
_HELD = "SELECT count(*) FROM controller WHERE bank_id=? AND held_since IS NOT NULL"

# What a gateway's clock that was ahead has numbered is behind by then.
_NUMBERED_MS = HOUR

# For so long a bank keeps the way of whom its list forgets.
VANISHED_KEPT_MS = 72 * HOUR

_ALWAYS = 1 << 62


class Forgotten(NamedTuple):
    """A list that by a defect says nothing of these contracts: until when, at least, their holders keep their way."""

    pacts: frozenset[str]
    until: int


class AccessJudge:
    """`judged` badges, of which so many `exactly`: by what was decided, and nothing else may have been known.

    `forgetful`: lists, by bank and version, that forget somebody. `disputed`: badges that one of two gateways blocked.
    """

    def __init__(self, office: Office, sites: dict[str, str]) -> None:
        self._office = office
        self._records: Records = office.records
        self._sites = sites
        self.judged = self.exactly = 0
        self._disturbed = self._wrong = False
        self._doubted_until = 0
        self._kept_until: dict[str, int] = {}
        self._calm_since: dict[str, int] = {}
        self._known_until = _ALWAYS
        self._lost: list[tuple[int, int]] = []
        self.forgetful: dict[tuple[str, int], Forgotten] = {}
        self.disputed: set[str] = set()
        self._two: list[tuple[int, int]] = []

    def lost(self, since: int, until: int) -> None:
        """What was decided after `since` and up to `until` is forgotten, in lists of later versions for good."""
        self._lost.append((since, until))
        self._known_until = min(self._known_until, since)
        self._doubt(until)

    def clock_wrong(self, known_until: int = _ALWAYS) -> None:
        """The gateway dates its decisions, and numbers its lists, by a clock that is wrong.

        `known_until`: what is dated later may be in none of the lists that have been made, though these have higher
        numbers: the clock is behind.
        """
        self._disturbed = self._wrong = True
        self._known_until = min(self._known_until, known_until)

    def clock_right(self, now: int) -> None:
        """It is put right; the later of what it said before and since is `now`."""
        self._wrong = False
        self._doubt(now + _NUMBERED_MS)

    def disturbed(self, banks: Iterable[str], until_ms: int) -> None:
        """Until then (unix ms) these may not hear what is decided."""
        for bank in banks:
            self._calm_since[bank] = max(self._calm_since.get(bank, 0), until_ms)

    def two_gateways(self, since: int) -> None:
        """From now on decisions are made in two places that do not know of each other."""
        self._two.append((since, _ALWAYS))

    def one_gateway(self, since: int, until: int) -> None:
        """It is over; lists up to the version `until` may be of either."""
        self._two = [(start, until if start == since else end) for start, end in self._two]

    def must(self, asked: Presented) -> bool:
        """Whether it is to be let in beyond all doubt; a gateway put back may ask for a PIN that was undone."""
        card, version = asked.card, asked.list_version
        if version == 0 or (card.pins and self._pin_is_doubtful(asked)):
            return False
        return self._may_and_must(asked)[1]

    def lockers(self, asked: Presented) -> set[int]:
        """Those of the bank that its owner has or had, also where only the bank still knows."""
        holds = (hold for pact in self._pacts(asked.card) for view in pact.views for hold in view.holds)
        return {number for bank, number, *_ in holds if bank == asked.bank}

    def answered(self, asked: Presented) -> None:
        """One badge at one reader."""
        self.judged += 1
        if asked.list_version == 0 or not self._pin(asked):
            return
        self.exactly += self._is_exact(asked)
        may, must = self._may_and_must(asked)
        if must and not asked.let_in:
            self._office.hear()
            must = self._may_and_must(asked)[1]
        if asked.let_in and not may:
            self._office.violated("access", f"{self._of(asked)} was let in, and nothing decided says so")
        elif asked.let_in and self._has_outlived(asked):
            self._office.violated("access", f"{self._of(asked)} was let in: what was decided hours ago is in no list")
        elif not asked.let_in and must:
            self._office.violated("access", f"{self._of(asked)} was shut out without a decision or a date")
        elif not asked.let_in and self._has_not_reached(asked):
            self._office.violated("access", f"{self._of(asked)} was shut out: what was decided hours ago is in no list")

    def _pin(self, asked: Presented) -> bool:
        """A badge with a PIN opens with that alone, where one can be typed; whether there is more to judge."""
        card = asked.card
        if not card.pins:
            return True
        if self._pin_is_doubtful(asked):
            return False
        pin = card.pin_at(asked.list_version)
        if asked.let_in and (asked.pin == "wrong" or (asked.pin == "asks" and pin is not None)):
            self._office.violated("pin", f"{self._of(asked)} was let in without its PIN")
        return asked.pin != "wrong"

    def _pin_is_doubtful(self, asked: Presented) -> bool:
        """Whether another PIN than the list's date tells may hold there: of whom a list forgets that of an older list
        does, if it had one."""
        version = asked.list_version
        is_forgotten = (asked.bank, version) in self.forgetful
        return is_forgotten or self._is_doubtful(version) or asked.card.has_lost_pin(version)

    def _has_not_reached(self, asked: Presented) -> bool:
        """Whether what was known hours ago lets them in, and no fault explains that their bank has not heard of it."""
        told = self._told(asked.bank)
        must = asked.list_version < told and self._may_and_must(asked._replace(list_version=told))[1]
        return must and not self._is_held(asked.bank)

    def _has_outlived(self, asked: Presented) -> bool:
        """Whether what was known hours ago lets them in no more, and no fault explains that their bank does."""
        told = self._told(asked.bank)
        may = asked.list_version >= told or self._may_and_must(asked, told)[0]
        return not may and not self._is_held(asked.bank)

    def _told(self, bank: str) -> int:
        """What was decided by then (the gateway's clock, ms) has reached that bank; 0 where a fault may keep it."""
        gateway = self._office.gateway
        is_calm = gateway.hears and gateway.broker.loop.now_ms - self._calm_since.get(bank, 0) >= _REACHES_MS
        return gateway.now() - _REACHES_MS if is_calm else 0

    def _is_held(self, bank: str) -> bool:
        """Whether nothing is signed for it until staff have looked, which they do once a day."""
        (held,) = self._office.gateway.storage.connection.execute(_HELD, (bank,)).fetchone()
        return bool(held)

    def _is_doubtful(self, version: int) -> bool:
        return self._is_disturbed(version) or any(start <= version <= end for start, end in self._two)

    def _is_disturbed(self, version: int) -> bool:
        """Whether time or memory of the gateway that made that list were not yet in order again."""
        return self._disturbed and (self._wrong or version <= self._doubted_until)

    def _doubt(self, until: int) -> None:
        self._disturbed = True
        self._doubted_until = max(self._doubted_until, until)
        self._kept_until.clear()

    def _may_and_must(self, asked: Presented, known_at: int | None = None) -> tuple[bool, bool]:
        """Whether what was decided by then (when the list was made) lets them in; and whether beyond all doubt."""
        card, made = asked.card, asked.list_version
        version = made if known_at is None else known_at
        if self._sites[asked.bank] != card.site or card.staff or card.owner is None or card.given_at is None:
            return False, False
        apart = [(start, end) for start, end in self._two if start <= version <= end]
        disturbed = self._is_disturbed(version)
        doubtful = disturbed or bool(apart)
        known_until = min([self._known_until if disturbed else _ALWAYS, *(start for start, _ in apart)])
        lost_between = [*(self._lost if disturbed else ()), *apart]
        if doubtful and card.id in self.disputed:
            return True, False
        if card.given_at > version and not doubtful:
            return False, False
        if card.dead_at is not None and (card.dead_at <= version or doubtful) and (doubtful or not card.dead_lost):
            return doubtful, False
        forgotten = self.forgetful.get((asked.bank, made))
        may = must = False
        for pact in self._pacts(card):
            views = self._views(pact, version, doubtful)
            opens = [_opens(view, pact, card.owner, asked, made) for view in views]
            # A gateway whose clock was ahead numbers its lists by that for long, and makes them by the right time.
            may = may or (doubtful and any(_opens(view, pact, card.owner, asked, 0) for view in views))
            if _may_be_early(asked):
                may = may or any(_opens(view, pact, card.owner, asked, 0) for view in pact.views)
            lost = forgotten is not None and pact.id in forgotten.pacts
            # Whoever is forgotten may come day and night, and a little longer than was agreed.
            kept: Sequence[View] = [view for view in views if _is_any_within(lost_between, view.at, card.given_at)]
            if not doubtful:
                kept = self._undone(pact, asked)
                opens = [opening and not card.given_lost for opening in opens]
            may = may or lost or any(opens) or any(_is_kept(view, card.owner, asked) for view in kept)
            if lost and forgotten is not None and asked.moment.ending_at >= forgotten.until:
                continue
            known = not card.given_lost and max(card.given_at, pact.views[0].at) <= min(version, known_until)
            must = must or bool(opens and all(opens) and known and not self._awaits(pact))
        # Where a bank has heard that it is blocked, it stays dead, whatever this gateway thinks.
        return may, must and card.id not in self.disputed and not card.dead_lost

    def _undone(self, pact: Pact | Lent, asked: Presented) -> Sequence[View]:
        """What a bank may keep for a while, since the list that it follows says nothing of it any more."""
        views = pact.views if asked.card.given_lost else pact.undone
        return views if views and self._keeps(asked) else ()

    def _keeps(self, asked: Presented) -> bool:
        """Whether what is lost may be kept there yet: days after it first follows a list from which it is missing.

        By the time that ends a way, which a clock that creeps does not push alone.
        """
        if not self._lost:
            return False
        now = asked.moment.ending_at
        return now < self._kept_until.setdefault(asked.bank, now + VANISHED_KEPT_MS + DAY)

    def _is_exact(self, asked: Presented) -> bool:
        """Whether there is one answer only."""
        card = asked.card
        if self._is_doubtful(asked.list_version) or card.dead_lost or card.id in self.disputed:
            return False
        keeps = self._keeps(asked)
        return not (keeps and (card.given_lost or any(pact.undone for pact in self._pacts(card))))

    def _awaits(self, pact: Pact | Lent) -> bool:
        """Whether its locker has to be looked at again before it begins, as far as staff have heard."""
        boxes = self._records.boxes
        held = [(boxes.get((hold.bank, hold.number)), hold) for hold in pact.holds]
        return any(box is not None and box.awaits(hold) for box, hold in held)

    def _views(self, pact: Pact | Lent, version: int, doubtful: bool) -> Sequence[View]:
        """What may be the last that was known of it."""
        if doubtful:
            return pact.views
        for view in reversed(pact.views):
            if view.at <= version:
                return (view,)
        return ()

    def _pacts(self, card: Card) -> Sequence[Pact | Lent]:
        someone = self._records.people.get(card.owner or "")
        if someone is not None:
            return [*someone.pacts, *someone.lent] if someone.lent else someone.pacts
        return [
            pact for pact in self._records.pacts.values() if any(trust.id == card.owner for trust in pact.trusts)
        ]  # fmt: skip

    def _of(self, asked: Presented) -> str:
        return (
            f"badge {asked.card.id} at {asked.bank}, which follows list {asked.list_version}, at {asked.moment.at} "
            f"({asked.moment.clock})"
        )


def _opens(view: View, pact: Pact | Lent, owner: str, asked: Presented, made: int) -> bool:
    """Whether any locker of the contract opens at this bank for that owner of badges, at the controller's moment;
    by a list that was made at `made`, or later."""
    now = asked.moment
    if not view.signed or view.frozen_at is not None or view.collect_until <= made:
        return False
    if pact.service == "luggage" and not _is_open(now):
        return False
    return _has_a_way(view, owner, asked, made, shut_from=_shut_from(view, now))


def _may_be_early(asked: Presented) -> bool:
    """Whether nobody tells the bank the time, and its list comes from a day that it has not seen: it ends nobody's way
    (docs/decisions/0011-revoked-and-kept.md)."""
    return not asked.moment.is_told and asked.list_version > asked.moment.ending_at


def _is_kept(view: View, owner: str, asked: Presented) -> bool:
    """Whether a bank whose list says nothing of it keeps the owner's way for a while: day and night, suspended or not
    (docs/decisions/0011-revoked-and-kept.md)."""
    return view.signed and view.frozen_at is None and _has_a_way(view, owner, asked, 0, VANISHED_KEPT_MS)


def _shut_from(view: View, now: Moment) -> int:
    """When the suspension began that by the latest claim is going on; if it has begun."""
    return min(
        (start for start, end in view.pauses if start <= now.starting_at < min(end, view.until_at)), default=_ALWAYS
    )


def _has_a_way(
    view: View, owner: str, asked: Presented, made: int, longer_ms: int = 0, *, shut_from: int = _ALWAYS
) -> bool:
    """Whether any hold is theirs now. A suspension begins by the floor, or by when the list was made where no clock
    denies that; but from a hold's first day on together with that."""
    now = asked.moment
    begun = max(now.ending_at, min(now.at, made))
    return any(
        holder == owner
        and bank == asked.bank
        and (first := max(view.from_at, hold_from, joined)) <= now.starting_at
        and now.ending_at < min(view.collect_until, hold_until, parted) + longer_ms
        and parted > made
        and max(first, begun) < shut_from
        for bank, _, hold_from, hold_until in view.holds
        for holder, joined, parted in view.owners
    )


def _is_any_within(spans: Sequence[tuple[int, int]], *instants: int) -> bool:
    return any(start < instant <= end for start, end in spans for instant in instants)


def _is_open(now: Moment) -> bool:
    if now.clock != "trusted" or _HOURS is None:
        return True
    weekday, minute = minute_of_week(now.at)
    return any(start <= minute < end for start, end in _HOURS.days[weekday])
