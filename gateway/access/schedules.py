"""Opening hours of contracts as an access list carries them: a schedule is named by what it says."""

import hashlib
from collections.abc import Iterable
from functools import lru_cache
from typing import Protocol

from gateway.schemes.terms import OpeningHours, Terms
from wire.hours import WeeklySchedule
from wire.messages import encode


class Signed(Protocol):
    """A contract or a membership, as far as schedules need it."""

    @property
    def terms(self) -> Terms: ...


@lru_cache(maxsize=256)
def schedule_name(hours: OpeningHours) -> str:
    """The same hours have the same name in every list, so that a list without a change stays the same."""
    return f"h{hashlib.sha256(encode(hours.weekly)).hexdigest()[:16]}"


def schedules_of(contracts: Iterable[Signed]) -> dict[str, WeeklySchedule]:
    """Every schedule that one of the contracts was signed under."""
    signed = {contract.terms.hours for contract in contracts} - {None}
    return {schedule_name(hours): hours.weekly for hours in sorted(signed, key=repr) if hours is not None}
