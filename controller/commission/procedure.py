"""The order of commissioning, sans-IO: yields one step, takes its answer, keeps what it learned after each pulse.

It does not decide what the findings mean (conclusions.py) and cannot energise anything: a Pulse is a request.
"""

from collections.abc import Generator, Iterator

from msgspec.structs import replace

from controller.commission.learned import learn
from controller.commission.plan import Plan
from controller.commission.progress import BoardFault, Progress, Resting, Sensed, Trial
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

Steps = Generator[Step, Answer, bool]
# An unwatched pulse that moved nothing is tried once more before it counts: a door may have stuck.
UNWATCHED_ATTEMPTS = 2
# A coil that stays driven burns: no other is pulsed beside it.
STAYS_ON = "stays_on"


class Procedure:
    """One run. `watched`: a person stands at the doors and answers; else the sensors alone speak.

    `progress` is always what is known so far.
    """

    def __init__(self, plan: Plan, progress: Progress, *, watched: bool) -> None:
        self.plan = plan
        self.progress = progress
        self._watched = watched
        self._faults: dict[str, BoardFault] = {}

    def run(self) -> Steps:
        """All steps that are left. Returns whether it came to its end; False when the person stopped."""
        yield from self._announce()
        waiting = list(self._waiting())
        if not waiting and self.progress.end is not None:
            return True
        if not (yield from self._shut(first=True)):
            return False
        if not (yield from self._rest()):
            return False
        for locker, coil in waiting:
            if coil.board not in self._faults and not (yield from self._test(locker, coil)):
                return False
        return (yield from self._end())

    def _announce(self) -> Generator[Step, Answer, None]:
        """Forget what is to be tested again, say who is not touched, and see which boards work."""
        self.progress = replace(self.progress, faults=())
        again = {self.plan.lockers[number] for number in self.plan.chosen}
        if again != set(self.plan.lockers.values()):
            kept = tuple(trial for trial in self.progress.trials if Coil(trial.board, trial.channel) not in again)
            self.progress = replace(self.progress, trials=kept, end=None)
        if held := self.plan.held & self.plan.chosen:
            yield Tell("held", tuple(sorted(held)))
        seen = yield from self._look()
        self._faults = {}
        for _, fault in sorted(seen.faults.items()):
            yield from self._fault(fault)
        for board in sorted(self._beside_silent()):
            yield Tell("beside_silent", self._lockers_of(board), board)

    def _fault(self, fault: BoardFault) -> Generator[Step, Answer, None]:
        """A board does not work: nothing of it is pulsed any more in this run."""
        self._faults[fault.board] = fault
        self.progress = replace(self.progress, faults=tuple(self._faults.values()))
        yield Tell("board_fault", self._lockers_of(fault.board), fault.board, fault.detail)

    def _lockers_of(self, board: str) -> tuple[int, ...]:
        return tuple(number for number, coil in self.plan.lockers.items() if coil.board == board)

    def _beside_silent(self) -> set[str]:
        """Boards that share a port with a silent one behind which belongings may be.

        The silent one may sit at the other's address: then both would fire together.
        """
        boards = self.plan.boards
        risky = {
            boards[board].port
            for board in self._faults
            if board in boards and self.plan.held.intersection(self._lockers_of(board))
        }
        return {name for name, board in boards.items() if board.port in risky - {None} and name not in self._faults}

    def _waiting(self) -> Iterator[tuple[int, Coil]]:
        done = {Coil(trial.board, trial.channel) for trial in self.progress.trials}
        out = set(self._faults) | self._beside_silent()
        for locker, coil in self.plan.lockers.items():
            asked_for = locker in self.plan.chosen and locker not in self.plan.held
            if asked_for and coil not in done and coil.board not in out:
                yield locker, coil

    def _shut(self, *, first: bool) -> Generator[Step, Answer, bool]:
        return not self._watched or (yield AskShut(first)) is Reply.YES

    def _look(self) -> Generator[Step, Answer, Seen]:
        seen = yield Look()
        assert isinstance(seen, Seen)
        return seen

    def _rest(self) -> Generator[Step, Answer, bool]:
        """What the sensors say while every door is shut: anew in each run, for wires are mended in between."""
        seen = yield from self._look()
        tried = {trial.board for trial in self.progress.trials}
        for name, board in self.plan.boards.items():
            if name in tried:  # its readings were taken so, and stay comparable
                continue
            for sensor, choice in board.polarity.items():
                if choice.by_trying and _reads(seen, name, sensor) == {True}:
                    seen = yield from self._try_turned(name, sensor, seen)
        resting = _resting(seen)
        now = {_contact(each) for each in resting}
        before = tuple(each for each in self.progress.rest or () if _contact(each) not in now)
        self.progress = replace(self.progress, rest=before + resting)
        yield Keep(self.progress)
        mute = {coil.board for _, coil in self._waiting()} - {each.board for each in resting}
        for name in sorted(mute):
            yield Tell("no_sensors", self._lockers_of(name), name)
        return self._watched or not mute

    def _try_turned(self, board: str, sensor: str, seen: Seen) -> Generator[Step, Answer, Seen]:
        """Every sensor reads open with its door shut: perhaps that is the other polarity."""
        if (yield Turn(board, sensor)) is Reply.SKIP:
            return seen
        turned = yield from self._look()
        if _reads(turned, board, sensor) == {False}:
            self.progress = replace(self.progress, turned=(*self.progress.turned, (board, sensor)))
            return turned
        yield Turn(board, sensor)
        return (yield from self._look())

    def _test(self, locker: int, coil: Coil) -> Generator[Step, Answer, bool]:
        """Pulse one channel until there is an answer, and keep it. False when the person stops."""
        attempt = 0
        while True:
            attempt += 1
            pulsed = yield Pulse(coil, locker)
            assert isinstance(pulsed, Pulsed)
            if pulsed.code == "held":  # since a moment ago
                yield Tell("held", (locker,))
                return True
            trial = Trial(coil.board, coil.channel, pulsed.code, None, tuple(self._away_from_rest(pulsed.sensed)))
            if pulsed.fault is not None:
                yield from self._fault(pulsed.fault)
                if pulsed.fault.code == STAYS_ON:
                    yield Keep(self.progress, trial)
                    return False
            if not self._watched:
                if trial.sensed or attempt >= UNWATCHED_ATTEMPTS:
                    break
                yield Keep(self.progress, trial)
                continue
            answer = yield AskDoors(coil, locker, trial, self._seen_doors(trial))
            if answer is Reply.STOP:
                yield Keep(self.progress, trial)
                return False
            if isinstance(answer, Doors):
                trial = replace(trial, doors=answer.numbers)
                break
            if answer is Reply.SKIP:
                trial = replace(trial, code="skipped")
                break
            yield Keep(self.progress, trial)
        yield from self._settle(locker, trial)
        return True

    def _settle(self, locker: int, trial: Trial) -> Generator[Step, Answer, None]:
        self.progress = replace(self.progress, trials=(*self.progress.trials, trial), end=None)
        yield Keep(self.progress, trial)
        opened = trial.doors if trial.doors is not None else self._seen_doors(trial)
        if wrongly := self.plan.held.intersection(opened):
            yield Tell("held_opened", tuple(sorted(wrongly)))
        yield Tell("result", (locker,), trial.board)

    def _end(self) -> Generator[Step, Answer, bool]:
        """Every door shut again: which sensors did not come back."""
        if not (yield from self._shut(first=False)):
            return False
        seen = yield from self._look()
        for board, fault in sorted(seen.faults.items()):
            if board not in self._faults:
                yield from self._fault(fault)
        self.progress = replace(self.progress, end=_resting(seen) if self._watched else ())
        yield Keep(self.progress)
        return True

    def _away_from_rest(self, sensed: tuple[Sensed, ...]) -> Iterator[Sensed]:
        """The first change of each sensor to what it was not at rest: an opening; someone shutting a door is not."""
        rest = {_contact(each): each.open for each in self.progress.rest or ()}
        told: set[Contact] = set()
        for change in sensed:
            contact = _contact(change)
            if contact not in told and rest.get(contact) is not change.open:
                told.add(contact)
                yield change

    def _seen_doors(self, trial: Trial) -> tuple[int, ...]:
        """The doors that the sensors speak of, read by what has been learned so far."""
        trials = (*self.progress.trials, trial)
        numbers = self.plan.numbers
        found: dict[int, None] = {}
        for change in trial.sensed:
            channel = learn(self.plan.boards[change.board], trials, numbers).channel(change.channel)
            coil = Coil(change.board, channel)
            if coil in numbers:
                found[numbers[coil]] = None
        return tuple(found)


def _contact(each: Resting | Sensed) -> Contact:
    return Contact(each.board, each.channel, each.sensor)


def _reads(seen: Seen, board: str, sensor: str) -> set[bool]:
    """What one kind of sensor of a board says, all its channels together."""
    return {reads for contact, reads in seen.open.items() if (contact.board, contact.sensor) == (board, sensor)}


def _resting(seen: Seen) -> tuple[Resting, ...]:
    return tuple(Resting(*contact[:2], is_open, contact.sensor) for contact, is_open in sorted(seen.open.items()))
