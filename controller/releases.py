"""Releases from asking to outcome: one queue per power group, an intent for each, and what board and door then say.

It does not decide who may open: `permitted` is asked when a release's turn comes and again just before its coil.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from msgspec import structs

from controller.bank_config import BankConfig, PastRelease, UnresolvedRelease
from controller.bay import RETRY_SENSOR_RELEASES, Bay, Event, State
from controller.effects import Energise
from controller.faultboard import FaultBoard
from controller.locker_lights import LockerLights
from controller.request import Request
from controller.turn import Agenda, Turn
from hw.ports import Signal
from wire.entries import EntryType
from wire.limits import COMMAND_WAIT_MS

RETRY_WITHIN_MS = 5_000
# How often the guard may send a release back into its queue before the person is told.
GUARD_REFUSALS = 3
# After these nothing went out, after the others the lock may have moved (hw.ports.LockFailed).
_NOT_SENT = frozenset({"closed", "refused_by_guard"})


Permitted = Callable[[Request, Turn], str | None]
GivenUp = Callable[[Request, str, Turn], None]
Ended = Callable[[Request, str, Turn], None]
Released = Callable[[Request, Turn], None]


@dataclass(slots=True)
class _Group:
    """One power supply: who waits, whose intent is on its way to the disk, and when the next coil may go on."""

    queue: list[Request] = field(default_factory=list)
    intended: str | None = None
    free_ms: int = 0
    noted_ms: int | None = None


@dataclass(slots=True)
class _Release:
    """A release that has an intent. `accepted` once the board said so; `failed` is its code once it said otherwise."""

    id: str
    request: Request
    accepted: bool = False
    failed: str | None = None
    wrong_door: bool = False
    times_out: int = 0  # the agenda's note of that


class Releases:
    """All releases of a bank. At most one of a locker is under way, and one coil of a power group is on at a time."""

    def __init__(
        self,
        config: BankConfig,
        bays: dict[int, Bay],
        agenda: Agenda,
        faults: FaultBoard,
        lights: LockerLights,
        new_id: Callable[[int], str],
        permitted: Permitted,
        given_up: GivenUp,
        ended: Ended,
        released: Released,
    ) -> None:
        self._config = config
        self._bays = bays
        self._agenda = agenda
        self._faults = faults
        self._lights = lights
        self._new_id = new_id
        self._groups = {bay.config.group: _Group() for bay in bays.values()}
        self._by_id: dict[str, _Release] = {}
        self._of_locker: dict[int, _Release] = {}
        self._permitted = permitted
        self._given_up = given_up
        self._ended = ended
        self._released = released

    def start(self, unresolved: Iterable[UnresolvedRelease], past: Iterable[PastRelease], turn: Turn) -> None:
        """Name the releases whose outcome nobody saw, and let the locks rest that a crash left warm. Fires nothing."""
        for release in unresolved:
            turn.record(EntryType.RELEASE_UNKNOWN, release=release.release, locker=release.locker)
        for pulse in sorted(past, key=lambda pulse: pulse.mono_ms):
            bay = self._bays.get(pulse.locker)
            if bay is not None:
                bay.pulsed(pulse.mono_ms, pulse.pulse_ms)
                group = self._groups[bay.config.group]
                group.free_ms = max(group.free_ms, bay.pulses[-1].end_ms + self._config.stagger_ms)

    def is_under_way(self, locker: int) -> bool:
        """Whether a release of this locker waits, is being written down, or awaits board or door."""
        return self._bays[locker].state is not State.IDLE

    def ask(self, request: Request, turn: Turn) -> None:
        """Queue a release behind those of its power group; its locker has none under way."""
        bay = self._bays[request.locker]
        bay.apply(Event.REQUESTED)
        group = self._groups[bay.config.group]
        if request.attempt == 1 and not request.refusals:
            group.queue.append(request)
        else:
            group.queue.insert(0, request)
        self._next(group, turn)
        if bay.state is State.QUEUED:
            self._agenda.at(request.asked_ms + COMMAND_WAIT_MS, lambda later: self._next(group, later))

    def intent_answered(self, release_id: str, late: bool, turn: Turn) -> None:
        """The intent is durable, or late: energise, if it may still open."""
        self._faults.put("journal", "late", late)
        release = self._by_id.get(release_id)
        if release is None or self._bays[release.request.locker].state is not State.INTENDED:
            return
        bay = self._bays[release.request.locker]
        group = self._groups[bay.config.group]
        group.intended = None
        why = self._why_not(release.request, turn)
        if why is not None:
            self._drop_intent(release, bay, why, turn)
            self._given_up(release.request, why, turn)
            self._next(group, turn)
            return
        self._energise(release, bay, group, turn)
        if late:
            turn.record(EntryType.JOURNAL_LATE, release=release.id, locker=bay.number)

    def _drop_intent(self, release: _Release, bay: Bay, why: str, turn: Turn) -> None:
        bay.apply(Event.DROPPED)
        self._forget(release)
        turn.record(EntryType.RELEASE_FAILED, release=release.id, locker=bay.number, code=why)

    def board_accepted(self, locker: int, turn: Turn) -> None:
        """The board acted."""
        release = self._of_locker.get(locker)
        if release is None or not self._bays[locker].awaits_board:
            return
        bay = self._bays[locker]
        release.accepted = True
        turn.record(EntryType.RELEASED, release=release.id, locker=locker)
        self._faults.put(bay.source, "release_failed", present=False)
        if release.request.attempt == 1:
            turn.reply(release.request.command, "released", locker)
        self._released(release.request, turn)
        opened = bay.state is State.OPENED
        bay.apply(Event.ACCEPTED)
        if opened:
            self._end(release, "opened", turn)
        elif bay.seen_open:
            bay.apply(Event.TIMED_OUT)
            turn.record(EntryType.ALREADY_OPEN, release=release.id, locker=locker)
            self._end(release, "already_open", turn)

    def board_failed(self, locker: int, code: str, turn: Turn) -> None:
        """The board did not confirm. That alone never fires again; where the lock may have moved, the door decides."""
        release = self._of_locker.get(locker)
        if release is None or not self._bays[locker].awaits_board:
            return
        bay = self._bays[locker]
        release.failed = code
        turn.record(EntryType.RELEASE_FAILED, release=release.id, locker=locker, code=code)
        if bay.state is State.OPENED:
            bay.apply(Event.UNCONFIRMED)
            self._end(release, "opened", turn)
            return
        if code in _NOT_SENT:
            bay.apply(Event.NOT_SENT)
            bay.releases_since_change -= 1
            bay.explained_until_ms = 0
            if code == "refused_by_guard" and release.request.refusals < GUARD_REFUSALS:
                self._wait_for_guard(release, turn)
                return
        self._faults.put(bay.source, "release_failed")
        turn.show(Signal.FAULT, release.request.reader)
        if code in _NOT_SENT:
            self._end(release, "failed", turn)
        else:
            bay.apply(Event.UNCONFIRMED)

    def _wait_for_guard(self, release: _Release, turn: Turn) -> None:
        """Nothing went out, as the line was slower than the queue thought: first in the queue, with a new intent.

        The pulse that was not stays counted against the lock's rest and the group.
        """
        request = release.request
        self._forget(release)
        first_ms = None if request.attempt == 1 else request.first_ms
        self.ask(structs.replace(request, first_ms=first_ms, refusals=request.refusals + 1), turn)

    def door_opened(self, locker: int, turn: Turn) -> str | None:
        """A door opened: the id of the release that explains it, if one does."""
        bay, release = self._bays[locker], self._of_locker.get(locker)
        if release is None or not bay.awaits_door:
            return self._opened_before_retry(bay, turn)
        turn.record(EntryType.DOOR_OPENED, locker=locker, release=release.id)
        bay.apply(Event.DOOR_OPENED)
        if bay.state is State.IDLE:
            self._end(release, "opened", turn)
        return release.id

    def _opened_before_retry(self, bay: Bay, turn: Turn) -> str | None:
        """A stiff door opened after its time: the release before its retry did it, and no retry follows."""
        retry = self._waiting(bay)
        if retry is None or retry.repeats is None:
            return None
        turn.record(EntryType.DOOR_OPENED, locker=bay.number, release=retry.repeats)
        group, release = self._groups[bay.config.group], self._of_locker.get(bay.number)
        if release is None:
            bay.apply(Event.DROPPED)
            group.queue.remove(retry)
        else:
            group.intended = None
            self._drop_intent(release, bay, "opened", turn)
        turn.reply(retry.command, "opened", bay.number)
        self._ended(retry, "opened", turn)
        self._next(group, turn)
        return retry.repeats

    def _waiting(self, bay: Bay) -> Request | None:
        """What waits for this locker's coil, in the queue or for the disk."""
        if bay.state is State.INTENDED:
            return self._of_locker[bay.number].request
        queue = self._groups[bay.config.group].queue
        return next((request for request in queue if request.locker == bay.number), None)

    def explains(self, locker: int, turn: Turn) -> str | None:
        """The release by which this locker's bolt may be drawn now, if there is one."""
        bay, release = self._bays[locker], self._of_locker.get(locker)
        if release is not None and bay.awaits_door:
            return release.id
        return bay.last_release if turn.now.mono_ms <= bay.explained_until_ms else None

    def blame_wrong_door(self, locker: int, turn: Turn) -> bool:
        """An unexplained door opened: if another's release awaits its door, that is the wrong door, never retried."""
        pending = [release for number, release in self._of_locker.items() if self._bays[number].awaits_door]
        if not pending:
            return False
        release = pending[-1]
        release.wrong_door = True
        expected = release.request.locker
        turn.record(EntryType.WRONG_DOOR, locker=locker, release=release.id, expected=expected)
        return True

    def _next(self, group: _Group, turn: Turn) -> None:
        """Write the intent of the first in the queue whose lock is ready, once the group's last pulse is over."""
        self._give_up_late(group, turn)
        now_ms = turn.now.mono_ms
        if group.intended is not None or not group.queue:
            return
        if now_ms < group.free_ms:
            self._look_again(group, group.free_ms)
            return
        earliest: int | None = None
        for request in list(group.queue):
            ready = self._ready_ms(request, now_ms)
            if ready > now_ms:
                earliest = ready if earliest is None else min(earliest, ready)
                continue
            if self._take_up(request, group, turn):
                return
        if earliest is not None:
            self._look_again(group, earliest)

    def _ready_ms(self, request: Request, now_ms: int) -> int:
        return self._bays[request.locker].ready_ms(now_ms, self._config.rest_ms, self._config.duty_percent)

    def _look_again(self, group: _Group, mono_ms: int) -> None:
        if group.noted_ms != mono_ms:
            group.noted_ms = mono_ms
            self._agenda.at(mono_ms, lambda turn: self._looked(group, turn))

    def _looked(self, group: _Group, turn: Turn) -> None:
        group.noted_ms = None
        self._next(group, turn)

    def _take_up(self, request: Request, group: _Group, turn: Turn) -> bool:
        """Write the intent of a request whose turn has come, or give it up where it may not open any more."""
        group.queue.remove(request)
        bay = self._bays[request.locker]
        why = self._why_not(request, turn)
        if why is not None:
            bay.apply(Event.DROPPED)
            self._given_up(request, why, turn)
            return False
        release = _Release(self._new_id(turn.now.at), request)
        self._by_id[release.id] = release
        self._of_locker[request.locker] = release
        group.intended = release.id
        bay.apply(Event.INTENDED)
        turn.record(
            EntryType.RELEASE_INTENDED,
            intent=release.id,
            release=release.id,
            locker=request.locker,
            cause="retry" if request.attempt > 1 else request.cause,
            attempt=request.attempt,
            grant=request.grant,
            digest=request.digest,
            kind=request.kind,
            command=request.command,
            requested_by=request.requested_by,
            reason=request.reason,
            origin=request.origin,
            pin=request.pin,
        )
        return True

    def _why_not(self, request: Request, turn: Turn) -> str | None:
        begun_ms, life_ms = request.asked_ms, COMMAND_WAIT_MS
        if request.first_ms is not None:
            begun_ms, life_ms = request.first_ms, RETRY_WITHIN_MS
            if request.repeats is not None and self._bays[request.locker].missed:
                return "unseen"
        if turn.now.mono_ms > begun_ms + life_ms:
            return "expired"
        return self._permitted(request, turn)

    def _energise(self, release: _Release, bay: Bay, group: _Group, turn: Turn) -> None:
        now_ms, pulse_ms = turn.now.mono_ms, bay.config.pulse_ms
        bay.apply(Event.ENERGISED)
        bay.energised(release.id, now_ms, now_ms + self._config.open_within_ms)
        if release.request.first_ms is None:
            release.request = structs.replace(release.request, first_ms=now_ms)
        group.free_ms = bay.pulses[-1].end_ms + self._config.stagger_ms
        turn.effects.append(Energise(release.id, bay.number, pulse_ms))
        self._lights.released(bay.number, turn)
        release.times_out = self._agenda.at(
            now_ms + self._config.open_within_ms, lambda later: self._time_out(release, later)
        )
        if group.queue:
            self._look_again(group, group.free_ms)

    def _give_up_late(self, group: _Group, turn: Turn) -> None:
        """Who has waited a minute for a coil waits no longer."""
        now_ms = turn.now.mono_ms
        for request in [request for request in group.queue if now_ms >= request.asked_ms + COMMAND_WAIT_MS]:
            group.queue.remove(request)
            self._bays[request.locker].apply(Event.DROPPED)
            self._given_up(request, "expired", turn)

    def _time_out(self, release: _Release, turn: Turn) -> None:
        """The time in which the door should have opened is over."""
        locker = release.request.locker
        bay = self._bays[locker]
        if self._of_locker.get(locker) is not release:
            return
        if release.failed is None and (not release.accepted or bay.seen_open is None):
            turn.record(EntryType.RELEASE_UNKNOWN, release=release.id, locker=locker)
        opened = bay.state is State.OPENED
        bay.apply(Event.TIMED_OUT)
        if opened:
            self._end(release, "opened", turn)
        elif release.failed is not None:
            self._end(release, "failed", turn)
        else:
            self._judge_by_door(release, bay, turn)

    def _judge_by_door(self, release: _Release, bay: Bay, turn: Turn) -> None:
        if bay.seen_open is None:
            self._end(release, "unknown", turn)
        elif bay.seen_open:
            turn.record(EntryType.ALREADY_OPEN, release=release.id, locker=bay.number)
            self._end(release, "already_open", turn)
        else:
            self._not_opened(release, bay, turn)

    def _not_opened(self, release: _Release, bay: Bay, turn: Turn) -> None:
        request = release.request
        turn.record(EntryType.NOT_OPENED, release=release.id, locker=bay.number, attempt=request.attempt)
        if self._may_retry(release, bay, turn):
            self._forget(release)
            self.ask(structs.replace(request, attempt=request.attempt + 1, repeats=release.id), turn)
            return
        turn.show(Signal.FAULT, request.reader)
        self._end(release, "not_opened", turn)

    def _may_retry(self, release: _Release, bay: Bay, turn: Turn) -> bool:
        request = release.request
        if not release.accepted or release.wrong_door or request.attempt > self._config.retries:
            return False
        if bay.latch_open and bay.drawn_by == release.id:  # the bolt is drawn: nobody has pulled the door yet
            return False
        if not bay.sensor_proven or bay.releases_since_change > RETRY_SENSOR_RELEASES or request.first_ms is None:
            return False
        return self._ready_ms(request, turn.now.mono_ms) <= request.first_ms + RETRY_WITHIN_MS

    def _end(self, release: _Release, outcome: str, turn: Turn) -> None:
        self._forget(release)
        turn.reply(release.request.command, outcome, release.request.locker)
        self._ended(release.request, outcome, turn)

    def _forget(self, release: _Release) -> None:
        self._agenda.drop(release.times_out)
        del self._by_id[release.id]
        self._of_locker.pop(release.request.locker, None)
