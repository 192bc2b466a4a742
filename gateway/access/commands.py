"""Commands: one signed order to one bank, made from a recent beat, and its life as the bank replies it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session, joinedload

from gateway.access.changes import CommandReady
from gateway.access.models import CommandRecord, CommandStep, ReportedPart
from gateway.access.service import require_joined
from gateway.audit import service as audit
from gateway.db import announce, new_id
from gateway.errors import ConflictError, InvalidError, NotFoundError, OfflineError
from gateway.events.service import record
from gateway.lockers.service import locker_of
from wire.errors import MessageError
from wire.limits import COMMAND_FRESH_MS
from wire.messages import Command, Reply, command_args, encode
from wire.messages import Session as WireSession

OPEN_REASONS = ("holder_present", "inspection", "maintenance", "emergency", "someone_inside", "leave_mail")
ATTEMPTS = 3
# A second tap on the same button within this time is the same order.
SAME_ORDER_MS = 5_000
# No reply for this long after the last moment at which the bank would have taken it.
NO_ANSWER_MS = COMMAND_FRESH_MS + 5_000
# An accepted order waits at most 60 s for its coil, a released lock a few tries for its door; then the time of a reply.
SILENT_AFTER_MS = {"requested": NO_ANSWER_MS, "accepted": 75_000, "released": 30_000}
PENDING = frozenset({"requested", "accepted", "released"})
AGAIN = frozenset({"session", "beat"})
_STEPS = (joinedload(CommandRecord.steps),)
# A later state never goes back to an earlier one.
_RANK = {"requested": 0, "accepted": 1, "released": 2}


@dataclass(frozen=True)
class Beat:
    """What makes a command fresh: the present session and a beat heard within the last 30 s."""

    session: WireSession
    beat: str


BeatOf = Callable[[str], Beat | None]
Sign = Callable[[bytes], bytes]


@dataclass(frozen=True)
class Orders:
    """What commands need from outside: `beat_of` a bank (None: not heard), and `sign`."""

    beat_of: BeatOf
    sign: Sign


def open_locker(
    session: Session, orders: Orders, *, bank_id: str, number: int, reason: str, actor: str, now: int
) -> CommandRecord:
    """Orders a locker opened for someone. The same order within 5 s is the same command.

    Raises NotFoundError (`bank`, `locker`, `controller`), InvalidError (`reason`), ConflictError (`key_lock`),
    OfflineError (`offline`, `held`).
    """
    if reason not in OPEN_REASONS:
        raise InvalidError("reason", f"unknown reason {reason[:40]!r}; known: {', '.join(OPEN_REASONS)}")
    if locker_of(session, bank_id, number).lock == "key":
        raise ConflictError("key_lock", f"locker {number} opens with its key only: take the key to the door")
    same = session.scalar(
        select(CommandRecord).where(
            CommandRecord.bank_id == bank_id,
            CommandRecord.kind == "open",
            CommandRecord.locker == number,
            CommandRecord.requested_by == actor,
            # Not later either: the clock may have been ahead.
            CommandRecord.requested_at.between(now - SAME_ORDER_MS + 1, now + SAME_ORDER_MS - 1),
            CommandRecord.state.in_(PENDING),
        )
    )
    if same is not None:
        return same
    return order(
        session, orders, bank_id=bank_id, kind="open", args={"locker": number}, reason=reason, actor=actor, now=now
    )


def order(
    session: Session,
    orders: Orders,
    *,
    bank_id: str,
    kind: str,
    args: dict[str, Any],
    reason: str,
    actor: str,
    now: int,
) -> CommandRecord:
    """Orders anything: identify, enrol, out_of_service, in_service, walk_test, send_access.

    Raises NotFoundError (`controller`), InvalidError (`kind`, `args`), OfflineError (`offline`, `held`): then nothing
    is issued.
    """
    if require_joined(session, bank_id).held and kind != "send_access":
        raise OfflineError("held", f"{bank_id} must be reconciled with this gateway before it takes orders from it")
    command = _issue(session, orders, bank_id, kind, args, reason, actor, now, attempt=1)
    audit.record(
        session, actor=actor, action=f"command_{kind}", subject=bank_id, now=now, command=command.id, reason=reason,
        locker=command.locker,
    )  # fmt: skip
    return command


def replied(session: Session, orders: Orders, bank_id: str, reply: Reply, *, now: int) -> CommandRecord | None:
    """Takes a verified reply. A command refused for its session or beat is issued again while someone waits.

    Replies to what was never asked, or asked of another bank, are None and change nothing.
    """
    command = _found(session, reply.id)
    if command is None or command.bank_id != bank_id:
        return None
    if reply.state == "list":
        _keep_part(session, command, reply, now)
        return command
    if not _advance(command, reply.state, reply.why, reply.at, now):
        return command
    command.digest, command.key_id = reply.digest or command.digest, reply.key or command.key_id
    record(
        session, "command_progress", now=now, bank_id=bank_id, locker=command.locker, command=command.id,
        state=reply.state, why=reply.why,
    )  # fmt: skip
    if reply.state == "refused" and reply.why in AGAIN:
        _issue_again(session, orders, command, now)
    return command


def command_of(session: Session, command_id: str) -> CommandRecord:
    """Raises NotFoundError with code `command`."""
    command = _found(session, command_id)
    if command is None:
        raise NotFoundError("command", "no such command")
    return command


def _found(session: Session, command_id: str) -> CommandRecord | None:
    # One alone comes with its steps in a single statement.
    return session.get(CommandRecord, command_id, options=_STEPS)


def latest_of(session: Session, command_id: str) -> CommandRecord:
    """The command, or the one that was issued in its place. Raises NotFoundError with code `command`."""
    command = command_of(session, command_id)
    while command.replaced_by is not None:
        command = command_of(session, command.replaced_by)
    return command


def state_of(command: CommandRecord, now: int) -> str:
    """The command's state; `no_answer` where the bank has said nothing more for too long."""
    patience = SILENT_AFTER_MS.get(command.state)
    if patience is None:
        return command.state
    # A step that lies as far ahead is of a time when the clock was wrong: the bank is not waited for until then.
    return "no_answer" if abs(now - command.steps[-1].received_at) > patience else command.state


