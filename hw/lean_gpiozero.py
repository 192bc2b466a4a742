"""gpiozero a module at a time: a controller needs its pins and inputs, not its robots, displays and Christmas trees.

`import hw.lean_gpiozero` before the first `from gpiozero.devices import ...`. The package itself is run when somebody
asks it for a name (`from gpiozero import LED`), as if it had been imported then: nothing is missing or replaced.
"""

from __future__ import annotations

import sys
from importlib.util import find_spec, module_from_spec
from types import ModuleType
from typing import Any

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
    """The modules that are always needed."""
    absent = find_spec(_METADATA) is None
    if absent:
        stand_in = ModuleType(_METADATA)
        stand_in.__dict__["entry_points"] = _entry_points
        sys.modules[_METADATA] = stand_in
    try:
        import gpiozero.devices
        import gpiozero.pins.pi  # noqa: F401 - loaded here once
    finally:
        if absent:
            del sys.modules[_METADATA]


if "gpiozero" not in sys.modules:
    _put_off_package()
    _load()
