"""Who may open what: an access list indexed by digest, and `decide`, which judges one badge at one moment.

It knows nothing of doors, queues or lockers out of service: the bank asks those.
"""

from collections.abc import Iterable, Iterator

import msgspec

from controller.inputs import Moment
from controller.timekeeping import AGREE_MS, CREDIT_MS
from wire.access_list import LEASED_KINDS, AccessList, Grant, Kind, Revoked, why_disabled
from wire.hours import is_open, site_zone

_HOLDER, _COLLECT, _SUSPENDED = Kind.HOLDER.value, Kind.COLLECT.value, Kind.SUSPENDED.value
# Where several grants speak of one locker: suspended > holder > collect.
_RANK = {_SUSPENDED: 0, _HOLDER: 1, _COLLECT: 2}
# Which refusal to name when nothing opens: the one that tells the person most.
_TELLING = ("suspended", "hours", "lease", "staff_badge", "not_yet", "revoked", "replaced", "ended")


class Granted(msgspec.Struct, frozen=True):
    """The badge opens these lockers, each by the grant beside it, in the list's order."""

    ways: tuple[tuple[int, Grant], ...]


class Denied(msgspec.Struct, frozen=True):
    """The badge opens nothing.

    `why`: unknown, ended, not_yet, suspended, revoked, replaced, hours, lease or staff_badge; `grant`: the id of the
    grant that says so. `known` digests may be named in the journal; strangers' never.
    """

    why: str
    grant: str | None = None

    @property
    def known(self) -> bool:
        """Whether the list in force names this digest at all."""
        return self.why != "unknown"


_UNKNOWN = Denied("unknown")


class DeadBadge(msgspec.Struct, frozen=True, array_like=True):
    """A line of an earlier list: this badge under this grant never counts again; carried over until `until`."""

    id: str
    digest: str
    why: str
    until: int


class CarriedOver(msgspec.Struct, frozen=True):
    """What holds beside a list: `holders` whom it forgot, with the time they have to collect, and the suspensions that
    shut them; `dead` badges; `early`: whom it ended or forgot before its day, if that has not come."""

    holders: tuple[Grant, ...] = ()
    dead: tuple[DeadBadge, ...] = ()
    early: tuple[Grant, ...] = ()


NOTHING_CARRIED = CarriedOver()


class AccessIndex:
    """One access list with what is carried over from earlier ones, ready to be asked; built once per list.

    A disabled grant (`why_disabled`) is not `usable`, nor one whose (id, digest) is in `revoked`, nor one by which a
    dead badge would live again: it is among the `revived`. The same digest under another grant id still counts: the
    list's author gave the badge out again, knowing of the revocation.
    """

    def __init__(self, access_list: AccessList, carried: CarriedOver = NOTHING_CARRIED) -> None:
        self.access_list = access_list
        self.carried = carried
        self.zone = site_zone(access_list.zone)
        revived = _revived(access_list, carried.dead)
        enabled = [grant for grant in access_list.grants if why_disabled(grant, access_list) is None]
        dead = {(item.id, item.digest) for item in access_list.revoked} | revived.keys()
        self.disabled, self.revived = len(access_list.grants) - len(enabled), len(revived)
        self.usable = [grant for grant in enabled if (grant.id, grant.digest) not in dead] if dead else enabled
        self.leased = 0
        self._grants: dict[str, tuple[Grant, ...]] = {}
        self._revoked: dict[str, Denied] = {}
        self._at_locker: dict[int, list[Grant]] = {}
        lines: tuple[Revoked | DeadBadge, ...] = (*access_list.revoked, *revived.values())
        for item in lines:
            refusal = Denied(item.why if item.why in _TELLING else "revoked", item.id)
            self._revoked[item.digest] = _more_telling(self._revoked.get(item.digest), refusal)
        for grant in (*self.usable, *carried.holders):
            self._add(grant)
        self._early: dict[str, tuple[Grant, ...]] = {}
        for grant in carried.early:
            self._early[grant.digest] = (*self._early.get(grant.digest, ()), grant)

    def _add(self, grant: Grant) -> None:
        self._grants[grant.digest] = (*self._grants.get(grant.digest, ()), grant)
        if grant.kind in LEASED_KINDS:
            self.leased += 1
            return
        for locker in grant.lockers:
            self._at_locker.setdefault(locker, []).append(grant)

    @property
    def key_ids(self) -> tuple[str, ...]:
        """The badge keys to try, newest first; a kept grant's key stays even where the list no longer names it."""
        return tuple(dict.fromkeys((*self.access_list.badge_keys, *(grant.key for grant in self._kept))))

    @property
    def _kept(self) -> tuple[Grant, ...]:
        return (*self.carried.holders, *self.carried.early)

    def knows(self, digest: str) -> bool:
        """Whether a grant or a revocation names this digest."""
        return digest in self._grants or digest in self._revoked or digest in self._early

    def grants_of(self, digest: str, now: Moment) -> tuple[Grant, ...]:
        """All grants of a digest, of any date; with what a list ended whose own day has not come."""
        grants = self._grants.get(digest, ())
        if digest in self._early and is_early(self.access_list, now):
            return (*grants, *self._early[digest])
        return grants

    def is_held(self, locker: int, now: Moment) -> bool:
        """Whether someone's belongings may be inside: a live holder, collect or suspended grant names the locker."""
        early = self.carried.early if is_early(self.access_list, now) else ()
        grants = (*self._at_locker.get(locker, ()), *(grant for grant in early if locker in grant.lockers))
        return any(is_live(grant, now) for grant in grants)

    def revocation_of(self, digest: str) -> Denied | None:
        """Why this digest was revoked, or None."""
        return self._revoked.get(digest)


