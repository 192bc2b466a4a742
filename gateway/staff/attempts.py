"""Slows down guessing: how often a sign-in may be tried for one account and from one address."""

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


class Attempts:
    """Counts in this process's memory; several gateways each count their own."""

    def __init__(self) -> None:
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    def count(self, email: str, address: str) -> None:
        """Call before each attempt. Raises TooManyAttemptsError with code `attempts`."""
        account = email.strip().lower()[:200]
        # The address first: one that has to wait keeps nobody else from their account.
        for limit, key in ((PER_ADDRESS, _place(address)), (PER_ACCOUNT, account), (OVERALL, "all")):
            if not self._limiter.hit(limit, limit.namespace, str(limit), key):
                raise TooManyAttemptsError(
                    "attempts", "too many attempts: wait a quarter of an hour, or ask an operator", retry_after_s=60
                )

    def forget(self, email: str) -> None:
        """The right password was given: its account starts from nothing again."""
        self._limiter.clear(PER_ACCOUNT, PER_ACCOUNT.namespace, str(PER_ACCOUNT), email.strip().lower()[:200])


def _place(address: str) -> str:
    """Of IPv6 the /64 that the address is in: whoever has one has all of it."""
    with suppress(ValueError):
        found = ip_address(address)
        if found.version == 6 and found.ipv4_mapped is None:
            return str(IPv6Network((int(found), 64), strict=False))
    return address
