"""One person's data in one go: all of theirs, nothing of another's, no digest; that it was taken is recorded."""

import json

from sqlalchemy import select

from gateway.access.models import CommandRecord
from gateway.audit import service as audit
from gateway.badges.models import Badge
from gateway.care.models import Contact
from gateway.contracts import parties
from gateway.people.models import OtherName
from gateway.privacy.export import export
from gateway.privacy.schemas import ExportOut
from gateway.privacy.words import COLUMNS, SECTIONS
from gateway.web.i18n import translations
from tests.unit.gateway.town import DAY, NOON, Town


def taken(town: Town, person_id: str) -> ExportOut:
    with town.writing() as session:
        return ExportOut.model_validate(export(session, person_id, actor="nadia", now=NOON))


def contact(town: Town, person_id: str, note: str) -> None:
    with town.writing() as session:
        session.add(
            Contact(
                id=f"c-{note}", person_id=person_id, at=NOON, kind="met", place="street", note=note,
                recorded_by="test", recorded_at=NOON,
            )
        )  # fmt: skip


def test_everything_of_the_person_is_there_readable_and_nothing_of_another(town: Town) -> None:
    mine, other = town.person("Nadia Benali"), town.person("Bogdan Ionescu")
    town.assign(mine, 1, badge=town.badge(mine))
    town.assign(other, 2, badge=town.badge(other))
    contact(town, mine.id, "at the café")
    contact(town, other.id, "at the station")
    with town.writing() as session:
        session.add(OtherName(id="n", person_id=mine.id, kind="former", name="Zahra", added_at=NOON))
    found = taken(town, mine.id)
    told = found.model_dump_json()
    assert {"person", "badge", "contract", "holding", "contact", "other_name"} <= set(found.tables)
    assert all(word in told for word in ("Nadia Benali", "Zahra", "at the café", "M-001"))
    assert not any(word in told for word in ("Bogdan", "station", "M-002", other.id))
    assert found.organisation == "Emmaus"
    json.loads(told)


def test_no_digest_and_no_pin_leaves_with_an_export(town: Town) -> None:
    person = town.person()
    badge = town.badge(person)
    told = taken(town, person.id).model_dump_json()
    with town.reading() as session:
        assert session.scalars(select(Badge.digest)).one() == badge.digest
    assert badge.digest not in told
    assert '"pin"' not in told


def test_an_opening_from_afar_is_told_to_whoever_was_on_the_contract_then(town: Town) -> None:
    nadia, karim = town.person("Nadia"), town.person("Karim")
    contract, days = town.assign(nadia), (5, 15, 25)
    with town.writing() as session:
        for day in days:
            session.add(
                CommandRecord(
                    id=f"open-{day}", bank_id=town.bank, kind="open", args={}, locker=1, requested_by="test",
                    reason="holder_asked", requested_at=NOON + day * DAY, state="done",
                )
            )  # fmt: skip
        parties.join(session, contract.id, person_id=karim.id, actor="test", now=NOON + 10 * DAY)
        parties.part(session, contract.id, person_id=nadia.id, actor="test", now=NOON + 20 * DAY)
    found = [[(row["at"] - NOON) // DAY for row in taken(town, one.id).openings] for one in (nadia, karim)]
    assert found == [[5, 15], [15, 25]]


def test_an_export_is_recorded_and_says_what_staff_did(town: Town) -> None:
    person = town.person()
    taken(town, person.id)
    assert [row["action"] for row in taken(town, person.id).actions] == ["person_added", "file_exported"]
    with town.reading() as session:
        assert [row.actor for row in audit.trail(session, person.id)][:2] == ["nadia", "nadia"]


def test_what_a_person_reads_of_their_file_is_in_their_language() -> None:
    for language in ("fr", "pt"):
        known = translations(language)._catalog  # type: ignore[attr-defined]
        lacking = [text for text in (*SECTIONS.values(), *COLUMNS.values()) if text not in known]
        assert not lacking
