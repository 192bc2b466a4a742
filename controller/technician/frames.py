"""`decode` and `frame`: what bytes on a line mean, and what would be sent. Neither touches any hardware."""

import sys
from collections.abc import Mapping
from typing import Annotated

import typer

from controller.technician.terminal import AsJson, plainly, print_json, say
from hw.frames import monitor
from hw.frames.said import Said, spaced

Device = Annotated[str, typer.Argument(metavar="DEVICE", help=f"One of: {', '.join(monitor.CODECS)}.")]


@plainly
def decode(
    device: Device,
    data: Annotated[
        list[str],
        typer.Argument(
            metavar="BYTES...",
            help="Hexadecimal, with or without spaces, commas, colons or 0x; for wiegand the bits as 0 and 1;"
            " - reads standard input.",
        ),
    ],
    as_json: AsJson = False,
) -> None:
    """Say what bytes mean that a bus monitor showed: every frame, every refused frame, all garbage in between.

    Channels count from 1, as printed on the boards (a Modbus relay's coil 0 is channel 1).
    """
    said = monitor.explain(device, _standard_input() if data == ["-"] else " ".join(data))
    if as_json:
        print_json([each.as_dict() for each in said])
    else:
        _show(said)


@plainly
def frame(
    device: Device,
    action: Annotated[str, typer.Argument(metavar="ACTION", help="Such as open or status; none: list them.")] = "",
    address: Annotated[
        int | None, typer.Option(help="The board's or reader's address; without it the device's first.")
    ] = None,
    channel: Annotated[
        int | None,
        typer.Option(help="The lock's channel, counted from 1 on every board: a Modbus relay's coil 0 is channel 1."),
    ] = None,
    ms: Annotated[int | None, typer.Option(help="The pulse in milliseconds, where the frame can say it.")] = None,
    as_json: AsJson = False,
) -> None:
    """Print the frame that would be sent; nothing is sent.

    Frames that open all locks, hold a coil or change a board's settings cannot be made.
    """
    if not action:
        _list_actions(device, monitor.actions(device), as_json)
        return
    made = monitor.compose(device, action, address, channel, ms)
    if as_json:
        print_json({"hex": spaced(made)})
        return
    say(spaced(made), style="bold")
    _show(monitor.explain(device, spaced(made)))


def _standard_input() -> str:
    return sys.stdin.buffer.read(monitor.LONGEST_TEXT + 1).decode("ascii", "replace")


def _list_actions(device: str, actions: Mapping[str, str], as_json: bool) -> None:
    if as_json:
        print_json({"device": device, "actions": dict(actions)})
    elif not actions:
        say(f"Nothing is sent to a {device}: it only speaks.")
    for name, text in {} if as_json else actions.items():
        say(f"{name}: {text}")


def _show(said: list[Said]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table("bytes", "kind", "value", "more", box=None, pad_edge=False)
    for each in said:
        more = [f"{name} {value}" for name, value in each.detail.items()]
        style = ""
        if each.error is not None:
            more, style = [f"refused: {each.error}", *more], "red"
        elif each.forbidden is not None:
            more, style = [f"Casier never sends this: {each.forbidden}", *more], "yellow"
        table.add_row(each.hex, each.kind, _worded(each.value), "; ".join(more), style=style)
    console = Console(highlight=False, markup=False)
    console.print(table)


def _worded(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    return "-" if value is None else str(value)
