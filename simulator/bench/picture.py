"""What a bank looks like from outside, as plain values for the page and the HTTP API. No badge number is in it."""

from typing import Any

from simulator.bank import SimulatedBank
from simulator.bench.world import World
from simulator.devices import Keypad, Lit
from simulator.fittings import ReaderFitting
from simulator.plans.base import ReaderPlan


def picture(world: World, bank: SimulatedBank) -> dict[str, Any]:
    """Doors, badges, readers, lights and faults of one bank."""
    indicator = bank.indicator
    readers = [_reader(name, plan, bank.readers[name]) for name, plan in bank.plan.readers.items()]
    faults = [fault for fault in world.faults(bank) if fault.on]
    return {
        "bank": bank.plan.name,
        "title": bank.plan.title or bank.plan.name,
        "columns": bank.plan.columns,
        "powered": bank.powered,
        "lockers": [_locker(bank, number, board) for number, board, _ in bank.plan.lockers()],
        "badges": [
            {"label": badge.label, "note": badge.note, "technology": badge.technology} for badge in bank.plan.badges
        ],
        "reader": readers[0] if readers else None,
        "readers": readers,
        "inputs": [
            {"name": name, "kind": plan.senses, "active": bank.inputs[name].active}
            for name, plan in bank.plan.inputs.items()
        ],
        "light": indicator.light,
        "buzzer": indicator.buzzer,
        "light_changes": [
            {"light": change.light, "buzzer": change.buzzer, "at": change.at} for change in indicator.changes
        ],
        "faults": [fault.name for fault in faults],
        "faulty_doors": {fault.name: fault.doors for fault in faults if fault.takes_number},
        "faulty_devices": {
            fault.name: [name for name, on in fault.devices.items() if on] for fault in faults if fault.devices
        },
    }


def _reader(name: str, plan: ReaderPlan, fitting: ReaderFitting) -> dict[str, Any]:
    device = fitting.device
    return {
        "name": name,
        "kind": plan.driver,
        "plugged": fitting.cable is None or fitting.cable.plugged,
        "technologies": sorted(plan.technologies),
        "light": device.light if isinstance(device, Lit) else None,
        "keypad": device.keys if plan.has_keypad and isinstance(device, Keypad) else "",
    }


def _locker(bank: SimulatedBank, number: int, board: str) -> dict[str, Any]:
    door = bank.doors[number]
    return {
        "number": number,
        "board": board,
        "door": "open" if door.open else "closed",
        "ajar": door.ajar,
        "coil": door.coil,
        "hot": door.hot,
        "welded": door.welded,
        "light": bank.lights.get(number),
        "releases": door.releases,
        "last_pulse_ms": None if door.last_pulse_ms is None else round(door.last_pulse_ms),
        "jammed": door.jammed,
        "forced": door.forced,
        "pried": door.pried,
        "sensor": door.sensor.value,
        "latch_sensor": door.latch_sensor.value if bank.plan.boards[board].has_latches else None,
    }
