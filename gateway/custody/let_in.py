"""Whether somebody has been let in to a locker already, as its bank has told: whatever the gateway's own clock says."""

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from gateway.contracts.models import Holding
from gateway.events.service import latest_events
from gateway.lockers.models import Observation
from wire.entries import EntryType

_LOOKED_THROUGH = 200


def has_been_let_in(session: Session, holding: Holding) -> bool:
    """A grant of this hold has opened the locker, or a holder used it last after the hold began, by the bank's clock.

    Each opening is told of only as long as openings are kept; when a locker was last used, for good.
    """
    bank_id, number = holding.locker.bank_id, holding.locker.number
    used = exists().where(
        Observation.bank_id == bank_id, Observation.number == number, Observation.last_opened_at >= holding.from_at
    )
    if session.scalar(select(used)):
        return True
    holds = session.scalars(
        select(Holding.id).where(Holding.contract_id == holding.contract_id).order_by(Holding.from_at, Holding.id)
    ).all()
    # As access/grants.py names what opens.
    begin, ends = holding.contract_id[-12:], tuple(f"-{kind}{holds.index(holding.id)}" for kind in "hc")
    releases = latest_events(
        session, kinds=(EntryType.RELEASE_INTENDED,), bank_id=bank_id, locker=number, limit=_LOOKED_THROUGH
    )
    grants = [str(one.body.get("grant")) for one in releases]
    return any(grant.startswith(begin) and grant.endswith(ends) for grant in grants)
