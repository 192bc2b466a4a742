"""Who looks after a person, and how often they are to be seen: named, changed, never left empty."""

from collections.abc import Mapping, Sequence

from sqlalchemy import String, and_, bindparam, select
from sqlalchemy.orm import Session

from gateway.audit import service as audit
from gateway.care import files
from gateway.care.models import Cadence, NamedWorker
from gateway.db import new_id
from gateway.errors import ConflictError, InvalidError
from gateway.prepared import Prepared
from gateway.staff.models import Staff
from gateway.staff.rights import Right, may
from gateway.staff.service import looked_after, staff_of

MAX_DAYS = 366
# Made once: they are asked with each contract.
_THEIRS = and_(NamedWorker.person_id == bindparam("person", type_=String()), NamedWorker.until_at.is_(None))
_NAMED = Prepared(select(NamedWorker.id).where(_THEIRS))
_WORKER = Prepared(
    select(NamedWorker.staff_id)
    .join(Staff, Staff.id == NamedWorker.staff_id)
    .where(_THEIRS, Staff.disabled_at.is_(None))
)


def name_worker(session: Session, person_id: str, staff_id: str, *, actor: str, now: int) -> NamedWorker:
    """`staff_id` looks after the person from now on, instead of whoever did. Naming again changes nothing.

    Raises NotFoundError (`person`, `staff`), ConflictError (`erased`, `worker`).
    """
    organisation_id = files.open_file(session, person_id)
    staff = staff_of(session, staff_id)
    if staff.disabled_at is not None or not may(staff.role, Right.CARE):
        raise ConflictError("worker", "this account cannot look after people: choose a worker whose account is open")
    if staff.organisation_id not in (None, organisation_id):
        raise ConflictError("worker", "this worker is with another organisation: choose one of the person's own")
    present = named_worker(session, person_id)
    if present is not None:
        if present.staff_id == staff_id:
            return present
        present.until_at = max(now, present.from_at)  # a clock that was ahead may have named them
        session.flush()
    named = NamedWorker(id=new_id(now), person_id=person_id, staff_id=staff_id, from_at=now, named_by=actor)
    session.add(named)
    audit.record(session, actor=actor, action="worker_named", subject=person_id, now=now, worker=staff_id)
    return named


def named_worker(session: Session, person_id: str) -> NamedWorker | None:
    """Whoever looks after the person now; None if no one was named yet."""
    session.flush()  # the question below does not see what is pending
    found = _NAMED.first(session.connection(), {"person": person_id})
    return None if found is None else session.get_one(NamedWorker, found[0])


def is_staff(session: Session, who: str) -> bool:
    """Whether this is a member of staff, and not a command or the gateway itself."""
    return session.get(Staff, who) is not None


def hand_on(session: Session, staff_id: str, *, to: str, actor: str, now: int) -> Sequence[str]:
    """Everyone whom `staff_id` looks after is looked after by `to` from now on; answers who they are.

    Raises NotFoundError (`staff`), ConflictError (`worker`).
    """
    staff_of(session, staff_id)
    people = looked_after(session, staff_id)
    for person_id in people:
        name_worker(session, person_id, to, actor=actor, now=now)
    return people


def workers_of(session: Session, people: Sequence[str]) -> Mapping[str, str]:
    """The member of staff who looks after each of these people; those whose account is closed look after no one."""
    query = (
        select(NamedWorker.person_id, NamedWorker.staff_id)
        .join(Staff, Staff.id == NamedWorker.staff_id)
        .where(NamedWorker.person_id.in_(people), NamedWorker.until_at.is_(None), Staff.disabled_at.is_(None))
    )
    return {person_id: staff_id for person_id, staff_id in session.execute(query)}


def worker_of(session: Session, person_id: str) -> str | None:
    """The member of staff who looks after this person, as in `workers_of`."""
    session.flush()  # the question below does not see what is pending
    found = _WORKER.first(session.connection(), {"person": person_id})
    return None if found is None else str(found[0])


def set_cadence(
    session: Session, person_id: str, days: int | None, *, note: str | None = None, actor: str, now: int
) -> Cadence:
    """This person is to be seen every `days` days (None: when they like), whatever their scheme says.

    Raises NotFoundError (`person`), InvalidError (`days`, `note`), ConflictError (`erased`).
    """
    files.open_file(session, person_id)
    if days is not None and not 1 <= days <= MAX_DAYS:
        raise InvalidError("days", f"a cadence is 1 to {MAX_DAYS} days, or none at all")
    _end_cadence(session, person_id, now)
    cadence = Cadence(id=new_id(now), person_id=person_id, days=days, note=files.note(note), from_at=now, set_by=actor)
    session.add(cadence)
    session.flush()
    audit.record(session, actor=actor, action="cadence_set", subject=person_id, now=now, days=days)
    return cadence


def follow_scheme(session: Session, person_id: str, *, actor: str, now: int) -> None:
    """The scheme's cadence holds again; where it does already nothing changes. Raises as files.open_file."""
    files.open_file(session, person_id)
    if _end_cadence(session, person_id, now):
        audit.record(session, actor=actor, action="cadence_of_scheme", subject=person_id, now=now)


def cadences_of(session: Session, people: Sequence[str]) -> Mapping[str, Cadence]:
    """The cadences of their own that these people have."""
    query = select(Cadence).where(Cadence.person_id.in_(people), Cadence.until_at.is_(None))
    return {row.person_id: row for row in session.scalars(query)}


def _end_cadence(session: Session, person_id: str, now: int) -> bool:
    present = cadences_of(session, [person_id]).get(person_id)
    if present is not None:
        present.until_at = max(now, present.from_at)  # a clock that was ahead may have begun it
        session.flush()
    return present is not None
