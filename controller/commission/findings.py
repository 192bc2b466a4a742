"""What is wrong with the bank, in words: one finding for each fault, with the lockers it concerns and the mend."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from statistics import median

from controller.commission.evidence import Evidence
from controller.commission.rewiring import lock_crossed
from hw.ports import Coil

FAIL, WARN, NOTE = "fail", "warn", "note"
SLOW_MS = 1_000  # a good spring opens within a tenth of that


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing found. `code` is stable; `level` is `fail`, `warn` or `note`; lockers by the number on the door."""

    code: str
    level: str
    text: str
    mend: str = ""
    lockers: tuple[int, ...] = ()
    board: str = ""


def find(evidence: Evidence, coils: Mapping[int, Coil]) -> tuple[Finding, ...]:
    """All findings, worst first; `coils` are the lockers' true ones (rewiring.true_coils)."""
    looks: tuple[Callable[[Evidence, Mapping[int, Coil]], Iterator[Finding]], ...] = (
        _boards, _settings, _locks, _two_doors, _same_door, _never_opened, _swapped, _wrong_doors, _sensors, _latches,
        _slow, _not_done,
    )  # fmt: skip
    found = [finding for look in looks for finding in look(evidence, coils)]
    return tuple(sorted(found, key=lambda finding: (FAIL, WARN, NOTE).index(finding.level)))


def twin_boards(evidence: Evidence) -> frozenset[str]:
    """Boards whose every channel opens two doors: another board answers to the same address."""
    doubled: dict[str, list[bool]] = {}
    for _, coil, doors in evidence.tried():
        if doors:
            doubled.setdefault(coil.board, []).append(len(doors) > 1)
    return frozenset(board for board, each in doubled.items() if len(each) > 1 and all(each))


def name(coil: Coil) -> str:
    """A coil in words."""
    return f"board {coil.board} channel {coil.channel}"


def listed(numbers: tuple[int, ...] | list[int]) -> str:
    """Locker numbers in words: 3, 4 and 7."""
    *first, last = map(str, numbers)
    return f"{', '.join(first)} and {last}" if first else last


def _boards(evidence: Evidence, _coils: Mapping[int, Coil]) -> Iterator[Finding]:
    for board, fault in sorted(evidence.faults.items()):
        lockers = tuple(number for number, coil in evidence.plan.lockers.items() if coil.board == board)
        yield Finding(
            "board_fault", FAIL, f"board {board} does not work ({fault.code})", fault.detail, lockers, board,
        )  # fmt: skip
    for board in sorted(twin_boards(evidence)):
        at = evidence.plan.boards[board].address
        mend = "give each board on the line an address of its own by its switches, then commission again"
        lockers = tuple(sorted({door for _, coil, doors in evidence.tried() if coil.board == board for door in doors}))
        yield Finding(
            "two_boards_one_address", FAIL,
            f"every channel of board {board} opens two doors: another board answers to address {at} too", mend,
            lockers, board,
        )  # fmt: skip


def _settings(evidence: Evidence, _coils: Mapping[int, Coil]) -> Iterator[Finding]:
    for board, learned in evidence.learned.items():
        for key in learned.doubt:
            yield Finding(
                "doubtful", FAIL, f"board {board}: the channels disagree about {key}; it is left as it is",
                "look at how the sensors are wired: all normally closed, all alike", (), board,
            )  # fmt: skip
        for sensor, inverted in learned.inverted.items():
            if inverted and sensor not in learned.board.polarity:
                yield Finding(
                    "polarity_fixed", FAIL, f"board {board}: an opened {sensor} reads shut, and no setting turns it",
                    "wire the sensors normally closed", (), board,
                )  # fmt: skip


def _locks(evidence: Evidence, _coils: Mapping[int, Coil]) -> Iterator[Finding]:
    for number, coil, doors in evidence.tried():
        code = evidence.codes[coil]
        if not doors:
            said = "" if code == "accepted" else f" (the board: {code})"
            what = f"opened no door{said}" if evidence.watched else f"opened no door that a sensor saw{said}"
            mend = f"look at the lock of locker {number}, its wires, fuse and supply, and whether the door sticks"
            if coil in evidence.rest_open:
                what += "; its sensor reads open all the time"
                mend = f"look at the sensor of locker {number} for a cut wire or a stuck contact, then at its lock"
            yield Finding("not_opened", FAIL, f"{name(coil)} {what}", mend, (number,), coil.board)
        elif code != "accepted":
            yield Finding(
                "not_confirmed", WARN, f"{name(coil)} opened a door, but its release was not confirmed ({code})",
                "look at the line's wiring, termination and ground", doors, coil.board,
            )  # fmt: skip


