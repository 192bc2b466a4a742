"""Another byte that is journaled or stored is another digest; another version of anything is another soak's count."""

import sqlite3

import msgspec
import pytest

from controller import journal_writer
from simulator.world import tree
from simulator.world.run import run
from simulator.world.town import Town
from wire.entries import Entry, encode_entry


def _digest() -> str:
    return run(2, 1, frozenset()).digest


@pytest.fixture(scope="module")
def before() -> str:
    return _digest()


def test_another_byte_in_a_journal_is_another_digest(monkeypatch: pytest.MonkeyPatch, before: str) -> None:
    def salted(entry: Entry) -> bytes:
        return encode_entry(msgspec.structs.replace(entry, body=entry.body | {"salt": 1}))

    monkeypatch.setattr(journal_writer, "encode_entry", salted)
    assert _digest() != before


def test_another_byte_in_the_gateways_database_is_another_digest(monkeypatch: pytest.MonkeyPatch, before: str) -> None:
    rest = Town.rest

    def renames(town: Town) -> None:
        rest(town)
        town.office.gateway.storage.connection.execute("UPDATE organisation SET name = name || '!'")

    monkeypatch.setattr(Town, "rest", renames)
    assert _digest() != before


def test_a_soaks_count_belongs_to_one_sqlite_and_to_one_version_of_what_is_installed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found = {tree.tree_version()}
    monkeypatch.setattr(sqlite3, "sqlite_version", "3.0.0")
    found.add(tree.tree_version())
    for newest in ("1", "2"):
        monkeypatch.setattr(tree, "version", lambda name, newest=newest: newest if name == "sqlalchemy" else "1")
        found.add(tree.tree_version())
    assert len(found) == 4
