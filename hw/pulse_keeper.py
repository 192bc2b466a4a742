"""A small process that owns the lines of one lock board and ends every pulse on time, whatever its parent does.

`python -m hw.pulse_keeper KIND KEY=VALUE...`, where `on` is the level that energises:
`gpio locks=17,27,22 on=high lights=5,6` or
`mcp23017 bus=/dev/i2c-1 address=32 locks=0,1 on=high lights=2,3 inputs=8,9 reset=24`.
It claims each line at its safe level, and turns all off at the end of its input: with `</dev/null` it is the all-off of
a service that stopped. It has its own session: neither Ctrl-C nor a stop of the controller's group reaches it.
In: `pulse LINE MS PERMIT SENT_MS` (monotonic), `light LINE 0|1`, `all_off`.
Out: `ready`, `on PERMIT`, `off PERMIT`, `refused PERMIT why`, `inputs BITS` (once a second and at each change),
`fault CODE detail`.
"""

from __future__ import annotations

import os
import select
import signal
import sys
import time
from contextlib import suppress
from types import FrameType

from hw.errors import PinsUnavailable
from hw.kept_lines import GpioLines, KeptLines
from hw.pins import unavailable
from hw.release_guard import HARD_CAP_MS, PERMIT_AGE_MS
from hw.settings import PULSE_MAX_MS, PULSE_MIN_MS

LOOK_EVERY_MS = 1000
# Two looks that agree make a change: an opened door is told within 120 ms.
INPUTS_EVERY_MS = 40
CLEAR_MS = 20  # no look so shortly before a pulse ends: the bus must be free to end it
_LONGEST_REQUEST = 200
_ENDS = (signal.SIGTERM, signal.SIGALRM)
_LET_GO_MS = 1_000  # told to end, it drops its lines within this, or leaves them to whoever starts it again


class PulseKeeper:
    """Requests in, levels out. One request is one pulse of one line, bounded, and never begun late or twice."""

    def __init__(self, lines: KeptLines) -> None:
        self._lines = lines
        self._ends: dict[int, tuple[int, int]] = {}  # line -> (when its pulse ends, its permit)
        self._last_permit = 0

    def hold_off(self) -> None:
        """Look after the lines that are not in a pulse."""
        self._lines.hold_off(self._ends)

    def next_end_ms(self) -> int | None:
        """When the next pulse ends."""
        return min(end for end, _ in self._ends.values()) if self._ends else None

    def end_due(self, now_ms: int) -> list[str]:
        """Drop the lines whose time is over; returns the answers."""
        answers = []
        for line, (end_ms, permit) in list(self._ends.items()):
            if end_ms <= now_ms:
                self._lines.off(line)
                del self._ends[line]
                answers.append(f"off {permit}")
        return answers

    def handle(self, request: str, now_ms: int) -> list[str]:
        """Act on one request; returns the answers."""
        words = request.split()
        if words == ["all_off"]:
            self._lines.all_off()
            ended, self._ends = self._ends, {}
            return [f"off {permit}" for _, permit in ended.values()]
        if len(words) == 3 and words[0] == "light" and words[1].isdecimal():
            self._lines.light(int(words[1]), words[2] == "1")
            return []
        try:
            verb, line, length_ms, permit, sent_ms = words[0], *map(int, words[1:])
        except (ValueError, IndexError):
            return ["refused 0 not_understood"]
        why = self._refusal(verb, line, length_ms, permit, now_ms - sent_ms)
        if why:
            return [f"refused {permit} {why}"]
        self._last_permit = permit
        self._ends[line] = (now_ms + length_ms, permit)
        self._lines.on(line)
        return [f"on {permit}"]

    def _refusal(self, verb: str, line: int, length_ms: int, permit: int, age_ms: int) -> str:
        if verb != "pulse" or line not in self._lines:
            return "not_understood"
        if not PULSE_MIN_MS <= length_ms <= PULSE_MAX_MS:
            return "pulse_length"
        if permit <= self._last_permit:
            return "permit_spent"
        if not 0 <= age_ms <= PERMIT_AGE_MS:
            return "permit_late"
        return "busy" if line in self._ends else ""


def now_ms() -> int:
    """The monotonic clock, which all processes of a machine share."""
    return time.monotonic_ns() // 1_000_000


