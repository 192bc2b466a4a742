"""What every test runs under: hypothesis profiles, long runs by count, and no silent skip where CI counts on it."""

import os
import shutil
import signal
import sys
import time
from collections.abc import Callable, Generator, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from playwright.sync_api import Browser, sync_playwright
from xdist.scheduler import LoadScopeScheduling
from xdist.workermanage import WorkerController

from tests.soaking import Soaking
from tests.wire_document import assert_message_conforms

SOAK_COUNT = int(os.environ.get("SOAK_COUNT", "0"))
# Without these Chromium talks to its maker at every start, and as root it does not start at all.
CHROMIUM_ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
# Watched in real time: pulses, ports, programs. These tests wait more than they compute, and must be woken on time.
IN_REAL_TIME = (
    "e2e/demo/", "integration/faults/", "integration/controller/", "contract/wire/test_running_system", "contract/hw/",
    "integration/gateway/test_link", "integration/simulator/", "integration/technician/", "integration/commission/",
)  # fmt: skip
LONGEST_FIRST = (*IN_REAL_TIME, "e2e/", "integration/", "mutation/", "property/gateway/", "unit/gateway/")
# The workers that begin with them; the others give way.
THAT_WAIT, NICE = ("gw0", "gw1"), 10
IN_CI = os.environ.get("CI", "").lower() in {"1", "true"}

# A run in the background of a shell ignores Ctrl-C, and so would every program that a test starts and ends with it.
signal.signal(signal.SIGINT, signal.default_int_handler)

# No deadline: the machine is shared, and a test that must be quick says so with its own figure.
settings.register_profile("default", deadline=None, print_blob=True)
settings.register_profile(
    "soak",
    deadline=None,
    print_blob=True,
    max_examples=max(SOAK_COUNT, 1),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
settings.load_profile("soak" if SOAK_COUNT else "default")


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> Generator[None]:
    """In a soak run every hypothesis test counts as a long one, as does each that counts its examples itself.

    What takes longest begins first.
    """
    for item in items:
        generated = getattr(getattr(item, "obj", None), "is_hypothesis_test", False)
        if SOAK_COUNT and (generated or item.get_closest_marker("counted")):
            item.add_marker(pytest.mark.soak)
    yield
    items.sort(key=_rank)


def _rank(item: pytest.Item) -> int:
    return next((rank for rank, folder in enumerate(LONGEST_FIRST) if folder in item.nodeid), len(LONGEST_FIRST))


class SideBySide(LoadScopeScheduling):
    """One worker runs the tests of a file; of the demo, all that share a running one. In a soak, where
    each takes minutes, the next that is left.

    Two begin with the tests in real time, any others with the rest: while those wait, these compute.
    """

    def _split_scope(self, nodeid: str) -> str:
        if "e2e/demo/" in nodeid:
            return "e2e/demo/ on iotcore" if "iotcore" in nodeid else "e2e/demo/ on mosquitto"
        return nodeid if SOAK_COUNT else nodeid.partition("::")[0]

    def _assign_work_unit(self, node: WorkerController) -> None:
        waits = node.gateway.id in THAT_WAIT
        fitting = (scope for scope in self.workqueue if waits == any(folder in scope for folder in IN_REAL_TIME))
        if scope := next(fitting, None):
            self.workqueue.move_to_end(scope, last=False)
        super()._assign_work_unit(node)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> SideBySide:
    """Side by side (make test)."""
    return SideBySide(config, log)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """One a core, or as xdist's own variable says."""
    return int(os.environ.get("PYTEST_XDIST_AUTO_NUM_WORKERS", "0")) or os.cpu_count() or 1


def pytest_configure(config: pytest.Config) -> None:
    """A worker that computes gives way to those that wait, as do the programs it starts: they wake on time."""
    if os.environ.get("PYTEST_XDIST_WORKER", THAT_WAIT[0]) not in THAT_WAIT:
        os.nice(NICE)
    if SOAK_COUNT and config.option.markexpr == "soak":
        config.pluginmanager.register(Soaking.of(config, SOAK_COUNT))


def _refuse_skip(report: pytest.TestReport | pytest.CollectReport) -> None:
    """With CI=true a test skipped for a missing part is a failure."""
    if IN_CI and report.skipped and not hasattr(report, "wasxfail"):
        why = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"{report.nodeid}: CI=true, and this would be skipped: {why}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turn a skipped test into a failed one under CI=true."""
    report = yield
    _refuse_skip(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Turn a skipped module into a failed one under CI=true."""
    report = yield
    _refuse_skip(report)
    return report


@pytest.fixture
def soak_seed(request: pytest.FixtureRequest, capfd: pytest.CaptureFixture[str]) -> int:
    """What a long test draws its chances from: SOAK_SEED, or the clock. Told at once: it may hang, or be ended."""
    seed = int(os.environ.get("SOAK_SEED") or time.time_ns() % 1_000_000)
    with capfd.disabled():
        sys.stderr.write(f"\nSOAK_SEED={seed} {request.node.nodeid}\n")
    return seed


@pytest.fixture(scope="session")
def conforms() -> Callable[[str, bytes], None]:
    """`conforms(topic, data)` fails unless a real message is as wire/asyncapi.yaml says."""
    return assert_message_conforms


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's Chromium, headless. Of one module: while it is open, no other test of this thread can run a loop."""
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("needs Debian's package chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=CHROMIUM_ARGUMENTS)
        yield browser
        browser.close()
