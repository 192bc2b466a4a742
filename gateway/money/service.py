"""Deposits, advances and contributions: asking, receiving, refunding, forgiving; each movement is a receipt."""

from datetime import date

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from gateway.audit import service as audit
from gateway.contracts.service import contract_of
from gateway.db import new_id
from gateway.errors import ConflictError, InvalidError, NotFoundError
from gateway.money.balance import balance
from gateway.money.codes import ForgivenReason, Kind, Means, Movement
from gateway.money.models import Claim, MoneyMovement
from gateway.paging import PAGE_SIZE, Page, page_of
from gateway.people.models import Person
from gateway.people.service import file_erased, open_person

MAX_CENTS = 1_000_000
MAX_NOTE = 500


def open_claim(
    session: Session, *, person_id: str, kind: Kind, cents: int, contract_id: str | None = None,
    period: str | None = None, due_on: date | None = None, means: Means = Means.CASH, note: str | None = None,
    shift_id: str | None = None, actor: str, now: int,
) -> Claim:  # fmt: skip
    """A deposit or contribution is asked for, or an advance is paid out (which is a receipt of its own).

    Raises NotFoundError (`person`, `contract`), InvalidError (`cents`, `note`), ConflictError (`other_person`: the
    contract is someone else's, `asked_already`: this period's contribution).
    """
    person = open_person(session, person_id)
    if contract_id is not None:
        contract = contract_of(session, contract_id)
        if person_id not in {contract.person_id, *(party.person_id for party in contract.parties)}:
            raise ConflictError("other_person", "that contract is someone else's")
        if period is not None and _asked(session, contract_id, kind, period) is not None:
            raise ConflictError("asked_already", "this was asked for already: receive or forgive that one")
    claim = Claim(
        id=new_id(now), person=person, contract_id=contract_id, kind=kind.value, cents=_checked(cents), period=period,
        due_on=due_on, note=_note(note, person), opened_at=now, opened_by=actor, movements=[],
    )  # fmt: skip
    session.add(claim)
    session.flush()
    audit.record(
        session, actor=actor, action="claim_opened", subject=person.id, now=now, claim=claim.id, kind=kind.value,
        cents=cents,
    )  # fmt: skip
    if kind is Kind.ADVANCE:
        _move(session, claim, Movement.GIVEN, cents, actor, now, means=means.value, shift_id=shift_id)
    return claim


def receive(
    session: Session, claim_id: str, *, cents: int | None = None, means: Means = Means.CASH, note: str | None = None,
    shift_id: str | None = None, actor: str, now: int,
) -> MoneyMovement:  # fmt: skip
    """Money came from the person (all that is open, if `cents` is None).

    Raises NotFoundError (`claim`), InvalidError (`cents`, `note`), ConflictError (`too_much`, `erased`).
    """
    claim = claim_of(session, claim_id)
    amount = _within(cents, balance(claim).owed, "is open")
    return _move(
        session,
        claim,
        Movement.RECEIVED,
        amount,
        actor,
        now,
        means=means.value,
        note=_note(note, claim.person),
        shift_id=shift_id,
    )


def refund(
    session: Session, claim_id: str, *, cents: int | None = None, means: Means = Means.CASH, note: str | None = None,
    shift_id: str | None = None, actor: str, now: int,
) -> MoneyMovement:  # fmt: skip
    """Money goes back to the person (all that was received and not refunded yet, if `cents` is None).

    Raises NotFoundError (`claim`), InvalidError (`cents`, `note`), ConflictError (`too_much`, `erased`).
    """
    claim = claim_of(session, claim_id)
    known = balance(claim)
    amount = _within(cents, known.received - known.refunded, "was received")
    return _move(
        session,
        claim,
        Movement.REFUNDED,
        amount,
        actor,
        now,
        means=means.value,
        note=_note(note, claim.person),
        shift_id=shift_id,
    )


def forgive(
    session: Session, claim_id: str, *, reason: ForgivenReason, cents: int | None = None, note: str | None = None,
    shift_id: str | None = None, actor: str, now: int,
) -> MoneyMovement:  # fmt: skip
    """What is open, or a part of it, is not asked for any more.

    Raises NotFoundError (`claim`), InvalidError (`cents`, `note`), ConflictError (`too_much`, `erased`).
    """
    claim = claim_of(session, claim_id)
    amount = _within(cents, balance(claim).owed, "is open")
    return _move(
        session,
        claim,
        Movement.FORGIVEN,
        amount,
        actor,
        now,
        reason=reason.value,
        note=_note(note, claim.person),
        shift_id=shift_id,
    )


