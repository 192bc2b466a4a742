"""A bank of pure values that answers the procedure's steps: which doors a coil opens, what each door's sensor reads."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from controller.commission.conclusions import Conclusions, conclude
from controller.commission.plan import Board, Choice, Plan
from controller.commission.procedure import Procedure
from controller.commission.progress import BoardFault, Progress, Sensed
from controller.commission.steps import (
    Answer,
    AskDoors,
    AskShut,
    Contact,
    Doors,
    Keep,
    Look,
    Pulse,
    Pulsed,
    Reply,
    Seen,
    Step,
    Tell,
    Turn,
)
from hw.ports import Coil

OPENS_AFTER_MS = 90


def xor(name: str = "a", channels: int = 24, address: int = 1, port: str = "/dev/line") -> Board:
    count = 3 if channels <= 24 else 7
    polarity = {"door": Choice("open_bit", 1, 0)}
    order = Choice("byte_order", "s1_first", "s1_last")
    return Board(name, "xor_board", channels, port, address, polarity, order, count)


def pins(name: str = "a", channels: int = 4) -> Board:
    levels = {"door": Choice("doors_open_level", "high", "low"), "latch": Choice("latches_open_level", "high", "low")}
    return Board(name, "gpio", channels, polarity=levels)


@dataclass
class Model:
    """How the bank is really wired, where that is not what the file says.

    `opens`: the doors of a coil; `sensor_at`: the coil's place where a door's sensor is read (None: dead);
    `always_open`: doors whose sensor never reads shut; `sticks`: doors whose sensor stays open once it was;
    `backwards`: doors with a contact of the other kind. `shuts_late`: the person shuts a door during the next pulse.
    """

    lockers: Mapping[int, Coil]
    boards: Mapping[str, Board]
    opens: dict[Coil, tuple[int, ...]] = field(default_factory=dict)
    sensor_at: dict[int, Coil | None] = field(default_factory=dict)
    always_open: frozenset[int] = frozenset()
    sticks: frozenset[int] = frozenset()
    backwards: frozenset[int] = frozenset()
    inverted: frozenset[str] = frozenset()
    reversed_order: frozenset[str] = frozenset()
    silent: frozenset[str] = frozenset()
    stays_on: frozenset[Coil] = frozenset()
    no_sensors: frozenset[str] = frozenset()
    held: frozenset[int] = frozenset()
    after_ms: dict[int, int] = field(default_factory=dict)
    by_trying: bool = False
    stop_after: int | None = None
    shuts_late: bool = False
    open_within_ms: int = 2_000

    def __post_init__(self) -> None:
        self.pulses: list[Coil] = []
        self.told: list[Tell] = []
        self.kept: list[Progress] = []
        self.asked: list[AskDoors] = []
        self._open: set[int] = set()
        self._stuck: set[int] = set()
        self._late: set[int] = set()
        self._turned: set[tuple[str, str]] = set()

    def plan(self, only: Iterable[int] = ()) -> Plan:
        chosen = frozenset(only) or frozenset(self.lockers)
        return Plan("b", self.lockers, self.boards, chosen, self.held, self.open_within_ms)

    def run(self, *, watched: bool = True, only: Iterable[int] = (), progress: Progress | None = None) -> Conclusions:
        """The whole procedure on this bank; `self.finished` says whether it came to its end."""
        plan = self.plan(only)
        procedure = Procedure(plan, progress or Progress("f"), watched=watched)
        steps = procedure.run()
        try:
            step = next(steps)
            while True:
                step = steps.send(self.answer(step))
        except StopIteration as end:
            self.finished = end.value
        self.progress = procedure.progress
        return conclude(plan, procedure.progress)

    def answer(self, step: Step) -> Answer:
        if isinstance(step, Look):
            return Seen(self._readings(), {name: BoardFault(name, "silent", "no answer") for name in self.silent})
        if isinstance(step, Pulse):
            return self._pulse(step.coil)
        if isinstance(step, AskDoors):
            return self._look_at_doors(step)
        if isinstance(step, Turn):
            self._turned ^= {(step.board, step.sensor)}
        elif isinstance(step, Tell):
            self.told.append(step)
        elif isinstance(step, Keep):
            self.kept.append(step.progress)
        elif isinstance(step, AskShut):
            self._open.clear()
        return Reply.YES

    def codes_told(self) -> set[str]:
        return {step.code for step in self.told} - {"result"}

    def _doors(self, coil: Coil) -> tuple[int, ...]:
        own = tuple(number for number, place in self.lockers.items() if place == coil)
        return self.opens.get(coil, own)

    def _pulse(self, coil: Coil) -> Pulsed:
        assert coil.board not in self.silent
        self.pulses.append(coil)
        before = self._readings()
        self._open -= self._late
        opened = [door for door in self._doors(coil) if door not in self._open]
        self._open.update(opened)
        self._stuck.update(self.sticks.intersection(opened))
        after_ms = max((self.after_ms.get(door, OPENS_AFTER_MS) for door in opened), default=0)
        return Pulsed(
            "accepted",
            tuple(
                Sensed(contact.board, contact.channel, reads, after_ms, contact.sensor)
                for contact, reads in self._readings().items()
                if before[contact] is not reads
            ),
            BoardFault(coil.board, "stays_on", "cut the supply") if coil in self.stays_on else None,
        )

    def _look_at_doors(self, step: AskDoors) -> Answer:
        self.asked.append(step)
        if self.stop_after is not None and len(self.asked) > self.stop_after:
            return Reply.STOP
        opened = tuple(sorted(self._open))
        self._late = set(opened)
        if not self.shuts_late:
            self._open.clear()
        return Doors(opened)

    def _readings(self) -> dict[Contact, bool]:
        """Every status bit of every board that answers, as the file's settings read it."""
        found: dict[Contact, bool] = {}
        for name, board in self.boards.items():
            if name in self.silent | self.no_sensors:
                continue
            for channel in range(1, (board.status_bytes * 8 or board.channels) + 1):
                true_channel = board.reflected(channel) if name in self.reversed_order else channel
                found[Contact(name, channel)] = self._reads(Coil(name, true_channel))
        return found

    def _reads(self, place: Coil) -> bool:
        doors = {door for door, coil in self.lockers.items() if self.sensor_at.get(door, coil) == place}
        really = bool(doors & (self._open | self._stuck | self.always_open))
        if self.by_trying and place.board in self.inverted and (place.board, "door") not in self._turned:
            return True  # the pull and the contact agree: nothing ever moves
        really = really is not bool(doors & self.backwards)
        return really is not (place.board in self.inverted and not self.by_trying)


def locker_file(count: int, board: str = "a", first: int = 1) -> dict[int, Coil]:
    return {number: Coil(board, number - first + 1) for number in range(first, first + count)}


def findings(result: Conclusions) -> dict[str, set[tuple[int, ...]]]:
    """The lockers of the findings, by code."""
    found: dict[str, set[tuple[int, ...]]] = {}
    for each in result.findings:
        found.setdefault(each.code, set()).add(tuple(sorted(each.lockers)))
    return found


def changes(result: Conclusions) -> dict[str, object]:
    """The new values by key."""
    return {".".join(change.path): change.new for change in result.changes}
