"""A database that stands still or has no room left: nothing is receipted that is not stored, and nothing is lost."""

from collections.abc import Callable
from pathlib import Path

import psycopg

from tests.integration.faults.site import Postgresql, Site, eventually, filled


def waits(site: Site, at_least: int) -> None:
    """So many entries wait at the bank, and what does not wait there is stored."""
    eventually(f"{at_least} entries wait", lambda: site.controller.status().get("queue", 0) >= at_least)
    written = len(site.controller.journal())
    assert written - site.controller.status()["queue"] <= len(site.rows()), "a receipt for what is not stored"


def test_a_database_that_stands_still_under_load_loses_nothing(
    make_site: Callable[..., Site], postgresql: Postgresql
) -> None:
    site = make_site(postgresql=postgresql)
    with psycopg.connect(postgresql.url) as somebody:
        somebody.execute("LOCK TABLE event IN SHARE ROW EXCLUSIVE MODE")
        site.busy(6)
        waits(site, 6)
        somebody.rollback()
    site.busy(2)
    site.compare()


def test_a_database_with_no_room_left_loses_nothing(make_site: Callable[..., Site], small_disk: Path) -> None:
    site = make_site(gateway_home=small_disk / "gateway")
    with filled(small_disk):
        site.busy(6)
        waits(site, 6)
    site.busy(2)
    site.compare()
