"""Loans: planned, handed over, due later, taken back. What a door says of them is in movements.py.

Each change of a loan through a locker announces its bank, so that the member's badge opens it for the loan's time.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy.orm import Session

from gateway.access.changes import access_changed
from gateway.audit import service as audit
from gateway.days import day_start, local_day
from gateway.db import new_id
from gateway.errors import ConflictError, InvalidError, NotFoundError
from gateway.loans import repository
from gateway.loans.catalogue import kit_of, tool_of
from gateway.loans.codes import Condition, MovementState, OverLimit
from gateway.loans.conditions import require_decided
from gateway.loans.due import due_day, instant_of, limits_of
from gateway.loans.members import membership_of, tool_locker_of
from gateway.loans.models import Loan, LoanItem, Membership, Tool
from gateway.loans.projects import project_of
from gateway.lockers.models import Locker
from gateway.lockers.service import locker_of

_NOT_LENT = frozenset({Condition.DAMAGED, Condition.MISSING})


def plan(
    session: Session,
    *,
    membership_id: str,
    tool_ids: Sequence[str] = (),
    kit_id: str | None = None,
    from_on: date | None = None,
    due_on: date | None = None,
    due_minute: int | None = None,
    place: tuple[str, int] | None = None,
    project_id: str | None = None,
    over_limit: OverLimit | None = None,
    note: str | None = None,
    actor: str,
    now: int,
) -> Loan:
    """Promises tools from now, or from the beginning of `from_on`; with a `place`, by badge at that tool locker.

    Due on `due_on` (by the terms if None) at `due_minute` after midnight (likewise). More tools at once than the terms
    say need a reason, `over_limit`. Raises NotFoundError (`membership`, `tool`, `kit`, `locker`, `tool_locker`,
    `project`), InvalidError (`tools`, `dates`, `day_off`, `locker_elsewhere`), ConflictError (`left`,
    `membership_over`, `not_lent`, `tool_promised`, `loan_limit`, `conditions`, `project_over`).
    """
    member = membership_of(session, membership_id)
    zone = member.site.zone
    first = from_on or local_day(zone, now)
    from_at = max(now, day_start(zone, first))
    due_at = _due_at(member, due_on or due_day(member.terms, first), due_minute)
    if due_at <= from_at:
        raise InvalidError("dates", "the loan is due before it begins: give a later day or time")
    _require_member(member, from_at, due_at)
    tools = _lendable(session, member, tool_ids, kit_id)
    if project_id is not None:
        _require_project(session, member, project_id)
    _require_within_limit(session, member, tools, from_at, due_at, over_limit)
    locker = None if place is None else _tool_locker(session, member, place)
    loan = Loan(
        id=new_id(now), membership=member, project_id=project_id, kit_id=kit_id, locker=locker, from_at=from_at,
        due_at=due_at, extensions=0, over_limit=over_limit.value if over_limit else None, note=note, planned_by=actor,
        planned_at=now, movements=[],
    )  # fmt: skip
    for tool in tools:
        _refuse_promised(session, tool, from_at, due_at, loan.id, zone)
    loan.items = [LoanItem(id=new_id(now), tool=tool, from_at=from_at, until_at=due_at) for tool in tools]
    session.add(loan)
    changed(session, loan, "loan_planned", actor, now, tools=len(tools), due=due_at)
    return loan


def hand_over(session: Session, loan_id: str, *, actor: str, now: int) -> Loan:
    """The member takes the tools, today even if planned for later. What was handed over stays so.

    Raises NotFoundError (`loan`), ConflictError (`loan_over`, `still_out`, `tool_promised`).
    """
    loan = _open(session, loan_id)
    if loan.taken_at is not None:
        return loan
    if now >= loan.due_at:
        raise ConflictError("loan_over", "the time of this loan is over: extend it first, or plan another")
    for item in loan.items:
        out = repository.out_elsewhere(session, item.tool_id, loan.id)
        if out is not None:
            raise ConflictError(
                "still_out", f"{item.tool.name} is still out with another loan: take it back first", loan=out
            )
        _refuse_promised(session, item.tool, now, item.until_at, loan.id, loan.membership.site.zone)
        item.taken_at, item.from_at = now, min(item.from_at, now)
    loan.taken_at, loan.taken_by, loan.from_at = now, actor, min(loan.from_at, now)
    changed(session, loan, "loan_taken", actor, now)
    return loan


def take_back(
    session: Session, loan_id: str, seen: Mapping[str, Condition] | None = None, *, actor: str, now: int
) -> Loan:
    """A librarian has looked at the tools `seen` (all of them, as good, if None): each by its id with its condition.

    A missing one is not out any more but is not lent either. When the last is seen the loan is over; its time of
    return is the door's, if the door told one. Raises NotFoundError (`loan`), InvalidError (`tools`),
    ConflictError (`loan_over`, `not_taken`).
    """
    loan = _open(session, loan_id)
    if loan.taken_at is None:
        raise ConflictError("not_taken", "the tools were not taken: hand them over first, or cancel the loan")
    what = {item.tool_id: Condition.GOOD for item in loan.items if item.condition is None} if seen is None else seen
    items = {item.tool_id: item for item in loan.items}
    if not what or any(tool_id not in items for tool_id in what):
        raise InvalidError("tools", "say of each tool of this loan that came back how it is")
    for tool_id, condition in what.items():
        item = items[tool_id]
        item.condition = item.tool.condition = condition.value
        item.returned_at = item.returned_at or loan.returned_at or now
        item.until_at = max(item.from_at, min(item.until_at, item.returned_at))
        if condition is not Condition.MISSING:
            hand_on(session, tool_id)
    if all(item.condition is not None for item in loan.items):
        loan.returned_at, loan.returned_by = loan.returned_at or now, loan.returned_by or actor
        loan.checked_at, loan.checked_by = now, actor
        for movement in loan.movements:
            if movement.state == MovementState.PROPOSED:
                movement.state, movement.decided_by, movement.decided_at = MovementState.CONFIRMED.value, actor, now
    changed(session, loan, "loan_seen_back", actor, now, tools=len(what), over=loan.checked_at is not None)
    return loan


def extend(
    session: Session, loan_id: str, *, due_on: date | None = None, due_minute: int | None = None, actor: str, now: int
) -> Loan:
    """Due later: on `due_on`, or as much later as the terms lend. How often it was done alerts and never refuses.

    Raises NotFoundError (`loan`), InvalidError (`dates`, `day_off`), ConflictError (`loan_over`, `tool_promised`,
    `left`, `membership_over`).
    """
    loan = _open(session, loan_id)
    member, zone = loan.membership, loan.membership.site.zone
    day = due_on or due_day(member.terms, max(local_day(zone, loan.due_at), local_day(zone, now)))
    due_at = _due_at(member, day, due_minute)
    if due_at <= max(loan.due_at, now):
        raise InvalidError("dates", "the new due date is not later than the present one")
    _require_member(member, now, due_at)
    for item in loan.items:
        if item.returned_at is None:
            _refuse_promised(session, item.tool, loan.due_at, due_at, loan.id, zone)
            item.until_at = due_at
    loan.due_at, loan.extensions = due_at, loan.extensions + 1
    changed(session, loan, "loan_extended", actor, now, due=due_at)
    return loan


def cancel(session: Session, loan_id: str, *, actor: str, now: int) -> Loan:
    """What was planned is not lent; cancelling twice changes nothing.

    Raises NotFoundError (`loan`), ConflictError (`taken`).
    """
    loan = loan_of(session, loan_id)
    if loan.cancelled_at is not None:
        return loan
    if loan.taken_at is not None:
        raise ConflictError("taken", "the tools were taken: take them back instead")
    loan.cancelled_at, loan.cancelled_by = now, actor
    for item in loan.items:
        item.until_at = item.from_at
    changed(session, loan, "loan_cancelled", actor, now)
    return loan


def loan_of(session: Session, loan_id: str) -> Loan:
    """Raises NotFoundError with code `loan`."""
    loan = session.get(Loan, loan_id)
    if loan is None:
        raise NotFoundError("loan", "no such loan")
    return loan


def hand_on(session: Session, tool_id: str) -> None:
    """A tool is back: a loan whose member opened the door for it, while it was thought to be out, has it now."""
    item = repository.awaited(session, tool_id)
    if item is not None:
        item.taken_at = loan_of(session, item.loan_id).taken_at


def changed(session: Session, loan: Loan, what: str, actor: str, now: int, **details: Any) -> None:
    """Flushes (so that the database's own checks speak now), and tells audit and lists."""
    session.flush()
    audit.record(session, actor=actor, action=what, subject=loan.id, now=now, **details)
    if loan.locker is not None:
        access_changed(session, loan.locker.bank_id)


def _open(session: Session, loan_id: str) -> Loan:
    loan = loan_of(session, loan_id)
    if loan.checked_at is not None or loan.cancelled_at is not None:
        raise ConflictError("loan_over", "this loan is over: plan another")
    return loan


def _due_at(member: Membership, day: date, minute: int | None) -> int:
    calendar = member.terms.calendar
    if not calendar.open_on(day):
        better = calendar.next_open(day)
        raise InvalidError("day_off", f"{day} is a day off: the next working day is {better}", next=better.isoformat())
    return instant_of(member.site.zone, day, limits_of(member.terms).due_minute if minute is None else minute)


def _require_member(member: Membership, from_at: int, due_at: int) -> None:
    if member.ended_at is not None:
        raise ConflictError("left", "this membership has ended: let the person join again")
    if from_at < member.from_at or due_at > member.until_at:
        raise ConflictError(
            "membership_over",
            f"the membership runs from {member.starts_on} to {member.ends_on}: renew it, or lend within it",
        )


def _lendable(session: Session, member: Membership, tool_ids: Iterable[str], kit_id: str | None) -> list[Tool]:
    tools = [tool_of(session, tool_id) for tool_id in tool_ids]
    if kit_id is not None:
        tools += kit_of(session, kit_id).tools
    tools = list({tool.id: tool for tool in tools}.values())
    if not tools or any(tool.scheme_id != member.scheme_id for tool in tools):
        raise InvalidError("tools", "choose at least one tool or a kit of this library")
    for tool in tools:
        if tool.retired_at is not None or tool.condition in _NOT_LENT:
            raise ConflictError(
                "not_lent", f"{tool.name} ({tool.number}) is {tool.condition} or retired: choose another", tool=tool.id
            )
    return tools


def _require_project(session: Session, member: Membership, project_id: str) -> None:
    project = project_of(session, project_id)
    if project.membership_id != member.id:
        raise InvalidError("project", "this project is someone else's: choose one of the member's own")
    if project.cancelled_at is not None or project.finished_on is not None:
        raise ConflictError("project_over", "this project is over: choose another")
    require_decided(session, project)


def _require_within_limit(
    session: Session, member: Membership, tools: Sequence[Tool], from_at: int, due_at: int, why: OverLimit | None
) -> None:
    limit = limits_of(member.terms).at_once
    total = repository.tools_at_once(session, member.id, from_at, due_at) + len(tools)
    if total > limit and why is None:
        raise ConflictError(
            "loan_limit",
            f"that makes {total} tools at once, and the terms say {limit}: lend fewer, or say why more are needed",
            limit=limit,
        )


def _tool_locker(session: Session, member: Membership, place: tuple[str, int]) -> Locker:
    locker = locker_of(session, *place)
    if tool_locker_of(session, locker).scheme_id != member.scheme_id or locker.bank.site_id != member.site_id:
        raise InvalidError("locker_elsewhere", f"locker {locker.number} is another library's or at another site")
    return locker


def _refuse_promised(session: Session, tool: Tool, from_at: int, until_at: int, loan_id: str, zone: str) -> None:
    other = repository.promised(session, tool.id, from_at, until_at, loan_id)
    if other is not None:
        raise ConflictError(
            "tool_promised",
            f"{tool.name} ({tool.number}) is promised from {local_day(zone, other.from_at)} until "
            f"{local_day(zone, other.until_at)} to another loan: choose other dates or another tool",
            loan=other.loan_id,
        )
