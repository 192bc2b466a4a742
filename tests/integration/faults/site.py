"""One site of real processes under load: PostgreSQL or SQLite, the gateway, mosquitto, a proxy, a controller, badges.

Whatever befalls it, `compare` ends each test: the controller's journal and the gateway's rows are equal.
"""

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import psycopg
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError

from controller.bootstrap import load_identity
from controller.control_socket import ask
from controller.errors import ControlError
from controller.journal import NAME
from controller.trust import write_root
from gateway import migrations
from gateway.access import service as access
from gateway.access.keystore import Keystore
from gateway.contracts import service as contracts
from gateway.days import local_day
from gateway.db import Database
from gateway.events.models import Event
from gateway.lockers import service as lockers
from gateway.people import service as people
from gateway.privacy.field_keys import FieldKeys
from gateway.staff import service as staff
from simulator.broker import BrokerProcess, free_port
from simulator.scenario import BadgePlan, BankPlan, Places, XorPlan, controller_toml
from tests.integration.controller.conftest import Bench
from tests.integration.faults.proxy import Proxy
from tests.postgresql import POSTGRESQL
from wire.entries import Entry, EntryType, decode_entry
from wire.keys import controller_token

BANK, LOCKERS, ZONE = "montreuil-1", 24, "Europe/Paris"
GATEWAY = Path(sys.executable).with_name("casier-gateway")
# One coil at a time, 300 ms and a pause: a badge every half a second is all that a bank of one power group takes.
TAP_EVERY_S = 0.5
Row = tuple[str, int, bytes, bytes]  # epoch, seq, line, hash


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def eventually(what: str, look: Callable[[], Any], within_s: float = 20) -> Any:
    """What `look` answers as soon as it is true."""
    deadline = time.monotonic() + within_s
    while not (answer := look()):
        assert time.monotonic() < deadline, f"not within {within_s} s: {what}"
        time.sleep(0.02)
    return answer


@contextmanager
def filled(disk: Path) -> Iterator[None]:
    """There is no byte of room left on it."""
    ballast = disk / "ballast"
    # Without a buffer: what did not fit would be written again when the file is closed.
    with ballast.open("wb", buffering=0) as filling, suppress(OSError):
        while True:
            filling.write(bytes(4_096))
    yield
    ballast.unlink()


@contextmanager
def read_only(disk: Path) -> Iterator[None]:
    """As the kernel makes a card that answers with errors; what is written to must be closed first."""
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
    yield
    subprocess.run(["mount", "-o", "remount,rw", str(disk)], check=True)


