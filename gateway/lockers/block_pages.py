"""One block as a place: who is what to it, its lockers, works, who must move, and giving it up."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from fastapi import APIRouter
from fastapi.responses import Response
from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway.contracts.models import Contract
from gateway.days import local_day, midnight
from gateway.lockers import allotments, keys, roles, service, winding_down, words, works
from gateway.lockers.models import Bank, Locker, Organisation
from gateway.lockers.sight import sight_of
from gateway.lockers.works import Reason
from gateway.staff.rights import Right
from gateway.web.forms import Form
from gateway.web.steps import Change, named, take
from gateway.web.visit import Member, MemberVisit, PostedForm, Visit
from wire.hours import site_zone

router = APIRouter()
FIRST_YEAR = 2000


@dataclass(frozen=True)
class DoorLine:
    """One locker in service, with what is said of it beside its number."""

    number: int
    url: str
    details: Sequence[str]


@dataclass(frozen=True)
class MoveLine:
    """Someone who must find another locker; `by` the moment until which they may stay."""

    url: str
    name: str
    number: int
    why: str
    by: int | None


@router.get("/places/{bank}")
def block_page(visit: MemberVisit, bank: str) -> Response:
    """One block. Raises NotFoundError (`bank`)."""
    with visit.database.reading() as session:
        return _block(visit, session, bank, Form({"lock": "badge"}))


@router.post("/places/{bank}/{step}")
def take_step(posted: PostedForm, bank: str, step: str) -> Response:
    """One change of the block: the form's own name says which. Raises NotFoundError (`step`)."""
    return take(
        posted, named(_STEPS, step)(posted.form), bank, f"/places/{bank}?done=place_changed",
        lambda session, form: _block(posted.visit, session, bank, form, 422),
    )  # fmt: skip


def _give(form: Form) -> Change:
    organisation, role = form.text("organisation"), form.choice("role", list(words.ROLES))
    return lambda session, bank, actor, now: roles.give_role(
        session, bank, organisation, roles.role_called(role), actor=actor, now=now
    )


def _take(form: Form) -> Change:
    organisation, role = form.get("organisation"), form.get("role")
    return lambda session, bank, actor, now: roles.take_role(
        session, bank, organisation, roles.role_called(role), actor=actor, now=now
    )


def _add(form: Form) -> Change:
    first, last = form.number("first", service.MAX_LOCKER_NUMBER), form.number("last", service.MAX_LOCKER_NUMBER)
    litres = form.number("litres", service.MAX_LITRES) if form.get("litres").strip() else None
    lock, size = form.choice("lock", list(words.LOCKS)), form.get("size") or None
    since = form.day("since", FIRST_YEAR) if form.get("since").strip() else None

    def add(session: Session, bank: str, actor: str, now: int) -> object:
        zone, numbers = service.bank_of(session, bank).site.zone, service.numbered(first, last)
        service.require_new(session, bank, numbers)
        return service.add_lockers(
            session, bank, numbers, size=size, litres=litres, lock=lock,
            since=min(midnight(zone, since), now) if since else None, actor=actor, now=now,
        )  # fmt: skip

    return add


def plan_works(form: Form) -> Callable[[Session, str, str, int, int | None], object]:
    """Works of one locker, or of the whole block without a number."""
    first, last, reason = form.day("first_on"), form.day("last_on"), form.choice("reason", list(words.WORKS))
    return lambda session, bank, actor, now, number: works.plan_works(
        session, bank, number=number, first_on=first, last_on=last, reason=Reason(reason), actor=actor, now=now
    )


def _works(form: Form) -> Change:
    planned = plan_works(form)
    number = form.number("number", service.MAX_LOCKER_NUMBER) if form.get("number").strip() else None
    return lambda session, bank, actor, now: planned(session, bank, actor, now, number)


def end_works(form: Form) -> Change:
    """Works that are over, or called off."""
    works_id = form.get("works")
    return lambda session, bank, actor, now: works.end_works(session, works_id, bank_id=bank, actor=actor, now=now)


def _wind_down(form: Form) -> Change:
    day = form.day("closes_on") if form.get("closes_on").strip() else None
    return lambda session, bank, actor, now: winding_down.wind_down(session, bank, closes_on=day, actor=actor, now=now)


