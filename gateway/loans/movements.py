"""What a tool locker's door says of loans: taken and returned, by the badge of the member it is planned for.

A release proposes, a librarian decides. Nothing here opens or locks a door, and nothing here may refuse what a bank
tells: entries come late, twice and in any order.
"""

from collections.abc import Collection, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from gateway.badges.models import Badge
from gateway.db import new_id
from gateway.errors import ConflictError, NotFoundError
from gateway.events.models import Event
from gateway.events.service import record
from gateway.loans import repository
from gateway.loans.codes import MovementKind, MovementState
from gateway.loans.grants import opens_until
from gateway.loans.models import Loan, Movement
from gateway.loans.service import changed, hand_on, loan_of
from gateway.lockers.models import Bank, Locker
from gateway.prepared import PreparedForSome, some
from wire.entries import Entry, EntryType, decode_entry

# Who taps again within this time has forgotten something, or the door fell shut.
SAME_VISIT_MS = 15 * 60_000
BADGE = "badge"
_COUNTS = frozenset({MovementState.PROPOSED, MovementState.CONFIRMED})
_OUTCOMES = frozenset({EntryType.DOOR_OPENED, EntryType.NOT_OPENED, EntryType.RELEASE_FAILED})
_TELLING = _OUTCOMES | {EntryType.RELEASE_INTENDED}
# More than comes of other releases of a locker before the last that comes of one.
_LOOKED_THROUGH = 50


class _Owned(NamedTuple):
    """A badge of somebody's."""

    person_id: str
    registered_at: int
    revoked_at: int | None


# Made once: it is asked with each release of a tool locker.
_OWNERS = PreparedForSome(
    lambda size: (
        select(Badge.digest, *(getattr(Badge, name) for name in _Owned._fields))
        .join(Bank, Bank.site_id == Badge.site_id)
        .where(Bank.id == bindparam("bank"), Badge.digest.in_(some("digest", size)), Badge.person_id.is_not(None))
    )
)


def note_releases(session: Session, bank_id: str, entries: Sequence[Entry], *, now: int) -> None:
    """Attributes the releases among these new entries to the loans planned for their lockers."""
    told = [entry for entry in entries if entry.type in _TELLING]
    if not told:
        return
    lent = repository.have_lent(session, bank_id)
    told = [entry for entry in told if entry.body.get("locker") in lent] if lent else []
    releases = [entry for entry in told if entry.type == EntryType.RELEASE_INTENDED and _text(entry, "digest")]
    if releases:
        _attribute(session, bank_id, releases, now)
    names = {name for entry in told if (name := _text(entry, "release")) is not None}
    if names:
        _hear_doors(session, bank_id, names)


def confirm(session: Session, movement_id: str, *, actor: str, now: int) -> Movement:
    """A librarian says that the door was read rightly. Raises NotFoundError (`movement`), ConflictError (`decided`)."""
    return _decide(session, movement_id, MovementState.CONFIRMED, actor, now)


def reject(session: Session, movement_id: str, *, actor: str, now: int) -> Movement:
    """The door opened for something else: the loan is as if it had not.

    Raises NotFoundError (`movement`), ConflictError (`decided`, `still_out`: someone else has a tool since).
    """
    return _decide(session, movement_id, MovementState.REJECTED, actor, now)


def _decide(session: Session, movement_id: str, state: MovementState, actor: str, now: int) -> Movement:
    movement = session.get(Movement, movement_id)
    if movement is None:
        raise NotFoundError("movement", "no such movement")
    loan = loan_of(session, movement.loan_id)
    if movement.state == state:
        return movement
    if movement.state == MovementState.NOT_OPENED or loan.checked_at is not None:
        raise ConflictError("decided", "this was decided already: a librarian has seen the tools, or no door opened")
    movement.state, movement.decided_by, movement.decided_at = state.value, actor, now
    _read_again(session, loan)
    if loan.returned_at is None and any(item.returned_at and item.condition is None for item in loan.items):
        raise ConflictError("still_out", "another member has one of these tools by now: take that loan back first")
    changed(session, loan, f"movement_{state.value}", actor, now, kind=movement.kind)
    return movement


def _attribute(session: Session, bank_id: str, releases: Sequence[Entry], now: int) -> None:
    owners = _owners(session, bank_id, releases)
    people = {badge.person_id for same in owners.values() for badge in same}
    times = [entry.at for entry in releases]
    loans = repository.of_people_at(session, bank_id, people, min(times), max(times))
    for entry in releases:
        people = {badge.person_id for badge in owners.get(entry.body["digest"], ()) if _is_live(badge, entry.at)}
        # A tool that is planned for two loans goes with the one that is not over its time.
        for loan in sorted(loans, key=lambda one: one.due_at <= entry.at):
            if loan.membership.person_id in people and _concerns(loan, entry):
                _propose(session, loan, entry, bank_id, now)


def _owners(session: Session, bank_id: str, releases: Sequence[Entry]) -> Mapping[str, Sequence[_Owned]]:
    digests = sorted({entry.body["digest"] for entry in releases})
    found: dict[str, list[_Owned]] = {}
    for digest, *facts in _OWNERS.run(session.connection(), {"bank": bank_id}, digest=digests):
        found.setdefault(digest, []).append(_Owned(*facts))
    return found


def _is_live(badge: _Owned, at: int) -> bool:
    return badge.registered_at <= at and (badge.revoked_at is None or badge.revoked_at > at)


