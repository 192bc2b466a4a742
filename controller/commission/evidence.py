"""The trials in one view: which doors and which sensors each channel moved, with polarity and byte order put right."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from controller.commission.learned import Learned, learn
from controller.commission.plan import Plan
from controller.commission.progress import BoardFault, Progress, Resting, Sensed, Trial
from hw.ports import Coil


@dataclass(frozen=True, slots=True)
class Evidence:
    """By coil, for every channel that was tried.

    `opened`: the doors a person saw open, or (`watched` False) those that the sensors speak of. `sensed`: the coils
    whose door sensors opened, `latched` those whose latches did. `rest_open`, `end_open`: sensors that read open with
    every door shut, before and after. `turned`: as in Progress.
    `backwards`: sensors that read shut when their door opened.
    """

    plan: Plan
    watched: bool
    learned: Mapping[str, Learned]
    faults: Mapping[str, BoardFault]
    turned: frozenset[tuple[str, str]] = frozenset()
    codes: dict[Coil, str] = field(default_factory=dict)
    opened: dict[Coil, tuple[int, ...]] = field(default_factory=dict)
    sensed: dict[Coil, tuple[Coil, ...]] = field(default_factory=dict)
    latched: dict[Coil, tuple[Coil, ...]] = field(default_factory=dict)
    opening_ms: dict[Coil, int] = field(default_factory=dict)
    backwards: set[Coil] = field(default_factory=set)
    sensors: frozenset[Coil] = frozenset()
    latches: frozenset[Coil] = frozenset()
    rest_open: frozenset[Coil] = frozenset()
    end_open: frozenset[Coil] = frozenset()

    def tried(self) -> Iterator[tuple[int, Coil, tuple[int, ...]]]:
        """Each channel that was pulsed and answered for: the file's number, the coil, the doors it opened."""
        numbers = self.plan.numbers
        for coil, doors in self.opened.items():
            yield numbers[coil], coil, doors


def gather(plan: Plan, progress: Progress) -> Evidence:
    """The evidence of all trials of the plan's channels."""
    numbers = plan.numbers
    trials = [trial for trial in progress.trials if Coil(trial.board, trial.channel) in numbers]
    learned = {name: learn(board, trials, numbers) for name, board in plan.boards.items()}
    evidence = Evidence(
        plan,
        any(trial.doors is not None for trial in trials),
        learned,
        {fault.board: fault for fault in progress.faults},
        frozenset(progress.turned),
        sensors=_known(progress, learned, "door"),
        latches=_known(progress, learned, "latch"),
        rest_open=_open(progress.rest, learned),
        end_open=_open(progress.end, learned),
    )
    for trial in trials:
        _add(evidence, trial)
    return evidence


def _add(evidence: Evidence, trial: Trial) -> None:
    coil = Coil(trial.board, trial.channel)
    evidence.codes[coil] = trial.code
    if trial.code == "skipped":
        return
    doors = _moved(evidence, trial, "door")
    evidence.sensed[coil] = tuple(each for each, _ in doors)
    evidence.latched[coil] = tuple(each for each, _ in _moved(evidence, trial, "latch"))
    seen = tuple(evidence.plan.numbers[each] for each, _ in doors if each in evidence.plan.numbers)
    evidence.opened[coil] = seen if trial.doors is None else trial.doors
    for each, change in doors:
        if not evidence.learned[change.board].is_open(change.open):
            evidence.backwards.add(each)
    if own := [change.after_ms for each, change in doors if each == coil]:
        evidence.opening_ms[coil] = own[0]


def _moved(evidence: Evidence, trial: Trial, sensor: str) -> list[tuple[Coil, Sensed]]:
    return [
        (Coil(change.board, evidence.learned[change.board].channel(change.channel)), change)
        for change in trial.sensed
        if change.sensor == sensor and change.board in evidence.learned
    ]


def _known(progress: Progress, learned: Mapping[str, Learned], sensor: str) -> frozenset[Coil]:
    return frozenset(_place(each, learned) for each in progress.rest or () if each.sensor == sensor)


def _open(readings: tuple[Resting, ...] | None, learned: Mapping[str, Learned]) -> frozenset[Coil]:
    """The door sensors that read open; none of a board whose polarity is not known."""
    return frozenset(
        _place(each, learned)
        for each in readings or ()
        if each.sensor == "door" and "door" in learned[each.board].inverted
        if learned[each.board].is_open(each.open)
    )


def _place(reading: Resting, learned: Mapping[str, Learned]) -> Coil:
    return Coil(reading.board, learned[reading.board].channel(reading.channel))
