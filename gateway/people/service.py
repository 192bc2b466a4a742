"""People: adding, finding, naming them."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway.audit import service as audit
from gateway.db import new_id
from gateway.errors import ConflictError, InvalidError, NotFoundError
from gateway.lockers.models import Organisation
from gateway.paging import PAGE_SIZE, Page, page_of
from gateway.people import name_index
from gateway.people.models import Person

LANGUAGES = ("fr", "en", "pt")
MAX_NAME = 200


def add_person(
    session: Session, *, organisation_id: str, name: str, language: str = "fr", actor: str, now: int
) -> Person:
    """A new file. Raises InvalidError (`name`, `language`), NotFoundError (`organisation`)."""
    if session.get(Organisation, organisation_id) is None:
        raise NotFoundError("organisation", "no such organisation")
    if language not in LANGUAGES:
        raise InvalidError("language", f"unknown language {language[:20]!r}; known: {', '.join(LANGUAGES)}")
    person = Person(
        id=new_id(now),
        organisation_id=organisation_id,
        name=checked_name(name),
        language=language,
        created_at=now,
    )
    session.add(person)
    session.flush()
    audit.record(session, actor=actor, action="person_added", subject=person.id, now=now)
    return person


def rename(session: Session, person_id: str, *, name: str, actor: str, now: int) -> Person:
    """Corrects the name on a file. Raises as add_person and open_person."""
    person = open_person(session, person_id)
    person.name = checked_name(name)
    audit.record(session, actor=actor, action="person_renamed", subject=person.id, now=now)
    return person


def person_of(session: Session, person_id: str) -> Person:
    """Raises NotFoundError with code `person`."""
    person = session.get(Person, person_id)
    if person is None:
        raise no_such_person()
    return person


def open_person(session: Session, person_id: str) -> Person:
    """Whoever has a file that takes new things. Raises NotFoundError (`person`), ConflictError (`erased`)."""
    person = person_of(session, person_id)
    if person.erased_at is not None:
        raise file_erased()
    return person


def no_such_person() -> NotFoundError:
    """The refusal where there is no file of that id."""
    return NotFoundError("person", "no such person")


def file_erased() -> ConflictError:
    """The refusal where the file was erased: nothing would ever erase what is put in now."""
    return ConflictError("erased", "this file was erased: make a new one for the person")


def list_people(
    session: Session,
    *,
    search: str | None = None,
    organisation_id: str | None = None,
    after: str | None = None,
    limit: int = PAGE_SIZE,
) -> Page[Person]:
    """People, of one organisation or of all, in the order of their files' making.

    Each word of `search` begins a word of a name, whatever the case.
    """
    query = select(Person).where(Person.erased_at.is_(None))
    if organisation_id is not None:
        query = query.where(Person.organisation_id == organisation_id)
    if search:
        query = name_index.matching(session, query, search)
    return page_of(session, query, Person.id, after=after, limit=limit)


def checked_name(name: str) -> str:
    """A name on one line, without surrounding spaces. Raises InvalidError with code `name`."""
    text = name.strip()
    if not 1 <= len(text) <= MAX_NAME or not text.isprintable():
        raise InvalidError("name", f"a name has 1 to {MAX_NAME} characters, on one line")
    return text