def _keep(_form: Form) -> Change:
    return lambda session, bank, actor, now: winding_down.keep(session, bank, actor=actor, now=now)


_STEPS: Mapping[str, Callable[[Form], Change]] = {
    "give-role": _give,
    "take-role": _take,
    "lockers": _add,
    "works": _works,
    "end-works": end_works,
    "wind-down": _wind_down,
    "keep": _keep,
}


def may_change(visit: Member, session: Session, bank_id: str) -> bool:
    """Whether whoever asks may change this block: whoever runs it, by an account that may."""
    mine = visit.organisation_id
    return visit.may(Right.PLACES) and (mine is None or bank_id in sight_of(session, mine).run)


def _block(visit: Member, session: Session, bank_id: str, form: Form, status: int = 200) -> Response:
    bank = service.bank_of(session, bank_id)
    every = service.list_organisations(session)
    names = {one.id: one.name for one in every}
    numbers = {one.id: one.number for one in _lockers(session, bank_id)}
    return visit.page(
        "lockers/block.html",
        area="more",
        zone=site_zone(bank.site.zone),
        status=status,
        form=form,
        url=f"/places/{bank_id}",
        bank=bank,
        organisation=session.get_one(Organisation, bank.site.organisation_id).name,
        may_change=may_change(visit, session, bank_id),
        given=[(one, names[one.organisation_id], words.ROLES[one.role]) for one in roles.roles_at(session, bank_id)],
        organisations=[(one.id, one.name) for one in every],
        roles=options(visit, words.ROLES),
        locks=options(visit, words.LOCKS),
        reasons=options(visit, words.WORKS),
        works=[
            (
                one,
                numbers.get(one.locker_id or ""),
                words.WORKS[one.reason],
                local_day(bank.site.zone, one.until_at - 1),
            )
            for one in works.works_ahead(session, bank_id, visit.now)
        ],
        doors=_doors(visit, session, bank, names),
        retired=[one for one in _lockers(session, bank_id) if one.retired_at is not None],
        moves=_moves(visit, session, bank_id) if visit.may(Right.SEE_PEOPLE) else [],
    )


def options(visit: Visit, of: Mapping[str, str]) -> list[tuple[str, str]]:
    """Codes with their words, to choose from."""
    return [(code, visit.say(text)) for code, text in of.items()]


def _lockers(session: Session, bank_id: str) -> Sequence[Locker]:
    return session.scalars(select(Locker).where(Locker.bank_id == bank_id).order_by(Locker.number)).all()


def _doors(visit: Member, session: Session, bank: Bank, names: Mapping[str, str]) -> list[DoorLine]:
    kept = {
        locker.id: names[one.organisation_id] for locker, one in allotments.allotments_of(session, bank.id, visit.now)
    }
    out: dict[str, int] = {}
    for key, given in keys.keys_of(session, bank.id):
        out[key.locker_id] = out.get(key.locker_id, 0) + (given is not None)
    return [
        DoorLine(one.number, f"/places/{bank.id}/{one.number}", _said(visit, one, kept.get(one.id), out.get(one.id)))
        for one in _lockers(session, bank.id)
        if one.retired_at is None
    ]


def _said(visit: Visit, locker: Locker, kept_for: str | None, keys_out: int | None) -> list[str]:
    said = [visit.say(words.LOCKS[locker.lock])]
    if locker.lock == "key":
        said.append(visit.say("key handed over") if keys_out else visit.say("no key out"))
    said += [locker.size] if locker.size else []
    said += [visit.say("%(litres)s litres", litres=locker.litres)] if locker.litres else []
    said += [visit.say("kept for %(whom)s", whom=kept_for)] if kept_for else []
    return said


def _moves(visit: Member, session: Session, bank_id: str) -> list[MoveLine]:
    lines = []
    for move in winding_down.to_move(session, visit.now, bank_id=bank_id):
        person = session.get_one(Contract, move.contract_id).person
        if visit.organisation_id in (None, person.organisation_id):
            lines.append(MoveLine(f"/people/{person.id}", person.name, move.number, words.MOVES[move.why], move.by))
    return lines
