"""A bank driven by hand: a clock that only moves when told, a disk that answers when told, and short sentences."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from controller.bank import Bank, BankConfig, BankState, LockerConfig
from controller.effects import Effect, Energise, Record, SendReply, Show
from controller.inputs import (
    BadgePresented,
    BeatSent,
    CommandReceived,
    DoorSensed,
    Input,
    IntentDurable,
    KeyPressed,
    ListReceived,
    LockAccepted,
    Moment,
    SessionStarted,
    Ticked,
)
from hw.ports import Coil, Signal
from wire.access_list import AccessList, Grant, Revoked, list_hash
from wire.badge import badge_digest
from wire.hours import WeeklySchedule
from wire.messages import Command, Session, encode

KEY = b"k" * 32
OLD_KEY = b"o" * 32
NOON = 1_800_000_000_000
DAY = 86_400_000
SESSION = Session(number=7, nonce="a" * 32)
BEAT = "b" * 32


def digest(number: str, key: bytes = KEY) -> str:
    """The digest of an em4100 badge number."""
    return badge_digest(key, f"em4100:{number}")


def number(n: int) -> str:
    """The n-th badge number of the tests."""
    return f"{n:010X}"


def grant(n: int, lockers: Iterable[int] | int, kind: str = "holder", **fields: Any) -> Grant:
    """A grant for badge n, alive from yesterday for thirty days."""
    values: dict[str, Any] = {
        "id": f"g{n}",
        "digest": digest(number(n)),
        "key": "k1",
        "lockers": (lockers,) if isinstance(lockers, int) else tuple(lockers),
        "not_before": NOON - DAY,
        "not_after": NOON + 30 * DAY,
        "kind": kind,
    }
    return Grant(**{**values, **fields})


def revoked(n: int, why: str = "revoked", **fields: Any) -> Revoked:
    """Badge n's grant, revoked."""
    return Revoked(**{"id": f"g{n}", "digest": digest(number(n)), "why": why, **fields})


def make_list(*grants: Grant, version: int = 10, **fields: Any) -> AccessList:
    """An access list of controller montreuil-1."""
    values: dict[str, Any] = {
        "controller": "montreuil-1",
        "version": version,
        "issued_at": NOON,
        "lease_until": NOON + 30 * DAY,
        "zone": "Europe/Paris",
        "schedules": {"mornings": WeeklySchedule(tuple(((480, 720),) for _ in range(7)))},
        "badge_keys": ("k1",),
        "grants": grants,
        "revoked": (),
    }
    return AccessList(**{**values, **fields})


