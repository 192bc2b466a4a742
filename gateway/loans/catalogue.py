"""What a tool library has to lend: tools by the number on them, kits of tools, and stocks of what is used up."""

from collections.abc import Sequence
from typing import TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway.audit import service as audit
from gateway.db import new_id
from gateway.errors import ConflictError, InvalidError, NotFoundError
from gateway.loans.codes import Condition, RetiredWhy, StockWhy
from gateway.loans.members import tool_locker_of, tool_scheme
from gateway.loans.models import Consumable, Kit, Loan, LoanItem, StockMove, Tool
from gateway.loans.project_models import Project
from gateway.lockers.service import locker_of
from gateway.paging import PAGE_SIZE, Page, page_of
from gateway.people.service import checked_name

Row = TypeVar("Row")
_ADDS = {StockWhy.BOUGHT: 1, StockWhy.GIVEN: 1, StockWhy.USED: -1, StockWhy.SPOILED: -1}


def add_tool(
    session: Session,
    *,
    scheme_id: str,
    number: str,
    name: str,
    care: str | None = None,
    value_cents: int | None = None,
    place: tuple[str, int] | None = None,
    condition: Condition = Condition.GOOD,
    actor: str,
    now: int,
) -> Tool:
    """A tool by the `number` on it; `care` is what a borrower must know, `place` the locker it lives in.

    Raises NotFoundError (`scheme`, `locker`, `tool_locker`), InvalidError (`name`, `service`), ConflictError
    (`tool_number`).
    """
    scheme, label = tool_scheme(session, scheme_id), checked_name(number)[:40]
    if session.scalar(select(Tool.id).where(Tool.scheme_id == scheme.id, Tool.number == label)) is not None:
        raise ConflictError("tool_number", f"there is a tool with the number {label!r} already: give another")
    tool = Tool(
        id=new_id(now), scheme_id=scheme.id, number=label, name=checked_name(name), care=care, value_cents=value_cents,
        condition=condition.value, locker_id=_tool_locker_id(session, place), added_at=now,
    )  # fmt: skip
    session.add(tool)
    session.flush()
    audit.record(session, actor=actor, action="tool_added", subject=tool.id, now=now)
    return tool


def note_condition(session: Session, tool_id: str, condition: Condition, *, actor: str, now: int) -> Tool:
    """What was seen of the tool. Raises NotFoundError (`tool`)."""
    tool = tool_of(session, tool_id)
    tool.condition = condition.value
    audit.record(session, actor=actor, action="tool_condition", subject=tool.id, now=now, condition=condition.value)
    return tool


def retire_tool(session: Session, tool_id: str, *, why: RetiredWhy, actor: str, now: int) -> Tool:
    """It is not lent any more; retiring twice changes nothing.

    Raises NotFoundError (`tool`), ConflictError (`tool_promised`: a loan of it is not over).
    """
    tool = tool_of(session, tool_id)
    if tool.retired_at is not None:
        return tool
    promise = session.scalar(
        select(LoanItem.loan_id)
        .join(Loan, Loan.id == LoanItem.loan_id)
        .where(LoanItem.tool_id == tool.id, LoanItem.returned_at.is_(None), Loan.cancelled_at.is_(None))
        .limit(1)
    )
    if promise is not None:
        raise ConflictError("tool_promised", "a loan of this tool is not over: take it back or cancel it", loan=promise)
    tool.retired_at, tool.retired_why = now, why.value
    audit.record(session, actor=actor, action="tool_retired", subject=tool.id, now=now, why=why.value)
    return tool


def tool_of(session: Session, tool_id: str) -> Tool:
    """Raises NotFoundError with code `tool`."""
    return _found(session, Tool, tool_id, "tool")


def list_tools(
    session: Session, *, scheme_id: str | None = None, retired: bool = False, after: str | None = None,
    limit: int = PAGE_SIZE,
) -> Page[Tool]:  # fmt: skip
    """Tools in the order of their adding, without the retired ones unless asked for."""
    query = select(Tool)
    if scheme_id is not None:
        query = query.where(Tool.scheme_id == scheme_id)
    if not retired:
        query = query.where(Tool.retired_at.is_(None))
    return page_of(session, query, Tool.id, after=after, limit=limit)


def add_kit(
    session: Session, *, scheme_id: str, name: str, tool_ids: Sequence[str], actor: str, now: int
) -> Kit:  # fmt: skip
    """Tools that are lent together.

    Raises NotFoundError (`scheme`, `tool`), InvalidError (`name`, `tools`), ConflictError (`kit_name`).
    """
    scheme, text = tool_scheme(session, scheme_id), checked_name(name)
    if session.scalar(select(Kit.id).where(Kit.scheme_id == scheme.id, Kit.name == text)) is not None:
        raise ConflictError("kit_name", f"there is a kit {text!r} already: give another name")
    tools = [tool_of(session, tool_id) for tool_id in dict.fromkeys(tool_ids)]
    if not tools or any(tool.scheme_id != scheme.id or tool.retired_at is not None for tool in tools):
        raise InvalidError("tools", "a kit is made of tools of the same library that are lent: choose at least one")
    kit = Kit(id=new_id(now), scheme_id=scheme.id, name=text, added_at=now, tools=tools)
    session.add(kit)
    session.flush()
    audit.record(session, actor=actor, action="kit_added", subject=kit.id, now=now, tools=len(tools))
    return kit


