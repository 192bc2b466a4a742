"""One sample of every message and journal entry, made by the code itself: for round trips and examples."""

import hashlib
from typing import Any

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from wire import access_list as lists
from wire import chain, entries, envelope
from wire import messages as m
from wire.hours import WeeklySchedule
from wire.topics import Topic

CONTROLLER = "montreuil-1"
AT = 1_781_222_400_000  # 2026-06-12 00:00 UTC
DAY = 86_400_000
# The secret key of RFC 8032, section 7.1, TEST 2: known to everybody, signs examples only.
EXAMPLE_KEY = Ed25519PrivateKey.from_private_bytes(
    bytes.fromhex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb")
)
EPOCH = "5f2b8c0d9e1a47368b5c4d3e2f1a0b9c"
DIGEST = "f9246f9c1e21c07ffa98e1d2862c8c08"
OTHER_DIGEST = "cccdefc26b93e22e51065ad0905504e6"
COMMAND = "019eb8d5-9000-7c3e-8a51-0d2f4b6a8c01"
RELEASE = "019eb8d5-9010-7a10-9b20-1c3d5e7f9a02"
HASH = hashlib.sha256(b"example").hexdigest()
SESSION = m.Session(7, "0c1d2e3f405162738495a6b7c8d9eafb")
BEAT = "a1b2c3d4e5f60718293a4b5c6d7e8f90"

GRANT = lists.Grant(
    id="contract-41",
    digest=DIGEST,
    key="site-2026",
    lockers=(12,),
    not_before=AT - 30 * DAY,
    not_after=AT + 60 * DAY,
    kind=lists.Kind.HOLDER.value,
)
ACCESS = lists.AccessList(
    controller=CONTROLLER,
    version=AT,
    issued_at=AT,
    lease_until=AT + 30 * DAY,
    zone="Europe/Paris",
    schedules={"office": WeeklySchedule(days=(*[((540, 720), (840, 1080))] * 5, (), ()))},
    badge_keys=("site-2026",),
    grants=(
        GRANT,
        msgspec.structs.replace(GRANT, id="contract-41.collect", kind="collect", hours="office", needs=("hours",)),
    ),
    revoked=(lists.Revoked("contract-7", OTHER_DIGEST, "replaced"),),
)

MESSAGES: dict[str, tuple[Topic, msgspec.Struct]] = {
    "Birth": (
        Topic.STATUS,
        m.Birth(
            controller=CONTROLLER,
            session=SESSION,
            beat=BEAT,
            software="0.1.0",
            boot_id="3b0f7a52-6a0e-4d4e-9d1c-1f7e6f0a2b11",
            at=AT,
            trust_version=1,
            list_version=ACCESS.version,
            list_hash=HASH,
            badge_keys=("site-2026",),
            epochs=(m.EpochRange(EPOCH, 1, 2),),
        ),
    ),
    "Death": (Topic.STATUS, m.Death(CONTROLLER, SESSION)),
    "Health": (
        Topic.HEALTH,
        m.Health(
            controller=CONTROLLER,
            session=SESSION,
            beat=BEAT,
            at=AT,
            clock="trusted",
            disk_free_mb=23_400,
            temperature_decicelsius=481,
            queue=0,
            list_version=ACCESS.version,
            faults=(m.Fault("reader:entrance", "unplugged"),),
            counters={"envelope_signature": 1},
        ),
    ),
    "Reply": (Topic.REPLIES, m.Reply(CONTROLLER, SESSION, COMMAND, "refused", AT, why="beat", locker=12)),
    "Trust": (Topic.TRUST, m.Trust(CONTROLLER, 1, (m.TrustedKey(bytes(range(32)), AT + 365 * DAY),))),
    "Keys": (Topic.KEYS, m.Keys(CONTROLLER, 1, (m.SealedKey("site-2026", bytes(range(80))),))),
    "AccessList": (Topic.ACCESS, ACCESS),
    "Command": (
        Topic.COMMANDS,
        m.Command(CONTROLLER, SESSION, BEAT, COMMAND, "open", {"locker": 12}, "staff-3f9a", "lost_badge"),
    ),
    "Receipt": (Topic.RECEIPTS, m.Receipt(CONTROLLER, SESSION, EPOCH, 2, HASH, AT)),
}

