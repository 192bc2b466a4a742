"""What outgoing bytes would do at the boards, as each codec's `classify` tells the guarded line."""

from __future__ import annotations

from msgspec import Struct


class Harmless(Struct, frozen=True):
    """The bytes energise nothing."""


class Energises(Struct, frozen=True):
    """One frame that energises one channel for `pulse_ms`, or for the board's own time where that is None."""

    address: int
    channel: int
    pulse_ms: int | None


class Forbidden(Struct, frozen=True):
    """Bytes that must never reach a board."""

    why: str


Verdict = Harmless | Energises | Forbidden
