"""Lockers that nobody has seen empty since an ended contract left them, or since somebody unknown here used them."""

from collections.abc import Sequence

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from gateway.contracts.models import Contract, Holding
from gateway.contracts.repository import has_locker
from gateway.custody.codes import Check
from gateway.custody.readiness import readiness, unready
from gateway.lockers.models import Locker
from gateway.lockers.sight import sight_of


def to_be_emptied(
    session: Session, now: int, *, organisation_id: str | None = None
) -> Sequence[tuple[Contract | None, Locker]]:
    """The last contract of each, by block and number; none where others than a holder have used it since.

    No locker whose belongings are being taken out already; of those without a contract an organisation gets the ones of
    the banks that it runs.
    """
    run = None if organisation_id is None else sight_of(session, organisation_id).run
    held = exists().where(Holding.locker_id == Locker.id, has_locker(now))
    lockers = session.scalars(
        select(Locker).where(Locker.retired_at.is_(None), unready(now), ~held).order_by(Locker.bank_id, Locker.number)
    ).all()
    found: list[tuple[Contract | None, Locker]] = []
    for locker in lockers:
        state = readiness(session, locker, now)
        if Check.EMPTY not in state.lacking or state.custody_id is not None:
            continue
        contract = whose_inside(session, locker, now)
        if contract is not None and organisation_id not in (None, contract.person.organisation_id):
            continue
        if contract is not None or (state.used_at is not None and (run is None or locker.bank_id in run)):
            found.append((contract, locker))
    return found


def whose_inside(session: Session, locker: Locker, now: int) -> Contract | None:
    """Whose things may be inside: its holder's, else the last one's until the locker is seen empty.

    Who still waits for the locker has nothing inside; what others than a holder left there since is nobody's known.
    """
    state = readiness(session, locker, now)
    last = session.execute(
        select(Contract, Holding.until_at)
        .join(Holding, Holding.contract_id == Contract.id)
        .where(Holding.locker_id == locker.id, Holding.from_at < Holding.until_at, Holding.from_at <= now)
        .where(Holding.waits_since.is_(None))
        .order_by(Holding.until_at.desc())
        .limit(1)
    ).first()
    if last is None:
        return None
    contract, until_at = last
    is_left = (Check.EMPTY in state.lacking or state.custody_id is not None) and state.used_at is None
    return contract if until_at > now or is_left else None
