"""The person at the terminal: questions in plain words, answers read without holding up the loop of the boards."""

import asyncio
import os
import re
import sys
from collections.abc import Collection

from rich.console import Console

from controller.commission.findings import listed, name
from controller.commission.plan import Plan
from controller.commission.steps import AskDoors, AskShut, Doors, Reply, Tell

_KEYS = {"r": Reply.AGAIN, "s": Reply.SKIP, "q": Reply.STOP}
_SHUT = {
    True: "Shut every door. Doors behind which belongings are may not be in this test: their lockers must be empty.",
    False: "That was the last one. Shut every door once more.",
}
_TOLD = {
    "held": "Held, and not touched: lockers {lockers}. Where wires are crossed another pulse could open them all the "
    "same: stay in sight of them.",
    "held_opened": "Locker {lockers} is held and its door opened. Stay with it until it is shut, and tell the staff.",
    "board_fault": "Board {board} does not work: {text}. From here on lockers {lockers} are left out.",
    "beside_silent": "Board {board} is left out: the board on its line that does not answer has lockers that are held, "
    "and might answer to the same address. Mend that one first.",
    "no_sensors": "Board {board} tells nothing of its doors.",
    "anew": "The bank's file has changed since this was begun: it begins anew.",
    "resumed": "Going on where it was: {text} (--anew begins again).",
    "unknown_outcome": "Nobody saw how the last pulse of locker {lockers} ended.",
}
_GRAVE = frozenset({"held_opened", "board_fault", "beside_silent", "no_sensors"})


class Lines:
    """Standard input, line by line, read by the running loop; None at its end."""

    def __init__(self) -> None:
        self._pending = b""
        self._ended = False

    async def read(self) -> str | None:
        """The next line, without its end."""
        while b"\n" not in self._pending and not self._ended:
            data = await _readable(sys.stdin.fileno())
            self._pending += data
            self._ended = not data
        line, newline, self._pending = self._pending.partition(b"\n")
        return line.decode("utf-8", "replace") if newline or line else None


async def _readable(descriptor: int) -> bytes:
    loop = asyncio.get_running_loop()
    ready = asyncio.Event()
    try:
        loop.add_reader(descriptor, ready.set)
    except PermissionError:  # a file: it never makes anyone wait
        return os.read(descriptor, 4_096)
    try:
        await ready.wait()
    finally:
        loop.remove_reader(descriptor)
    return os.read(descriptor, 4_096)


class Front:
    """Shows steps on `console` and reads what the person answers."""

    def __init__(self, console: Console, plan: Plan, lines: Lines) -> None:
        self._console = console
        self._plan = plan
        self._lines = lines

    def tell(self, step: Tell) -> None:
        """Say it."""
        if step.code == "result":
            return
        lockers = listed(step.lockers) if step.lockers else ""
        words = _TOLD[step.code].format(lockers=lockers, board=step.board, text=step.text)
        self._say(words, "bold red" if step.code in _GRAVE else "yellow")

    async def shut(self, step: AskShut) -> Reply:
        """Wait for the doors to be shut."""
        self._say(_SHUT[step.first])
        answer = await self._ask("Enter when they are shut, q to stop: ")
        return Reply.STOP if answer is None or answer.strip().lower() == "q" else Reply.YES

    async def doors(self, step: AskDoors) -> Doors | Reply:
        """Which doors opened."""
        self._say(f"\n{name(step.coil)}, door {step.locker} by the file: {self._heard(step)}")
        usual = ",".join(map(str, step.seen))
        hint = f"Enter = {usual}, " if usual else ""
        while True:
            answer = await self._ask(f"Which doors opened? ({hint}0 = none, r = again, s = skip, q = stop): ")
            if answer is None:
                return Reply.STOP
            reply = parse_doors(answer or usual, self._plan.lockers)
            if not isinstance(reply, str):
                return reply
            self._say(reply, "yellow")

    async def agreed(self, question: str) -> bool:
        """A question to be answered with y; anything else is no."""
        answer = await self._ask(f"{question} [y/N]: ")
        return (answer or "").strip().lower() in ("y", "yes")

    def _heard(self, step: AskDoors) -> str:
        board = "the board acted" if step.trial.code == "accepted" else f"not confirmed ({step.trial.code})"
        if not step.seen:
            return f"{board}; no sensor saw a door open."
        after_ms = min(each.after_ms for each in step.trial.sensed)
        return f"{board}; the sensors saw door {listed(step.seen)} open after {after_ms} ms."

    def _say(self, text: str, style: str = "") -> None:
        self._console.print(text, markup=False, highlight=False, soft_wrap=True, style=style)

    async def _ask(self, question: str) -> str | None:
        self._console.print(question, end="", markup=False, highlight=False, soft_wrap=True)
        return await self._lines.read()


def parse_doors(answer: str, known: Collection[int]) -> Doors | Reply | str:
    """What an answer means: doors, a reply, or (text) what is wrong with it."""
    answer = answer.strip().lower()
    if answer in _KEYS:
        return _KEYS[answer]
    numbers = [int(each) for each in re.split(r"[\s,;+]+", answer) if each.isascii() and each.isdecimal()]
    if not answer or len(numbers) != len(re.split(r"[\s,;+]+", answer)):
        return "Answer with the numbers on the doors, such as 3 or 3,4; 0 when none opened."
    if numbers == [0]:
        return Doors(())
    if unknown := [each for each in numbers if each not in known]:
        return f"No locker {unknown[0]} is in the bank's file: look at the number again."
    return Doors(tuple(dict.fromkeys(numbers)))
