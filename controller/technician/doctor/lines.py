"""Who answers on the serial lines of the lock boards: two at one address, one at an address nobody wrote down."""

import asyncio
from collections.abc import Iterator

from controller.config import BankFile
from controller.technician.doctor.findings import Finding, broken, doubtful, well
from hw.errors import FrameError, LineClosed
from hw.line_probe import Answers, LineProbe, shares_line
from hw.settings import DeviceSettings

TIMES = 8  # two boards at one address do not collide every time


def not_asked(bank: BankFile) -> Iterator[Finding]:
    """What can be said while the controller has the lines: it asks every address without end."""
    for port in _lines(bank):
        text = "asked without end by the controller; to search it for other boards, stop the service first"
        yield well("address", f"addresses on {port}", text)


def search(bank: BankFile) -> list[Finding]:
    """Ask every address of every line, with status requests only. The caller holds the data directory."""
    return asyncio.run(_search(bank))


def _lines(bank: BankFile) -> dict[str, tuple[DeviceSettings, dict[int, str]]]:
    """The lines by port: one of its boards (they are of one kind and speed), and the names of all by address."""
    lines: dict[str, tuple[DeviceSettings, dict[int, str]]] = {}
    for name, settings in bank.hardware.boards.items():
        wiring = settings.wiring()
        if wiring.port is not None and wiring.address is not None and shares_line(settings):
            lines.setdefault(wiring.port, (settings, {}))[1][wiring.address] = name
    return lines


async def _search(bank: BankFile) -> list[Finding]:
    found: list[Finding] = []
    for port, (one, boards) in _lines(bank).items():
        try:
            async with LineProbe(one) as probe:
                answers = {address: await probe.ask(address, TIMES) for address in boards}
                others = await probe.find(boards)
        except (LineClosed, FrameError) as error:
            found.append(broken("address", f"addresses on {port}", str(error), "see the lines of its boards"))
            continue
        found += [_at(boards[address], address, each, others) for address, each in answers.items()]
        found += _others(port, others, [boards[address] for address, each in answers.items() if not each.sound])
    return found


def _at(board: str, address: int, answers: Answers, others: list[int]) -> Finding:
    what = f"address {address} (board {board})"
    share = f"{answers.sound} of {answers.asked} answers came whole"
    if answers.doubled or (answers.sound and answers.broken):
        text = "two answers at once" if answers.doubled else share
        mend = "give each board its own address switches: two at one address fire together; else look at the wiring"
        return broken("address", what, text, mend)
    if answers.foreign:
        return broken("address", what, "another address answers for it", "look at the address switches of all boards")
    if answers.sound == answers.asked:
        return well("address", what, share)
    if answers.sound:
        return doubtful("address", what, share, "look at the line's wiring, termination and ground")
    hint = f"; something answers at {', '.join(map(str, others))}: set the switches right" if others else ""
    text = f"its answers are broken: {answers.errors[0]}" if answers.errors else "nobody answers"
    return broken("address", what, text + hint, "look at its power, its address switches and the two wires of the line")


def _others(port: str, others: list[int], silent: list[str]) -> Iterator[Finding]:
    if others:
        known = f"; board {silent[0]} may be meant" if len(silent) == 1 else ""
        mend = "write it into the bank's file, or take it off the line: it must not share a line unknown"
        addresses = ", ".join(map(str, others))
        yield doubtful("address", f"addresses on {port}", f"something answers at {addresses}{known}", mend)
    else:
        yield well("address", f"addresses on {port}", "nobody else answers")
