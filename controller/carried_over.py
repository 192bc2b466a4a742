"""What outlives an access list: the holders that the next one forgot, and badges once called dead, which stay so."""

from collections.abc import Container, Iterable

import msgspec

from controller.access import AccessIndex, CarriedOver, DeadBadge, is_live
from controller.inputs import Moment
from controller.timekeeping import CREDIT_MS
from wire.access_list import AccessList, Grant, Kind
from wire.limits import MAX_GRANTS, REVOKED_KEPT_MS, VANISHED_KEPT_MS

KEPT_KINDS = frozenset({Kind.HOLDER.value, Kind.COLLECT.value})
_SUSPENDED = Kind.SUSPENDED.value
# Words on a badge itself, whichever grant they came with; `ended` speaks of one grant alone.
_DEAD_BADGE = frozenset({"revoked", "replaced"})

# Before dead badges were carried over there were the holders alone.
_decoder = msgspec.json.Decoder(tuple[Grant, ...] | CarriedOver)


def decode_carried_over(data: bytes) -> CarriedOver:
    """What was stored with the list. Raises msgspec.DecodeError, ValueError for what cannot be read."""
    found = _decoder.decode(data)
    return CarriedOver(found) if isinstance(found, tuple) else found


def carry_over(
    old: AccessIndex | None, carried: CarriedOver, new: AccessList, now: Moment
) -> tuple[CarriedOver, tuple[Grant, ...]]:
    """What to keep beside a new list, and the holders among it whom it is the first to forget.

    `carried` is what was kept until now, beside `old`; or alone, where a damaged disk has lost that list.
    """
    before, ahead = set(carried.holders), is_ahead(new, now)
    forgotten = _forgotten(new, (*carried.holders, *(old.usable if old else ())), now, ahead)
    lost = [grant for grant in forgotten if grant not in before]
    vanished = tuple(_to_collect(grant, now, ahead) for grant in lost)
    still = tuple(grant for grant in forgotten if grant in before)
    shut = (*_still_shut(carried.holders, still), *_newly_shut(old.usable if old else (), lost, ahead))
    return CarriedOver((*still, *vanished, *shut), _dead(old, carried, new, now)), vanished


def is_ahead(access_list: AccessList, now: Moment) -> bool:
    """Whether a list comes from a day that no clock here has seen: its author's is wrong, and ended what goes on."""
    return now.clock != "floor" and access_list.issued_at - now.at > CREDIT_MS


def _dead(old: AccessIndex | None, carried: CarriedOver, new: AccessList, now: Moment) -> tuple[DeadBadge, ...]:
    """The lines that the new list does not repeat; for as long as a gateway would have repeated them."""
    said = {(line.id, line.digest) for line in new.revoked if line.why in _DEAD_BADGE}
    until = now.ending_at + REVOKED_KEPT_MS
    revoked = old.access_list.revoked if old else ()
    lines = [DeadBadge(line.id, line.digest, line.why, until) for line in revoked if line.why in _DEAD_BADGE]
    lines += [line for line in carried.dead if line.until > now.ending_at]
    return tuple(line for line in lines if (line.id, line.digest) not in said)[:MAX_GRANTS]


def _forgotten(new: AccessList, grants: Iterable[Grant], now: Moment, ahead: bool) -> list[Grant]:
    """The people's live grants that a list does not speak of: neither the grant, nor its badge for the same lockers.

    What a list that is `ahead` calls ended it knows nothing of; of what is to come, a time to collect, neither.
    """
    ids = {grant.id for grant in new.grants} | {item.id for item in new.revoked if not ahead}
    dead = {item.digest for item in new.revoked if item.why in _DEAD_BADGE}
    absent = [
        grant
        for grant in grants
        if grant.id not in ids
        and grant.digest not in dead
        and grant.kind in KEPT_KINDS
        and (now.ending_at < grant.not_after if ahead else is_live(grant, now))
    ]
    lockers: dict[str, set[int]] = {grant.digest: set() for grant in absent}
    if absent:
        for grant in new.grants:
            if grant.digest in lockers:
                lockers[grant.digest].update(grant.lockers)
    return [grant for grant in absent if not lockers[grant.digest].issuperset(grant.lockers)]


def _still_shut(carried: Iterable[Grant], kept: Iterable[Grant]) -> list[Grant]:
    """The suspensions that were carried over with those who are kept on."""
    ways = {(grant.digest, locker) for grant in kept for locker in grant.lockers}
    return [one for one in carried if one.kind == _SUSPENDED and _names(one, ways)]


def _newly_shut(usable: Iterable[Grant], lost: Iterable[Grant], ahead: bool) -> list[Grant]:
    """The suspensions that go with whom a list is the first to forget: what is inside may be another's.

    Whoever was suspended for a while, later than the first day and not to the end, may come and collect; but not by a
    list that is `ahead`, which ends no suspension either.
    """
    shut = []
    theirs: dict[str, list[Grant]] = {}
    for grant in lost:
        theirs.setdefault(grant.digest, []).append(grant)
    for one in usable:
        if one.kind == _SUSPENDED:
            ways = {
                (grant.digest, locker)
                for grant in theirs.get(one.digest, ())
                if ahead or one.not_before <= grant.not_before or grant.not_after <= one.not_after
                for locker in grant.lockers
            }
            if _names(one, ways):
                shut.append(one)
    return shut


def _names(grant: Grant, ways: Container[tuple[str, int]]) -> bool:
    return any((grant.digest, locker) in ways for locker in grant.lockers)


def _to_collect(grant: Grant, now: Moment, ahead: bool) -> Grant:
    """The grant as it is kept: to collect, for 72 hours, day and night; a time to collect is not made longer.

    Whom a list that is `ahead` forgets keeps theirs to its end.
    """
    until = grant.not_after if ahead else now.ending_at + VANISHED_KEPT_MS
    if grant.kind == Kind.COLLECT.value:
        until = min(until, grant.not_after)
    return Grant(
        id=grant.id,
        digest=grant.digest,
        key=grant.key,
        lockers=grant.lockers,
        not_before=grant.not_before,
        not_after=until,
        kind=Kind.COLLECT.value,
        pin=grant.pin,
        notice=grant.notice,
    )
