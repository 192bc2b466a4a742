"""What belongs to a file: every table that names a person and every sealed text, and each can be emptied."""

import pytest
from sqlalchemy import select

from gateway import tables
from gateway.privacy import erasure
from gateway.privacy.fields import EncryptedText
from gateway.privacy.files import NOT_IN_FILES, SHARED, parts
from tests.unit.gateway.town import Town


def test_every_sealed_text_belongs_to_a_file_or_is_known_not_to() -> None:
    """A table of tomorrow that leads to nobody is decided on here: is it about people?"""
    found = {part.table.name for part in parts()} | set(SHARED) | NOT_IN_FILES
    outside = {
        table.name
        for table in tables.METADATA.sorted_tables
        for column in table.columns
        if isinstance(column.type, EncryptedText) and table.name not in found
    }
    assert outside == {
        "partner",  # someone at another organisation
        "alert_channel", "openings_request", "desk_shift", "override_use",  # what staff say of their own doing
        "police_request",  # kept as evidence of what was given out, without the person's name
    }  # fmt: skip


def test_every_table_that_names_a_person_is_in_the_file() -> None:
    found = {part.table.name for part in parts()} | NOT_IN_FILES
    for table in tables.METADATA.sorted_tables:
        # Of whom the police asked is no part of what that person is told.
        if "person_id" in table.columns and table.name != "police_subject":
            assert table.name in found, table.name


@pytest.mark.parametrize("part", [pytest.param(part, id=part.table.name) for part in parts()])
def test_every_table_of_a_file_can_be_emptied_and_asked_for_its_newest_day(town: Town, part) -> None:
    """No trigger and no constraint stands in the way; without rows that is asked of the statements alone."""
    person = town.person()
    with town.writing() as session:
        list(erasure._newest(session, part))
        for column in erasure.personal(part.table):
            session.execute(erasure._emptied(part.table, column, part.ids(person.id)))
        session.execute(select(part.table).where(part.ids(person.id)))


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@pytest.mark.parametrize("part", [pytest.param(part, id=part.table.name) for part in parts() if part.of_a_contract])
def test_what_is_a_person_s_by_a_contract_is_found_by_an_index(town: Town, part) -> None:
    """On PostgreSQL the plans depend on what it has counted."""
    for alone in (False, True):
        query = select(part.table).where(part.ids("someone", alone=alone))
        asked = query.compile(town.database.engine, compile_kwargs={"literal_binds": True})
        with town.reading() as session:
            steps = session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {asked}")
            assert [row[3] for row in steps if row[3].startswith("SCAN")] == []
