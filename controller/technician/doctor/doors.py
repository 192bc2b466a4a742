"""Door and latch contacts: polarity, sensors that no release ever moves, latches that hold nothing."""

from collections.abc import Iterator

from controller.config import BankFile
from controller.technician.doctor.findings import Finding, broken, doubtful, well
from controller.technician.doctor.history import UNMOVED, LockerPast, Past
from controller.technician.doctor.seen import Seen

POLARITY_MEND = (
    "if those doors are shut, turn the contacts' polarity round in the bank's file (open_bit, doors_open_level, ...), "
    "or learn it: casier-controller commission; contacts without their common wire read so too"
)
LATCH_MEND = "look at the coil (is it warm?), the relay (is it welded?), the bolt and the latch's contact"
LOCKER_FAULTS = {
    "stuck_open": ("its sensor reads open whatever the door does", "look at the contact, its magnet and its wire"),
    "stuck_closed": ("its sensor has not moved in several releases", "look at the bolt first, then at the contact"),
    "bouncing": ("its sensor flickers", "fasten the contact and its plug; keep its wire away from the lock's"),
    "door_forced": ("its door opened without a release", "look at the door, then shut it"),
    "door_left_open": ("its door stands open", "shut it"),
    "ajar": ("its door is to, but its bolt has not fallen in", "push the door shut; oil or set the bolt"),
    "latch_released": ("its bolt was drawn and no release did it", LATCH_MEND),
    "open_while_latched": ("its door is off its frame while its latch reads held", "look at both contacts and wires"),
}
_LATCH_CODES = frozenset({"ajar", "latch_released"})


def judge(bank: BankFile, seen: Seen, past: Past) -> Iterator[Finding]:
    """A line for the polarity of every board's contacts, and one for every locker with something wrong."""
    backwards: set[int] = set()
    for board in bank.hardware.boards:
        lockers = sorted(number for number, (coil, _) in bank.lockers.items() if coil.board == board)
        if ("board", board) in seen.troubles or not lockers:
            continue
        yield _polarity(board, lockers, seen, past)
        found = [number for number in lockers if _holds_nothing(seen, number)]
        if len(found) * 2 > sum((number, "latch") in seen.sensors for number in lockers) > 3:
            backwards |= set(found)
            text = f"{len(found)} latches hold nothing though their doors are shut"
            yield doubtful("polarity", f"polarity of the latches of board {board}", text, POLARITY_MEND)
    for locker in sorted(bank.lockers):
        yield from _locker(locker, seen, past.lockers.get(locker, LockerPast()), locker in backwards)


def _polarity(board: str, lockers: list[int], seen: Seen, past: Past) -> Finding:
    what = f"polarity of board {board}"
    known = [number for number in lockers if (number, "door") in seen.sensors]
    if not known:
        text = "no door contact has said anything: nobody can tell whether a door opened"
        return doubtful("polarity", what, text, "wire the contacts and name them in the bank's file")
    found_open = [number for number in lockers if past.lockers.get(number, LockerPast()).already_open >= 2]
    if len(found_open) >= 2 and len(found_open) * 2 > len(known):
        text = f"release after release finds the door of {_numbers(found_open)} open already"
        return broken("polarity", what, text, POLARITY_MEND)
    opened = [number for number in known if seen.sensors[number, "door"]]
    if len(opened) == len(known) > 1 or len(opened) * 2 > len(known) > 3:
        return doubtful("polarity", what, f"{len(opened)} of {len(known)} doors read open", POLARITY_MEND)
    standing = f"; open now: {_numbers(opened)}" if opened else ""
    return well("polarity", what, f"{len(known) - len(opened)} of {len(known)} doors read closed{standing}")


def _locker(locker: int, seen: Seen, past: LockerPast, backwards: bool) -> Iterator[Finding]:
    what = f"locker {locker}"
    codes = [fault["code"] for fault in (seen.status or {}).get("faults", ()) if fault["source"] == what]
    for code in codes:
        text, mend = LOCKER_FAULTS.get(code, (code, "look at its lock, its contacts and their wires"))
        if not (backwards and code in _LATCH_CODES):
            yield broken("sensor", what, text, mend)
    if not codes and past.unmoved >= UNMOVED and (locker, "door") in seen.sensors:
        yield broken(
            "sensor", what, f"{past.unmoved} releases in a row have not moved it", LOCKER_FAULTS["stuck_closed"][1]
        )
    if not codes and not backwards and _holds_nothing(seen, locker):
        text = "its door is shut, but its latch holds nothing: the coil may be on, or a relay welded"
        yield broken("relay", what, text, LATCH_MEND)


def _holds_nothing(seen: Seen, locker: int) -> bool:
    return seen.sensors.get((locker, "latch"), False) and seen.sensors.get((locker, "door")) is False


def _numbers(lockers: list[int]) -> str:
    return ("locker " if len(lockers) == 1 else "lockers ") + ", ".join(map(str, lockers))
