"""The MQTT broker of the demo and of tests: mosquitto if it is installed, else iotcore; on 127.0.0.1 only."""

import os
import shutil
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from simulator.errors import SimulatorError

START_TIMEOUT_S = 10.0
STOP_TIMEOUT_S = 5.0
# The largest envelope of an access list: 8 MiB of payload in base64, with its signature.
MAX_PACKET_BYTES = 12 * 1024 * 1024

_MOSQUITTO = """\
listener {port} 127.0.0.1
allow_anonymous true
set_tcp_nodelay true
persistence true
persistence_location {state}/
autosave_interval 1
autosave_on_changes false
max_queued_messages 0
max_inflight_messages 200
message_size_limit {packet}
user {user}
log_dest file {state}/mosquitto.log
"""

_RUMQTTD = """\
id = 0
[router]
id = 0
max_connections = 500
max_outgoing_packet_count = 200
max_segment_size = 104857600
max_segment_count = 10
[v5.1]
name = "v5-1"
listen = "127.0.0.1:{port}"
next_connection_delay_ms = 1
[v5.1.connections]
connection_timeout_ms = 60000
max_payload_size = {packet}
max_inflight_count = 200
"""


def mosquitto_path() -> str | None:
    """Where mosquitto is installed, or None; Debian keeps it in /usr/sbin, off an ordinary user's PATH."""
    return shutil.which("mosquitto", path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")


def default_kind() -> str:
    """`mosquitto` if it is installed, else `iotcore`."""
    return "mosquitto" if mosquitto_path() else "iotcore"


@dataclass
class BrokerProcess:
    """One broker on 127.0.0.1:`port`, a child process that can be stopped, killed and started again.

    `kind` is mosquitto or iotcore; `state` holds its configuration, log and retained messages.
    """

    kind: str
    port: int
    state: Path
    _process: subprocess.Popen[bytes] | None = field(default=None, init=False, repr=False)

    @property
    def running(self) -> bool:
        """Whether its process is alive."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start it and return when it accepts connections. Raises SimulatorError if it does not come up."""
        if self.running:
            return
        self.state.mkdir(parents=True, exist_ok=True)
        log = self.state / f"{self.kind}.out"
        with log.open("ab") as out:
            self._process = subprocess.Popen(
                self._command(), stdin=subprocess.PIPE, stdout=out, stderr=out, start_new_session=True
            )
        deadline = time.monotonic() + START_TIMEOUT_S
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                raise SimulatorError(f"the broker ({self.kind}) stopped at start: see {log}")
            if _accepts(self.port):
                return
            time.sleep(0.02)
        self.kill()
        raise SimulatorError(f"the broker ({self.kind}) did not listen on port {self.port}: see {log}")

    def stop(self) -> None:
        """Ask it to end (mosquitto then saves what is retained) and wait."""
        self._end(kill=False)

    def kill(self) -> None:
        """End it as a crash would."""
        self._end(kill=True)

    def _command(self) -> list[str]:
        if self.kind == "mosquitto":
            path = mosquitto_path()
            if path is None:
                raise SimulatorError("mosquitto is not installed: install it, or use the broker iotcore")
            conf = self.state / "mosquitto.conf"
            user = os.environ.get("USER") or "root"
            conf.write_text(_MOSQUITTO.format(port=self.port, state=self.state, packet=MAX_PACKET_BYTES, user=user))
            return [path, "-c", str(conf)]
        conf = self.state / "rumqttd.toml"
        conf.write_text(_RUMQTTD.format(port=self.port, packet=MAX_PACKET_BYTES))
        # The child ends by itself when our end of its standard input closes.
        code = "from iotcore._serve import main; main()"
        return [sys.executable, "-c", code, f'{{"config_path": "{conf}"}}']

    def _end(self, *, kill: bool) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        if process.poll() is None:
            process.kill() if kill else process.terminate()
            try:
                process.wait(STOP_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        if process.stdin is not None:
            process.stdin.close()


def _accepts(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=0.2):
            return True
    except OSError:
        return False


def free_port() -> int:
    """A port of 127.0.0.1 that nothing listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
