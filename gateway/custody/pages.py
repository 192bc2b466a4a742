"""Safekeeping on screen: what is to be emptied, and one page per bag that shows the next step; a locker's checks."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from fastapi import APIRouter
from fastapi.responses import Response
from sqlalchemy.orm import Session

from gateway.contracts.models import Contract
from gateway.custody import outcomes, readiness, service, words
from gateway.custody.codes import Check, DisposalReason, Recipient, Thing, Witness
from gateway.custody.left import to_be_emptied
from gateway.custody.models import Custody
from gateway.custody.service import step_of
from gateway.custody.waiting import awaited
from gateway.days import local_day
from gateway.lockers.models import Locker
from gateway.lockers.service import locker_of
from gateway.lockers.sight import sight_of
from gateway.staff.scope import is_own, require_named, require_running
from gateway.web.forms import Form
from gateway.web.i18n import N_
from gateway.web.steps import named
from gateway.web.visit import LockerNumber, Member, MemberVisit, PostedForm

router = APIRouter()
_CHOSEN = "thing-"
# The list has no field beside which this could stand.
_REFUSED = {"locker_taken": N_("Someone else has this locker now, or had it since: what is inside is theirs.")}


@dataclass(frozen=True)
class Bag:
    """One line of the list."""

    url: str
    title: str
    detail: str
    side: str
    is_due: bool


@dataclass(frozen=True)
class ThingShown:
    """One line of an inventory."""

    id: str
    kind: str
    quantity: int
    description: str
    outcome: str


@dataclass(frozen=True)
class BagPage:
    """One bag with everything its page shows."""

    url: str
    step: str
    holder: str
    locker: str
    locker_url: str
    label: str
    place: str
    witness: str
    keep_until: date | None
    is_over: bool
    holds: str
    things: Sequence[ThingShown]


@router.get("/safekeeping")
def list_page(visit: MemberVisit) -> Response:
    """Lockers to be emptied, bags under way, bags that are kept (those whose time is over first), page by page."""
    return _list(visit, Form())


@router.post("/safekeeping")
def begin(posted: PostedForm) -> Response:
    """Begins, or goes on where somebody stopped."""
    form, staff = posted.form, posted.visit.staff
    contract_id, nobodys = form.get("contract"), form.get("nobodys")
    bank, number = form.locker("nobodys") if nobodys else ("", 0)

    def act(session: Session, now: int) -> str:
        if nobodys:
            require_running(session, staff, now, bank)
            made = service.begin_nobodys(session, bank, number, actor=staff.staff_id, now=now)
        else:
            require_named(session, staff, now, contract_id=contract_id)
            locker_id = form.get("locker") or None
            made = service.begin(session, contract_id, locker_id=locker_id, actor=staff.staff_id, now=now)
        return f"/safekeeping/{made.id}"

    return posted.act(act, lambda _session, form: _list(posted.visit, form, 422), _REFUSED)


@router.get("/safekeeping/{custody_id}")
def bag_page(visit: MemberVisit, custody_id: str) -> Response:
    """The next step, and what was done. Raises NotFoundError with code `custody`."""
    with visit.database.reading() as session:
        return _bag(visit, session, custody_id, Form({"kind": Thing.CLOTHING, "quantity": "1"}))


@router.post("/safekeeping/{custody_id}/{step}")
def take_step(posted: PostedForm, custody_id: str, step: str) -> Response:
    """One step: the form's own name says which. Raises NotFoundError (`step`)."""
    change = named(_STEPS, step)

    def act(session: Session, now: int) -> str:
        change(session, custody_id, posted.form, posted.visit.staff.staff_id, now)
        return f"/safekeeping/{custody_id}"

    if step in _CHECKED:
        _CHECKED[step](posted.form)
    return posted.act(act, lambda session, form: _bag(posted.visit, session, custody_id, form, 422))


@router.get("/lockers/{bank}/{number}/ready")
def ready_page(visit: MemberVisit, bank: str, number: LockerNumber) -> Response:
    """What nobody has confirmed since the last holder."""
    with visit.database.reading() as session:
        return _ready(visit, session, bank, number, Form())


@router.post("/lockers/{bank}/{number}/ready")
def confirm(posted: PostedForm, bank: str, number: LockerNumber) -> Response:
    """What was ticked is confirmed, or everything."""
    checks = {check for check in Check if posted.form.get(check.value) or posted.form.get("all")}

    def act(session: Session, now: int) -> str:
        locker = locker_of(session, bank, number)
        readiness.confirm(session, locker, checks, actor=posted.visit.staff.staff_id, now=now)
        return f"/lockers/{bank}/{number}?done=checked"

    return posted.act(act, lambda session, form: _ready(posted.visit, session, bank, number, form, 422))


