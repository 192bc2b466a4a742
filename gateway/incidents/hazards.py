"""Hazards: reported, inspected with a witness, told in writing to whose locker it is, then closed."""

from contextlib import suppress

from sqlalchemy import ColumnElement, or_, select, true
from sqlalchemy.orm import Session

from gateway.audit import service as audit
from gateway.care.files import happened, note
from gateway.contracts import notices
from gateway.contracts.codes import NoticeWhy
from gateway.contracts.models import Contract
from gateway.custody.codes import Witness
from gateway.custody.left import whose_inside
from gateway.db import new_id
from gateway.errors import ConflictError, ForbiddenError, InvalidError, NotFoundError
from gateway.incidents.codes import HazardAction, HazardKind
from gateway.incidents.models import Hazard
from gateway.incidents.visibility import at_sites, own_contracts, sees
from gateway.lockers.models import Bank, Locker
from gateway.lockers.service import locker_of
from gateway.lockers.sight import sight_of
from gateway.paging import PAGE_SIZE, Page, page_of
from gateway.staff.service import staff_of


def report(
    session: Session, *, bank_id: str, number: int, kind: HazardKind, text: str | None = None, actor: str, now: int
) -> Hazard:
    """Something in this locker cannot wait: it asks for an inspection, and opens nothing by itself.

    Raises NotFoundError (`bank`, `locker`), InvalidError (`note`, `kind`), ConflictError (`hazard_open`).
    """
    if kind is HazardKind.NOTHING:
        raise InvalidError("kind", "say what is suspected: that there was nothing is found at an inspection")
    locker = locker_of(session, bank_id, number)
    if not sees(session, actor, locker.bank.site_id):
        raise NotFoundError("locker", f"bank {bank_id} has no locker {number}")
    if session.scalar(select(Hazard.id).where(Hazard.locker_id == locker.id, Hazard.closed_at.is_(None))) is not None:
        raise ConflictError("hazard_open", f"an inspection of locker {number} is under way already: add to that one")
    whose = whose_inside(session, locker, now)
    hazard = Hazard(
        id=new_id(now), locker=locker, contract_id=whose.id if whose else None, kind=kind.value, note=note(text),
        reported_by=actor, reported_at=now,
    )  # fmt: skip
    session.add(hazard)
    _done(session, hazard, "hazard_reported", actor, now, kind=kind.value)
    return hazard


def inspect(
    session: Session,
    hazard_id: str,
    *,
    witness_kind: Witness,
    witness: str | None = None,
    found: HazardKind,
    action: HazardAction,
    text: str | None = None,
    at: int | None = None,
    actor: str,
    now: int,
) -> Hazard:
    """What two saw in the locker at `at` (now, if None), and what they did; `witness` says who the other was.

    Raises NotFoundError (`hazard`), InvalidError (`witness`, `at`, `note`), ConflictError (`inspected`).
    """
    hazard = hazard_of(session, hazard_id, actor=actor)
    if hazard.inspected_at is not None:
        raise ConflictError("inspected", "this inspection is written down already: report what is new as a new hazard")
    named = note(witness)
    if named is None and witness_kind in (Witness.COLLEAGUE, Witness.PARTNER):
        raise InvalidError("witness", "say who the witness was")
    inspected = happened(at, now)
    if inspected < hazard.reported_at - 86_400_000:
        raise InvalidError("at", "that is long before it was reported: look at the time again")
    hazard.witness_kind, hazard.witness = witness_kind.value, named
    hazard.found, hazard.action, hazard.found_note = found.value, action.value, note(text)
    hazard.inspected_by, hazard.inspected_at = actor, inspected
    _done(session, hazard, "hazard_inspected", actor, now, found=found.value, did=action.value)
    return hazard


