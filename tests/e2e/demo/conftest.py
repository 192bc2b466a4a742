"""One running demo a broker, shared by the tests that leave it as they found it; and demos of one's own."""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.e2e.demo.site_under_test import BROKERS, Site


@pytest.fixture(scope="session")
def new_site() -> Iterator[Callable[[str], Site]]:
    """A demo in a folder of its own, not started; its folder goes at the end. Socket paths must stay short."""
    made: list[Site] = []

    def make(kind: str) -> Site:
        made.append(Site(kind, Path(tempfile.mkdtemp(prefix="casier-"))))
        return made[-1]

    yield make
    for site in made:
        if site.is_started:
            site.stop()
        shutil.rmtree(site.state, ignore_errors=True)


@pytest.fixture(scope="session")
def running_sites(new_site: Callable[[str], Site]) -> Callable[[str], Site]:
    """The running demo of each broker, started when first asked for."""
    running: dict[str, Site] = {}

    def of(kind: str) -> Site:
        if kind not in running:
            running[kind] = new_site(kind)
            running[kind].start()
        assert running[kind].is_started, f"the demo on {kind} did not start: the first test that asked for it says why"
        return running[kind]

    return of


@pytest.fixture(params=BROKERS)
def site(request: pytest.FixtureRequest, running_sites: Callable[[str], Site]) -> Iterator[Site]:
    """The demo on each broker; every door is shut and every fault is off again after the test."""
    site = running_sites(request.param)
    yield site
    site.tidy()