class Postgresql:
    """A server of its own, as an unprivileged user, that can be killed and started again; it forgets nothing."""

    def __init__(self) -> None:
        self.home = Path(tempfile.mkdtemp(prefix="casier-pg-"))
        self.port = free_port()
        self._account: dict[str, Any] = {}
        if os.geteuid() == 0:
            shutil.chown(self.home, "postgres", "postgres")
            self._account = {"user": "postgres", "group": "postgres", "extra_groups": []}
        self._process: subprocess.Popen[bytes] | None = None
        subprocess.run(
            [POSTGRESQL / "initdb", "-D", self.home / "data", "-U", "casier", "--auth=trust", "-E", "UTF8"],
            check=True, capture_output=True, cwd="/", timeout=60, **self._account,
        )  # fmt: skip

    @property
    def url(self) -> str:
        return f"postgresql://casier@127.0.0.1:{self.port}/postgres"

    def start(self) -> None:
        self._process = subprocess.Popen(
            [
                POSTGRESQL / "postgres", "-D", self.home / "data", "-p", str(self.port),
                "-c", "listen_addresses=127.0.0.1", "-c", f"unix_socket_directories={self.home}",
            ],
            cwd="/", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **self._account,
        )  # fmt: skip
        eventually("PostgreSQL answers", self._answers, 30)

    def kill(self) -> None:
        """An immediate shutdown: as a power cut, with nobody left behind."""
        assert self._process is not None
        self._process.send_signal(signal.SIGQUIT)
        self._process.wait(30)

    def close(self) -> None:
        self.kill()
        shutil.rmtree(self.home, ignore_errors=True)

    def _answers(self) -> bool:
        try:
            psycopg.connect(self.url, connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True


class GatewayProcess:
    """The shipped gateway on its port, with an operator's token."""

    def __init__(self, home: Path, database_url: str, broker_port: int) -> None:
        self.home, self.url = home, database_url
        self.token = ""
        self._address = ""
        self._log = home.parent / "gateway.log"
        plain = {name: value for name, value in os.environ.items() if not name.startswith("CASIER_")}
        self._environment = plain | {
            "CASIER_DATA_DIR": str(home), "CASIER_DATABASE_URL": database_url, "CASIER_GATEWAY_PORT": "0",
            "CASIER_BROKER_PORT": str(broker_port),
        }  # fmt: skip
        self._process: subprocess.Popen[str] | None = None

    def database(self) -> Database:
        return Database(self.url, FieldKeys.of(self.home))

    def start(self) -> None:
        with self._log.open("a") as log:
            self._process = subprocess.Popen(
                [GATEWAY, "serve"], env=self._environment, stdout=subprocess.PIPE, stderr=log, text=True
            )
        assert self._process.stdout is not None
        ready = self._process.stdout.readline()
        assert ready, self._log.read_text()[-3_000:]
        self._address = json.loads(ready)["ready"]

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def call(self, method: str, path: str, **body: Any) -> Any:
        """What the API answers."""
        headers = {"Authorization": f"Bearer {self.token}"}
        answer = httpx.request(method, f"{self._address}/api/v1{path}", json=body or None, headers=headers, timeout=30)
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None

    def end(self, how: signal.Signals = signal.SIGTERM) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.send_signal(how)
            process.wait(20)
            assert process.stdout is not None
            process.stdout.close()


class ControllerProcess:
    """The shipped controller on its data directory, beside a simulated bank of its own."""

    def __init__(self, folder: Path, broker_port: int, data: Path | None = None) -> None:
        folder.mkdir()
        badges = tuple(BadgePlan(f"b{number}", f"62E3086{number:03X}") for number in range(1, LOCKERS + 1))
        plan = BankPlan(BANK, {"a": XorPlan(channels=LOCKERS)}, light=None, badges=badges)
        places = Places(folder, "devices")
        self.data, self.config, self._log = data or folder / "data", folder / "bank.toml", folder / "controller.log"
        toml = controller_toml(plan, places, data_dir=self.data, broker=("127.0.0.1", broker_port))
        self.config.write_text(f'{toml}\n[time]\nsystem_clock = "trusted"\n')
        self.bench = Bench(plan, places, pacing=False, closes_after_ms=150)
        self.releases = 0
        self.bench.bank.on_unlock = lambda _unlock: setattr(self, "releases", self.releases + 1)
        self._environment = {**os.environ, **places.environment()}
        self._process: subprocess.Popen[str] | None = None

    @property
    def token(self) -> str:
        identity = load_identity(self.data)
        return controller_token(
            *(key.public_key().public_bytes_raw() for key in (identity.device, identity.encryption))
        )

    def start(self) -> None:
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "controller", "run", "--config", str(self.config)],
                stdout=subprocess.PIPE, stderr=log, text=True, env=self._environment,
            )  # fmt: skip
        assert self._process.stdout is not None
        assert self._process.stdout.readline(), self._log.read_text()[-3_000:]

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def end(self, how: signal.Signals = signal.SIGTERM) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.send_signal(how)
            process.wait(15)
            assert process.stdout is not None
            process.stdout.close()

    def status(self) -> dict[str, Any]:
        try:
            return ask(self.data, {"do": "status"})
        except (ControlError, OSError, json.JSONDecodeError):
            return {}

    def journal(self) -> list[Row]:
        """Every entry on its disk."""
        with closing(sqlite3.connect(f"file:{self.data / NAME}?mode=ro", uri=True, timeout=5)) as disk:
            return disk.execute(
                "SELECT epoch.epoch, seq, line, hash FROM entry JOIN epoch USING (no) ORDER BY 1, 2"
            ).fetchall()

    def pruned(self) -> dict[str, int]:
        """Through which seq of each epoch its disk has let go of what was receipted: a full one does so early."""
        with closing(sqlite3.connect(f"file:{self.data / NAME}?mode=ro", uri=True, timeout=5)) as disk:
            return dict(disk.execute("SELECT epoch, pruned FROM epoch").fetchall())

    def close(self) -> None:
        self.end(signal.SIGKILL)
        self.bench.close()


