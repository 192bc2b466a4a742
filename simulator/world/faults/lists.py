"""Lists that the gateway's own key has signed and that forget somebody, by a defect or by another's hand."""

import msgspec
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from gateway.access import lists, repository
from gateway.access.changes import access_changed
from gateway.access.models import IssuedList
from gateway.errors import GatewayError
from simulator.errors import NotPossibleError
from simulator.world.faults.fault import DAY_MS, HOUR_MS, MINUTE_MS, Fault, Heal, Hit
from simulator.world.faults.refusals import reaches, session_of
from simulator.world.faults.schedule import Schedule
from simulator.world.invariants.access import VANISHED_KEPT_MS
from simulator.world.invariants.ledger import DEAD
from wire.access_list import AccessList, Grant, Kind, list_hash
from wire.entries import EntryType
from wire.messages import encode
from wire.topics import Topic, topic_name

_STEM = 12  # of a grant's id: which contract it is of
_MOST = 3
_NEVER = 1 << 62
# How often it is everybody.
_ALL = 0.25
_THEIRS = frozenset({Kind.HOLDER.value, Kind.COLLECT.value})


def _forgets(schedule: Schedule, hit: Hit) -> Heal | None:
    """The gateway has issued it itself, or does not know of it, and then holds the bank."""
    world, bank = schedule.world, hit.bank.name
    gateway, unknown = world.gateway, hit.chance.random() < 0.5
    stems = _held(schedule, hit)
    if not stems or schedule.is_empty:
        return None
    try:
        with gateway.writing() as session:
            payload, version = _without(
                session, bank, stems | _shut(schedule, hit), _known_dead(schedule, hit), gateway.now()
            )
            envelope = gateway.keystore.sign(Topic.ACCESS, payload)
            if not unknown:
                session.add(_issued(bank, version, payload, envelope, gateway.now()))
    except (DBAPIError, NotPossibleError, GatewayError):
        return None
    schedule.town.forgets(bank, version, stems, gateway.now() + VANISHED_KEPT_MS)
    schedule.watch.told.of_list(bank, version, EntryType.HOLDER_VANISHED, MINUTE_MS)
    schedule.watch.ledger.signed(bank, envelope)
    world.counts["lists that forget"] += 1
    world.broker.forge(topic_name(bank, Topic.ACCESS), envelope, retain=True)

    def heal() -> None:
        try:
            with gateway.writing() as session:
                access_changed(session, bank)
        except (DBAPIError, NotPossibleError):
            world.loop.after(10 * MINUTE_MS, heal)
            return
        schedule.reconcile()

    return heal


def _held(schedule: Schedule, hit: Hit) -> frozenset[str]:
    """Some contracts whose holders may come now, and are not suspended now or later."""
    ledger, now = schedule.watch.ledger.banks[hit.bank.name], schedule.world.now_ms
    grants: tuple[Grant, ...] = ledger.accepted.grants if ledger.accepted else ()
    shut = {grant.id[:_STEM] for grant in grants if grant.kind == Kind.SUSPENDED.value}
    held = {
        grant.id[:_STEM]
        for grant in grants
        if grant.kind in _THEIRS and grant.not_before + HOUR_MS < now < grant.not_after - HOUR_MS
    }
    known = sorted(held - shut)
    most = len(known) if hit.chance.random() < _ALL else _MOST
    return frozenset(hit.chance.sample(known, min(most, len(known))))


def _shut(schedule: Schedule, hit: Hit) -> frozenset[str]:
    """The contracts whose holders something shuts to their end: a death, or things inside that are another's."""
    accepted = schedule.watch.ledger.banks[hit.bank.name].accepted
    grants = accepted.grants if accepted else ()
    ends = {grant.id[:_STEM]: grant.not_after for grant in grants if grant.kind == Kind.HOLDER.value}
    shut = (grant for grant in grants if grant.kind == Kind.SUSPENDED.value)
    return frozenset(stem for grant in shut if ends.get(stem := grant.id[:_STEM], _NEVER) <= grant.not_after)


def _known_dead(schedule: Schedule, hit: Hit) -> frozenset[tuple[str, str]]:
    """Of these badges its list has told a bank that hears of it now: it need not say so again."""
    bank, accepted = hit.bank, schedule.watch.ledger.banks[hit.bank.name].accepted
    hears = session_of(bank) is not None and reaches(schedule.world, bank.client) and not bank.disk.takes_nothing
    if accepted is None or not hears:
        return frozenset()
    return frozenset((line.id, line.digest) for line in accepted.revoked if line.why in DEAD)


def _without(
    session: Session, bank: str, stems: frozenset[str], dead: frozenset[tuple[str, str]], now: int
) -> tuple[bytes, int]:
    newest = repository.newest_list(session, bank)
    version = max(now, newest.version + 1 if newest else 1)
    whole: AccessList = lists.build(session, bank, version=version, now=now)
    left = tuple(grant for grant in whole.grants if grant.id[:_STEM] not in stems)
    revoked = tuple(line for line in whole.revoked if (line.id, line.digest) not in dead)
    return encode(msgspec.structs.replace(whole, grants=left, revoked=revoked)), version


def _issued(bank: str, version: int, payload: bytes, envelope: bytes, now: int) -> IssuedList:
    return IssuedList(
        bank_id=bank, version=version, hash=list_hash(payload), issued_at=now, lease_until=now, content="forgetful",
        envelope=envelope,
    )  # fmt: skip


FAMILY = (Fault("list_forgets", (25,), (HOUR_MS, 2 * DAY_MS), _forgets),)