Act = Callable[[Session, str, Form, str, int], object]


def _thing(session: Session, custody_id: str, form: Form, actor: str, now: int) -> object:
    return service.add_thing(
        session, custody_id, kind=Thing(form.get("kind")), quantity=form.number("quantity"),
        description=form.get("description"), actor=actor, now=now,
    )  # fmt: skip


def _drop(session: Session, custody_id: str, form: Form, actor: str, now: int) -> object:
    return service.drop_thing(session, custody_id, form.get("thing"), actor=actor, now=now)


def _nothing_left(session: Session, custody_id: str, _form: Form, actor: str, now: int) -> object:
    return service.nothing_left(session, custody_id, actor=actor, now=now)


def _witness(session: Session, custody_id: str, form: Form, actor: str, now: int) -> object:
    return service.witness(
        session, custody_id, witness=Witness(form.get("witness")), name=form.get("witness_name"),
        photographs_kept=form.get("photographs_kept"), actor=actor, now=now,
    )  # fmt: skip


def _store(session: Session, custody_id: str, form: Form, actor: str, now: int) -> object:
    return service.store(
        session, custody_id, place=form.get("place"), label=form.get("label"), actor=actor, now=now
    )  # fmt: skip


def _keep_longer(session: Session, custody_id: str, form: Form, actor: str, now: int) -> object:
    return service.keep_longer(session, custody_id, keep_until=form.day("keep_until"), actor=actor, now=now)


def _give_back(session: Session, custody_id: str, form: Form, actor: str, now: int) -> object:
    return outcomes.give_back(
        session, custody_id, recipient=Recipient(form.get("recipient")), things=_ticked(form), note=form.get("note"),
        actor=actor, now=now,
    )  # fmt: skip


def _dispose(session: Session, custody_id: str, form: Form, actor: str, now: int) -> object:
    reason, note = DisposalReason(form.get("reason")), form.get("disposal_note")
    thing = form.get("thing")
    if thing:
        return outcomes.dispose_one(session, custody_id, thing, reason=reason, note=note, actor=actor, now=now)
    return outcomes.dispose(session, custody_id, reason=reason, note=note, actor=actor, now=now)


_STEPS: Mapping[str, Act] = {
    "thing": _thing,
    "drop": _drop,
    "nothing-left": _nothing_left,
    "witness": _witness,
    "store": _store,
    "keep-longer": _keep_longer,
    "give-back": _give_back,
    "dispose": _dispose,
}
# What a form must hold before anything is tried.
_CHECKED: Mapping[str, Callable[[Form], object]] = {
    "thing": lambda form: (form.choice("kind", list(words.THINGS)), form.number("quantity")),
    "witness": lambda form: form.choice("witness", list(words.WITNESSES)),
    "store": lambda form: form.text("place"),
    "keep-longer": lambda form: form.day("keep_until"),
    "give-back": lambda form: _some_ticked(form, form.choice("recipient", list(words.RECIPIENTS))),
    "dispose": lambda form: form.choice("reason", list(words.DISPOSAL_REASONS)),
}


def _ticked(form: Form) -> list[str]:
    return [name.removeprefix(_CHOSEN) for name in form.values if name.startswith(_CHOSEN)]


def _some_ticked(form: Form, recipient: str) -> str:
    """Nothing ticked is a slip on a page, and not "everything"."""
    if not _ticked(form):
        form.error("", N_("Tick what is given back."))
    return recipient


def _list(visit: Member, form: Form, status: int = 200) -> Response:
    with visit.database.reading() as session:
        now = visit.clock()
        mine, after = visit.organisation_id, visit.request.query_params.get("after") or None
        page = service.list_by_day(session, organisation_id=mine, after=after)
        # What is to be done comes first, and is not repeated over the bags that follow.
        starting = awaited(session, now, organisation_id=mine) if after is None else ()
        left = to_be_emptied(session, now, organisation_id=mine) if after is None else ()
        return visit.page(
            "custody/list.html",
            area="safekeeping",
            form=form,
            status=status,
            awaited=[
                (
                    f"/lockers/{one.holding.locker.bank_id}/{one.holding.locker.number}/ready",
                    _place(one.holding.locker),
                    one.contract.person.name,
                    visit.day(one.contract.starts_on),
                )
                for one in starting
            ],
            left=[(_named(contract, locker), _whose(visit, contract), _place(locker)) for contract, locker in left],
            bags=[_line(visit, bag, now) for bag in page.items],
            next=page.next,
        )