def _concerns(loan: Loan, entry: Entry) -> bool:
    """Whether the loan was planned for this locker, and was not over, at the entry's moment."""
    if loan.locker is None or loan.locker.number != entry.body.get("locker") or entry.at < loan.from_at:
        return False
    if any((movement.epoch, movement.seq) == (entry.epoch, entry.seq) for movement in loan.movements):
        return False
    # Whoever comes to fetch after it was due finds the door opening: those tools are out, and overdue at once.
    until = opens_until(loan.membership.terms, loan.membership.site.zone, loan.due_at)
    if loan.cancelled_at is not None:
        return entry.at < min(loan.cancelled_at, until)
    if loan.checked_at is not None:
        return entry.at < loan.checked_at
    return loan.taken_at is not None or entry.at < until


def _propose(session: Session, loan: Loan, entry: Entry, bank_id: str, now: int) -> None:
    seen = loan.checked_at is not None
    movement = Movement(
        id=new_id(now), loan_id=loan.id, epoch=entry.epoch, seq=entry.seq, release=_text(entry, "release"),
        at=entry.at, kind=MovementKind.AGAIN.value,
        state=(MovementState.CONFIRMED if seen else MovementState.PROPOSED).value,
    )  # fmt: skip
    loan.movements.append(movement)
    # Taken at the door before someone cancelled it at the desk: the door is right.
    loan.cancelled_at = loan.cancelled_by = None
    if not seen:
        _read_again(session, loan)
    if movement.kind != MovementKind.AGAIN:
        record(
            session, f"tools_{movement.kind}", now=now, at=entry.at, bank_id=bank_id, locker=entry.body["locker"],
            loan=loan.id,
        )  # fmt: skip


def _hear_doors(session: Session, bank_id: str, releases: Collection[str]) -> None:
    """Where the lock or the door did not move, nobody took or returned anything then; unless it opened all the same."""
    found = session.execute(
        select(Loan, Locker.number)
        .join(Movement, Movement.loan_id == Loan.id)
        .join(Locker, Locker.id == Loan.locker_id)
        .where(Locker.bank_id == bank_id, Movement.release.in_(releases))
    ).unique()
    for loan, number in found:
        changes = [
            _hear_door(loan, one, opened)
            for one in loan.movements
            if one.release in releases and (opened := _opened(session, bank_id, number, one)) is not None
        ]
        if any(changes) and loan.checked_at is None:
            _read_again(session, loan)


def _opened(session: Session, bank_id: str, locker: int, movement: Movement) -> bool | None:
    """Whether the release opened its door, in whatever order that came; None where nothing of that is stored.

    A stiff door may open after its time, and a board fail to answer for one that did.
    """
    lines = session.scalars(
        select(Event.line)
        .where(Event.bank_id == bank_id, Event.epoch == movement.epoch, Event.seq > movement.seq)
        .where(Event.locker == locker, Event.kind.in_(_OUTCOMES), Event.line.is_not(None))
        .order_by(Event.seq)
        .limit(_LOOKED_THROUGH)
    )
    entries = [decode_entry(bytes(line)) for line in lines if line is not None]
    told = {entry.type for entry in entries if _text(entry, "release") == movement.release}
    return EntryType.DOOR_OPENED in told if told else None


def _hear_door(loan: Loan, movement: Movement, opened: bool) -> bool:
    """Whether that changes what the movement is."""
    if opened == (movement.state != MovementState.NOT_OPENED) or movement.state == MovementState.REJECTED:
        return False
    if opened:
        seen = loan.checked_at is not None
        movement.state = (MovementState.CONFIRMED if seen else MovementState.PROPOSED).value
        loan.cancelled_at = loan.cancelled_by = None  # as where a release is heard after someone cancelled
    else:
        movement.state = MovementState.NOT_OPENED.value
    return True


def _read_again(session: Session, loan: Loan) -> None:
    """What the movements that count say together: the first visit took, the last one after it returned."""
    visits = _visits(loan)
    by_hand = loan.taken_at if loan.taken_by not in (None, BADGE) else None
    taken = visits.pop(0) if visits and by_hand is None else None
    for number, visit in enumerate(visits, 1):
        visit.kind = (MovementKind.RETURNED if number == len(visits) else MovementKind.AGAIN).value
    if by_hand is None:
        loan.taken_at, loan.taken_by = (taken.at, BADGE) if taken else (None, None)
    if taken is not None:
        taken.kind = MovementKind.TAKEN.value
    loan.returned_at, loan.returned_by = (visits[-1].at, BADGE) if visits else (None, None)
    _bring_items(session, loan)


def _visits(loan: Loan) -> list[Movement]:
    """The first release of each visit, in order; the others belong to it."""
    counted = sorted((one for one in loan.movements if one.state in _COUNTS), key=lambda one: (one.at, one.seq))
    for movement in counted:
        movement.kind = MovementKind.AGAIN.value
    begin = counted[:1] + [after for before, after in pairwise(counted) if after.at - before.at > SAME_VISIT_MS]
    if loan.taken_at is None or loan.taken_by == BADGE:
        return begin
    return [visit for visit in begin if visit.at - loan.taken_at > SAME_VISIT_MS]


def _bring_items(session: Session, loan: Loan) -> None:
    """Each tool follows its loan, unless a librarian has seen it or another member has it by now."""
    for item in loan.items:
        if item.condition is not None:
            continue
        taken, returned = loan.taken_at, loan.returned_at
        goes_out = taken is not None and returned is None
        if goes_out and repository.out_elsewhere(session, item.tool_id, loan.id) is not None:
            continue
        item.taken_at, item.returned_at = taken, returned
        if returned is not None:
            hand_on(session, item.tool_id)
    session.flush()


def _text(entry: Entry, name: str) -> str | None:
    """A bank may send anything; a database does not take every string."""
    value = entry.body.get(name)
    return value if isinstance(value, str) and len(value) <= 64 and value.isascii() and value.isprintable() else None
