"""The sans-IO whole of one bank: (input, now) -> effects. No clock, no I/O, no thread, no sleep."""

from collections.abc import Callable, Mapping

from controller.bank_config import (
    BankConfig,
    BankState,
    LockerConfig,
    OutOfService,
    PastRelease,
    UnresolvedRelease,
)
from controller.effects import Effect
from controller.inputs import Input, Moment
from wire.ids import uuid7
from wire.messages import Fault

__all__ = ["Bank", "BankConfig", "BankState", "LockerConfig", "OutOfService", "PastRelease", "UnresolvedRelease"]


class Bank:
    """Decides and remembers for one bank. `new_id` makes release ids from unix milliseconds (UUIDv7)."""

    def __init__(self, config: BankConfig, state: BankState, new_id: Callable[[int], str] = uuid7) -> None:
        raise NotImplementedError

    def start(self, now: Moment) -> list[Effect]:
        """Effects of starting: `release_unknown` for each unresolved intent, lights idle. Energises nothing."""
        raise NotImplementedError

    def handle(self, event: Input, now: Moment) -> list[Effect]:
        """What follows from one input, in the order to carry out."""
        raise NotImplementedError

    def next_deadline_ms(self) -> int | None:
        """When to hand in `Ticked` at the latest (monotonic), or None. May be early, never late."""
        raise NotImplementedError

    @property
    def faults(self) -> tuple[Fault, ...]:
        """The faults in force, for health messages."""
        raise NotImplementedError

    @property
    def counters(self) -> Mapping[str, int]:
        """What was refused before it reached the core, by `refused_<topic>`."""
        raise NotImplementedError

    @property
    def list_version(self) -> int:
        """The version of the list in force, 0 before the first."""
        raise NotImplementedError

    @property
    def list_hash(self) -> str | None:
        """The hash of the list in force."""
        raise NotImplementedError

    @property
    def badge_key_ids(self) -> tuple[str, ...]:
        """The ids of the badge keys held."""
        raise NotImplementedError
