"""The sans-IO whole of one bank: (input, now) -> effects. No clock, no I/O, no thread, no sleep."""

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from controller.access import Denied, decide, leased_grant
from controller.access_lists import AccessLists
from controller.bank_config import (
    BankConfig,
    BankState,
    LockerConfig,
    OutOfService,
    PastRelease,
    UnresolvedRelease,
)
from controller.bank_inputs import BankInputs
from controller.bay import Bay
from controller.commands import Commands
from controller.doors import Doors
from controller.effects import Effect
from controller.faultboard import FaultBoard
from controller.inputs import (
    BadgeKeysReceived,
    BadgePresented,
    BeatSent,
    CardRefused,
    CommandReceived,
    DeviceFailed,
    DeviceRecovered,
    DoorSensed,
    IdentifyOrdered,
    Input,
    InputChanged,
    IntentDurable,
    IntentLate,
    KeyPressed,
    ListReceived,
    ListStored,
    LockAccepted,
    LockFailed,
    Moment,
    OpenOrdered,
    Refused,
    SessionEnded,
    SessionStarted,
    Ticked,
)
from controller.keypads import Keypads, Missing, Typed
from controller.latches import Latches
from controller.locker_lights import LockerLights
from controller.on_site import ORIGIN, OnSite
from controller.out_of_service import ServiceMarks
from controller.presentations import Presentations, refusal_signal
from controller.releases import Releases
from controller.request import Request
from controller.suppression import Suppression
from controller.turn import Agenda, Turn
from hw.ports import Signal
from wire.access_list import LEASED_KINDS
from wire.entries import EntryType
from wire.ids import uuid7
from wire.messages import Fault
from wire.topics import Topic

__all__ = ["Bank", "BankConfig", "BankState", "LockerConfig", "OutOfService", "PastRelease", "UnresolvedRelease"]

_FAULT_ENTRIES = {"reader": EntryType.READER_FAULT, "board": EntryType.BOARD_FAULT}
# Such a reader is heard: any foreign card held to it a few times makes it, and must not switch off PINs elsewhere.
_STILL_HEARD = frozenset({"garbage", "swapped"})
# Of such a board the doors are still seen.
_STILL_SEEN = frozenset({"stays_on"})
_RECOVERED_ENTRIES = {"reader": EntryType.READER_RECOVERED, "board": EntryType.BOARD_RECOVERED}


