"""TOML driver names, and where each driver's settings and factory live. Adding a device adds one line here.

Drivers are named as text and imported when first asked for: a bank loads only what it has.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib import import_module
from typing import Any, Literal

import msgspec

from hw.errors import Path, SettingsError
from hw.settings import DeviceSettings

Section = Literal["readers", "boards", "indicators"]

# driver name -> module:settings type. The module's `build` makes the device.
READERS: Mapping[str, str] = {
    "rdm6300": "hw.readers.serial_rfid:Rdm6300Settings",
    "id12la": "hw.readers.serial_rfid:Id12laSettings",
}
BOARDS: Mapping[str, str] = {
    "xor_board": "hw.locks.xor_board:XorBoardSettings",
    "gpio": "hw.locks.gpio:GpioBoardSettings",
}
INDICATORS: Mapping[str, str] = {
    "gpio": "hw.indicators:GpioIndicatorSettings",
}
_SECTIONS: Mapping[Section, Mapping[str, str]] = {"readers": READERS, "boards": BOARDS, "indicators": INDICATORS}


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
    wanted = settings_type(section, driver)
    try:
        return msgspec.convert(table, wanted)
    except msgspec.ValidationError as error:
        raise _explained(str(error), wanted) from error


def _explained(message: str, wanted: type[DeviceSettings]) -> SettingsError:
    """msgspec's message, with the path taken out of it and the allowed values put in."""
    text, _, at = message.partition(" - at `$")
    text = text.partition(" matching regex")[0]  # the allowed values say it in words
    path = _path(at.rstrip("`"))
    allowed = ", ".join(["driver", *wanted.__struct_encode_fields__])
    if unknown := re.fullmatch(r"Object contains unknown field `(.+)`", text):
        return SettingsError((*path, unknown[1]), f"unknown key {unknown[1]}; allowed: {allowed}")
    if named := re.fullmatch(r"(\w+): (.+)", text, re.DOTALL):  # from a __post_init__
        return SettingsError((*path, named[1]), named[2])
    if path and (allowed := _allowed(wanted, str(path[0]))):
        return SettingsError(path, f"{text[0].lower()}{text[1:]}; allowed: {allowed}")
    return SettingsError(path, text[0].lower() + text[1:])


def _path(text: str) -> Path:
    keys = re.findall(r"\.([^.\[]+)|\[(\d+)\]", text)
    return tuple(int(index) if index else name for name, index in keys)


def _allowed(wanted: type[DeviceSettings], field: str) -> str:
    """What a field may be, in words; empty where its type says it all."""
    info = msgspec.inspect.type_info(wanted)
    assert isinstance(info, msgspec.inspect.StructType)
    kinds: list[msgspec.inspect.Type] = [each.type for each in info.fields if each.encode_name == field]
    words = []
    while kinds:
        kind = kinds.pop()
        if isinstance(kind, msgspec.inspect.UnionType):
            kinds.extend(kind.types)
        elif isinstance(kind, msgspec.inspect.ListType):
            kinds.append(kind.item_type)
        elif isinstance(kind, msgspec.inspect.LiteralType):
            words.append(", ".join(map(str, kind.values)))
        elif isinstance(kind, msgspec.inspect.IntType) and kind.ge is not None:
            words.append(f"{kind.ge} to {kind.le}")
        elif isinstance(kind, msgspec.inspect.StrType) and kind.pattern:
            words.append("the path of a device, such as /dev/ttyUSB0")
    return " or ".join(words)
