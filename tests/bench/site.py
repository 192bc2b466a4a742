"""One bank under measurement: 60 lockers on three XOR boards and their controller, as a process, on a real disk.

Hardware, broker and the signing side are those of the controller's integration tests, without baud pacing.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import psutil

from simulator.broker import BrokerProcess, free_port
from simulator.readers import rdm6300
from simulator.scenario import BankPlan, GpioPlan, LightPlan, Places, XorPlan, controller_toml
from simulator.stand_ins import python_path
from tests.bench.orders import Orders
from tests.bench.priority import as_deployed
from tests.bench.stand import Stand
from tests.integration.controller.conftest import CONTROLLER, DAY_MS, ScriptedGateway, now_ms
from wire.access_list import Grant
from wire.badge import badge_digest, canonical_number
from wire.envelope import sign
from wire.keys import to_token
from wire.messages import encode
from wire.topics import Topic, topic_name

BOARDS, CHANNELS = 3, 20
LOCKERS = BOARDS * CHANNELS
FIRST_BADGE = 0x0100000000
# The simulated person shuts the door again, well before the same locker's next turn.
CLOSES_AFTER_MS = 400
READY_WITHIN_S = 20


def badge_number(index: int) -> str:
    """The number of the badge of locker `index` + 1; further badges follow."""
    return f"{FIRST_BADGE + index * 7919:010X}"


class Site:
    """Bank, broker, signing side and controller; `start` begins the controller, `close` ends everything.

    `lights`: three lamps and a buzzer on the pins, by gpiozero and lgpio's calls, as on a real Pi.
    """

    def __init__(
        self, folder: Path, grants: int = LOCKERS, controller: str = CONTROLLER, *, lights: bool = False
    ) -> None:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        self.grants = grants
        self.data = folder / "data"
        self.config = folder / "bank.toml"
        self._log_path = folder / "controller.log"
        self.broker = BrokerProcess("mosquitto", free_port(), folder / "broker")
        boards: dict[str, XorPlan | GpioPlan] = {
            f"b{at}": XorPlan(channels=CHANNELS, address=at) for at in range(1, BOARDS + 1)
        }
        self.plan = BankPlan(controller, boards, light=LightPlan() if lights else None)
        places = Places(folder, "devices")
        self.places = places
        self._environment = {**os.environ, **places.environment(), "PYTHONUNBUFFERED": "1"}
        if lights:
            del self._environment["GPIOZERO_PIN_FACTORY"]
            self._environment["PYTHONPATH"] = python_path("lgpio")
        self.config.write_text(self._toml(places))
        self.stand = Stand(self.plan, places, CLOSES_AFTER_MS)
        self._process: subprocess.Popen[str] | None = None
        self._log = self._log_path.open("ab")

    def _toml(self, places: Places) -> str:
        """The bank's file, with a power group for each locker: one power supply would be the limit otherwise."""
        text = controller_toml(self.plan, places, data_dir=self.data, broker=("127.0.0.1", self.broker.port))
        head = text.partition("[[lockers]]")[0]
        lockers = [
            f'[[lockers]]\nnumbers = {number}\nboard = "{board}"\nchannels = {channel}\ngroup = "g{number}"\n'
            for number, board, channel in self.plan.lockers()
        ]
        return "\n".join([head, *lockers, '[time]\nsystem_clock = "trusted"\n'])

    def tool(self, *arguments: str) -> str:
        """What `casier-controller` answers."""
        command = [sys.executable, "-m", "controller", *arguments, "--config", str(self.config)]
        return subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout

    def sign_for(self) -> ScriptedGateway:
        """The other side: trust, keys and a list of `grants` grants, published and kept by the broker."""
        self.tool("keys")
        gateway = ScriptedGateway(self.broker.port, json.loads(self.tool("keys", "--json"))["keys"])
        self.tool("trust", to_token(gateway.root.public_key().public_bytes_raw()))
        self.broker.start()
        gateway.start()
        gateway.trust()
        gateway.keys()
        gateway.access(*self._grants(gateway))
        self.gateway = gateway
        return gateway

    def _grants(self, gateway: ScriptedGateway) -> Sequence[Grant]:
        at = now_ms()
        return [
            Grant(
                f"g-{index}", badge_digest(gateway.badge_key, canonical_number("em4100", badge_number(index))), "k1",
                (index % LOCKERS + 1,), at - DAY_MS, at + DAY_MS, "holder",
            )
            for index in range(self.grants)
        ]  # fmt: skip

    def start(self) -> float:
        """Start the controller; answers the seconds from spawning it to its ready line."""
        began = time.perf_counter()
        self._process = subprocess.Popen(
            [*as_deployed(), sys.executable, "-m", "controller", "run", "--config", str(self.config)],
            stdout=subprocess.PIPE, stderr=self._log, text=True, env=self._environment,
        )  # fmt: skip
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        took = time.perf_counter() - began
        if not line:
            raise RuntimeError(f"the controller did not start: {self._log_path.read_text()}")
        return took

    @property
    def process(self) -> psutil.Process:
        """The running controller."""
        assert self._process is not None
        return psutil.Process(self._process.pid)

    def rss_mb(self) -> float:
        """The controller's resident memory, in megabytes of a million bytes."""
        return float(self.process.memory_info().rss) / 1e6

    def in_force(self) -> None:
        """Wait until the list is in force and what there was to say has been said."""
        self.gateway.wait(lambda: self.gateway.births and self.gateway.entries("access_applied"), READY_WITHIN_S)
        time.sleep(1)

    def begin_again(self) -> None:
        """End the controller and start it anew, from what is on its disk; wait until it is in touch."""
        births = len(self.gateway.births)
        self.end()
        self.start()
        self.gateway.wait(lambda: len(self.gateway.births) > births, READY_WITHIN_S)
        time.sleep(1)

    def tap(self, locker: int) -> float:
        """Hold the badge of a locker to the reader; answers the milliseconds from its frame to the coil's."""
        frame = rdm6300.frame(badge_number(locker - 1))
        return self.stand.coil_after_ms(locker, lambda: self.stand.send(frame))

    def command(self, locker: int, orders: Orders) -> float:
        """Order a locker open; answers the milliseconds from handing the signed order to MQTT to the coil's frame."""
        order = self.gateway.make_command("open", {"locker": locker})
        envelope = sign(self.gateway.key, Topic.COMMANDS, encode(order))
        topic = topic_name(self.plan.name, Topic.COMMANDS)
        took = self.stand.coil_after_ms(locker, lambda: orders.publish(topic, envelope))
        orders.settle()
        return took

    def end(self) -> None:
        """End the controller in order."""
        process, self._process = self._process, None
        if process is None:
            return
        process.send_signal(signal.SIGTERM)
        process.wait(15)
        assert process.stdout is not None
        process.stdout.close()

    def close(self) -> None:
        """End everything."""
        self.end()
        if hasattr(self, "gateway"):
            self.gateway.stop()
        self.broker.kill()
        self.stand.close()
        self._log.close()
