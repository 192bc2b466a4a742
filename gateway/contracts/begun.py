"""A contract that has begun, though the gateway's clock, which is behind, says that its first day is still to come."""

from sqlalchemy.orm import Session

from gateway.contracts import repository
from gateway.contracts.models import Contract
from gateway.contracts.states import State, state_at
from gateway.custody.let_in import has_been_let_in
from gateway.custody.used import note_use


def begin_if_let_in(session: Session, contract: Contract, now: int) -> None:
    """Before it is decided that it lets go of a locker: who has been let in there may have things inside.

    Then it began a moment ago: there is a time to collect, and a look before the locker is given to anybody else. One
    that is another's by this clock stays theirs, and is looked into afterwards because somebody used it.
    """
    if state_at(contract, now) is not State.UPCOMING:
        return
    for holding in contract.holdings:
        if holding.from_at == holding.until_at or not has_been_let_in(session, holding):
            continue
        if repository.overlapping(session, holding.locker_id, now - 1, holding.from_at, contract.id) is None:
            contract.from_at = holding.from_at = now - 1
        else:
            note_use(session, holding.locker, now)