def is_ahead(access_list: AccessList, now: Moment) -> bool:
    """Whether a list comes from a day that no clock here has seen: its author's is wrong, and ended what goes on.

    Where no clock tells the time, the floor is what is known of it.
    """
    return access_list.issued_at - now.least > CREDIT_MS


def may_be_ahead(access_list: AccessList, now: Moment) -> bool:
    """Whether a list may come from such a day for all that two clocks know: one that is alone may be its author's."""
    return access_list.issued_at - min(now.least, now.ending_at) > CREDIT_MS


def is_early(access_list: AccessList, now: Moment) -> bool:
    """Whether the day of a list that was ahead has not come yet."""
    return access_list.issued_at - now.least > AGREE_MS


def _revived(access_list: AccessList, dead: Iterable[DeadBadge]) -> dict[tuple[str, str], DeadBadge]:
    """The dead badges for which the list has a grant again."""
    lines = {(line.id, line.digest): line for line in dead}
    if not lines:
        return lines
    return {name: lines[name] for grant in access_list.grants if (name := (grant.id, grant.digest)) in lines}


def is_live(grant: Grant, now: Moment) -> bool:
    """Whether `now` is within the grant's dates; in doubt about the time the holder wins.

    So a suspension, which stands against its holder, ends by the latest claim (and shuts from when `_reached` says) and
    any other grant by the floor. As its two ends are judged by two times, a grant with no time in it would have some in
    doubt: it never is live.
    """
    return grant.not_before <= now.starting_at and _ending(grant, now) < grant.not_after and not _is_empty(grant)


def _is_empty(grant: Grant) -> bool:
    return grant.not_after <= grant.not_before


def _ending(grant: Grant, now: Moment) -> int:
    return now.starting_at if grant.kind == _SUSPENDED else now.ending_at


def decide(digest: str, access: AccessIndex, now: Moment) -> Granted | Denied:
    """Judge one digest at one moment; the same effort whatever the length of the list."""
    grants = access.grants_of(digest, now)
    opening: list[Grant] = []
    refusal: Denied | None = None
    for grant in grants:
        why = _why_not(grant, access, now)
        if why is None:
            opening.append(grant)
        else:
            refusal = _more_telling(refusal, Denied(why, grant.id))
    if len(opening) == 1 and len(grants) == 1:
        return Granted(tuple((locker, opening[0]) for locker in opening[0].lockers))
    if opening:
        suspended = [grant for grant in grants if grant.kind == _SUSPENDED and is_live(grant, now)]
        ways = _ways(opening, suspended, _reached(access.access_list, now))
        if ways:
            return Granted(ways)
    revocation = access.revocation_of(digest)
    if revocation is not None:
        refusal = _more_telling(refusal, revocation)
    return refusal or _UNKNOWN


def leased_grants(digest: str, access: AccessIndex, now: Moment) -> Iterator[Grant]:
    """The staff or technician grants of a badge that may open a locker from a keypad now."""
    for grant in access.grants_of(digest, now):
        if grant.kind in LEASED_KINDS and _why_not(grant, access, now) == "staff_badge":
            yield grant


def leased_grant(digest: str, locker: int, access: AccessIndex, now: Moment) -> Grant | None:
    """The one of them that names this locker."""
    return next((grant for grant in leased_grants(digest, access, now) if locker in grant.lockers), None)


def _why_not(grant: Grant, access: AccessIndex, now: Moment) -> str | None:
    """Why this grant opens nothing at this moment, or None."""
    if _is_empty(grant):
        return "ended"
    if now.starting_at < grant.not_before:
        return "not_yet"
    if _ending(grant, now) >= grant.not_after:
        return "ended"
    if grant.kind == _SUSPENDED:
        return "suspended"
    if grant.kind in LEASED_KINDS:
        return "staff_badge" if now.ending_at < access.access_list.lease_until else "lease"
    if grant.hours is not None and now.clock == "trusted":
        schedule = access.access_list.schedules[grant.hours]
        if not is_open(schedule, access.zone, now.at):
            return "hours"
    return None


def _reached(access_list: AccessList, now: Moment) -> int:
    """How far suspensions have begun: up to the floor, or when the list was made where no clock here denies that.

    So one wrong clock, here or at the gateway, begins none early; one decided now acts at once though the floor lags.
    """
    return max(now.ending_at, min(now.at, access_list.issued_at))


def _ways(opening: list[Grant], suspended: list[Grant], reached: int) -> tuple[tuple[int, Grant], ...]:
    """The best grant for each locker; a suspended locker stays shut whatever else names it.

    A suspension from a grant's first day on (a locker that has to be looked at first) begins whenever that does.
    """
    best: dict[int, Grant] = {}
    for grant in opening:
        begun = max(grant.not_before, reached)
        shut = {locker for other in suspended if other.not_before <= begun for locker in other.lockers}
        for locker in grant.lockers:
            other = best.get(locker)
            if locker not in shut and (other is None or _RANK[grant.kind] < _RANK[other.kind]):
                best[locker] = grant
    return tuple(best.items())


def _more_telling(first: Denied | None, second: Denied) -> Denied:
    if first is None or _TELLING.index(second.why) < _TELLING.index(first.why):
        return second
    return first
