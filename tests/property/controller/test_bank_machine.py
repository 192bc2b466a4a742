"""Whatever happens to a bank, in any order: no release without leave and intent, none too soon, nobody forgotten.

The model keeps its own idea of who may open; the real release guard stands below and must never have to say no.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import msgspec
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from controller.bank import Bank, BankConfig, BankState, LockerConfig, PastRelease, UnresolvedRelease
from controller.effects import Effect, Energise, Record, SendReply, Show, StoreList
from controller.inputs import (
    BadgePresented,
    BeatSent,
    CommandReceived,
    DeviceFailed,
    DeviceRecovered,
    DoorSensed,
    Input,
    IntentDurable,
    IntentLate,
    KeyPressed,
    ListReceived,
    ListStored,
    LockAccepted,
    LockFailed,
    Moment,
    SessionStarted,
    Ticked,
)
from hw.ports import Coil, Signal
from hw.release_guard import GuardLimits, ReleaseGuard
from tests.unit.controller.core.driver import KEY, NOON, digest, make_list, number
from wire.access_list import AccessList, Grant, Revoked, list_hash
from wire.limits import COMMAND_FRESH_MS, COMMAND_WAIT_MS, VANISHED_KEPT_MS
from wire.messages import Command, Session, encode
from wire.pin import pin_hash

LOCKERS = range(1, 6)
BADGES = range(1, 5)
HOUR = 3_600_000
OUTCOMES = {"released", "release_failed", "release_unknown"}
FOLLOWS = {
    *((before, kind) for before in (None, "release_failed") for kind in OUTCOMES),
    ("released", "release_unknown"),
}
PULSE_MS = 300
PIN = "4711"
STAFF = {"staff", "technician"}
# The runtime says that an intent is late when the disk has not answered for this long.
DISK_MS = 250
ANSWERS = {Signal.GRANTED, Signal.REFUSED, Signal.SEE_WORKER, Signal.ENTER_PIN}

grants = st.builds(
    lambda guarded, **line: guard_with_pin(Grant(**line)) if guarded else Grant(**line),
    guarded=st.sampled_from([False, False, True]),
    id=st.just("g"),
    digest=st.sampled_from([digest(number(n)) for n in BADGES]),
    key=st.just("k1"),
    lockers=st.lists(st.sampled_from(LOCKERS), min_size=1, max_size=2, unique=True).map(tuple),
    not_before=st.sampled_from([NOON - HOUR, NOON + 5_000]),
    not_after=st.sampled_from([NOON + 20_000, NOON + 100 * HOUR]),
    kind=st.sampled_from(["holder", "holder", "collect", "suspended", "staff"]),
)


def guard_with_pin(grant: Grant) -> Grant:
    """The same grant, opening with the tests' PIN only."""
    return msgspec.structs.replace(grant, pin=pin_hash(KEY, grant.digest, PIN))


class Kept(NamedTuple):
    """A way that the list in force says nothing of any more."""

    digest: str
    lockers: tuple[int, ...]
    until: int


@dataclass
class Asked:
    """A command that was accepted, as the model saw it."""

    locker: int
    at_ms: int


