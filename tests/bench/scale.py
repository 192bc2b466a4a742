"""How long people wait for the wall, a person's page and reports when the database holds years of a network.

A hundred thousand contracts and a million events, and a tenth of both for the growth; `CASIER_BENCH_EVENTS` asks for
more (50000000 is the full size). The gateway is a process of its own, asked over HTTP, as a browser asks it.
"""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import psutil
import psycopg

from gateway import migrations
from gateway.db import Database
from gateway.privacy.field_keys import FieldKeys
from simulator.broker import free_port
from tests.bench.figures import Figure, percentile
from tests.bench.town import OPERATOR, PASSWORD, WORKER, Town, found
from tests.integration.controller.conftest import now_ms
from tests.postgresql import POSTGRESQL

CONTRACTS, EVENTS = 100_000, int(os.environ.get("CASIER_BENCH_EVENTS", "1000000"))
SMALLER = 10
PAGES = ("wall", "person", "site_report", "network_report")
DATABASES = ("postgresql", "sqlite")
TIMES, ROUNDS = 40, 3
SETTLED_WITHIN_S, IDLE_PERCENT, IDLE_TIMES = 300, 10.0, 3
LONG_AGO = "2010-01-01"
FIGURES = tuple(
    f"{page}_{what}_{database}" for database in DATABASES for page in PAGES for what in ("p95_ms", "growth_x")
)


def measure(folder: Path, say: Callable[[str], None]) -> Iterator[Figure]:
    """Each database small, then large; the growth is the large one's time over the small one's."""
    for name, opened in (("postgresql", _postgresql), ("sqlite", _sqlite)):
        found_times: list[dict[str, float]] = []
        for share in (SMALLER, 1):
            home = folder / f"scale-{name}-{share}"
            shutil.rmtree(home, ignore_errors=True)
            home.mkdir(parents=True)
            with opened(home) as url:
                say(f"scale: {CONTRACTS // share} contracts and {EVENTS // share} events into {name}")
                town = _filled(url, home, share)
                say(f"scale: pages on {name}")
                found_times.append(_pages(url, home, town))
            shutil.rmtree(home, ignore_errors=True)
        small, large = found_times
        for page in PAGES:
            yield Figure(f"{page}_p95_ms_{name}", large[page])
            yield Figure(f"{page}_growth_x_{name}", large[page] / small[page])


