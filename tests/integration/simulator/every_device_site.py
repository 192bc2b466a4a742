"""The real controller, as a process, on the bank that has every board and reader."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from simulator.every_device import EVERY_DEVICE
from tests.integration.controller.conftest import CONTROLLER, World

PLAN = msgspec.structs.replace(EVERY_DEVICE, name=CONTROLLER)


@contextmanager
def every_device_site(folder: Path, **bench: Any) -> Iterator[World]:
    """Everything around the controller; `join` starts it."""
    site = World(folder, "mosquitto", "trusted", plan=PLAN, **bench)
    try:
        yield site
    finally:
        site.close()
