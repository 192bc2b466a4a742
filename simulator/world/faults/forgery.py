"""Whoever has the broker's password: forges, replays, floods; and a controller that itself sends poison."""

import json
from collections.abc import Callable
from pathlib import Path
from random import Random

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from controller.bootstrap import load_identity
from simulator.world.desk import Desk
from simulator.world.faults.fault import HOUR_MS, MINUTE_MS, Fault, Heal, Hit
from simulator.world.faults.refusals import ENOUGH, Refusals, reaches, session_of
from simulator.world.faults.schedule import Schedule
from simulator.world.mischief import Publication
from wire.access_list import decode_access_list
from wire.entries import BatchHeader, EntryType, encode_batch
from wire.envelope import Envelope, sign
from wire.errors import MessageError
from wire.messages import Session, encode
from wire.topics import DOWN, UP, Topic, topic_name

_DOWNWARDS = tuple(sorted(DOWN, key=lambda topic: topic.value))
_UPWARDS = tuple(sorted(UP, key=lambda topic: topic.value))
# How often a list that is forged would be in force.
_NEWER = 0.5
# In which a bank says what list it follows.
_OF_ITSELF = frozenset({Topic.STATUS, Topic.HEALTH})


def _counted(
    act: Callable[[Schedule, Hit], Topic | None], times: int, enough: int = ENOUGH
) -> Callable[[Schedule, Hit], Heal]:
    """As `_again_and_again`; each is on a topic, and whoever hears that has to count what it refuses."""

    def begin(schedule: Schedule, hit: Hit) -> Heal:
        up, down = (Refusals(schedule, hit, up=up, enough=enough) for up in (True, False))

        def once(schedule: Schedule, hit: Hit) -> None:
            topic = act(schedule, hit)
            if topic is not None:
                (up if topic in UP else down).note()

        over = _again_and_again(once, times)(schedule, hit)

        def heal() -> None:
            over()
            up.judge()
            down.judge()

        return heal

    return begin


