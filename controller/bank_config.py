"""What a bank is made of (`BankConfig`) and what it remembered across a restart (`BankState`)."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from hw.ports import Coil
from wire.access_list import AccessList

# Defaults of the electricity, as the release guard enforces them.
OPEN_WITHIN_MS = 2_000
LEFT_OPEN_AFTER_MS = 120_000
STAGGER_MS = 150
REST_MS = 2_000
DUTY_PERCENT = 10
# How often dates of the access list that are far away are looked at again.
WATCH_MS = 600_000


@dataclass(frozen=True, slots=True)
class LockerConfig:
    """One locker: its coil, the power group that energises one coil at a time, and its board's pulse."""

    coil: Coil
    group: str
    pulse_ms: int


@dataclass(frozen=True, slots=True)
class BankConfig:
    """One bank. `lockers` by the number on the door; times in milliseconds, `duty_percent` of any minute.

    `keypads` are the readers that have one; `lit` the lockers that have a light of their own.
    """

    controller: str
    lockers: Mapping[int, LockerConfig]
    open_within_ms: int = OPEN_WITHIN_MS
    retries: int = 2
    left_open_after_ms: int = LEFT_OPEN_AFTER_MS
    stagger_ms: int = STAGGER_MS
    rest_ms: int = REST_MS
    duty_percent: int = DUTY_PERCENT
    watch_ms: int = WATCH_MS
    keypads: frozenset[str] = frozenset()
    lit: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class OutOfService:
    """A locker's mark, as its last `out_of_service` entry without a later `in_service` gave it.

    It stops holders only where both are given and `until` (instant) is within 24 hours.
    """

    reason: str | None = None
    until: int | None = None


@dataclass(frozen=True, slots=True)
class UnresolvedRelease:
    """A `release_intended` whose outcome the journal lacks: nobody saw what lock and door did."""

    release: str
    locker: int


@dataclass(frozen=True, slots=True)
class PastRelease:
    """A release of the minute before this start; `mono_ms` on today's monotonic clock (may be negative)."""

    locker: int
    mono_ms: int
    pulse_ms: int


@dataclass(frozen=True, slots=True)
class BankState:
    """What is on disk at start.

    `list_hash` is `wire.access_list.list_hash` of the list's payload; `version_floor` the highest version ever
    accepted; `kept` the bytes of the last `StoreList.kept`; `badge_keys` the unsealed keys by id;
    `releases_since_change` by locker: releases since its door sensor last changed (absent: never seen to change).
    """

    access_list: AccessList | None = None
    list_hash: str | None = None
    version_floor: int = 0
    kept: bytes = b"[]"
    badge_keys: Mapping[str, bytes] = field(default_factory=dict)
    out_of_service: Mapping[int, OutOfService] = field(default_factory=dict)
    unresolved: tuple[UnresolvedRelease, ...] = ()
    past_releases: tuple[PastRelease, ...] = ()
    releases_since_change: Mapping[int, int] = field(default_factory=dict)
