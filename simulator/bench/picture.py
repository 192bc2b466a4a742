"""What a bank looks like from outside, as plain values for the page and the HTTP API. No badge number is in it."""

from typing import Any

from simulator.bank import SimulatedBank
from simulator.bench.world import World
from simulator.physics import Door


def picture(world: World, bank: SimulatedBank) -> dict[str, Any]:
    """Doors, badges, light and faults of one bank."""
    wiring = bank.wiring
    return {
        "bank": bank.plan.name,
        "title": bank.plan.title or bank.plan.name,
        "columns": bank.plan.columns,
        "powered": bank.powered,
        "lockers": [_locker(number, door) for number, door in bank.doors.items()],
        "badges": [{"label": badge.label, "note": badge.note} for badge in bank.plan.badges],
        "reader": {"kind": bank.plan.reader, "plugged": bank.reader_port.plugged},
        "light": wiring.light,
        "buzzer": wiring.buzzer,
        "light_changes": [
            {"light": change.light, "buzzer": change.buzzer, "at": change.at} for change in wiring.light_changes
        ],
        "faults": [fault.name for fault in world.faults(bank) if fault.on],
    }


def _locker(number: int, door: Door) -> dict[str, Any]:
    return {
        "number": number,
        "door": "open" if door.open else "closed",
        "coil": door.coil,
        "releases": door.releases,
        "last_pulse_ms": None if door.last_pulse_ms is None else round(door.last_pulse_ms),
        "jammed": door.jammed,
        "forced": door.forced,
        "sensor": door.sensor.value,
    }
