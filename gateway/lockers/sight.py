"""What one organisation sees of the lockers: its own people's in full, elsewhere only that a locker is occupied."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway.lockers.models import Allotment, Bank, BankRole, Locker, Site
from gateway.lockers.roles import Role

if TYPE_CHECKING:
    from gateway.lockers.wall import LockerView


@dataclass(frozen=True)
class Sight:
    """An organisation's banks: those it has any role at, and those it owns or operates; and the sites of all."""

    organisation_id: str
    seen: frozenset[str]
    run: frozenset[str]
    sites: frozenset[str]


def sight_of(session: Session, organisation_id: str) -> Sight:
    """As of the roles given now; a site's own organisation runs its banks."""
    own = session.scalars(
        select(Bank.id).join(Site, Site.id == Bank.site_id).where(Site.organisation_id == organisation_id)
    )
    run = set(own)
    seen = set(run)
    for role in session.scalars(select(BankRole).where(BankRole.organisation_id == organisation_id)):
        seen.add(role.bank_id)
        if role.role != Role.SUPPORT:
            run.add(role.bank_id)
    sites = session.scalars(
        select(Site.id).where(
            (Site.organisation_id == organisation_id) | Site.id.in_(select(Bank.site_id).where(Bank.id.in_(seen)))
        )
    )
    return Sight(organisation_id, frozenset(seen), frozenset(run), frozenset(sites))


def seen_by(session: Session, organisation_id: str, views: Sequence["LockerView"], now: int) -> list["LockerView"]:
    """The views an organisation gets: whole, door only, or `occupied` alone; none of banks it has no role at."""
    sight = sight_of(session, organisation_id)
    near = [view for view in views if view.bank in sight.seen]
    kept = _kept_for_others(session, organisation_id, sight.seen, now)
    return [_seen(view, kept, sight) for view in near]


def _seen(view: "LockerView", kept: set[tuple[str, int]], sight: Sight) -> "LockerView":
    if view.organisation_id == sight.organisation_id or (
        view.contract_id is None and (view.bank, view.number) not in kept
    ):
        return view
    nobody = replace(
        view,
        occupancy="occupied",
        contract_id=None,
        person_id=None,
        contract_state=None,
        collect_until=None,
        organisation_id=None,
    )
    if view.bank in sight.run:
        return replace(nobody, state="occupied" if view.state in ("free", "to_empty") else view.state)
    return replace(
        nobody, state="occupied", door="unknown", fault=None, pending=False, since=None, as_of=None,
        last_opened_at=None, out_of_service=False,
    )  # fmt: skip


def _kept_for_others(session: Session, organisation_id: str, banks: frozenset[str], now: int) -> set[tuple[str, int]]:
    rows = session.execute(
        select(Locker.bank_id, Locker.number)
        .join(Allotment, Allotment.locker_id == Locker.id)
        .where(
            Locker.bank_id.in_(banks),
            Allotment.organisation_id != organisation_id,
            Allotment.from_at <= now,
            (Allotment.until_at.is_(None)) | (Allotment.until_at > now),
        )
    )
    return {(row[0], row[1]) for row in rows}