class Site:
    """All of it; `postgresql` None is SQLite. Badges come and go until `calm`."""

    def __init__(
        self, folder: Path, postgresql: Postgresql | None = None, controller_data: Path | None = None,
        gateway_home: Path | None = None,
    ) -> None:  # fmt: skip
        self.postgresql = postgresql
        self.broker = BrokerProcess("mosquitto", free_port(), folder / "broker")
        self.proxy = Proxy(self.broker.port)
        self.controller = ControllerProcess(folder / "bank", self.proxy.port, controller_data)
        home = gateway_home or folder / "gateway"
        home.mkdir()
        url = postgresql.url if postgresql else f"sqlite:///{home / 'casier.db'}"
        self.gateway = GatewayProcess(home, url, self.broker.port)
        self._calm = threading.Event()
        self._load = threading.Thread(target=self._come_and_go, daemon=True)
        self.taps = 0

    def begin(self) -> None:
        """Everything up, every badge with a contract and its list in force; then people come."""
        self._found()
        self.broker.start()
        self.gateway.start()
        self.controller.start()
        eventually("the list is in force", lambda: self.controller.status().get("list_version"))
        self._load.start()
        self.busy(2)

    def _found(self) -> None:
        database, keystore, now = self.gateway.database(), Keystore(self.gateway.home), now_ms()
        migrations.migrate(database)
        token = self.controller.token
        with database.writing() as session:
            owner = lockers.organisation_named(session, "Emmaus", actor="test", now=now)
            site = lockers.site_named(session, "Montreuil", organisation_id=owner.id, zone=ZONE, actor="test", now=now)
            lockers.add_bank(session, bank_id=BANK, site_id=site.id, name="M", actor="test", now=now)
            lockers.add_lockers(session, BANK, range(1, LOCKERS + 1), actor="test", now=now)
            access.add_controller(session, bank_id=BANK, keys=token, actor="test", now=now)
            operator = staff.add_staff(
                session, email="operator@example.org", name="Operator", password="un mot de passe long",
                role="operator", actor="test", now=now,
            )  # fmt: skip
            self.gateway.token = staff.add_token(session, operator.id, "test", actor="test", now=now)
        today = local_day(ZONE, now)
        for number in range(1, LOCKERS + 1):
            with database.writing() as session:
                person = people.add_person(
                    session, organisation_id=owner.id, name=f"Person {number}", actor="test", now=now
                )
                access.register_badge(
                    session, keystore, site_id=site.id, number=f"em4100:62E3086{number:03X}", label=f"b{number}",
                    person_id=person.id, actor="test", now=now,
                )  # fmt: skip
                contracts.assign(
                    session, person_id=person.id, bank_id=BANK, number=number, starts_on=today,
                    ends_on=today + timedelta(days=90), actor="test", now=now,
                )  # fmt: skip
        database.close()
        write_root(self.controller.data, keystore.root_token)

    def _come_and_go(self) -> None:
        while not self._calm.wait(TAP_EVERY_S):
            self.controller.bench.tap(f"b{self.taps % LOCKERS + 1}")
            self.taps += 1

    def block(self, number: int) -> int:
        """The badge of that locker's holder is lost; the seq with which the bank follows the list that says so."""
        before = self.controller.status()["list_version"]
        badges = self.gateway.call("GET", "/badges?limit=100")["items"]
        lost = next(badge["id"] for badge in badges if badge["label"] == f"b{number}")
        self.gateway.call("POST", f"/badges/{lost}/revoke", reason="lost")

        def applied() -> list[Entry]:
            return [one for one in self.entries(EntryType.ACCESS_APPLIED) if int(str(one.body["version"])) > before]

        return int(eventually("the bank follows the list without it", applied)[0].seq)

    def opened(self, number: int, after: int) -> list[int]:
        """With which seqs later than `after` that locker was released; the controller was not started since."""
        found = self.entries(EntryType.RELEASE_INTENDED)
        return [entry.seq for entry in found if entry.body["locker"] == number and entry.seq > after]

    def entries(self, kind: EntryType) -> list[Entry]:
        """Those of a kind on the controller's disk."""
        found = [decode_entry(line) for _, _, line, _ in self.controller.journal()]
        return [entry for entry in found if entry.type == kind]

    def busy(self, releases: int, within_s: float = 20) -> None:
        """Returns when so many more locks have been released."""
        before = self.controller.releases
        eventually(f"{releases} more releases", lambda: self.controller.releases >= before + releases, within_s)

    def calm(self) -> None:
        """Nobody comes any more."""
        self._calm.set()
        if self._load.is_alive():
            self._load.join(5)

    def rows(self) -> list[Row]:
        """Every entry in the gateway's database."""
        database = self.gateway.database()
        try:
            with database.reading() as session:
                found = session.execute(
                    select(Event.epoch, Event.seq, Event.line, Event.hash)
                    .where(Event.bank_id == BANK, Event.epoch.is_not(None))
                    .order_by(Event.epoch, Event.seq)
                ).all()
        except DBAPIError:
            return []
        finally:
            database.close()
        return [
            (str(epoch), int(seq or 0), bytes(line or b""), bytes(digest or b"")) for epoch, seq, line, digest in found
        ]

    def compare(self, within_s: float = 60) -> None:
        """Once nothing waits any more, what is on the disk and the rows are equal, to the last byte."""
        self.calm()
        eventually("nothing waits", self._settled, within_s)
        journal, rows = self.controller.journal(), self._rows_of_the_disk()
        missing = sorted(set(journal) - set(rows))
        foreign = sorted(set(rows) - set(journal))
        assert rows == journal, f"missing at the gateway: {missing[:3]}; not in the journal: {foreign[:3]}"

    def _settled(self) -> bool:
        status = self.controller.status()
        waits = status.get("queue", 1) or status.get("waiting_in_memory", 1)
        return not waits and len(self._rows_of_the_disk()) == len(self.controller.journal())

    def _rows_of_the_disk(self) -> list[Row]:
        pruned = self.controller.pruned()
        return [row for row in self.rows() if row[1] > pruned.get(row[0], 0)]

    def close(self) -> None:
        self.calm()
        self.gateway.end(signal.SIGKILL)
        self.controller.close()
        self.broker.kill()
        self.proxy.close()
