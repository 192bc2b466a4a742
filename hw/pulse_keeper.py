"""A small process that owns the coil lines of one GPIO board and ends every pulse on time, whatever its parent does.

`python -m hw.pulse_keeper PINS high|low`, for example `17,27,22 high`: the level is the one that energises. It claims
each line at its safe level, and turns all off at the end of its input: with `</dev/null` it is the all-off of a service
that stopped. It has its own session: neither Ctrl-C nor a stop of the controller's group reaches it.
In: `pulse LINE MS PERMIT SENT_MS` (monotonic), `all_off`.
Out: `ready`, `on PERMIT`, `off PERMIT`, `refused PERMIT why`, `fault CODE detail`.
"""

from __future__ import annotations

import os
import select
import signal
import sys
import time
from collections.abc import Container, Sequence
from contextlib import suppress
from types import FrameType
from typing import Any

from hw.errors import PinsUnavailable
from hw.pins import claim_output, pin_factory, unavailable
from hw.release_guard import HARD_CAP_MS, PERMIT_AGE_MS
from hw.settings import PULSE_MAX_MS, PULSE_MIN_MS

LOOK_EVERY_MS = 1000
_LONGEST_REQUEST = 200


class CoilLines:
    """The lines and their levels. Turning off is attempted on all of them, whatever some do."""

    def __init__(self, numbers: Sequence[int], active_high: bool) -> None:
        factory = pin_factory()
        self._active = active_high
        try:
            self._pins: dict[int, Any] = {number: claim_output(factory, number, not active_high) for number in numbers}
        except Exception as error:
            raise unavailable(error) from error

    def __contains__(self, line: int) -> bool:
        return line in self._pins

    def on(self, line: int) -> None:
        """Energise one line."""
        self._pins[line].state = self._active

    def off(self, line: int) -> None:
        """Drop one line."""
        self._pins[line].state = not self._active

    def hold_off(self, busy: Container[int]) -> None:
        """See that every line outside `busy` is off: this also shows whether the pins still answer."""
        for line, pin in self._pins.items():
            if line not in busy and bool(pin.state) == self._active:
                self.off(line)

    def all_off(self) -> None:
        """Drop every line. Raises the first error after trying them all."""
        errors = []
        for line in self._pins:
            try:
                self.off(line)
            except Exception as error:  # noqa: BLE001 - pin libraries raise anything, and the other lines come first
                errors.append(error)
        if errors:
            raise unavailable(errors[0])


class PulseKeeper:
    """Requests in, levels out. One request is one pulse of one line, bounded, and never begun late or twice."""

    def __init__(self, lines: CoilLines) -> None:
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


def keep(lines: CoilLines, source: int, sink: int) -> None:
    """Serve requests until the input ends. All lines are off when it returns."""
    keeper = PulseKeeper(lines)
    poll = select.poll()
    poll.register(source, select.POLLIN)
    pending = b""
    _answer(sink, ["ready"])
    while True:
        end_ms = keeper.next_end_ms()
        _end_within(0 if end_ms is None else max(1, end_ms + HARD_CAP_MS - PULSE_MAX_MS - now_ms()))
        ready = poll.poll(LOOK_EVERY_MS if end_ms is None else max(0, end_ms - now_ms()))
        _answer(sink, keeper.end_due(now_ms()))
        if not ready:
            keeper.hold_off()
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


def main(arguments: list[str]) -> int:
    """Run the keeper on stdin and stdout. Exit status 0 after an end of input, 1 if the pins fail."""
    numbers = [int(number) for number in arguments[0].split(",")]
    try:
        lines = CoilLines(numbers, active_high=arguments[1] == "high")
    except PinsUnavailable as error:
        _answer(1, [f"fault {error.code} {error}"])
        return 1

    def stop(signum: int, _frame: FrameType | None) -> None:
        raise SystemExit(128 + signum)  # unwinds whatever hangs, a pin library's lock too, into the all-off below

    for signum in (signal.SIGTERM, signal.SIGALRM):
        signal.signal(signum, stop)
    for signum in (signal.SIGINT, signal.SIGHUP, signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU):
        signal.signal(signum, signal.SIG_IGN)
    try:
        keep(lines, 0, 1)
    except Exception as error:  # noqa: BLE001 - pin libraries raise anything; the parent is told, the lines are dropped
        fault = unavailable(error)
        _answer(1, [f"fault {fault.code} {fault}"])
        return 1
    else:
        return 0
    finally:
        with suppress(PinsUnavailable):  # the pins are gone, and were tried to the last one
            lines.all_off()


if __name__ == "__main__":
    # Leave without gpiozero's clean-up, which would let the lines float: they stay driven at their safe level.
    try:
        status = main(sys.argv[1:])
    except SystemExit as stopped:
        status = int(str(stopped.code))
    os._exit(status)
