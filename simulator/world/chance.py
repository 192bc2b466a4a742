"""Every random choice of a world, from its seed: named streams, and the operating system's randomness replaced."""

import itertools
import os
import random
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, cast

import wire.ids
import wire.keys
from simulator.world.sealing import SeededSuite

_OS = "os"
_SYSTEM = os.urandom
_IMPORTS = "<frozen importlib._bootstrap>"
_ALIASES = "sqlalchemy.sql.selectable"


class Chance:
    """The streams of one seed. Drawing from one changes nothing in the others."""

    def __init__(self, seed: int | str) -> None:
        self.seed = seed
        self._streams: dict[str, random.Random] = {}

    def stream(self, name: str) -> random.Random:
        """The stream of that name: always the same object."""
        found = self._streams.get(name)
        if found is None:
            found = self._streams[name] = random.Random(f"{self.seed}/{name}")
        return found

    @contextmanager
    def seeded_os(self) -> Iterator[None]:
        """Meanwhile `os.urandom`, `secrets`, `uuid`, new ids and sealed keys all come from this seed.

        Of the whole process: one world runs at a time. What is drawn only once a process is not of this world, for
        another world finds it there: what a module draws while it is imported, SQLAlchemy's names of aliases.
        """
        seeded, system = self.stream(_OS).randbytes, cast(Any, random)

        def draw(count: int) -> bytes:
            return _SYSTEM(count) if _once_a_process() else seeded(count)

        before = os.urandom, system._urandom, wire.ids._counter, wire.keys._SEAL
        os.urandom = system._urandom = draw
        wire.ids._counter = itertools.count(int.from_bytes(draw(6)) >> 7)
        wire.keys._SEAL = SeededSuite(wire.keys._SEAL)  # type: ignore[assignment]
        try:
            yield
        finally:
            os.urandom, system._urandom, wire.ids._counter, wire.keys._SEAL = before


def _once_a_process() -> bool:
    frame: FrameType | None = sys._getframe(2)
    if frame is not None and frame.f_globals.get("__name__") == _ALIASES:
        return True
    while frame is not None:
        if frame.f_code.co_filename == _IMPORTS:
            return True
        frame = frame.f_back
    return False
