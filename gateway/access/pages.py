"""Opening a locker for someone: the reason, then what the bank answers, step by step, as it was observed."""

from collections.abc import Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from fastapi import APIRouter
from fastapi.responses import Response
from sqlalchemy.orm import Session

from gateway.access import commands
from gateway.access import words as access_words
from gateway.access.models import CommandRecord, Controller
from gateway.contracts import repository
from gateway.lockers.service import locker_of
from gateway.staff.rights import Right
from gateway.web import words
from gateway.web.forms import Form
from gateway.web.i18n import N_
from gateway.web.visit import LockerNumber, Member, MemberVisit, PostedForm, Visit
from wire.hours import site_zone

router = APIRouter()


@dataclass(frozen=True)
class Step:
    """One step on screen: done, current, todo, failed or warned."""

    status: str
    icon: str
    text: str
    at: int | None = None


@dataclass(frozen=True)
class CommandShown:
    """An order about a locker as far as it was observed; `over` when nothing more will come."""

    heading: str
    number: int
    block: str
    reason: str
    zone: ZoneInfo
    locker_url: str
    stream_url: str
    steps: Sequence[Step]
    over: bool
    tone: str
    icon: str
    title: str
    text: str
    again_url: str


@dataclass(frozen=True)
class LockerToOpen:
    """What the form says of the locker."""

    number: int
    url: str
    block: str
    holder: str
    online: bool
    held: bool
    is_taken: bool


_REQUESTED, _ACCEPTED, _RELEASED = N_("Requested"), N_("Accepted by the block"), N_("Lock released")
_OPENED, _DONE = N_("Door opened"), N_("Done by the block")
# final state -> (the last step's status and text, tone, icon, title, what to do next)
_ENDS = {
    "opened": ("done", N_("Door opened"), "good", "check", N_("The door is open"), N_("The door sensor saw it open.")),
    "already_open": (
        "done", N_("The door was open already"), "good", "check", N_("The door was open already"),
        N_("Ask the person to push it shut after use."),
    ),
    "not_opened": (
        "failed", N_("Jammed: the door did not open"), "alarm", "jammed", N_("Jammed: the door did not open"),
        N_("The lock was released, but the door did not move. Pull at it, then ask again; or use the mechanical key."),
    ),
    "unknown": (
        "warned", N_("Not observed"), "warm", "unknown", N_("Nobody can tell from here"),
        N_("The lock was released, but this door has no working sensor. Look at the door."),
    ),
    "failed": (
        "failed", N_("The lock did not answer"), "alarm", "jammed", N_("The lock did not answer"),
        N_("Ask again; if it fails again, use the mechanical key and tell the technician."),
    ),
    "refused": (
        "failed", N_("Refused by the block"), "alarm", "forced", N_("Refused by the block"), N_("Nothing was opened."),
    ),
    "expired": (
        "failed", N_("Not carried out"), "alarm", "clock", N_("Not carried out"),
        N_("The order came too late to be safe. Ask again."),
    ),
    "no_answer": (
        "failed", N_("No answer"), "alarm", "offline", N_("The block did not answer"),
        N_("It is not known whether the order arrived; it can no longer act. Look at the door, then ask again."),
    ),
}  # fmt: skip
# Where the order was another one than to open.
_UNDONE = {
    "refused": N_("The locker stays what it was."),
    "expired": N_("The order came too late to be safe. Ask again."),
    "no_answer": N_(
        "It is not known whether the order arrived; it can no longer act. Look at the wall, then ask again."
    ),
}
_DONE_WITH = frozenset({"opened", "already_open", "unknown", "done"})
_REACHED = ("requested", "accepted", "released")


@router.get("/lockers/{bank}/{number}/open")
def open_page(visit: MemberVisit, bank: str, number: LockerNumber) -> Response:
    """Asks for the reason."""
    with visit.database.reading() as session:
        return _form(visit, session, bank, number, Form())


@router.post("/lockers/{bank}/{number}/open")
def open_for_someone(posted: PostedForm, bank: str, number: LockerNumber) -> Response:
    """Orders the locker opened; the next page shows what comes of it."""
    reason = posted.form.choice("reason", words.OPEN_REASONS)
    visit = posted.visit

    def act(session: Session, now: int) -> str:
        command = commands.open_locker(
            session, visit.request.app.state.orders, bank_id=bank, number=number, reason=reason,
            actor=visit.staff.staff_id, now=now,
        )  # fmt: skip
        return f"/commands/{command.id}"

    return posted.act(act, lambda session, form: _form(visit, session, bank, number, form, 422))


