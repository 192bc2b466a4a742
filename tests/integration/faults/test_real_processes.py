"""Real processes under load, broken as the field breaks them; afterwards journal and rows are equal, byte for byte."""

import contextlib
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

import pytest
from sqlalchemy import select

from gateway.events.models import Event
from tests.integration.faults.site import BANK, ControllerProcess, Postgresql, Site, eventually
from tests.postgresql import POSTGRESQL

IN_CI, IN_SOAK = 20, int(os.environ.get("SOAK_KILLS", "500"))


@pytest.fixture
def make_site(tmp_path: Path) -> Iterator[Callable[..., Site]]:
    sites: list[Site] = []

    def made(**options: object) -> Site:
        sites.append(Site(tmp_path, **options))  # type: ignore[arg-type]
        sites[-1].begin()
        return sites[-1]

    yield made
    for site in sites:
        site.close()


@pytest.fixture
def postgresql() -> Iterator[Postgresql]:
    if not (POSTGRESQL / "postgres").exists():
        pytest.skip("postgresql is not installed")
    server = Postgresql()
    server.start()
    yield server
    server.close()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own, somewhat larger than what the controller calls too little room (32 MB)."""
    folder = tmp_path / "card"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=48m", "tmpfs", str(folder)], check=False)
    if mounted.returncode != 0:
        pytest.skip("a file system can be mounted by root only")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_a_broker_that_is_killed_and_wiped_loses_nothing(make_site: Callable[..., Site]) -> None:
    site = make_site()
    for _ in range(3):
        site.broker.kill()
        shutil.rmtree(site.broker.state)
        site.busy(2)
        site.broker.start()
        site.busy(2)
    site.compare()


def test_a_database_and_a_gateway_that_die_under_load_lose_nothing(
    make_site: Callable[..., Site], postgresql: Postgresql
) -> None:
    site = make_site(postgresql=postgresql)
    postgresql.kill()
    site.busy(3)
    postgresql.start()
    site.busy(2)
    site.gateway.end(signal.SIGKILL)
    site.busy(3)
    site.gateway.start()
    site.busy(2)
    site.compare()


def kills(site: Site, count: int, seed: int) -> None:
    """Kills the controller so often, at random moments, while people come."""
    random = Random(seed)
    for turn in range(count):
        time.sleep(random.uniform(0.05, 0.6))  # the random moment itself
        site.controller.end(signal.SIGKILL)
        site.controller.start()
        if turn % 5 == 4:
            site.busy(1)
    site.compare()


def test_a_controller_that_is_killed_under_load_loses_nothing(make_site: Callable[..., Site]) -> None:
    kills(make_site(), IN_CI, seed=20)


@pytest.mark.soak
def test_a_controller_that_is_killed_again_and_again_loses_nothing(
    make_site: Callable[..., Site], soak_seed: int
) -> None:
    kills(make_site(), IN_SOAK, soak_seed)


def test_a_disk_that_is_full_shuts_nobody_out_and_loses_nothing(
    make_site: Callable[..., Site], small_disk: Path
) -> None:
    site = make_site(controller_data=small_disk / "data")
    ballast = small_disk / "ballast"
    # Without a buffer: what did not fit would be written again when the file is closed.
    with ballast.open("wb", buffering=0) as filling, contextlib.suppress(OSError):
        while True:
            filling.write(bytes(4_096))
    site.busy(8)
    eventually("the fault is told", lambda: any(f["source"] == "journal" for f in site.controller.status()["faults"]))
    ballast.unlink()
    site.busy(2)
    site.compare()


def test_a_network_that_swallows_cuts_and_flaps_loses_nothing(make_site: Callable[..., Site]) -> None:
    site = make_site()
    site.proxy.half_open()
    site.busy(4)
    site.proxy.heal()
    site.busy(1)
    for _ in range(4):
        site.proxy.cut()
        site.busy(1)
        site.proxy.heal()
        site.busy(1)
    site.compare()


def test_a_second_device_with_the_same_card_is_an_alarm_and_overwrites_nothing(
    make_site: Callable[..., Site], tmp_path: Path
) -> None:
    site = make_site()
    site.controller.end(signal.SIGKILL)
    clone = ControllerProcess(tmp_path / "clone", site.proxy.port)
    shutil.copytree(site.controller.data, clone.data, ignore=shutil.ignore_patterns("*.sock"))
    site.controller.start()
    site.busy(2)
    try:
        clone.start()
        clone.bench.tap("b24")
        eventually("the clone opens", lambda: clone.releases)
        site.calm()
        eventually("the alarm", lambda: alarms(site), 40)
    finally:
        clone.end()
        clone.close()
    eventually("the first device is back", lambda: site.controller.status().get("queue") == 0, 40)
    stored = set(site.rows())
    assert set(site.controller.journal()) <= stored
    assert stored <= set(site.controller.journal()) | set(clone.journal()), "a row that nobody wrote"


def alarms(site: Site) -> list[str]:
    """What the gateway says of links that do not match."""
    database = site.gateway.database()
    try:
        with database.reading() as session:
            return list(
                session.scalars(select(Event.kind).where(Event.bank_id == BANK, Event.kind == "epoch_link_broken"))
            )
    finally:
        database.close()
