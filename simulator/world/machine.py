"""A simulated Raspberry Pi: its power, its boots, and the clocks that a controller hears."""

from pathlib import Path
from random import Random

from controller.machine import Machine
from controller.storage import Storage
from simulator.world.loop import VirtualLoop

BOOT_MS = 12_000  # from power to the start of services, on a Pi Zero 2
# Two clocks are not read at once, nor to less than a millisecond: one may seem to have run so much less than the other.
_READ_BEHIND_MS = 2
_MB = 1024 * 1024


class SimulatedMachine:
    """Power, and clocks that may be wrong; `away_ms` is how far each is from the true time.

    The monotonic clock counts from the boot. The system clock is heard only while NTP holds it (`synchronised`).
    """

    def __init__(self, loop: VirtualLoop, random: Random) -> None:
        self._loop = loop
        self._random = random
        self.powered = False
        self.boots = 0
        self.boot_id = ""
        self.born_ms = 0
        self.synchronised = True
        self.wrong_since_ms = 0  # when the system clock was last right before it was wrong
        self._system_away_ms = 0
        self.battery_clock = False
        self.battery_away_ms = 0

    @property
    def system_away_ms(self) -> int:
        """How far the system clock is from the true time."""
        return self._system_away_ms

    @system_away_ms.setter
    def system_away_ms(self, away_ms: int) -> None:
        if not self._system_away_ms:
            self.wrong_since_ms = self._loop.now_ms
        self._system_away_ms = away_ms

    def boot(self) -> None:
        """A new boot: another id, and a monotonic clock that begins again."""
        self.powered = True
        self.boots += 1
        self.born_ms = self._loop.now_ms
        raw = self._random.getrandbits(128)
        digits = f"{raw:032x}"
        self.boot_id = "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))

    def mono_ms(self) -> int:
        """Milliseconds since the boot."""
        return self._loop.now_ms - self.born_ms

    def system_ms(self) -> int | None:
        """What the system clock says, each time another 0 to 2 ms less; None while nobody holds it."""
        if not self.synchronised:
            return None
        return self._loop.now_ms + self.system_away_ms - self._random.randint(0, _READ_BEHIND_MS)

    def battery_ms(self) -> int | None:
        """What the battery clock says (in whole seconds), None without one."""
        return (self._loop.now_ms + self.battery_away_ms) // 1_000 * 1_000 if self.battery_clock else None

    def seen_by_a_controller(self, storage: Storage) -> Machine:
        """This boot, as a process on it sees it."""

        def disk_free_mb(folder: Path) -> int | None:
            try:
                return storage.free_bytes(folder) // _MB
            except OSError:
                return None

        return Machine(
            self.boot_id,
            self.mono_ms,
            self.system_ms,
            self.battery_ms,
            disk_free_mb,
            temperature_decicelsius=_none,
            collect_garbage=_nothing,
            give_memory_back=_nothing,
            notify=_unheard,
        )


def _none() -> None:
    """There is no thermometer."""


def _nothing() -> None:
    """The memory is not the controller's own."""


def _unheard(_: str) -> None:
    """The supervisor is `SimulatedController` itself."""
