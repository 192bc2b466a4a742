"""What every entry in a person's file is checked for: the file is open, its text is short, its instant is past."""

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from gateway.errors import InvalidError
from gateway.people.models import Person
from gateway.people.service import file_erased, no_such_person
from gateway.prepared import Prepared

MAX_NOTE = 2_000
# A phone's clock may run ahead of ours.
CLOCK_SLACK_MS = 5 * 60_000
# Made once: it is asked with every entry, and a name is not unsealed for it.
_FILE = Prepared(select(Person.organisation_id, Person.erased_at).where(Person.id == bindparam("person")))


def open_file(session: Session, person_id: str) -> str:
    """The organisation whose file it is. Raises NotFoundError (`person`), ConflictError (`erased`)."""
    session.flush()  # the question below does not see what is pending
    found = _FILE.first(session.connection(), {"person": person_id})
    if found is None:
        raise no_such_person()
    if found[1] is not None:
        raise file_erased()
    return str(found[0])


def note(text: str | None) -> str | None:
    """The text without spaces around it, None if nothing is left. Raises InvalidError with code `note`."""
    kept = (text or "").strip()
    if len(kept) > MAX_NOTE:
        raise InvalidError("note", f"a note has at most {MAX_NOTE} characters: shorten it")
    return kept or None


def note_in(session: Session, person_id: str, text: str | None) -> str | None:
    """As note, into that person's file: what is closed there without a word is closed in an erased file too.

    Raises InvalidError (`note`), ConflictError (`erased`).
    """
    kept = note(text)
    if kept is not None:
        open_file(session, person_id)
    return kept


def happened(at: int | None, now: int) -> int:
    """The instant something was so, `now` if none is given. Raises InvalidError with code `at` if it is to come."""
    if at is None:
        return now
    if not 0 < at <= now + CLOCK_SLACK_MS:
        raise InvalidError("at", "this is yet to come: give the time at which it was so")
    return min(at, now)
