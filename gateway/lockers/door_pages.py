"""One locker as a thing: its size, what opens it, its keys, for whom it is kept, works, and taking it out."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from fastapi import APIRouter
from fastapi.responses import Response
from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway.contracts import repository
from gateway.custody.readiness import readiness
from gateway.days import local_day
from gateway.loans import members
from gateway.loans.models import ToolLocker
from gateway.lockers import allotments, keys, service, words, works
from gateway.lockers.block_pages import end_works, may_change, options, plan_works
from gateway.lockers.models import KeyHandover, Locker, MechanicalKey, Organisation
from gateway.schemes.codes import Service
from gateway.schemes.models import Scheme
from gateway.staff.rights import Right
from gateway.web.forms import Form
from gateway.web.i18n import N_
from gateway.web.steps import named
from gateway.web.visit import LockerNumber, Member, MemberVisit, PostedForm
from wire.hours import site_zone

router = APIRouter()
Change = Callable[[Session, str, int, str, int], object]
# Here nobody chooses a locker or its days.
_REFUSED = {"locker_taken": N_("Someone has this locker, or will have it. Move or end that contract first.")}


@dataclass(frozen=True)
class KeyLine:
    """One key; `holder` and what follows while it is out, `to`: the contracts it may be handed to."""

    id: str
    number: str
    holder: str
    given_at: int | None
    lost: bool
    to: Sequence[tuple[str, str]]


@router.get("/places/{bank}/{number}")
def door_page(visit: MemberVisit, bank: str, number: LockerNumber) -> Response:
    """One locker. Raises NotFoundError (`bank`, `locker`)."""
    with visit.database.reading() as session:
        return _door(visit, session, bank, number)


@router.post("/places/{bank}/{number}/{step}")
def change_door(posted: PostedForm, bank: str, number: LockerNumber, step: str) -> Response:
    """One change of the locker: the form's own name says which. Raises NotFoundError (`step`)."""
    change = named(_STEPS, step)(posted.form)
    back = f"/places/{bank}" if step == "retire" else f"/places/{bank}/{number}"

    def act(session: Session, now: int) -> str:
        change(session, bank, number, posted.visit.staff.staff_id, now)
        return f"{back}?done=place_changed"

    return posted.act(act, lambda session, form: _door(posted.visit, session, bank, number, form, 422), _REFUSED)


@router.post("/keys/{key_id}/{step}")
def move_key(posted: PostedForm, key_id: str, step: str) -> Response:
    """A key is handed over, comes back, or was lost. Raises NotFoundError (`step`, `key`)."""
    move = named(_KEY_STEPS, step)
    contract = posted.form.text("contract") if step == "hand-over" else ""

    def act(session: Session, now: int) -> str:
        locker = keys.key_of(session, key_id).locker
        move(session, key_id, contract, posted.visit.staff.staff_id, now)
        return f"/places/{locker.bank_id}/{locker.number}?done=key_{step}"

    def again(session: Session, form: Form) -> Response:
        locker = keys.key_of(session, key_id).locker
        return _door(posted.visit, session, locker.bank_id, locker.number, form, 422)

    return posted.act(act, again)


def _measure(form: Form) -> Change:
    size, litres = form.get("size"), form.number("litres", service.MAX_LITRES) if form.get("litres").strip() else None
    return lambda session, bank, number, actor, now: service.measure(
        session, bank, number, size=size, litres=litres, actor=actor, now=now
    )


def _fit(form: Form) -> Change:
    fit = keys.fit_badge_lock if form.choice("lock", list(words.LOCKS)) == "badge" else keys.fit_key_lock
    return lambda session, bank, number, actor, now: fit(session, bank, number, actor=actor, now=now)


def _retire(_form: Form) -> Change:
    return lambda session, bank, number, actor, now: service.retire_locker(session, bank, number, actor=actor, now=now)


def _allot(form: Form) -> Change:
    organisation = form.text("organisation")
    until = form.day("until_on") if form.get("until_on").strip() else None
    return lambda session, bank, number, actor, now: allotments.allot(
        session, bank, number, organisation_id=organisation, until_on=until, actor=actor, now=now
    )


def _take_back(form: Form) -> Change:
    allotment = form.get("allotment")
    return lambda session, bank, _number, actor, now: allotments.take_back(
        session, allotment, bank_id=bank, actor=actor, now=now
    )


def _works(form: Form) -> Change:
    planned = plan_works(form)
    return lambda session, bank, number, actor, now: planned(session, bank, actor, now, number)


def _end_works(form: Form) -> Change:
    ended = end_works(form)
    return lambda session, bank, _number, actor, now: ended(session, bank, actor, now)