class BankMachine(RuleBasedStateMachine):
    """A bank, its disk, boards, doors, guard and gateway; every answer may come late, wrong or never."""

    def __init__(self) -> None:
        super().__init__()
        self.mono_ms = 1_000_000
        self.config = BankConfig(
            "montreuil-1",
            {n: LockerConfig(Coil("a", n), f"supply-{n % 2}", PULSE_MS) for n in LOCKERS},
            keypads=frozenset({"entrance"}),
        )
        groups = {locker.coil: locker.group for locker in self.config.lockers.values()}
        self.guard = ReleaseGuard(GuardLimits(), groups, lambda: self.mono_ms)
        self.version = 10
        self.list: AccessList | None = None
        self.kept: list[Kept] = []
        self.state = BankState(badge_keys={"k1": KEY})
        self.made = 0
        self.session = 0
        self.beats: dict[str, int] = {}
        self.accepted: dict[str, Asked] = {}
        self.finished: set[str] = set()
        self.answered: set[str] = set()
        self.waiting_for_disk: dict[str, int] = {}
        self.waiting_for_board: list[int] = []
        self.intents: dict[str, dict[str, Any]] = {}
        self.outcomes: dict[str, str] = {}
        self.energised: dict[str, int] = {}
        self.taps = 0
        self.accounted = 0
        self.granted_by_keys = 0
        self.keypad_works = True
        self.ordered = 0
        self.store: StoreList | None = None
        self.prompt = True
        self.start()

    # --- the world -------------------------------------------------------------------------------------------------

    @property
    def now(self) -> Moment:
        at = NOON + self.mono_ms - 1_000_000
        return Moment(self.mono_ms, at, at, at, "trusted")

    def new_id(self, _unix_ms: int) -> str:
        self.made += 1
        return f"r{self.made}"

    def start(self) -> None:
        self.bank = Bank(self.config, self.state, self.new_id)
        effects = self.bank.start(self.now)
        assert not [effect for effect in effects if isinstance(effect, Energise)]
        self.carry_out(effects)

    def give(self, event: Input) -> list[Effect]:
        effects = self.bank.handle(event, self.now)
        if isinstance(event, KeyPressed):
            self.granted_by_keys += Show(Signal.GRANTED, event.reader) in effects
        self.carry_out(effects)
        if self.prompt:
            self.all_answer()
        return effects

    def all_answer(self) -> None:
        """Disk and boards answer whatever is asked of them."""
        while self.waiting_for_disk or self.waiting_for_board:
            if self.waiting_for_disk:
                self.answer_intent(next(iter(self.waiting_for_disk)), late=False)
            else:
                self.give(LockAccepted(self.waiting_for_board.pop(0)))

    def carry_out(self, effects: Iterable[Effect]) -> None:
        for effect in effects:
            if isinstance(effect, Record):
                self.journal(effect)
            elif isinstance(effect, Energise):
                self.energise(effect)
            elif isinstance(effect, StoreList):
                self.store = effect
            elif isinstance(effect, SendReply) and effect.state not in ("accepted", "released"):
                self.finished.add(effect.id)

    def journal(self, record: Record) -> None:
        kind, body = record.type.value, record.body
        if kind == "release_intended":
            assert record.release == body["release"]
            assert body["release"] not in self.intents
            self.intents[body["release"]] = body
            self.waiting_for_disk[body["release"]] = self.mono_ms
            self.accounted += body["cause"] == "badge"
            if body["cause"] == "badge" and (body["kind"] in STAFF or body.get("pin") == "checked"):
                self.granted_by_keys -= 1
                assert self.granted_by_keys >= 0, "opened without anything typed"
        elif kind in OUTCOMES:
            release = body["release"]
            assert release in self.intents
            # Nobody may have seen what a door did whose lock the board released.
            assert (self.outcomes.get(release), kind) in FOLLOWS
            self.outcomes[release] = kind
            # Given up after its intent: the presentation is in the journal twice, as intent and as refusal.
            self.accounted -= release not in self.energised and self.intents[release]["cause"] == "badge"
        elif kind == "badge_refused":
            self.accounted += 1
        elif kind == "suppressed" and body["type"] == "badge_refused":
            self.accounted += body["count"]

    def energise(self, effect: Energise) -> None:
        intent = self.intents[effect.release]
        assert effect.release in self.answered, "energised before its intent was durable or late"
        assert effect.release not in self.energised, "energised twice for one intent"
        assert intent["locker"] == effect.locker
        assert effect.pulse_ms == PULSE_MS
        if "command" in intent:
            asked = self.accepted[intent["command"]]
            assert asked.locker == effect.locker
            assert self.mono_ms - asked.at_ms <= COMMAND_WAIT_MS + DISK_MS
        else:
            self.judge_badge(intent, effect.locker)
        coil = self.config.lockers[effect.locker].coil
        self.guard.consume(self.guard.permit(coil, effect.pulse_ms), coil, effect.pulse_ms)
        self.energised[effect.release] = self.mono_ms
        self.waiting_for_board.append(effect.locker)

    # --- the model's own judgement ---------------------------------------------------------------------------------

    def judge_badge(self, intent: dict[str, Any], locker: int) -> None:
        staff = intent["kind"] in STAFF
        may = self.staff_may_open if staff else self.may_open
        assert may(intent["digest"], locker), f"{intent} may not open now"

    def staff_may_open(self, badge: str, locker: int) -> bool:
        assert self.list is not None
        at = self.now.at
        return any(
            grant.kind in STAFF and grant.digest == badge and locker in grant.lockers
            and grant.not_before <= at < grant.not_after
            for grant in self.list.grants
        )  # fmt: skip

    def may_open(self, badge: str, locker: int) -> bool:
        assert self.list is not None
        at = self.now.at
        if any(one.digest == badge and locker in one.lockers and at < one.until for one in self.kept):
            return True
        return self.listed(self.list, badge, locker, at)

    @staticmethod
    def listed(access_list: AccessList, badge: str, locker: int, at: int) -> bool:
        dead = {(item.id, item.digest) for item in access_list.revoked}
        kinds = {
            grant.kind
            for grant in access_list.grants
            if grant.digest == badge
            and locker in grant.lockers
            and grant.not_before <= at < grant.not_after
            and (grant.id, grant.digest) not in dead
        }
        return bool(kinds & {"holder", "collect"}) and "suspended" not in kinds

    def receive(self, new: AccessList) -> None:
        """Whom it forgets, the bank keeps for a while; not whose badge is dead, or has ways to the same lockers."""
        at, named = self.now.at, {item.digest for item in new.revoked}
        ways: dict[str, set[int]] = {}
        for grant in new.grants:
            ways.setdefault(grant.digest, set()).update(grant.lockers)
        until = at + VANISHED_KEPT_MS
        before = [
            Kept(grant.digest, grant.lockers, min(until, grant.not_after) if grant.kind == "collect" else until)
            for grant in (self.list.grants if self.list else ())
            if grant.kind in ("holder", "collect") and grant.not_before <= at < grant.not_after
        ]
        self.kept = [
            one for one in (*self.kept, *before)
            if one.digest not in named and not ways.get(one.digest, set()).issuperset(one.lockers)
        ]  # fmt: skip
        self.list = new
        self.give(ListReceived(new, encode(new), b"envelope"))
        self.state = replace(self.state, access_list=new, list_hash=list_hash(encode(new)))

    # --- what may happen -------------------------------------------------------------------------------------------

    @initialize()
    def first_list(self) -> None:
        """Every badge holds two lockers; the gateway is there."""
        self.new_list([live_grant(n, (n, n + 1)) for n in BADGES], [])
        self.connect()
        self.beat()

    @rule(lines=st.lists(grants, min_size=4, max_size=8), dead=st.lists(st.sampled_from(BADGES), max_size=2))
    def new_list(self, lines: list[Grant], dead: list[int]) -> None:
        """Badges that are dead stand in `revoked`, and nowhere else."""
        self.version += 1
        digests = {digest(number(n)) for n in dead}
        live = [
            Grant(f"g{self.version}-{index}", *_rest(line))
            for index, line in enumerate(lines)
            if line.digest not in digests
        ]
        revoked = tuple(Revoked(f"dead-{badge}", badge, "revoked") for badge in sorted(digests))
        self.receive(make_list(*live, version=self.version, revoked=revoked))

    @rule(back=st.integers(0, 3))
    def old_list(self, back: int) -> None:
        before = self.bank.list_version
        old = make_list(Grant("old", digest(number(1)), "k1", (1,), NOON - HOUR, NOON + HOUR, "holder"))
        old = replace_version(old, self.version - back)
        self.give(ListReceived(old, encode(old), b"envelope"))
        assert self.bank.list_version == before

    @rule(durable=st.booleans())
    def list_stored(self, durable: bool) -> None:
        if self.store is not None:
            self.state = replace(self.state, kept=self.store.kept)
            self.give(ListStored(self.store.version, durable))

    @rule(prompt=st.booleans())
    def disk_and_boards_change(self, prompt: bool) -> None:
        self.prompt = prompt
        if prompt:
            self.all_answer()

    @rule(taps=st.lists(st.sampled_from(BADGES), min_size=4, max_size=20))
    def crowd(self, taps: list[int]) -> None:
        for n in taps:
            self.tap(n, 0, "entrance")

    @rule(locker=st.sampled_from(LOCKERS), times=st.integers(5, 25))
    def staff_in_a_hurry(self, locker: int, times: int) -> None:
        for _ in range(times):
            self.beat()
            self.command(locker, "fresh", own_session=True, retained=False, twice=False)
            self.time_passes(2_400)

    @rule(n=st.integers(1, 6), age_ms=st.sampled_from([0, 0, 0, 2_500]), reader=st.sampled_from(["entrance", "yard"]))
    def tap(self, n: int, age_ms: int, reader: str) -> None:
        self.taps += 1
        effects = self.give(BadgePresented(reader, "em4100", number(n), self.mono_ms - age_ms))
        lights = [effect.signal for effect in effects if isinstance(effect, Show) and effect.signal in ANSWERS]
        assert len(lights) <= 1
        if age_ms or n not in BADGES:
            assert Signal.GRANTED not in lights

    @rule(keys=st.sampled_from(["4711#", "0000#", "1#", "3#", "*", "47", "#", "99999#"]))
    def types(self, keys: str) -> None:
        for key in keys:
            effects = self.give(KeyPressed("entrance", key, self.mono_ms))
            lights = {effect.signal for effect in effects if isinstance(effect, Show)}
            assert key == "#" or not lights & ANSWERS

    @rule(n=st.sampled_from(BADGES), locker=st.sampled_from(LOCKERS), reader=st.sampled_from(["entrance", "yard"]))
    def tap_and_type(self, n: int, locker: int, reader: str) -> None:
        """Someone who knows their PIN, and, for staff, the locker's number."""
        self.tap(n, 0, reader)
        self.types(f"{PIN}#")
        self.types(f"{locker}#")

    @rule(works=st.booleans())
    def keypad_fails_or_recovers(self, works: bool) -> None:
        if works != self.keypad_works:
            self.keypad_works = works
            event = DeviceRecovered("entrance", "reader") if works else DeviceFailed("entrance", "reader", "unplugged")
            self.give(event)

    @rule(locker=st.sampled_from(LOCKERS), is_open=st.booleans())
    def latch(self, locker: int, is_open: bool) -> None:
        self.give(DoorSensed(locker, is_open, "latch"))

    @rule(
        locker=st.sampled_from(LOCKERS),
        beat=st.sampled_from(["fresh", "fresh", "stale", "foreign"]),
        own_session=st.sampled_from([True, True, False]),
        retained=st.sampled_from([False, False, True]),
        twice=st.booleans(),
    )
    def command(self, locker: int, beat: str, own_session: bool, retained: bool, twice: bool) -> None:
        ages = {sent: self.mono_ms - at_ms for sent, at_ms in self.beats.items()}
        known = [sent for sent, age in ages.items() if (age <= COMMAND_FRESH_MS) == (beat == "fresh")]
        fresh = beat == "fresh" and bool(known)
        self.ordered += 1
        command = Command(
            controller="montreuil-1",
            session=self.of_session(self.session if own_session else self.session + 1),
            beat=known[0] if known and beat != "foreign" else "f" * 32,
            id=f"00000000-0000-7000-8000-{self.ordered:012x}",
            kind="open",
            args={"locker": locker},
            requested_by="staff-1",
            reason="holder_present",
        )
        may = fresh and own_session and not retained
        if may:
            self.accepted[command.id] = Asked(locker, self.mono_ms)
        effects = self.give(CommandReceived(command, retained))
        states = [effect.state for effect in effects if isinstance(effect, SendReply) and effect.id == command.id]
        assert states
        if states[0] != "accepted":
            self.accepted.pop(command.id, None)
        assert may or states == ["refused"]
        if twice and not retained and own_session:
            again = self.give(CommandReceived(command, retained=False))
            replies = [effect.state for effect in again if isinstance(effect, SendReply) and effect.id == command.id]
            assert replies[0] == states[0]
            assert not bodies(again, "command_accepted")

    @rule()
    def connect(self) -> None:
        self.session += 1
        self.beats = {}
        self.give(SessionStarted(self.of_session(self.session)))

    @precondition(lambda self: self.session)
    @rule()
    def beat(self) -> None:
        beat = f"{self.mono_ms:032x}"
        self.beats[beat] = self.mono_ms
        self.give(BeatSent(beat))

    @precondition(lambda self: self.waiting_for_disk)
    @rule(late=st.booleans(), data=st.data())
    def disk_answers(self, late: bool, data: st.DataObject) -> None:
        release = data.draw(st.sampled_from(list(self.waiting_for_disk)))
        self.answer_intent(release, late)

    def answer_intent(self, release: str, late: bool) -> None:
        del self.waiting_for_disk[release]
        self.answered.add(release)
        self.give(IntentLate(release) if late else IntentDurable(release))

    @precondition(lambda self: self.waiting_for_board)
    @rule(code=st.sampled_from([None, None, "no_reply", "closed"]))
    def board_answers(self, code: str | None) -> None:
        locker = self.waiting_for_board.pop(0)
        self.give(LockAccepted(locker) if code is None else LockFailed(locker, code))

    @rule(locker=st.sampled_from(LOCKERS), code=st.sampled_from([None, "no_reply"]))
    def board_speaks_unasked(self, locker: int, code: str | None) -> None:
        if locker not in self.waiting_for_board:
            self.give(LockAccepted(locker) if code is None else LockFailed(locker, code))

    @rule(locker=st.sampled_from(LOCKERS), is_open=st.booleans())
    def door(self, locker: int, is_open: bool) -> None:
        self.give(DoorSensed(locker, is_open))

    @rule(milliseconds=st.sampled_from([1, 50, 200, 500, 2_000, 5_000, 31_000]))
    def time_passes(self, milliseconds: int) -> None:
        """The loop keeps its deadlines, the bank's and the disk's."""
        end = self.mono_ms + milliseconds
        while (due := self.next_due()) is not None and due <= end:
            self.come_to(due)
        self.mono_ms = end

    def next_due(self) -> int | None:
        due = [at_ms + DISK_MS for at_ms in self.waiting_for_disk.values()]
        bank = self.bank.next_deadline_ms()
        return min([*due, bank]) if bank is not None else min(due, default=None)

    def come_to(self, due: int) -> None:
        self.mono_ms = max(self.mono_ms, due)
        for release, at_ms in list(self.waiting_for_disk.items()):
            if at_ms + DISK_MS <= self.mono_ms:
                self.answer_intent(release, late=True)
        self.give(Ticked())

    @rule()
    def power_cut(self) -> None:
        """Everything in memory is gone; what was energised is charged to the guard as the journal tells."""
        open_intents = [release for release in self.intents if release not in self.outcomes]
        locker_of = {release: self.intents[release]["locker"] for release in self.intents}
        self.state = replace(
            self.state,
            version_floor=self.version,
            kept=self.store.kept if self.store is not None else b"[]",
            unresolved=tuple(UnresolvedRelease(release, locker_of[release]) for release in open_intents),
            past_releases=tuple(
                PastRelease(locker_of[release], at_ms, PULSE_MS)
                for release, at_ms in self.energised.items()
                if self.mono_ms - at_ms < 60_000
            ),
        )
        self.waiting_for_disk, self.waiting_for_board = {}, []
        self.session, self.beats, self.accepted = self.session + 1, {}, {}
        self.start()
        self.taps = self.accounted = self.granted_by_keys = 0
        self.keypad_works = True
        assert all(self.outcomes[release] == "release_unknown" for release in open_intents)

    # --- what must hold --------------------------------------------------------------------------------------------

    @invariant()
    def every_energising_is_in_the_journal(self) -> None:
        assert set(self.energised) <= set(self.intents)

    def teardown(self) -> None:
        """Left alone, the bank comes to rest: every presentation is in the journal, every release has its outcome."""
        self.time_passes(200_000)
        assert self.taps == self.accounted
        assert set(self.intents) == set(self.outcomes)
        assert all(command in self.finished for command in self.accepted)

    @staticmethod
    def of_session(session: int) -> Session:
        return Session(number=session, nonce="a" * 32)


def bodies(effects: Iterable[Effect], kind: str) -> list[dict[str, Any]]:
    return [effect.body for effect in effects if isinstance(effect, Record) and effect.type.value == kind]


def replace_version(access_list: AccessList, version: int) -> AccessList:
    return AccessList(
        **{name: getattr(access_list, name) for name in access_list.__struct_fields__} | {"version": version}
    )


def live_grant(n: int, lockers: tuple[int, ...]) -> Grant:
    return Grant("g", digest(number(n)), "k1", lockers, NOON - HOUR, NOON + 100 * HOUR, "holder")


def _rest(line: Grant) -> tuple[Any, ...]:
    return (line.digest, line.key, line.lockers, line.not_before, line.not_after, line.kind, None, line.pin)


TestBank = BankMachine.TestCase
TestBank.settings = settings(stateful_step_count=60)
