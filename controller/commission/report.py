"""The result for programs (JSON) and for the terminal (a table): what was found, door by door."""

from typing import Any

from rich.console import Console
from rich.table import Table

from controller.commission.conclusions import Conclusions, DoorResult
from controller.commission.findings import FAIL, WARN
from controller.commission.plan import Board

MARKS = {"fine": "ok", "warn": "look", "fail": "FAULT", "held": "held", "untested": "not tested"}
_STYLES = {"fine": "green", "warn": "yellow", "fail": "bold red", "held": "cyan", "untested": "dim"}


def as_report(result: Conclusions, *, finished: bool, at: str) -> dict[str, Any]:
    """Everything that was found, JSON-able; `at` is ISO 8601. The command adds `written`, `map` and `diff`."""
    plan = result.plan
    return {
        "controller": plan.controller,
        "at": at,
        "finished": finished,
        "ok": result.ok and finished,
        "watched": result.evidence.watched,
        "doors": [_door(result, each) for each in result.doors()],
        "boards": [
            {
                "name": board.name,
                "driver": board.driver,
                "port": board.port,
                "address": board.address,
                "settings": learned_settings(result, board),
            }
            for board in plan.boards.values()
        ],
        "findings": [
            {
                "code": each.code,
                "level": each.level,
                "text": each.text,
                "mend": each.mend,
                "lockers": list(each.lockers),
                "board": each.board,
            }
            for each in result.findings
        ],
        "changes": [
            {"key": ".".join(each.path), "old": each.old, "new": each.new, "why": each.why} for each in result.changes
        ],
        "moved": [
            {"number": number, "from": plan.lockers[number]._asdict(), "to": coil._asdict()}
            for number, coil in result.coils.items()
            if coil != plan.lockers[number]
        ],
    }


def learned_settings(result: Conclusions, board: Board) -> dict[str, Any]:
    """The settings of a board that follow its wiring, as they should stand."""
    choices = [*board.polarity.values(), *([board.byte_order] if board.byte_order else [])]
    changed = {change.path: change.new for change in result.changes}
    return {each.key: changed.get(("boards", board.name, each.key), each.value) for each in choices}


def show(console: Console, result: Conclusions) -> None:
    """The map of the bank and the findings, for people."""
    console.print(_table(result))
    for finding in result.findings:
        style = {FAIL: "bold red", WARN: "yellow"}.get(finding.level, "")
        mend = f": {finding.mend}" if finding.mend else ""
        console.print(
            f"{finding.level:>4}  {finding.text}{mend}", style=style, markup=False, highlight=False, soft_wrap=True
        )
    times = result.evidence.opening_ms.values()
    if times:
        console.print(
            f"      Doors opened after {min(times)} to {max(times)} ms.", markup=False, highlight=False, soft_wrap=True
        )


def _table(result: Conclusions) -> Table:
    table = Table(title=f"Bank {result.plan.controller}")
    for head in ("door", "board", "address", "channel", "opened after", "result"):
        table.add_column(head, justify="right" if head in ("door", "address", "channel", "opened after") else "left")
    for door in result.doors():
        address = result.plan.boards[door.coil.board].address
        codes = ", ".join(each.code for each in door.findings if each.code not in ("held", "not_tested"))
        mark = MARKS[door.state] + (f": {codes}" if codes else "")
        table.add_row(
            str(door.number),
            door.coil.board,
            "" if address is None else str(address),
            str(door.coil.channel),
            "" if door.opening_ms is None else f"{door.opening_ms} ms",
            mark,
            style=_STYLES[door.state],
        )
    return table


def _door(result: Conclusions, door: DoorResult) -> dict[str, Any]:
    return {
        "number": door.number,
        "board": door.coil.board,
        "address": result.plan.boards[door.coil.board].address,
        "channel": door.coil.channel,
        "state": door.state,
        "opening_ms": door.opening_ms,
        "findings": [each.code for each in door.findings],
    }
