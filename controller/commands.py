"""Commands: fresh by beat and session, once, typed; then carried out, or refused with a word why.

The signature was verified before (uplink). What opens a lock goes through releases.py like any badge.
"""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass

from controller.access_lists import AccessLists
from controller.bank_config import OutOfService
from controller.bay import Bay
from controller.effects import SendList, SendReply
from controller.inputs import CommandReceived
from controller.out_of_service import ServiceMarks
from controller.presentations import Presentations
from controller.releases import Releases
from controller.request import Request
from controller.suppression import Suppression
from controller.turn import Turn
from hw.ports import Signal
from wire.entries import EntryType
from wire.errors import MessageError
from wire.limits import COMMAND_FRESH_MS, OUT_OF_SERVICE_MAX_MS
from wire.messages import (
    Command,
    CommandArgs,
    EnrolArgs,
    IdentifyArgs,
    InServiceArgs,
    OpenArgs,
    OutOfServiceArgs,
    SendAccessArgs,
    Session,
    WalkTestArgs,
    command_args,
)

# Far above what a gateway sends; an id is let go only when its beat can no longer be fresh.
REMEMBERED_COMMANDS = 4_096


@dataclass(slots=True)
class _Seen:
    at_ms: int
    first_reply: SendReply


class Commands:
    """The commands of the present session."""

    def __init__(
        self,
        controller: str,
        bays: Mapping[int, Bay],
        lists: AccessLists,
        releases: Releases,
        presentations: Presentations,
        marks: ServiceMarks,
        suppression: Suppression,
    ) -> None:
        self._controller = controller
        self._bays = bays
        self._lists = lists
        self._releases = releases
        self._presentations = presentations
        self._marks = marks
        self._suppression = suppression
        self._session: Session | None = None
        self._beats: dict[str, int] = {}
        self._seen: OrderedDict[str, _Seen] = OrderedDict()
        self._walks: dict[str, int] = {}

    def session_started(self, session: Session) -> None:
        """Forget the beats and ids of any session before."""
        self.session_ended()
        self._session = session

    def session_ended(self) -> None:
        """No session: every command is refused."""
        self._session = None
        self._beats.clear()
        self._seen.clear()

    def beat_sent(self, beat: str, now_ms: int) -> None:
        """A beat went out; commands made from it are fresh for 30 s."""
        self._beats = {old: sent for old, sent in self._beats.items() if now_ms - sent <= COMMAND_FRESH_MS}
        self._beats[beat] = now_ms

    def receive(self, event: CommandReceived, turn: Turn) -> None:
        """Carry out one command, or refuse it; a repeated one gets its first reply again."""
        command = event.command
        why = self._why_foreign(event)
        if why is not None:
            self.refuse(command, why, turn)
            return
        seen = self._seen.get(command.id)
        if seen is not None:
            self._record_refused(command, "seen", turn)
            turn.effects.append(seen.first_reply)
            return
        why = self._why_not_fresh(command, turn.now.mono_ms)
        if why == "busy":
            self.refuse(command, why, turn)
            return
        mark = len(turn.effects)
        if why is not None:
            self.refuse(command, why, turn)
        else:
            self._carry_out(command, turn)
        reply = next(effect for effect in turn.effects[mark:] if isinstance(effect, SendReply))
        self._seen[command.id] = _Seen(turn.now.mono_ms, reply)

    def refuse(self, command: Command, why: str, turn: Turn) -> None:
        """Verified but refused: a reply and an entry."""
        self._record_refused(command, why, turn)
        turn.reply(command.id, "refused", why=why)

    def give_up(self, request: Request, why: str, turn: Turn) -> None:
        """A release that a command asked for was given up before its coil."""
        turn.record(
            EntryType.COMMAND_REFUSED,
            command=request.command,
            kind=request.order,
            locker=request.locker,
            requested_by=request.requested_by,
            reason=request.reason,
            why=why,
            origin=request.origin,
        )
        if why == "expired":
            turn.reply(request.command, "expired", request.locker)
        else:
            turn.reply(request.command, "refused", request.locker, why)
        self.released(request, turn)

    def released(self, request: Request, turn: Turn) -> None:
        """A release that a command asked for has its outcome; the last of a walk test ends the walk."""
        walk = request.command
        if walk is None or walk not in self._walks:
            return
        self._walks[walk] -= 1
        if self._walks[walk] == 0:
            del self._walks[walk]
            turn.reply(walk, "done")

    def _why_foreign(self, event: CommandReceived) -> str | None:
        if event.retained:
            return "retained"
        if event.command.controller != self._controller:
            return "controller"
        if self._session is None or event.command.session != self._session:
            return "session"
        return None

    def _why_not_fresh(self, command: Command, now_ms: int) -> str | None:
        while len(self._seen) >= REMEMBERED_COMMANDS:
            oldest = next(iter(self._seen))
            if now_ms - self._seen[oldest].at_ms <= COMMAND_FRESH_MS:
                return "busy"
            del self._seen[oldest]
        sent = self._beats.get(command.beat)
        if sent is None or now_ms - sent > COMMAND_FRESH_MS:
            return "beat"
        return None

    def _carry_out(self, command: Command, turn: Turn) -> None:
        try:
            args = command_args(command)
        except MessageError as error:
            self.refuse(command, error.code, turn)
            return
        why = self._why_impossible(command, args, turn)
        if why is not None:
            self.refuse(command, why, turn)
            return
        turn.record(
            EntryType.COMMAND_ACCEPTED,
            command=command.id,
            kind=command.kind,
            locker=getattr(args, "locker", None),
            requested_by=command.requested_by,
            reason=command.reason,
        )
        self._do(command, args, turn)

    def _why_impossible(self, command: Command, args: CommandArgs, turn: Turn) -> str | None:
        lockers = _lockers(args)
        if any(locker not in self._bays for locker in lockers):
            return "locker"
        match args:
            case OpenArgs():
                return self._why_no_open(command, lockers)
            case WalkTestArgs():
                index = self._lists.index
                if index is not None and any(index.is_held(locker, turn.now) for locker in lockers):
                    return "held"
                return self._why_no_open(command, lockers)
            case EnrolArgs() if self._lists.newest_key is None:
                return "badge_key_missing"
            case EnrolArgs():
                return "busy" if self._presentations.is_enrolling else None
            case OutOfServiceArgs(until=until) if until is not None:
                return None if until <= turn.now.starting_at + OUT_OF_SERVICE_MAX_MS else "args"
            case SendAccessArgs():
                return None if self._lists.index is not None else "no_list"
        return None

    def _why_no_open(self, command: Command, lockers: tuple[int, ...]) -> str | None:
        if not command.reason:
            return "reason_missing"
        return "busy" if any(self._releases.is_under_way(locker) for locker in lockers) else None

    def _do(self, command: Command, args: CommandArgs, turn: Turn) -> None:
        match args:
            case OpenArgs() | WalkTestArgs():
                self._open(command, _lockers(args), turn)
            case EnrolArgs():
                self._presentations.expect_enrolment(command.id, args.seconds, turn)
                turn.reply(command.id, "accepted")
            case SendAccessArgs():
                turn.reply(command.id, "accepted")
                turn.effects.append(SendList(command.id, self._lists.unstored_envelope))
            case IdentifyArgs():
                turn.show(Signal.IDENTIFY)
                turn.reply(command.id, "done")
            case OutOfServiceArgs():
                self._marks.mark(args.locker, OutOfService(args.reason, args.until), command.id, turn)
                turn.reply(command.id, "done", args.locker)
            case InServiceArgs():
                self._marks.clear(args.locker, turn, command.id, command.reason)
                turn.reply(command.id, "done", args.locker)

    def _open(self, command: Command, lockers: tuple[int, ...], turn: Turn) -> None:
        turn.reply(command.id, "accepted", lockers[0] if command.kind == "open" else None)
        if command.kind == "walk_test":
            self._walks[command.id] = len(lockers)
        for locker in lockers:
            request = Request(
                locker=locker,
                cause="command",
                asked_ms=turn.now.mono_ms,
                command=command.id,
                order=command.kind,
                requested_by=command.requested_by,
                reason=command.reason,
            )
            self._releases.ask(request, turn)

    def _record_refused(self, command: Command, why: str, turn: Turn) -> None:
        locker = command.args.get("locker")
        self._suppression.record(
            turn,
            EntryType.COMMAND_REFUSED,
            "commands",
            command=command.id,
            kind=command.kind,
            locker=locker if type(locker) is int and locker in self._bays else None,
            requested_by=command.requested_by,
            reason=command.reason,
            why=why,
        )


def _lockers(args: CommandArgs) -> tuple[int, ...]:
    """The lockers that a command names, each once."""
    match args:
        case WalkTestArgs(lockers=lockers):
            return tuple(dict.fromkeys(lockers))
        case OpenArgs(locker=locker) | OutOfServiceArgs(locker=locker) | InServiceArgs(locker=locker):
            return (locker,)
    return ()