def waive(
    session: Session, claim_id: str, *, reason: ForgivenReason, cents: int | None = None, note: str | None = None,
    shift_id: str | None = None, actor: str, now: int,
) -> MoneyMovement:  # fmt: skip
    """Forgives a contribution, and only that. Raises as forgive, and ConflictError (`not_a_contribution`)."""
    if claim_of(session, claim_id).kind != Kind.CONTRIBUTION:
        raise ConflictError("not_a_contribution", "deposits and advances are forgiven by a worker, not waived")
    return forgive(session, claim_id, reason=reason, cents=cents, note=note, shift_id=shift_id, actor=actor, now=now)


def make_void(session: Session, movement_id: str, *, actor: str, now: int) -> MoneyMovement:
    """A receipt written by mistake: it keeps its number and counts no more.

    Raises NotFoundError (`movement`), ConflictError (`void`, `paid_out`: an advance was given, `refunded_already`).
    """
    movement = session.get(MoneyMovement, movement_id)
    if movement is None:
        raise NotFoundError("movement", "no such receipt")
    if movement.void_at is not None:
        raise ConflictError("void", f"receipt {movement.receipt} is void already")
    if movement.movement == Movement.GIVEN:
        raise ConflictError("paid_out", "an advance that was paid out is received back or forgiven, not made void")
    known = balance(claim_of(session, movement.claim_id))
    if movement.movement == Movement.RECEIVED and known.received - movement.cents < known.refunded:
        raise ConflictError("refunded_already", "this money was refunded: make the refund void first")
    movement.void_at, movement.void_by = now, actor
    session.flush()
    audit.record(
        session, actor=actor, action="receipt_void", subject=movement.id, now=now, receipt=movement.receipt,
    )  # fmt: skip
    return movement


def claim_of(session: Session, claim_id: str) -> Claim:
    """Raises NotFoundError with code `claim`."""
    claim = session.get(Claim, claim_id)
    if claim is None:
        raise NotFoundError("claim", "no such deposit, advance or contribution")
    return claim


def list_claims(
    session: Session, *, person_id: str | None = None, contract_id: str | None = None,
    organisation_id: str | None = None, after: str | None = None, limit: int = PAGE_SIZE,
) -> Page[Claim]:  # fmt: skip
    """In the order in which they were opened, narrowed by person, contract and organisation."""
    query = select(Claim)
    if organisation_id is not None:
        query = query.where(Claim.person.has(organisation_id=organisation_id))
    if person_id is not None:
        query = query.where(Claim.person_id == person_id)
    if contract_id is not None:
        query = query.where(Claim.contract_id == contract_id)
    return page_of(session, query, Claim.id, after=after, limit=limit)


def _asked(session: Session, contract_id: str, kind: Kind, period: str) -> Claim | None:
    return session.scalar(
        select(Claim).where(Claim.contract_id == contract_id, Claim.kind == kind.value, Claim.period == period)
    )


def _move(
    session: Session, claim: Claim, movement: Movement, cents: int, actor: str, now: int, *, means: str | None = None,
    reason: str | None = None, note: str | None = None, shift_id: str | None = None,
) -> MoneyMovement:  # fmt: skip
    organisation = claim.person.organisation_id
    last = session.scalar(select(func.max(MoneyMovement.receipt)).where(MoneyMovement.organisation_id == organisation))
    made = MoneyMovement(
        id=new_id(now), claim_id=claim.id, organisation_id=organisation, receipt=(last or 0) + 1,
        movement=movement.value, cents=cents, means=means, reason=reason, note=note, shift_id=shift_id, at=now,
        by=actor,
    )  # fmt: skip
    claim.movements.append(made)
    session.flush()
    audit.record(
        session, actor=actor, action=f"money_{movement.value}", subject=claim.person_id, now=now, claim=claim.id,
        cents=cents, receipt=made.receipt,
    )  # fmt: skip
    return made


def _checked(cents: int) -> int:
    if not 1 <= cents <= MAX_CENTS:
        raise InvalidError("cents", f"an amount is 1 to {MAX_CENTS} cents")
    return cents


def _within(cents: int | None, most: int, what: str) -> int:
    amount = most if cents is None else _checked(cents)
    if not 1 <= amount <= most:
        raise ConflictError("too_much", f"only {most / 100:.2f} euros {what}: give a smaller amount", most=most)
    return amount


def _note(note: str | None, person: Person) -> str | None:
    """What is settled without a word is settled in an erased file too."""
    text = (note or "").strip()
    if len(text) > MAX_NOTE:
        raise InvalidError("note", f"at most {MAX_NOTE} characters")
    if text and person.erased_at is not None:
        raise file_erased()
    return text or None
