"""A small town on a real database, SQLite and PostgreSQL: one site, one bank of six lockers, a few people."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from gateway import migrations
from gateway.access.keystore import Keystore
from gateway.db import Database
from gateway.privacy.field_keys import FieldKeys
from gateway.privacy.fields import use_keys
from tests.one_app import quick_disk, quick_passwords
from tests.postgresql import POSTGRESQL
from tests.unit.gateway.town import Town, found_town

__all__ = ["quick_disk", "quick_passwords"]


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sqlite") / "template.db"
    database = Database(f"sqlite:///{path}")
    migrations.migrate(database)
    database.close()
    assert not path.with_name("template.db-wal").exists()
    return path


@pytest.fixture(scope="session")
def keys_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The key files of a gateway: each is made with care for the disk, which takes longer than most tests."""
    home = tmp_path_factory.mktemp("keys")
    Keystore(home)
    assert FieldKeys.of(home).current
    return home / "keys"


@pytest.fixture
def data_dir(keys_template: Path, tmp_path: Path) -> Path:
    """With its keys in it."""
    shutil.copytree(keys_template, tmp_path / "keys")
    return tmp_path


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """A PostgreSQL of its own, as an unprivileged user, that promises nothing about a crash."""
    if not (POSTGRESQL / "postgres").exists():
        pytest.skip("postgresql is not installed")
    home = Path(tempfile.mkdtemp(prefix="casier-pg-"))
    account: dict[str, Any] = {}
    if os.geteuid() == 0:
        shutil.chown(home, "postgres", "postgres")
        account = {"user": "postgres", "group": "postgres", "extra_groups": []}
    subprocess.run(
        [POSTGRESQL / "initdb", "-D", home / "data", "-U", "casier", "--auth=trust", "-E", "UTF8", "--no-sync"],
        check=True, capture_output=True, cwd="/", timeout=60, **account,
    )  # fmt: skip
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen(
        [
            POSTGRESQL / "postgres", "-D", home / "data", "-p", str(port), "-c", "listen_addresses=127.0.0.1",
            "-c", f"unix_socket_directories={home}", "-c", "log_min_messages=fatal",
            "-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off",
        ],
        cwd="/", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **account,
    )  # fmt: skip
    server = f"postgresql://casier@127.0.0.1:{port}"
    try:
        _connect_soon(f"{server}/postgres").close()
        yield server
    finally:
        process.send_signal(signal.SIGQUIT)
        process.wait(30)
        shutil.rmtree(home, ignore_errors=True)


def _connect_soon(url: str) -> psycopg.Connection:
    deadline = time.monotonic() + 30
    while True:
        try:
            return psycopg.connect(url, autocommit=True)
        except psycopg.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


@pytest.fixture(scope="session")
def postgresql_database(postgresql: str) -> Iterator[Database]:
    with psycopg.connect(f"{postgresql}/postgres", autocommit=True) as connection:
        connection.execute("CREATE DATABASE casier")
    database = Database(f"{postgresql}/casier")
    migrations.migrate(database)
    yield database
    database.close()


# A new database for each test took longer than most tests; rows are few, and the guards on them are for programs.
EMPTY = """
DO $$ DECLARE name text; BEGIN
    SET LOCAL session_replication_role = replica;
    FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'alembic_version' LOOP
        EXECUTE 'DELETE FROM ' || quote_ident(name);
    END LOOP;
    FOR name IN SELECT sequencename FROM pg_sequences WHERE last_value IS NOT NULL LOOP
        EXECUTE 'ALTER SEQUENCE ' || quote_ident(name) || ' RESTART';
    END LOOP;
END $$
"""


@pytest.fixture(scope="session")
def sqlite_database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """One for all tests, so that no statement is compiled twice; `database` puts a new file beneath it."""
    made = Database(f"sqlite:///{tmp_path_factory.mktemp('casier') / 'casier.db'}")
    yield made
    made.close()


def _renewed(database: Database, template: Path) -> None:
    database.close()
    path = Path(database.engine.url.database or "")
    for stale in path.parent.glob("casier.db*"):
        stale.unlink()
    shutil.copy(template, path)


# Where the claim is about the database: constraints, triggers, locks, migrations, what is read and summed in SQL.
ON_BOTH = frozenset({
    "test_access_lists", "test_audit_chain", "test_contracts", "test_database_errors", "test_decisions",
    "test_due_files", "test_erasing", "test_event_indexes", "test_files_of_couples", "test_history", "test_ingest",
    "test_inventory", "test_judgement", "test_kept_openings", "test_ledger", "test_lending", "test_migration_0017",
    "test_money", "test_movements", "test_observations", "test_outcomes", "test_parts_of_a_file",
    "test_people_of_a_contract", "test_places", "test_prepared", "test_read_facts", "test_ready_lockers",
    "test_tables", "test_units_of_work", "test_whose_belongings",
})  # fmt: skip
# A file that was given another name would lose PostgreSQL unseen.
assert {path.stem for path in Path(__file__).parent.rglob("test_*.py")} >= ON_BOTH


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """On SQLite and PostgreSQL where the claim is about the database, on SQLite otherwise."""
    chosen = any("database" in str(mark.args[0]) for mark in metafunc.definition.iter_markers("parametrize"))
    if "database" in metafunc.fixturenames and not chosen:
        kinds = ["sqlite", "postgresql"] if metafunc.definition.path.stem in ON_BOTH else ["sqlite"]
        metafunc.parametrize("database", kinds, indirect=True)


@pytest.fixture
def database(request: pytest.FixtureRequest, data_dir: Path) -> Iterator[Database]:
    """Migrated and empty. Whoever changes its schema puts that back: on PostgreSQL all tests share one."""
    shared: Database = request.getfixturevalue(f"{request.param}_database")
    if request.param == "sqlite":
        _renewed(shared, request.getfixturevalue("sqlite_template"))
    else:
        with shared.engine.begin() as connection:
            connection.exec_driver_sql(EMPTY)
    use_keys(shared.engine, FieldKeys.of(data_dir))
    yield shared
    shared.listeners.clear()


@pytest.fixture
def keystore(data_dir: Path) -> Keystore:
    return Keystore(data_dir)


@pytest.fixture
def town(database: Database, keystore: Keystore) -> Town:
    return found_town(database, keystore)
