"""What someone left in a locker: taken out, listed, put away and disposed of, and what is refused on the way."""

from collections.abc import Callable

import pytest
from sqlalchemy.orm import Session

from gateway.contracts.models import Contract
from gateway.custody import outcomes, readiness, service
from gateway.custody.codes import Check, DisposalReason, Thing, Witness
from gateway.custody.models import Custody, KeptThing
from gateway.errors import GatewayError
from gateway.lockers.service import locker_of
from tests.unit.gateway.town import DAY, NOON, TODAY, Town

# The contract's last day is the 15th of June; then come 14 days to collect.
OVER = NOON + 16 * DAY
KEPT_OVER = OVER + 32 * DAY


def left_behind(town: Town, number: int = 1) -> Contract:
    return town.assign(town.person(), number=number, ends_on=TODAY)


def begun(town: Town, now: int = OVER, number: int = 1) -> Custody:
    contract = left_behind(town, number)
    with town.writing() as session:
        return service.begin(session, contract.id, actor="amina", now=now)


def add(town: Town, custody: Custody, kind: Thing, now: int = OVER) -> KeptThing:
    with town.writing() as session:
        return service.add_thing(session, custody.id, kind=kind, description="blue", actor="amina", now=now)


def stored(town: Town, *kinds: Thing, number: int = 1) -> Custody:
    custody = begun(town, number=number)
    for kind in kinds or (Thing.CLOTHING,):
        add(town, custody, kind)
    with town.writing() as session:
        service.witness(session, custody.id, witness=Witness.COLLEAGUE, name="Paul", actor="amina", now=OVER)
    with town.writing() as session:
        return service.store(session, custody.id, place="Shelf 3", actor="amina", now=OVER)


def found(town: Town, custody: Custody) -> Custody:
    with town.reading() as session:
        return service.custody_of(session, custody.id)


def refused(town: Town, act: Callable[[Session], object]) -> str:
    with pytest.raises(GatewayError) as raised, town.writing() as session:
        act(session)
    return raised.value.code


def dispose_all(
    town: Town, custody: Custody, now: int, reason: DisposalReason = DisposalReason.KEPT_LONG_ENOUGH
) -> None:
    with town.writing() as session:
        outcomes.dispose(session, custody.id, reason=reason, actor="amina", now=now)


def checked(town: Town, *checks: Check, number: int = 1, now: int = OVER) -> None:
    with town.writing() as session:
        readiness.confirm(session, locker_of(session, town.bank, number), set(checks), actor="a", now=now)
