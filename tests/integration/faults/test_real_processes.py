"""Real processes under load, broken as the field breaks them; afterwards journal and rows are equal, byte for byte."""

import os
import shutil
import signal
import time
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest
from sqlalchemy import select

from controller.state_copy import COPY_NAME
from gateway.events.models import Event
from tests.integration.faults.site import BANK, ControllerProcess, Postgresql, Site, eventually, filled, read_only
from wire.entries import EntryType

IN_CI, IN_SOAK = 20, int(os.environ.get("SOAK_KILLS", "500"))


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
    with filled(small_disk):
        site.busy(8)
        eventually(
            "the fault is told", lambda: any(f["source"] == "journal" for f in site.controller.status()["faults"])
        )
    site.busy(2)
    site.compare()


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_a_disk_that_is_read_only_when_the_controller_starts_shuts_nobody_out_and_loses_nothing(
    make_site: Callable[..., Site], small_disk: Path, how: signal.Signals
) -> None:
    site = make_site(controller_data=small_disk / "data")
    site.block(1)
    site.controller.end(how)
    before = site.entries(EntryType.STARTED)[-1].epoch
    (site.controller.data / COPY_NAME).unlink(missing_ok=True)  # an old one, or none, is no worse
    with read_only(small_disk):
        site.controller.start()
        site.busy(26, within_s=40)  # each of them has come
        eventually("it is told", lambda: any(f["source"] == "journal" for f in site.controller.status()["faults"]))
    site.busy(2)
    site.compare()
    openings = [entry.body["locker"] for entry in site.entries(EntryType.RELEASE_INTENDED) if entry.epoch != before]
    assert 1 not in openings
    assert 2 in openings


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
    shutil.copytree(site.controller.data, clone.data)
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
