"""The bank's own inputs in its plan: tamper and mains contacts on pins, and the kernel's undervoltage alarm."""

from typing import Literal, Protocol

from simulator.contact import Contact
from simulator.machine import Machine
from simulator.places import Places
from simulator.plans.base import DevicePlan, Table

InputKind = Literal["tamper", "mains", "undervoltage"]


class BankInput(Protocol):
    """An input in its bank."""

    active: bool
    """Whether the enclosure stands open, the mains are gone, or the supply sags."""

    def start(self) -> None:
        """Be there when the controller looks."""

    def set(self, active: bool) -> None:
        """Let it happen, or end."""

    def stop(self) -> None:
        """Let nothing more happen."""


class InputPlan(DevicePlan, frozen=True):
    """One input."""

    @property
    def senses(self) -> InputKind:
        """What it tells."""
        raise NotImplementedError

    def fit(self, name: str, machine: Machine) -> BankInput:
        """Make the input and wire it up."""
        raise NotImplementedError


class GpioInputPlan(InputPlan, frozen=True, tag="gpio"):
    """A normally closed contact to ground on one of the Pi's pins (BCM)."""

    pin: int
    kind: Literal["tamper", "mains"]

    @property
    def senses(self) -> InputKind:
        return self.kind

    def pins(self) -> tuple[int, ...]:
        return (self.pin,)

    def table(self, places: Places) -> Table:  # noqa: ARG002 - a pin has no path
        return {"driver": self.driver, "pin": self.pin, "kind": self.kind}

    def fit(self, name: str, machine: Machine) -> BankInput:  # noqa: ARG002 - it has no place of its own
        return _ContactInput(Contact(machine.pi, self.pin, machine.random))


class UndervoltagePlan(InputPlan, frozen=True, tag="undervoltage"):
    """The alarm file of the kernel's driver."""

    @property
    def senses(self) -> InputKind:
        return "undervoltage"

    def table(self, places: Places) -> Table:
        return {"driver": self.driver, "alarm": str(places.alarm)}

    def fit(self, name: str, machine: Machine) -> BankInput:  # noqa: ARG002 - there is one in a bank
        return _AlarmFile(machine.places)


class _ContactInput:
    """Open means active, as does a cut wire."""

    def __init__(self, contact: Contact) -> None:
        self.active = False
        self._contact = contact

    def start(self) -> None:
        """The contact is there from the beginning."""

    def set(self, active: bool) -> None:
        if active != self.active:
            self.active = active
            self._contact.move(active)

    def stop(self) -> None:
        self._contact.stop()


class _AlarmFile:
    """Holds 1 while the supply sags, else 0."""

    def __init__(self, places: Places) -> None:
        self.active = False
        self._path = places.alarm

    def start(self) -> None:
        self.set(self.active)

    def set(self, active: bool) -> None:
        self.active = active
        self._path.write_text(f"{int(active)}\n")

    def stop(self) -> None:
        self._path.unlink(missing_ok=True)
