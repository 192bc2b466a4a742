"""Files of people: when they are due, what is written into them, and all that is stored anywhere."""

from gateway import tables
from gateway.care.models import Contact
from gateway.people.models import Person
from gateway.privacy import erasure
from tests.unit.gateway.town import DAY, NOON, Town

# The contract of a test ends on 31 December 2026, with two weeks to collect.
LONG_AFTER = NOON + 1000 * DAY


def due(town: Town, now: int) -> list[str]:
    with town.reading() as session:
        return [one.person_id for one in erasure.due(session, now=now)]


def seen(town: Town, person: Person, at: int, note: str = "met at the café") -> None:
    with town.writing() as session:
        session.add(
            Contact(
                id=f"c{at}", person_id=person.id, at=at, kind="met", place="street", note=note, recorded_by="test",
                recorded_at=at,
            )
        )  # fmt: skip


def everything(town: Town) -> str:
    with town.reading() as session:
        return "".join(repr(session.execute(table.select()).all()) for table in tables.METADATA.sorted_tables)
