"""A gateway with yesterday's database, or an empty one, says nothing to a bank until a person has decided."""

import os
import signal
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.demo.site_under_test import BROKERS, Site, eventually


def copy_database(source: Path, target: Path) -> None:
    """Through SQLite's own backup, as an operator would."""
    before, after = sqlite3.connect(source), sqlite3.connect(target)
    try:
        before.backup(after)
    finally:
        before.close()
        after.close()


def restart_gateway(site: Site) -> None:
    """End it; the supervisor starts it again."""
    old = site.pid("gateway/gateway")
    os.kill(old, signal.SIGKILL)

    def answers() -> bool:
        try:
            return site.pid("gateway/gateway") != old and site.api.get("/readyz").status_code == 200
        except (OSError, ValueError, site.unreachable):
            return False

    eventually("the gateway is back", answers, 30, every_s=0.1)


@pytest.mark.parametrize("kind", BROKERS)
def test_yesterdays_database_publishes_nothing_until_reconciled_and_nobody_is_shut_out(
    new_site: Callable[[str], Site], kind: str
) -> None:
    site = new_site(kind)
    site.start()
    yesterday = site.state / "yesterday.db"
    copy_database(site.database, yesterday)
    since = site.newest_event()
    site.api.post(f"/api/v1/badges/{site.badge_id('henri')}/revoke", json={"reason": "lost"}).raise_for_status()
    site.sees("access_applied", since)
    in_force = site.topic("access")[-1].payload

    copy_database(yesterday, site.database)
    published = len(site.topic("access"))
    restart_gateway(site)
    eventually("the bank is held", site.is_held, 30)
    site.tap("valid")
    eventually("a holder's badge still opens", lambda: site.locker(1)["door"] == "open", 3)
    site.tap("henri")
    eventually("the revoked badge stays dead", lambda: site.bank()["light"] == "red", 3)
    assert all(heard.payload == in_force for heard in site.topic("access")[published:])

    assert site.reconcile()["revoked_at_bank"]
    eventually("the bank follows the gateway again", site.in_step, 20)
    assert len(site.topic("access")) > published
    site.tap("henri")
    eventually("and the revoked badge is still dead", lambda: site.bank()["light"] == "red", 3)
    eventually("everything was sent again and stored", site.same_entries_on_both_sides, 30)
    assert site.stop() == 0
