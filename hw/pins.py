"""The Pi's pins through gpiozero: which factory, and outputs that are claimed at their safe level."""

from __future__ import annotations

import fcntl
import os
import sys
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from hw.errors import PinsUnavailable

# gpiozero falls back to others, which cannot claim an output at its safe level.
FACTORIES = ("LGPIOFactory", "RPiGPIOFactory")
IMPORTED_WITHIN_S = 2.0  # another program's import, on a slow Pi


def pin_factory() -> Any:
    """This process's gpiozero factory: the one GPIOZERO_PIN_FACTORY names, else lgpio or RPi.GPIO.

    Raises PinsUnavailable. A later call tries again.
    """
    # lgpio makes a FIFO where it is imported and dies in a directory that cannot be written.
    folder = os.environ.setdefault("LG_WD", os.environ.get("TMPDIR", "/tmp"))  # noqa: S108 - one FIFO, remade each time
    from hw.lean_gpiozero import Device  # loaded only where pins are configured

    try:
        with _sole_import(folder), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # gpiozero warns of each library that it tries in vain
            Device.ensure_pin_factory()
    except Exception as error:
        raise unavailable(error) from error
    factory = Device.pin_factory
    if "GPIOZERO_PIN_FACTORY" not in os.environ and type(factory).__name__ not in FACTORIES:
        drop_pin_factory(factory)
        raise PinsUnavailable("missing", "neither lgpio nor RPi.GPIO works here: install one of them")
    return factory


@contextmanager
def _sole_import(folder: str) -> Iterator[None]:
    """Let no other program of ours (keepers start beside the controller) import lgpio in `folder` meanwhile.

    It makes its FIFO anew and then opens it by name, the same in every program: with another's in between, it would
    read that one's for ever, and hear no edge.
    """
    if "lgpio" in sys.modules or os.environ.get("GPIOZERO_PIN_FACTORY", "lgpio") != "lgpio":
        yield
        return
    try:
        held = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except OSError:  # lgpio says so itself
        yield
        return
    try:
        give_up = time.monotonic() + IMPORTED_WITHIN_S
        while not _locked(held) and time.monotonic() < give_up:
            time.sleep(0.005)
        yield
    finally:
        os.close(held)


def _locked(held: int) -> bool:
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def drop_pin_factory(factory: Any) -> None:
    """Forget a factory that failed, so that the next `pin_factory` makes a new one. A newer one is left alone."""
    from hw.lean_gpiozero import Device

    if factory is None or Device.pin_factory is not factory:
        return
    Device.pin_factory = None
    try:
        factory.close()
    except Exception:  # noqa: BLE001 - pin libraries raise anything, and this one failed already
        factory.pins.clear()  # lgpio's and RPi.GPIO's belong to the class: without this the next factory gets dead ones


def unavailable(error: Exception) -> PinsUnavailable:
    """A pin library's error as a fault that can be reported."""
    if isinstance(error, PinsUnavailable):
        return error
    name = type(error).__name__
    if isinstance(error, PermissionError):
        return PinsUnavailable("permission", f"no access to the pins ({error}): put the service's user in group gpio")
    if name == "GPIOPinInUse" or "busy" in str(error).lower():
        return PinsUnavailable("in_use", f"a pin is taken ({error}): another program or device has it")
    if name == "BadPinFactory":
        return PinsUnavailable("missing", f"no GPIO pins here ({error}): use a Pi with lgpio or RPi.GPIO")
    return PinsUnavailable("failed", f"the pins failed ({name}: {error})")


def claim_output(factory: Any, number: int, level: bool) -> Any:
    """Pin `number` as an output that is at `level` from the first moment.

    gpiozero on lgpio claims an output low and sets its level afterwards, which pulses an active-low relay at start.
    """
    pin = factory.pin(number)
    if type(factory).__name__ == "LGPIOFactory":
        import lgpio

        lgpio.gpio_claim_output(factory._handle, number, int(level))
    else:
        pin.output_with_state(level)
    return pin
