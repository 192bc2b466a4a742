"""Custody step by step: inventory, witness, storing. Each step stands by itself, so that it can be resumed tomorrow.

What becomes of the things afterwards is in outcomes.py.
"""

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, or_, select, true, tuple_
from sqlalchemy.orm import Session

from gateway.audit import service as audit
from gateway.contracts.holdings import asks_for_decision, present
from gateway.contracts.models import Contract, Holding
from gateway.contracts.repository import has_locker
from gateway.contracts.service import confirm_emptied, contract_of
from gateway.custody import readiness
from gateway.custody.codes import Check, Step, Thing, Witness
from gateway.custody.models import Custody, KeptThing
from gateway.days import day_after, local_day
from gateway.db import new_id
from gateway.errors import ConflictError, InvalidError, NotFoundError
from gateway.events.service import record
from gateway.lockers.models import Locker
from gateway.lockers.service import locker_of
from gateway.lockers.sight import sight_of
from gateway.paging import PAGE_SIZE, Page, bounded, page_of
from gateway.schemes.models import Scheme
from gateway.schemes.terms import Terms

MAX_QUANTITY = 1_000
MAX_TEXT = 500
MAX_LABEL = 40
MAX_PLACE = 100


def step_of(custody: Custody) -> Step:
    """What is to be done next."""
    if custody.closed_at is not None:
        return Step.CLOSED
    if custody.witnessed_at is None:
        return Step.INVENTORY
    return Step.STORE if custody.stored_at is None else Step.KEEPING


def begin(session: Session, contract_id: str, *, locker_id: str | None = None, actor: str, now: int) -> Custody:
    """Begins to take out what a contract left in a locker it has no more (the last one it had), or resumes it.

    Where the time to collect has no end, because its holder is away or has died, beginning is the decision about what
    is inside; once it is stored, that time is over.
    Raises NotFoundError (`contract`, `locker`), ConflictError (`not_over`: the holder may still collect,
    `locker_taken`: someone else has the locker or had it since, `used_since`: somebody who is not known used it since,
    `custody_open`: someone else's belongings are being taken out).
    """
    contract = contract_of(session, contract_id)
    held = _last_held(contract, locker_id)
    locker = held.locker
    found = _under_way(session, locker, contract.id)
    if found is not None:
        return found
    if held.until_at > now and not (asks_for_decision(contract, now) and held is present(contract)):
        raise ConflictError("not_over", "the holder may still collect: until then their things stay in the locker")
    _refuse_held(session, locker, now, contract.id)
    _refuse_had_since(session, held, now)
    if readiness.readiness(session, locker, now).used_at is not None:
        raise ConflictError(
            "used_since",
            f"somebody who is not known here used locker {locker.number} since: what is inside may be theirs, begin it "
            "under nobody's name",
        )
    return _begun(session, contract, locker, actor, now)


def begin_nobodys(session: Session, bank_id: str, number: int, *, actor: str, now: int) -> Custody:
    """Begins to take out what somebody left of whom nothing is known, under nobody's name, or resumes it.

    Raises NotFoundError (`bank`, `locker`), ConflictError (`locker_taken`: someone has the locker, `custody_open`: a
    known holder's belongings are being taken out, `holder_known`: nobody else has used it since its last holder).
    """
    locker = locker_of(session, bank_id, number)
    found = _under_way(session, locker, None)
    if found is not None:
        return found
    _refuse_held(session, locker, now)
    known = readiness.readiness(session, locker, now)
    if known.left_at is not None and known.used_at is None:
        raise ConflictError("holder_known", "what is inside is its last holder's: begin it under their contract")
    return _begun(session, None, locker, actor, now)


def add_thing(
    session: Session, custody_id: str, *, kind: Thing, quantity: int = 1, description: str | None = None, actor: str,
    now: int,
) -> KeptThing:  # fmt: skip
    """One more line of the inventory.

    Raises NotFoundError (`custody`), InvalidError (`quantity`, `description`), ConflictError (`custody_step`).
    """
    custody = in_step(session, custody_id, Step.INVENTORY)
    thing = KeptThing(
        id=new_id(now), custody_id=custody.id, kind=kind.value, quantity=checked_quantity(quantity),
        description=checked_text("description", description), singly=False,
    )  # fmt: skip
    custody.things.append(thing)
    session.flush()
    audit.record(session, actor=actor, action="custody_thing_added", subject=custody.id, now=now, kind=kind.value)
    return thing


