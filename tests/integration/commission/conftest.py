"""A simulated bank wired as the test says, its file, and a person who looks at the doors and answers."""

import asyncio
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import pytest
from gpiozero import Device

from controller.commission.conclusions import Conclusions, conclude
from controller.commission.conduct import conduct
from controller.commission.disk import read_disk
from controller.commission.hands import Hands, Patience
from controller.commission.plan import plan_of
from controller.commission.procedure import Procedure
from controller.commission.progress import Progress, load_progress
from controller.commission.steps import AskDoors, AskShut, Doors, Reply, Tell
from controller.config import load
from controller.journal import NAME as JOURNAL
from controller.store import Store
from hw.pins import drop_pin_factory
from simulator.bank import SimulatedBank
from simulator.places import SMBUS2
from simulator.scenario import BankPlan, Places, controller_toml
from wire.access_list import Grant

T = TypeVar("T")
DAY_MS = 86_400_000
Change = Callable[[str], str]


class Person:
    """Sees which doors opened, says so and shuts them; `stop_after` doors, walks away."""

    def __init__(self, site: "Site", stop_after: int | None = None) -> None:
        self.told: list[Tell] = []
        self.asked: list[AskDoors] = []
        self._site = site
        self._stop_after = stop_after

    def tell(self, step: Tell) -> None:
        self.told.append(step)

    async def shut(self, step: AskShut) -> Reply:
        self._site.shut_doors()
        return Reply.YES

    async def doors(self, step: AskDoors) -> Doors | Reply:
        self.asked.append(step)
        if self._stop_after is not None and len(self.asked) > self._stop_after:
            return Reply.STOP
        opened = self._site.open_doors()
        self._site.shut_doors()
        return Doors(opened)


class Site:
    """One bank on a bench: `plan` is what is soldered, the file says the same unless `edit` changes its text."""

    def __init__(self, folder: Path, plan: BankPlan, edit: Change) -> None:
        self.places = Places(folder, "b")
        self.data = folder / "data"
        self.config = folder / "bank.toml"
        text = controller_toml(plan, self.places, data_dir=self.data, broker=("127.0.0.1", 1883))
        self.config.write_text(edit(text) + '\n[time]\nsystem_clock = "trusted"\n')
        self.data.mkdir(exist_ok=True)
        self.bank = SimulatedBank(plan, self.places, pacing=False)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self.bank.start(), self._loop).result(10)

    def close(self) -> None:
        """Unplug the bank."""
        asyncio.run_coroutine_threadsafe(self.bank.stop(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def do(self, act: Callable[[], T]) -> T:
        """Do something at the bank, on the loop that it lives on."""

        async def acting() -> T:
            return act()

        return asyncio.run_coroutine_threadsafe(acting(), self._loop).result(10)

    def open_doors(self) -> tuple[int, ...]:
        """The doors that a person sees open."""
        return self.do(lambda: tuple(number for number, door in self.bank.doors.items() if door.open))

    def shut_doors(self) -> None:
        """Push every door shut."""
        self.do(lambda: [self.bank.push(number) for number in self.bank.doors])

    def releases(self) -> list[int]:
        """How often each door was released, by number."""
        return self.do(lambda: [door.releases for door in self.bank.doors.values()])

    def commission(
        self,
        *,
        person: Person | None = None,
        watched: bool = True,
        only: str = "",
        finished: bool = True,
        held_meanwhile: int | None = None,
    ) -> Conclusions:
        """One run of the procedure with the shipped drivers; its coils are off afterwards."""
        return asyncio.run(self._commission(person or Person(self), watched, only, finished, held_meanwhile))

    async def _commission(
        self, person: Person, watched: bool, only: str, finished: bool, held_meanwhile: int | None
    ) -> Conclusions:
        config = load(self.config)
        disk = read_disk(config)
        plan = plan_of(config, disk.held(), only)
        if held_meanwhile is not None:
            disk = replace(disk, grants=(holder(held_meanwhile),))
        progress = load_progress(self.data) or Progress("x")
        procedure = Procedure(plan, progress, watched=watched)
        hands = Hands(config, disk, plan, progress.turned, Patience(settled_ms=150, watch_ms=800, linger_ms=150))
        front: Any = person
        assert await conduct(procedure, hands, front, self.data) is finished
        assert not self.do(lambda: any(door.coil for door in self.bank.doors.values()))
        return conclude(plan, procedure.progress)


def holder(locker: int) -> Grant:
    """Somebody's grant for a locker, yesterday to tomorrow."""
    now = time.time_ns() // 1_000_000
    return Grant("g-1", "d" * 32, "k1", (locker,), now - DAY_MS, now + DAY_MS, "holder")


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Site]]:
    """Makes the sites of a test, each with its bank plugged in."""
    sites: list[Site] = []

    def make(plan: BankPlan, edit: Change = lambda text: text) -> Site:
        sites.append(Site(tmp_path, plan, edit))
        for name, value in sites[-1].places.environment().items():
            monkeypatch.setenv(name, value)
        monkeypatch.syspath_prepend(str(SMBUS2))
        return sites[-1]

    yield make
    drop_pin_factory(Device.pin_factory)
    for each in sites:
        each.close()


def findings(result: Conclusions) -> dict[str, set[tuple[int, ...]]]:
    """The lockers of the findings, by code."""
    found: dict[str, set[tuple[int, ...]]] = {}
    for each in result.findings:
        found.setdefault(each.code, set()).add(tuple(sorted(each.lockers)))
    return found


def changes(result: Conclusions) -> Mapping[str, object]:
    """The new values by key."""
    return {".".join(change.path): change.new for change in result.changes}


def entries_of(here: Site) -> list[dict[str, dict[str, object]]]:
    store = Store(here.data / JOURNAL, read_only=True)
    try:
        return [msgspec.json.decode(line) for line in store.newest_lines(1_000)]
    finally:
        store.close()
