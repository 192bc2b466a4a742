"""Names and notes at rest: unreadable without the keys, found through an index, sealed again under a new key."""

import json
import os
from pathlib import Path

import pytest
from sqlalchemy import select, text

from gateway.db import Database
from gateway.errors import InvalidError, NotFoundError, NotReadyError
from gateway.people import name_index, names, service
from gateway.people.models import NameToken, OtherName, Person
from gateway.privacy import rotation
from gateway.privacy.field_keys import FieldKeys
from gateway.privacy.fields import keys_of
from tests.unit.gateway.town import NOON, Town


def stored(town: Town) -> list[str]:
    with town.reading() as session:
        return list(session.connection().execute(text("SELECT name FROM person ORDER BY id")).scalars())


def found(town: Town, search: str) -> list[str]:
    with town.reading() as session:
        return [person.name for person in service.list_people(session, search=search).items]


def test_a_name_is_not_in_the_database_and_reads_as_it_was_given(town: Town) -> None:
    person = town.person("Zoé Ångström")
    (sealed,) = stored(town)
    assert "Zo" not in sealed
    with town.reading() as session:
        assert service.person_of(session, person.id).name == "Zoé Ångström"


def test_the_same_name_is_never_sealed_alike(town: Town) -> None:
    town.person("Nadia")
    town.person("Nadia")
    assert len(set(stored(town))) == 2


@pytest.mark.parametrize("search", ["élias", "ELIAS", "e", "fon", "Fontaine Él", "lemoine", "saint", "d'ar"])
def test_a_person_is_found_by_how_the_words_of_their_name_begin(town: Town, search: str) -> None:
    town.person("Élias Fontaine-Lemoine de Saint d'Arc")
    town.person("Bogdan Ionescu")
    assert found(town, search) == ["Élias Fontaine-Lemoine de Saint d'Arc"]


@pytest.mark.parametrize("search", ["lias", "fontaines", "elias x", "%", "_", " - "])
def test_what_begins_no_word_finds_nobody(town: Town, search: str) -> None:
    town.person("Élias Fontaine")
    assert found(town, search) == []


def test_a_long_word_is_found_by_its_beginning_and_as_a_whole(town: Town) -> None:
    town.person("Ravalomanjakamamisoa")
    assert found(town, "Ravalomanjakamamisoa") == found(town, "Raval") == ["Ravalomanjakamamisoa"]


def test_a_corrected_name_is_found_and_the_one_before_is_not(town: Town) -> None:
    person = town.person("Nadja")
    with town.writing() as session:
        service.rename(session, person.id, name="Samira", actor="test", now=NOON)
    assert (found(town, "nadja"), found(town, "samira")) == ([], ["Samira"])


def test_another_name_finds_the_same_file_until_it_is_taken_away(town: Town) -> None:
    person = town.person("Camille")
    with town.writing() as session:
        session.add(OtherName(id="n1", person_id=person.id, kind="former", name="Jean Petit", added_at=NOON))
    assert found(town, "petit") == found(town, "cam") == ["Camille"]
    with town.writing() as session:
        session.delete(session.get_one(OtherName, "n1"))
    assert (found(town, "petit"), found(town, "cam")) == ([], ["Camille"])


def test_the_index_says_nothing_without_the_keys(town: Town, tmp_path: Path) -> None:
    town.person("Nadia")
    with town.reading() as session:
        kept = set(session.scalars(select(NameToken.token)))
        mine = {keys_of(session).token("person.name", start) for start in name_index.beginnings("Nadia")}
    other = FieldKeys.of(tmp_path / "elsewhere")
    assert kept == mine
    assert not kept & {other.token("person.name", start) for start in name_index.beginnings("Nadia")}


def test_searching_uses_the_index_and_no_scan_of_people(town: Town) -> None:
    with town.reading() as session:
        if session.get_bind().dialect.name != "sqlite":
            return
        query = name_index.matching(session, select(Person.id), "nad").order_by(Person.id)
        plan = session.connection().exec_driver_sql(
            "EXPLAIN QUERY PLAN " + str(query.compile(session.get_bind(), compile_kwargs={"literal_binds": True}))
        )
        told = [row[3] for row in plan]
    assert any("name_token" in line and "SEARCH" in line for line in told), told
    assert not any(line.startswith("SCAN person") for line in told), told


def test_the_database_is_not_asked_to_compare_what_is_sealed() -> None:
    for ask in (lambda: Person.name == "Nadia", lambda: Person.name.icontains("a"), lambda: Person.name.desc()):
        with pytest.raises(TypeError, match="sealed"):
            ask()


