"""A release that is wanted, before it has an intent."""

from msgspec import Struct


class Request(Struct, frozen=True, eq=False):
    """One release that is wanted: for a badge (grant, digest, kind) or a command.

    `order` is the command's kind, `origin` says where it was given if not at the gateway; `pin` how a badge's PIN was
    dealt with (`checked`, `no_keypad`); `first_ms` when the first of its attempts was energised; `repeats` the release
    that a retry repeats; `refusals` how often the guard has sent it back.
    """

    locker: int
    cause: str
    asked_ms: int
    reader: str | None = None
    grant: str | None = None
    digest: str | None = None
    kind: str | None = None
    notice: bool = False
    command: str | None = None
    order: str | None = None
    requested_by: str | None = None
    reason: str | None = None
    origin: str | None = None
    pin: str | None = None
    attempt: int = 1
    first_ms: int | None = None
    repeats: str | None = None
    refusals: int = 0