def _issue(
    session: Session, orders: Orders, bank_id: str, kind: str, args: dict[str, Any], reason: str, actor: str, now: int,
    *, attempt: int,
) -> CommandRecord:  # fmt: skip
    beat = orders.beat_of(bank_id)
    if beat is None:
        raise OfflineError("offline", f"{bank_id} has not been heard for 30 s: nothing was sent")
    command = Command(bank_id, beat.session, beat.beat, new_id(now), kind, args, actor, reason)
    try:
        command_args(command)
    except MessageError as error:
        raise InvalidError(error.code, str(error)) from error
    locker = args.get("locker")
    row = CommandRecord(
        id=command.id, bank_id=bank_id, kind=kind, args=args, locker=locker, requested_by=actor, reason=reason,
        requested_at=now, attempt=attempt, state="requested",
    )  # fmt: skip
    row.steps.append(CommandStep(number=0, state="requested", at=now, received_at=now))
    session.add(row)
    session.flush()
    record(session, "command_progress", now=now, bank_id=bank_id, locker=locker, command=row.id, state="requested")
    announce(session, CommandReady(bank_id, orders.sign(encode(command))))
    return row


def _issue_again(session: Session, orders: Orders, command: CommandRecord, now: int) -> None:
    if command.attempt >= ATTEMPTS or now - command.requested_at > COMMAND_FRESH_MS:
        return
    try:
        again = _issue(
            session, orders, command.bank_id, command.kind, command.args, command.reason, command.requested_by, now,
            attempt=command.attempt + 1,
        )  # fmt: skip
    except OfflineError:
        return
    command.replaced_by = again.id


def _advance(command: CommandRecord, state: str, why: str | None, at: int, now: int) -> bool:
    """One step further; a repeated or late step changes nothing."""
    known = {step.state for step in command.steps}
    if state in known or command.state not in PENDING or _RANK.get(state, 9) < _RANK[command.state]:
        return False
    command.state, command.why = state[:64], None if why is None else why[:64]
    command.steps.append(
        CommandStep(number=len(command.steps), state=command.state, why=command.why, at=at, received_at=now)
    )
    return True


def _keep_part(session: Session, command: CommandRecord, reply: Reply, now: int) -> None:
    """Keeps a part of the list that the bank was asked for. Once all are there, other answers go, but for those still
    on their way: asked twice, a bank sends both part by part.
    """
    if command.kind != "send_access" or reply.part is None or not reply.parts or reply.data is None:
        return
    if not 0 <= reply.part <= reply.parts <= 1_000:
        return
    session.merge(
        ReportedPart(
            bank_id=command.bank_id, command_id=command.id, part=reply.part, parts=reply.parts, data=reply.data,
            received_at=now,
        )
    )  # fmt: skip
    session.flush()
    count = len(session.scalars(select(ReportedPart.part).where(ReportedPart.command_id == command.id)).all())
    if count != reply.parts:
        return
    coming = select(CommandRecord.id).where(
        CommandRecord.bank_id == command.bank_id,
        CommandRecord.requested_at > command.requested_at,
        CommandRecord.state.in_(PENDING),
    )
    session.execute(
        delete(ReportedPart).where(
            ReportedPart.bank_id == command.bank_id,
            ReportedPart.command_id != command.id,
            ReportedPart.command_id.not_in(coming),
        )
    )
    if _advance(command, "done", None, reply.at, now):
        record(session, "list_reported", now=now, bank_id=command.bank_id, command=command.id)
