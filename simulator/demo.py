"""The demo: broker, gateway, bench and two controllers on this machine, with fictional people; Ctrl-C stops it all."""

import asyncio
import fcntl
import json
import os
import secrets
import signal
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import msgspec

from gateway.access import service as access
from gateway.access.keystore import Keystore
from gateway.db import Database
from gateway.migrations import migrate
from gateway.privacy.field_keys import FieldKeys
from simulator import scenario, seeding
from simulator.bank import SimulatedBank
from simulator.bench.server import BenchServer, listen
from simulator.bench.world import World
from simulator.broker import BrokerProcess, default_kind, free_port
from simulator.errors import ProgramFailedError, SimulatorError
from simulator.network import Network
from simulator.people import badges_of
from simulator.program import Program
from simulator.scenario import BankPlan, Places, controller_toml
from simulator.site import SupervisedSite

HOST = "127.0.0.1"
GATEWAY_VARIABLE = "CASIER_GATEWAY_PORT"
READY_TIMEOUT_S = 20.0
PLANS = tuple(
    msgspec.structs.replace(plan, badges=badges_of(plan.name)) for plan in (scenario.MONTREUIL, scenario.LILLE)
)
Say = Callable[[str], None]


class _QuietServer(BenchServer):
    """A bench that leaves signals to the demo."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class Demo:
    """One demo in one state folder; `run` returns when a signal ends it."""

    def __init__(self, state: Path, gateway_port: int, bench_port: int, broker_kind: str | None, say: Say) -> None:
        self.state = state.resolve()
        self.gateway_port = gateway_port
        self.bench_port = bench_port
        self.database_url = f"sqlite:///{self.state / 'gateway' / 'casier.db'}"
        self.data_dir = self.state / "gateway"
        self.broker = BrokerProcess(broker_kind or default_kind(), free_port(), self.state / "broker")
        self._say = say

    async def run(self) -> None:
        """Start everything, show how to get in, and stop everything at the end.

        Raises SimulatorError: a port is taken, another demo uses the folder, a program does not start.
        """
        began = time.monotonic()
        async with AsyncExitStack() as stack:
            stack.enter_context(_only_one(self.state))
            listening = listen(HOST, self.bench_port)
            stack.callback(listening.close)
            listen(HOST, self.gateway_port, GATEWAY_VARIABLE).close()
            self._say(f"broker      {self.broker.kind} on {HOST}:{self.broker.port}")
            await asyncio.to_thread(self.broker.start)
            stack.callback(self.broker.stop)
            banks = [SimulatedBank(plan, Places(self.state, plan.name)) for plan in PLANS]
            world = await stack.enter_async_context(World(banks).running())
            networks = await self._networks(stack)
            account = await self._prepare(networks)
            gateway = self._gateway()
            controllers = {plan.name: self._controller(plan) for plan in PLANS}
            world.site = SupervisedSite(self.broker, networks, controllers)
            stack.push_async_callback(_stop_all, [*controllers.values(), gateway])
            self._say("programs    gateway and two controllers are starting")
            await gateway.start()
            server = _QuietServer(world)
            serving = asyncio.create_task(server.serve(sockets=[listening]))
            stack.push_async_callback(_end_serving, server, serving)
            await self._until(gateway, "/readyz", lambda answer: answer["status"] == "ok")
            # After the gateway: a bank is told its list when it is born, so that its badges open from the first tap.
            await asyncio.gather(*(controller.start() for controller in controllers.values()))
            await asyncio.gather(*(controller.ready(READY_TIMEOUT_S) for controller in controllers.values()))
            await self._until(gateway, "/api/v1/banks", _in_step, account.api_token)
            self._show(account, time.monotonic() - began)
            await asyncio.Event().wait()

    async def _networks(self, stack: AsyncExitStack) -> dict[str, Network]:
        networks = {plan.name: Network(self.broker.port) for plan in PLANS}
        for network in networks.values():
            await network.start()
            stack.push_async_callback(network.stop)
        return networks

    async def _prepare(self, networks: dict[str, Network]) -> seeding.Account:
        """Write each controller's configuration, join both sides by hand, and set the dates anew."""
        for plan in PLANS:
            places = Places(self.state, plan.name)
            places.folder.mkdir(parents=True, exist_ok=True)
            broker = (HOST, networks[plan.name].port)
            text = controller_toml(plan, places, data_dir=places.folder / "controller", broker=broker)
            # No time service answers inside the demo; the machine's clock is as good as one that says it is set.
            (places.folder / "bank.toml").write_text(text + '\n[time]\nsystem_clock = "trusted"\n')
        self._say("people      setting the dates of the fictional contracts")
        keystore = Keystore(self.data_dir)
        keys = await asyncio.gather(*(self._join(plan, keystore.root_token) for plan in PLANS))
        return await asyncio.to_thread(self._fill, keystore, dict(keys))

    async def _join(self, plan: BankPlan, root_token: str) -> tuple[str, str]:
        """What a technician types at the bank: trust the gateway's root key, read out the controller's own keys."""
        config = ["--config", str(Places(self.state, plan.name).folder / "bank.toml")]
        await _controller_says("trust", root_token, *config)
        answer = json.loads(await _controller_says("keys", "--json", *config))
        return plan.name, str(answer["keys"])

    def _fill(self, keystore: Keystore, keys: dict[str, str]) -> seeding.Account:
        database = Database(self.database_url, FieldKeys.of(self.data_dir))
        migrate(database)
        credentials, seeded_file = self.state / "credentials.json", self.state / "people.json"
        now = time.time_ns() // 1_000_000
        try:
            seeded = seeding.Seeded.read(seeded_file)
            with database.writing() as session:
                if seeded is None:
                    account = seeding.add_account(session, secrets.token_urlsafe(12), now=now)
                    sizes = {plan.name: sum(1 for _ in plan.lockers()) for plan in PLANS}
                    sites = seeding.add_places(session, sizes, {plan.name: plan.zone for plan in PLANS}, now=now)
                    seeded = seeding.add_people(session, keystore, sites, now=now)
                    _write_private(credentials, json.dumps(asdict(account), indent=1))
                else:
                    account = seeding.Account(**json.loads(credentials.read_text()))
                    seeded = seeding.move_dates(session, seeded, now=now)
                for bank, token in keys.items():
                    access.add_controller(session, bank_id=bank, keys=token, actor=seeding.ACTOR, now=now)
            seeded.write(seeded_file)
        finally:
            database.close()
        return account

    def _gateway(self) -> Program:
        environment = {
            "CASIER_DATABASE_URL": self.database_url,
            "CASIER_DATA_DIR": str(self.data_dir),
            "CASIER_BROKER_HOST": HOST,
            "CASIER_BROKER_PORT": str(self.broker.port),
            "CASIER_GATEWAY_HOST": HOST,
            GATEWAY_VARIABLE: str(self.gateway_port),
        }
        return Program("gateway", "gateway", ["serve"], self.state / "gateway", environment)

    def _controller(self, plan: BankPlan) -> Program:
        places = Places(self.state, plan.name)
        arguments = ["run", "--config", str(places.folder / "bank.toml")]
        return Program("controller", "controller", arguments, places.folder, places.environment(), '{"ready"')

    async def _until(
        self, gateway: Program, path: str, enough: Callable[[dict[str, Any]], bool], token: str = ""
    ) -> None:
        """Return when the gateway's answer is enough. Raises ProgramFailedError."""
        deadline = time.monotonic() + READY_TIMEOUT_S
        while time.monotonic() < deadline:
            answer = await asyncio.to_thread(_ask, f"http://{HOST}:{self.gateway_port}{path}", token)
            if answer is not None and enough(answer):
                return
            await asyncio.sleep(0.05)
        raise ProgramFailedError(gateway.name, gateway.log)

    def _show(self, account: seeding.Account, seconds: float) -> None:
        self._say(
            f"""
Casier is running ({seconds:.1f} s).

  staff   http://{HOST}:{self.gateway_port}     the wall of lockers
          e-mail    {account.email}
          password  {account.password}
  bench   http://{HOST}:{self.bench_port}     doors, badges and faults
  API     http://{HOST}:{self.gateway_port}/api/v1/docs     token in {self.state.name}/credentials.json

Tap a badge on the bench and watch the wall. Ctrl-C stops everything; make demo-reset forgets it.
"""
        )