def _two_doors(evidence: Evidence, _coils: Mapping[int, Coil]) -> Iterator[Finding]:
    twins = twin_boards(evidence)
    for _, coil, doors in evidence.tried():
        if len(doors) > 1 and coil.board not in twins:
            yield Finding(
                "two_doors", FAIL, f"{name(coil)} opens doors {listed(doors)} together",
                "give each lock wires of its own; until then neither may be handed out", doors, coil.board,
            )  # fmt: skip


def _same_door(evidence: Evidence, _coils: Mapping[int, Coil]) -> Iterator[Finding]:
    openers: dict[int, list[Coil]] = {}
    for _, coil, doors in evidence.tried():
        for door in doors:
            openers.setdefault(door, []).append(coil)
    for door, coils in openers.items():
        if len(coils) > 1 and not twin_boards(evidence).intersection(coil.board for coil in coils):
            yield Finding(
                "same_door", FAIL, f"door {door} is opened by {' and by '.join(map(name, coils))}",
                "look for bridged wires or outputs", (door,), coils[0].board,
            )  # fmt: skip


def _never_opened(evidence: Evidence, _coils: Mapping[int, Coil]) -> Iterator[Finding]:
    opened = {door for _, _, doors in evidence.tried() for door in doors}
    silent = {number for number, _, doors in evidence.tried() if not doors}
    for number, coil, doors in evidence.tried():
        if evidence.watched and number not in opened | silent:
            yield Finding(
                "door_never_opened", FAIL,
                f"door {number} was opened by no channel; {name(coil)} opens {listed(doors)}",
                "find out where its lock is wired", (number,), coil.board,
            )  # fmt: skip


def _swapped(evidence: Evidence, coils: Mapping[int, Coil]) -> Iterator[Finding]:
    lockers = evidence.plan.lockers
    numbers = evidence.plan.numbers
    told: set[int] = set()
    for door, coil in coils.items():
        other = numbers[coil]
        if coil == lockers[door] or door in told:
            continue
        pair = coils[other] == lockers[door]
        told.update((door, other) if pair else (door,))
        text = (
            f"doors {listed(sorted((door, other)))} are swapped" if pair else f"door {door} is opened by {name(coil)}"
        )
        yield Finding(
            "swapped" if pair else "elsewhere", WARN, text, "the bank's file is to say so",
            (door, other) if pair else (door,), coil.board,
        )  # fmt: skip


def _wrong_doors(evidence: Evidence, coils: Mapping[int, Coil]) -> Iterator[Finding]:
    """Channels that open another's door, where the file cannot be changed to say so."""
    told: set[frozenset[int]] = set()
    for number, coil, doors in evidence.tried():
        if not evidence.watched or len(doors) != 1 or doors[0] == number or coils.get(doors[0]) == coil:
            continue
        crossed = lock_crossed(evidence, coil, doors[0])
        if frozenset((number, doors[0])) in told and crossed:
            continue
        told.add(frozenset((number, doors[0])))
        if crossed:
            text = f"{name(coil)} opens door {doors[0]}, not {number}, but their sensors are where they should be"
            mend = "the wires of these locks are crossed: put them right"
        else:
            text = f"{name(coil)} opens door {doors[0]}, not {number}, and the file cannot say so yet"
            mend = "test every locker it touches in one go, or put the wires right"
        lockers = (number, doors[0])
        yield Finding("crossed_lock" if crossed else "wrong_door", FAIL, text, mend, lockers, coil.board)


def _sensors(evidence: Evidence, _coils: Mapping[int, Coil]) -> Iterator[Finding]:
    told: set[tuple[str, frozenset[int]]] = set()
    for number, coil, doors in evidence.tried():
        if not doors or coil not in evidence.sensors:
            continue
        finding = _sensor(evidence, number, coil, doors)
        if finding is not None and (finding.code, frozenset(finding.lockers)) not in told:
            told.add((finding.code, frozenset(finding.lockers)))
            yield finding
    for number, coil in evidence.plan.lockers.items():
        if coil in evidence.rest_open and coil not in evidence.opened:
            yield Finding(
                "reads_open", WARN, f"door {number} reads open although it is shut",
                "look whether it is shut; else its sensor is stuck or its wire is cut", (number,), coil.board,
            )  # fmt: skip


