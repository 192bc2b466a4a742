"""What lock boards answer on a serial line, the same for every protocol; each codec reads its frames into these."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class StatusReply:
    """The board's status bytes as sent; their order and polarity are the board's configuration."""

    address: int
    status: bytes


@dataclass(frozen=True, slots=True)
class OpenReply:
    """The board acted on an open frame. It is not the door's word."""

    address: int
    channel: int


@dataclass(frozen=True, slots=True)
class ChannelChanged:
    """The board's own report of one channel; `bit` is that channel's status bit."""

    address: int
    channel: int
    bit: int


@dataclass(frozen=True, slots=True)
class OffReply:
    """The board switched one coil off, or all of them (`channel` None)."""

    address: int
    channel: int | None


@dataclass(frozen=True, slots=True)
class CoilsReply:
    """Which coils the board drives: bit 0 of the first byte is channel 1."""

    address: int
    coils: bytes


@dataclass(frozen=True, slots=True)
class Refusal:
    """The board heard its request and will not do it; `code` is the protocol's reason."""

    address: int
    code: int


BoardReply = StatusReply | OpenReply | ChannelChanged | OffReply | CoilsReply | Refusal
