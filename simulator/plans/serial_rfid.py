"""The 125 kHz readers with a serial line in a bank's plan: RDM6300 and ID-12LA or ID-20LA."""

from collections.abc import Callable, Sequence

from simulator.fittings import ReaderOnLine
from simulator.machine import Machine
from simulator.places import Places
from simulator.plans.badge import BadgePlan
from simulator.plans.base import ReaderPlan, Table
from simulator.readers import id20la, rdm6300
from simulator.readers.presentation import Presentation

BAUD = 9600
SEEDS = 1 << 32


class SerialRfidPlan(ReaderPlan, frozen=True):
    """A reader that only talks."""

    line: str = "reader"

    @property
    def technologies(self) -> frozenset[str]:
        return frozenset({"em4100"})

    @staticmethod
    def frame(number: str) -> bytes:
        """What it sends for a badge."""
        raise NotImplementedError

    def cable(self) -> str:
        return self.line

    def table(self, places: Places) -> Table:
        return {"driver": self.driver, "port": str(places.line(self.line))}

    def fit(self, machine: Machine, badges: Sequence[BadgePlan], on_frames: Callable[[], None]) -> ReaderOnLine:  # noqa: ARG002 - it reads any of its kind
        device = Presentation(self.frame, machine.random.randrange(SEEDS))
        return ReaderOnLine(device, machine.line(self.line, BAUD), on_frames)


class Rdm6300Plan(SerialRfidPlan, frozen=True, tag="rdm6300"):
    """An RDM6300."""

    @staticmethod
    def frame(number: str) -> bytes:
        return rdm6300.frame(number)


class Id12laPlan(SerialRfidPlan, frozen=True, tag="id12la"):
    """An ID-12LA or ID-20LA."""

    @staticmethod
    def frame(number: str) -> bytes:
        return id20la.frame(number)
