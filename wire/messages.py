"""Every message on the wire but the access list and the journal's batches; instants are unix ms, UTC."""

from typing import Annotated, Any, TypeVar

import msgspec

from wire.errors import MessageError
from wire.limits import MAX_INSTANT, MAX_INTEGER, MAX_LOCKERS, MAX_STRING, MIN_INSTANT

Text = Annotated[str, msgspec.Meta(max_length=MAX_STRING)]
# Python's `$` also matches before a last line break; `(?!\n)` forbids it, in every dialect of JSON Schema.
ControllerId = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9-]{1,40}$(?!\n)")]
Count = Annotated[int, msgspec.Meta(ge=0, le=MAX_INTEGER)]
Instant = Annotated[int, msgspec.Meta(ge=MIN_INSTANT, le=MAX_INSTANT)]
LockerNumber = Annotated[int, msgspec.Meta(ge=1, le=99_999)]
Hash = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}$(?!\n)")]
Digest = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{32}$(?!\n)")]
KeyName = Annotated[str, msgspec.Meta(pattern=r"^[0-9A-Za-z_.-]{1,64}$(?!\n)")]
Epoch = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{32}$(?!\n)")]
Nonce = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{32}$(?!\n)")]
Uuid = Annotated[
    str, msgspec.Meta(pattern=r"^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$(?!\n)")
]


class Session(msgspec.Struct, frozen=True):
    """One MQTT connection of a controller; `number` rises from one to the next, across restarts."""

    number: Count
    nonce: Nonce


class EpochRange(msgspec.Struct, frozen=True):
    """Entries of one epoch that the controller still holds without a receipt for all of them."""

    epoch: Epoch
    first: Count
    last: Count


class Birth(msgspec.Struct, frozen=True, tag_field="state", tag="online"):
    """A session has begun. `beat` opens the 30 s in which a command made from it is fresh."""

    controller: ControllerId
    session: Session
    beat: Nonce
    software: Text
    boot_id: Text
    at: Instant
    trust_version: Count
    list_version: Count
    list_hash: Hash | None
    badge_keys: Annotated[tuple[KeyName, ...], msgspec.Meta(max_length=64)]
    epochs: Annotated[tuple[EpochRange, ...], msgspec.Meta(max_length=1_000)]


class Death(msgspec.Struct, frozen=True, tag_field="state", tag="offline"):
    """The session is over: the Will, or a clean stop."""

    controller: ControllerId
    session: Session


Status = Birth | Death


class Fault(msgspec.Struct, frozen=True):
    """One fault in force: which device or part, and its code."""

    source: Text
    code: Text


class Health(msgspec.Struct, frozen=True):
    """Every 15 s: a fresh `beat`, and how the controller is. Unknown values are None."""

    controller: ControllerId
    session: Session
    beat: Nonce
    at: Instant
    clock: Text
    disk_free_mb: Count | None
    temperature_decicelsius: Annotated[int, msgspec.Meta(ge=-1_000, le=2_000)] | None
    queue: Count
    list_version: Count
    faults: Annotated[tuple[Fault, ...], msgspec.Meta(max_length=256)]
    counters: dict[Text, Count] = {}


class Reply(msgspec.Struct, frozen=True, omit_defaults=True):
    """One step in the life of a command.

    `state`: accepted, released, opened, not_opened, already_open, unknown, failed, refused (with `why`), done,
    enrolled (with `digest` and `key`), expired, list (`part` of `parts` of the list in force, its signed envelope).
    """

    controller: ControllerId
    session: Session
    id: Uuid
    state: Text
    at: Instant
    why: Text | None = None
    locker: LockerNumber | None = None
    digest: Digest | None = None
    key: KeyName | None = None
    part: Count | None = None
    parts: Count | None = None
    data: bytes | None = None


class TrustedKey(msgspec.Struct, frozen=True):
    """A gateway signing key (Ed25519, raw) and the instant from which it is no longer accepted."""

    public: bytes
    not_after: Instant


