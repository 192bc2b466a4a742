"""A real mosquitto, the gateway as a process of its own, and scripted controllers."""

import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import pytest

from gateway import migrations
from gateway.access.keystore import Keystore
from gateway.access.service import add_controller, ensure_badge_key
from gateway.db import Database
from gateway.lockers import service as places
from gateway.privacy.field_keys import FieldKeys
from gateway.staff import service as accounts
from tests import started
from tests.integration.gateway.scripted import ScriptedController, now_ms, soon

PASSWORD = "correct horse battery"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@cache
def migrated() -> bytes:
    """An SQLite file that migrations have made."""
    with tempfile.TemporaryDirectory() as home:
        database = Database(f"sqlite:///{home}/casier.db")
        migrations.migrate(database)
        database.close()
        return Path(home, "casier.db").read_bytes()


@dataclass
class Broker:
    """Mosquitto on a port of its own; its retained messages and sessions end with it."""

    home: Path
    port: int
    process: "subprocess.Popen[bytes] | None" = None

    def start(self) -> None:
        config = self.home / "mosquitto.conf"
        config.write_text(
            f"listener {self.port} 127.0.0.1\nallow_anonymous true\nset_tcp_nodelay true\n"
            "max_queued_messages 0\nmax_inflight_messages 0\nuser root\n"
        )
        binary = shutil.which("mosquitto") or "/usr/sbin/mosquitto"
        self.process = subprocess.Popen([binary, "-c", config], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        soon(self._answers)

    def stop(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait(10)
            self.process = None

    def _answers(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.port), 1).close()
        except OSError:
            return False
        return True


@dataclass
class Gateway:
    """The program under test, its data directory, and a client that carries a token."""

    home: Path
    broker_port: int
    url: str = ""
    process: started.Started | None = None
    api: httpx.Client = field(default_factory=httpx.Client)

    @property
    def environment(self) -> dict[str, str]:
        plain = {name: value for name, value in os.environ.items() if not name.startswith("CASIER_")}
        return plain | {
            "CASIER_DATA_DIR": str(self.home),
            "CASIER_GATEWAY_PORT": "0",
            "CASIER_BROKER_PORT": str(self.broker_port),
        }

    def run(self, *arguments: str, check: bool = True) -> "subprocess.CompletedProcess[str]":
        done = started.run(arguments, self.environment, self.home.parent / "command.log")
        assert not check or done.returncode == 0, done.stderr
        return done

    def start(self) -> None:
        self.process = started.Started(("serve",), self.environment, self.home.parent / "gateway.log")
        line = self.process.stdout.readline()
        assert line, (self.home.parent / "gateway.log").read_text()
        self.url = json.loads(line)["ready"]
        self.api = httpx.Client(base_url=self.url, headers=dict(self.api.headers), timeout=20)
        soon(lambda: self.api.get("/readyz").status_code == 200)

    def stop(self) -> int:
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(15)
        self.process.stdout.close()
        self.process = None
        self.api.close()
        return code

    def settle(self) -> None:
        """The data directory with a database in it, empty."""
        self.home.mkdir()
        (self.home / "casier.db").write_bytes(migrated())

    def sign_in(self) -> None:
        """A database with an account and its token."""
        self.settle()
        self.open_account()

    def open_account(self) -> None:
        """An account and its token, made as the command line makes them (test_cli.py), only quicker."""
        database, now = self.database(), now_ms()
        with database.writing() as session:
            staff = accounts.add_staff(
                session, email="worker@example.org", name="Test Worker", password=PASSWORD, actor="test", now=now
            )
            token = accounts.add_token(session, staff.id, "test", actor="test", now=now)
        database.close()
        self.api.headers["Authorization"] = f"Bearer {token}"

    def join(self, controller: ScriptedController, lockers: int) -> None:
        """Joins a controller by hand."""
        database, keystore, now = self.database(), Keystore(self.home), now_ms()
        with database.writing() as session:
            owner = places.organisation_named(session, "Emmaus", actor="test", now=now)
            site = places.site_named(
                session, "Montreuil", organisation_id=owner.id, zone="Europe/Paris", actor="test", now=now
            )
            places.add_bank(session, bank_id=controller.bank, site_id=site.id, name="M", actor="test", now=now)
            places.add_lockers(session, controller.bank, range(1, lockers + 1), actor="test", now=now)
            add_controller(session, bank_id=controller.bank, keys=controller.token, actor="test", now=now)
            ensure_badge_key(session, keystore, site.id, now=now)
        database.close()
        controller.trust(keystore.root_token)

    def log_text(self) -> str:
        return (self.home.parent / "gateway.log").read_text()

    def database(self) -> Database:
        return Database(f"sqlite:///{self.home / 'casier.db'}", FieldKeys.of(self.home))

    def call(self, method: str, path: str, expect: int = 200, **body: Any) -> Any:
        answer = self.api.request(method, f"/api/v1{path}", json=body or None)
        assert answer.status_code == expect, answer.text
        return answer.json() if answer.content else None


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    (tmp_path / "broker").mkdir()
    made = Broker(tmp_path / "broker", free_port())
    made.start()
    yield made
    made.stop()


@pytest.fixture
def gateway(broker: Broker, tmp_path: Path) -> Iterator[Gateway]:
    made = Gateway(tmp_path / "data", broker.port)
    made.sign_in()
    made.start()
    yield made
    if made.process is not None:
        assert made.stop() in (0, -signal.SIGTERM)
    assert "Traceback" not in made.log_text()


Join = Callable[..., ScriptedController]


@pytest.fixture
def join(gateway: Gateway, broker: Broker) -> Iterator[Join]:
    """Makes a controller and joins it by hand, as an operator does."""
    made: list[ScriptedController] = []

    def joined(bank: str = "montreuil-1", lockers: int = 6, connect: bool = True) -> ScriptedController:
        controller = ScriptedController(bank, "127.0.0.1", broker.port)
        made.append(controller)
        gateway.join(controller, lockers)
        if connect:
            controller.connect()
            soon(controller.is_welcome)
        return controller

    yield joined
    for controller in made:
        controller.disconnect(clean=False)
