"""Drops every coil: through the running controller, or, if none runs (ExecStopPost), at the boards themselves."""

import asyncio

from controller.bootstrap import sole_use
from controller.config import BankFile
from controller.control_socket import ask
from controller.errors import ControlError, ControllerError
from controller.witnesses import mono_ms
from hw.assembly import build
from hw.ports import DeviceEvent, DeviceFault


def all_off(bank: BankFile) -> None:
    """Raises ControllerError `board` where a board could not be reached; the others are off."""
    try:
        ask(bank.data_dir, {"do": "all_off"})
    except ControlError as error:
        if error.code != "not_running":
            raise
        with sole_use(bank.data_dir):
            asyncio.run(_at_the_boards(bank))


async def _at_the_boards(bank: BankFile) -> None:
    faults: list[DeviceFault] = []

    def note(event: DeviceEvent) -> None:
        if isinstance(event, DeviceFault) and event.kind == "board":
            faults.append(event)

    hardware = build(bank.hardware, note, mono_ms)
    try:
        await asyncio.gather(*(board.start() for board in hardware.boards.values()))
    finally:
        await hardware.stop()
    if faults:
        raise ControllerError("board", "\n".join(f"board {fault.device}: {fault.detail}" for fault in faults))