def _filled(url: str, home: Path, share: int) -> Town:
    database = Database(url, FieldKeys.of(home))
    try:
        migrations.migrate(database)
        town = found(database, contracts=CONTRACTS // share, events=EVENTS // share, now=now_ms())
        with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("ANALYZE")
    finally:
        database.close()
    return town


def _pages(url: str, home: Path, town: Town) -> dict[str, float]:
    with _served(url, home) as address:
        _until_idle()
        worker, operator = _signed_in(address, WORKER), _signed_in(address, OPERATOR)
        with closing(worker), closing(operator):
            asked = {
                "wall": [(worker, "/"), (operator, "/")],
                "person": [(worker, f"/people/{person}") for person in town.people],
                "site_report": _reports(worker, town.site),
                "network_report": _reports(operator, "network"),
            }
            return {page: _p95(asked[page]) for page in PAGES}


def _reports(client: httpx.Client, name: str) -> list[tuple[httpx.Client, str]]:
    """A year and everything since ever, as page, table, workbook and chart."""
    path = f"/reports/{quote(name)}"
    return [
        (client, f"/reports?name={quote(name)}"),
        (client, f"/reports?name={quote(name)}&from={LONG_AGO}"),
        (client, f"{path}/figures.csv?from={LONG_AGO}"),
        (client, f"{path}/figures.xlsx"),
        (client, f"{path}/ends_by_reason.svg?cohort=started"),
    ]


def _p95(asked: list[tuple[httpx.Client, str]]) -> float:
    """The best of a few rounds: what else a shared machine does is not ours."""
    return min(percentile([_took_ms(*asked[nth % len(asked)]) for nth in range(TIMES)], 95) for _round in range(ROUNDS))


def _took_ms(client: httpx.Client, path: str) -> float:
    began = time.perf_counter()
    answer = client.get(path)
    took = (time.perf_counter() - began) * 1_000
    if answer.status_code != httpx.codes.OK:
        raise RuntimeError(f"{path}: {answer.status_code} {answer.text[:200]}")
    return took


def _until_idle() -> None:
    """A gateway that has just started reads the facts and looks once at everyone: what comes then is its normal day.

    It is idle where its processor time says so three times in a row: while the database works, it waits too.
    """
    (gateway,) = [one for one in psutil.Process().children() if "gateway" in one.cmdline()]
    deadline, quiet = time.monotonic() + SETTLED_WITHIN_S, 0
    while time.monotonic() < deadline and quiet < IDLE_TIMES:
        quiet = quiet + 1 if gateway.cpu_percent(5.0) < IDLE_PERCENT else 0


def _signed_in(address: str, email: str) -> httpx.Client:
    client = httpx.Client(base_url=address, timeout=120)
    form = client.get("/sign-in").text
    hidden = re.search(r'name="csrf"[^>]*value="([^"]+)"', form)
    assert hidden is not None
    answer = client.post("/sign-in", data={"csrf": hidden[1], "email": email, "password": PASSWORD})
    if answer.status_code not in (302, 303):
        raise RuntimeError(f"no sign-in: {answer.status_code}")
    return client


@contextmanager
def _served(url: str, home: Path) -> Iterator[str]:
    environment = {
        **os.environ,
        "CASIER_DATA_DIR": str(home),
        "CASIER_DATABASE_URL": url,
        "CASIER_BROKER_PORT": str(free_port()),  # nobody is there: pages need no broker
        "CASIER_GATEWAY_PORT": "0",
        "PYTHONUNBUFFERED": "1",
    }
    with (home / "gateway.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "gateway", "serve"], stdout=subprocess.PIPE, stderr=log, text=True, env=environment
        )
        try:
            assert process.stdout is not None
            ready = next((line for line in process.stdout if line.startswith('{"ready"')), None)
            if ready is None:
                raise RuntimeError(f"the gateway did not start: {(home / 'gateway.log').read_text()[-2000:]}")
            yield str(json.loads(ready)["ready"])
        finally:
            process.kill()
            process.wait()
            if process.stdout is not None:
                process.stdout.close()


@contextmanager
def _sqlite(home: Path) -> Iterator[str]:
    yield f"sqlite:///{home / 'casier.db'}"


@contextmanager
def _postgresql(_home: Path) -> Iterator[str]:
    """A server of its own with its defaults, on the disk that holds temporary files, as an unprivileged user."""
    home = Path(tempfile.mkdtemp(prefix="casier-pg-"))
    account: dict[str, Any] = {}
    if os.geteuid() == 0:
        shutil.chown(home, "postgres", "postgres")
        account = {"user": "postgres", "group": "postgres", "extra_groups": []}
    subprocess.run(
        [POSTGRESQL / "initdb", "-D", home / "data", "-U", "casier", "--auth=trust", "-E", "UTF8"],
        check=True, capture_output=True, cwd="/", **account,
    )  # fmt: skip
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen(
        [
            POSTGRESQL / "postgres", "-D", home / "data", "-p", str(port), "-c", "listen_addresses=127.0.0.1",
            "-c", f"unix_socket_directories={home}", "-c", "log_min_messages=fatal",
        ],
        cwd="/", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **account,
    )  # fmt: skip
    url = f"postgresql://casier@127.0.0.1:{port}/postgres"
    try:
        _until_it_answers(url)
        yield url
    finally:
        process.terminate()
        process.wait(30)
        shutil.rmtree(home, ignore_errors=True)


def _until_it_answers(url: str) -> None:
    deadline = time.monotonic() + 30
    while True:
        try:
            psycopg.connect(url).close()
        except psycopg.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
        else:
            return
