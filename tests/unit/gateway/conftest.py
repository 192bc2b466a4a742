"""A small town on a real database, SQLite and PostgreSQL: one site, one bank of six lockers, a few people."""

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from gateway import migrations
from gateway.access.keystore import Keystore
from gateway.db import Database
from tests.unit.gateway.town import Town, found_town

POSTGRESQL = Path("/usr/lib/postgresql/15/bin")


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sqlite") / "template.db"
    database = Database(f"sqlite:///{path}")
    migrations.migrate(database)
    database.close()
    assert not path.with_name("template.db-wal").exists()
    return path


@pytest.fixture(scope="session")
def postgresql(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A PostgreSQL of its own, as an unprivileged user, with a migrated database `template_casier`."""
    if not (POSTGRESQL / "postgres").exists():
        pytest.skip("postgresql is not installed")
    home = tmp_path_factory.mktemp("postgresql")
    as_user: list[str] = []
    if os.geteuid() == 0:
        as_user = ["runuser", "-u", "postgres", "--"]
        for folder in (home, *home.parents):
            if folder.is_relative_to("/tmp") and folder != Path("/tmp"):
                folder.chmod(0o755)
        shutil.chown(home, "postgres")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]

    def run(*command: str) -> None:
        subprocess.run([*as_user, *command], check=True, capture_output=True, cwd="/", timeout=60)

    data = home / "data"
    run(str(POSTGRESQL / "initdb"), "-D", str(data), "-U", "casier", "--auth=trust", "-E", "UTF8", "--no-sync")
    options = f"-c port={port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={home} -c fsync=off"
    run(str(POSTGRESQL / "pg_ctl"), "-D", str(data), "-w", "-l", str(home / "log"), "-o", options, "start")
    try:
        server = f"postgresql://casier@127.0.0.1:{port}"
        with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
            connection.execute("CREATE DATABASE template_casier")
        database = Database(f"{server}/template_casier")
        migrations.migrate(database)
        database.close()
        yield server
    finally:
        run(str(POSTGRESQL / "pg_ctl"), "-D", str(data), "-m", "immediate", "-w", "stop")


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("sqlite_template"), tmp_path / "casier.db")
        made = Database(f"sqlite:///{tmp_path / 'casier.db'}")
    else:
        server = request.getfixturevalue("postgresql")
        name = f"t{os.urandom(6).hex()}"
        with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE template_casier")
        made = Database(f"{server}/{name}")
    yield made
    made.close()


@pytest.fixture
def keystore(tmp_path: Path) -> Keystore:
    return Keystore(tmp_path)


@pytest.fixture
def town(database: Database, keystore: Keystore) -> Town:
    return found_town(database, keystore)