def retire_kit(session: Session, kit_id: str, *, actor: str, now: int) -> Kit:
    """It is not offered any more; its tools stay. Raises NotFoundError (`kit`)."""
    kit = kit_of(session, kit_id)
    if kit.retired_at is None:
        kit.retired_at = now
        audit.record(session, actor=actor, action="kit_retired", subject=kit.id, now=now)
    return kit


def kit_of(session: Session, kit_id: str) -> Kit:
    """Raises NotFoundError with code `kit`."""
    return _found(session, Kit, kit_id, "kit")


def list_kits(
    session: Session, *, scheme_id: str | None = None, after: str | None = None, limit: int = PAGE_SIZE
) -> Page[Kit]:
    """Kits that are offered, in the order of their adding."""
    query = select(Kit).where(Kit.retired_at.is_(None))
    if scheme_id is not None:
        query = query.where(Kit.scheme_id == scheme_id)
    return page_of(session, query, Kit.id, after=after, limit=limit)


def add_consumable(
    session: Session, *, scheme_id: str, name: str, unit: str, low_at: int = 0, actor: str, now: int
) -> Consumable:
    """Something that is used up, counted in `unit`; its stock begins at nothing.

    Raises NotFoundError (`scheme`), InvalidError (`name`, `service`), ConflictError (`consumable_name`).
    """
    scheme, text = tool_scheme(session, scheme_id), checked_name(name)
    known = select(Consumable.id).where(Consumable.scheme_id == scheme.id, Consumable.name == text)
    if session.scalar(known) is not None:
        raise ConflictError("consumable_name", f"there is a stock of {text!r} already")
    made = Consumable(
        id=new_id(now), scheme_id=scheme.id, name=text, unit=checked_name(unit)[:40], stock=0, low_at=low_at,
        added_at=now,
    )  # fmt: skip
    session.add(made)
    session.flush()
    audit.record(session, actor=actor, action="consumable_added", subject=made.id, now=now)
    return made


def move_stock(
    session: Session,
    consumable_id: str,
    quantity: int,
    *,
    why: StockWhy,
    project_id: str | None = None,
    loan_id: str | None = None,
    cents: int | None = None,
    actor: str,
    now: int,
) -> StockMove | None:
    """Adds or takes so many units; for `counted`, `quantity` is what there is. None: counted right, nothing changed.

    Raises NotFoundError (`consumable`, `project`, `loan`), InvalidError (`quantity`), ConflictError (`stock`).
    """
    item = consumable_of(session, consumable_id)
    if quantity < 0 or (quantity == 0 and why is not StockWhy.COUNTED):
        raise InvalidError("quantity", "say how many as a number above 0; the reason tells whether they come or go")
    change = quantity - item.stock if why is StockWhy.COUNTED else quantity * _ADDS[why]
    if item.stock + change < 0:
        raise ConflictError("stock", f"there are only {item.stock} {item.unit} of {item.name}: count them first")
    if change == 0:
        return None
    if project_id is not None:
        _found(session, Project, project_id, "project")
    if loan_id is not None:
        _found(session, Loan, loan_id, "loan")
    item.stock += change
    move = StockMove(
        id=new_id(now), consumable_id=item.id, quantity=change, why=why.value, project_id=project_id, loan_id=loan_id,
        cents=cents, actor=actor, at=now,
    )  # fmt: skip
    session.add(move)
    session.flush()
    audit.record(session, actor=actor, action="stock_moved", subject=item.id, now=now, quantity=change, why=why.value)
    return move


def consumable_of(session: Session, consumable_id: str) -> Consumable:
    """Raises NotFoundError with code `consumable`."""
    return _found(session, Consumable, consumable_id, "consumable")


def list_consumables(
    session: Session, *, scheme_id: str | None = None, after: str | None = None, limit: int = PAGE_SIZE
) -> Page[Consumable]:
    """Stocks in the order of their adding."""
    query = select(Consumable).where(Consumable.retired_at.is_(None))
    if scheme_id is not None:
        query = query.where(Consumable.scheme_id == scheme_id)
    return page_of(session, query, Consumable.id, after=after, limit=limit)


def _tool_locker_id(session: Session, place: tuple[str, int] | None) -> str | None:
    if place is None:
        return None
    return tool_locker_of(session, locker_of(session, *place)).locker_id


def _found(session: Session, table: type[Row], row_id: str, code: str) -> Row:
    row = session.get(table, row_id)
    if row is None:
        raise NotFoundError(code, f"no such {code}")
    return row