def tell(session: Session, hazard_id: str, *, text: str, actor: str, now: int) -> Hazard:
    """The written notice for whose locker it is; the light at the door says that a message waits.

    Raises NotFoundError (`hazard`), InvalidError (`note`), ConflictError (`not_inspected`, `told`, `nobodys`),
    ForbiddenError (`organisation`: its holder's organisation writes it).
    """
    hazard = hazard_of(session, hazard_id, actor=actor)
    if hazard.inspected_at is None:
        raise ConflictError("not_inspected", "inspect the locker with a witness first: the notice says what was found")
    if hazard.notice_at is not None:
        raise ConflictError("told", "the notice was written already")
    if hazard.contract_id is None:
        raise ConflictError("nobodys", "this locker was nobody's: there is no one to tell")
    if contract_seen(session, hazard, actor=actor) is None:
        raise ForbiddenError("organisation", "another organisation's: it tells the holder")
    written = note(text)
    if written is None:
        raise InvalidError("note", "write what was found, what was done and where to ask")
    hazard.notice, hazard.notice_by, hazard.notice_at = written, actor, now
    with suppress(ConflictError):  # a contract that is over has no light to say so
        notices.leave(session, hazard.contract_id, why=NoticeWhy.MESSAGE, text=written, actor=actor, now=now)
    _done(session, hazard, "hazard_told", actor, now)
    return hazard


def close(session: Session, hazard_id: str, *, actor: str, now: int) -> Hazard:
    """Closing again changes nothing. Raises NotFoundError (`hazard`), ConflictError (`not_inspected`, `not_told`)."""
    hazard = hazard_of(session, hazard_id, actor=actor)
    if hazard.closed_at is not None:
        return hazard
    if hazard.inspected_at is None:
        raise ConflictError("not_inspected", "inspect the locker with a witness first")
    if hazard.contract_id is not None and hazard.notice_at is None:
        raise ConflictError("not_told", "write the notice for whose locker it is first")
    hazard.closed_by, hazard.closed_at = actor, now
    _done(session, hazard, "hazard_closed", actor, now)
    return hazard


def hazard_of(session: Session, hazard_id: str, *, actor: str) -> Hazard:
    """Raises NotFoundError with code `hazard`, also where `actor` does not see its site, and of another organisation's
    holder where that runs the bank, not they.
    """
    hazard = session.scalar(select(Hazard).where(Hazard.id == hazard_id, _seen_by(session, actor)))
    if hazard is None:
        raise NotFoundError("hazard", "no such hazard")
    return hazard


def contract_seen(session: Session, hazard: Hazard, *, actor: str) -> str | None:
    """The contract whose locker it was, for those of its person's organisation."""
    own = Contract.id == hazard.contract_id, own_contracts(session, actor, Contract.id)
    return session.scalar(select(Contract.id).where(*own))


def is_seen(session: Session, hazard: Hazard, *, actor: str) -> bool:
    """Whether `actor` may ask for it."""
    return session.scalar(select(Hazard.id).where(Hazard.id == hazard.id, _seen_by(session, actor))) is not None


def list_hazards(
    session: Session, *, actor: str, is_open: bool | None = None, after: str | None = None, limit: int = PAGE_SIZE
) -> Page[Hazard]:
    """Those of the sites that `actor` sees, in the order in which they were reported."""
    query = select(Hazard).where(_seen_by(session, actor))
    if is_open is not None:
        query = query.where(Hazard.closed_at.is_(None) if is_open else Hazard.closed_at.is_not(None))
    return page_of(session, query, Hazard.id, after=after, limit=limit)


def _seen_by(session: Session, actor: str) -> ColumnElement[bool]:
    """What was nobody's or one's own people's at the sites that `actor` sees, and all of the banks that they run."""
    organisation_id = staff_of(session, actor).organisation_id
    if organisation_id is None:
        return true()
    lockers = select(Locker.id).join(Bank, Bank.id == Locker.bank_id)
    own = or_(Hazard.contract_id.is_(None), own_contracts(session, actor, Hazard.contract_id))
    return or_(
        Hazard.locker_id.in_(lockers.where(at_sites(session, actor, Bank.site_id))) & own,
        Hazard.locker_id.in_(lockers.where(Bank.id.in_(sight_of(session, organisation_id).run))),
    )


def _done(session: Session, hazard: Hazard, what: str, actor: str, now: int, **details: str) -> None:
    session.flush()
    audit.record(session, actor=actor, action=what, subject=hazard.id, now=now, **details)
