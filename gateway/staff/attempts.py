"""Slows down guessing: how often a sign-in may be tried for one account and from one address."""

import threading
import time
from contextlib import suppress
from ipaddress import IPv6Network, ip_address

from limits import RateLimitItemPerMinute, RateLimitItemPerSecond
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from gateway.errors import TooManyAttemptsError

PER_ACCOUNT = RateLimitItemPerMinute(10, 15)
PER_ADDRESS = RateLimitItemPerMinute(60, 15)
# Passwords are slow to check on purpose: all attempts together may not take the whole machine.
OVERALL = RateLimitItemPerSecond(20)
# So many accounts and addresses before those are looked for that are past.
KEYS_KEPT = 1_000


class Attempts:
    """Counts in this process's memory; several gateways each count their own."""

    def __init__(self) -> None:
        self._storage = MemoryStorage()
        self._limiter = MovingWindowRateLimiter(self._storage)
        self._lock = threading.Lock()
        self._drop_at = KEYS_KEPT

    def count(self, email: str, address: str) -> None:
        """Call before each attempt. Raises TooManyAttemptsError with code `attempts`."""
        account = email.strip().lower()[:200]
        with self._lock:
            self._drop_old()
            # The address first: one that has to wait keeps nobody else from their account.
            wanted = ((PER_ADDRESS, _place(address)), (PER_ACCOUNT, account), (OVERALL, "all"))
            # While all have to wait, nothing is kept of any attempt: names can be made up without end.
            if not self._limiter.test(OVERALL, OVERALL.namespace, str(OVERALL), "all") or not all(
                self._limiter.hit(limit, limit.namespace, str(limit), key) for limit, key in wanted
            ):
                raise TooManyAttemptsError(
                    "attempts", "too many attempts: wait a quarter of an hour, or ask an operator", retry_after_s=60
                )

    def forget(self, email: str) -> None:
        """The right password was given: its account starts from nothing again."""
        with self._lock:
            self._limiter.clear(PER_ACCOUNT, PER_ACCOUNT.namespace, str(PER_ACCOUNT), email.strip().lower()[:200])

    def _drop_old(self) -> None:
        """The library keeps a key for ever, also once all its attempts are past."""
        events = self._storage.events
        if len(events) < self._drop_at:
            return
        now = time.time()
        for key in list(events):
            with self._storage.locks[key]:
                if not events[key] or events[key][0].expiry <= now:
                    self._storage.clear(key)
        self._drop_at = max(KEYS_KEPT, 2 * len(events))


def _place(address: str) -> str:
    """Of IPv6 the /64 that the address is in: whoever has one has all of it."""
    with suppress(ValueError):
        found = ip_address(address)
        if found.version == 6 and found.ipv4_mapped is None:
            return str(IPv6Network((int(found), 64), strict=False))
    return address
