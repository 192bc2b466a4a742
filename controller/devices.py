"""Device events in the core's words: a locker's number for a coil."""

import logging
from collections.abc import Mapping

from controller.inputs import (
    BadgePresented,
    CardRefused,
    DeviceFailed,
    DeviceRecovered,
    DoorSensed,
    Input,
    InputChanged,
    KeyPressed,
    LockAccepted,
    LockFailed,
)
from hw import ports

_log = logging.getLogger("controller.devices")


def core_input(event: ports.DeviceEvent, lockers: Mapping[ports.Coil, int]) -> Input | None:
    """The input that an event is, or None for a channel behind which there is no locker."""
    if isinstance(event, ports.BadgeRead):
        return BadgePresented(event.reader, event.technology, event.number, event.at_ms, event.stale)
    if isinstance(event, ports.CardRefused):
        return CardRefused(event.reader, event.why)
    if isinstance(event, ports.KeyPressed):
        return KeyPressed(event.reader, event.key, event.at_ms)
    if isinstance(event, ports.InputSensed):
        return InputChanged(event.input, event.kind, event.active)
    if isinstance(event, ports.DeviceFault):
        _log.warning("%s %s: %s: %s", event.kind, event.device, event.code, event.detail)
        return DeviceFailed(event.device, event.kind, event.code)
    if isinstance(event, ports.DeviceRecovered):
        _log.info("%s %s works again", event.kind, event.device)
        return DeviceRecovered(event.device, event.kind)
    locker = lockers.get(ports.Coil(event.board, event.channel))
    if locker is None:
        return None
    if isinstance(event, ports.DoorSensed):
        return DoorSensed(locker, event.open, event.sensor)
    if isinstance(event, ports.LockAccepted):
        return LockAccepted(locker)
    return LockFailed(locker, event.code)
