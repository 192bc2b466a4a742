"""A whole bank as it stands, in plain values, for the tools that watch it."""

from typing import Any

from controller.bank import Bank
from controller.bay import Bay
from controller.config import BankFile
from wire.messages import Fault


def bank_view(config: BankFile, bank: Bank, faults: tuple[Fault, ...]) -> dict[str, Any]:
    """Readers, boards, inputs and lockers, each with its faults; a sensor that has not spoken is None."""
    of: dict[str, list[str]] = {}
    for fault in faults:
        of.setdefault(fault.source, []).append(fault.code)
    return {
        "controller": config.controller,
        "readers": [
            {"name": name, "keypad": name in bank.keypads, "faults": of.get(name, [])}
            for name in config.hardware.readers
        ],
        "boards": [{"name": name, "faults": of.get(name, [])} for name in config.hardware.boards],
        "inputs": [{"name": name, "kind": kind, "active": active} for name, (kind, active) in bank.inputs.items()],
        "lockers": [_locker(bay, of.get(bay.source, [])) for bay in bank.bays.values()],
        "faults": fault_lines(faults),
    }


def fault_lines(faults: tuple[Fault, ...]) -> list[dict[str, str]]:
    """Faults as tools read them."""
    return [{"source": fault.source, "code": fault.code} for fault in faults]


def _locker(bay: Bay, faults: list[str]) -> dict[str, Any]:
    return {
        "locker": bay.number,
        "board": bay.config.coil.board,
        "channel": bay.config.coil.channel,
        "state": bay.state.value,
        "door": _stands(bay.door_open),
        "latch": _stands(bay.latch_open),
        "faults": faults,
    }


def _stands(is_open: bool | None) -> str | None:
    return None if is_open is None else "open" if is_open else "closed"
