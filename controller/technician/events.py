"""`events tail`: the journal's newest entries, and those that come, as lines."""

import time
from datetime import datetime
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer

from controller.config import load
from controller.errors import ControlError
from controller.technician.entries import MOST, after, newest
from controller.technician.terminal import AsJson, Config, plainly, print_json, say

LOOK_EVERY_S = 0.5
_ALARMS = frozenset(
    {"door_forced", "tamper", "board_fault", "reader_fault", "sensor_fault", "release_failed", "not_opened",
     "wrong_door", "mains_failed", "undervoltage", "disk_low", "holder_vanished"}
)  # fmt: skip
app = typer.Typer(help="The bank's journal.", no_args_is_help=True)


@app.command("tail")
@plainly
def tail(
    config: Config,
    count: Annotated[int, typer.Option("-n", "--count", min=1, max=MOST, help="How many of the newest.")] = 20,
    follow: Annotated[bool, typer.Option("-f", "--follow", help="Stay, and show what comes; Ctrl-C ends.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show the newest entries of the journal: of the running controller, or, if none runs, from its disk.

    With --json one object a line. No badge number is ever in them.
    """
    bank = load(config)
    zone = ZoneInfo(bank.zone)
    cursor, entries = newest(bank, count)
    _show(entries, zone, as_json)
    if follow and cursor is None and entries:
        raise ControlError("not_running", "no controller runs: nothing more will come")
    try:
        while follow:
            time.sleep(LOOK_EVERY_S)
            cursor, entries = after(bank, cursor, MOST)
            _show(entries, zone, as_json)
    except KeyboardInterrupt:
        return


def _show(entries: list[dict[str, Any]], zone: ZoneInfo, as_json: bool) -> None:
    for entry in entries:
        if as_json:
            print_json(entry)
        else:
            say(line(entry, zone), style="red" if entry["type"] in _ALARMS else "")


def line(entry: dict[str, Any], zone: ZoneInfo) -> str:
    """One entry for a person: when, what, and its details. A time that is not sure has a question mark."""
    at = f"{datetime.fromtimestamp(entry['at'] / 1_000, zone):%Y-%m-%d %H:%M:%S}"
    sure = "" if entry.get("clock", "trusted") == "trusted" else "?"
    details = " ".join(f"{name}={value}" for name, value in entry["body"].items() if value is not None)
    return f"{at}{sure}  {entry['type']:<16} {details}".rstrip()
