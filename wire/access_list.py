"""The access list: the signed, complete set of grants of one bank, and what makes a grant unusable."""

import hashlib
from enum import StrEnum
from typing import Annotated

import msgspec

from wire.errors import MessageError
from wire.hours import WeeklySchedule, site_zone
from wire.limits import MAX_GRANTS, MAX_LOCKERS
from wire.messages import ControllerId, Count, Digest, Instant, KeyName, LockerNumber, Text, decode
from wire.pin import is_pin_hash


class Kind(StrEnum):
    """What a grant lets its badge do. Where several apply: suspended > holder > collect."""

    HOLDER = "holder"
    COLLECT = "collect"
    SUSPENDED = "suspended"
    STAFF = "staff"
    TECHNICIAN = "technician"


KINDS = frozenset(kind.value for kind in Kind)
LEASED_KINDS = frozenset({Kind.STAFF.value, Kind.TECHNICIAN.value})
# The optional fields of a grant that this version honours; `needs` may name others, from a later version.
HONOURED_NEEDS = frozenset({"hours", "notice", "pin"})


class Grant(msgspec.Struct, frozen=True, omit_defaults=True):
    """One line: this digest opens these lockers from `not_before` until just before `not_after`.

    `key` is the badge key's id; `hours` names a schedule of the list; `pin` is the keyed hash (`wire.pin`) of what is
    typed after the badge; `needs` names optional fields without which
    the grant must not be used.
    """

    id: Text
    digest: Digest
    key: KeyName
    lockers: Annotated[tuple[LockerNumber, ...], msgspec.Meta(min_length=1, max_length=100)]
    not_before: Instant
    not_after: Instant
    kind: Text
    hours: Text | None = None
    pin: Text | None = None
    notice: bool = False
    needs: Annotated[tuple[Text, ...], msgspec.Meta(max_length=16)] = ()


class Revoked(msgspec.Struct, frozen=True):
    """A digest that no longer counts for that grant, and why: ended, revoked or replaced."""

    id: Text
    digest: Digest
    why: Text


class AccessList(msgspec.Struct, frozen=True):
    """Everything a bank may do, now and on every date the contracts hold."""

    controller: ControllerId
    version: Count
    issued_at: Instant
    lease_until: Instant
    zone: Text
    schedules: dict[Text, WeeklySchedule]
    badge_keys: Annotated[tuple[KeyName, ...], msgspec.Meta(max_length=64)]
    grants: Annotated[tuple[Grant, ...], msgspec.Meta(max_length=MAX_GRANTS)]
    revoked: Annotated[tuple[Revoked, ...], msgspec.Meta(max_length=MAX_GRANTS)]


def decode_access_list(payload: bytes) -> AccessList:
    """The list in a verified payload; the gateway passes every list through here before it signs.

    Raises MessageError with code `payload` or `zone`.
    """
    access_list = decode(payload, AccessList)
    site_zone(access_list.zone)
    if len({grant.id for grant in access_list.grants}) != len(access_list.grants):
        raise MessageError("payload", "two grants of the access list have the same id")
    if len({locker for grant in access_list.grants for locker in grant.lockers}) > MAX_LOCKERS:
        raise MessageError("payload", f"the access list names more than {MAX_LOCKERS} lockers")
    return access_list


def list_hash(payload: bytes) -> str:
    """The hash by which birth messages name a list: SHA-256 of its payload bytes, in hex."""
    return hashlib.sha256(payload).hexdigest()


def why_disabled(grant: Grant, access_list: AccessList) -> str | None:
    """Why this grant must not be used, or None: `kind`, `hours`, `key`, `pin`, `needs`; each disables it alone."""
    if grant.kind not in KINDS:
        return "kind"
    if grant.hours is not None and grant.hours not in access_list.schedules:
        return "hours"
    if grant.key not in access_list.badge_keys:
        return "key"
    if grant.pin is not None and not is_pin_hash(grant.pin):
        return "pin"
    if any(need not in HONOURED_NEEDS for need in grant.needs) or ("pin" in grant.needs and grant.pin is None):
        return "needs"
    return None
