"""A bench whose banks run on their own event loop in a thread, so that tests can use blocking clients."""

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, TypeVar

import pytest

from simulator.bank import SimulatedBank
from simulator.bench.server import BenchServer, listen
from simulator.bench.world import World
from simulator.every_device import EVERY_DEVICE
from simulator.scenario import LILLE, MONTREUIL, BankPlan, Places

T = TypeVar("T")
DEADLINE_S = 10.0


class RunningBench:
    """A world in a thread; `do` runs a call on its loop."""

    def __init__(self, folder: Path, *plans: BankPlan, **settings: Any) -> None:
        every = (MONTREUIL, LILLE, *plans)
        self.world = World(SimulatedBank(plan, Places(folder, plan.name), **settings) for plan in every)
        self.montreuil = self.world.banks["montreuil-1"]
        self.lille = self.world.banks["lille-1"]
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever)

    def do(self, call: Callable[[], T]) -> T:
        async def run() -> T:
            return call()

        result: T = self.finish(run())
        return result

    def finish(self, coroutine: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(DEADLINE_S)


def wait_until(holds: Callable[[], object], what: str) -> None:
    """Wait for a condition, at most DEADLINE_S."""
    deadline = time.monotonic() + DEADLINE_S
    while not holds():
        assert time.monotonic() < deadline, f"not seen within {DEADLINE_S} s: {what}"
        time.sleep(0.005)


@contextmanager
def running(folder: Path, *plans: BankPlan, **settings: Any) -> Iterator[RunningBench]:
    bench = RunningBench(folder, *plans, **settings)
    bench.thread.start()
    try:
        bench.finish(bench.world.start())
        yield bench
    finally:
        bench.finish(bench.world.stop())
        bench.finish(asyncio.sleep(0))
        bench.loop.call_soon_threadsafe(bench.loop.stop)
        bench.thread.join(DEADLINE_S)
        bench.loop.close()


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[RunningBench]:
    with running(tmp_path) as bench:
        yield bench


@pytest.fixture
def start_bench(tmp_path: Path) -> Iterator[Callable[..., RunningBench]]:
    """Start a bench with settings of the test's own."""
    with ExitStack() as stack:
        yield lambda *plans, **settings: stack.enter_context(running(tmp_path, *plans, **settings))


@pytest.fixture
def until() -> Callable[[Callable[[], object], str], None]:
    return wait_until


@pytest.fixture
def url(bench: RunningBench) -> Iterator[str]:
    """The address of the bench's real web server."""
    with served(bench) as address:
        yield address


@contextmanager
def served(bench: RunningBench) -> Iterator[str]:
    listening = listen("127.0.0.1", 0)
    server = BenchServer(bench.world)
    serving = asyncio.run_coroutine_threadsafe(server.serve(sockets=[listening]), bench.loop)
    wait_until(lambda: server.started, "the web server")
    yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    bench.do(server.end)
    serving.result(DEADLINE_S)


@pytest.fixture
def every_device(tmp_path: Path) -> Iterator[RunningBench]:
    """A bench with the bank that has every board and reader."""
    with running(tmp_path, EVERY_DEVICE) as bench:
        yield bench


@pytest.fixture
def every_device_url(every_device: RunningBench) -> Iterator[str]:
    with served(every_device) as address:
        yield address
