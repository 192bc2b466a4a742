"""What every entry in a person's file is checked for: the file is open, its text is short, its instant is past."""

from sqlalchemy.orm import Session

from gateway.errors import ConflictError, InvalidError
from gateway.people.models import Person
from gateway.people.service import person_of

MAX_NOTE = 2_000
# A phone's clock may run ahead of ours.
CLOCK_SLACK_MS = 5 * 60_000


def open_file(session: Session, person_id: str) -> Person:
    """Raises NotFoundError (`person`), ConflictError (`erased`)."""
    person = person_of(session, person_id)
    if person.erased_at is not None:
        raise ConflictError("erased", "this file was erased: make a new one for the person")
    return person


def note(text: str | None) -> str | None:
    """The text without spaces around it, None if nothing is left. Raises InvalidError with code `note`."""
    kept = (text or "").strip()
    if len(kept) > MAX_NOTE:
        raise InvalidError("note", f"a note has at most {MAX_NOTE} characters: shorten it")
    return kept or None


def happened(at: int | None, now: int) -> int:
    """The instant something was so, `now` if none is given. Raises InvalidError with code `at` if it is to come."""
    if at is None:
        return now
    if not 0 < at <= now + CLOCK_SLACK_MS:
        raise InvalidError("at", "this is yet to come: give the time at which it was so")
    return min(at, now)
