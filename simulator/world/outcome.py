"""What came of one seed."""

from msgspec import Struct

from simulator.world.invariants.violation import Violation
from simulator.world.trace import Line


class Outcome(Struct, frozen=True):
    """`digest` is the whole trace's; `faults` names every fault that began, with its number in the plan; `seconds`
    are real ones; `defects` says where each was raised."""

    seed: int
    days: int
    digest: str
    counts: dict[str, int]
    violations: list[Violation]
    faults: list[tuple[int, str]]
    seconds: float
    lines: list[Line] = []
    defects: list[str] = []
