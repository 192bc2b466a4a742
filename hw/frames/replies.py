"""What lock boards answer on a serial line, the same for every protocol; each codec reads its frames into these."""

from __future__ import annotations

from msgspec import Struct


class StatusReply(Struct, frozen=True):
    """The board's status bytes as sent; their order and polarity are the board's configuration."""

    address: int
    status: bytes


class OpenReply(Struct, frozen=True):
    """The board acted on an open frame. It is not the door's word."""

    address: int
    channel: int


class ChannelChanged(Struct, frozen=True):
    """The board's own report of one channel; `bit` is that channel's status bit."""

    address: int
    channel: int
    bit: int


class OffReply(Struct, frozen=True):
    """The board switched one coil off, or all of them (`channel` None)."""

    address: int
    channel: int | None


class CoilsReply(Struct, frozen=True):
    """Which coils the board drives: bit 0 of the first byte is channel 1."""

    address: int
    coils: bytes


class Refusal(Struct, frozen=True):
    """The board heard its request and will not do it; `code` is the protocol's reason."""

    address: int
    code: int


BoardReply = StatusReply | OpenReply | ChannelChanged | OffReply | CoilsReply | Refusal
