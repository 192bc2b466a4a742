"""Every random choice of a world, from its seed: named streams, and the operating system's randomness replaced."""

import itertools
import os
import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import wire.ids
import wire.keys
from simulator.world.sealing import SeededSuite

_OS = "os"


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

        Of the whole process: one world runs at a time.
        """
        draw = self.stream(_OS).randbytes
        system: Any = random
        before = os.urandom, system._urandom, wire.ids._counter, wire.keys._SEAL
        os.urandom = system._urandom = draw
        wire.ids._counter = itertools.count(int.from_bytes(draw(6)) >> 7)
        wire.keys._SEAL = SeededSuite(wire.keys._SEAL)  # type: ignore[assignment]
        try:
            yield
        finally:
            os.urandom, system._urandom, wire.ids._counter, wire.keys._SEAL = before
