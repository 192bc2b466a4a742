"""What outlives an access list: the holders that the next one forgot, and badges once called dead, which stay so."""

from collections.abc import Container, Iterable

import msgspec

from controller.access import AccessIndex, CarriedOver, DeadBadge, is_ahead, is_early, is_live, may_be_ahead
from controller.inputs import Moment
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
    old: AccessIndex | None, carried: CarriedOver, new: AccessList, now: Moment, *, settled: bool = False
) -> tuple[CarriedOver, tuple[Grant, ...]]:
    """What to keep beside a new list, and the holders among it whom it is the first to forget or to end before its day.

    `carried` is what was kept until now, beside `old`; or alone, where a damaged disk has lost that list. `settled`:
    the clocks have told the time for long, so that no other is waited for.
    """
    usable = old.usable if old else []
    counted = carried.early if old is not None and is_early(old.access_list, now) else ()
    holders = _collecting(new, carried.holders, (*counted, *usable), now)
    early: tuple[Grant, ...] = ()
    if is_ahead(new, now) or (not settled and may_be_ahead(new, now)):
        early = _early(new, (*carried.early, *usable, *carried.holders), now)
    known = {_name(grant) for grant in (*carried.holders, *carried.early)}
    ended = early if now.is_told and is_ahead(new, now) else ()
    vanished = {_name(grant): grant for grant in (*holders, *ended) if grant.kind in KEPT_KINDS}
    first = tuple(grant for name, grant in vanished.items() if name not in known)
    return CarriedOver(holders, _dead(old, carried, new, now), early), first


def _name(grant: Grant) -> tuple[str, str]:
    return grant.id, grant.digest


def _collecting(new: AccessList, kept: Iterable[Grant], before: Iterable[Grant], now: Moment) -> tuple[Grant, ...]:
    """Whom the list forgets of those that were `kept` already, and of the others; with what shuts them."""
    lost = _forgotten(new, before, now)
    again = {_name(grant) for grant in lost}
    still = [grant for grant in _forgotten(new, kept, now) if _name(grant) not in again]
    until = now.ending_at + VANISHED_KEPT_MS
    collecting = [_to_collect(grant, until) for grant in lost]
    return (*still, *collecting, *_still_shut(kept, still), *_newly_shut(before, lost))


def _early(new: AccessList, before: Iterable[Grant], now: Moment) -> tuple[Grant, ...]:
    """Whom the list calls ended or forgets, if its day has not come: until their end, with all that shuts them."""
    kept: dict[tuple[str, str], Grant] = {}
    for grant in _forgotten(new, before, now, early=True):
        kept.setdefault(_name(grant), _to_collect(grant, grant.not_after))
    return (*kept.values(), *dict.fromkeys(_newly_shut(before, kept.values(), early=True)))


def _dead(old: AccessIndex | None, carried: CarriedOver, new: AccessList, now: Moment) -> tuple[DeadBadge, ...]:
    """The lines that the new list does not repeat; for as long as a gateway would have repeated them."""
    said = {(line.id, line.digest) for line in new.revoked if line.why in _DEAD_BADGE}
    until = now.ending_at + REVOKED_KEPT_MS
    revoked = old.access_list.revoked if old else ()
    lines = [DeadBadge(line.id, line.digest, line.why, until) for line in revoked if line.why in _DEAD_BADGE]
    lines += [line for line in carried.dead if line.until > now.ending_at]
    return tuple(line for line in lines if (line.id, line.digest) not in said)[:MAX_GRANTS]


def _forgotten(new: AccessList, grants: Iterable[Grant], now: Moment, *, early: bool = False) -> list[Grant]:
    """The people's live grants that a list does not speak of: neither the grant, nor its badge for the same lockers.

    Of what a list calls ended before its day (`early`) it knows nothing; nor of what is to come, a time to collect.
    """
    ids = {grant.id for grant in new.grants} | {item.id for item in new.revoked if not early}
    dead = {item.digest for item in new.revoked if item.why in _DEAD_BADGE}
    absent = [
        grant
        for grant in grants
        if grant.id not in ids
        and grant.digest not in dead
        and grant.kind in KEPT_KINDS
        and (now.ending_at < grant.not_after if early else is_live(grant, now))
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


def _newly_shut(before: Iterable[Grant], lost: Iterable[Grant], *, early: bool = False) -> list[Grant]:
    """The suspensions that go with whom a list is the first to forget: what is inside may be another's.

    Whoever was suspended for a while, later than the first day and not to the end, may come and collect; but a list
    that comes before its day (`early`) ends no suspension either.
    """
    shut = []
    theirs: dict[str, list[Grant]] = {}
    for grant in lost:
        theirs.setdefault(grant.digest, []).append(grant)
    for one in before:
        if one.kind == _SUSPENDED:
            ways = {
                (grant.digest, locker)
                for grant in theirs.get(one.digest, ())
                if early or one.not_before <= grant.not_before or grant.not_after <= one.not_after
                for locker in grant.lockers
            }
            if _names(one, ways):
                shut.append(one)
    return shut


def _names(grant: Grant, ways: Container[tuple[str, int]]) -> bool:
    return any((grant.digest, locker) in ways for locker in grant.lockers)


def _to_collect(grant: Grant, until: int) -> Grant:
    """The grant as it is kept: to collect, day and night, until then; a time to collect is not made longer."""
    return Grant(
        id=grant.id,
        digest=grant.digest,
        key=grant.key,
        lockers=grant.lockers,
        not_before=grant.not_before,
        not_after=min(until, grant.not_after) if grant.kind == Kind.COLLECT.value else until,
        kind=Kind.COLLECT.value,
        pin=grant.pin,
        notice=grant.notice,
    )