@dataclass
class Driver:
    """One bank and its world. `durable`: the disk answers each intent at once; `boards`: so does the board."""

    config: BankConfig
    state: BankState
    durable: bool = True
    boards: bool = True
    mono_ms: int = 1_000_000
    clock: str = "trusted"
    skew_ms: int = 0
    effects: list[Effect] = field(default_factory=list)
    energised: list[Energise] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.made = 0
        self.commands = 0
        self.bank = Bank(self.config, self.state, self.new_id)
        self.effects += self.bank.start(self.now)

    def new_id(self, _unix_ms: int) -> str:
        self.made += 1
        return f"r{self.made}"

    @property
    def now(self) -> Moment:
        at = NOON + self.mono_ms - 1_000_000 + self.skew_ms
        return Moment(self.mono_ms, at, at, at, self.clock)

    def give(self, event: Input, now: Moment | None = None) -> list[Effect]:
        """Hand in one input; the disk and the board answer as set. Returns all that came of it."""
        came: list[Effect] = []
        waiting: list[Input] = [event]
        while waiting:
            effects = self.bank.handle(waiting.pop(0), now or self.now)
            came += effects
            for effect in effects:
                if isinstance(effect, Record) and effect.release is not None and self.durable:
                    waiting.append(IntentDurable(effect.release))
                if isinstance(effect, Energise):
                    self.energised.append(effect)
                    if self.boards:
                        waiting.append(LockAccepted(effect.locker))
        self.effects += came
        return came

    def tap(self, n: int, age_ms: int = 0, stale: bool = False, reader: str = "entrance") -> list[Effect]:
        """Badge n is presented."""
        return self.give(BadgePresented(reader, "em4100", number(n), self.mono_ms - age_ms, stale))

    def door(self, locker: int, *, opens: bool) -> list[Effect]:
        return self.give(DoorSensed(locker, opens))

    def latch(self, locker: int, *, opens: bool) -> list[Effect]:
        return self.give(DoorSensed(locker, opens, "latch"))

    def keys(self, pressed: str, reader: str = "entrance") -> list[Effect]:
        """These keys, one after the other."""
        return [effect for key in pressed for effect in self.give(KeyPressed(reader, key, self.mono_ms))]

    def wait(self, milliseconds: int) -> list[Effect]:
        """Time passes; every deadline on the way is kept."""
        end = self.mono_ms + milliseconds
        came: list[Effect] = []
        while (due := self.bank.next_deadline_ms()) is not None and due <= end:
            self.mono_ms = max(self.mono_ms, due)
            came += self.give(Ticked())
        self.mono_ms = end
        return came

    def receive_list(self, access_list: AccessList) -> list[Effect]:
        return self.give(ListReceived(access_list, encode(access_list), b"envelope"))

    def connect(self) -> None:
        self.give(SessionStarted(SESSION))
        self.give(BeatSent(BEAT))

    def order(self, kind: str, retained: bool = False, **fields: Any) -> list[Effect]:
        """A command of this session and beat; keyword fields replace its own."""
        self.commands += 1
        values: dict[str, Any] = {
            "controller": "montreuil-1",
            "session": SESSION,
            "beat": BEAT,
            "id": f"00000000-0000-7000-8000-{self.commands:012x}",
            "kind": kind,
            "args": {},
            "requested_by": "staff-1",
            "reason": "holder_present",
        }
        return self.give(CommandReceived(Command(**{**values, **fields}), retained))

    def fault_codes(self) -> set[str]:
        return {fault.code for fault in self.bank.faults}


def make_driver(*grants: Grant, lockers: int = 6, groups: int = 1, **fields: Any) -> Driver:
    """A bank of `lockers` with the list of these grants in force; other fields are the Driver's or the BankState's."""
    config = fields.pop("config", None) or BankConfig(
        "montreuil-1",
        {n: LockerConfig(Coil("a", n), f"supply-{n % groups}", 300) for n in range(1, lockers + 1)},
    )
    access_list = fields.pop("access_list", make_list(*grants))
    driving = {name: fields.pop(name) for name in ("durable", "boards", "mono_ms", "clock") if name in fields}
    state = BankState(
        access_list=access_list,
        list_hash=None if access_list is None else list_hash(encode(access_list)),
        badge_keys={"k1": KEY},
    )
    return Driver(config, replace(state, **fields), **driving)


def entries(effects: Iterable[Effect], *types: str) -> list[dict[str, Any]]:
    """Bodies of the recorded entries of these types, each with its `type`."""
    return [
        {"type": effect.type.value, **effect.body}
        for effect in effects
        if isinstance(effect, Record) and (not types or effect.type.value in types)
    ]


def types(effects: Iterable[Effect]) -> list[str]:
    return [effect.type.value for effect in effects if isinstance(effect, Record)]


def lights(effects: Iterable[Effect]) -> list[Signal]:
    return [effect.signal for effect in effects if isinstance(effect, Show)]


def replies(effects: Iterable[Effect]) -> list[str]:
    """States of the replies, `refused:why` where there is a why."""
    return [
        f"{effect.state}:{effect.why}" if effect.why else effect.state
        for effect in effects
        if isinstance(effect, SendReply)
    ]


def released(effects: Iterable[Effect]) -> list[int]:
    """Lockers energised."""
    return [effect.locker for effect in effects if isinstance(effect, Energise)]


def make_holder(**fields: Any) -> Driver:
    """Badge 1 holds locker 1; the doors are shut and their sensors have been seen to work."""
    driver = make_driver(grant(1, 1), releases_since_change=dict.fromkeys(range(1, 7), 0), **fields)
    for locker in range(1, 7):
        driver.door(locker, opens=False)
    return driver