def _add_key(form: Form) -> Change:
    stamped = form.text("key_number")
    return lambda session, bank, number, actor, now: keys.add_key(
        session, bank, number, key_number=stamped, actor=actor, now=now
    )


def _retire_key(form: Form) -> Change:
    key_id = form.get("key_id")
    return lambda session, _bank, _number, actor, now: keys.retire_key(session, key_id, actor=actor, now=now)


def _lend_from(form: Form) -> Change:
    scheme = form.text("library")
    return lambda session, bank, number, actor, now: members.lend_from(
        session, bank, number, scheme_id=scheme, actor=actor, now=now
    )


def _stop_lending(_form: Form) -> Change:
    return lambda session, bank, number, actor, now: members.stop_lending_from(
        session, bank, number, actor=actor, now=now
    )


_STEPS: Mapping[str, Callable[[Form], Change]] = {
    "size": _measure,
    "lock": _fit,
    "retire": _retire,
    "allot": _allot,
    "take-back": _take_back,
    "works": _works,
    "end-works": _end_works,
    "key": _add_key,
    "retire-key": _retire_key,
    "tools": _lend_from,
    "no-tools": _stop_lending,
}
_KEY_STEPS: Mapping[str, Callable[[Session, str, str, str, int], object]] = {
    "hand-over": lambda session, key, contract, actor, now: keys.hand_over(
        session, key, contract_id=contract, actor=actor, now=now
    ),
    "take-back": lambda session, key, _contract, actor, now: keys.take_back(session, key, actor=actor, now=now),
    "lost": lambda session, key, _contract, actor, now: keys.report_lost(session, key, actor=actor, now=now),
}


def _door(
    visit: Member, session: Session, bank_id: str, number: int, form: Form | None = None, status: int = 200
) -> Response:
    locker = service.locker_of(session, bank_id, number)
    zone = locker.bank.site.zone
    kept = allotments.allotment_at(session, locker.id, visit.now)
    lends = session.get(ToolLocker, locker.id)
    return visit.page(
        "lockers/door.html",
        area="more",
        zone=site_zone(zone),
        status=status,
        form=form or Form({"size": locker.size or "", "litres": str(locker.litres or "")}),
        url=f"/places/{bank_id}/{number}",
        locker=locker,
        lock=words.LOCKS[locker.lock],
        may_change=may_change(visit, session, bank_id),
        may_hand=visit.may(Right.BADGES),
        kept=kept,
        kept_for=session.get_one(Organisation, kept.organisation_id).name if kept else "",
        organisations=[(one.id, one.name) for one in service.list_organisations(session)],
        lends=session.get_one(Scheme, lends.scheme_id).name if lends else "",
        lends_url=f"/tools/{lends.scheme_id}" if lends else "",
        ready_url=f"/lockers/{bank_id}/{number}/ready" if _waits_for_a_look(session, locker, visit.now) else "",
        libraries=_libraries(visit, session),
        keys=_keys(visit, session, locker),
        reasons=options(visit, words.WORKS),
        works=[
            (one, one.locker_id and number, words.WORKS[one.reason], local_day(zone, one.until_at - 1))
            for one in works.works_ahead(session, bank_id, visit.now)
            if one.locker_id in (None, locker.id)
        ],
    )


def _waits_for_a_look(session: Session, locker: Locker, now: int) -> bool:
    return not repository.of_locker(session, locker.id, now) and not readiness(session, locker, now).ready


def _libraries(visit: Member, session: Session) -> list[tuple[str, str]]:
    query = select(Scheme).where(Scheme.service == Service.TOOLS, Scheme.closed_at.is_(None)).order_by(Scheme.name)
    if visit.organisation_id is not None:
        query = query.where(Scheme.organisation_id == visit.organisation_id)
    return [(scheme.id, scheme.name) for scheme in session.scalars(query)]


def _keys(visit: Member, session: Session, locker: Locker) -> list[KeyLine]:
    """Names and whom a key may go to only for those who see people, and of their own."""
    holders = [
        (contract.id, contract.person.name)
        for contract in repository.of_locker(session, locker.id, visit.now)
        if visit.may(Right.SEE_PEOPLE) and visit.organisation_id in (None, contract.person.organisation_id)
    ]
    names = dict(holders)
    return [
        _key_line(key, given, holders, names)
        for key, given in keys.keys_of(session, locker.bank_id)
        if key.locker_id == locker.id
    ]


def _key_line(
    key: MechanicalKey, given: KeyHandover | None, holders: Sequence[tuple[str, str]], names: Mapping[str, str]
) -> KeyLine:
    return KeyLine(
        id=key.id,
        number=key.number,
        holder=names.get(given.contract_id, "") if given else "",
        given_at=given.given_at if given else None,
        lost=given is not None and given.lost_at is not None,
        to=holders,
    )