async def _controller_says(*arguments: str) -> str:
    """What a command of casier-controller prints. Raises SimulatorError with its own words if it fails."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "controller", *arguments, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    out, err = await process.communicate()
    if process.returncode != 0:
        raise SimulatorError(f"casier-controller {arguments[0]} failed: {err.decode(errors='replace').strip()}")
    return out.decode()


def _in_step(answer: dict[str, Any]) -> bool:
    """Whether every bank is online and follows the newest list."""
    return all(bank["online"] and bank["list_in_force"] and not bank["pending"] for bank in answer["items"])


def _ask(url: str, token: str) -> dict[str, Any] | None:
    """What the gateway answers, None where it does not."""
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {token}"})  # noqa: S310 - our own loopback
    try:
        with urllib.request.urlopen(request, timeout=2) as answer:  # noqa: S310
            return dict(json.load(answer))
    except (OSError, ValueError):
        return None


async def _stop_all(programs: list[Program]) -> None:
    await asyncio.gather(*(program.stop() for program in programs))


async def _end_serving(server: BenchServer, serving: "asyncio.Task[None]") -> None:
    server.end()
    await serving


@contextmanager
def _only_one(state: Path) -> Iterator[None]:
    """Hold the state folder. Raises SimulatorError while another demo does."""
    state.mkdir(parents=True, exist_ok=True)
    with (state / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise SimulatorError(f"another demo runs in {state}: stop it with Ctrl-C there first") from None
        yield


def _write_private(path: Path, text: str) -> None:
    """A file that only its owner may read, complete or not there."""
    draft = path.with_name(path.name + ".new")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)
    draft.replace(path)


def run(demo: Demo) -> None:
    """Run until Ctrl-C or SIGTERM; everything is stopped when this returns. Raises SimulatorError."""

    async def until_asked_to_stop() -> None:
        running = asyncio.create_task(demo.run())
        loop = asyncio.get_running_loop()
        asked = False

        def stop() -> None:
            nonlocal asked
            if not asked:
                asked = True
                running.cancel()

        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stop)
        try:
            await running
        except asyncio.CancelledError:
            if not asked:
                raise

    asyncio.run(until_asked_to_stop())
