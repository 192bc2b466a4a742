"""`watch`: the bank as it stands and everything that happens there, live. No badge number, no key that was pressed."""

from contextlib import closing
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from controller.config import load
from controller.errors import ControlError
from controller.technician.terminal import AsJson, Config, plainly, print_json, say

_RED = frozenset({"fault", "failed", "card_refused", "missed"})


@plainly
def watch(config: Config, as_json: AsJson = False) -> None:
    """Show readers, boards, inputs and lockers of the running bank, then what happens, until Ctrl-C.

    With --json one object a line.
    """
    from controller.control_socket import follow

    bank = load(config)
    zone = ZoneInfo(bank.zone)
    try:
        with closing(follow(bank.data_dir, {"do": "watch"})) as lines:
            for line in lines:
                if as_json:
                    print_json(line)
                elif line["what"] == "bank":
                    _show_bank(line)
                elif (text := worded(line)) is not None:
                    red = line["what"] in _RED or (line["what"] == "faults" and line["faults"])
                    say(f"{datetime.now(zone):%H:%M:%S.%f}"[:-3] + f"  {text}", style="red" if red else "")
    except KeyboardInterrupt:
        return
    raise ControlError("not_running", "the controller ended")


def _show_bank(bank: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console(highlight=False, markup=False)
    devices = Table("device", "name", "state", box=None)
    for kind in ("reader", "board", "input"):
        for each in bank.get(f"{kind}s", ()):
            faults = each.get("faults") or []
            alarm = {True: "alarm", False: "quiet", None: "unknown"}[each.get("active")]
            state = ", ".join(faults) or (alarm if kind == "input" else "well")
            devices.add_row(kind, each["name"], state, style="red" if faults else "")
    lockers = Table("locker", "board", "channel", "state", "door", "latch", "faults", box=None)
    for each in bank["lockers"]:
        lockers.add_row(*_cells(each), style="red" if each["faults"] else "")
    console.print(devices, lockers)
    for fault in bank["faults"]:
        console.print(f"fault: {fault['source']}: {fault['code']}", style="red")


def _cells(locker: dict[str, Any]) -> list[str]:
    names = ("locker", "board", "channel", "state", "door", "latch")
    return [*("-" if locker[name] is None else str(locker[name]) for name in names), ", ".join(locker["faults"])]


def worded(line: dict[str, Any]) -> str | None:
    """One thing that happened, in words; None for what another line says already."""
    what = line["what"]
    if what in ("sensor", "accepted", "failed"):
        return f"{_place(line)}: {_of_channel(line)}"
    if what == "locker":
        sensors = ", ".join(f"{name} {line[name]}" for name in ("door", "latch") if line[name] is not None)
        return (
            f"locker {line['locker']}: {', '.join((line['state'], *([sensors] if sensors else []), *line['faults']))}"
        )
    if what == "entry":
        details = " ".join(f"{name}={value}" for name, value in line["body"].items() if value is not None)
        return f"journal: {line['type']} {details}".rstrip()
    if what == "faults":
        return "faults: " + (", ".join(f"{each['source']}: {each['code']}" for each in line["faults"]) or "none")
    return _of_device(line)


def _of_channel(line: dict[str, Any]) -> str:
    if line["what"] == "sensor":
        return f"{line['sensor']} {'open' if line['open'] else 'closed'}"
    return "the board confirms the release" if line["what"] == "accepted" else f"release failed: {line['code']}"


def _place(line: dict[str, Any]) -> str:
    where = f"board {line['board']} channel {line['channel']}"
    return where if line["locker"] is None else f"locker {line['locker']} ({where})"


def _of_device(line: dict[str, Any]) -> str | None:
    match line["what"]:
        case "badge":
            return f"reader {line['reader']}: a badge ({line['technology']}{', stale' if line['stale'] else ''})"
        case "card_refused":
            return f"reader {line['reader']}: a card that proves nothing ({line['why']})"
        case "key":
            return f"reader {line['reader']}: a key"
        case "input":
            return f"input {line['input']} ({line['kind']}): {'alarm' if line['active'] else 'quiet'}"
        case "fault":
            return f"{line['kind']} {line['device']}: {line['code']}: {line['detail']}"
        case "recovered":
            return f"{line['kind']} {line['device']} works again"
        case "signal":
            return f"light and buzzer: {line['signal']}"
        case "missed":
            return f"{line['count']} lines were missed: this terminal is too slow"
        case _:
            return None
