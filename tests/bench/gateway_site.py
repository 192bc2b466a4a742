"""The bank under measurement joined to a real gateway process, which people, contracts and badges are put into."""

import http.client
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil

from controller import control_socket
from gateway import migrations
from gateway.access.keystore import Keystore
from gateway.db import Database
from gateway.privacy.field_keys import FieldKeys
from tests.bench.people import fill
from tests.bench.site import Site


class GatewaySite(Site):
    """A site whose database is filled (people.py); `begin_gateway` starts broker and gateway."""

    def __init__(self, folder: Path, controller: str, spares: int = 0) -> None:
        super().__init__(folder, controller=controller)
        self._home = folder / "gateway"
        self._home.mkdir()
        self.database_path = self._home / "casier.db"
        self._database_url = f"sqlite:///{self.database_path}"
        self._gateway: subprocess.Popen[str] | None = None
        self.address = ""
        self.tool("keys")
        keystore = Keystore(self._home)
        self.tool("trust", keystore.root_token)
        keys = json.loads(self.tool("keys", "--json"))["keys"]
        database = Database(self._database_url, FieldKeys.of(self._home))
        migrations.migrate(database)
        with database.writing() as session:
            people = fill(session, keystore, self.plan.name, keys, spares)
        database.close()
        self.token, self.spare_badges = people.token, people.spare_badges

    def begin_gateway(self) -> None:
        """Start broker and gateway; returns when the gateway serves."""
        self.broker.start()
        environment = {
            **os.environ,
            "CASIER_DATA_DIR": str(self._home),
            "CASIER_DATABASE_URL": self._database_url,
            "CASIER_BROKER_PORT": str(self.broker.port),
            "CASIER_GATEWAY_PORT": "0",
            "PYTHONUNBUFFERED": "1",
        }
        command = [sys.executable, "-m", "gateway", "serve"]
        self._gateway = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=self._log, text=True, env=environment)
        assert self._gateway.stdout is not None
        for line in self._gateway.stdout:
            if line.startswith('{"ready"'):
                self.address = json.loads(line)["ready"].removeprefix("http://")
                break
        else:
            raise RuntimeError(f"the gateway did not start: {self._log_path.read_text()}")

    @property
    def gateway_process(self) -> psutil.Process:
        """The running gateway."""
        assert self._gateway is not None
        return psutil.Process(self._gateway.pid)

    def connection(self) -> http.client.HTTPConnection:
        """One to keep for all requests."""
        return http.client.HTTPConnection(self.address, timeout=30)

    def post(self, connection: http.client.HTTPConnection, path: str) -> dict[str, Any]:
        """Ask the API to do something. Raises RuntimeError with its words if it does not."""
        connection.request("POST", path, headers={"Authorization": f"Bearer {self.token}"})
        answer = connection.getresponse()
        said = answer.read()
        if answer.status != http.client.OK:
            raise RuntimeError(f"{path}: {answer.status} {said[:200]!r}")
        body: dict[str, Any] = json.loads(said)
        return body

    def status(self) -> dict[str, Any]:
        """What the controller says of itself, over its local socket."""
        return control_socket.ask(self.data, {"do": "status"})

    def until(self, condition: Callable[[], bool], within_s: float, every_s: float = 0.1) -> None:
        """Wait for something to become true. Raises RuntimeError."""
        deadline = time.monotonic() + within_s
        while not condition():
            if time.monotonic() > deadline:
                raise RuntimeError(f"not within {within_s:g} s")
            time.sleep(every_s)

    def close(self) -> None:
        """End everything."""
        super().close()
        if self._gateway is not None:
            self._gateway.terminate()
            try:
                self._gateway.wait(15)
            except subprocess.TimeoutExpired:
                self._gateway.kill()
                self._gateway.wait()
            assert self._gateway.stdout is not None
            self._gateway.stdout.close()