def _sensor(evidence: Evidence, number: int, coil: Coil, doors: tuple[int, ...]) -> Finding | None:
    """What is wrong with the sensor of one channel that opened a door, or None."""
    sensed = evidence.sensed[coil]
    door = doors[0] if evidence.watched else number
    strangers = _strangers(evidence, coil, doors)
    if coil in evidence.backwards:
        text = f"the sensor of door {door} reads shut when it is open, and open when it is shut"
        return Finding(
            "backwards_sensor", FAIL, text, "fit a normally closed contact, as the others", (door,), coil.board
        )
    if coil in sensed:
        if coil not in evidence.end_open:
            return None
        text, mend = f"the sensor of door {door} still reads open", "look whether it is shut; else the contact sticks"
        return Finding("not_closed", WARN, text, mend, (door,), coil.board)
    if strangers:
        either = "" if evidence.watched else ", or the wires of their locks"
        text = f"when {name(coil)} opens its door, the sensor of door {strangers[0]} says so"
        mend = f"the wires of these sensors are crossed{either}: put them right"
        return Finding("crossed_sensor", FAIL, text, mend, (door, *strangers), coil.board)
    if sensed and evidence.watched and evidence.plan.lockers[door] in sensed:
        return None  # the lock is crossed, not the sensor: _wrong_doors
    if sensed:
        text = f"when {name(coil)} opens door {door}, the sensor at {name(sensed[0])} says so"
        return Finding("crossed_sensor", FAIL, text, "put the sensor's wires right", (door,), coil.board)
    if coil in evidence.rest_open:
        text, mend = f"the sensor of door {door} reads open all the time", "look for a cut wire or a stuck contact"
        return Finding("stuck_open", FAIL, text, mend, (door,), coil.board)
    text = f"the sensor of door {door} did not notice that it opened"
    return Finding(
        "dead_sensor", FAIL, text, "look at its magnet, its contact and for a short in its wires", (door,), coil.board
    )


def _strangers(evidence: Evidence, coil: Coil, doors: tuple[int, ...]) -> list[int]:
    """The doors that did not open and whose sensors say they did, as far as that is known."""
    numbers = evidence.plan.numbers
    others = [numbers[each] for each in evidence.sensed[coil] if each != coil and each in numbers]
    return [each for each in others if not evidence.watched or each not in doors]


def _latches(evidence: Evidence, _coils: Mapping[int, Coil]) -> Iterator[Finding]:
    for number, coil, doors in evidence.tried():
        if doors and coil in evidence.latches and coil not in evidence.latched[coil]:
            yield Finding(
                "dead_latch", FAIL, f"the latch contact of door {number} did not notice that it opened",
                "look at the contact in the lock and its wires", (number,), coil.board,
            )  # fmt: skip


def _slow(evidence: Evidence, _coils: Mapping[int, Coil]) -> Iterator[Finding]:
    times = evidence.opening_ms
    typical = median(times.values()) if times else 0
    for coil, after_ms in times.items():
        if (after_ms >= SLOW_MS and after_ms > 2 * typical) or after_ms >= 2 * SLOW_MS:
            number = evidence.plan.numbers[coil]
            yield Finding(
                "slow_door", WARN, f"door {number} opened only after {after_ms} ms (most: {typical:.0f} ms)",
                "look at its spring and whether it rubs", (number,), coil.board,
            )  # fmt: skip


def _not_done(evidence: Evidence, _coils: Mapping[int, Coil]) -> Iterator[Finding]:
    plan = evidence.plan
    held = tuple(number for number in plan.lockers if number in plan.held)
    if held:
        yield Finding("held", NOTE, f"held and not touched: {listed(held)}", lockers=held)
    left = tuple(
        number
        for number, coil in plan.lockers.items()
        if coil not in evidence.opened and number not in plan.held and coil.board not in evidence.faults
    )
    if left:
        yield Finding("not_tested", WARN, f"not tested: {listed(left)}", "run the same command again", left)