def drop_thing(session: Session, custody_id: str, thing_id: str, *, actor: str, now: int) -> Custody:
    """Takes a mistaken line out, as long as nobody has witnessed it.

    Raises NotFoundError (`custody`, `thing`), ConflictError (`custody_step`).
    """
    custody = in_step(session, custody_id, Step.INVENTORY)
    thing = thing_of(custody, thing_id)
    custody.things.remove(thing)
    session.delete(thing)
    session.flush()
    audit.record(session, actor=actor, action="custody_thing_dropped", subject=custody.id, now=now, kind=thing.kind)
    return custody


def nothing_left(session: Session, custody_id: str, *, actor: str, now: int) -> Custody:
    """The locker was empty after all; confirms that. Raises ConflictError (`custody_step`, `things`)."""
    custody = in_step(session, custody_id, Step.INVENTORY)
    if custody.things:
        raise ConflictError("things", "the inventory has lines: take them out first, or go on")
    custody.closed_at, custody.closed_by = now, actor
    _noted(session, custody, "custody_closed", actor, now)
    _emptied(session, custody, actor, now)
    return custody


def witness(
    session: Session, custody_id: str, *, witness: Witness, name: str | None = None,
    photographs_kept: str | None = None, actor: str, now: int,
) -> Custody:  # fmt: skip
    """The inventory is complete and borne out; from now on it does not change.

    A colleague and a partner are named; of photographs it is said where they are kept.
    Raises InvalidError (`witness_name`, `photographs_kept`), ConflictError (`custody_step`, `no_things`).
    """
    custody = in_step(session, custody_id, Step.INVENTORY)
    if not custody.things:
        raise ConflictError("no_things", "the inventory is empty: add what was found, or say that nothing was left")
    custody.witness = witness.value
    custody.witness_name = checked_text("witness_name", name)
    custody.photographs_kept = checked_text("photographs_kept", photographs_kept)
    if witness in (Witness.COLLEAGUE, Witness.PARTNER) and custody.witness_name is None:
        raise InvalidError("witness_name", "say who was the witness")
    if witness is Witness.PHOTOGRAPHS and custody.photographs_kept is None:
        raise InvalidError("photographs_kept", "say where the photographs are kept")
    custody.witnessed_at, custody.witnessed_by = now, actor
    _noted(session, custody, "custody_witnessed", actor, now, witness=witness.value)
    return custody


def store(session: Session, custody_id: str, *, place: str, label: str | None = None, actor: str, now: int) -> Custody:
    """Labelled and put away: the locker is empty now, and the keeping time of the contract's scheme begins; for what is
    nobody's the longest of the site's organisation.

    Without a `label` the next number is taken. Raises InvalidError (`place`, `label`), ConflictError (`custody_step`,
    `label_in_use`).
    """
    custody = in_step(session, custody_id, Step.STORE)
    zone, days = custody.locker.bank.site.zone, _keep_days(session, custody)
    custody.place = _short("place", place, MAX_PLACE)
    custody.label = _label(session, label)
    custody.stored_at, custody.stored_by = now, actor
    custody.keep_until = day_after(local_day(zone, now), days)
    _noted(session, custody, "custody_stored", actor, now, label=custody.label)
    _emptied(session, custody, actor, now)
    return custody


def keep_longer(session: Session, custody_id: str, *, keep_until: date, actor: str, now: int) -> Custody:
    """A person's decision to keep it longer. Raises InvalidError (`keep_until`), ConflictError (`custody_step`)."""
    custody = in_step(session, custody_id, Step.KEEPING)
    if custody.keep_until is None or keep_until <= custody.keep_until:
        raise InvalidError("keep_until", f"give a day after {custody.keep_until}: the keeping time is never shortened")
    custody.keep_until = keep_until
    _noted(session, custody, "custody_kept_longer", actor, now)
    return custody