@router.get("/commands/{command_id}")
def command_page(visit: MemberVisit, command_id: str) -> Response:
    """Requested, accepted, released, opened or jammed; a page without scripts loads itself again until it is over."""
    with visit.database.reading() as session:
        return visit.page("access/command.html", area="wall", command=command_shown(visit, session, command_id))


def command_shown(visit: Visit, session: Session, command_id: str) -> CommandShown:
    """A command as plain values, in the reader's language. Raises NotFoundError with code `command`."""
    command = commands.latest_of(session, command_id)
    locker = locker_of(session, command.bank_id, command.locker or 0)
    state = commands.state_of(command, visit.request.app.state.now())
    end = _ENDS.get(state)
    url, opens = f"/lockers/{command.bank_id}/{command.locker}", command.kind == "open"
    _status, _step, tone, icon, title, text = end or ("", "", "", "", "", "")
    if state == "no_answer" and command.state in ("accepted", "released"):
        text = N_("The order arrived, but what became of it was never told. Look at the door, then ask again.")
    if not opens:
        text = _UNDONE.get(state, text)
    if state == "refused":
        text = words.COMMAND_REFUSALS.get(command.why or "", text)
    return CommandShown(
        heading=visit.say(access_words.HEADINGS[command.kind], number=locker.number),
        number=locker.number,
        block=locker.bank.name,
        reason=visit.say(_reason(command)),
        zone=site_zone(locker.bank.site.zone),
        locker_url=url,
        stream_url=f"/live/command/{command_id}",
        steps=_steps(visit, command, state),
        over=end is not None,
        tone=tone,
        icon=icon,
        title=visit.say(title) if title else "",
        text=visit.say(text) if text else "",
        again_url="" if state in _DONE_WITH else f"{url}/open" if opens else f"{url}/service",
    )


def _reason(command: CommandRecord) -> str:
    if command.kind == "open":
        return words.OPEN_REASONS.get(command.reason, (command.reason, ""))[0]
    return access_words.SERVICE_REASONS.get(command.reason, "")


def _steps(visit: Visit, command: CommandRecord, state: str) -> list[Step]:
    at = {step.state: step.at for step in command.steps}
    at["requested"] = command.requested_at
    end, opens = _ENDS.get(state), command.kind == "open"
    steps = []
    for code, text in list(zip(_REACHED, (_REQUESTED, _ACCEPTED, _RELEASED), strict=True))[: None if opens else 1]:
        if code in at:
            steps.append(Step("done", "check", visit.say(text), at[code]))
        elif end is None:
            status = "todo" if steps and steps[-1].status != "done" else "current"
            steps.append(Step(status, "pending", visit.say(text)))
    if end is None:
        status = "current" if all(step.status == "done" for step in steps) else "todo"
        steps.append(Step(status, "open" if opens else "check", visit.say(_OPENED if opens else _DONE)))
    else:
        icon = "cross" if end[0] != "done" else "open" if opens else "check"
        steps.append(Step(end[0], icon, visit.say(end[1]), at.get(state)))
    return steps


def locker_to_open(visit: Member, session: Session, bank: str, number: int) -> tuple[LockerToOpen, str]:
    """What a form about a door says of the locker, and its zone. Raises NotFoundError (`bank`, `locker`)."""
    locker = locker_of(session, bank, number)
    controller = session.get(Controller, bank)
    holders = repository.of_locker(session, locker.id, visit.now)
    mine = [one.person.name for one in holders if visit.organisation_id in (None, one.person.organisation_id)]
    shown = LockerToOpen(
        number=number,
        url=f"/lockers/{bank}/{number}",
        block=locker.bank.name,
        holder=mine[0] if mine and visit.may(Right.SEE_PEOPLE) else "",
        online=controller is not None and controller.online and visit.heard(bank),
        held=controller is not None and controller.held_since is not None,
        is_taken=bool(holders),
    )
    return shown, locker.bank.site.zone


def _form(visit: Member, session: Session, bank: str, number: int, form: Form, status: int = 200) -> Response:
    shown, _zone = locker_to_open(visit, session, bank, number)
    reasons = [(code, visit.say(text), visit.say(detail)) for code, (text, detail) in words.OPEN_REASONS.items()]
    return visit.page("lockers/open.html", area="wall", locker=shown, form=form, reasons=reasons, status=status)
