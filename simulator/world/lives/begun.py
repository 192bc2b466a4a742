"""Contracts that have begun, as their bank has told, while the gateway's clock says that they have not."""

from sqlalchemy import exists, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from gateway.events.models import Event
from gateway.lockers.models import Observation
from simulator.world.lives.office import Office
from simulator.world.lives.pacts import Hold, Life, Pact
from wire.entries import EntryType, decode_entry


def begun(office: Office, pact: Pact, at: int) -> list[Hold]:
    """The holds of a contract that is to begin later in which its people were let in, for all that the gateway was
    told; not those in lockers that others have until then."""
    if pact.state(at) is not Life.UPCOMING:
        return []
    boxes = office.records.boxes
    own = [
        hold for hold in pact.holds
        if hold.from_at < hold.until_at and not any(
            other not in pact.holds and not other.lost and other.from_at < other.until_at
            and other.from_at < hold.from_at and other.until_at > at - 1
            for other in boxes[hold.bank, hold.number].held
        )
    ]  # fmt: skip
    try:
        with office.gateway.reading() as session:
            return [hold for hold in own if _let_in(session, pact, hold)]
    except DBAPIError:
        return []


def _let_in(session: Session, pact: Pact, hold: Hold) -> bool:
    used = exists().where(
        Observation.bank_id == hold.bank, Observation.number == hold.number, Observation.last_opened_at >= hold.from_at
    )
    if session.scalar(select(used)):
        return True
    query = select(Event.line).where(
        Event.kind == EntryType.RELEASE_INTENDED, Event.bank_id == hold.bank, Event.locker == hold.number
    )
    grants = [str(decode_entry(line).body.get("grant")) for line in session.scalars(query) if line is not None]
    return any(grant.startswith(pact.id[-12:]) and "-s" not in grant for grant in grants)
