"""What organisations are to a bank: who owns it, who runs it, and which charities support people there."""

from collections.abc import Sequence
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway.audit import service as audit
from gateway.errors import ConflictError, InvalidError, NotFoundError
from gateway.lockers.models import Allotment, Bank, BankRole, Locker, Organisation
from gateway.lockers.service import bank_of


class Role(StrEnum):
    """An organisation may have several; a bank has at most one owner and one operator."""

    OWNER = "owner"
    OPERATOR = "operator"
    SUPPORT = "support"


def role_called(name: str) -> Role:
    """Raises InvalidError with code `role`."""
    if name not in set(Role):
        raise InvalidError("role", f"unknown role {name[:20]!r}; known: {', '.join(Role)}")
    return Role(name)


def organisation_of(session: Session, organisation_id: str) -> Organisation:
    """Raises NotFoundError with code `organisation`."""
    organisation = session.get(Organisation, organisation_id)
    if organisation is None:
        raise NotFoundError("organisation", "no such organisation")
    return organisation


def give_role(session: Session, bank_id: str, organisation_id: str, role: Role, *, actor: str, now: int) -> BankRole:
    """Giving again what an organisation has changes nothing.

    Raises NotFoundError (`bank`, `organisation`), ConflictError (`role_taken`).
    """
    bank_of(session, bank_id)
    organisation_of(session, organisation_id)
    found = session.get(BankRole, (bank_id, organisation_id, role.value))
    if found is not None:
        return found
    if role is not Role.SUPPORT:
        _refuse_second(session, bank_id, role)
    given = BankRole(bank_id=bank_id, organisation_id=organisation_id, role=role.value, since=now)
    session.add(given)
    session.flush()
    _audit(session, "bank_role_given", given, actor, now)
    return given


def take_role(session: Session, bank_id: str, organisation_id: str, role: Role, *, actor: str, now: int) -> None:
    """Taking what an organisation has not changes nothing.

    Raises ConflictError (`allotted`): lockers are kept for it.
    """
    found = session.get(BankRole, (bank_id, organisation_id, role.value))
    if found is None:
        return
    others = [one for one in roles_at(session, bank_id) if one.organisation_id == organisation_id and one is not found]
    if not others and _has_lockers(session, bank_id, organisation_id, now):
        raise ConflictError(
            "allotted", "lockers of this bank are allotted to the organisation: take them back first", bank=bank_id
        )
    session.delete(found)
    session.flush()
    _audit(session, "bank_role_taken", found, actor, now)


def roles_at(session: Session, bank_id: str) -> Sequence[BankRole]:
    """Who is what at a bank."""
    return session.scalars(
        select(BankRole).where(BankRole.bank_id == bank_id).order_by(BankRole.role, BankRole.organisation_id)
    ).all()


def has_role(session: Session, bank: Bank, organisation_id: str, *roles: Role) -> bool:
    """Whether the organisation has one of these roles (any if none are named); a site's own organisation has all."""
    if bank.site.organisation_id == organisation_id:
        return True
    held = {role.role for role in roles_at(session, bank.id) if role.organisation_id == organisation_id}
    return bool(held & {role.value for role in roles or Role})


def _refuse_second(session: Session, bank_id: str, role: Role) -> None:
    other = next((one for one in roles_at(session, bank_id) if one.role == role.value), None)
    if other is not None:
        name = organisation_of(session, other.organisation_id).name
        raise ConflictError("role_taken", f"{bank_id} has an {role.value} already, {name}: take that role back first")


def _has_lockers(session: Session, bank_id: str, organisation_id: str, now: int) -> bool:
    return (
        session.scalar(
            select(Allotment.id)
            .join(Locker, Locker.id == Allotment.locker_id)
            .where(
                Locker.bank_id == bank_id,
                Allotment.organisation_id == organisation_id,
                (Allotment.until_at.is_(None)) | (Allotment.until_at > now),
            )
            .limit(1)
        )
        is not None
    )


def _audit(session: Session, action: str, role: BankRole, actor: str, now: int) -> None:
    audit.record(
        session, actor=actor, action=action, subject=role.bank_id, now=now, organisation=role.organisation_id,
        role=role.role,
    )  # fmt: skip