def _again_and_again(act: Callable[[Schedule, Hit], None], times: int) -> Callable[[Schedule, Hit], Heal]:
    def begin(schedule: Schedule, hit: Hit) -> Heal:
        left = [times]

        def once() -> None:
            if left[0] > 0:
                left[0] -= 1
                if schedule.world.broker.running:
                    act(schedule, hit)
                schedule.world.loop.after(hit.chance.randint(100, hit.lasts_ms // times), once)

        def heal() -> None:
            left[0] = 0

        once()
        return heal

    return begin


def _flipped(data: bytes, chance: Random) -> bytes:
    """One bit of what is signed, or of the signature, is another."""
    at = chance.randrange(len(data))
    return data[:at] + bytes((data[at] ^ (1 << chance.randrange(8)),)) + data[at + 1 :]


def _forged(overheard: bytes, topic: Topic, chance: Random) -> bytes:
    """A true message that was changed, or signed by a key that nobody accepts, or meant for another topic."""
    how = chance.choice(("bit", "key", "type"))
    if how == "bit":
        return _flipped(overheard, chance)
    stranger = Ed25519PrivateKey.from_private_bytes(chance.randbytes(32))
    payload = json.dumps({"controller": "bank-1", "version": 1 << 50}).encode()
    return sign(stranger, topic if how == "key" else Topic.TRUST, payload)


def _without_anyone(newest: bytes, chance: Random) -> bytes:
    """A list that would be in force if its signature were believed: newer than the newest, in the gateway's name."""
    true = msgspec.json.decode(newest, type=Envelope)
    known = decode_access_list(true.payload)
    payload = encode(msgspec.structs.replace(known, version=known.version + 1, grants=()))
    stranger = Ed25519PrivateKey.from_private_bytes(chance.randbytes(32))
    forged = msgspec.json.decode(sign(stranger, Topic.ACCESS, payload), type=Envelope)
    signature = msgspec.structs.replace(forged.signatures[0], keyid=true.signatures[0].keyid)
    return msgspec.json.encode(msgspec.structs.replace(forged, signatures=[signature]))


def _forge(topics: tuple[Topic, ...]) -> Callable[[Schedule, Hit], Topic | None]:
    def act(schedule: Schedule, hit: Hit) -> Topic | None:
        world, topic = schedule.world, hit.chance.choice(topics)
        source = hit.chance.choice(sorted(world.banks))
        overheard = schedule.recorder.one(source, topic, hit.chance)
        if overheard is None:
            return None
        # From another controller as it is, or changed.
        foreign = source != hit.bank.name and hit.chance.random() < 0.3
        message = overheard if foreign else _forged(overheard, topic, hit.chance)
        newest = schedule.watch.ledger.newest(hit.bank.name)
        if topic is Topic.ACCESS and not foreign and newest is not None and hit.chance.random() < _NEWER:
            message = _without_anyone(newest, hit.chance)
        # A forgery that is retained would stay for ever on a topic where the true one must be: that is the ACL's.
        world.counts["forged"] += 1
        world.broker.forge(topic_name(hit.bank.name, topic), message)
        return topic

    return act


def _replay(topics: tuple[Topic, ...]) -> Callable[[Schedule, Hit], None]:
    """Old messages word for word: from another session, doubled, retained."""

    def act(schedule: Schedule, hit: Hit) -> None:
        topic = hit.chance.choice(topics)
        overheard = schedule.recorder.one(hit.bank.name, topic, hit.chance)
        if overheard is None:
            return
        schedule.world.counts["replayed"] += 1
        if topic is Topic.ACCESS:
            _refused(schedule, hit, overheard)
        if topic in _OF_ITSELF:
            schedule.watch.held.misled(hit.bank.name)
        name = topic_name(hit.bank.name, topic)
        retain = topic is Topic.COMMANDS and hit.chance.random() < 0.5
        for _ in range(hit.chance.randint(1, 3)):
            schedule.world.broker.forge(name, overheard, retain=retain)

    return act


def _late(schedule: Schedule, hit: Hit) -> None:
    """An order to open that the broker keeps back, and hands over minutes later, in the same session: it was never
    seen, and does nothing."""
    world, bank, name = schedule.world, hit.bank, topic_name(hit.bank.name, Topic.COMMANDS)

    def takes(publication: Publication) -> bool:
        if publication.topic != name:
            return False
        world.mischief.takes = None
        world.loop.after(hit.chance.randint(*_LATE_MS), hand_over, session_of(bank), publication.payload)
        return True

    def hand_over(session: Session | None, order: bytes) -> None:
        if session is None or session_of(bank) != session or not reaches(world, bank.client):
            return
        world.counts["orders late"] += 1
        schedule.watch.told.expect(bank.name, EntryType.COMMAND_REFUSED, still=lambda: session_of(bank) == session)
        world.broker.forge(name, order)

    def ordered(command: str | None) -> None:
        if command is None:
            world.mischief.takes = None

    world.mischief.takes = takes
    number = hit.chance.choice(sorted(bank.doors.by_number))
    Desk(world.gateway, "somebody").open_remotely(bank.name, number, "maintenance", ordered)


def _old_commands(schedule: Schedule, hit: Hit) -> Heal:
    for _ in range(_LATE_ONES):
        schedule.world.loop.after(hit.chance.randint(0, hit.lasts_ms), _late, schedule, hit)
    return _again_and_again(_replay(_COMMANDS), 30)(schedule, hit)


def _refused(schedule: Schedule, hit: Hit, envelope: bytes) -> None:
    """A list that is older than the one in force is refused, and that is told."""
    runtime, session = hit.bank.runtime, session_of(hit.bank)
    if runtime is None or session is None or not reaches(schedule.world, hit.bank.client):
        return
    try:
        overheard = decode_access_list(msgspec.json.decode(envelope, type=Envelope).payload)
    except (msgspec.DecodeError, UnicodeDecodeError, MessageError):
        return  # a forgery that was overheard, too
    if overheard.version < runtime.bank.list_version:
        schedule.watch.told.expect(
            hit.bank.name, EntryType.ACCESS_REFUSED, still=lambda: session_of(hit.bank) == session
        )


def _hostile(schedule: Schedule, hit: Hit) -> Topic:
    """Bytes that are nothing, or far too much."""
    chance = hit.chance
    topic = chance.choice((*_UPWARDS, *_DOWNWARDS))
    kind = chance.choice(("empty", "noise", "huge", "deep", "text"))
    payload = {
        "empty": b"",
        "noise": chance.randbytes(chance.randint(1, 500)),
        "huge": b"x" * 300_000,
        "deep": b"[" * 20_000,
        "text": b'{"payloadType":"x","payload":"","signatures":[{"keyid":"\xff"}]}',
    }[kind]
    schedule.world.broker.forge(topic_name(hit.bank.name, topic), payload)
    schedule.world.broker.forge("casier/1/../#/$", payload)
    return topic


def _poison(schedule: Schedule, hit: Hit) -> None:
    """A controller that has gone mad signs what makes no sense, in an epoch of its own, with its own key."""
    key = load_identity(Path("/data"), hit.bank.disk).device
    chance, epoch = hit.chance, hit.chance.randbytes(16).hex()
    header = BatchHeader(hit.bank.name, epoch, chance.randint(2, 50), chance.randbytes(32).hex())
    lines = chance.choice(([b"{"], [b'{"epoch":"x"}'], [chance.randbytes(30).replace(b"\n", b" ")]))
    schedule.world.counts["poison"] += 1
    schedule.watch.told.poisoned(hit.bank.name)
    batch = sign(key, Topic.EVENTS, encode_batch(header, lines))
    schedule.world.broker.forge(topic_name(hit.bank.name, Topic.EVENTS), batch)


_COMMANDS = (Topic.COMMANDS,)
# Three of them, each long after it was fresh and its release could have waited for its turn.
_LATE_ONES, _LATE_MS = 3, (2 * MINUTE_MS, 20 * MINUTE_MS)
_DOCUMENTS = (Topic.ACCESS, Topic.TRUST, Topic.KEYS, Topic.RECEIPTS)
_SPAN = (HOUR_MS, 12 * HOUR_MS)
FAMILY = (
    Fault("forged_downwards", (10,), _SPAN, _counted(_forge(_DOWNWARDS), 40)),
    Fault("forged_upwards", (10,), _SPAN, _counted(_forge(_UPWARDS), 40)),
    Fault("old_documents", (7, 8), _SPAN, _again_and_again(_replay(_DOCUMENTS), 30)),
    Fault("old_commands", (6, 9), _SPAN, _old_commands),
    Fault("old_entries", (6,), _SPAN, _again_and_again(_replay(_UPWARDS), 30)),
    Fault("hostile_bytes", (28,), _SPAN, _counted(_hostile, 20, enough=6)),
    Fault("poison", (24,), _SPAN, _again_and_again(_poison, 10)),
)