def _whose(visit: Member, contract: Contract | None) -> str:
    return visit.say(words.NOBODY_KNOWN) if contract is None else contract.person.name


def _named(contract: Contract | None, locker: Locker) -> Mapping[str, str]:
    """What the form that begins an inventory says."""
    if contract is None:
        return {"nobodys": f"{locker.bank_id}/{locker.number}"}
    return {"contract": contract.id, "locker": locker.id}


def _line(visit: Member, bag: Custody, now: int) -> Bag:
    whose = _whose(visit, bag.contract)
    title = f"{bag.label} · {whose}" if bag.label else whose
    until = visit.say("until %(day)s", day=visit.day(bag.keep_until)) if bag.keep_until else ""
    detail = ", ".join(part for part in (_place(bag.locker), bag.place or "", until) if part)
    return Bag(f"/safekeeping/{bag.id}", title, detail, words.STEPS[step_of(bag)], _is_over(bag, now))


def _bag(visit: Member, session: Session, custody_id: str, form: Form, status: int = 200) -> Response:
    custody = service.custody_of(session, custody_id)
    now = visit.clock()
    holds = outcomes.what_holds(session, custody)
    shown = BagPage(
        url=f"/safekeeping/{custody.id}",
        step=step_of(custody).value,
        holder=_whose(visit, custody.contract),
        locker=_place(custody.locker),
        locker_url=f"/lockers/{custody.locker.bank_id}/{custody.locker.number}",
        label=custody.label or "",
        place=custody.place or "",
        witness=_witnessed(visit, custody),
        keep_until=custody.keep_until,
        is_over=_is_over(custody, now),
        holds=words.HOLDS[holds] if holds else "",
        things=[
            ThingShown(
                thing.id, words.THINGS[thing.kind], thing.quantity, thing.description or "",
                words.OUTCOMES[thing.outcome] if thing.outcome else "",
            )
            for thing in custody.things
        ],
    )  # fmt: skip
    options: dict[str, Any] = {
        "kinds": [(code, visit.say(text)) for code, text in words.THINGS.items()],
        "witnesses": [
            (code, visit.say(text), visit.say(more) if more else "") for code, (text, more) in words.WITNESSES.items()
        ],
        "recipients": [(code, visit.say(text)) for code, text in words.RECIPIENTS.items()],
        "reasons": [(code, visit.say(text)) for code, text in words.DISPOSAL_REASONS.items()],
    }
    return visit.page("custody/bag.html", area="safekeeping", form=form, bag=shown, status=status, **options)


def _ready(visit: Member, session: Session, bank: str, number: int, form: Form, status: int = 200) -> Response:
    locker = locker_of(session, bank, number)
    found = readiness.readiness(session, locker, visit.clock())
    custody_id, organisation_id = found.custody_id, visit.organisation_id
    is_theirs = custody_id is not None and is_own(session, organisation_id, "custody_id", custody_id)
    runs = organisation_id is None or bank in sight_of(session, organisation_id).run
    return visit.page(
        "custody/ready.html",
        area="wall",
        form=form,
        status=status,
        url=f"/lockers/{bank}/{number}",
        locker=_place(locker),
        ready=found.ready,
        used=found.used_at is not None,
        taken_out=custody_id is not None,
        bag_url=f"/safekeeping/{custody_id}" if is_theirs else "",
        nobodys=f"{bank}/{number}" if found.used_at is not None and custody_id is None and runs else "",
        checks=[(check.value, visit.say(words.CHECKS[check])) for check in found.lacking],
    )


def _witnessed(visit: Member, custody: Custody) -> str:
    if custody.witness is None:
        return ""
    who = visit.say(words.WITNESSES[custody.witness][0])
    more = custody.witness_name or custody.photographs_kept
    return f"{who} · {more}" if more else who


def _is_over(custody: Custody, now: int) -> bool:
    today = local_day(custody.locker.bank.site.zone, now)
    return custody.keep_until is not None and custody.closed_at is None and today > custody.keep_until


def _place(locker: Locker) -> str:
    return f"{locker.bank.name}, {locker.number}"
