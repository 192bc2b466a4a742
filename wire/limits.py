"""Bounds on everything that crosses the wire, checked before parsing further."""

MAX_ACCESS_BYTES = 8 * 1024 * 1024
MAX_MESSAGE_BYTES = 256 * 1024
MAX_LOCKERS = 1_000
MAX_GRANTS = 20_000
MAX_STRING = 256
MAX_INTEGER = 2**53 - 1

# 2020-01-01 and 2100-01-01, UTC, in unix milliseconds: an instant outside is a mistake or an attack.
MIN_INSTANT = 1_577_836_800_000
MAX_INSTANT = 4_102_444_800_000

MAX_BATCH_ENTRIES = 100
MAX_BATCH_BYTES = 64 * 1024
MAX_BATCHES_IN_FLIGHT = 20

# An access list travels back in parts that fit `replies` with room for base64 twice over.
LIST_PART_BYTES = 96 * 1024

COMMAND_FRESH_MS = 30_000
COMMAND_WAIT_MS = 60_000
HEALTH_EVERY_MS = 15_000
REVOKED_KEPT_MS = 90 * 86_400_000
VANISHED_KEPT_MS = 72 * 3_600_000
LEASE_MS = 30 * 86_400_000
OUT_OF_SERVICE_MAX_MS = 24 * 3_600_000


def largest_envelope(payload_bytes: int) -> int:
    """The most bytes of an envelope around so large a payload: base64 makes 4 bytes of 3, the rest is under 1 kB."""
    return payload_bytes // 3 * 4 + 1_024


def largest_packet(payload_bytes: int) -> int:
    """The most bytes of an MQTT packet with such an envelope: its topic and properties are under 3 kB."""
    return largest_envelope(payload_bytes) + 3_072
