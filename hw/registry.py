"""TOML driver names, and where each driver's settings and factory live. Adding a device adds one line here.

Drivers are named as text and imported when first asked for: a bank loads only what it has.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any, Literal

from hw import explained
from hw.errors import SettingsError
from hw.settings import DeviceSettings

Section = Literal["readers", "boards", "indicators", "inputs"]

# driver name -> module:settings type. The module's `build` makes the device.
READERS: Mapping[str, str] = {
    "rdm6300": "hw.readers.serial_rfid:Rdm6300Settings",
    "id12la": "hw.readers.serial_rfid:Id12laSettings",
    "wiegand": "hw.readers.wiegand:WiegandSettings",
    "keyboard_wedge": "hw.readers.keyboard_wedge:KeyboardWedgeSettings",
    "osdp": "hw.readers.osdp:OsdpSettings",
    "pn532": "hw.readers.pn532:Pn532Settings",
}
BOARDS: Mapping[str, str] = {
    "xor_board": "hw.locks.xor_board:XorBoardSettings",
    "kerong_cu": "hw.locks.kerong_cu:KerongCuSettings",
    "modbus_relay": "hw.locks.modbus_relay:ModbusRelaySettings",
    "gpio": "hw.locks.gpio:GpioBoardSettings",
    "mcp23017": "hw.locks.mcp23017:Mcp23017Settings",
}
INDICATORS: Mapping[str, str] = {
    "gpio": "hw.indicators:GpioIndicatorSettings",
    "osdp": "hw.osdp_indicator:OsdpIndicatorSettings",
}
INPUTS: Mapping[str, str] = {
    "gpio": "hw.inputs.gpio:GpioInputSettings",
    "undervoltage": "hw.inputs.undervoltage:UndervoltageSettings",
}
_SECTIONS: Mapping[Section, Mapping[str, str]] = {
    "readers": READERS,
    "boards": BOARDS,
    "indicators": INDICATORS,
    "inputs": INPUTS,
}


def settings_type(section: Section, driver: str) -> type[DeviceSettings]:
    """The settings type of a driver. Raises KeyError for a driver that is not in the registry."""
    module, _, name = _SECTIONS[section][driver].partition(":")
    found: type[DeviceSettings] = getattr(import_module(module), name)
    return found


def builder(section: Section, settings: DeviceSettings) -> Any:
    """`build(name, settings, parts)` of the module that these settings belong to."""
    driver = str(settings.__struct_config__.tag)
    return import_module(_SECTIONS[section][driver].partition(":")[0]).build


def decode(section: Section, table: object) -> DeviceSettings:
    """Settings of one device from its TOML table (with its `driver` key).

    Raises SettingsError; its path is relative to the table.
    """
    drivers = ", ".join(sorted(_SECTIONS[section]))
    if not isinstance(table, Mapping):
        raise SettingsError((), f"expected a table with the key driver, one of: {drivers}")
    driver = table.get("driver")
    if driver is None:
        raise SettingsError((), f"the key driver is missing; allowed: {drivers}")
    if not isinstance(driver, str) or driver not in _SECTIONS[section]:
        raise SettingsError(("driver",), f"unknown driver {driver!r}; allowed: {drivers}")
    settings: DeviceSettings = explained.decode(table, settings_type(section, driver))
    return settings
