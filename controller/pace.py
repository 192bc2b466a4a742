"""How often a controller does what nothing asks for, and how long it lets things gather."""

from msgspec import Struct

from controller.bank_config import WATCH_MS
from controller.reconnect import LONGEST_RETRY_MS
from wire.limits import HEALTH_EVERY_MS


class Pace(Struct, frozen=True):
    """Production's pace. A simulation of years goes slower where nobody looks.

    `linger_s`: how long a new entry waits for company before the first batch; `gather_s`: what comes within this long
    after a batch travels together, behind the release it belongs to. `patience_s`: how long an entry that nobody waits
    for is kept from the disk, and `receipts_s` a receipt that no entry follows (losing it costs a resend). `retry_s`:
    how often a disk that failed is tried again. `reconnect_ms`: the longest wait before a broker is tried again.
    `watch_ms`: how often dates of the access list that are far away are looked at again.
    """

    look_s: float = 1.0
    health_ms: int = HEALTH_EVERY_MS
    linger_s: float = 0.0
    gather_s: float = 0.02
    patience_s: float = 0.025
    receipts_s: float = 0.5
    retry_s: float = 1.0
    reconnect_ms: int = LONGEST_RETRY_MS
    watch_ms: int = WATCH_MS


PRODUCTION = Pace()
