"""The controller is killed or stopped in the middle of a release: the coil ends on time, and nothing fires again."""

import os
import signal
import time

import pytest

from tests.e2e.demo.site_under_test import Site, eventually

# Whoever ends the pulse and counts it are programs, too, on a machine that may be busy.
PULSE_MS = range(270, 600)
WHERE = [("montreuil-1", 1), ("lille-1", 1)]


def coil_is_on(site: Site, number: int, bank: str) -> bool:
    """Asked every few milliseconds."""
    return bool(site.locker(number, bank)["coil"])


@pytest.mark.parametrize(("bank", "number"), WHERE)
def test_killed_in_the_middle_of_a_release_leaves_no_coil_on_and_fires_nothing_again(
    site: Site, bank: str, number: int
) -> None:
    before, since = site.releases(bank), site.newest_event()
    site.tap("valid", bank)
    eventually("the coil is on", lambda: coil_is_on(site, number, bank), 3, every_s=0.002)
    os.kill(site.pid(f"{bank}/controller"), signal.SIGKILL)
    died = time.monotonic()
    eventually("the coil is off", lambda: not coil_is_on(site, number, bank), 1, every_s=0.002)
    assert time.monotonic() - died < 1
    site.sees("started", since, within_s=15)
    unknown = site.sees("release_unknown", since)
    intended = site.sees("release_intended", since, locker=number)
    assert unknown["body"]["release"] == intended["body"]["release"]
    eventually("the bank is back", lambda: site.tile(number, bank)["online"], 15)
    assert site.releases(bank) == {**before, number: before[number] + 1}


def test_stopped_in_the_middle_of_a_release_the_pulse_ends_on_time(site: Site) -> None:
    site.tap("valid", "lille-1")
    eventually("the coil is on", lambda: coil_is_on(site, 1, "lille-1"), 3, every_s=0.002)
    with site.stopped("lille-1"):
        eventually("the coil is off", lambda: not coil_is_on(site, 1, "lille-1"), 1, every_s=0.002)
        assert site.locker(1, "lille-1")["last_pulse_ms"] in PULSE_MS
    # A door shut before it was seen open would leave its release waiting for it.
    eventually("the door is seen open", lambda: site.tile(1, "lille-1")["door"] == "open")
