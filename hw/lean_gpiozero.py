"""gpiozero a module at a time: a controller needs its pins and inputs, not its robots, displays and Christmas trees.

Import from here before the first `from gpiozero.input_devices import ...`. The package itself is run when somebody asks
it for a name (`from gpiozero import LED`), as if it had been imported then: nothing is missing or replaced.
"""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.util import find_spec, module_from_spec
from types import ModuleType
from typing import Any

__all__ = ["Device"]

_METADATA = "importlib_metadata"  # the backport, which gpiozero prefers to the standard library's


def _put_off_package() -> None:
    """Make `gpiozero` importable with its modules, and run its `__init__` at the first name it is asked for."""
    spec = find_spec("gpiozero")
    if spec is None or spec.loader is None:
        return  # the import says so better
    package = module_from_spec(spec)
    loader = spec.loader

    def whole(name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        del package.__dict__["__getattr__"]
        loader.exec_module(package)
        return getattr(package, name)

    package.__dict__["__getattr__"] = whole
    sys.modules["gpiozero"] = package


def _entry_points(**wanted: str) -> Any:
    """importlib.metadata, with email, zipfile and 1.5 MB behind it, for those who name a factory of their own."""
    from importlib.metadata import entry_points

    return entry_points(**wanted)


def _load() -> None:
    """The first of its modules, without importlib.metadata where nothing else wanted it."""
    absent = find_spec(_METADATA) is None
    if absent:
        stand_in = ModuleType(_METADATA)
        stand_in.__dict__["entry_points"] = _entry_points
        sys.modules[_METADATA] = stand_in
    try:
        import_module("gpiozero.devices")
    finally:
        if absent:
            del sys.modules[_METADATA]


if "gpiozero" not in sys.modules:
    _put_off_package()
    _load()

from gpiozero.devices import Device  # noqa: E402
