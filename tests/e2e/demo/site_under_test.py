"""The whole demo as its user starts it, driven through the bench's HTTP and the gateway's API."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import httpx
import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from simulator.broker import free_port
from wire.limits import HEALTH_EVERY_MS

BROKERS = ("mosquitto", "iotcore")
READY_WITHIN_S = 120.0
# A presentation ends after 300 ms without a frame: the same badge sooner is still the first presentation.
BADGE_GONE_S = 0.5
T = TypeVar("T")


def eventually(what: str, look: Callable[[], T], within_s: float = 10.0, every_s: float = 0.02) -> T:
    """What `look` answers as soon as it is true; fails with the last answer when the time is over."""
    deadline = time.monotonic() + within_s
    while True:
        answer = look()
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {within_s} s: {what} (last answer: {answer!r})")
        time.sleep(every_s)


@dataclass
class Heard:
    """One message as a stranger with access to the broker hears it."""

    topic: str
    payload: bytes
    retained: bool
    at: float


@dataclass
class Site:
    """One running demo: its bench, its API, its broker, its folder."""

    kind: str
    state: Path
    gateway_port: int = field(default_factory=free_port)
    bench_port: int = field(default_factory=free_port)
    heard: list[Heard] = field(default_factory=list)
    said: set[bytes] = field(default_factory=set)
    _badge_gone: dict[tuple[str, str], float] = field(default_factory=dict)
    _resumed: dict[str, float] = field(default_factory=dict)
    _process: subprocess.Popen[str] | None = None
    _output: list[str] = field(default_factory=list)

    # The demo itself

    def start(self) -> None:
        """Run it as `make demo` does, and return when it says that it is running."""
        self._output.clear()
        self._process = subprocess.Popen(
            [
                sys.executable, "-m", "simulator", "demo", "--state", str(self.state), "--broker", self.kind,
                "--gateway-port", str(self.gateway_port), "--bench-port", str(self.bench_port),
            ],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True,
        )  # fmt: skip
        threading.Thread(target=self._read, args=(self._process,), daemon=True).start()
        try:
            eventually("the demo runs", self._running, READY_WITHIN_S)
        except AssertionError:
            self._process.send_signal(signal.SIGINT)
            self._process.wait(30)
            raise
        account = json.loads((self.state / "credentials.json").read_text())
        self.account = account
        self.bench = httpx.Client(base_url=f"http://127.0.0.1:{self.bench_port}", timeout=10)
        self.api = httpx.Client(
            base_url=f"http://127.0.0.1:{self.gateway_port}",
            headers={"Authorization": f"Bearer {account['api_token']}"},
            timeout=10,
        )
        self.stranger = self._listen()
        eventually("both banks follow the newest list", self.in_step, 15)

    def stop(self) -> int:
        """Ctrl-C; the exit code."""
        process = self._process
        assert process is not None
        self.stranger.disconnect()
        self.stranger.loop_stop()
        self.bench.close()
        self.api.close()
        process.send_signal(signal.SIGINT)
        return process.wait(30)

    @contextmanager
    def stopped(self, bank: str) -> Iterator[None]:
        """Its controller is stopped (SIGSTOP) inside the block; what readers sent meanwhile it reads afterwards."""
        controller = self.pid(f"{bank}/controller")
        os.kill(controller, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(controller, signal.SIGCONT)
            self._resumed[bank] = time.monotonic() + BADGE_GONE_S

    unreachable = httpx.HTTPError

    @property
    def process_id(self) -> int:
        """Of the supervisor."""
        assert self._process is not None
        return self._process.pid

    @property
    def is_started(self) -> bool:
        """Whether it runs."""
        return self._process is not None and self._process.poll() is None

    def tidy(self) -> None:
        """Every fault off, every door shut, both sides in step: as the next test expects it."""
        for bank in ("montreuil-1", "lille-1"):
            for fault in self.bench.get("/api/faults", params={"bank": bank}).raise_for_status().json()["faults"]:
                if fault["on"]:
                    self.fault(fault["name"], False, bank)
            for each in self.bank(bank)["lockers"]:
                if each["door"] == "open":
                    eventually("the coil is off", lambda n=each["number"], b=bank: not self.locker(n, b)["coil"], 3)
                    self.shut(each["number"], bank)
        eventually("both banks are online and in step again", self.in_step, 30)
        for bank in ("montreuil-1", "lille-1"):
            eventually("all that happened is stored", lambda bank=bank: self.same_entries_on_both_sides(bank), 20)

    @property
    def output(self) -> str:
        """What the demo has printed so far."""
        return "".join(self._output)

    @property
    def broker_port(self) -> int:
        """Where the broker listens, as the demo says."""
        line = next(line for line in self._output if line.startswith("broker"))
        return int(line.rsplit(":", 1)[1])

    def pid(self, program: str) -> int:
        """The process id of `gateway/gateway` or `BANK/controller`."""
        return int((self.state / f"{program}.pid").read_text())

    # The bench

    def bank(self, bank: str = "montreuil-1") -> dict[str, Any]:
        """What can be seen and measured at the bank."""
        return dict(self.bench.get("/api/bank", params={"bank": bank}).raise_for_status().json())

    def locker(self, number: int, bank: str = "montreuil-1") -> dict[str, Any]:
        """One door of it."""
        return dict(next(each for each in self.bank(bank)["lockers"] if each["number"] == number))

    def tap(self, label: str, bank: str = "montreuil-1", held_ms: int = 150) -> None:
        """Hold a badge to the reader, once its last presentation there is over."""
        over = max(self._badge_gone.get((bank, label), 0.0), self._resumed.get(bank, 0.0))
        time.sleep(max(0.0, over - time.monotonic()))
        self.bench.post(f"/api/badges/{label}/tap", params={"bank": bank, "held_ms": held_ms}).raise_for_status()
        self._badge_gone[bank, label] = time.monotonic() + held_ms / 1000 + BADGE_GONE_S

    def shut(self, number: int, bank: str = "montreuil-1") -> None:
        """Push a door shut."""
        self.bench.post(f"/api/doors/{number}/close", params={"bank": bank}).raise_for_status()

    def fault(self, name: str, on: bool, bank: str = "montreuil-1", **more: Any) -> None:
        """Switch a fault."""
        self.bench.post(f"/api/faults/{name}", params={"bank": bank}, json={"on": on, **more}).raise_for_status()

    @contextmanager
    def faulty(self, name: str, bank: str = "montreuil-1", **more: Any) -> Iterator[None]:
        """The fault is on inside the block."""
        self.fault(name, True, bank, **more)
        try:
            yield
        finally:
            self.fault(name, False, bank)

    def opens(self, label: str, number: int, bank: str = "montreuil-1") -> None:
        """The badge opens that door; it is pushed shut again, and its coil has rested."""
        before = self.locker(number, bank)["releases"]
        self.tap(label, bank)
        eventually(f"{label} opens {number}", lambda: self.locker(number, bank)["door"] == "open", 5)
        assert self.locker(number, bank)["releases"] == before + 1
        eventually("the gateway sees it open", lambda: self.tile(number, bank)["door"] == "open", 10)
        self.put_back(number, bank)

    def put_back(self, number: int, bank: str = "montreuil-1") -> None:
        """Push the door shut once its latch holds again, and wait until controller and gateway have seen it."""
        eventually("the coil is off", lambda: not self.locker(number, bank)["coil"], 3)
        self.shut(number, bank)
        eventually("the door is seen closed", lambda: self.tile(number, bank)["door"] == "closed", 10)

    def releases(self, bank: str = "montreuil-1") -> dict[int, int]:
        """How often each coil was energised since the bank was plugged in."""
        return {each["number"]: each["releases"] for each in self.bank(bank)["lockers"]}

    # The gateway

    def tile(self, number: int, bank: str = "montreuil-1") -> dict[str, Any]:
        """What the gateway knows of a locker."""
        page = self.api.get("/api/v1/lockers", params={"bank": bank, "limit": 100}).raise_for_status().json()
        return dict(next(each for each in page["items"] if each["number"] == number))

    def newest_event(self) -> int:
        """The feed's present end."""
        last = 0
        for event in self.events(0):
            last = event["id"]
        return last

    def events(self, after: int, kind: str | None = None, bank: str | None = None) -> list[dict[str, Any]]:
        """The feed after a cursor."""
        found: list[dict[str, Any]] = []
        cursor: Any = after
        while cursor is not None:
            narrowed = {name: value for name, value in (("kind", kind), ("bank", bank)) if value is not None}
            page = self.api.get("/api/v1/events", params={"after": cursor, "limit": 100, **narrowed})
            page.raise_for_status()
            found += page.json()["items"]
            cursor = page.json()["next"]
        return found

    def sees(self, kind: str, after: int, within_s: float = 10, **body: Any) -> dict[str, Any]:
        """The first event of that kind after a cursor whose body has these values."""

        def look() -> dict[str, Any] | None:
            for event in self.events(after, kind):
                if all(event["body"].get(name) == value for name, value in body.items()):
                    return event
            return None

        found = eventually(f"{kind} with {body}", look, within_s)
        assert found is not None
        return found

    def badge_id(self, label: str, bank: str = "montreuil-1") -> str:
        """The gateway's id of a badge on the bench."""
        site = next(each["site_id"] for each in self.banks() if each["id"] == bank)
        badges = self.all("/api/v1/badges", site=site)
        return str(next(each["id"] for each in badges if each["label"] == label))

    def banks(self) -> list[dict[str, Any]]:
        """The banks and how their controllers stand."""
        return self.all("/api/v1/banks")

    def all(self, path: str, **narrowed: str) -> list[dict[str, Any]]:
        """Every item of a paged list."""
        found: list[dict[str, Any]] = []
        cursor: str | None = None
        while True:
            query = {**narrowed, "limit": "100", **({"after": cursor} if cursor else {})}
            page = self.api.get(path, params=query).raise_for_status().json()
            found += page["items"]
            cursor = page.get("next")
            if not cursor:
                return found

    def order_open(self, number: int, bank: str = "montreuil-1") -> dict[str, Any]:
        """Open for someone, through the API; once the bank has been heard: a gateway that has just come back, and read
        its birth from what the broker retains, can order nothing before its next health message."""

        def ordered() -> httpx.Response | None:
            answer = self.api.post(f"/api/v1/lockers/{bank}/{number}/open", json={"reason": "holder_present"})
            return None if answer.status_code == 503 and answer.json()["code"] == "offline" else answer

        answer = eventually("the bank can be given orders", ordered, HEALTH_EVERY_MS / 1000 + 5, every_s=0.5)
        assert answer is not None
        assert answer.status_code in (200, 201, 202), answer.text
        return dict(answer.json())

    def command(self, command_id: str) -> dict[str, Any]:
        """How a command stands."""
        return dict(self.api.get(f"/api/v1/commands/{command_id}").raise_for_status().json())

    # The broker, as a stranger

    def topic(self, name: str, bank: str = "montreuil-1") -> list[Heard]:
        """What was heard on one topic."""
        return [each for each in list(self.heard) if each.topic == f"casier/1/{bank}/{name}"]

    def say(self, name: str, payload: bytes, *, retain: bool = False, bank: str = "montreuil-1") -> None:
        """Publish whatever one likes."""
        self.said.add(payload)
        properties = Properties(PacketTypes.PUBLISH)
        self.stranger.publish(
            f"casier/1/{bank}/{name}", payload, qos=1, retain=retain, properties=properties
        ).wait_for_publish(5)

    # What lies on disk

    def entries_of_gateway(self, bank: str = "montreuil-1") -> list[tuple[str, int, bytes]]:
        """Every entry the gateway has stored: epoch, seq and its own bytes, in the order in which they arrived."""
        query = "SELECT epoch, seq, line FROM event WHERE bank_id = ? AND epoch IS NOT NULL ORDER BY id"
        return self._rows(self.database, query, bank)

    def entries_of_controller(self, bank: str = "montreuil-1") -> list[tuple[str, int, bytes]]:
        """Every entry in the controller's own journal, in order."""
        query = "SELECT epoch, seq, line FROM entry JOIN epoch USING (no) ORDER BY no, seq"
        return self._rows(self.state / bank / "controller" / "journal.db", query)

    @property
    def database(self) -> Path:
        """The gateway's database."""
        return self.state / "gateway" / "casier.db"

    def vouched_hash(self, bank: str, epoch: str) -> bytes:
        """The chain's hash through which the gateway has sent receipts."""
        query = "SELECT epoch, through, through_hash FROM epoch WHERE bank_id = ? AND epoch = ?"
        return self._rows(self.database, query, bank, epoch)[0][2]

    @staticmethod
    def _rows(path: Path, query: str, *values: str) -> list[tuple[str, int, bytes]]:
        connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
        try:
            return [(str(a), int(b), bytes(c)) for a, b, c in connection.execute(query, values)]
        finally:
            connection.close()

    def same_entries_on_both_sides(self, bank: str = "montreuil-1") -> bool:
        """Whether every entry of the controller is stored at the gateway, once and byte for byte."""
        return sorted(self.entries_of_controller(bank)) == sorted(self.entries_of_gateway(bank))

    def _read(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        with process.stdout:
            for line in process.stdout:
                self._output.append(line)

    def _running(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, self.output
        return "Casier is running" in self.output and "Ctrl-C" in self.output

    def in_step(self) -> bool:
        return all(each["online"] and not each["pending"] and each["list_in_force"] for each in self.banks())

    def is_held(self) -> bool:
        """Whether the gateway sends the first bank nothing before somebody has decided."""
        return bool(next(each for each in self.banks() if each["id"] == "montreuil-1")["held"])

    def reconcile(self) -> Any:
        """Somebody asks the first bank for its list, and decides that the gateway's holds; what differed."""
        ours = "/api/v1/banks/montreuil-1/reconciliation"
        eventually(
            "the bank can be asked for its list", lambda: self.api.post(ours).status_code == 202, 20, every_s=0.5
        )
        shown = eventually(
            "what differs is shown", lambda: (found := self.api.get(ours).json())["reported"] and found, 20
        )
        self.api.post("/api/v1/banks/montreuil-1/reconcile").raise_for_status()
        return shown

    def _listen(self) -> mqtt.Client:
        client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id="stranger", protocol=mqtt.MQTTv5)
        ready = threading.Event()

        def connected(*_: Any) -> None:
            client.subscribe("casier/1/#", qos=1)

        def hear(_client: mqtt.Client, _data: Any, message: mqtt.MQTTMessage) -> None:
            self.heard.append(Heard(message.topic, message.payload, message.retain, time.monotonic()))

        client.on_connect = connected
        client.on_subscribe = lambda *_: ready.set()
        client.on_message = hear
        client.reconnect_delay_set(1, 1)
        client.connect("127.0.0.1", self.broker_port)
        client.loop_start()
        assert ready.wait(5)
        return client
