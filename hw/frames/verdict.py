"""What outgoing bytes would do at the boards, as each codec's `classify` tells the guarded line."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Harmless:
    """The bytes energise nothing."""


@dataclass(frozen=True, slots=True)
class Energises:
    """One frame that energises one channel for `pulse_ms`, or for the board's own time where that is None."""

    address: int
    channel: int
    pulse_ms: int | None


@dataclass(frozen=True, slots=True)
class Forbidden:
    """Bytes that must never reach a board."""

    why: str


Verdict = Harmless | Energises | Forbidden
