"""Devices that say they are a bank: one with keys of its own, and a clone of its card."""

import sqlite3
from pathlib import Path
from random import Random

from controller.journal import NAME
from controller.store import Store
from simulator.world.chance import Chance
from simulator.world.controller import SimulatedController
from simulator.world.faults.fault import HOUR_MS, MINUTE_MS, Fault, Heal, Hit
from simulator.world.faults.refusals import Refusals
from simulator.world.faults.schedule import Schedule
from simulator.world.survival import everything

_PATH = Path("/data") / NAME


def _foreign(schedule: Schedule, hit: Hit) -> Heal:
    """Another device with the bank's name and the broker's password: it takes the connection over, again and again."""
    return _second(schedule, hit, f"{hit.bank.name}/foreign")


def _clone(schedule: Schedule, hit: Hit) -> Heal:
    """A copy of the bank's card runs in another Pi for a while: it has the keys, and a journal of its own."""
    return _second(schedule, hit, f"{hit.bank.name}/clone", clone=True)


def _second(schedule: Schedule, hit: Hit, stream: str, *, clone: bool = False) -> Heal:
    world = schedule.world
    double = SimulatedController(
        world.loop, _Named(world.chance, stream), world.trace, world.broker, hit.bank.config, pace=hit.bank.pace
    )
    before = _epochs(hit.bank) if clone else set()
    if clone:
        double.disk = hit.bank.disk.left_by(everything())
    else:
        double.tell_root(world.gateway.keystore.root_token)
    double.power_on()
    refusals = Refusals(schedule, hit, up=True, enough=2)
    refusals.note()

    def heal() -> None:
        uplink = double.runtime.uplink if double.runtime is not None else None
        if clone:
            written = _epochs(double) - before
            world.cloned[hit.bank.name] |= written
            schedule.watch.told.cloned(hit.bank.name, sorted(written))
        elif uplink is not None and uplink.session is not None:
            refusals.note()
            refusals.judge()
        double.power_cut()

    return heal


def _epochs(bank: SimulatedController) -> set[str]:
    """Which journals stand on its disk; none that cannot be read now."""
    try:
        store = Store(_PATH, bank.disk.left_by(everything()))
    except (sqlite3.Error, OSError):
        return set()
    try:
        return {epoch.epoch for epoch in store.epochs()}
    except sqlite3.Error:
        return set()
    finally:
        store.close()


class _Named(Chance):
    """The streams of a seed under another name: a second device of one name draws from its own."""

    def __init__(self, chance: Chance, prefix: str) -> None:
        super().__init__(chance.seed)
        self._chance = chance
        self._prefix = prefix

    def stream(self, name: str) -> Random:
        """As Chance.stream."""
        return self._chance.stream(f"{self._prefix}/{name}")


FAMILY = (
    Fault("foreign_device", (15,), (MINUTE_MS, HOUR_MS), _foreign),
    Fault("card_cloned", (15,), (MINUTE_MS, HOUR_MS), _clone),
)