BODIES: dict[str, dict[str, Any]] = {
    "started": {
        "previous_epoch": "00112233445566778899aabbccddeeff",
        "previous_seq": 4711,
        "previous_hash": HASH,
        "software": "0.1.0",
        "cause": "start",
    },
    "stopping": {"cause": "signal"},
    "badge_refused": {"reader": "entrance", "why": "ended", "digest": DIGEST, "grant": "contract-41", "locker": 12},
    "release_intended": {
        "release": RELEASE,
        "locker": 12,
        "cause": "badge",
        "attempt": 1,
        "grant": "contract-41",
        "digest": DIGEST,
        "kind": "holder",
    },
    "released": {"release": RELEASE, "locker": 12},
    "release_failed": {"release": RELEASE, "locker": 12, "code": "no_reply"},
    "release_unknown": {"release": RELEASE, "locker": 12},
    "door_opened": {"locker": 12, "release": RELEASE},
    "door_closed": {"locker": 12, "open_ms": 41_200},
    "door_forced": {"locker": 12},
    "door_left_open": {"locker": 12, "open_ms": 120_000},
    "not_opened": {"release": RELEASE, "locker": 12, "attempt": 3},
    "already_open": {"release": RELEASE, "locker": 12},
    "wrong_door": {"locker": 13, "release": RELEASE, "expected": 12},
    "sensor_fault": {"locker": 12, "code": "stuck_closed"},
    "sensor_recovered": {"locker": 12, "code": "stuck_closed"},
    "reader_fault": {"device": "entrance", "code": "unplugged"},
    "reader_recovered": {"device": "entrance"},
    "board_fault": {"device": "a", "code": "silent"},
    "board_recovered": {"device": "a"},
    "tamper": {"source": "enclosure", "code": "case_opened", "active": True},
    "access_applied": {"version": AT, "hash": HASH, "grants": 2, "revoked": 1, "durable": True},
    "access_refused": {"code": "version", "version": AT - 1},
    "holder_vanished": {"grant": "contract-41", "digest": DIGEST, "lockers": [12], "until": AT + 3 * DAY},
    "command_accepted": {
        "command": COMMAND,
        "kind": "open",
        "locker": 12,
        "requested_by": "staff-3f9a",
        "reason": "lost_badge",
    },
    "command_refused": {
        "command": COMMAND,
        "kind": "open",
        "locker": 12,
        "requested_by": "staff-3f9a",
        "reason": "lost_badge",
        "why": "beat",
    },
    "badge_enrolled": {"command": COMMAND, "digest": DIGEST, "key": "site-2026"},
    "badge_rekeyed": {"old": OTHER_DIGEST, "new": DIGEST, "grant": "contract-41"},
    "out_of_service": {"locker": 12, "reason": "latch_broken", "until": AT + DAY, "command": COMMAND},
    "in_service": {"locker": 12, "command": COMMAND},
    "lease_expired": {"grants": 3},
    "clock_changed": {"from": "claimed", "to": "trusted", "before_ms": AT - 5_000, "after_ms": AT},
    "journal_late": {"epoch": EPOCH, "first": 17, "last": 19},
    "disk_low": {"free_mb": 180},
    "mains_failed": {"source": "ups", "active": True},
    "undervoltage": {"source": "pi", "active": True},
    "self_test": {"source": "boards", "code": "passed"},
    "suppressed": {"type": "badge_refused", "source": "entrance", "count": 23},
}


def entry(seq: int, kind: str, body: dict[str, Any]) -> entries.Entry:
    """A journal entry of the samples' epoch."""
    return entries.Entry(EPOCH, seq, kind, AT, 1_000 + seq, "3b0f7a52-6a0e-4d4e-9d1c-1f7e6f0a2b11", "trusted", body)


ENTRIES = tuple(entry(seq, kind, body) for seq, (kind, body) in enumerate(BODIES.items(), 1))


def batch_payload(count: int = len(ENTRIES)) -> bytes:
    """The payload of a batch with the first `count` sample entries: all of them, one of every type."""
    header = entries.BatchHeader(CONTROLLER, EPOCH, 1, chain.GENESIS.hex())
    return entries.encode_batch(header, [entries.encode_entry(item) for item in ENTRIES[:count]])


def signed(topic: Topic, payload: bytes) -> bytes:
    """The envelope of a payload, signed by the example key (Ed25519 is deterministic)."""
    return envelope.sign(EXAMPLE_KEY, topic, payload)