class Bank:
    """Decides and remembers for one bank. `new_id` makes release ids from unix milliseconds (UUIDv7)."""

    def __init__(self, config: BankConfig, state: BankState, new_id: Callable[[int], str] = uuid7) -> None:
        self._config = config
        self._state = state
        self._agenda = Agenda()
        self._faults = FaultBoard()
        self._counters: Counter[str] = Counter()
        self._bays = {number: Bay(number, locker) for number, locker in config.lockers.items()}
        for number, releases in state.releases_since_change.items():
            if number in self._bays:
                self._bays[number].sensor_proven = True
                self._bays[number].releases_since_change = releases
        self._suppression = Suppression(self._agenda)
        self._inputs = BankInputs(self._faults, self._suppression)
        self._marks = ServiceMarks(self._agenda)
        self._lists = AccessLists(
            config.controller, config.watch_ms, state, self._agenda, self._faults, self._suppression
        )
        self._lights = LockerLights(config.lit, self._agenda)
        self._releases = Releases(
            config,
            self._bays,
            self._agenda,
            self._faults,
            self._lights,
            new_id,
            permitted=self._why_not,
            given_up=self._given_up,
            ended=self._ended,
            released=lambda request, turn: self._presentations.released(request, turn),
        )
        self._doors = Doors(self._releases, self._agenda, self._faults, self._suppression, config.left_open_after_ms)
        self._latches = Latches(self._bays, self._releases, self._agenda, self._faults, self._suppression)
        self._presentations = Presentations(
            self._bays, self._lists, self._releases, self._marks, self._agenda, self._suppression, self._keypads
        )
        self._commands = Commands(
            config.controller,
            self._bays,
            self._lists,
            self._releases,
            self._presentations,
            self._marks,
            self._suppression,
        )
        self._on_site = OnSite(self._bays, self._lists, self._releases, self._lights, self._agenda)
        self._handlers: dict[type[Input], Callable[[Any, Turn], None]] = {
            BadgePresented: self._presentations.present,
            CardRefused: self._presentations.turn_away,
            KeyPressed: self._presentations.pins.pressed,
            InputChanged: self._inputs.changed,
            DoorSensed: self._sensed,
            LockAccepted: lambda event, turn: self._releases.board_accepted(event.locker, turn),
            LockFailed: lambda event, turn: self._releases.board_failed(event.locker, event.code, turn),
            IntentDurable: lambda event, turn: self._releases.intent_answered(event.release, False, turn),
            IntentLate: lambda event, turn: self._releases.intent_answered(event.release, True, turn),
            DeviceFailed: self._device_failed,
            DeviceRecovered: self._device_recovered,
            ListReceived: self._lists.receive,
            ListStored: self._lists.stored,
            BadgeKeysReceived: lambda event, _: self._lists.receive_keys(event.keys),
            CommandReceived: self._commands.receive,
            OpenOrdered: self._on_site.open,
            IdentifyOrdered: self._on_site.identify,
            SessionStarted: lambda event, _: self._commands.session_started(event.session),
            SessionEnded: lambda _event, _turn: self._commands.session_ended(),
            BeatSent: lambda event, turn: self._commands.beat_sent(event.beat, turn.now.mono_ms),
            Refused: self._refused,
            Ticked: lambda _event, turn: self._agenda.run_due(turn),
        }

    def start(self, now: Moment) -> list[Effect]:
        """Effects of starting: `release_unknown` for each unresolved intent, lights idle. Energises nothing."""
        turn = Turn(now)
        self._releases.start(self._state.unresolved, self._state.past_releases, turn)
        self._marks.start(self._state.out_of_service, turn)
        self._lists.start(turn)
        turn.show(Signal.IDLE)
        return turn.effects

    def handle(self, event: Input, now: Moment) -> list[Effect]:
        """What follows from one input, in the order to carry out.

        Only `Ticked` does what is due: a door that opened in time counts although the loop was slow, whatever else has
        come before it meanwhile.
        """
        turn = Turn(now)
        self._handlers[type(event)](event, turn)
        return turn.effects

    def stop(self, now: Moment) -> list[Effect]:
        """Effects of an orderly end: what was counted and not told yet."""
        turn = Turn(now)
        self._suppression.close(turn)
        return turn.effects

    def next_deadline_ms(self) -> int | None:
        """When to hand in `Ticked` at the latest (monotonic), or None. May be early, never late."""
        return self._agenda.next_ms()

    @property
    def faults(self) -> tuple[Fault, ...]:
        """The faults in force, for health messages."""
        return self._faults.view()

    @property
    def counters(self) -> Mapping[str, int]:
        """What was refused before it reached the core, by `refused_<topic>`."""
        return self._counters

    @property
    def list_version(self) -> int:
        """The version of the list in force, 0 before the first."""
        return self._lists.version

    @property
    def list_hash(self) -> str | None:
        """The hash of the list in force."""
        return self._lists.hash

    @property
    def badge_key_ids(self) -> tuple[str, ...]:
        """The ids of the badge keys held."""
        return self._lists.key_ids

    @property
    def bays(self) -> Mapping[int, Bay]:
        """Every locker as it stands, by number: to look at."""
        return self._bays

    @property
    def inputs(self) -> Mapping[str, tuple[str, bool]]:
        """Kind and state of the bank's inputs, by name."""
        return self._inputs.states

    def is_out_of_service(self, locker: int, now: Moment) -> bool:
        """Whether its holder's badge must not open this locker now."""
        return self._marks.stops_holders(locker, now)

    @property
    def keypads(self) -> frozenset[str]:
        """The readers that have a keypad."""
        return self._config.keypads

    def _why_not(self, request: Request, turn: Turn) -> str | None:
        """Why a queued release may not open after all, or None. A command's life was judged at acceptance."""
        index = self._lists.index
        if request.cause == "command":
            return "held" if self._stands_held(request, turn) else None
        if index is None or request.digest is None:
            return "unknown"
        if request.kind in LEASED_KINDS:
            return None if leased_grant(request.digest, request.locker, index, turn.now) else "lease"
        decision = decide(request.digest, index, turn.now)
        if isinstance(decision, Denied):
            return decision.why
        if all(locker != request.locker for locker, _ in decision.ways):
            return "revoked"
        return "out_of_service" if self._marks.stops_holders(request.locker, turn.now) else None

    def _stands_held(self, request: Request, turn: Turn) -> bool:
        """What a technician asks for does not open a locker that has become someone's meanwhile."""
        if request.origin == ORIGIN:
            return self._on_site.is_held(request.locker, request.reason, turn.now)
        index = self._lists.index
        return request.order == "walk_test" and index is not None and index.is_held(request.locker, turn.now)

    def _keypads(self, typed: Typed, missing: Missing) -> Keypads:
        return Keypads(self._config.keypads, self._agenda, self._faults, self._suppression, typed, missing)

    def _given_up(self, request: Request, why: str, turn: Turn) -> None:
        """A release that waited will not happen: the person and whoever asked are told."""
        if request.attempt > 1:
            turn.show(Signal.FAULT, request.reader)
            turn.reply(request.command, "not_opened", request.locker)
            self._commands.released(request, turn)
        elif request.cause == "command":
            self._commands.give_up(request, why, turn)
        else:
            turn.record(
                EntryType.BADGE_REFUSED,
                reader=request.reader,
                why="busy" if why == "expired" else why,
                digest=request.digest,
                grant=request.grant,
                locker=request.locker,
            )
            turn.show(refusal_signal(why), request.reader)

    def _sensed(self, event: DoorSensed, turn: Turn) -> None:
        bay = self._bays.get(event.locker)
        if bay is None:
            return
        bay.seen_again(turn.now.mono_ms)
        if event.sensor == "latch":
            self._latches.sensed(bay, event.open, turn)
            return
        self._doors.sensed(bay, event.open, turn)
        self._latches.door_moved(bay, turn)
        if not event.open:
            self._lights.closed(bay.number, turn)

    def _ended(self, request: Request, outcome: str, turn: Turn) -> None:
        bay = self._bays[request.locker]
        self._doors.judge_sensor(bay, outcome, turn)
        self._latches.judge_sensor(bay, outcome, turn)
        self._commands.released(request, turn)

    def _device_failed(self, event: DeviceFailed, turn: Turn) -> None:
        if event.kind == "reader" and event.code not in _STILL_HEARD:
            self._presentations.pins.keypads.reader_failed(event.device, turn)
        if event.kind == "board":
            self._look_at(event.device, turn, is_seen=event.code in _STILL_SEEN)
        if self._faults.become(event.device, event.code, event.kind) and event.kind in _FAULT_ENTRIES:
            entry = _FAULT_ENTRIES[event.kind]
            self._suppression.record(turn, entry, event.device, device=event.device, code=event.code)

    def _device_recovered(self, event: DeviceRecovered, turn: Turn) -> None:
        self._faults.clear(event.device, event.kind)
        if event.kind == "reader":
            self._presentations.pins.keypads.reader_recovered(event.device)
        elif event.kind == "board":
            self._look_at(event.device, turn, is_seen=True)
        if event.kind in _RECOVERED_ENTRIES:
            self._suppression.record(turn, _RECOVERED_ENTRIES[event.kind], event.device, device=event.device)

    def _look_at(self, board: str, turn: Turn, *, is_seen: bool) -> None:
        """What a board's sensors said holds while it tells nothing, but nothing is concluded from it."""
        for bay in self._bays.values():
            if bay.config.coil.board == board:
                (bay.seen_again if is_seen else bay.lost_sight)(turn.now.mono_ms)

    def _refused(self, event: Refused, turn: Turn) -> None:
        self._counters[f"refused_{event.topic}"] += 1
        if event.topic == Topic.ACCESS:
            self._lists.refuse(event.code, turn)
