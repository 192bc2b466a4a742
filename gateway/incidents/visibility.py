"""Which sites a member of staff sees the special cases of: those of their organisation, and where it has a role."""

from collections.abc import Collection, Sequence

from sqlalchemy import ColumnElement, or_, select, true
from sqlalchemy.orm import InstrumentedAttribute, Session

from gateway.contracts.models import Contract
from gateway.errors import NotFoundError
from gateway.lockers.models import Bank, BankRole, Site
from gateway.people.models import Person
from gateway.staff.service import staff_of


def site_of(session: Session, site_id: str, *, actor: str | None = None) -> Site:
    """The site; one that `actor` does not see is not there. Raises NotFoundError with code `site`."""
    site = session.get(Site, site_id)
    if site is None or (actor is not None and not sees(session, actor, site.id)):
        raise NotFoundError("site", "no such site")
    return site


def sees(session: Session, staff_id: str, site_id: str) -> bool:
    """Whether this account sees the site's cases."""
    query = select(Site.id).where(Site.id == site_id, at_sites(session, staff_id, Site.id))
    return session.scalar(query) is not None


def seen_sites(session: Session, staff_id: str) -> Sequence[Site]:
    """The sites that the account sees, by name. Raises NotFoundError with code `staff`."""
    return session.scalars(select(Site).where(at_sites(session, staff_id, Site.id)).order_by(Site.name)).all()


def at_sites(session: Session, staff_id: str, column: InstrumentedAttribute[str]) -> ColumnElement[bool]:
    """Narrows a query to the sites that the account sees; without an organisation it sees all of them.

    Raises NotFoundError with code `staff`.
    """
    organisation = staff_of(session, staff_id).organisation_id
    if organisation is None:
        return true()
    own = select(Site.id).where(Site.organisation_id == organisation)
    shared = select(Bank.site_id).join(BankRole, BankRole.bank_id == Bank.id)
    return or_(column.in_(own), column.in_(shared.where(BankRole.organisation_id == organisation)))


def own_files(session: Session, staff_id: str, column: InstrumentedAttribute[str]) -> ColumnElement[bool]:
    """Narrows a query to people whose files are the account's organisation's. Raises NotFoundError (`staff`)."""
    organisation = staff_of(session, staff_id).organisation_id
    if organisation is None:
        return true()
    return column.in_(select(Person.id).where(Person.organisation_id == organisation))


def own_contracts(
    session: Session, staff_id: str, column: InstrumentedAttribute[str] | InstrumentedAttribute[str | None]
) -> ColumnElement[bool]:
    """Narrows a query to contracts of people whose files are the account's organisation's. Raises NotFoundError
    (`staff`)."""
    return column.in_(select(Contract.id).where(own_files(session, staff_id, Contract.person_id)))


def own_people(session: Session, staff_id: str, people: Collection[str]) -> set[str]:
    """Those of these people whose files are the account's organisation's."""
    return set(session.scalars(select(Person.id).where(Person.id.in_(people), own_files(session, staff_id, Person.id))))
