"""Polarity and byte order of one board, from what its sensors did when its channels were pulsed: the trials vote."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from controller.commission.plan import Board
from controller.commission.progress import Sensed, Trial
from hw.ports import Coil

# One crossed pair of wires can look like the other byte order; two channels that agree cannot be that pair twice.
ORDER_VOTES = 2


@dataclass(frozen=True, slots=True)
class Learned:
    """How the readings of a board must be turned: `inverted` by kind of sensor (absent: nothing was seen).

    `reversed_order`: the status bytes come in the other order. `doubt`: settings on which the trials disagree.
    """

    board: Board
    inverted: Mapping[str, bool] = field(default_factory=dict)
    reversed_order: bool = False
    doubt: tuple[str, ...] = ()

    def channel(self, sensed: int) -> int:
        """The channel that a reading really is of."""
        return self.board.reflected(sensed) if self.reversed_order else sensed

    def is_open(self, reading: bool, sensor: str = "door") -> bool:
        """Whether the contact is open."""
        return reading is not self.inverted.get(sensor, False)


def learn(board: Board, trials: Iterable[Trial], numbers: Mapping[Coil, int]) -> Learned:
    """What the trials of `board` say; `numbers` are the file's numbers of its coils."""
    polarity: dict[str, Counter[bool]] = {}
    order: Counter[bool] = Counter()
    for trial in trials:
        if trial.board != board.name or trial.doors == ():
            continue
        own = [change for change in trial.sensed if change.board == board.name]
        for change in own:
            polarity.setdefault(change.sensor, Counter())[not change.open] += 1
        _count_order(board, trial, own, order)
    reversed_order = order[True] >= min(ORDER_VOTES, _telling(board, numbers)) and order[True] > order[False]
    doubt = [
        board.polarity[sensor].key for sensor, votes in polarity.items() if _close(votes) and sensor in board.polarity
    ]
    if board.byte_order is not None and _close(order):
        doubt.append(board.byte_order.key)
    inverted = {sensor: votes[True] > votes[False] for sensor, votes in polarity.items()}
    return Learned(board, inverted, board.byte_order is not None and reversed_order, tuple(doubt))


def _count_order(board: Board, trial: Trial, own: list[Sensed], order: Counter[bool]) -> None:
    """One vote of a trial whose channel the two orders read from different bits."""
    channels = {change.channel for change in own if change.sensor == "door"}
    straight, other = trial.channel, board.reflected(trial.channel)
    if board.byte_order is None or straight == other or len(channels) != 1:
        return
    if (sensed := channels.pop()) in (straight, other):
        order[sensed == other] += 1


def _telling(board: Board, numbers: Mapping[Coil, int]) -> int:
    """How many of the board's lockers can tell the two orders apart (at least one vote is always asked for)."""
    return max(1, sum(coil.board == board.name and board.reflected(coil.channel) != coil.channel for coil in numbers))


def _close(votes: Counter[bool]) -> bool:
    """Whether the lesser side has a third of the votes or more."""
    return 3 * min(votes[True], votes[False]) >= votes.total() > 0
