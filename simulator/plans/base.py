"""What every plan of a device can do: name its pins and its line, write the controller's table, fit the device."""

from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar

import msgspec

from simulator.fittings import BoardFitting, Circuit, ReaderFitting
from simulator.machine import Machine
from simulator.places import Places
from simulator.plans.badge import BadgePlan

Table = Mapping[str, object]


class DevicePlan(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="driver"):
    """One device of a bank, as data; `driver` is its name in the registries."""

    shares_line: ClassVar[bool] = False
    """Whether devices of its kind may share a serial line."""

    @property
    def driver(self) -> str:
        """The name of its kind."""
        return str(self.__struct_config__.tag)

    def pins(self) -> tuple[int, ...]:
        """The Pi's pins (BCM) that it takes."""
        return ()

    def cable(self) -> str | None:
        """The serial line it is on, if it is."""
        return None

    def table(self, places: Places) -> Table:
        """Its table in the controller's configuration."""
        raise NotImplementedError


class BoardPlan(DevicePlan, frozen=True):
    """A lock board."""

    @property
    def channels(self) -> int:
        """How many locks it has."""
        raise NotImplementedError

    @property
    def has_latches(self) -> bool:
        """Whether it has a second sensor at each lock, the latch's."""
        return False

    @property
    def has_lights(self) -> bool:
        """Whether it has a light at each locker."""
        return False

    def fit(self, circuit: Circuit, machine: Machine) -> BoardFitting:
        """Make the board and wire it up."""
        raise NotImplementedError


class ReaderPlan(DevicePlan, frozen=True):
    """A badge reader."""

    @property
    def technologies(self) -> frozenset[str]:
        """The badge technologies it reads, by their canonical names."""
        raise NotImplementedError

    @property
    def has_keypad(self) -> bool:
        """Whether it has keys."""
        return False

    def indicator(self, name: str) -> Table | None:  # noqa: ARG002 - most have none
        """The table of its own light and buzzer in the controller's configuration, if it has them."""
        return None

    def fit(self, machine: Machine, badges: Sequence[BadgePlan], on_frames: Callable[[], None]) -> ReaderFitting:
        """Make the reader and wire it up; `badges` are all that will be held to readers of this bank.

        `on_frames()` hears that it reported something by itself.
        """
        raise NotImplementedError
