"""Which tree the outcome of a seed belongs to: what a soak did not load, it may leave unsaid."""

import hashlib
import sqlite3
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from platform import libc_ver, machine, python_version

import apsw
import grimp

_ROOT = Path(__file__).parents[2]
_LOCK = _ROOT / "requirements" / "simulator.txt"
_PACKAGES = ("wire", "hw", "controller", "gateway", "simulator")
# The second is loaded by name, where the gateway's tables are made.
_BEGINNINGS = ("simulator.world.soak", "gateway.tables")


def sources() -> tuple[Path, ...]:
    """The files of ours that a soak loads, from the imports written in them; a page or a driver is none of them."""
    graph = grimp.build_graph(*_PACKAGES, cache_dir=None)
    loaded = set(_BEGINNINGS).union(*map(graph.find_upstream_modules, _BEGINNINGS))
    packages = {name.rsplit(".", rest)[0] for name in loaded for rest in range(1, name.count(".") + 1)}
    return tuple(sorted(map(_path, loaded | packages)))


def versions() -> tuple[str, ...]:
    """What decides a trace beside our sources: the interpreter, its SQLite and C library, and all that is locked."""
    locked = sorted({line.partition("==")[0] for line in _LOCK.read_text().splitlines() if "==" in line})
    built = (python_version(), sqlite3.sqlite_version, apsw.sqlite_lib_version(), *libc_ver(), machine())
    return (*built, *(f"{name} {_installed(name)}" for name in locked))


def tree_version() -> str:
    """Sixteen hexadecimal digits of the sources a soak loads, and of the versions beside them."""
    found = hashlib.sha256("\n".join(versions()).encode())
    for path in sources():
        found.update(path.relative_to(_ROOT).as_posix().encode() + b"\0" + path.read_bytes())
    return found.hexdigest()[:16]


def _installed(name: str) -> str:
    """Some are locked for other machines."""
    try:
        return version(name)
    except PackageNotFoundError:
        return "none"


def _path(module: str) -> Path:
    place = _ROOT.joinpath(*module.split("."))
    return place / "__init__.py" if place.is_dir() else place.with_suffix(".py")