class _Looks:
    """When the lines are looked at, and what is told of their contacts."""

    def __init__(self, lines: KeptLines) -> None:
        self._lines = lines
        self._told = self._seen = lines.inputs()
        self._every_ms = LOOK_EVERY_MS if self._told is None else INPUTS_EVERY_MS
        self._next_ms = self._next_hold_ms = 0

    def wait_ms(self, now_ms: int, end_ms: int | None) -> int:
        """How long until the next look, or until the pulse that ends first."""
        wait_ms = max(0, self._next_ms - now_ms)
        if end_ms is None:
            return wait_ms
        left_ms = max(0, end_ms - now_ms)
        return left_ms if left_ms <= CLEAR_MS else min(left_ms, wait_ms)

    def look(self, keeper: PulseKeeper, now_ms: int) -> list[str]:
        """Look if it is time; returns the answers."""
        end_ms = keeper.next_end_ms()
        if now_ms < self._next_ms or (end_ms is not None and end_ms - now_ms <= CLEAR_MS):
            return []
        self._next_ms = now_ms + self._every_ms
        levels = self._looked()
        holds = now_ms >= self._next_hold_ms
        if holds:
            self._next_hold_ms = now_ms + LOOK_EVERY_MS
            keeper.hold_off()
        if levels is None or (levels == self._told and not holds):
            return []
        self._told = levels
        return [f"inputs {levels}"]

    def _looked(self) -> int | None:
        """The levels; those on which this look and the one before do not agree (a bounce, noise) as they were told."""
        levels = self._lines.inputs()
        if levels is None or self._told is None or self._seen is None:
            return None
        doubtful, self._seen = levels ^ self._seen, levels
        return levels & ~doubtful | self._told & doubtful


def keep(lines: KeptLines, source: int, sink: int) -> None:
    """Serve requests until the input ends. All lines are off when it returns."""
    keeper = PulseKeeper(lines)
    poll = select.poll()
    poll.register(source, select.POLLIN)
    pending = b""
    looks = _Looks(lines)
    _answer(sink, ["ready"])
    while True:
        end_ms = keeper.next_end_ms()
        _end_within(0 if end_ms is None else max(1, end_ms + HARD_CAP_MS - PULSE_MAX_MS - now_ms()))
        ready = poll.poll(looks.wait_ms(now_ms(), end_ms))
        _answer(sink, keeper.end_due(now_ms()))
        _answer(sink, looks.look(keeper, now_ms()))
        if not ready:
            continue
        data = os.read(source, 4096)
        if not data:
            return
        *requests, pending = (pending + data).split(b"\n")
        pending = pending[-_LONGEST_REQUEST:]
        if end_ms is None:
            _end_within(HARD_CAP_MS)
        for request in requests:
            _answer(sink, keeper.handle(request.decode("ascii", "replace"), now_ms()))


def _end_within(cap_ms: int) -> None:
    """The cap stands apart from the requests: should the loop hang with a line on, SIGALRM ends it. 0 for no cap."""
    signal.setitimer(signal.ITIMER_REAL, cap_ms / 1000)


def _answer(sink: int, answers: list[str]) -> None:
    if answers:
        try:
            os.write(sink, "".join(f"{answer}\n" for answer in answers).encode())
        except OSError:
            return  # a stopped or dead parent does not read; the pulses end all the same


def _lines(arguments: list[str]) -> KeptLines:
    """The lines of the command line. Raises PinsUnavailable."""
    kind, *words = arguments
    given = dict(word.split("=", 1) for word in words)
    numbers = {
        key: tuple(int(number) for number in given.get(key, "").split(",") if number)
        for key in ("locks", "lights", "inputs")
    }
    locks_high, lights_high = given["on"] == "high", given.get("lit", "high") == "high"
    if kind == "gpio":
        return GpioLines(numbers["locks"], locks_high, numbers["lights"], lights_high)
    from hw.expander import ExpanderLines  # loaded only for a board on I2C
    from hw.frames.mcp23017 import Layout

    layout = Layout(numbers["locks"], locks_high, numbers["lights"], lights_high, numbers["inputs"])
    reset = given.get("reset")
    return ExpanderLines(given["bus"], int(given["address"]), layout, int(reset) if reset else None)


def main(arguments: list[str]) -> int:
    """Run the keeper on stdin and stdout. Exit status 0 after an end of input, 1 if the hardware fails."""
    try:
        lines = _lines(arguments)
    except PinsUnavailable as error:
        _answer(1, [f"fault {error.code} {error}"])
        return 1

    def stop(signum: int, _frame: FrameType | None) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        _end_within(_LET_GO_MS)
        raise SystemExit(128 + signum)  # unwinds whatever hangs, a pin library's lock too, into the all-off below

    for signum in _ENDS:
        signal.signal(signum, stop)
    for signum in (signal.SIGINT, signal.SIGHUP, signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU):
        signal.signal(signum, signal.SIG_IGN)
    try:
        try:
            keep(lines, 0, 1)
        except Exception as error:  # noqa: BLE001 - pin libraries raise anything; the parent is told, lines are dropped
            fault = unavailable(error)
            _answer(1, [f"fault {fault.code} {fault}"])
            return 1
        else:
            return 0
        finally:
            _let_go(lines)
    finally:
        # Once more: what ended the controller may end this too, in the middle of the first.
        _let_go(lines)


def _let_go(lines: KeptLines) -> None:
    with suppress(PinsUnavailable):  # the pins are gone, and were tried to the last one
        lines.all_off()


if __name__ == "__main__":
    # Leave without gpiozero's clean-up, which would let the lines float: they stay driven at their safe level.
    try:
        status = main(sys.argv[1:])
    except SystemExit as stopped:
        status = int(str(stopped.code))
    os._exit(status)
