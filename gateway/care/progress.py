"""Agreed steps with their results, and what a person wants or does not want."""

from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway.audit import service as audit
from gateway.care import files
from gateway.care.codes import StepResult, Topic, WishKind
from gateway.care.models import Step, Wish
from gateway.db import new_id
from gateway.errors import ConflictError, InvalidError, NotFoundError
from gateway.paging import PAGE_SIZE, Page, page_of


def agree_step(
    session: Session,
    person_id: str,
    *,
    topic: Topic,
    what: str | None = None,
    due_on: date | None = None,
    at: int | None = None,
    actor: str,
    now: int,
) -> Step:
    """A step agreed with the person, under way from now or an earlier instant on.

    Raises NotFoundError (`person`), InvalidError (`note`, `at`), ConflictError (`erased`).
    """
    files.open_file(session, person_id)
    step = Step(
        id=new_id(now),
        person_id=person_id,
        topic=topic.value,
        what=files.note(what),
        agreed_at=files.happened(at, now),
        agreed_by=actor,
        due_on=due_on,
        result=StepResult.UNDER_WAY.value,
    )
    session.add(step)
    session.flush()
    audit.record(
        session, actor=actor, action="step_agreed", subject=person_id, now=now, step=step.id, topic=topic.value
    )
    return step


def close_step(
    session: Session,
    step_id: str,
    result: StepResult,
    *,
    note: str | None = None,
    at: int | None = None,
    actor: str,
    now: int,
) -> Step:
    """What became of the step.

    Raises NotFoundError (`step`), InvalidError (`result`, `note`, `at`), ConflictError (`closed`, `erased`).
    """
    step = session.get(Step, step_id)
    if step is None:
        raise NotFoundError("step", "no such step")
    if result is StepResult.UNDER_WAY:
        raise InvalidError("result", "a step that is under way stays as it is: say what became of it")
    if step.closed_at is not None:
        raise ConflictError("closed", f"this step is {step.result} already: agree on a new one", result=step.result)
    step.note = files.note_in(session, step.person_id, note)
    step.closed_at = max(files.happened(at, now), step.agreed_at)
    step.closed_by, step.result = actor, result.value
    session.flush()
    audit.record(
        session, actor=actor, action="step_closed", subject=step.person_id, now=now, step=step.id, result=result.value
    )
    return step


def list_steps(session: Session, person_id: str, *, after: str | None = None, limit: int = PAGE_SIZE) -> Page[Step]:
    """A person's steps, in the order of their writing."""
    return page_of(session, select(Step).where(Step.person_id == person_id), Step.id, after=after, limit=limit)


def note_wish(
    session: Session,
    person_id: str,
    *,
    kind: WishKind,
    topic: Topic,
    note: str | None = None,
    at: int | None = None,
    actor: str,
    now: int,
) -> Wish:
    """What the person wants or refuses, in their own terms.

    Raises NotFoundError (`person`), InvalidError (`note`, `at`), ConflictError (`erased`).
    """
    files.open_file(session, person_id)
    wish = Wish(
        id=new_id(now), person_id=person_id, kind=kind.value, topic=topic.value, note=files.note(note),
        said_at=files.happened(at, now), recorded_by=actor, recorded_at=now,
    )  # fmt: skip
    session.add(wish)
    session.flush()
    audit.record(
        session, actor=actor, action="wish_noted", subject=person_id, now=now, wish=wish.id, kind=kind.value,
        topic=topic.value,
    )  # fmt: skip
    return wish


def end_wish(session: Session, wish_id: str, *, actor: str, now: int) -> Wish:
    """The person has changed their mind, or has it; ending again changes nothing. Raises NotFoundError (`wish`)."""
    wish = session.get(Wish, wish_id)
    if wish is None:
        raise NotFoundError("wish", "no such wish")
    if wish.ended_at is None:
        wish.ended_at, wish.ended_by = now, actor
        session.flush()
        audit.record(session, actor=actor, action="wish_ended", subject=wish.person_id, now=now, wish=wish.id)
    return wish


def list_wishes(session: Session, person_id: str, *, after: str | None = None, limit: int = PAGE_SIZE) -> Page[Wish]:
    """A person's wishes and refusals, in the order of their writing."""
    return page_of(session, select(Wish).where(Wish.person_id == person_id), Wish.id, after=after, limit=limit)
