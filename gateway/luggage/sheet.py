"""The single sheet: person, contract, inventory in and out, contributions and history on one page. Never a note."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway.contracts.models import Contract, Transition
from gateway.contracts.service import contract_of
from gateway.contracts.states import State
from gateway.custody.models import Custody
from gateway.luggage.models import Luggage
from gateway.luggage.service import luggage_of
from gateway.money.balance import Balance, total
from gateway.money.models import Claim, MoneyMovement

HISTORY_SHOWN = 200
# What anyone at the desk may read of a contract; reasons, absences and who parted from whom are private.
_SHOWN = ("assign", "sign", "suspend", "resume", "renew", "move", "end", "emptied")


@dataclass(frozen=True)
class Happened:
    """One line of the history: `what` is a code, `detail` another or a thing's kind; `count` pieces or cents."""

    at: int
    what: str
    detail: str | None = None
    count: int | None = None


@dataclass(frozen=True)
class Sheet:
    """Everything that the desk needs of one contract."""

    contract: Contract
    inside: Sequence[Luggage]
    gone: Sequence[Luggage]
    claims: Sequence[Claim]
    balance: Balance
    custodies: Sequence[Custody]
    history: Sequence[Happened]


def sheet_of(session: Session, contract_id: str) -> Sheet:
    """As it is now; the history has its newest line first. Raises NotFoundError with code `contract`."""
    contract = contract_of(session, contract_id)
    luggage = luggage_of(session, contract_id)
    claims = session.scalars(select(Claim).where(Claim.contract_id == contract_id).order_by(Claim.id)).unique().all()
    custodies = (
        session.scalars(select(Custody).where(Custody.contract_id == contract_id).order_by(Custody.id)).unique().all()
    )
    transitions = session.scalars(
        select(Transition).where(Transition.contract_id == contract_id, Transition.action.in_(_SHOWN))
    ).all()
    happened = chain(
        (_of_contract(one) for one in transitions),
        chain.from_iterable(_of_luggage(one) for one in luggage),
        (_of_money(one) for claim in claims for one in claim.movements if one.void_at is None),
        chain.from_iterable(_of_custody(one) for one in custodies),
    )
    return Sheet(
        contract=contract,
        inside=[one for one in luggage if one.out_at is None],
        gone=[one for one in luggage if one.out_at is not None],
        claims=claims,
        balance=total(claims),
        custodies=custodies,
        history=sorted(happened, key=lambda one: -one.at)[:HISTORY_SHOWN],
    )


def _of_contract(one: Transition) -> Happened:
    """A suspension that had not begun was only planned, or its plan was taken back."""
    if (one.action, one.to_state) == ("suspend", State.ACTIVE):
        return Happened(one.at, "suspension_planned")
    if (one.action, one.from_state) == ("resume", State.ACTIVE):
        return Happened(one.at, "suspension_withdrawn")
    return Happened(one.at, f"contract_{one.action}")


def _of_luggage(one: Luggage) -> list[Happened]:
    lines = [Happened(one.in_at, "luggage_in", one.kind, one.quantity)]
    if one.out_at is not None:
        lines.append(Happened(one.out_at, "luggage_out", one.kind, one.quantity))
    return lines


def _of_money(one: MoneyMovement) -> Happened:
    return Happened(one.at, f"money_{one.movement}", one.reason, one.cents)


def _of_custody(one: Custody) -> list[Happened]:
    lines = [Happened(one.begun_at, "custody_begun")]
    if one.stored_at is not None:
        lines.append(Happened(one.stored_at, "custody_stored", one.label))
    if one.closed_at is not None:
        lines.append(Happened(one.closed_at, "custody_closed"))
    return lines
