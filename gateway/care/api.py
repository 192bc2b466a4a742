"""Care of a person over HTTP: contacts, support, steps, wishes, snapshots, and who looks after them."""

from typing import Annotated

from fastapi import APIRouter, Path

from gateway.care import contacts, looking_after, progress, schemas, support
from gateway.care.support import FACTS
from gateway.edge import PAGE, After, Caller, Db, Limit, Now, PageOut
from gateway.people.service import person_of
from gateway.problems import responses

router = APIRouter(tags=["care"])
PersonId = Annotated[str, Path(max_length=36)]
EntryId = Annotated[str, Path(max_length=36)]
_CHANGES = responses(404, 409)


@router.get("/people/{person_id}/contacts", summary="Contacts with a person", responses=responses(404))
def list_contacts(
    database: Db, _caller: Caller, person_id: PersonId, after: After = None, limit: Limit = PAGE
) -> PageOut[schemas.ContactOut]:
    """In the order of their writing; those withdrawn are not among them."""
    with database.reading() as session:
        person_of(session, person_id)
        page = contacts.list_contacts(session, person_id, after=after, limit=limit)
        return PageOut(items=[schemas.ContactOut.model_validate(one) for one in page.items], next=page.next)


@router.post("/people/{person_id}/contacts", status_code=201, summary="Log a contact", responses=_CHANGES)
def log_contact(
    database: Db, caller: Caller, now: Now, person_id: PersonId, contact: schemas.ContactIn
) -> schemas.ContactOut:
    """A kind is enough: met, phoned, seen."""
    with database.writing() as session:
        made = contacts.log_contact(
            session, person_id, kind=contact.kind, place=contact.place, note=contact.note, at=contact.at,
            actor=caller.staff_id, now=now,
        )  # fmt: skip
        return schemas.ContactOut.model_validate(made)


@router.post("/contacts/{contact_id}/withdraw", summary="A contact was written by mistake", responses=responses(404))
def withdraw_contact(database: Db, caller: Caller, now: Now, contact_id: EntryId) -> schemas.ContactOut:
    """It counts no more."""
    with database.writing() as session:
        gone = contacts.withdraw_contact(session, contact_id, actor=caller.staff_id, now=now)
        return schemas.ContactOut.model_validate(gone)


@router.post("/people/{person_id}/worker", status_code=204, summary="Name who looks after them", responses=_CHANGES)
def name_worker(database: Db, caller: Caller, now: Now, person_id: PersonId, worker: schemas.WorkerIn) -> None:
    """From now on, instead of whoever did."""
    with database.writing() as session:
        looking_after.name_worker(session, person_id, worker.staff_id, actor=caller.staff_id, now=now)


@router.post("/people/{person_id}/cadence", status_code=204, summary="How often to see them", responses=_CHANGES)
def set_cadence(database: Db, caller: Caller, now: Now, person_id: PersonId, cadence: schemas.CadenceIn) -> None:
    """Instead of what the scheme says, or as it says again."""
    with database.writing() as session:
        if cadence.as_scheme:
            looking_after.follow_scheme(session, person_id, actor=caller.staff_id, now=now)
        else:
            looking_after.set_cadence(
                session, person_id, cadence.days, note=cadence.note, actor=caller.staff_id, now=now
            )


@router.get("/people/{person_id}/steps", summary="Agreed steps", responses=responses(404))
def list_steps(
    database: Db, _caller: Caller, person_id: PersonId, after: After = None, limit: Limit = PAGE
) -> PageOut[schemas.StepOut]:
    """Those under way, and the results of the others."""
    with database.reading() as session:
        person_of(session, person_id)
        page = progress.list_steps(session, person_id, after=after, limit=limit)
        return PageOut(items=[schemas.StepOut.model_validate(one) for one in page.items], next=page.next)


@router.post("/people/{person_id}/steps", status_code=201, summary="Agree on a step", responses=_CHANGES)
def agree_step(database: Db, caller: Caller, now: Now, person_id: PersonId, step: schemas.StepIn) -> schemas.StepOut:
    """Under way from then on."""
    with database.writing() as session:
        made = progress.agree_step(
            session, person_id, topic=step.topic, what=step.what, due_on=step.due_on, at=step.at,
            actor=caller.staff_id, now=now,
        )  # fmt: skip
        return schemas.StepOut.model_validate(made)


@router.post("/steps/{step_id}/close", summary="What became of a step", responses=_CHANGES)
def close_step(database: Db, caller: Caller, now: Now, step_id: EntryId, close: schemas.StepCloseIn) -> schemas.StepOut:
    """Obtained, refused, dropped, or not known."""
    with database.writing() as session:
        closed = progress.close_step(
            session, step_id, close.result, note=close.note, at=close.at, actor=caller.staff_id, now=now
        )
        return schemas.StepOut.model_validate(closed)