class Trust(msgspec.Struct, frozen=True):
    """Which gateway keys may sign; replaces all before. Signed by the root key."""

    controller: ControllerId
    version: Count
    keys: Annotated[tuple[TrustedKey, ...], msgspec.Meta(max_length=64)]


class SealedKey(msgspec.Struct, frozen=True):
    """A badge key sealed (HPKE) to the controller; the context is `controller/id`."""

    id: KeyName
    sealed: bytes


class Keys(msgspec.Struct, frozen=True):
    """The badge keys of the site, complete; replaces all before."""

    controller: ControllerId
    version: Count
    keys: Annotated[tuple[SealedKey, ...], msgspec.Meta(max_length=64)]


class Receipt(msgspec.Struct, frozen=True):
    """The gateway has stored `epoch` through `through`; `hash` is the chain there, as the gateway computed it."""

    controller: ControllerId
    session: Session
    epoch: Epoch
    through: Count
    hash: Hash
    issued_at: Instant


class OpenArgs(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Open one locker."""

    locker: LockerNumber


class IdentifyArgs(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Blink the bank's light."""


class EnrolArgs(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Report the next badge without a live grant within `seconds` as a digest."""

    seconds: Annotated[int, msgspec.Meta(ge=5, le=300)] = 60


class OutOfServiceArgs(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Take a locker out of service; it stops holders only with a `reason` and an `until` within 24 hours."""

    locker: LockerNumber
    reason: Text | None = None
    until: Instant | None = None


class InServiceArgs(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Put a locker back in service."""

    locker: LockerNumber


class WalkTestArgs(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Open these lockers one after the other; held lockers are refused."""

    lockers: Annotated[tuple[LockerNumber, ...], msgspec.Meta(min_length=1, max_length=MAX_LOCKERS)]


class SendAccessArgs(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Send the list in force back, in parts."""


CommandArgs = OpenArgs | IdentifyArgs | EnrolArgs | OutOfServiceArgs | InServiceArgs | WalkTestArgs | SendAccessArgs
COMMAND_ARGS: dict[str, type[CommandArgs]] = {
    "open": OpenArgs,
    "identify": IdentifyArgs,
    "enrol": EnrolArgs,
    "out_of_service": OutOfServiceArgs,
    "in_service": InServiceArgs,
    "walk_test": WalkTestArgs,
    "send_access": SendAccessArgs,
}


class Command(msgspec.Struct, frozen=True):
    """One order to one controller, for one session, made from a recent `beat`.

    `requested_by` is a pseudonym, `reason` a code. `args` are decoded by `command_args`.
    """

    controller: ControllerId
    session: Session
    beat: Nonce
    id: Uuid
    kind: Text
    args: dict[str, Any]
    requested_by: Text
    reason: Text


def command_args(command: Command) -> CommandArgs:
    """The typed arguments. Raises MessageError with code `kind` (unknown) or `args` (not of that kind)."""
    known = COMMAND_ARGS.get(command.kind)
    if known is None:
        raise MessageError("kind", f"unknown command {command.kind[:40]!r}; known: {', '.join(COMMAND_ARGS)}")
    try:
        return msgspec.convert(command.args, known)
    except msgspec.ValidationError as error:
        raise MessageError("args", f"arguments of {command.kind}: {error}") from error


_encoder = msgspec.json.Encoder()
_status_decoder: msgspec.json.Decoder[Birth | Death] = msgspec.json.Decoder(Birth | Death)
M = TypeVar("M", bound=msgspec.Struct)


def encode(message: msgspec.Struct) -> bytes:
    """The payload bytes of a message."""
    return _encoder.encode(message)


def decode(payload: bytes, kind: type[M]) -> M:
    """The message of type `kind` in a verified payload. Raises MessageError with code `payload`."""
    try:
        return msgspec.json.decode(payload, type=kind)
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise MessageError("payload", f"not a {kind.__name__}: {error}") from error


def decode_status(payload: bytes) -> Status:
    """A birth or a death. Raises MessageError with code `payload`."""
    try:
        return _status_decoder.decode(payload)
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise MessageError("payload", f"not a status: {error}") from error
