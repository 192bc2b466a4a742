"""All faults by name."""

from simulator.world.faults import (
    broker,
    clock,
    disk,
    forgery,
    gateway,
    hardware,
    lists,
    network,
    power,
    split,
    strangers,
)
from simulator.world.faults.fault import Fault

FAMILIES = (
    broker.FAMILY, network.FAMILY, disk.FAMILY, power.FAMILY, clock.FAMILY, forgery.FAMILY, hardware.FAMILY,
    gateway.FAMILY, split.FAMILY, lists.FAMILY, strangers.FAMILY,
)  # fmt: skip
FAULTS: dict[str, Fault] = {fault.name: fault for family in FAMILIES for fault in family}
