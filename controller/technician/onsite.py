"""`open` and `identify`: what a technician asks of the running bank, standing before it. Every release is journaled."""

from contextlib import closing
from typing import Annotated, Any

import typer

from controller.config import load
from controller.exit_codes import CONFIG, FAILED, OK
from controller.technician.terminal import AsJson, Config, ask, complain, plainly, print_json, say

ANSWER_WITHIN_S = 95.0  # a release may wait its turn for a minute, and its door has retries
_STATES = {
    "accepted": ("accepted; it waits its turn", ""),
    "released": ("released", ""),
    "opened": ("the door opened", "green"),
    "already_open": ("the door was open already", "yellow"),
    "unknown": ("released; no sensor tells whether the door opened", "yellow"),
    "not_opened": ("the door did not open", "red"),
    "failed": ("the board did not confirm the release", "red"),
    "expired": ("its turn did not come in time", "red"),
    "refused": ("refused", "red"),
}
_DONE = frozenset({"opened", "already_open", "unknown"})


@plainly
def open_locker(
    config: Config,
    locker: Annotated[int, typer.Option(min=1, help="The number on the door.")],
    reason: Annotated[
        str,
        typer.Option(
            help="holder_present, someone_inside, emergency, maintenance, commissioning, inspection or leave_mail. "
            "A locker that someone holds opens only for the first three."
        ),
    ],
    by: Annotated[
        str, typer.Option(help="Who asks, as a code (a name does not belong into a journal).")
    ] = "technician",
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask first.")] = False,
    as_json: AsJson = False,
) -> None:
    """Open one locker through the running controller; asks first. Exit code 0: it opened, or no sensor tells."""
    from controller.control_socket import follow

    bank = load(config)
    if not yes:
        if as_json:
            complain("this opens a door: with --json say --yes too")
            raise typer.Exit(CONFIG)
        typer.confirm(f"Open locker {locker} of {bank.controller} ({reason})?", abort=True)
    order = {"do": "open", "locker": locker, "reason": reason, "by": by}
    state = ""
    with closing(follow(bank.data_dir, order, ANSWER_WITHIN_S)) as answers:
        for answer in answers:
            state = answer["state"]
            print_json(answer) if as_json else _tell(answer)
    raise typer.Exit(OK if state in _DONE else FAILED)


@plainly
def identify(
    config: Config,
    locker: Annotated[int | None, typer.Option(min=1, help="One door's own light, where it has one.")] = None,
    seconds: Annotated[int, typer.Option(min=1, max=300, help="For how long.")] = 10,
    as_json: AsJson = False,
) -> None:
    """Let the bank's lights and buzzer (or one locker's light) show which it is. No door moves."""
    bank = load(config)
    order: dict[str, Any] = {"do": "identify", "seconds": seconds}
    if locker is not None:
        order["locker"] = locker
    answer = ask(bank, order)
    if as_json:
        print_json({"ok": True, **answer})
    else:
        what = bank.controller if locker is None else f"locker {locker}"
        say(f"{what} shows itself for {seconds} s.")


def _tell(answer: dict[str, Any]) -> None:
    text, style = _STATES.get(answer["state"], (answer["state"], ""))
    why = f" ({answer['why']})" if answer.get("why") else ""
    say(f"locker {answer['locker']}: {text}{why}", style=style)
