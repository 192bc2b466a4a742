"""What a person leaves and takes at the luggage room, and the services they use beside it."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway.audit import service as audit
from gateway.contracts.service import contract_of
from gateway.contracts.states import State, state_at
from gateway.custody.codes import Thing
from gateway.custody.service import checked_quantity, checked_text
from gateway.db import new_id
from gateway.errors import ConflictError, NotFoundError
from gateway.lockers.models import Site
from gateway.luggage.codes import DeskService
from gateway.luggage.models import Luggage, ServiceUse
from gateway.luggage.shifts import present_id
from gateway.people.service import open_person


def take_in(
    session: Session, contract_id: str, *, kind: Thing, quantity: int = 1, description: str | None = None, actor: str,
    now: int,
) -> Luggage:  # fmt: skip
    """Something is left under a contract in force.

    Raises NotFoundError (`contract`), InvalidError (`quantity`, `description`), ConflictError (`not_in_force`).
    """
    contract = contract_of(session, contract_id)
    if state_at(contract, now) is not State.ACTIVE:
        raise ConflictError("not_in_force", "the contract is not in force: things can be taken out, not left")
    luggage = Luggage(
        id=new_id(now), contract_id=contract.id, kind=kind.value, quantity=checked_quantity(quantity),
        description=checked_text("description", description), in_at=now, in_by=actor,
        in_shift_id=present_id(session, actor),
    )  # fmt: skip
    session.add(luggage)
    session.flush()
    audit.record(
        session, actor=actor, action="luggage_in", subject=contract.id, now=now, kind=kind.value, quantity=quantity
    )
    return luggage


def take_out(session: Session, luggage_id: str, *, quantity: int | None = None, actor: str, now: int) -> Luggage:
    """Something goes out again, or some of it: the rest stays as a line of its own. Always possible: it is theirs.

    Returns the line that went out. Raises NotFoundError (`luggage`), ConflictError (`out_already`, `too_many`).
    """
    luggage = session.get(Luggage, luggage_id)
    if luggage is None:
        raise NotFoundError("luggage", "no such line of luggage")
    if luggage.out_at is not None:
        raise ConflictError("out_already", "this went out already: load the page again")
    going = luggage.quantity if quantity is None else checked_quantity(quantity)
    if going > luggage.quantity:
        raise ConflictError("too_many", f"only {luggage.quantity} of it are here", most=luggage.quantity)
    if going < luggage.quantity:
        luggage.quantity -= going
        # It came in at the same shift's count: together the two lines are what was brought.
        luggage = Luggage(
            id=new_id(now), contract_id=luggage.contract_id, kind=luggage.kind, quantity=going,
            description=luggage.description, in_at=luggage.in_at, in_by=luggage.in_by, in_shift_id=luggage.in_shift_id,
        )  # fmt: skip
        session.add(luggage)
    luggage.out_at = max(now, luggage.in_at)  # a clock that was ahead may have taken it in
    luggage.out_by, luggage.out_shift_id = actor, present_id(session, actor)
    session.flush()
    audit.record(
        session, actor=actor, action="luggage_out", subject=luggage.contract_id, now=now, kind=luggage.kind,
        quantity=going,
    )  # fmt: skip
    return luggage


def luggage_of(session: Session, contract_id: str, *, inside: bool | None = None) -> Sequence[Luggage]:
    """Everything that was left under a contract, in the order of coming; only what is (or is not) here now."""
    query = select(Luggage).where(Luggage.contract_id == contract_id).order_by(Luggage.in_at, Luggage.id)
    if inside is not None:
        query = query.where(Luggage.out_at.is_(None) if inside else Luggage.out_at.is_not(None))
    return session.scalars(query).all()


def count_service(
    session: Session, *, site_id: str, service: DeskService, count: int = 1, person_id: str | None = None, actor: str,
    now: int,
) -> ServiceUse:  # fmt: skip
    """A shower, a consultation, an hour at the screen: by someone, or by nobody in particular.

    Raises NotFoundError (`site`, `person`), InvalidError (`quantity`).
    """
    if session.get(Site, site_id) is None:
        raise NotFoundError("site", "no such site")
    if person_id is not None:
        open_person(session, person_id)
    use = ServiceUse(
        id=new_id(now), site_id=site_id, shift_id=present_id(session, actor), person_id=person_id,
        service=service.value, count=checked_quantity(count), at=now, by=actor,
    )  # fmt: skip
    session.add(use)
    session.flush()
    audit.record(session, actor=actor, action="service_counted", subject=use.id, now=now, service=service.value)
    return use


def undo_service(session: Session, use_id: str, *, actor: str, now: int) -> ServiceUse:
    """It was a slip of the hand; undoing it again changes nothing. Raises NotFoundError (`service_use`)."""
    use = session.get(ServiceUse, use_id)
    if use is None:
        raise NotFoundError("service_use", "no such count")
    if use.undone_at is None:
        use.undone_at = now
        session.flush()
        audit.record(session, actor=actor, action="service_undone", subject=use.id, now=now, service=use.service)
    return use
