"""A person named in a form by what they are called: chosen among the files of that name, or a new one."""

from sqlalchemy.orm import Session

from gateway.errors import ConflictError, NotFoundError
from gateway.people import service
from gateway.people.models import Person
from gateway.web.forms import Form
from gateway.web.visit import Member

# What `person` holds when it is none of those shown.
NEW = "new"
SHOWN = 8


def chosen(session: Session, visit: Member, form: Form, organisation_id: str, now: int) -> str:
    """Whom the form means by `person` (a file, or NEW) or by `name`; a file is made where nobody of that name has one.

    Raises ConflictError (`same_name`), InvalidError (`name`), NotFoundError (`person`).
    """
    person_id = form.get("person")
    if person_id and person_id != NEW:
        return service.person_of(session, person_id).id
    if person_id != NEW and _of_that_name(session, form, organisation_id):
        raise ConflictError("same_name", "someone of that name has a file already: say whether it is one of them")
    return service.add_person(
        session, organisation_id=organisation_id, name=form.get("name"), language=visit.language,
        actor=visit.staff.staff_id, now=now,
    ).id  # fmt: skip


def found(session: Session, visit: Member, form: Form) -> str | None:
    """Whom the form means, among those with a file only; None where it names nobody.

    Raises ConflictError (`same_name`), NotFoundError (`person`, `no_such_name`).
    """
    if form.get("person"):
        return service.person_of(session, form.get("person")).id
    if not form.get("name").strip():
        return None
    people = _of_that_name(session, form, visit.organisation_id)
    if not people:
        raise NotFoundError("no_such_name", "nobody of that name has a file here")
    if len(people) > 1:
        raise ConflictError("same_name", "several people are called that: say which of them it is")
    return people[0].id


def to_choose(session: Session, visit: Member, form: Form, organisation_id: str | None) -> list[tuple[str, str, str]]:
    """Those who may be meant, once a name was typed: file, name, and since when it is there."""
    if not form.get("name").strip() or not form.errors:
        return []
    return [
        (one.id, one.name, visit.say("File of %(day)s", day=visit.day(one.created_at)))
        for one in _of_that_name(session, form, organisation_id)
    ]


def _of_that_name(session: Session, form: Form, organisation_id: str | None) -> list[Person]:
    return list(
        service.list_people(session, search=form.get("name"), organisation_id=organisation_id, limit=SHOWN).items
    )