def put_elsewhere(session: Session, custody_id: str, *, place: str, actor: str, now: int) -> Custody:
    """Another shelf. Raises InvalidError (`place`), ConflictError (`custody_step`)."""
    custody = in_step(session, custody_id, Step.KEEPING)
    custody.place = _short("place", place, MAX_PLACE)
    _noted(session, custody, "custody_moved", actor, now)
    return custody


def custody_of(session: Session, custody_id: str) -> Custody:
    """Raises NotFoundError with code `custody`."""
    custody = session.get(Custody, custody_id)
    if custody is None:
        raise NotFoundError("custody", "no such belongings in safekeeping")
    return custody


def list_custodies(
    session: Session, *, contract_id: str | None = None, is_open: bool | None = None, site_id: str | None = None,
    organisation_id: str | None = None, after: str | None = None, limit: int = PAGE_SIZE,
) -> Page[Custody]:  # fmt: skip
    """In the order of their beginning, narrowed by contract, site, organisation, and whether anything is to be done.

    What is nobody's is seen by the organisations that run its bank.
    """
    query = select(Custody)
    if contract_id is not None:
        query = query.where(Custody.contract_id == contract_id)
    if is_open is not None:
        query = query.where(Custody.closed_at.is_(None) if is_open else Custody.closed_at.is_not(None))
    if site_id is not None:
        query = query.where(Custody.locker.has(Locker.bank.has(site_id=site_id)))
    query = query.where(_seen_by(session, organisation_id))
    return page_of(session, query, Custody.id, after=after, limit=limit)


def list_by_day(
    session: Session, *, organisation_id: str | None = None, after: str | None = None, limit: int = PAGE_SIZE
) -> Page[Custody]:
    """What anything is still to be done with: first what is not put away, then by the last day of its keeping.

    Narrowed as list_custodies; `after`: the last one of the page before, wherever it stands now.
    """
    day, size = func.coalesce(Custody.keep_until, date.min), bounded(limit)
    query = select(Custody).where(Custody.closed_at.is_(None), _seen_by(session, organisation_id))
    last = session.get(Custody, after) if after else None
    if last is not None:
        query = query.where(tuple_(day, Custody.id) > (last.keep_until or date.min, last.id))
    found = session.scalars(query.order_by(day, Custody.id).limit(size + 1)).unique().all()
    return Page(found[:size], found[size - 1].id if len(found) > size else None)


def in_step(session: Session, custody_id: str, step: Step) -> Custody:
    """Raises NotFoundError (`custody`), ConflictError (`custody_step`) if something else is to be done."""
    custody = custody_of(session, custody_id)
    present = step_of(custody)
    if present is not step:
        raise ConflictError(
            "custody_step", f"this is for the step {step.value!r}; it is at {present.value!r} now", step=present.value
        )
    return custody


def thing_of(custody: Custody, thing_id: str) -> KeptThing:
    """Raises NotFoundError with code `thing`."""
    thing = next((one for one in custody.things if one.id == thing_id), None)
    if thing is None:
        raise NotFoundError("thing", "no such line in this inventory")
    return thing


def checked_quantity(quantity: int) -> int:
    """Raises InvalidError with code `quantity`."""
    if not 1 <= quantity <= MAX_QUANTITY:
        raise InvalidError("quantity", f"a quantity is 1 to {MAX_QUANTITY}")
    return quantity


def checked_text(field: str, value: str | None) -> str | None:
    """A text without surrounding spaces, None if there is none. Raises InvalidError with the field as its code."""
    text = (value or "").strip()
    if len(text) > MAX_TEXT:
        raise InvalidError(field, f"at most {MAX_TEXT} characters")
    return text or None


def kept(session: Session) -> Sequence[Custody]:
    """Everything that is stored and not given back or disposed of yet, the one to be kept longest last."""
    query = select(Custody).where(Custody.stored_at.is_not(None), Custody.closed_at.is_(None))
    return session.scalars(query.order_by(Custody.keep_until, Custody.id)).unique().all()


def _short(field: str, value: str, most: int) -> str:
    text = value.strip()
    if not 1 <= len(text) <= most or not text.isprintable():
        raise InvalidError(field, f"1 to {most} characters, on one line")
    return text


