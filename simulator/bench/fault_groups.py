"""The faults of a bank as people look for them: around it, at its doors, and device by device."""

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

from simulator.bench.fault_texts import GROUPS, fault_text, group_of
from simulator.bench.world import FaultState


@dataclass(frozen=True, slots=True)
class Switch:
    """One switch of the page."""

    name: str
    label: str
    meaning: str
    on: bool
    available: bool
    takes_number: bool


@dataclass(frozen=True, slots=True)
class FaultGroup:
    """Switches that stand together: those of one device, or (`device` is empty) of a part of the bank."""

    kind: str
    device: str
    switches: tuple[Switch, ...]

    @property
    def on(self) -> int:
        """How many of them are on."""
        return sum(switch.on for switch in self.switches)


def described(fault: FaultState, language: str) -> dict[str, Any]:
    """A fault for the HTTP API, with its group, its name and what it means."""
    return {**asdict(fault), "group": group_of(fault.name), **asdict(fault_text(fault.name, language))}


def fault_groups(faults: Iterable[FaultState], devices: Iterable[str], language: str) -> list[FaultGroup]:
    """The groups that this bank has, those of its `devices` last, in their order."""
    known = {fault.name: fault for fault in faults}
    groups = [FaultGroup(*group) for group in _grouped(known, list(devices), language)]
    return [group for group in groups if group.switches]


def _grouped(
    known: dict[str, FaultState], devices: list[str], language: str
) -> Iterator[tuple[str, str, tuple[Switch, ...]]]:
    for kind, names in GROUPS.items():
        faults = [known[name] for name in names]
        whole = [fault for fault in faults if not fault.devices and (fault.available or kind == "around")]
        yield kind, "", tuple(_switch(fault, language, fault.on) for fault in whole)
        for device in devices:
            of_device = [fault for fault in faults if device in fault.devices]
            yield kind, device, tuple(_switch(fault, language, fault.devices[device]) for fault in of_device)


def _switch(fault: FaultState, language: str, on: bool) -> Switch:
    text = fault_text(fault.name, language)
    return Switch(fault.name, text.label, text.meaning, on, fault.available, fault.takes_number)