def test_a_value_that_was_moved_or_changed_does_not_open(town: Town, tmp_path: Path) -> None:
    keys = FieldKeys.of(tmp_path)
    sealed = keys.seal("person.name", "Nadia")
    assert keys.open("person.name", sealed) == "Nadia"
    for place, value in (
        ("contact.note", sealed),
        ("person.name", sealed[:-6] + "AAAA=="),
        ("person.name", sealed[:9]),
    ):
        with pytest.raises(NotReadyError) as caught:
            keys.open(place, value)
        assert caught.value.code == "sealed"
    with pytest.raises(NotReadyError, match="restore that file"):
        FieldKeys.of(tmp_path / "elsewhere").open("person.name", sealed)


def test_a_rotation_seals_everything_again_and_drops_the_old_key(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rotation, "AT_A_TIME", 2)
    people = [town.person(name) for name in ("Nadia Benali", "Bogdan", "Céleste", "Dawit", "Elias")]
    with town.reading() as session:
        before = keys_of(session).current
    assert rotation.rotate(town.database, actor="test", now=NOON) == len(people)
    with town.reading() as session:
        assert keys_of(session).ids == {keys_of(session).current} != {before}
    assert not any(sealed.startswith(before) for sealed in stored(town))
    assert found(town, "benali") == ["Nadia Benali"]
    assert len(found(town, "c") + found(town, "d") + found(town, "e")) == 3


def test_a_gateway_that_runs_follows_a_rotation_by_another_process(town: Town, tmp_path: Path) -> None:
    town.person("Nadia")
    FieldKeys.of(tmp_path).add()
    town.person("Nadine")
    assert len({sealed.partition(".")[0] for sealed in stored(town)}) == 2
    assert sorted(found(town, "nad")) == ["Nadia", "Nadine"]


def test_a_rotation_that_was_cut_off_is_finished_by_the_next(town: Town, tmp_path: Path) -> None:
    town.person("Nadia")
    FieldKeys.of(tmp_path).add()
    assert found(town, "nadia") == ["Nadia"]
    assert rotation.rotate(town.database, actor="test", now=NOON) == 1
    assert len(FieldKeys.of(tmp_path).ids) == 1
    assert found(town, "nadia") == ["Nadia"]


def test_every_sealed_column_can_be_sealed_again(database: Database) -> None:
    """A table that refuses every change would end rotations."""
    assert {f"{table.name}.{column.name}" for table, column in rotation.sealed_columns()} >= {"person.name"}
    for table, column in rotation.sealed_columns():
        assert column.type.place == f"{table.name}.{column.name}"


def test_the_key_file_is_for_the_gateway_alone(tmp_path: Path) -> None:
    keys = FieldKeys.of(tmp_path)
    name = keys.current
    assert keys.path.stat().st_mode & 0o777 == 0o600
    assert list(json.loads(keys.path.read_text())["keys"]) == [name]
    assert [path.name for path in keys.path.parent.iterdir()] == ["fields.json"]
    os.chmod(keys.path, 0o640)
    with pytest.raises(NotReadyError, match="chmod 600"):
        _ = FieldKeys.of(tmp_path).current


@pytest.mark.parametrize(
    "content",
    [b"", b"{}", b'{"current": "a", "keys": {}}', b'{"current": "a", "keys": {"a": "AAAA"}}', b'{"current": "\xff"}'],
)
def test_a_broken_key_file_is_said_and_never_replaced(tmp_path: Path, content: bytes) -> None:
    keys = FieldKeys.of(tmp_path)
    keys.path.parent.mkdir()
    keys.path.write_bytes(content)
    keys.path.chmod(0o600)
    with pytest.raises(NotReadyError, match="restore it from a backup"):
        keys.seal("person.name", "Nadia")
    assert keys.path.read_bytes() == content


def test_chosen_legal_and_former_names_are_one_file(town: Town) -> None:
    person, other = town.person("Camille"), town.person("Noor")
    with town.writing() as session:
        legal = names.add_name(session, person.id, kind="legal", name="Jean Petit", actor="test", now=NOON)
        with pytest.raises(InvalidError, match="known: legal"):
            names.add_name(session, person.id, kind="nick", name="X", actor="test", now=NOON)
    assert found(town, "petit") == ["Camille"]
    with town.writing() as session:
        assert [one.name for one in names.names_in(session, person.id)] == ["Jean Petit"]
        with pytest.raises(NotFoundError):
            names.remove_name(session, other.id, legal.id, actor="test", now=NOON)
        names.remove_name(session, person.id, legal.id, actor="test", now=NOON)
    assert found(town, "petit") == []