def _label(session: Session, label: str | None) -> str:
    if label and label.strip():
        wanted = _short("label", label, MAX_LABEL)
        if session.scalar(select(Custody.id).where(Custody.label == wanted)) is not None:
            raise ConflictError("label_in_use", f"the label {wanted} is on other belongings: choose another")
        return wanted
    taken = session.scalars(select(Custody.label).where(Custody.label.like("D-%"))).all()
    numbers = [int(known[2:]) for known in taken if known is not None and known[2:].isdecimal()]
    return f"D-{max(numbers, default=0) + 1:04}"


def _under_way(session: Session, locker: Locker, contract_id: str | None) -> Custody | None:
    found = session.scalar(_not_stored().where(Custody.locker_id == locker.id))
    if found is not None and found.contract_id != contract_id:
        raise ConflictError("custody_open", "belongings of someone else are being taken out here: finish that first")
    return found


def _begun(session: Session, contract: Contract | None, locker: Locker, actor: str, now: int) -> Custody:
    custody = Custody(
        id=new_id(now), contract=contract, locker=locker, begun_at=now, begun_by=actor, things=[],
    )  # fmt: skip
    session.add(custody)
    _noted(session, custody, "custody_begun", actor, now)
    readiness.look_again(session, locker, now)
    return custody


def _emptied(session: Session, custody: Custody, actor: str, now: int) -> None:
    """The locker was seen empty, which ends a time to collect that only a person ends."""
    contract = custody.contract
    if contract and asks_for_decision(contract, now) and present(contract).locker_id == custody.locker_id:
        confirm_emptied(session, contract.id, actor=actor, now=now)
    else:
        readiness.note(session, custody.locker, {Check.EMPTY}, actor=actor, now=now)


def _seen_by(session: Session, organisation_id: str | None) -> ColumnElement[bool]:
    if organisation_id is None:
        return true()
    theirs = Custody.contract.has(Contract.person.has(organisation_id=organisation_id))
    run = Custody.locker.has(Locker.bank_id.in_(sight_of(session, organisation_id).run))
    return or_(theirs, and_(Custody.contract_id.is_(None), run))


def _keep_days(session: Session, custody: Custody) -> int:
    if custody.contract is not None:
        return custody.contract.terms.keep_days
    organisation_id = custody.locker.bank.site.organisation_id
    schemes = session.scalars(
        select(Scheme).where(Scheme.organisation_id == organisation_id, Scheme.closed_at.is_(None))
    )
    return max((scheme.terms.keep_days for scheme in schemes), default=Terms().keep_days)


def _last_held(contract: Contract, locker_id: str | None) -> Holding:
    let_in = [one for one in contract.holdings if one.from_at < one.until_at and one.waits_since is None]
    held = [one for one in let_in if locker_id in (None, one.locker_id)]
    if not held:
        raise NotFoundError("locker", "the contract never had such a locker")
    return max(held, key=lambda one: one.until_at)


def _refuse_held(session: Session, locker: Locker, now: int, mine: str = "") -> None:
    others = Holding.locker_id == locker.id, has_locker(now), Holding.contract_id != mine
    if session.scalar(select(Holding.id).where(*others).limit(1)) is not None:
        raise ConflictError("locker_taken", f"locker {locker.number} is someone else's now: what is inside is theirs")


def _refuse_had_since(session: Session, held: Holding, now: int) -> None:
    later = select(Holding.id).where(
        Holding.locker_id == held.locker_id,
        Holding.contract_id != held.contract_id,
        Holding.from_at < Holding.until_at,
        Holding.from_at >= held.until_at,
        Holding.from_at <= now,
        Holding.waits_since.is_(None),
    )
    if session.scalar(later.limit(1)) is not None:
        number = held.locker.number
        raise ConflictError("locker_taken", f"someone else has had locker {number} since: what is inside is theirs")


def _not_stored() -> Select[Custody]:
    return select(Custody).where(Custody.stored_at.is_(None), Custody.closed_at.is_(None))


def _noted(session: Session, custody: Custody, what: str, actor: str, now: int, **details: Any) -> None:
    session.flush()
    audit.record(session, actor=actor, action=what, subject=custody.id, now=now, **details)
    locker = custody.locker
    record(session, what, now=now, bank_id=locker.bank_id, locker=locker.number, contract=custody.contract_id)
