"""Whose the rows of a contract are, of one or of two people: of those who were on it when the row was dated."""

from typing import Any

from sqlalchemy import ColumnElement, Exists, FromClause, and_, exists, func, or_, select

from gateway.contracts.models import Contract, Holding, Party, Suspension, Transition
from gateway.contracts.states import Action
from gateway.people.models import Person
from gateway.privacy.times import is_instant

CONTRACT: FromClause = Contract.__table__
HOLDING: FromClause = Holding.__table__
PARTY: FromClause = Party.__table__
SUSPENSION: FromClause = Suspension.__table__
# An id begins with the millisecond of its making: what one decision wrote begins alike.
_ID_TIME = len("01234567-89ab")


def span(table: FromClause, contract_id: ColumnElement[str]) -> tuple[ColumnElement[int], ColumnElement[int]]:
    """When a row of a contract was: a locker for as long as it was held, a suspension when it was decided, all else
    when it began: its first instant that is never empty. How a contract ended is dated at its end.
    """
    if table is HOLDING:
        return table.c.from_at, table.c.until_at
    if table is SUSPENSION:
        decided = select(func.max(Transition.at)).where(
            Transition.contract_id == contract_id,
            Transition.action == Action.SUSPEND,
            func.substr(Transition.id, 1, _ID_TIME) == func.substr(table.c.id, 1, _ID_TIME),
        )
        known = func.coalesce(decided.correlate(table).scalar_subquery(), table.c.from_at)
        return known, known
    if table is not CONTRACT:
        for column in table.columns:
            if is_instant(column) and not column.nullable:
                return column, column
    over = CONTRACT.alias()
    end = select(func.coalesce(over.c.ended_at, over.c.until_at)).where(over.c.id == contract_id)
    at = end.correlate(table).scalar_subquery()
    return at, at


def theirs(
    contract_id: ColumnElement[str], when: tuple[ColumnElement[int], ColumnElement[int]],
    person_id: str | ColumnElement[str], *, alone: bool = False,
) -> ColumnElement[bool]:  # fmt: skip
    """Whether the person was on the contract at some time of `when`; `alone`: and nobody else whose file is there.

    What was nobody's then is whose the contract is found under.
    """
    party, someone = _someone_on(contract_id, *when)
    found = CONTRACT.alias()
    under = contract_id.in_(select(found.c.id).where(found.c.person_id == person_id))
    # First of all their contracts, by an index: a database would else look at every row there is.
    on_one = contract_id.in_(select(PARTY.c.contract_id).where(PARTY.c.person_id == person_id))
    mine = and_(on_one, or_(someone.where(party.c.person_id == person_id), and_(under, ~someone)))
    if not alone:
        return mine
    other = someone.where(party.c.person_id == Person.id, Person.id != person_id, Person.erased_at.is_(None))
    return and_(mine, ~other)


def _someone_on(
    contract_id: ColumnElement[str], since: ColumnElement[int], until: ColumnElement[int]
) -> tuple[Any, Exists]:
    party, earlier = PARTY.alias(), PARTY.alias()
    # The first one has been there from the beginning (contracts/holders.py).
    first = ~exists().where(earlier.c.contract_id == party.c.contract_id, earlier.c.id < party.c.id)
    return party, exists().where(
        party.c.contract_id == contract_id,
        or_(party.c.from_at <= until, first),
        or_(party.c.until_at.is_(None), party.c.until_at > since),
    )
