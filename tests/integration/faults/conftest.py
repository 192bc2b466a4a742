"""Sites of real processes, what they run on, and a disk that can be filled."""

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.integration.faults.site import Postgresql, Site
from tests.postgresql import POSTGRESQL


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
