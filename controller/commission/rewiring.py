"""What the file should say instead: which door each channel really opens, the boards' settings, the opening time."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from msgspec.structs import replace

from controller.commission.evidence import Evidence
from controller.commission.plan import Plan
from controller.commission.progress import Progress
from hw.ports import Coil

OPEN_WITHIN_MAX_MS = 5_000  # as in controller/config.py


@dataclass(frozen=True, slots=True)
class Change:
    """One key of the bank's file that should have another value."""

    path: tuple[str, ...]
    old: Any
    new: Any
    why: str


def settings_changes(evidence: Evidence) -> Iterator[Change]:
    """Polarity and byte order of each board, and the time in which a door is to open. Nothing that is in doubt."""
    for name, learned in evidence.learned.items():
        board = learned.board
        one_for_each_key = {choice.key: (sensor, choice) for sensor, choice in reversed(list(board.polarity.items()))}
        for sensor, choice in one_for_each_key.values():  # the door's word where its latch has the same key
            turned = (name, sensor) in evidence.turned
            if learned.inverted.get(sensor, False) is not turned and choice.key not in learned.doubt:
                yield Change(
                    ("boards", name, choice.key), choice.value, choice.other, f"an opened {sensor} reads {choice.other}"
                )
        order = board.byte_order
        if order is not None and learned.reversed_order and order.key not in learned.doubt:
            yield Change(
                ("boards", name, order.key), order.value, order.other, "the status bytes come in the other order"
            )
    slowest_ms = max(evidence.opening_ms.values(), default=0)
    wanted_ms = min(-(-2 * slowest_ms // 100) * 100, OPEN_WITHIN_MAX_MS)
    if wanted_ms > evidence.plan.open_within_ms:
        yield Change(
            ("releases", "open_within_ms"),
            evidence.plan.open_within_ms,
            wanted_ms,
            f"twice the {slowest_ms} ms of the slowest door",
        )


def lock_crossed(evidence: Evidence, coil: Coil, door: int) -> bool:
    """Whether this channel opened a door whose sensor is where the file says, not at the channel."""
    return evidence.plan.lockers[door] in evidence.sensed[coil] and coil not in evidence.sensed[coil]


def true_coils(evidence: Evidence) -> Mapping[int, Coil]:
    """The coil of each locker as a person saw it: only moves that leave every locker a coil of its own.

    A door whose sensor stayed with the file's channel has not moved: its lock's wires are crossed with another's.
    """
    lockers = evidence.plan.lockers
    if not evidence.watched:
        return lockers
    single = {coil: doors[0] for _, coil, doors in evidence.tried() if len(doors) == 1}
    opened = [door for _, _, doors in evidence.tried() for door in doors]
    moved = {
        door: coil
        for coil, door in single.items()
        if opened.count(door) == 1 and lockers[door] != coil and not lock_crossed(evidence, coil, door)
    }
    while stuck := [door for door, coil in moved.items() if evidence.plan.numbers[coil] not in moved]:
        for door in stuck:
            del moved[door]
    return {number: moved.get(number, coil) for number, coil in lockers.items()}


def turned(plan: Plan, progress: Progress, changes: Iterable[Change], fingerprint: str) -> Progress:
    """The progress as it would stand had the file been so from the start: its readings under the changed settings."""
    changed = {change.path for change in changes}

    def sensor(each: Any) -> Any:  # a Resting or a Sensed
        board = plan.boards[each.board]
        order, polarity = board.byte_order, board.polarity.get(each.sensor)
        other_order = order is not None and ("boards", board.name, order.key) in changed
        was_turned = (board.name, each.sensor) in progress.turned
        other_level = (polarity is not None and ("boards", board.name, polarity.key) in changed) is not was_turned
        channel = board.reflected(each.channel) if other_order else each.channel
        return replace(each, channel=channel, open=each.open is not other_level)

    return replace(
        progress,
        fingerprint=fingerprint,
        turned=(),
        rest=None if progress.rest is None else tuple(map(sensor, progress.rest)),
        end=None if progress.end is None else tuple(map(sensor, progress.end)),
        trials=tuple(replace(trial, sensed=tuple(map(sensor, trial.sensed))) for trial in progress.trials),
    )
