"""Nobody loses access without a recorded decision or a date on their contract, and nobody has it without one.

A badge that a controller answers is judged by what was decided up to the list that it follows; and where nothing was
broken for days, by what was decided a day ago, whatever list it follows: a decision that no list tells has not reached
anybody.
"""

from collections.abc import Sequence
from typing import NamedTuple

from controller.inputs import Moment
from gateway.schemes.templates import LUGGAGE_ROOM
from simulator.world.lives.calendar import DAY, minute_of_week
from simulator.world.lives.lending import Lent
from simulator.world.lives.office import Office
from simulator.world.lives.pacts import Pact, View
from simulator.world.lives.people import Presented
from simulator.world.lives.records import Card, Records
from wire.limits import VANISHED_KEPT_MS

_HOURS = LUGGAGE_ROOM.terms.hours
# A list goes out with the decision; the world's gateway looks after what it has missed every six hours.
_REACHES_MS = DAY
# Until what the last fault has left is mended: staff look at banks that are held once a day.
_CALM_MS = 2 * DAY

_ALWAYS = 1 << 62


class Forgotten(NamedTuple):
    """A list that by a defect says nothing of these contracts: until when, at least, their holders keep their way."""

    pacts: frozenset[str]
    until: int


class AccessJudge:
    """`doubtful`: the gateway's time or memory was disturbed, so any of its decisions may be the last known.

    `forgetful`: lists, by bank and version, that forget somebody. `disputed`: badges that one of two gateways blocked.
    """

    def __init__(self, office: Office, sites: dict[str, str]) -> None:
        self._office = office
        self._records: Records = office.records
        self._sites = sites
        self.doubtful = False
        self.judged = 0
        self._calm_since = 0
        self._known_until = _ALWAYS
        self._lost: list[tuple[int, int]] = []
        self.forgetful: dict[tuple[str, int], Forgotten] = {}
        self.disputed: set[str] = set()
        self._two: list[tuple[int, int]] = []

    def lost(self, since: int, until: int) -> None:
        """What was decided after `since` and up to `until` may be forgotten."""
        self.doubtful = True
        self._lost.append((since, until))
        self._known_until = min(self._known_until, since)

    def disturbed(self, until_ms: int) -> None:
        """A fault is there until then (unix ms)."""
        self._calm_since = max(self._calm_since, until_ms)

    def two_gateways(self, since: int) -> None:
        """From now on decisions are made in two places that do not know of each other."""
        self._two.append((since, _ALWAYS))

    def one_gateway(self, since: int, until: int) -> None:
        """It is over; lists up to the version `until` may be of either."""
        self._two = [(start, until if start == since else end) for start, end in self._two]

    def must(self, asked: Presented) -> bool:
        """Whether it is to be let in beyond all doubt; a gateway put back may ask for a PIN that was undone."""
        if asked.list_version == 0 or (asked.card.pins and self._is_doubtful(asked.list_version)):
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
        may, must = self._may_and_must(asked)
        if must and not asked.let_in:
            self._office.hear()
            must = self._may_and_must(asked)[1]
        if asked.let_in and not may:
            self._office.violated("access", f"{self._of(asked)} was let in, and nothing decided says so")
        elif not asked.let_in and must:
            self._office.violated("access", f"{self._of(asked)} was shut out without a decision or a date")
        elif not asked.let_in and self._has_not_reached(asked):
            self._office.violated("access", f"{self._of(asked)} was shut out: what was decided a day ago is in no list")

    def _pin(self, asked: Presented) -> bool:
        """A badge with a PIN opens with that alone, where one can be typed; whether there is more to judge."""
        card = asked.card
        if not card.pins:
            return True
        if self._is_doubtful(asked.list_version):
            return False
        pin = card.pin_at(asked.list_version)
        if asked.let_in and (asked.pin == "wrong" or (asked.pin == "asks" and pin is not None)):
            self._office.violated("pin", f"{self._of(asked)} was let in without its PIN")
        return asked.pin != "wrong"

    def _has_not_reached(self, asked: Presented) -> bool:
        """Whether what was known a day ago lets them in, and no fault explains that their bank has not heard of it."""
        gateway = self._office.gateway
        told = gateway.now() - _REACHES_MS
        is_calm = gateway.hears and gateway.broker.loop.now_ms - self._calm_since >= _CALM_MS
        return is_calm and asked.list_version < told and self._may_and_must(asked._replace(list_version=told))[1]

    def _is_doubtful(self, version: int) -> bool:
        return self.doubtful or any(start <= version <= end for start, end in self._two)

    def _may_and_must(self, asked: Presented) -> tuple[bool, bool]:
        """Whether what was decided lets them in; and whether that is beyond all doubt."""
        card, version = asked.card, asked.list_version
        if self._sites[asked.bank] != card.site or card.staff or card.owner is None or card.given_at is None:
            return False, False
        apart = [(start, end) for start, end in self._two if start <= version <= end]
        doubtful = self.doubtful or bool(apart)
        known_until = min([self._known_until, *(start for start, _ in apart)])
        lost_between = [*self._lost, *apart]
        if doubtful and card.id in self.disputed:
            return True, False
        if card.given_at > version and not doubtful:
            return False, False
        if card.dead_at is not None and (card.dead_at <= version or doubtful):
            return doubtful, False
        forgotten = self.forgetful.get((asked.bank, version))
        may = must = False
        for pact in self._pacts(card):
            views = self._views(pact, version, doubtful)
            opens = [_opens(view, pact, card.owner, asked, version) for view in views]
            # A gateway whose clock was ahead numbers its lists by that for long, and makes them by the right time.
            may = may or (doubtful and any(_opens(view, pact, card.owner, asked, 0) for view in views))
            lost = forgotten is not None and pact.id in forgotten.pacts
            # Whoever is forgotten may come day and night, and a little longer than was agreed.
            may = may or lost or any(opens) or any(
                _is_kept(view, card.owner, asked)
                for view in views if _is_any_within(lost_between, view.at, card.given_at)
            )  # fmt: skip
            if lost and forgotten is not None and asked.moment.ending_at >= forgotten.until:
                continue
            known = max(card.given_at, pact.views[0].at) <= min(version, known_until)
            must = must or bool(opens and all(opens) and known and not self._awaits(pact))
        # Where a bank has heard that it is blocked, it stays dead, whatever this gateway thinks.
        return may, must and card.id not in self.disputed

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
    if any(start <= now.starting_at < min(end, view.until_at) for start, end in view.pauses):
        return False
    return _has_a_way(view, owner, asked, made)


def _is_kept(view: View, owner: str, asked: Presented) -> bool:
    """Whether a bank whose list says nothing of it keeps the owner's way for a while: day and night, suspended or not
    (docs/decisions/0011-revoked-and-kept.md)."""
    return view.signed and view.frozen_at is None and _has_a_way(view, owner, asked, 0, VANISHED_KEPT_MS)


def _has_a_way(view: View, owner: str, asked: Presented, made: int, longer_ms: int = 0) -> bool:
    now = asked.moment
    return any(
        holder == owner
        and bank == asked.bank
        and max(view.from_at, hold_from, joined) <= now.starting_at
        and now.ending_at < min(view.collect_until, hold_until, parted) + longer_ms
        and parted > made
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
