"""Members, lockers, tools, kits and stocks of a tool library over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Path

from gateway.edge import PAGE, After, Caller, Db, Limit, Now, PageOut
from gateway.loans import catalogue, members
from gateway.loans.schemas import (
    ConditionIn,
    ConsumableIn,
    ConsumableOut,
    KitIn,
    KitOut,
    LeaveIn,
    LibraryIn,
    MemberIn,
    MemberOut,
    RenewMemberIn,
    RetireIn,
    StockMoveIn,
    ToolIn,
    ToolOut,
    kit_out,
    member_out,
    tool_out,
)
from gateway.people.service import person_of
from gateway.problems import responses
from gateway.staff.scope import require_organisation

router = APIRouter(tags=["tool library"])
Key = Annotated[str, Path(max_length=36)]
Bank = Annotated[str, Path(max_length=40)]
Number = Annotated[int, Path(ge=1, le=99_999)]
_CHANGES = responses(404, 409)


@router.post("/lockers/{bank}/{number}/tools", status_code=204, summary="Lend from a locker", responses=_CHANGES)
def lend_from(database: Db, caller: Caller, now: Now, bank: Bank, number: Number, library: LibraryIn) -> None:
    """Members' badges open it for their loans; it is given to nobody."""
    with database.writing() as session:
        scheme = members.tool_scheme(session, library.library_id)
        require_organisation(caller.organisation_id, scheme.organisation_id)
        members.lend_from(session, bank, number, scheme_id=scheme.id, actor=caller.staff_id, now=now)


@router.delete("/lockers/{bank}/{number}/tools", status_code=204, summary="Stop lending from it", responses=_CHANGES)
def stop_lending_from(database: Db, caller: Caller, now: Now, bank: Bank, number: Number) -> None:
    """The locker can be given to people again."""
    with database.writing() as session:
        members.stop_lending_from(session, bank, number, actor=caller.staff_id, now=now)


@router.get("/tool-libraries/{library_id}/members", summary="Members", responses=responses(404))
def list_members(
    database: Db, _caller: Caller, now: Now, library_id: Key, present: bool = True, after: After = None,
    limit: Limit = PAGE,
) -> PageOut[MemberOut]:  # fmt: skip
    """In the order of their signing; those whose membership is in force, or all with `present=false`."""
    with database.reading() as session:
        page = members.list_members(
            session, scheme_id=library_id, open_at=now if present else None, after=after, limit=limit
        )
        return PageOut(items=[member_out(row) for row in page.items], next=page.next)


@router.post("/tool-libraries/{library_id}/members", status_code=201, summary="Someone signs", responses=_CHANGES)
def join(database: Db, caller: Caller, now: Now, library_id: Key, member: MemberIn) -> MemberOut:
    """Under the terms of today."""
    with database.writing() as session:
        person = person_of(session, member.person_id)
        require_organisation(caller.organisation_id, person.organisation_id)
        made = members.join(
            session, person_id=person.id, scheme_id=library_id, site_id=member.site_id, starts_on=member.starts_on,
            ends_on=member.ends_on, actor=caller.staff_id, now=now,
        )  # fmt: skip
        return member_out(made)


@router.post("/memberships/{membership_id}/renew", summary="Renew a membership", responses=_CHANGES)
def renew(database: Db, caller: Caller, now: Now, membership_id: Key, renewal: RenewMemberIn) -> MemberOut:
    """The same terms, a later last day."""
    with database.writing() as session:
        changed = members.renew(session, membership_id, ends_on=renewal.ends_on, actor=caller.staff_id, now=now)
        return member_out(changed)


@router.post("/memberships/{membership_id}/leave", summary="End a membership", responses=_CHANGES)
def leave(database: Db, caller: Caller, now: Now, membership_id: Key, leaving: LeaveIn) -> MemberOut:
    """Refused while a loan is not over."""
    with database.writing() as session:
        return member_out(members.leave(session, membership_id, why=leaving.why, actor=caller.staff_id, now=now))


@router.get("/tool-libraries/{library_id}/tools", summary="The catalogue", responses=responses(404))
def list_tools(
    database: Db, _caller: Caller, library_id: Key, retired: bool = False, after: After = None, limit: Limit = PAGE
) -> PageOut[ToolOut]:
    """In the order of their adding."""
    with database.reading() as session:
        page = catalogue.list_tools(session, scheme_id=library_id, retired=retired, after=after, limit=limit)
        return PageOut(items=[tool_out(row) for row in page.items], next=page.next)


