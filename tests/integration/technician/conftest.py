"""A simulated bank with its file and nothing that runs it: what a technician finds before the service is started."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from controller.config import load
from controller.technician.doctor import lines, seen
from controller.technician.doctor.command import examine
from controller.technician.doctor.findings import Finding
from hw import line_probe
from simulator.places import Places
from simulator.plans.serial_rfid import Rdm6300Plan
from simulator.scenario import BadgePlan, BankPlan, controller_toml
from tests.integration.controller.conftest import Bench, make_world, world  # noqa: F401 - fixtures

BADGE = "62E3086CED"


class Site:
    """The bank, its file, and everything that opened a coil."""

    def __init__(self, folder: Path, plan: BankPlan) -> None:
        self.places = Places(folder, "bank")
        self.file = folder / "bank.toml"
        toml = controller_toml(plan, self.places, data_dir=folder / "data", broker=("127.0.0.1", 1))
        self.file.write_text(f'{toml}\n[time]\nsystem_clock = "trusted"\n')
        (folder / "data").mkdir(mode=0o700)
        self.bench = Bench(plan, self.places, pacing=False)

    def rewrite(self, old: str, new: str) -> None:
        """Change the bank's file."""
        text = self.file.read_text()
        assert old in text
        self.file.write_text(text.replace(old, new))

    def releases(self) -> list[int]:
        """How often each coil was energised, and how many energising frames were on the lines."""
        return [len(self.bench.unlocked), *(door.releases for door in self.bench.bank.doors.values())]

    def examine(self, listen_s: float = 0) -> dict[str, Finding]:
        """What the doctor finds; no coil may have moved."""
        before = self.releases()
        found = list(examine(load(self.file), self.file, listen_s, pulse=False))
        assert all(finding.mend for finding in found if finding.level != "pass")
        assert self.releases() == before
        return {finding.what: finding for finding in found}


@pytest.fixture
def short_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    """A doctor who hurries: a silent board is known after one second, a search of 32 addresses takes three."""
    monkeypatch.setattr(seen, "LOOK_S", 1.5)
    monkeypatch.setattr(line_probe, "MOST", 5)
    monkeypatch.setattr(lines, "TIMES", 3)


@pytest.fixture
def make_site(tmp_path: Path, short_looks: None) -> Iterator[Callable[..., Site]]:
    """`make_site(**boards)`: a bank with these boards (plans), an RDM6300 or `readers`, and one badge, `valid`."""
    sites: list[Site] = []

    def make(readers: Any = None, **boards: Any) -> Site:
        fitted = readers or {"entrance": Rdm6300Plan()}
        plan = BankPlan("site-1", boards, readers=fitted, light=None, badges=(BadgePlan("valid", BADGE),))
        sites.append(Site(tmp_path, plan))
        return sites[-1]

    yield make
    for site in sites:
        site.bench.close()