@router.get("/people/{person_id}/wishes", summary="Wishes and refusals", responses=responses(404))
def list_wishes(
    database: Db, _caller: Caller, person_id: PersonId, after: After = None, limit: Limit = PAGE
) -> PageOut[schemas.WishOut]:
    """In the order of their writing."""
    with database.reading() as session:
        person_of(session, person_id)
        page = progress.list_wishes(session, person_id, after=after, limit=limit)
        return PageOut(items=[schemas.WishOut.model_validate(one) for one in page.items], next=page.next)


@router.post("/people/{person_id}/wishes", status_code=201, summary="Note a wish or refusal", responses=_CHANGES)
def note_wish(database: Db, caller: Caller, now: Now, person_id: PersonId, wish: schemas.WishIn) -> schemas.WishOut:
    """What the person wants, or does not want to be started."""
    with database.writing() as session:
        made = progress.note_wish(
            session, person_id, kind=wish.kind, topic=wish.topic, note=wish.note, at=wish.at,
            actor=caller.staff_id, now=now,
        )  # fmt: skip
        return schemas.WishOut.model_validate(made)


@router.post("/wishes/{wish_id}/end", summary="A wish or refusal holds no more", responses=responses(404))
def end_wish(database: Db, caller: Caller, now: Now, wish_id: EntryId) -> schemas.WishOut:
    """The person changed their mind, or has it."""
    with database.writing() as session:
        return schemas.WishOut.model_validate(progress.end_wish(session, wish_id, actor=caller.staff_id, now=now))


@router.get("/people/{person_id}/supports", summary="Support given", responses=responses(404))
def list_support(
    database: Db, _caller: Caller, person_id: PersonId, after: After = None, limit: Limit = PAGE
) -> PageOut[schemas.SupportOut]:
    """In the order of its writing; what was withdrawn is not among it."""
    with database.reading() as session:
        person_of(session, person_id)
        page = support.list_support(session, person_id, after=after, limit=limit)
        return PageOut(items=[schemas.SupportOut.model_validate(one) for one in page.items], next=page.next)


@router.post("/people/{person_id}/supports", status_code=201, summary="Record support", responses=_CHANGES)
def record_support(
    database: Db, caller: Caller, now: Now, person_id: PersonId, act: schemas.SupportIn
) -> schemas.SupportOut:
    """One act; reports count people, not acts."""
    with database.writing() as session:
        made = support.record_support(
            session, person_id, act.kind, at=act.at, note=act.note, contract_id=act.contract_id,
            partner_id=act.partner_id, certainty=act.certainty, actor=caller.staff_id, now=now,
        )  # fmt: skip
        return schemas.SupportOut.model_validate(made)


@router.post("/supports/{support_id}/withdraw", summary="Support was written by mistake", responses=responses(404))
def withdraw_support(database: Db, caller: Caller, now: Now, support_id: EntryId) -> schemas.SupportOut:
    """It counts no more."""
    with database.writing() as session:
        gone = support.withdraw_support(session, support_id, actor=caller.staff_id, now=now)
        return schemas.SupportOut.model_validate(gone)


@router.get("/people/{person_id}/snapshots", summary="Snapshots at entry and exit", responses=responses(404))
def list_snapshots(
    database: Db, _caller: Caller, person_id: PersonId, after: After = None, limit: Limit = PAGE
) -> PageOut[schemas.SnapshotOut]:
    """Coded, every fact optional."""
    with database.reading() as session:
        person_of(session, person_id)
        page = support.list_snapshots(session, person_id, after=after, limit=limit)
        return PageOut(items=[schemas.SnapshotOut.model_validate(one) for one in page.items], next=page.next)


@router.post("/people/{person_id}/snapshots", summary="How things stood", responses=_CHANGES)
def take_snapshot(
    database: Db, caller: Caller, now: Now, person_id: PersonId, snapshot: schemas.SnapshotIn
) -> schemas.SnapshotOut:
    """One per contract and moment: taken again, it is the same one, completed."""
    with database.writing() as session:
        made = support.take_snapshot(
            session, person_id, snapshot.moment, snapshot.model_dump(include=set(FACTS), exclude_unset=True),
            contract_id=snapshot.contract_id, at=snapshot.at, certainty=snapshot.certainty,
            actor=caller.staff_id, now=now,
        )  # fmt: skip
        return schemas.SnapshotOut.model_validate(made)