@router.post("/tool-libraries/{library_id}/tools", status_code=201, summary="A new tool", responses=_CHANGES)
def add_tool(database: Db, caller: Caller, now: Now, library_id: Key, tool: ToolIn) -> ToolOut:
    """Its number is unique in the library."""
    with database.writing() as session:
        made = catalogue.add_tool(
            session, scheme_id=library_id, number=tool.number, name=tool.name, care=tool.care,
            value_cents=tool.value_cents, place=(tool.place.bank, tool.place.number) if tool.place else None,
            condition=tool.condition, actor=caller.staff_id, now=now,
        )  # fmt: skip
        return tool_out(made)


@router.post("/tools/{tool_id}/condition", summary="What was seen of a tool", responses=responses(404))
def note_condition(database: Db, caller: Caller, now: Now, tool_id: Key, seen: ConditionIn) -> ToolOut:
    """A damaged or missing tool is not lent."""
    with database.writing() as session:
        return tool_out(catalogue.note_condition(session, tool_id, seen.condition, actor=caller.staff_id, now=now))


@router.post("/tools/{tool_id}/retire", summary="Lend it no more", responses=_CHANGES)
def retire_tool(database: Db, caller: Caller, now: Now, tool_id: Key, retiring: RetireIn) -> ToolOut:
    """Its loans stay in the figures."""
    with database.writing() as session:
        return tool_out(catalogue.retire_tool(session, tool_id, why=retiring.why, actor=caller.staff_id, now=now))


@router.get("/tool-libraries/{library_id}/kits", summary="Kits", responses=responses(404))
def list_kits(
    database: Db, _caller: Caller, library_id: Key, after: After = None, limit: Limit = PAGE
) -> PageOut[KitOut]:
    """Those that are offered."""
    with database.reading() as session:
        page = catalogue.list_kits(session, scheme_id=library_id, after=after, limit=limit)
        return PageOut(items=[kit_out(row) for row in page.items], next=page.next)


@router.post("/tool-libraries/{library_id}/kits", status_code=201, summary="A new kit", responses=_CHANGES)
def add_kit(database: Db, caller: Caller, now: Now, library_id: Key, kit: KitIn) -> KitOut:
    """Tools of the same library."""
    with database.writing() as session:
        made = catalogue.add_kit(
            session, scheme_id=library_id, name=kit.name, tool_ids=kit.tool_ids, actor=caller.staff_id, now=now
        )
        return kit_out(made)


@router.post("/kits/{kit_id}/retire", summary="Offer it no more", responses=responses(404))
def retire_kit(database: Db, caller: Caller, now: Now, kit_id: Key) -> KitOut:
    """Its tools are still lent."""
    with database.writing() as session:
        return kit_out(catalogue.retire_kit(session, kit_id, actor=caller.staff_id, now=now))


@router.get("/tool-libraries/{library_id}/consumables", summary="Stocks", responses=responses(404))
def list_consumables(
    database: Db, _caller: Caller, library_id: Key, after: After = None, limit: Limit = PAGE
) -> PageOut[ConsumableOut]:
    """In the order of their adding."""
    with database.reading() as session:
        page = catalogue.list_consumables(session, scheme_id=library_id, after=after, limit=limit)
        return PageOut(items=[ConsumableOut.model_validate(row) for row in page.items], next=page.next)


@router.post("/tool-libraries/{library_id}/consumables", status_code=201, summary="A new stock", responses=_CHANGES)
def add_consumable(database: Db, caller: Caller, now: Now, library_id: Key, item: ConsumableIn) -> ConsumableOut:
    """It begins at nothing."""
    with database.writing() as session:
        made = catalogue.add_consumable(
            session, scheme_id=library_id, name=item.name, unit=item.unit, low_at=item.low_at, actor=caller.staff_id,
            now=now,
        )  # fmt: skip
        return ConsumableOut.model_validate(made)


@router.post("/consumables/{consumable_id}/moves", summary="A stock changes", responses=_CHANGES)
def move_stock(database: Db, caller: Caller, now: Now, consumable_id: Key, move: StockMoveIn) -> ConsumableOut:
    """It never falls below nothing."""
    with database.writing() as session:
        catalogue.move_stock(
            session, consumable_id, move.quantity, why=move.why, project_id=move.project_id, loan_id=move.loan_id,
            cents=move.cents, actor=caller.staff_id, now=now,
        )  # fmt: skip
        return ConsumableOut.model_validate(catalogue.consumable_of(session, consumable_id))
